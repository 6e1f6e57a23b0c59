"""CLIP: any open_clip model on this machine; plain words if there is none."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from making import encoded, photo, tiny_clip
from PIL import Image

from frametrace.embed.decoding.decode import decode
from frametrace.embed.embed_settings import ModelChoice
from frametrace.embed.signals.clip import Clip
from frametrace.posts.errors import ModelMissing, UsageError

pytestmark = pytest.mark.models


def vector(clip: Clip, image: Image.Image) -> np.ndarray:
    prepared = clip.preparer()(decode(encoded(image, "PNG")))
    return np.array(clip.finish([prepared])["code"][0].as_py(), np.float32)


def expected_vector(folder: Path, image: Image.Image) -> np.ndarray:
    """What open_clip itself makes of the picture, with its own transform."""
    import open_clip
    import torch

    model, transform = open_clip.create_model_from_pretrained(f"local-dir:{folder}")
    with torch.inference_mode():
        return model.eval().encode_image(transform(image)[None], normalize=True)[0].numpy()


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (32, 32), (20, 45), (400, 50), (50, 399)])
def test_vectors_are_those_of_open_clip_with_its_own_transform(
    clip_folder: Path, size: tuple[int, int]
) -> None:
    clip = Clip.open(ModelChoice({"clip_weights": str(clip_folder)}))
    image = photo(1, *size)
    np.testing.assert_allclose(vector(clip, image), expected_vector(clip_folder, image), atol=1e-5)


@pytest.mark.parametrize("size", [(2600, 1900), (3000, 140)])
def test_vectors_of_large_and_elongated_pictures_stay_near(
    clip_folder: Path, size: tuple[int, int]
) -> None:
    clip = Clip.open(ModelChoice({"clip_weights": str(clip_folder)}))
    image = photo(2, *size)
    assert vector(clip, image) @ expected_vector(clip_folder, image) > 0.999


@pytest.mark.parametrize("mode", ["shortest", "squash"])
def test_the_models_own_preprocessing_is_used(tmp_path: Path, mode: str) -> None:
    folder = tiny_clip(tmp_path / "clip", side=48)
    config = folder / "open_clip_config.json"
    own = '{"mean": [0.5, 0.4, 0.3], "std": [0.5, 0.6, 0.7], "interpolation": "bilinear", '
    text = config.read_text("utf-8").replace("{}", own + f'"resize_mode": "{mode}"}}')
    config.write_text(text, "utf-8")
    clip = Clip.open(ModelChoice({"clip_weights": str(folder)}))
    image = photo(3, 300, 200)
    np.testing.assert_allclose(vector(clip, image), expected_vector(folder, image), atol=1e-5)


def test_a_text_is_a_vector_among_the_pictures(clip_folder: Path) -> None:
    clip = Clip.open(ModelChoice({"clip_weights": str(clip_folder)}))
    text = clip.encode_text("protesters at night")
    assert text.shape == vector(clip, photo(1)).shape
    assert np.linalg.norm(text) == pytest.approx(1, abs=1e-5)


def test_the_fingerprint_is_that_of_the_weights_wherever_they_lie(
    clip_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = shutil.copytree(clip_folder, tmp_path / "copy")
    other = tiny_clip(tmp_path / "other", seed=2)
    made_by = Clip.open(ModelChoice({"clip_weights": str(clip_folder)})).made_by
    monkeypatch.chdir(tmp_path)
    again = Clip.open(ModelChoice({"clip_weights": "copy"})).made_by
    assert again["fingerprint"] == made_by["fingerprint"]
    assert again["weights"] == str(copy)
    different = Clip.open(ModelChoice({"clip_weights": str(other)})).made_by
    assert different["fingerprint"] != made_by["fingerprint"]


def test_a_file_of_weights_goes_with_the_name_of_its_architecture(
    clip_folder: Path, tmp_path: Path
) -> None:
    import open_clip

    file = shutil.copy(
        clip_folder / "open_clip_model.safetensors", tmp_path / "any-name.safetensors"
    )
    with pytest.raises(UsageError, match="name the architecture of any"):
        Clip.open(ModelChoice({"clip_weights": str(file)}))
    with pytest.raises(ModelMissing, match=r"can't be loaded as ViT-B-32-256: .* --clip-model"):
        Clip.open(ModelChoice({"clip_model": "ViT-B-32-256", "clip_weights": str(file)}))
    architectures = tmp_path / "architectures"
    architectures.mkdir()
    config = (clip_folder / "open_clip_config.json").read_text("utf-8")
    shape = config.removeprefix('{"model_cfg": ').removesuffix(', "preprocess_cfg": {}}')
    (architectures / "frametrace-test-tiny.json").write_text(shape, "utf-8")
    open_clip.add_model_config(architectures)
    for weights in (file, tmp_path):
        clip = Clip.open(
            ModelChoice({"clip_model": "frametrace-test-tiny", "clip_weights": str(weights)})
        )
        image = photo(4, 100, 80)
        expected = expected_vector(clip_folder, image)
        np.testing.assert_allclose(vector(clip, image), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "weights", "error", "said"),
    [
        ("", "absent", ModelMissing, "absent: there is no such weights file or directory"),
        ("", "empty", ModelMissing, "holds 0 weights files"),
        ("", "text", ModelMissing, "can't be loaded"),
        ("ViT-B-32", "", ModelMissing, "no CLIP weights .* frametrace embed CASE --signal clip"),
        ("ViT-Z-99", "", UsageError, "has no architecture 'ViT-Z-99'"),
        ("hf-hub:a/b", "", ModelMissing, "no CLIP weights .a?.*a/b"),
        ("hf-hub:not a name/at/all", "", ModelMissing, "no CLIP weights"),
        ("", "", ModelMissing, "no CLIP weights .* frametrace embed CASE --signal clip"),
    ],
)
def test_where_no_model_can_be_loaded_a_sentence_says_what_to_do(
    tmp_path: Path, model: str, weights: str, error: type[Exception], said: str
) -> None:
    pytest.importorskip("open_clip")
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "open_clip_config.json").write_text("no JSON", "utf-8")
    (tmp_path / "text" / "open_clip_model.safetensors").write_text("no weights", "utf-8")
    with pytest.raises(error, match=said) as refused:
        Clip.open(
            ModelChoice(
                {"clip_model": model, "clip_weights": str(tmp_path / weights) if weights else ""}
            )
        )
    assert "\n" not in str(refused.value)


def test_the_default_model_comes_from_the_hub_cache(clip_folder: Path, tmp_path: Path) -> None:
    hub = tmp_path / "hub" / "models--laion--CLIP-ViT-B-32-laion2B-s34B-b79K"
    shutil.copytree(clip_folder, hub / "snapshots" / "abc")
    (hub / "refs").mkdir()
    (hub / "refs" / "main").write_text("abc", "utf-8")
    code = (
        "from frametrace.embed.signals.clip import Clip\n"
        "from frametrace.embed.embed_settings import ModelChoice\n"
        "clip = Clip.open(ModelChoice())\n"
        "print(clip.made_by['model'], clip.made_by['fingerprint'], clip.encode_text('a').shape)\n"
        "from huggingface_hub import constants\n"
        "print(constants.HF_HUB_OFFLINE)\n"
    )
    environment = {"HF_HUB_CACHE": str(tmp_path / "hub"), "HOME": str(tmp_path)}
    child = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    fingerprint = Clip.open(ModelChoice({"clip_weights": str(clip_folder)})).made_by["fingerprint"]
    model = "hf-hub:laion/CLIP-ViT-B-32-laion2B-s34B-b79K"
    assert child.stdout.split("\n")[0] == f"{model} {fingerprint} (24,)"
    assert child.stdout.split("\n")[1] == "True"


def test_without_its_packages_it_names_the_extra(
    clip_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(ModelMissing, match=r"open_clip.*pip install 'frametrace\[models\]'"):
        Clip.open(ModelChoice({"clip_weights": str(clip_folder)}))


def test_packages_that_do_not_fit_each_other_give_no_traceback(
    clip_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = "raise RuntimeError('operator torchvision::nms does not exist')"
    (tmp_path / "open_clip.py").write_text(broken, "utf-8")
    monkeypatch.delitem(sys.modules, "open_clip")
    monkeypatch.syspath_prepend(tmp_path)
    for chosen in (
        ModelChoice({"clip_weights": str(clip_folder)}),
        ModelChoice({"clip_model": "ViT-B-32"}),
    ):
        with pytest.raises(
            ModelMissing, match=r"nms does not exist.*reinstall 'frametrace\[models"
        ):
            Clip.open(chosen)
