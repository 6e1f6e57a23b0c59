"""OpenVINO: on processors with instructions for 8-bit products, two to four times as fast.

The network is taken over from PyTorch in memory. The weights of its linear layers are kept as 8-bit
integers with one scale for every 64 of a row; what goes into a layer is made 8-bit as it comes, by
the scale of every 64 values of each word or patch by itself (dynamic quantisation). So nothing has
to be calibrated on somebody's pictures, and a vector does not depend on what else is in its batch.
All else stays in float32. Nothing is written to disk: the conversion takes seconds, and less than
importing the libraries that load the model.
"""

import logging
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from frametrace.embed.models.runtime import Batch, Network, NumericPrecision
from frametrace.work.cpus import cpu_count

if TYPE_CHECKING:
    import openvino

__all__ = ["OpenVino", "converted", "imported", "installed", "worthwhile"]

# Weights and values that share a scale. 64 agrees better with float32 than 128 and is hardly
# slower (benchmarks/bench_vectors.py).
GROUP = 64
_LEAST_WEIGHTS = 2**14  # of a layer; smaller ones gain nothing
_STREAMS = 8  # batches at a time, each on its own processors; more only take more memory
_INSTRUCTIONS = ("avx512_vnni", "avx_vnni")
_TELEMETRY = "openvino_telemetry"


class OpenVino:
    """The network converted and compiled for this processor; several batches run at a time."""

    precision = NumericPrecision.INT8
    batch = 16

    def __init__(self, network: Network, *, group: int = GROUP) -> None:
        library = imported()
        model = converted(network)
        if not _shrink(library, model, group):
            raise ValueError("the model has no linear layers that could be computed in 8 bits")
        processors = cpu_count()
        streams = min(processors, _STREAMS)
        compiled = library.Core().compile_model(
            model,
            "CPU",
            {
                "INFERENCE_PRECISION_HINT": "f32",  # of what is not 8-bit; else bfloat16 on some
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
    """Whether the package is there; it is not imported."""
    return find_spec("openvino") is not None


def worthwhile() -> bool:
    """Whether this processor multiplies 8-bit integers at once; others would gain nothing."""
    import torch

    told: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # since PyTorch 2.11
    return any(told.get(name) for name in _INSTRUCTIONS)


def imported() -> Any:
    """OpenVINO, kept from telling its makers which models are converted.

    It does so by a package of its own, and does without where that can't be imported.
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


def converted(network: Network) -> "openvino.Model":
    """The network as OpenVINO's graph, of any number of rows of any length, in float32.

    The frontend is asked directly: `openvino.convert_model` is where telemetry begins.
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
        frontend = imported().frontend.FrontEndManager().load_by_framework("pytorch")
        model = frontend.convert(frontend.load(decoder))
    # Attention that was written as one layer with slices of one matrix becomes three layers.
    passes = Manager()
    passes.register_pass(ConstantFolding())
    passes.run_passes(model)
    return model


@contextmanager
def _quiet() -> Iterator[None]:
    """Tracing touches whatever a model holds, and the libraries warn of what nobody here uses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = logging.root.manager.disable
        logging.disable(logging.WARNING)
        try:
            yield
        finally:
            logging.disable(before)


def _shrink(library: Any, model: "openvino.Model", group: int) -> int:
    """Replace the weights of linear layers by 8-bit ones; returns of how many."""
    shrunk = 0
    for layer in model.get_ordered_ops():
        if layer.get_type_name() != "MatMul" or not layer.get_attributes()["transpose_b"]:
            continue
        weights = layer.input_value(1).get_node()
        if weights.get_type_name() != "Constant":
            continue
        values = weights.data
        if values.ndim == 2 and values.dtype == np.float32 and values.size >= _LEAST_WEIGHTS:
            layer.input(1).replace_source_output(_small(library, values, group))
            shrunk += 1
    model.validate_nodes_and_infer_types()
    return shrunk


def _small(library: Any, weights: np.ndarray, group: int) -> Any:
    """(rows, columns) float32 as 8-bit integers times scales, in the form that OpenVINO knows."""
    operations = library.opset13
    rows, columns = weights.shape
    groups = weights.reshape(rows, -1, group if columns % group == 0 else columns)
    scales = np.abs(groups).max(axis=-1, keepdims=True) / np.float32(127)
    scales[scales == 0] = 1
    whole = operations.constant(np.rint(groups / scales).astype(np.int8))
    scaled = operations.multiply(operations.convert(whole, "f32"), operations.constant(scales))
    shape = operations.constant(np.array([rows, columns], np.int64))
    return operations.reshape(scaled, shape, special_zero=False).output(0)
