"""The int8 runtime by OpenVINO: two to four times as fast on processors with 8-bit products.

The network is converted from PyTorch in memory. The weights of its linear layers become 8-bit
integers with one scale for every 64 of a row. The inputs of a layer are quantized as they come,
with one scale for every 64 values of each word or patch (dynamic quantization). So nothing has to
be calibrated on sample pictures, and a vector does not depend on the others in its batch.
Everything else stays in float32. Nothing is written to disk: the conversion takes seconds, less
than importing the libraries that load the model.
"""

import logging
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from frametrace.embed.embed_settings import NumericPrecision
from frametrace.embed.models.runtime import Batch, Network
from frametrace.work.cpus import cpu_count

if TYPE_CHECKING:
    import openvino

__all__ = ["OpenVino", "convert", "import_openvino", "installed", "worthwhile"]

# Values that share a scale. 64 agrees better with float32 than 128 and is hardly slower
# (benchmarks/bench_vectors.py).
GROUP = 64
_MIN_WEIGHTS = 2**14  # of a layer; smaller ones gain nothing
_MAX_STREAMS = 8  # batches in parallel; more only take more memory
_INSTRUCTIONS = ("avx512_vnni", "avx_vnni")
_TELEMETRY = "openvino_telemetry"


class OpenVino:
    """The network converted and compiled for this processor; several batches run at a time."""

    precision = NumericPrecision.INT8
    batch = 16

    def __init__(self, network: Network, *, group: int = GROUP) -> None:
        library = import_openvino()
        model = convert(network)
        if not _quantize(library, model, group):
            raise ValueError("the model has no linear layers that could be computed in 8 bits")
        processors = cpu_count()
        streams = min(processors, _MAX_STREAMS)
        compiled = library.Core().compile_model(
            model,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": "f32",  # for the rest; some default to bfloat16
                "DYNAMIC_QUANTIZATION_GROUP_SIZE": str(group),
                "INFERENCE_NUM_THREADS": str(processors),
                "NUM_STREAMS": str(streams),
                "ENABLE_CPU_PINNING": "NO",  # the decoding workers use the same processors
            },
        )
        self._queue = library.AsyncInferQueue(compiled, streams)

    def run(self, batches: Sequence[Batch]) -> list[np.ndarray]:
        """The vectors of each batch, (n, d) float32 of unit length, in the batches' order."""
        vectors: list[np.ndarray] = [np.empty(0, np.float32)] * len(batches)

        def keep(request: Any, at: int) -> None:
            vectors[at] = request.get_output_tensor(0).data.copy()

        self._queue.set_callback(keep)
        for at, batch in enumerate(batches):
            self._queue.start_async(list(batch), at)
        self._queue.wait_all()
        return vectors


def installed() -> bool:
    """Whether OpenVINO is installed; it is not imported."""
    return find_spec("openvino") is not None


def worthwhile() -> bool:
    """Whether this processor has instructions for 8-bit products; else int8 gains nothing."""
    import torch

    get_capabilities = getattr(torch.cpu, "get_capabilities", dict)  # since PyTorch 2.11
    capabilities: Mapping[str, Any] = get_capabilities()
    return any(capabilities.get(name) for name in _INSTRUCTIONS)


def import_openvino() -> Any:
    """OpenVINO without its telemetry, which would report the models that are converted.

    OpenVINO has a separate package for that, and works without it.
    """
    if "openvino" not in sys.modules:
        before = sys.modules.get(_TELEMETRY)
        sys.modules[_TELEMETRY] = None  # type: ignore[assignment]  # an import of it now fails
        try:
            import openvino
        finally:
            sys.modules.pop(_TELEMETRY)
            if before is not None:
                sys.modules[_TELEMETRY] = before
    import openvino

    return openvino


def convert(network: Network) -> "openvino.Model":
    """The network as OpenVINO's graph, of any number of rows of any length, in float32.

    The frontend is called directly, because `openvino.convert_model` starts the telemetry.
    """
    import torch
    from openvino.frontend.pytorch.ts_decoder import TorchScriptPythonDecoder
    from openvino.passes import ConstantFolding, Manager

    example = tuple(torch.from_numpy(part) for part in network.samples[0])
    with _quiet(), torch.inference_mode():
        traced = torch.jit.trace(  # type: ignore[no-untyped-call]
            network.module, example, check_trace=False
        )
        decoder = TorchScriptPythonDecoder(traced, example_input=example)
        frontend = import_openvino().frontend.FrontEndManager().load_by_framework("pytorch")
        model = frontend.convert(frontend.load(decoder))
    # Attention that slices one matrix for three layers becomes three layers.
    passes = Manager()
    passes.register_pass(ConstantFolding())
    passes.run_passes(model)
    return model


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence warnings: tracing touches every part of a model, even unused ones."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)


def _quantize(library: Any, model: "openvino.Model", group: int) -> int:
    """Replace the weights of linear layers by 8-bit ones; returns how many layers."""
    quantized = 0
    for layer in model.get_ordered_ops():
        if layer.get_type_name() != "MatMul" or not layer.get_attributes()["transpose_b"]:
            continue
        weights = layer.input_value(1).get_node()
        if weights.get_type_name() != "Constant":
            continue
        values = weights.data
        if values.ndim == 2 and values.dtype == np.float32 and values.size >= _MIN_WEIGHTS:
            layer.input(1).replace_source_output(_quantized(library, values, group))
            quantized += 1
    model.validate_nodes_and_infer_types()
    return quantized


def _quantized(library: Any, weights: np.ndarray, group: int) -> Any:
    """(rows, columns) float32 as 8-bit integers times scales, in the form OpenVINO recognizes."""
    operations = library.opset13
    rows, columns = weights.shape
    groups = weights.reshape(rows, -1, group if columns % group == 0 else columns)
    scales = np.abs(groups).max(axis=-1, keepdims=True) / np.float32(127)
    scales[scales == 0] = 1
    whole = operations.constant(np.rint(groups / scales).astype(np.int8))
    scaled = operations.multiply(operations.convert(whole, "f32"), operations.constant(scales))
    shape = operations.constant(np.array([rows, columns], np.int64))
    return operations.reshape(scaled, shape, special_zero=False).output(0)
