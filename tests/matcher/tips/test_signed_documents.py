import copy
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tipping import FULL, HEAD, document, item, raw, write
from trying import examples

from frametrace.matcher.tips import bounded_json
from frametrace.matcher.tips.canonical_json import (
    MAX_INTEGER,
    canonical_bytes,
    canonical_bytes_of_exact,
    digest_of,
)
from frametrace.matcher.tips.read_tip import read_tip, signals_to_compare
from frametrace.matcher.tips.schema_validation import ITEM_CHECKS, load_schema
from frametrace.matcher.tips.signatures import make_keys
from frametrace.matcher.tips.signed_documents import VERDICT, write_document
from frametrace.matcher.tips.tip_model import Head, Tlp
from frametrace.posts.errors import TipError, UsageError

DOCS = Path(__file__).parents[3] / "docs"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


ANSWER = {"id": "picture-0123456789abcdef", "answer": "unsure", "counts": []}
ANSWER["counts"] = [{"kind": "group", "accounts": 3, "posts": 4}]


def test_the_canonical_form_is_that_of_rfc_8785():
    # RFC 8785, section 3.2.2, without its numbers, which tips don't have.
    value = {"string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/", "literals": [None, True]}
    assert canonical_bytes(value) == (
        b'{"literals":[null,true],"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )
    assert canonical_bytes("e\u0301") != canonical_bytes("\u00e9")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | TEXTS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    )
)
def test_the_canonical_form_of_exact_values_is_the_same(value):
    assert canonical_bytes_of_exact(value) == canonical_bytes(value)


def test_keys_beyond_16_bits_are_sorted_as_rfc_8785_sorts_them():
    value = {"\ufb33": 1, "\U0001f600": 2}  # section 3.2.3: the emoji's first unit is D83D
    assert canonical_bytes_of_exact(value) == '{"\U0001f600":2,"\ufb33":1}'.encode()


@pytest.mark.parametrize("value", ["\ud800", ["a\udfff"], {"\ud83d": 1}])
def test_an_unpaired_surrogate_has_no_canonical_form(value):
    with pytest.raises(ValueError):
        canonical_bytes_of_exact(value)


@examples(30, [HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.builds(lambda n, c, a: item(n, caption=c, accounts=a), st.integers(0, 9**9), TEXTS,
                  st.lists(TEXTS.filter(bool), max_size=3)),
        unique_by=lambda one: one["id"], max_size=5),
    TEXTS, st.sampled_from(Tlp), st.sampled_from([None, 0, 1, 4]))  # fmt: skip
def test_a_tip_is_read_as_it_was_written_whatever_its_white_space(tmp_path, items, by, tlp, indent):
    path = write(tmp_path / "tip.json", items, Head(made_by=by, tlp=tlp, signals=HEAD.signals))
    content = json.loads(path.read_text("utf-8"))
    body = {name: value for name, value in content.items() if name != "sha256"}
    assert content["sha256"] == digest_of(body)
    Draft202012Validator(load_schema("tip")).validate(content)
    path.write_text(json.dumps(content, indent=indent, sort_keys=True), "utf-8")
    tip = read_tip(path)
    assert (tip.sha256, tip.head.made_by, tip.head.tlp) == (content["sha256"], by, tlp)
    assert tip.items["id"].to_pylist() == [one["id"] for one in items]
    assert tip.items["caption"].to_pylist() == [one["caption"] for one in items]
    assert [code.hex() for code in tip.items["pdq"].to_pylist()] == [
        one["signals"]["pdq"]["hash"] for one in items
    ]


@examples(150, [HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_changed_byte_is_refused_or_changes_nothing(tmp_path, data):
    (tmp_path / "tip.json").unlink(missing_ok=True)  # of the example before
    path = write(tmp_path / "tip.json", [FULL, item(2)], key=None)
    before = path.read_bytes()
    at = data.draw(st.integers(0, len(before) - 1))
    changed = before[:at] + data.draw(st.binary(max_size=2)) + before[at + 1 :]
    path.write_bytes(changed)
    try:
        tip = read_tip(path)
    except TipError as error:
        assert str(path) in str(error)
    else:
        assert json.loads(changed) == json.loads(before)
        assert tip.items.num_rows == 2


MUTATIONS = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 2**54), st.lists(st.text(max_size=2), max_size=2),
    st.text(max_size=20),
    st.sampled_from(["0" * 64, "0" * 16, "0" * 512, "page", "unsure", MAX_INTEGER]),
    st.dictionaries(st.sampled_from(["hash", "quality", "kind"]), st.integers(0, 101), max_size=3),
)  # fmt: skip
NAMES = ("id", "signals", "pdq", "hash", "caption_key", "clip", "counts", "caption", "Bad", "kind")


@examples(400)
@given(st.sampled_from([("tip", FULL), ("verdict", ANSWER)]), st.data())
def test_the_fast_check_of_items_agrees_with_the_published_schema(kind_and_item, data):
    kind, start = kind_and_item
    changed = copy.deepcopy(start)
    for _ in range(data.draw(st.integers(0, 2))):
        place = changed
        while isinstance(place, dict | list) and place and data.draw(st.booleans()):
            keys = list(place) if isinstance(place, dict) else range(len(place))
            inner = place[data.draw(st.sampled_from(sorted(keys)))]
            if not isinstance(inner, dict | list):
                break
            place = inner
        if isinstance(place, list):
            place.append(data.draw(MUTATIONS))
        elif place and data.draw(st.booleans()):
            del place[data.draw(st.sampled_from(sorted(place)))]
        else:
            place[data.draw(st.sampled_from([*sorted(place), *NAMES]))] = data.draw(MUTATIONS)
    schema = load_schema(kind)
    full = Draft202012Validator({"$ref": "#/$defs/item", "$defs": schema["$defs"]})
    accepted = full.is_valid(changed)
    if "\\n" in json.dumps(changed):  # where `$` of a pattern lets a last line break pass
        assert ITEM_CHECKS[kind](changed) <= accepted
    else:
        assert ITEM_CHECKS[kind](changed) == accepted


def test_the_published_schemas_are_the_ones_in_use():
    for kind in ("tip", "verdict"):
        published = json.loads((DOCS / f"{kind}.schema.json").read_text("utf-8"))
        assert published == load_schema(kind)
        Draft202012Validator.check_schema(published)


def _without(name):
    return {key: value for key, value in document().items() if key != name}


REFUSED = {
    "another version": (
        document(frametrace_tip=4),
        "version 4; this Frametrace reads version 1, 2 and 3",
    ),
    "true as a version": (document(frametrace_tip=True), "version unknown"),
    "no head": (_without("head"), "no head"),
    "an unknown member": (document(more=1), "'more'"),
    "a head without a marking": (document(head={}), "schema"),
    "a marking of another protocol": (
        document(head={**HEAD.to_json(), "tlp": "white"}),
        "head/tlp: 'white'",
    ),
    "a hash one digit short": (
        document(items=[{**FULL, "signals": {"pdq": {"hash": "0" * 63, "quality": 1}}}]),
        "item 1: signals/pdq/hash: '0{63}' of 63 characters",
    ),
    "a hash one digit long": (
        document(items=[FULL, {**item(2), "signals": {"phash": "0" * 17}}]),
        "item 2: signals/phash: '0{17}' of 17 characters",
    ),
    "a line break after a hash": (
        document(items=[{**FULL, "signals": {"phash": "0" * 16 + "\n"}}]),
        "item 1",
    ),
    "an item of no kind": (document(items=[7]), "item 1"),
    "an id that is not made of the signals": (
        document(items=[{**FULL, "id": "picture-0123456789abcdef"}]),
        "id of item 1",
    ),
    "an item twice": (document(items=[FULL, FULL]), "twice"),
    "a signal without a fingerprint": (
        document(head={**HEAD.to_json(), "signals": {}}),
        "states no fingerprint for it",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_invalid_tip_with_a_valid_digest_is_refused_with_the_reason(tmp_path, name):
    content, message = REFUSED[name]
    with pytest.raises(TipError, match=message):
        read_tip(raw(tmp_path / "tip.json", content))


BROKEN = {
    "nothing": (b"", "not valid JSON: found the end of the file where {"),
    "no text": (b'{"frametrace_tip":1,"head":\xff}', "UTF-8"),
    "another document": (b'{"a":1}', "begins with 'a'"),
    "a verdict": (b'{"frametrace_verdict":1}', "begins with 'frametrace_verdict'"),
    "cut off": (b'{"frametrace_tip":1,"head":{"made_by":"', "cut off"),
    "a key twice": (b'{"frametrace_tip":1,"head":{"tlp":"red","tlp":"clear"}', "'tlp' twice"),
    "a member twice": (b'{"frametrace_tip":1,"frametrace_tip":1}', "a tip can't have|twice"),
    "deep nesting": (b'{"frametrace_tip":1,"head":' + b"[" * 200_000, "nested too deeply"),
    "nesting that is read": (
        b'{"frametrace_tip":1,"head":' + b"[" * 900 + b"]" * 900 + b"}",
        "schema",
    ),
    "a version that nests": (b'{"frametrace_tip":' + b"[" * 900 + b"]" * 900, "version unknown"),
    "a digest that nests": (
        b'{"frametrace_tip":1,"sha256":' + b"[" * 900 + b"]" * 900 + b"}",
        "sha256 is not a string",
    ),
    "a head of a million values": (
        b'{"frametrace_tip":1,"head":{"signals":[' + b"0," * 10**6 + b"0]}}",
        "over 20,000 values",
    ),
    "many keys, the last one twice": (
        b'{"frametrace_tip":1,"head":{'
        + b"".join(b'"%d":0,' % at for at in range(2 * 10**5))
        + b'"199999":0}}',
        "'199999' twice",
    ),
    "a fraction": (b'{"frametrace_tip":1.0}', "integers"),
    "no number": (b'{"frametrace_tip":NaN}', "integers"),
    "an endless number": (b'{"frametrace_tip":' + b"9" * 5000 + b"}", "exact"),
    "half a surrogate pair": (
        b'{"frametrace_tip":1,"head":'
        + canonical_bytes({**HEAD.to_json(), "case": "?"}).replace(b"?", b"\\ud800")
        + b"}",
        "surrogate",
    ),
    "more after the end": (None, "content after its end"),
    "members in another order": (
        b'{"frametrace_tip":1,"items":[],"head":' + canonical_bytes(HEAD.to_json()),
        "alphabetical",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_invalid_json_is_refused_with_the_reason(tmp_path, name):
    content, message = BROKEN[name]
    path = tmp_path / "tip.json"
    path.write_bytes(write(path).read_bytes() + b"{}" if content is None else content)
    with pytest.raises(TipError, match=message):
        read_tip(path)


def test_large_files_and_paths_that_are_not_files_are_refused_unread(tmp_path, monkeypatch):
    large = tmp_path / "large.json"
    with large.open("wb") as file:
        file.truncate(2 * 2**30)
    with pytest.raises(TipError, match="2,147,483,648 bytes; at most 1,073,741,824"):
        read_tip(large)
    os.mkfifo(tmp_path / "pipe")
    for name in ("pipe", ".", "absent.json"):
        with pytest.raises(TipError):
            read_tip(tmp_path / name)
    monkeypatch.setattr(bounded_json, "MAX_VALUE_CHARS", 1000)
    monkeypatch.setattr(bounded_json, "_CHUNK", 64)
    with pytest.raises(TipError, match="value of over 1,000 characters"):
        read_tip(write(tmp_path / "tip.json", [{**FULL, "caption": "a" * 5000}]))


def test_chunks_may_split_values_anywhere(tmp_path, monkeypatch):
    path = write(tmp_path / "tip.json", [item(n, caption="破坏" * n) for n in range(20)])
    whole = read_tip(path)
    for chunk in (1, 7, 64):
        monkeypatch.setattr(bounded_json, "_CHUNK", chunk)
        assert read_tip(path).items == whole.items


def test_signals_with_another_fingerprint_are_named_with_their_model(tmp_path):
    made = {"fingerprint": "clip:sha256-1234", "model": "ViT-B-32"}
    head = Head(signals={**HEAD.signals, "clip": made})
    tip = read_tip(write(tmp_path / "tip.json", [item()], head))
    with pytest.raises(TipError, match=r"clip with ViT-B-32, clip:sha256-1234; .* no signal"):
        signals_to_compare(tip)
    assert signals_to_compare(tip, ["pdq", "phash"]) == ["pdq", "phash"]
    head = Head(signals={**HEAD.signals, "pdq": {"fingerprint": "pdq-256:9"}})
    tip = read_tip(write(tmp_path / "tip.json", [item()], head))
    with pytest.raises(TipError, match=r"pdq with pdq-256:9; this Frametrace compares pdq-256:1"):
        signals_to_compare(tip)
    with pytest.raises(TipError, match="no signal 'clip'"):
        signals_to_compare(tip, ["clip"])


def test_an_invalid_tip_is_not_written(tmp_path):
    path = tmp_path / "tip.json"
    for items, head, message in (
        ([], Head(made_by="x" * 201), "head/made_by: 201 characters; at most 200 are allowed"),
        ([], Head(made_by="\udcff"), "not valid Unicode"),
        ([{**FULL, "caption": "x" * 100_001}], HEAD, "item/caption"),
        ([{**FULL, "signals": {"phash": "0" * 16 + "\n"}}], HEAD, "line break"),
    ):
        with pytest.raises(TipError, match=message):
            write(path, items, head)
        assert list(tmp_path.iterdir()) == []


def test_only_a_document_of_the_same_kind_is_overwritten(tmp_path):
    key, _, _ = make_keys(tmp_path / "me")
    kept = key.read_bytes()
    with pytest.raises(UsageError, match=r"me.pem exists and is not a tip"):
        write(key, key=key)
    assert key.read_bytes() == kept
    (tmp_path / "tip.json").touch()
    written = write(tmp_path / "tip.json").read_bytes()
    assert write(tmp_path / "tip.json").read_bytes() == written
    with pytest.raises(UsageError, match="is not a verdict"):
        write_document(tmp_path / "tip.json", VERDICT, {}, [])
