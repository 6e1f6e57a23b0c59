"""Verdicts are read as they were written, and imported opinions are kept apart from the case."""

import json
from itertools import permutations

import pytest
from jsonschema import Draft202012Validator
from making import make_case

from frametrace.matcher.tips.export import export_tip
from frametrace.matcher.tips.export_selection import Selection
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.schema_validation import load_schema
from frametrace.matcher.tips.signatures import make_keys
from frametrace.matcher.tips.tip_model import Tlp
from frametrace.matcher.tips.verdicts import (
    OPINIONS,
    Answer,
    Opinion,
    import_verdict,
    imported_opinions,
    read_verdict,
    write_verdict,
)
from frametrace.posts.errors import CaseError, CaseLocked, TipError, UsageError


@pytest.fixture
def sent(tmp_path):
    """A case that sent a tip of three captions: the case, the tip's digest, its items' ids."""
    posts = [{"account_id": "a", "text": f"words that say something of number {n}"} for n in "123"]
    case = make_case(tmp_path, posts, signals=("caption_key",))
    exported = export_tip(case, Selection(accounts=("a",)), tmp_path / "tip.json")
    return case, exported.sha256, read_tip(tmp_path / "tip.json").items["id"].to_pylist()


def verdict(path, tip, answers, by="", key=None):
    opinions = [Opinion(item, answer, {"page": 2}, {"page": 3}) for item, answer in answers.items()]
    write_verdict(path, tip, Tlp.GREEN, opinions, made_by=by, key=key)
    return path


def test_a_verdict_is_read_as_it_was_written_and_names_nobody(sent, tmp_path):
    _, tip, items = sent
    path = verdict(tmp_path / "v.json", tip, dict.fromkeys(items, Answer.UNSURE), "we")
    Draft202012Validator(load_schema("verdict")).validate(json.loads(path.read_text("utf-8")))
    found = read_verdict(path)
    assert (found.made_by, found.tip, found.tlp) == ("we", tip, Tlp.GREEN)
    assert [one.item_id for one in found.opinions] == sorted(items)
    assert {(one.answer, tuple(one.accounts.items())) for one in found.opinions} == {
        (Answer.UNSURE, (("page", 2),))}  # fmt: skip


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_contradicting_opinions_are_disputed_in_whatever_order_they_came(sent, tmp_path, order):
    case, tip, items = sent
    said = [
        {items[0]: Answer.CONFIRMED, items[1]: Answer.UNSURE, items[2]: Answer.CONFIRMED},
        {items[0]: Answer.REJECTED, items[1]: Answer.UNSURE},
        {items[0]: Answer.UNSURE, items[2]: Answer.UNSURE},
    ]
    for at in order:
        verdict(tmp_path / f"{at}.json", tip, said[at], f"team {at}")
        for _ in range(2):
            import_verdict(case, tmp_path / f"{at}.json", accept_unsigned=True)
    found = imported_opinions(case)
    assert found.schema == OPINIONS
    rows = found.to_pylist()
    assert rows[0]["item_id"] == items[0]
    assert {row["item_id"]: row["state"] for row in rows} == dict(
        zip(items, ("disputed", "unsure", "confirmed"), strict=True)
    )
    counts = {row["item_id"]: (row["confirmed"], row["rejected"], row["unsure"]) for row in rows}
    assert counts == dict(zip(items, [(1, 1, 1), (0, 0, 2), (1, 0, 1)], strict=True))
    assert rows[0]["made_by"] == [f"team {at} (unsigned)" for at in range(3)]
    assert [row["accounts"] for row in rows] == [2, 2, 2]


def test_a_verdict_on_a_tip_that_was_not_sent_is_refused(sent, tmp_path):
    case, tip, items = sent
    with pytest.raises(CaseError, match="sent no tip"):
        path = verdict(tmp_path / "v.json", "0" * 64, {items[0]: Answer.UNSURE})
        import_verdict(case, path, accept_unsigned=True)
    strange = {"picture-0123456789abcdef": Answer.CONFIRMED}
    with pytest.raises(TipError, match="which is not in the tip that it names"):
        path = verdict(tmp_path / "v.json", tip, strange)
        import_verdict(case, path, accept_unsigned=True)
    with pytest.raises(UsageError, match="no item has an answer"):
        verdict(tmp_path / "v.json", tip, {})
    with pytest.raises(TipError, match="begins with 'frametrace_tip'"):
        import_verdict(case, tmp_path / "tip.json")
    assert imported_opinions(case).num_rows == 0


def test_a_verdict_has_to_be_signed_by_the_key_that_is_named(sent, tmp_path):
    case, tip, items = sent
    secret, public, print_ = make_keys(tmp_path / "them")
    _, other, _ = make_keys(tmp_path / "other")
    path = verdict(tmp_path / "v.json", tip, {items[0]: Answer.UNSURE}, key=secret)
    with pytest.raises(TipError, match="not a key that"):
        import_verdict(case, path, [other])
    import_verdict(case, path, [public])
    assert imported_opinions(case)["made_by"].to_pylist() == [[f"not named (key {print_[:16]})"]]


def test_opinions_wait_for_the_case_to_be_free(sent, tmp_path):
    case, tip, items = sent
    path = verdict(tmp_path / "v.json", tip, {items[0]: Answer.UNSURE})
    with case.writer(), pytest.raises(CaseLocked):
        import_verdict(case, path, accept_unsigned=True)
    assert imported_opinions(case).num_rows == 0


def test_a_verdict_without_a_signature_counts_only_if_it_is_accepted(sent, tmp_path):
    case, tip, items = sent
    path = verdict(tmp_path / "v.json", tip, {items[0]: Answer.CONFIRMED}, "we")
    with pytest.raises(TipError, match=r"is not signed.*--accept-unsigned"):
        import_verdict(case, path)
    assert imported_opinions(case).num_rows == 0
    import_verdict(case, path, accept_unsigned=True)
    assert imported_opinions(case)["made_by"].to_pylist() == [["we (unsigned)"]]


def test_what_a_killed_import_left_is_deleted_by_the_next_one(sent, tmp_path):
    case, tip, items = sent
    path = verdict(tmp_path / "v.json", tip, {items[0]: Answer.CONFIRMED})
    left = case.path / "opinions" / ".abc.json.0123abcd.tmp"
    left.parent.mkdir()
    left.write_text("half of a verdi", "utf-8")
    import_verdict(case, path, accept_unsigned=True)
    assert not left.exists()
