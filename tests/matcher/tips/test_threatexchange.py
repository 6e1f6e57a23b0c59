"""JSON of ThreatExchange and of the banks of HMA: read into tips, and written from them."""

import json

import pytest
from hypothesis import HealthCheck, assume, given
from hypothesis import strategies as st
from tipping import item, write
from trying import examples

from frametrace.matcher.tips.hash_lists import lost_in_list, pdq_hashes, tip_from_list
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.threatexchange import read_bank, write_bank
from frametrace.matcher.tips.tip_model import Tlp
from frametrace.posts.errors import TipError

ONE, TWO, THREE = ("00f8c1d2" * 8, "1" * 64, "2" * 64)


def converted(tmp_path, content, tlp=Tlp.CLEAR):
    text = content if isinstance(content, str) else json.dumps(content)
    (tmp_path / "bank.json").write_text(text, "utf-8")
    made = tip_from_list(tmp_path / "bank.json", tmp_path / "tip.json", tlp=tlp)
    return made, read_tip(tmp_path / "tip.json")


def hashes(tip):
    return pdq_hashes(tip)["pdq"].to_pylist()


@pytest.mark.parametrize(
    "content",
    [
        [{"signal_type": "pdq", "signal": ONE, "tags": ["a", "b"]}],
        [{"type": "HASH_PDQ", "raw_indicator": ONE, "tags": {"data": [{"text": "a"}, "b"]}}],
        {"data": [{"type": "PDQ", "hash": ONE, "tags": ["a", "b"], "score": 0.5}], "paging": {}},
        [{"id": 1, "signals": [{"signal_type": "pdq", "signal_value": ONE}], "labels": ["a", "b"]}],
        {"contents": [{"id": 1, "signals": {"pdq": ONE}, "tags": ["a", "b"], "ratio": 1.0}]},
        f'{{"pdq": "{ONE}", "tags": ["a", "b"]}}\n{{"video_md5": "{"0" * 32}"}}\n',
        f'\ufeff  [{{"pdq": "{ONE}", "tags": ["a", "b"]}}]',
    ],
)
def test_all_documented_forms_say_the_same(tmp_path, content):
    _, tip = converted(tmp_path, content)
    assert hashes(tip) == [ONE]
    assert tip.items["label"].to_pylist() == ["a; b"]


def test_other_signals_and_harmless_ones_are_left_out_and_counted(tmp_path):
    content = [
        {"signal_type": "pdq", "signal": ONE, "status": "positive_class"},
        {"signal_type": "pdq", "signal": TWO, "status": "negative_class"},
        {"type": "HASH_PDQ", "indicator": THREE, "status": "NON_MALICIOUS"},
        {"signal_type": "raw_text", "signal": "pdq"},
        {"signals": {"pdq": ONE, "video_md5": "0" * 32}},
    ]
    made, tip = converted(tmp_path, content)
    assert hashes(tip) == [ONE]
    assert (made.hashes, made.twice, made.harmless, made.other_types) == (1, 1, 2, 2)


@pytest.mark.parametrize(
    ("requested", "tags", "share_level", "marking"),
    [
        (Tlp.CLEAR, ["tlp:amber"], None, Tlp.AMBER),
        (Tlp.RED, ["tlp:amber"], None, Tlp.RED),
        (Tlp.CLEAR, [" TLP:AMBER+STRICT", "tlp:green"], None, Tlp.AMBER_STRICT),
        (Tlp.CLEAR, ["tlp:white"], "RED", Tlp.RED),
        (Tlp.CLEAR, "x, TLP: RED", None, Tlp.RED),
        (Tlp.CLEAR, ["tlp:amber-strict"], "AMBER", Tlp.AMBER_STRICT),
        (Tlp.GREEN, ["about tlp:red"], None, Tlp.GREEN),
    ],
)
def test_a_tip_is_marked_as_strictly_as_its_list(tmp_path, requested, tags, share_level, marking):
    entries = [{"pdq": TWO}, {"pdq": ONE, "tags": tags, "share_level": share_level}]
    made, tip = converted(tmp_path, entries, requested)
    assert (made.tlp, tip.head.tlp) == (marking, marking)
    assert "tlp:amber" not in str(tip.items["label"].to_pylist())


def test_markings_are_read_wherever_a_list_has_them(tmp_path):
    for content in (
        [{"signals": [{"signal_type": "pdq", "signal": ONE, "tags": ["tlp:red"]}]}],
        {"tags": ["tlp:red"], "data": [{"pdq": ONE}]},
        {"share_level": "RED", "items": [{"pdq": ONE}]},
        {"pdq": ONE, "tags": [], "labels": ["tlp:red"]},
        {"pdq": ONE, "tags": None, "tlp": "red"},
    ):
        made, tip = converted(tmp_path, content)
        assert (made.tlp, hashes(tip)) == (Tlp.RED, [ONE])


def test_a_table_keeps_its_marking(tmp_path):
    (tmp_path / "list.csv").write_text(f"pdq,label,tlp\n{ONE},a,TLP:GREEN\n{TWO},b,TLP:RED\n")
    made = tip_from_list(tmp_path / "list.csv", tmp_path / "tip.json", tlp=Tlp.CLEAR)
    assert made.tlp == read_tip(tmp_path / "tip.json").head.tlp == Tlp.RED


def test_nulls_and_further_keys_do_no_harm(tmp_path):
    content = [
        {"signal_type": None, "type": "pdq", "signal": None, "hash": ONE, "url": "https://a.org"},
        {"type": "image", "pdq": TWO, "signals": []},
        {"signals": {"pdq": THREE}, "data": []},
        {"signals": [{"pdq": "3" * 64, "status": "NON_MALICIOUS"}]},
    ]
    made, tip = converted(tmp_path, content)
    assert hashes(tip) == [ONE, TWO, THREE]
    assert made.harmless == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([{"pdq": ONE}, {"pdq": "xyz"}], "entry 2: 'xyz' is not a PDQ hash"),
        ([{"pdq": 7}], "entry 1: the type and the value of a signal must be strings"),
        ([{"signal_type": 1, "signal": ONE}], "must be strings"),
        ([{"signal_type": "pdq"}], "entry 1 has no signal"),
        ([{"signals": {"pdq": None}}], "must be strings"),
        ([{"pdq": ONE, "tags": ["tlp:purple"]}], "entry 1: 'tlp:purple' is not a marking"),
        ([{"pdq": ONE, "share_level": ["RED"]}], "is not a marking"),
        ([], "holds no PDQ hash"),
        ("  ", "holds no PDQ hash"),
        ([{"signals": {}}], "has no signal"),
        ([{"name": "x"}], "entry 1 has no signal"),
        ([ONE], "entry 1 is not an object"),
        ([{"signals": 3}], "its signals are not objects"),
        ([{"signals": [3]}], "its signals are not objects"),
        ([{"pdq": ONE, "tags": [1]}], "its tags are not strings"),
        ([{"pdq": ONE, "tags": 3}], "its tags are not a list"),
        ([{"pdq": ONE, "tags": {"data": [{"id": 1}]}}], "its tags are not strings"),
        ("[" * 100_000, "nested too deeply"),
        ('[{"pdq": "1"}', "is not valid JSON"),
        ('[{"pdq": "1"}] x', "content after its end"),
        ('{"pdq": "1", "pdq": "2"}', "the key 'pdq' twice"),
        ('{"pdq": NaN}', "NaN"),
    ],
)
def test_an_invalid_list_is_refused_with_the_entry(tmp_path, content, message):
    with pytest.raises(TipError, match=message):
        converted(tmp_path, content)
    assert not (tmp_path / "tip.json").exists()


@examples(30, [HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.integers(0, 2**256 - 1), st.text(max_size=20).map(str.strip), min_size=1, max_size=6
    )
)
def test_a_list_survives_a_round_trip(tmp_path, labels):
    entries = [
        {"pdq": f"{number:064x}", "tags": [label] if label else []}
        for number, label in labels.items()
        if label.isprintable() and not label.lower().startswith("tlp:")
    ]
    assume(entries)
    _, tip = converted(tmp_path, entries, Tlp.GREEN)
    write_bank(tmp_path / "out.json", pdq_hashes(tip), tip.head.tlp)
    written = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert [one["signal"] for one in written] == [one["pdq"] for one in entries]
    assert all(one["tags"][0] == "tlp:green" for one in written)
    again = list(read_bank(tmp_path / "out.json"))
    said = [
        entry["tags"] or [name]
        for entry, name in zip(entries, tip.items["id"].to_pylist(), strict=True)
    ]
    assert [list(one.tags) for one in again] == said
    assert {one.marking for one in again} <= {Tlp.GREEN}


def test_the_parts_that_no_list_can_carry_are_named(tmp_path):
    tip = read_tip(write(tmp_path / "tip.json", [item(1, caption="words")]))
    lacking = lost_in_list(tip)
    assert {"phash", "captions", "times and counts"} <= set(lacking)
    assert "pdq" not in lacking
    assert "the signature" not in lacking
