"""Writes small ONNX files byte by byte: `onnx` itself is not among the dependencies.

The numbers of the fields are those of onnx.proto3 (https://github.com/onnx/onnx).
"""

from collections.abc import Mapping, Sequence

import numpy as np

__all__ = ["copy_onnx", "graph_file", "node", "tensor", "value"]

FLOAT, INT64 = 1, 7


def varint(number: int) -> bytes:
    """A whole number, 7 bits a byte, the lowest first."""
    parts = []
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


def field(number: int, content: bytes | str | int) -> bytes:
    """One field of a message: a number, a text or another message."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    content = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(content)) + content


def tensor(name: str, values: np.ndarray, outside: str = "") -> bytes:
    """A constant, in this file or in another."""
    kind = INT64 if values.dtype == np.int64 else FLOAT
    head = b"".join(field(1, side) for side in values.shape) + field(2, kind) + field(8, name)
    if not outside:
        return head + field(9, values.tobytes())
    return head + field(13, field(1, "location") + field(2, outside)) + field(14, 1)


def node(
    operator: str,
    inputs: Sequence[str],
    output: str,
    attributes: Mapping[str, int | Sequence[int]] | None = None,
    domain: str = "",
) -> bytes:
    """One operation."""
    parts = [field(1, name) for name in inputs] + [field(2, output), field(4, operator)]
    for name, setting in (attributes or {}).items():
        if isinstance(setting, int):
            content = field(3, setting) + field(20, 2)
        else:
            content = b"".join(field(8, number) for number in setting) + field(20, 7)
        parts.append(field(5, field(1, name) + content))
    return b"".join(parts) + (field(7, domain) if domain else b"")


def value(name: str, shape: Sequence[int | str], kind: int = FLOAT) -> bytes:
    """An input or an output; a side that is a text may have any length."""
    sides = [field(1, field(1 if isinstance(side, int) else 2, side)) for side in shape]
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, b"".join(sides))))


def graph_file(
    nodes: Sequence[bytes],
    constants: Sequence[bytes],
    inputs: Sequence[bytes],
    output: bytes,
) -> bytes:
    """A whole file."""
    parts = [field(1, each) for each in nodes] + [field(2, "made")]
    parts += [field(5, each) for each in constants]
    parts += [field(11, each) for each in inputs] + [field(12, output)]
    return field(1, 8) + field(8, field(2, 17)) + field(7, b"".join(parts))


def copy_onnx(
    weights: np.ndarray, bias: np.ndarray, shape: Sequence[int | str], cell: int
) -> bytes:
    """Averages of cells of pixels times weights, plus a bias."""
    nodes = [
        node(
            "AveragePool",
            ["pictures"],
            "cells",
            {"kernel_shape": [cell] * 2, "strides": [cell] * 2},
        ),
        node("Flatten", ["cells"], "rows", {"axis": 1}),
        node("MatMul", ["rows", "weights"], "products"),
        node("Add", ["products", "bias"], "vectors"),
    ]
    constants = [tensor("weights", weights), tensor("bias", bias)]
    return graph_file(
        nodes, constants, [value("pictures", shape)], value("vectors", [shape[0], weights.shape[1]])
    )
