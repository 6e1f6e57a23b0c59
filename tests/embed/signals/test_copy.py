"""Copy descriptors: ONNX and TorchScript files, their preprocessing, and files that are neither."""

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from making import (
    copy_model_onnx,
    copy_model_torchscript,
    copy_weights,
    encoded,
    jpeg,
    photo,
)
from onnx_files import graph_file, node, tensor, value
from PIL import Image

from frametrace.embed.decoding.decode import decode
from frametrace.embed.embed_settings import ModelChoice
from frametrace.embed.signals.copy import Copy
from frametrace.posts.errors import ModelMissing

pytest.importorskip("onnxruntime")


def opened(path: Path) -> Copy:
    return Copy.open(ModelChoice({"copy_model": str(path)}))


def vectors(signal: Copy, *images: Image.Image) -> np.ndarray:
    prepare = signal.preparer()
    table = signal.finish([prepare(decode(encoded(image, "PNG"))) for image in images])
    return np.array(table["code"].to_pylist(), np.float32)


def expected_vector(image: Image.Image, side: int) -> np.ndarray:
    """SSCD's published preprocessing, then the model's formula, in float64."""
    resized = image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR)
    scaled = np.asarray(resized, np.float64) / 255
    scaled = (scaled - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    cell = side // 8
    cells = scaled.reshape(8, cell, 8, cell, 3).mean(axis=(1, 3))
    weights, bias = copy_weights()
    vector = cells.transpose(2, 0, 1).ravel() @ weights.astype(np.float64) + bias
    unit: np.ndarray = vector / np.linalg.norm(vector)
    return unit


@pytest.mark.parametrize("size", [(640, 480), (200, 300), (31, 7)])
@pytest.mark.parametrize(("side", "rows"), [(0, 0), (64, 0), (96, 4), (320, 1)])
def test_vectors_are_the_formula_of_the_graph_on_the_published_preprocessing(
    tmp_path: Path, size: tuple[int, int], side: int, rows: int
) -> None:
    signal = opened(copy_model_onnx(tmp_path / "copy.onnx", side=side, rows=rows))
    images = [photo(seed, *size) for seed in range(5)]
    expected = [expected_vector(image, side or 320) for image in images]
    np.testing.assert_allclose(vectors(signal, *images), expected, atol=2e-5)
    assert f"{side or 320} x {side or 320}" in signal.made_by["preprocessing"]


@pytest.mark.models
def test_a_torchscript_file_gives_the_vectors_of_the_same_model_in_onnx(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    script = opened(copy_model_torchscript(tmp_path / "copy.pt"))
    images = [photo(seed) for seed in range(3)]
    expected = vectors(opened(copy_model_onnx(tmp_path / "copy.onnx")), *images)
    np.testing.assert_allclose(vectors(script, *images), expected, atol=2e-5)
    assert script.made_by["fingerprint"].startswith("torchscript:")


def test_edited_copies_are_nearer_than_other_pictures(tmp_path: Path) -> None:
    signal = opened(copy_model_onnx(tmp_path / "copy.onnx"))
    saved = Image.open(io.BytesIO(jpeg(photo(1), 30)))
    original, copy, other = vectors(signal, photo(1), saved, photo(2))
    assert Copy.bound is not None
    assert original @ copy > Copy.bound.value > original @ other


def test_the_fingerprint_is_that_of_the_files_bytes(tmp_path: Path) -> None:
    first = opened(copy_model_onnx(tmp_path / "a.onnx")).made_by
    moved = opened(copy_model_onnx(tmp_path / "b.onnx")).made_by
    other = opened(copy_model_onnx(tmp_path / "a.onnx", seed=2)).made_by
    assert first["fingerprint"] == moved["fingerprint"] != other["fingerprint"]
    assert moved["model"] == str(tmp_path / "b.onnx")


def test_a_vector_without_a_direction_is_null(tmp_path: Path) -> None:
    nodes = [
        node("AveragePool", ["x"], "cells", {"kernel_shape": [64, 64]}),
        node("Flatten", ["cells"], "rows", {"axis": 1}),
        node("MatMul", ["rows", "zeros"], "y"),
    ]
    zeros = tensor("zeros", np.zeros((3, 16), np.float32))
    path = tmp_path / "zeros.onnx"
    inputs = [value("x", ["n", 3, 64, 64])]
    path.write_bytes(graph_file(nodes, [zeros], inputs, value("y", ["n", 16])))
    signal = opened(path)
    table = signal.finish([signal.preparer()(decode(encoded(photo(1), "PNG")))])
    assert table["code"].null_count == 1
    assert "the model computes none" in signal.why_unusable()


def graph(operator: str, shape: list[int | str], outside: str = "", domain: str = "") -> bytes:
    """A graph of one operation, with a constant."""
    side = 64 if outside else 1  # pixels; small constants are not looked for in other files
    constant = tensor("constant", np.ones((1, 1, side, side), np.float32), outside)
    operation = node(operator, ["x", "constant"], "y", domain=domain)
    return graph_file([operation], [constant], [value("x", shape)], value("y", shape))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "can't be used as a copy model"),
        (b"no model at all", "can't be used as a copy model"),
        (graph("Mul", ["n", 3, 64, 64])[:-30], "can't be used as a copy model"),
        (graph("Mul", ["n", 3, 64, 64]), r"an array of shape \(2, 3, 64, 64\)"),
        (graph("Mul", ["n", 1, 64, 64]), "pictures have 1 channels"),
        (graph("Mul", ["n", 3, 64, 6400]), "a side of 6400 pixels"),
        (graph("Mul", [100_000, 3, 64, 64]), "takes 100000 pictures at once"),
        (graph("Mul", ["n", 3, 64, 64, 1]), "input is not one batch of pictures"),
        (graph("Evil", ["n", 3, 64, 64]), "Evil"),
        (graph("Mul", ["n", 3, 64, 64], domain="elsewhere"), "elsewhere"),
        (graph("Mul", ["n", 3, 64, 64]).replace(b"Mul", b"M\xffl"), "can't be used"),
    ],
)
def test_other_files_are_refused_with_a_sentence(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], content: bytes, said: str
) -> None:
    path = tmp_path / "copy.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelMissing, match=said) as refused:
        opened(path)
    assert "--copy-model" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert capfd.readouterr() == ("", "")  # the library prints nothing


def test_weights_in_another_file_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would not be part of the fingerprint, and could be any file of this machine."""
    (tmp_path / "weights.bin").write_bytes(np.ones((64, 64), np.float32).tobytes())
    monkeypatch.chdir(tmp_path)
    for name in ("weights.bin", "../weights.bin", str(tmp_path / "weights.bin")):
        path = tmp_path / "copy.onnx"
        path.write_bytes(graph("Mul", ["n", 3, 64, 64], outside=name))
        with pytest.raises(ModelMissing) as refused:
            opened(path)
        assert "an array of shape" not in str(refused.value)  # that it would make of the picture


@pytest.mark.models
def test_a_zip_archive_that_is_no_program_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    path = tmp_path / "copy.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("copy/data.pkl", b"cos\nsystem\n(S'touch owned'\ntR.")
    with pytest.raises(ModelMissing, match="can't be used as a copy model"):
        opened(path)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("name", ["", "absent.onnx", "folder"])
def test_without_a_file_it_says_how_to_name_one(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    chosen = ModelChoice({"copy_model": str(tmp_path / name) if name else ""})
    for find in (Copy.open, Copy.locate):
        with pytest.raises(ModelMissing, match="--copy-model"):
            find(chosen)


def test_without_its_package_it_names_the_extra(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = copy_model_onnx(tmp_path / "copy.onnx")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ModelMissing, match=r"pip install 'frametrace\[copy\]'"):
        opened(path)
    monkeypatch.setitem(sys.modules, "torch", None)
    script = tmp_path / "copy.pt"
    with zipfile.ZipFile(script, "w") as archive:
        archive.writestr("copy/data.pkl", b"")
    with pytest.raises(ModelMissing, match=r"pip install 'frametrace\[models\]'"):
        opened(script)
