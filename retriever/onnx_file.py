"""Putting other numbers into an ONNX file, without the onnx package.

An ONNX file is a protobuf message. Its initializers are messages with a name and raw bytes; new
bytes of the same length can take the old ones' place and everything else stays where it is.
Fields after onnx.proto: ModelProto.graph 7, GraphProto.initializer 5, TensorProto.name 8 and
raw_data 9.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from toolgrove.errors import WeightsError

__all__ = ["initializers", "with_initializers"]

_GRAPH, _INITIALIZER, _NAME, _RAW = 7, 5, 8, 9
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def initializers(model: bytes | bytearray) -> dict[str, tuple[int, int]]:
    """Where each initializer's raw bytes begin and end, by name.

    Raises
    ------
    WeightsError
        The bytes are no protobuf message.
    """
    found = {}
    for graph in _fields(model, (0, len(model)), _GRAPH):
        for tensor in _fields(model, graph, _INITIALIZER):
            name = "".join(
                bytes(model[a:b]).decode(errors="replace") for a, b in _fields(model, tensor, _NAME)
            )
            for raw in _fields(model, tensor, _RAW):
                found[name] = raw
    return found


def with_initializers(model: bytes, new: Mapping[str, NDArray[Any]]) -> bytes:
    """The model with some initializers' numbers replaced; dtypes and shapes stay.

    Raises
    ------
    WeightsError
        An initializer is not in the model, or has another size there.
    """
    changed = bytearray(model)
    places = initializers(model)
    for name, array in new.items():
        begin, end = places.get(name, (0, -1))
        raw = array.tobytes()
        if end - begin != len(raw):
            raise WeightsError(f"the ONNX model has no initializer {name!r} of {len(raw)} bytes.")
        changed[begin:end] = raw
    return bytes(changed)


def _fields(
    message: bytes | bytearray, span: tuple[int, int], wanted: int
) -> Iterator[tuple[int, int]]:
    """Where the values of a length-delimited field begin and end."""
    at, end = span
    while at < end:
        key, at = _varint(message, at, end)
        kind = key & 7
        if kind == _VARINT:
            _, at = _varint(message, at, end)
        elif kind == _BYTES:
            size, at = _varint(message, at, end)
            if at + size > end:
                raise WeightsError("the ONNX model is cut short.")
            if key >> 3 == wanted:
                yield at, at + size
            at += size
        elif kind in (_FIXED32, _FIXED64):
            at += 4 if kind == _FIXED32 else 8
        else:
            raise WeightsError("the file is not an ONNX model.")


def _varint(message: bytes | bytearray, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    while at < end and shift < 64:
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
    raise WeightsError("the file is not an ONNX model.")
