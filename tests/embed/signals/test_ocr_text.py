"""Text in pictures is computed like captions, and kept apart from those of posts."""

import hashlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from making import jpeg, lettered, make_case, photo
from PIL import Image

from frametrace.case.store import Case
from frametrace.embed import pictures, stage
from frametrace.embed.captions import missing_captions
from frametrace.embed.decoding.decode import decode
from frametrace.embed.embed_settings import EmbedSettings, ModelChoice
from frametrace.embed.ocr import reader
from frametrace.embed.ocr.reader import Line
from frametrace.embed.signals import SIGNALS, ocr_text
from frametrace.embed.signals.ocr_text import OcrText
from frametrace.embed.stage import embed
from frametrace.embed.text.normalize import key_of
from frametrace.index.index_store import open_index
from frametrace.matcher.query.answer_query import find_picture, find_text
from frametrace.posts.errors import ModelMissing, UsageError
from frametrace.work.executor import InProcess
from frametrace.work.process_pool import ProcessPool

MESSAGE = "Who pays for this damage?"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def rows(case: Case, signal: str) -> dict[str, dict[str, Any]]:
    return {row["sha256"]: row for row in Case(case.path).read(f"signals/{signal}").to_pylist()}


TEMPLATE = photo(7)
POSTS = [
    {"text": "look at this", "media": ["a.jpg"]},
    {"text": "and at that", "media": ["b.jpg"]},
    {"text": MESSAGE, "media": ["plain.jpg"]},
    {"text": "the same again", "media": ["a2.jpg"]},
]


def meme_files() -> dict[str, bytes]:
    pays, nobody = (lettered(TEMPLATE, text) for text in (MESSAGE, "Nobody will be punished"))
    return {
        "a.jpg": jpeg(pays),
        "a2.jpg": jpeg(pays, 91),
        "b.jpg": jpeg(nobody),
        "plain.jpg": jpeg(TEMPLATE),
    }


@pytest.fixture(scope="module")
def ocr() -> None:
    """Skips where the extra `ocr` is missing."""
    pytest.importorskip("rapidocr")


@pytest.fixture
def case(ocr: None, tmp_path: Path) -> Case:
    names = ("pdq", "caption_key", "overlay")
    made: Case = make_case(tmp_path, POSTS, meme_files(), signals=names)
    return made


def test_text_in_pictures_is_stored_with_the_captions(case: Case) -> None:
    digests = {hashlib.sha256(data).hexdigest(): name for name, data in meme_files().items()}
    found = {digests[digest]: row for digest, row in rows(case, "overlay").items()}
    texts = {name: row["text"] for name, row in found.items()}
    assert texts["a.jpg"] == texts["a2.jpg"] == MESSAGE
    assert key_of(texts["b.jpg"]) == "nobodywillbepunished"
    assert found["plain.jpg"]["text"] is found["plain.jpg"]["text_sha256"] is None
    assert found["plain.jpg"]["lines"] == []
    keys = rows(case, "caption_key")
    for row in found.values():
        if row["text"]:
            assert row["text_sha256"] == sha256(row["text"])
            assert keys[row["text_sha256"]]["key"] == key_of(row["text"])
    # One row for a text, though a post says it and two pictures show it.
    captions = {sha256(post["text"]) for post in POSTS}
    assert set(keys) == captions | {sha256(texts["b.jpg"])}


def test_doing_it_again_reads_nothing_and_makes_no_epoch(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ocr_text, "reader", lambda: pytest.fail("read again"))
    epoch = Case(case.path).epoch
    again = embed(case, EmbedSettings(signals=("overlay", "caption_key")), executor=InProcess())
    assert (again.pictures, again.captions) == (0, 0)
    assert Case(case.path).epoch == epoch


def test_text_that_is_read_later_is_computed_later(ocr: None, tmp_path: Path) -> None:
    case = make_case(tmp_path, POSTS, meme_files(), signals=("caption_key",))
    assert not len(missing_captions(case, "caption_key"))
    embed(case, EmbedSettings(signals=("overlay",)), executor=InProcess())
    assert len(missing_captions(case, "caption_key")) == 1
    assert not len(missing_captions(case, "caption_key", in_pictures=False))
    embed(case, EmbedSettings(signals=("caption_key",)), executor=InProcess())
    assert not len(missing_captions(case, "caption_key"))


@pytest.mark.models
def test_a_model_of_captions_is_loaded_for_what_will_be_read(ocr: None, tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    case = make_case(tmp_path, POSTS, meme_files(), signals=("caption",))
    embed(case, EmbedSettings(signals=("caption", "overlay")), executor=InProcess())
    (shown,) = {row["text_sha256"] for row in rows(case, "overlay").values()} - {
        None,
        sha256(MESSAGE),
    }
    vectors = rows(case, "caption")
    assert vectors[shown]["code"] is not None
    assert vectors[sha256(MESSAGE)]["code"] is not None


@pytest.mark.parametrize("unit", [1, 4096])
def test_values_do_not_depend_on_units_or_executor(
    case: Case, unit: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, pool: ProcessPool
) -> None:
    monkeypatch.setattr(pictures, "_UNIT", unit)
    other = make_case(tmp_path / "other", POSTS, meme_files(), signals=())
    embed(other, EmbedSettings(signals=("overlay",)), executor=pool)
    assert rows(other, "overlay") == rows(case, "overlay")


def test_a_picture_that_the_reader_fails_on_has_no_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("rapidocr")

    class Broken:
        def read(self, image: Image.Image) -> tuple[Line, ...]:
            raise ValueError("inhomogeneous shape")

    monkeypatch.setattr(ocr_text, "reader", Broken)
    signal = OcrText()
    table = signal.finish([signal.preparer()(decode(jpeg(photo(1)))), ()])
    assert table["lines"].to_pylist() == [None, []]
    assert table["text"].null_count == 2


def test_it_is_left_out_with_a_sentence_where_the_extra_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rapidocr", None)
    wanted = ("pdq", "overlay", "caption_key")
    monkeypatch.setattr(stage, "SIGNALS", {name: SIGNALS[name] for name in wanted})
    case = make_case(tmp_path, POSTS, meme_files(), signals=())
    done = embed(case, executor=InProcess())
    (note,) = done.notes
    assert note.startswith("overlay is left out: overlay needs rapidocr, which is not installed")
    assert "pip install 'frametrace[ocr]'" in note
    assert set(Case(case.path).epoch.signals) == {"pdq", "caption_key"}
    with pytest.raises(ModelMissing, match=r"frametrace\[ocr\]"):
        OcrText.locate(ModelChoice())
    with pytest.raises(ModelMissing, match=r"frametrace\[ocr\]"):
        embed(case, EmbedSettings(signals=("overlay",)), executor=InProcess())


def test_a_package_without_the_models_is_reported(
    ocr: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "MODELS", ("PP-OCRv9_det_small.onnx",))
    with pytest.raises(ModelMissing, match=r"does not contain PP-OCRv9.*frametrace\[ocr\]"):
        OcrText.locate(ModelChoice())


# Where the case says captions, it means those of posts.


def test_queries_for_captions_give_posts_with_such_captions(case: Case) -> None:
    found = find_text(case, MESSAGE, "caption_key").rows
    assert found["text"].to_pylist() == [MESSAGE]
    assert find_text(case, "nobody will be punished", "caption_key").total == 0


def test_it_has_no_index_of_its_own(case: Case, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="overlay has no index of its own"):
        open_index(case, "overlay")
    with pytest.raises(UsageError, match="overlay has no index of its own"):
        find_picture(case, tmp_path / "a.jpg", "overlay")


def test_similarities_are_those_of_the_texts_keys() -> None:
    texts = np.array(["Who pays for this?", "WHO PAYS FOR THIS", "Nobody pays for this"], object)
    between = OcrText.compare(texts, texts)
    assert between[0, 1] == 1
    assert 0 < between[0, 2] < 1
    assert OcrText.compare(texts[:0], texts).shape == (0, 3)


def test_its_columns_have_their_types(case: Case) -> None:
    schema = Case(case.path).read("signals/overlay").schema
    assert schema.names == ["sha256", "text", "text_sha256", "lines"]
    line = schema.field("lines").type.value_type
    assert line.field("confidence").type == pa.float32()
    assert line.field("box").type == pa.list_(pa.float32(), 4)


def test_text_in_pictures_is_not_counted_as_captions(ocr: None, tmp_path: Path) -> None:
    case = make_case(tmp_path, POSTS, meme_files(), signals=())
    settings = EmbedSettings(signals=("caption_key", "overlay"))
    done = embed(case, settings, executor=InProcess())
    assert (done.pictures, done.captions) == (len(meme_files()), len(POSTS))
