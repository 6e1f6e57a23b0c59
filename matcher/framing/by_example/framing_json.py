"""A framing by example as JSON, and back; nothing that is read is trusted."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from frametrace.embed.signals.local import FEATURES, Features
from frametrace.embed.signals.thumbnail import is_thumbnail
from frametrace.matcher.framing.by_example.examples import (
    MOST,
    MOST_OF_TEXT,
    ExamplePicture,
    ExamplePost,
    Examples,
    ExampleText,
    Framing,
)

__all__ = ["framing_of", "json_of"]

_VERSION = 1
_MOST_OF_ID = 1000  # characters of a platform, a post's id, a file's name, a fingerprint
_MOST_VALUES = 4096  # of a vector
_UNIT = 0.01  # that a vector's length may differ from 1
_MOST_DECADES = 18
_SHA256 = re.compile("[0-9a-f]{64}")
_FORMS = (8, 32)  # PDQ hashes of a picture's forms, bytes each
_MOST_OF_THUMBNAIL = 1 << 16  # bytes: five times what noise takes
_SIDES = range(1, 401)  # pixels of a picture whose features are told
_MOST_OF_FEATURES = 4 + 22 * FEATURES  # bytes
_T = TypeVar("_T")


class _Wrong(ValueError):
    """What is read is of another type than it has to be."""


def json_of(framing: Framing) -> dict[str, Any]:
    """A framing as JSON has it."""
    return {
        "frametrace_framing": _VERSION,
        "like": _examples_json(framing.like),
        "unlike": _examples_json(framing.unlike),
        "min_decades": framing.least,
    }


def _examples_json(examples: Examples) -> dict[str, Any]:
    return {
        "posts": [{"platform": each.platform, "post_id": each.post_id} for each in examples.posts],
        "texts": [_text_json(each) for each in examples.texts],
        "pictures": [
            {
                "name": each.name,
                "sha256": each.sha256,
                "pdq": None if each.forms is None else each.forms.tobytes().hex(),
                "local": None if each.features is None else _packed(each.features),
                "thumbnail": None if each.thumbnail is None else _packed(each.thumbnail),
                "lettering": None if each.lettering is None else _text_json(each.lettering),
                "clip": _vector_json(each.looks),
                "made_by": dict(each.weights),
            }
            for each in examples.pictures
        ],
    }


def _text_json(text: ExampleText) -> dict[str, Any]:
    return {"text": text.text, "vector": _vector_json(text.vector), "made_by": text.weights}


def _vector_json(vector: np.ndarray | None) -> str | None:
    return None if vector is None else _packed(vector.astype("<f4").tobytes())


def _packed(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")


def framing_of(content: Mapping[str, Any]) -> Framing:
    """The framing that a JSON object holds. Raises `ValueError` where it holds none."""
    version = content.get("frametrace_framing")
    if version != _VERSION or isinstance(version, bool):
        raise ValueError(f"its version is {str(version)[:40]!r}, not {_VERSION}")
    least = content.get("min_decades")
    if least is not None:
        least = _number(least, "min_decades")
    like = _examples(content.get("like"), "like")
    return Framing(like, _examples(content.get("unlike"), "unlike"), least)


def _examples(value: object, name: str) -> Examples:
    content = _object(value, name)
    found = Examples(
        tuple(_each(content, "posts", _post)),
        tuple(_each(content, "pictures", _picture)),
        tuple(_each(content, "texts", _text)),
    )
    if len(found) > MOST:
        raise ValueError(f"it has {len(found):,} examples on one side, at most {MOST} are read")
    return found


def _each(
    content: Mapping[str, Any], name: str, read: Callable[[Mapping[str, Any]], _T]
) -> Sequence[_T]:
    values = content.get(name, [])
    if not isinstance(values, list) or len(values) > MOST:
        raise ValueError(f"{name} is no list of {MOST} at most")
    return [read(_object(value, name)) for value in values]


def _post(content: Mapping[str, Any]) -> ExamplePost:
    return ExamplePost(
        _string(content, "platform", _MOST_OF_ID), _string(content, "post_id", _MOST_OF_ID)
    )


def _text(content: Mapping[str, Any]) -> ExampleText:
    return ExampleText(
        _string(content, "text", MOST_OF_TEXT),
        _vector(content.get("vector"), "vector"),
        _string(content, "made_by", _MOST_OF_ID, empty=True),
    )


def _picture(content: Mapping[str, Any]) -> ExamplePicture:
    sha256 = _string(content, "sha256", 64)
    if not _SHA256.fullmatch(sha256):
        raise ValueError("sha256 is no digest")
    made = _object(content.get("made_by"), "made_by")
    if len(made) > 20:
        raise ValueError("made_by names too many signals")
    lettering = content.get("lettering")
    return ExamplePicture(
        name=_string(content, "name", _MOST_OF_ID),
        sha256=sha256,
        forms=_forms(content.get("pdq")),
        features=_features(content.get("local")),
        thumbnail=_thumbnail(content.get("thumbnail")),
        lettering=None if lettering is None else _text(_object(lettering, "lettering")),
        looks=_vector(content.get("clip"), "clip"),
        weights={name[:40]: _string(made, name, _MOST_OF_ID, empty=True) for name in made},
    )


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _Wrong(f"{name} is no object")
    return value


def _string(content: Mapping[str, Any], name: str, most: int, *, empty: bool = False) -> str:
    value = content.get(name)
    if not isinstance(value, str) or len(value) > most or not (value or empty):
        raise ValueError(f"{name[:40]} is no text of up to {most:,} characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name[:40]} is no Unicode") from None
    return value


def _number(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Wrong(f"{name} is no number")
    if not 0 <= value <= _MOST_DECADES:  # nor is what is no number
        raise ValueError(f"{name} is not between 0 and {_MOST_DECADES}")
    return float(value)


def _bytes(value: object, name: str, most: int) -> bytes:
    if not isinstance(value, str) or len(value) > 4 * (most // 3 + 1):
        raise ValueError(f"{name} is no text of up to {4 * (most // 3 + 1):,} characters")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{name} is not in base64") from None


def _vector(value: object, name: str) -> np.ndarray | None:
    """A (d,) float32 vector of unit length."""
    if value is None:
        return None
    content = _bytes(value, name, 4 * _MOST_VALUES)
    if not content or len(content) % 4:
        raise ValueError(f"{name} is no vector of up to {_MOST_VALUES:,} values")
    vector: np.ndarray = np.frombuffer(content, "<f4").astype(np.float32)
    with np.errstate(over="ignore", invalid="ignore"):
        length = np.linalg.norm(vector.astype(np.float64))
    if not abs(length - 1) < _UNIT:
        raise ValueError(f"{name} is no vector of unit length")
    return vector


def _forms(value: object) -> np.ndarray | None:
    if value is None:
        return None
    digits = 2 * _FORMS[0] * _FORMS[1]
    if not isinstance(value, str) or not re.fullmatch(f"[0-9a-f]{{{digits}}}", value):
        raise ValueError(f"pdq is not {digits} hexadecimal digits")
    return np.frombuffer(bytes.fromhex(value), np.uint8).reshape(_FORMS)


def _features(value: object) -> bytes | None:
    if value is None:
        return None
    content = _bytes(value, "local", _MOST_OF_FEATURES)
    try:
        features = Features.of(content)
    except ValueError:
        features = None
    sound = features is not None and len(features) <= FEATURES
    if features is None or not sound or not {features.width, features.height} <= {*_SIDES}:
        raise ValueError("local holds no features of a picture")
    return content


def _thumbnail(value: object) -> bytes | None:
    if value is None:
        return None
    content = _bytes(value, "thumbnail", _MOST_OF_THUMBNAIL)
    if not is_thumbnail(content):
        raise ValueError("thumbnail is no small picture")
    return content
