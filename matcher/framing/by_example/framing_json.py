"""Writes a framing by example as JSON, and reads it back with every value checked."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from frametrace.embed.signals.local import FEATURES, Features
from frametrace.embed.signals.thumbnail import is_thumbnail
from frametrace.matcher.framing.by_example.examples import (
    MAX_EXAMPLES,
    MAX_TEXT_CHARS,
    ExamplePicture,
    ExamplePost,
    Examples,
    ExampleText,
    Framing,
)

__all__ = ["framing_from_json", "framing_to_json"]

_VERSION = 1
_MAX_ID_CHARS = 1000  # of a platform, a post's id, a file's name, a fingerprint
_MAX_VECTOR_VALUES = 4096
_UNIT_TOLERANCE = 0.01  # of a vector's length
_MAX_MIN_DECADES = 18
_MAX_SIGNALS = 20
_SHA256 = re.compile("[0-9a-f]{64}")
_PDQ_SHAPE = (8, 32)  # orientations, bytes of each hash
_MAX_THUMBNAIL_BYTES = 1 << 16  # five times as much as a thumbnail of noise
_SIDES = range(1, 401)  # pixels of the picture that features are computed on
_MAX_FEATURE_BYTES = 4 + 22 * FEATURES
_T = TypeVar("_T")


class _WrongType(ValueError):
    """A value has another type than expected."""


def framing_to_json(framing: Framing) -> dict[str, Any]:
    """A framing as a JSON object."""
    return {
        "frametrace_framing": _VERSION,
        "like": _examples_json(framing.like),
        "unlike": _examples_json(framing.unlike),
        "min_decades": framing.min_rarity,
    }


def _examples_json(examples: Examples) -> dict[str, Any]:
    return {
        "posts": [{"platform": post.platform, "post_id": post.post_id} for post in examples.posts],
        "texts": [_text_json(text) for text in examples.texts],
        "pictures": [
            {
                "name": picture.name,
                "sha256": picture.sha256,
                "pdq": None if picture.pdq is None else picture.pdq.tobytes().hex(),
                "local": None if picture.features is None else _packed(picture.features),
                "thumbnail": None if picture.thumbnail is None else _packed(picture.thumbnail),
                "lettering": None if picture.ocr_text is None else _text_json(picture.ocr_text),
                "clip": _vector_json(picture.clip),
                "made_by": dict(picture.weights),
            }
            for picture in examples.pictures
        ],
    }


def _text_json(text: ExampleText) -> dict[str, Any]:
    return {"text": text.text, "vector": _vector_json(text.vector), "made_by": text.weights}


def _vector_json(vector: np.ndarray | None) -> str | None:
    return None if vector is None else _packed(vector.astype("<f4").tobytes())


def _packed(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def framing_from_json(content: Mapping[str, Any]) -> Framing:
    """The framing in a JSON object. Raises `ValueError` if it is not one."""
    version = content.get("frametrace_framing")
    if version != _VERSION or isinstance(version, bool):
        raise ValueError(f"its version is {str(version)[:40]!r}, not {_VERSION}")
    min_rarity = content.get("min_decades")
    if min_rarity is not None:
        min_rarity = _number(min_rarity, "min_decades")
    like = _examples(content.get("like"), "like")
    return Framing(like, _examples(content.get("unlike"), "unlike"), min_rarity)


def _examples(value: object, name: str) -> Examples:
    content = _object(value, name)
    examples = Examples(
        tuple(_list(content, "posts", _post)),
        tuple(_list(content, "pictures", _picture)),
        tuple(_list(content, "texts", _text)),
    )
    if len(examples) > MAX_EXAMPLES:
        raise ValueError(f"{name} has {len(examples):,} examples, more than {MAX_EXAMPLES}")
    return examples


def _list(
    content: Mapping[str, Any], name: str, read: Callable[[Mapping[str, Any]], _T]
) -> Sequence[_T]:
    values = content.get(name, [])
    if not isinstance(values, list) or len(values) > MAX_EXAMPLES:
        raise ValueError(f"{name} is not a list of at most {MAX_EXAMPLES}")
    return [read(_object(value, name)) for value in values]


def _post(content: Mapping[str, Any]) -> ExamplePost:
    return ExamplePost(
        _string(content, "platform", _MAX_ID_CHARS), _string(content, "post_id", _MAX_ID_CHARS)
    )


def _text(content: Mapping[str, Any]) -> ExampleText:
    return ExampleText(
        _string(content, "text", MAX_TEXT_CHARS),
        _vector(content.get("vector"), "vector"),
        _string(content, "made_by", _MAX_ID_CHARS, empty=True),
    )


def _picture(content: Mapping[str, Any]) -> ExamplePicture:
    sha256 = _string(content, "sha256", 64)
    if not _SHA256.fullmatch(sha256):
        raise ValueError("sha256 is not a digest")
    made_by = _object(content.get("made_by"), "made_by")
    if len(made_by) > _MAX_SIGNALS:
        raise ValueError("made_by names too many signals")
    ocr_text = content.get("lettering")
    return ExamplePicture(
        name=_string(content, "name", _MAX_ID_CHARS),
        sha256=sha256,
        pdq=_pdq(content.get("pdq")),
        features=_features(content.get("local")),
        thumbnail=_thumbnail(content.get("thumbnail")),
        ocr_text=None if ocr_text is None else _text(_object(ocr_text, "lettering")),
        clip=_vector(content.get("clip"), "clip"),
        weights={name[:40]: _string(made_by, name, _MAX_ID_CHARS, empty=True) for name in made_by},
    )


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _WrongType(f"{name} is not an object")
    return value


def _string(content: Mapping[str, Any], name: str, max_chars: int, *, empty: bool = False) -> str:
    value = content.get(name)
    if not isinstance(value, str) or len(value) > max_chars or not (value or empty):
        raise ValueError(f"{name[:40]} is not a text of up to {max_chars:,} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name[:40]} is not valid Unicode") from None
    return value


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _WrongType(f"{name} is not a number")
    if not 0 <= value <= _MAX_MIN_DECADES:  # NaN fails as well
        raise ValueError(f"{name} is not between 0 and {_MAX_MIN_DECADES}")
    return float(value)


def _bytes(value: object, name: str, max_bytes: int) -> bytes:
    max_chars = 4 * (max_bytes // 3 + 1)
    if not isinstance(value, str) or len(value) > max_chars:
        raise ValueError(f"{name} is not a text of up to {max_chars:,} characters")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{name} is not base64") from None


def _vector(value: object, name: str) -> np.ndarray | None:
    """A (d,) float32 unit vector."""
    if value is None:
        return None
    content = _bytes(value, name, 4 * _MAX_VECTOR_VALUES)
    if not content or len(content) % 4:
        raise ValueError(f"{name} is not a vector of up to {_MAX_VECTOR_VALUES:,} values")
    vector: np.ndarray = np.frombuffer(content, "<f4").astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        length = np.linalg.norm(vector.astype(np.float64))
    if not abs(length - 1) < _UNIT_TOLERANCE:
        raise ValueError(f"{name} is not a vector of unit length")
    return vector


def _pdq(value: object) -> np.ndarray | None:
    if value is None:
        return None
    digits = 2 * _PDQ_SHAPE[0] * _PDQ_SHAPE[1]
    if not isinstance(value, str) or not re.fullmatch(f"[0-9a-f]{{{digits}}}", value):
        raise ValueError(f"pdq is not {digits} hexadecimal digits")
    return np.frombuffer(bytes.fromhex(value), np.uint8).reshape(_PDQ_SHAPE)


def _features(value: object) -> bytes | None:
    if value is None:
        return None
    content = _bytes(value, "local", _MAX_FEATURE_BYTES)
    try:
        features = Features.of(content)
    except ValueError:
        features = None
    if (
        features is None
        or len(features) > FEATURES
        or features.width not in _SIDES
        or features.height not in _SIDES
    ):
        raise ValueError("local is not the features of a picture")
    return content


def _thumbnail(value: object) -> bytes | None:
    if value is None:
        return None
    content = _bytes(value, "thumbnail", _MAX_THUMBNAIL_BYTES)
    if not is_thumbnail(content):
        raise ValueError("thumbnail is not a thumbnail")
    return content
