"""Lists of hashes that other tools read and write."""

import csv
import io

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from trying import examples

from frametrace.matcher.tips.hash_lists import pdq_hashes, tip_from_list, write_hash_lines
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.signed_documents import TIP, is_document
from frametrace.matcher.tips.tip_model import Tlp
from frametrace.posts.errors import TipError

HASH = "00f8c1d2" * 8


def listed(tmp_path, name, text):
    (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
    made = tip_from_list(tmp_path / name, tmp_path / "tip.json", made_by="a list", tlp=Tlp.CLEAR)
    return made, read_tip(tmp_path / "tip.json")


@examples(30, [HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(0, 2**256 - 1), min_size=1, max_size=8), st.sampled_from(["txt", "csv"])
)
def test_hashes_survive_a_round_trip_through_a_list(tmp_path, numbers, form):
    digits = [f"{number:x}" for number in numbers]  # as tools write them that leave out zeros
    lines = ["pdq,label"] if form == "csv" else []
    lines += [f"{one},x" if form == "csv" else f"pdq {one}" for one in digits]
    made, tip = listed(tmp_path, f"list.{form}", "\n".join(lines) + "\n")
    expected = list(dict.fromkeys(f"{number:064x}" for number in numbers))
    hashes = pdq_hashes(tip)
    assert hashes["pdq"].to_pylist() == expected
    assert (made.hashes, made.twice) == (len(expected), len(numbers) - len(expected))
    write_hash_lines(tmp_path / "out.txt", hashes)
    text = (tmp_path / "out.txt").read_text("ascii")
    assert text == "".join(f"pdq {one}\n" for one in expected)


def test_the_lines_are_those_of_python_threatexchange(tmp_path):
    pytest.importorskip("threatexchange")
    from threatexchange.exchanges.impl.file_api import (
        FileCollaborationConfig,
        LocalFileSignalExchangeAPI,
    )
    from threatexchange.signal_type.pdq.signal import PdqSignal

    _, tip = listed(tmp_path, "ours.txt", f"pdq {HASH}\npdq {'1' * 64}\n")
    write_hash_lines(tmp_path / "out.txt", pdq_hashes(tip))
    config = FileCollaborationConfig(name="ours", filename=str(tmp_path / "out.txt"))
    theirs = LocalFileSignalExchangeAPI.for_collab(config)
    (delta,) = theirs.fetch_iter([PdqSignal], None)
    assert set(delta.updates) == {("pdq", HASH), ("pdq", "1" * 64)}
    assert all(PdqSignal.validate_signal_str(signal) for _, signal in delta.updates)


def test_the_quality_and_label_of_a_csv_are_kept(tmp_path):
    text = io.StringIO()
    rows = [
        ("PDQ hash", "pdq", "label", "quality"),
        ("", HASH.upper(), '=1+1, "x"\n<b>', f"{49:12}"),
    ]
    csv.writer(text).writerows([*rows, ("", "1", "", "")])
    _, tip = listed(tmp_path, "list.csv", "\ufeff" + text.getvalue())
    hashes = pdq_hashes(tip)
    assert set(hashes["tlp"].to_pylist()) == {"TLP:CLEAR"}
    assert hashes.drop_columns(["tlp"]).to_pylist() == [
        {"pdq": HASH, "quality": 49, "label": '=1+1, "x"\n<b>'},
        {"pdq": "1".zfill(64), "quality": None, "label": tip.items["id"][1].as_py()},
    ]


def test_lines_of_other_types_and_empty_ones_are_left_out(tmp_path):
    text = f"\r\npdq {HASH}\r\n{'2' * 64}\nvideo_md5 {'0' * 32}\nraw_text pdq is a hash\n\n"
    made, tip = listed(tmp_path, "list.txt", text)
    assert (made.hashes, made.other_types) == (2, 2)
    assert (tip.head.made_by, tip.head.tlp, tip.head.case) == ("a list", Tlp.CLEAR, "")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.txt", f"pdq {HASH}\npdq {HASH}0\n", "line 2: .* is not a PDQ hash"),
        ("a.txt", "pdq xyz\n", "line 1: 'xyz' is not a PDQ hash"),
        ("a.txt", f"pdq {HASH} {HASH}\n", "line 1"),
        ("a.txt", b"pdq \xff\n", "UTF-8"),
        ("a.txt", "0" * 70_000, "over 65,536 characters"),
        ("a.csv", "hash,quality\n1,2\n", "no column 'pdq'; its columns are: hash, quality"),
        ("a.csv", "pdq,quality\n1,2\n1,101\n", "line 3: '101' is not a quality"),
        ("a.csv", "pdq,quality\n1,-2\n", "line 2: '-2' is not a quality"),
        ("a.csv", f"pdq,quality\n1,{'0' * 9000}\n", "line 2: '0{40}' is not a quality"),
        ("a.csv", 'pdq\n"1\n', "line"),
        ("a.csv", "", "no column"),
    ],
)
def test_an_unreadable_list_is_refused_with_the_line(tmp_path, name, text, message):
    with pytest.raises(TipError, match=message):
        listed(tmp_path, name, text)
    assert not (tmp_path / "tip.json").exists()


def test_a_list_is_not_a_tip_until_it_is_converted(tmp_path):
    listed(tmp_path, "list.txt", f"pdq {HASH}\n")
    assert is_document(tmp_path / "tip.json", TIP)
    assert not is_document(tmp_path / "list.txt", TIP)
    assert not is_document(tmp_path, TIP)
    with (tmp_path / "large.txt").open("wb") as file:
        file.truncate(2**31)
    with pytest.raises(TipError, match="2,147,483,648 bytes"):
        tip_from_list(tmp_path / "large.txt", tmp_path / "tip.json")
