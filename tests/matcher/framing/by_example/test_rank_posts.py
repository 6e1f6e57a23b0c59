"""A framing by example: posts similar to examples, and not to counter-examples."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import encoded, jpeg, make_case, photo, put_codes
from PIL import Image

from frametrace.case.store import Case
from frametrace.matcher.framing.by_example.example_scoring import score_contents
from frametrace.matcher.framing.by_example.examples import (
    MAX_EXAMPLES,
    ExamplePicture,
    ExamplePost,
    Examples,
    ExampleText,
    Framing,
)
from frametrace.matcher.framing.by_example.framing_search import (
    FramingQuery,
    case_contents,
    rank_by_example,
)
from frametrace.matcher.framing.by_example.outside_contents import (
    OutsidePicture,
    OutsideText,
    with_outside_contents,
)
from frametrace.matcher.framing.by_example.rank_posts import RankedPosts, rank_posts
from frametrace.matcher.framing.by_example.read_examples import (
    ExampleNames,
    SignalMakers,
    find_post,
    read_examples,
)
from frametrace.matcher.match_case import match_case
from frametrace.matcher.result_schemas import RANKED
from frametrace.posts.errors import CaseError, DecodeError, UsageError

_SUBJECTS = ("harvest", "football", "weather", "music")
_PLACES = ("river", "castle", "market", "station", "garden", "harbour")


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def caption(subject: str, place: str) -> str:
    return f"Somebody near the {place} wrote of {subject} again: {place * 2} {subject[::-1]}"


def around(center: np.ndarray, similarity: float, rng: np.random.Generator) -> np.ndarray:
    """A vector of unit length at a given cosine similarity."""
    other = rng.normal(size=len(center))
    other -= (other @ center) * center
    vector = similarity * center + np.sqrt(1 - similarity**2) * other / np.linalg.norm(other)
    return vector.astype(np.float32)


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Four subjects in six captions each, with made-up vectors; three photos in six files."""
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("example")
    centers = np.linalg.qr(rng.normal(size=(64, 64)))[0]
    posts: list[dict[str, Any]] = []
    vectors: dict[str, np.ndarray] = {}
    pictures = {f"{at}-{q}.jpg": jpeg(photo(at), q) for at in range(3) for q in (40, 90)}
    for at, subject in enumerate(_SUBJECTS):
        for place in _PLACES:
            text = caption(subject, place)
            vectors[digest(text)] = around(centers[at], 0.8, rng)
            posts.append({"post_id": f"{subject}-{place}", "text": text})
    posts += [{"post_id": name[:-4], "media": [name]} for name in pictures]
    posts.append({"post_id": "both", "text": caption("music", "river"), "media": ["0-40.jpg"]})
    posts.append({"post_id": "again", "text": "anything", "repost_of": "both"})
    posts.append({"post_id": "wow", "text": "wow!"})
    posts.append({"platform": "y", "post_id": "both", "text": caption("weather", "castle")})
    return put_codes(make_case(folder, posts, pictures), "caption", vectors)


def like(*posts: str, texts: Sequence[str] = (), pictures: Sequence[Path] = ()) -> ExampleNames:
    return ExampleNames(posts, pictures, texts)


def ranked(case: Case, query: FramingQuery, limit: int | None = 0) -> RankedPosts:
    return rank_by_example(case, query, limit)[0]


def ids(found: RankedPosts, **columns: Any) -> list[str]:
    rows = found.rows.to_pylist()
    return [r["post_id"] for r in rows if all(r[name] == v for name, v in columns.items())]


def test_posts_are_ranked_by_similarity_to_the_examples(case: Case) -> None:
    found = ranked(case, FramingQuery(like("harvest-river", "harvest-castle")))
    assert found.rows.schema == RANKED
    assert set(ids(found)[:6]) == {f"harvest-{place}" for place in _PLACES}
    assert ids(found)[0] in ("harvest-river", "harvest-castle")
    rarity = found.rows["decades"].to_pylist()
    assert rarity == sorted(rarity, reverse=True)
    assert found.compared == found.rows.num_rows == 24 + 6 + 2
    assert found.belonging == len(ids(found, belongs=True))
    assert found.signals == ("caption_key", "caption", "photo")


def test_reposts_and_what_says_too_little_are_not_ranked(case: Case) -> None:
    found = ranked(case, FramingQuery(like("harvest-river")))
    assert not {"again", "wow"} & set(ids(found))


def test_each_row_names_its_evidence_and_example(case: Case) -> None:
    found = ranked(case, FramingQuery(like("music-river", "twitter/2-90")))
    rows = {(row["platform"], row["post_id"]): row for row in found.rows.to_pylist()}
    copy = rows["twitter", "2-40"]
    assert [(t["kind"], t["signal"], t["example"]) for t in copy["tied_by"]] == [
        ("pictures", "photo", "twitter/2-90")
    ]
    other = rows["twitter", "music-castle"]["tied_by"][0]
    assert (other["kind"], other["signal"], other["example"]) == (
        "captions",
        "caption",
        "twitter/music-river",
    )
    for row in rows.values():
        rarities = [tie["decades"] for tie in row["tied_by"]]
        assert rarities == sorted(rarities, reverse=True)
        assert sum(rarities) <= row["decades"] + 1e-4
        assert row["against"] == 0


def test_with_one_example_the_similarity_is_that_of_the_groups(case: Case) -> None:
    compared = case_contents(case)
    n = len(compared.contents)
    for content in (0, 5, n - 1):
        found = score_contents(compared.fusion, np.arange(n), [content])
        expected = compared.fusion.rarity(np.full(n, content), np.arange(n))
        np.testing.assert_array_equal(found.rarity, expected)


def test_a_text_is_as_similar_to_posts_as_a_post_with_that_text(case: Case) -> None:
    rows = case.read("signals/caption").to_pylist()
    text = caption("football", "garden")
    (vector,) = (row["code"] for row in rows if row["sha256"] == digest(text))
    weights = "made-for-a-test:1"
    example = ExampleText(text, np.array(vector, np.float32), weights)
    compared = case_contents(case)
    by_text = rank_posts(compared, Framing(Examples(texts=(example,))), 5)
    by_post = rank_posts(
        compared, Framing(Examples((ExamplePost("twitter", "football-garden"),))), 5
    )
    rarity = [
        dict(zip(ids(f), f.rows["decades"].to_pylist(), strict=True)) for f in (by_text, by_post)
    ]
    assert rarity[0] == pytest.approx(rarity[1], abs=0.05)


def test_a_picture_file_finds_its_photo_even_edited(case: Case, tmp_path: Path) -> None:
    (tmp_path / "example.jpg").write_bytes(jpeg(photo(1).resize((500, 375)), 70))
    found = ranked(case, FramingQuery(like(pictures=[tmp_path / "example.jpg"])))
    assert set(ids(found, belongs=True)) == {"1-40", "1-90"}
    (tie,) = found.rows["tied_by"][0].as_py()
    assert (tie["kind"], tie["signal"], tie["example"]) == ("pictures", "photo", "example.jpg")
    assert tie["decades"] == pytest.approx(4)


def test_a_picture_that_no_post_carries_finds_nothing(case: Case, tmp_path: Path) -> None:
    (tmp_path / "other.png").write_bytes(encoded(photo(77), "PNG"))
    (tmp_path / "flat.png").write_bytes(encoded(Image.new("RGB", (90, 90)), "PNG"))
    query = FramingQuery(like(pictures=[tmp_path / "other.png", tmp_path / "flat.png"]))
    found = ranked(case, query)
    assert found.belonging == 0
    assert set(found.rows["decades"].to_pylist()) == {0}


def test_evidence_of_different_examples_adds_up(case: Case, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(photo(0), 80))
    by_words = ranked(case, FramingQuery(like("music-castle")))
    by_both = ranked(case, FramingQuery(like("music-castle", pictures=[tmp_path / "a.jpg"])))
    rarity = [
        {(r["platform"], r["post_id"]): r["decades"] for r in found.rows.to_pylist()}[
            "twitter", "both"
        ]
        for found in (by_words, by_both)
    ]
    assert rarity[1] == pytest.approx(rarity[0] + 4, abs=1e-4)


def test_similarity_of_meaning_is_half_of_the_nearest_and_half_of_the_mean(case: Case) -> None:
    compared = case_contents(case)
    contents, vectors = compared.contents, compared.fusion.texts.vectors
    assert vectors is not None
    number = {row["post_id"]: row["content"] for row in contents.posts.to_pylist()}
    examples = [number["harvest-river"], number["harvest-castle"], number["football-river"]]
    rows = vectors.row[contents.caption[examples]]
    middle = vectors.index.codes.codes[rows].mean(axis=0)
    middle /= np.linalg.norm(middle)
    target = number["harvest-market"]
    own = vectors.index.codes.codes[vectors.row[contents.caption[target]]]
    cosines = [*(vectors.index.codes.codes[rows] @ own), middle @ own]
    nearness = 1 - np.arccos(np.array(cosines)) * 2 / np.pi
    rarity = vectors.backgrounds.between(0, 0).rarity(nearness)
    posts = tuple(
        ExamplePost("twitter", name)
        for name in ("harvest-river", "harvest-castle", "football-river")
    )
    found = rank_posts(compared, Framing(Examples(posts)), 5)
    (row,) = (row for row in found.rows.to_pylist() if row["post_id"] == "harvest-market")
    (tie,) = row["tied_by"]
    assert tie["signal"] == "caption"
    assert tie["decades"] == pytest.approx((max(rarity[:3]) + rarity[3]) / 2, abs=0.01)


def test_added_contents_do_not_change_similarities_within_the_case(case: Case) -> None:
    compared = case_contents(case)
    n = len(compared.contents)
    more = [
        (OutsideText("anything"), [OutsidePicture(), OutsidePicture(0, OutsideText("written"))]),
        (None, [OutsidePicture(None, None, np.ones(3, np.float32))]),
    ]
    fusion = with_outside_contents(compared.fusion, more)
    wider = fusion.contents
    assert len(wider) == n + 2
    a, b = (side.ravel() for side in np.meshgrid(np.arange(n), np.arange(n)))
    np.testing.assert_array_equal(fusion.rarity(a, b), compared.fusion.rarity(a, b))
    copies = np.flatnonzero(compared.contents.photo == 0)
    shows = [
        np.isin(wider.pictures.items[slice(*wider.pictures.starts[at : at + 2])], copies)
        for at in range(n)
    ]
    carriers = np.array([each.any() for each in shows])
    looks = fusion.compare(np.full(n, n), np.arange(n)).pictures.rarity
    assert (looks[carriers] > 0).all()
    assert (looks[~carriers] == 0).all()


def test_counter_examples_only_lower_rarity(case: Case) -> None:
    alone = ranked(case, FramingQuery(like("harvest-river", "football-river")))
    query = FramingQuery(like("harvest-river", "football-river"), like("football-castle"))
    against = ranked(case, query)
    before = {(r["platform"], r["post_id"]): r["decades"] for r in alone.rows.to_pylist()}
    for row in against.rows.to_pylist():
        assert row["decades"] <= before[row["platform"], row["post_id"]] + 1e-4
        assert row["against"] >= 0
    assert "football-castle" not in ids(against, belongs=True)
    assert {"harvest-river", "football-river"} <= set(ids(against, belongs=True))
    taken = {row["post_id"]: row["against"] for row in against.rows.to_pylist()}
    for place in ("market", "garden", "station"):
        assert taken[f"football-{place}"] > 0 == taken[f"harvest-{place}"]


def test_a_post_nearer_to_a_counter_example_does_not_belong(case: Case) -> None:
    query = FramingQuery(like("music-river"), like("music-castle"), min_rarity=0.5)
    found = ranked(case, query)
    compared = case_contents(case)
    number = {row["post_id"]: row["content"] for row in compared.contents.posts.to_pylist()}
    rarity = compared.fusion.rarity
    for row in found.rows.to_pylist():
        if row["post_id"].startswith("music-"):
            at = np.array([number[row["post_id"]]])
            ours, theirs = (
                rarity(np.array([number[f"music-{place}"]]), at)[0] for place in ("river", "castle")
            )
            assert row["belongs"] == (theirs <= ours + 0.25 and row["decades"] >= 0.5)


@given(
    chosen=st.lists(st.integers(0, 30), min_size=2, max_size=6, unique=True),
    sides=st.integers(1, 5),
)
def test_a_post_belongs_by_its_rarity_or_as_an_example(
    case: Case, chosen: list[int], sides: int
) -> None:
    posts = sorted(
        (row["platform"], row["post_id"])
        for row in case.read("posts").to_pylist()
        if row["post_id"] not in ("again", "wow")
    )
    named = [ExamplePost(*posts[at]) for at in chosen]
    ours, theirs = named[:sides], named[sides:]
    compared = case_contents(case)
    framing = Framing(Examples(tuple(ours)), Examples(tuple(theirs)))
    content = {
        (r["platform"], r["post_id"]): r["content"] for r in compared.contents.posts.to_pylist()
    }
    barred = {content[post.platform, post.post_id] for post in theirs}
    examples = {content[post.platform, post.post_id] for post in ours}
    if barred & examples:
        with pytest.raises(UsageError, match="have the same content"):
            rank_posts(compared, framing, 5)
        return
    found = rank_posts(compared, framing, 5)
    for row in found.rows.to_pylist():
        key = row["platform"], row["post_id"]
        if content[key] in barred:
            assert not row["belongs"]
        elif content[key] in examples:
            assert row["belongs"]
        elif row["belongs"]:
            assert row["decades"] >= 5
        elif not theirs:
            assert row["decades"] < 5
    assert rank_posts(compared, framing, 5) == found


def test_the_first_rows_are_those_of_the_whole_ranking(case: Case) -> None:
    query = FramingQuery(like("weather-river", "0-40"))
    whole = ranked(case, query)
    for limit in (1, 3, 7, 100):
        assert ranked(case, query, limit).rows == whole.rows.slice(0, limit)
    belonging = ranked(case, query, None)
    assert set(ids(belonging)) == set(ids(whole, belongs=True))
    assert belonging.belonging == belonging.rows.num_rows


def test_of_equally_similar_posts_the_earliest_come_first(tmp_path: Path) -> None:
    texts = (
        "A heron stood beside our pond",
        "Bakers knead rye before dawn",
        "Cyclists climbed that mountain twice",
        "Dentists warn about sugary drinks",
        "Every lamp in town went dark",
        "Foxes crossed the frozen lake",
        "Grandmother keeps bees and roses",
        "Hikers lost their only map",
    )
    posts: list[dict[str, Any]] = [{"media": ["a.jpg"]}]
    posts += [{"text": text, "posted_at": f"2019-08-{9 - at:02}"} for at, text in enumerate(texts)]
    case = make_case(tmp_path, posts, {"a.jpg": jpeg(photo(1))})
    query = FramingQuery(like("p0"))
    whole = ranked(case, query)
    assert whole.rows["decades"].to_pylist()[1:] == [0] * 8
    assert ids(whole) == ["p0", "p8", "p7", "p6", "p5", "p4", "p3", "p2", "p1"]
    for limit in range(1, 11):
        assert ranked(case, query, limit).rows == whole.rows.slice(0, limit)


def test_in_a_matched_case_copies_are_those_of_its_groups(tmp_path: Path) -> None:
    pictures = {f"{q}.jpg": jpeg(photo(5), q) for q in (30, 60, 90)}
    case = make_case(tmp_path, [{"media": [name]} for name in pictures], pictures)
    notes: list[str] = []

    class Listener:
        def track(self, label: str, total: int | None) -> Any:
            from frametrace.work.progress import Silent

            return Silent().track(label, total)

        def note(self, line: str) -> None:
            notes.append(line)

    before = rank_by_example(case, FramingQuery(like("p0")), progress=Listener())[0]
    assert "frametrace match" in notes[0]
    match_case(case)
    notes.clear()
    after = rank_by_example(case, FramingQuery(like("p0")), progress=Listener())[0]
    assert notes == []
    assert before == after
    assert after.belonging == 3  # they show the same
    assert after.rows["decades"].to_pylist() == [4, 4, 4]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (FramingQuery(), "name an example"),
        (FramingQuery(unlike=like("music-river")), "name an example"),
        (FramingQuery(like("nobody")), "has no post 'nobody'"),
        (FramingQuery(like("both")), "'both' is a post on twitter and y: name one as twitter/both"),
        (FramingQuery(like("again")), "is a repost of 'both'"),
        (FramingQuery(like("wow")), "too little text to compare"),
        (FramingQuery(like(texts=["!!! "])), "no letters or digits"),
        (FramingQuery(like(texts=["a" * 20_000])), "too long"),
        (FramingQuery(like(texts=["\ud800 lone"])), "UTF-8"),
        (FramingQuery(like("0-40"), like("0-40")), "both as an example and as a counter-example"),
        (
            FramingQuery(like("0-40"), like("0-90")),
            "twitter/0-40 and twitter/0-90 have the same content",
        ),
        (
            FramingQuery(like("weather-castle"), like("y/both")),
            "twitter/weather-castle and y/both have the same content",
        ),
        (
            FramingQuery(like("music-castle"), like(texts=[caption("music", "castle") + "!"])),
            "twitter/music-castle and “Somebody near the castle wrote of music …” have the same"
            " content",
        ),
        (
            FramingQuery(like(texts=["Nobody wrote this"]), like(texts=["nobody wrote this?!"])),
            "“Nobody wrote this” and “nobody wrote this[?]!” have the same content",
        ),
        (FramingQuery(like(*map(str, range(MAX_EXAMPLES)), "0-40")), "has no post '0'"),
        (FramingQuery(like("0-40"), name="../up"), "not a valid framing name"),
    ],
)
def test_invalid_examples_are_refused(case: Case, query: FramingQuery, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ranked(case, query)


def test_each_of_two_posts_with_one_id_can_be_named(case: Case) -> None:
    assert ids(ranked(case, FramingQuery(like("y/both"))))[0] == "weather-castle"


def test_a_whole_name_comes_before_an_id_that_looks_like_one(tmp_path: Path) -> None:
    keys = [
        ("twitter", "t1"),
        ("w", "twitter/t1"),
        ("a", "b/c"),
        ("a/b", "c"),
        ("v", "z/1"),
        ("u", "z/1"),
    ]
    posts = [{"platform": platform, "post_id": post_id} for platform, post_id in keys]
    case = make_case(tmp_path, posts, signals=())
    assert find_post(case, "twitter/t1") == ExamplePost("twitter", "t1")
    assert find_post(case, "t1") == ExamplePost("twitter", "t1")
    assert find_post(case, "w/twitter/t1") == ExamplePost("w", "twitter/t1")
    with pytest.raises(UsageError, match="'z/1' is a post on u and v: name one as u/z/1"):
        find_post(case, "z/1")
    with pytest.raises(UsageError, match="'a/b/c' is a post on a and a/b: name its text with"):
        find_post(case, "a/b/c")


def test_links_that_form_a_loop_are_reported(case: Case, tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(DecodeError, match="loop: can't be read: "):
        ranked(case, FramingQuery(like(pictures=[tmp_path / "loop"])))


def test_a_path_that_cannot_be_resolved_is_reported(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_: Path) -> Path:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "resolve", refused)
    with pytest.raises(DecodeError, match=r"a.jpg: can't be read: Permission denied"):
        read_examples(SignalMakers(case), like(pictures=[Path("a.jpg")]))


def test_a_case_without_keys_and_vectors_compares_no_texts(tmp_path: Path) -> None:
    case = make_case(tmp_path, [{"media": ["a.jpg"]}], {"a.jpg": jpeg(photo(1))}, ("pdq",))
    found = ranked(case, FramingQuery(like(texts=["anything at all"])))
    (note,) = found.notes
    assert "the case has no caption_key" in note
    assert f"frametrace embed {case.path}" in note


def test_a_file_that_is_not_a_picture_is_reported_by_name(case: Case, tmp_path: Path) -> None:
    (tmp_path / "words.jpg").write_text("words")
    for name in ("words.jpg", "absent.jpg"):
        with pytest.raises(DecodeError, match=name):
            ranked(case, FramingQuery(like(pictures=[tmp_path / name])))


def test_a_case_without_posts_is_reported(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="holds no posts"):
        ranked(Case.create(tmp_path / "case"), FramingQuery(like(texts=["anything at all"])))


@pytest.mark.parametrize("signals", [(), ("pdq",), ("caption_key",), ("phash", "local")])
def test_missing_signals_leave_the_rest_working(tmp_path: Path, signals: tuple[str, ...]) -> None:
    text = "They burned the station down and nobody says a word about who paid for it"
    pictures = {"a.jpg": jpeg(photo(1)), "b.jpg": jpeg(photo(2))}
    posts = [
        {"text": text, "media": ["a.jpg"]},
        {"text": f"{text}!!", "media": ["b.jpg"]},
        {"media": ["a.jpg"]},
    ]
    case = make_case(tmp_path, posts, pictures, signals=signals)
    (tmp_path / "example.jpg").write_bytes(pictures["a.jpg"])
    found = ranked(case, FramingQuery(like(texts=[text], pictures=[tmp_path / "example.jpg"])))
    assert {"p0", "p2"} <= set(ids(found, belongs=True))
    assert ("caption_key" in found.signals) == ("caption_key" in signals)


def test_a_vector_of_other_weights_is_not_compared(case: Case) -> None:
    example = ExampleText(caption("music", "river"), np.ones(64, np.float32) / 8, "others:1")
    found = rank_posts(case_contents(case), Framing(Examples(texts=(example,))), 5)
    assert "compared by its wording alone" in found.notes[0]
    assert {t["signal"] for t in found.rows["tied_by"][0].as_py()} == {"caption_key"}


@pytest.mark.parametrize("vector", [None, np.ones(7, np.float32)])
def test_a_vector_of_another_dimension_is_ignored(case: Case, vector: np.ndarray | None) -> None:
    example = ExampleText(caption("music", "river"), vector, "made-for-a-test:1")
    found = rank_posts(case_contents(case), Framing(Examples(texts=(example,))), 5)
    assert found.belonging == 2


def test_an_example_that_no_longer_exists_is_left_out(case: Case) -> None:
    posts = (ExamplePost("twitter", "gone"), ExamplePost("twitter", "music-river"))
    found = rank_posts(case_contents(case), Framing(Examples(posts)), 5)
    assert found.notes[0].startswith("twitter/gone is left out")
    assert set(ids(found)[:2]) == {"music-river", "both"}


def test_an_example_that_is_named_again_changes_sides(case: Case) -> None:
    makers = SignalMakers(case)
    one, two = (read_examples(makers, like(name)) for name in ("0-40", "1-40"))
    framing = Framing(one.with_added(two)).with_added(Framing(unlike=one)).with_added(Framing(two))
    assert [post.post_id for post in framing.like.posts] == ["1-40"]
    assert [post.post_id for post in framing.unlike.posts] == ["0-40"]


def test_there_are_not_more_examples_than_can_be_compared() -> None:
    many = Examples(tuple(ExamplePost("twitter", str(at)) for at in range(MAX_EXAMPLES + 1)))
    with pytest.raises(UsageError, match=f"{MAX_EXAMPLES} examples"):
        Framing().with_added(Framing(many))


def test_a_picture_is_a_copy_by_local_features_where_the_case_has_them(tmp_path: Path) -> None:
    pictures = {"a.jpg": jpeg(photo(3)), "b.jpg": jpeg(photo(4))}
    case = make_case(tmp_path, [{"media": [name]} for name in pictures], pictures, ("pdq", "local"))
    middle = photo(3).crop((60, 40, 600, 450))
    (tmp_path / "cut.jpg").write_bytes(jpeg(middle))
    found = ranked(case, FramingQuery(like(pictures=[tmp_path / "cut.jpg"])))
    assert ids(found, belongs=True) == ["p0"]


def test_captions_are_similar_to_the_text_in_an_example_picture(tmp_path: Path) -> None:
    text = "They burned the station down and nobody says a word about who paid for it"
    case = make_case(tmp_path, [{"text": text}, {"text": "The ducks in the park are fed daily"}])
    picture = ExamplePicture("meme.png", "0" * 64, ocr_text=ExampleText(text))
    found = rank_posts(case_contents(case), Framing(Examples(pictures=(picture,))), 5)
    assert ids(found, belongs=True) == ["p0"]
    (tie,) = found.rows["tied_by"][0].as_py()
    assert (tie["kind"], tie["signal"]) == ("caption and lettering", "caption_key")


def test_ties_have_the_type_of_the_schema(case: Case) -> None:
    found = ranked(case, FramingQuery(like("music-river")), 1)
    assert found.rows["tied_by"].type == RANKED.field("tied_by").type
    assert isinstance(found.rows, pa.Table)
