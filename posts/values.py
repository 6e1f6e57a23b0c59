"""Parses single values of exports: lists in several spellings, counts, ids, JSON."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from json import encoder as json_encoding
from typing import Any

__all__ = [
    "MISSING_VALUES",
    "SURROGATE_ESCAPE",
    "distinct",
    "first_texts",
    "joined_links",
    "json_encoder",
    "json_text",
    "json_value",
    "parse_count",
    "parse_json",
    "parse_list",
    "parse_objects",
    "parse_python_list",
    "restored_id",
    "split_links",
    "with_title",
    "without_surrogates",
]

# R and pandas write these for missing values.
MISSING_VALUES = frozenset(
    ("NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "NaT", "#N/A")
)

# How spreadsheets mark digits as text, and how they spell numbers.
_QUOTED = re.compile(r"""="([^"]*)"|['"](\d+)"?""", re.ASCII)
_WHOLE = re.compile(r"(\d{1,15})\.0+", re.ASCII)
_FLOATED = re.compile(r"\d(?:[.,]\d+)?[eE](?:\+\d+|1\d)", re.ASCII)

# Counts are stored as signed 64-bit integers.
_MAX_COUNT = 2**63 - 1

# No more than one zero after the point: `1.000` is a thousand in half of Europe.
_COUNT = re.compile(r"(-?\d{1,3}(?:,\d{3}){1,6}|-?\d{1,19})(?:\.0)?", re.ASCII)

# Links may contain commas: a link ends where the next one begins.
_BETWEEN_LINKS = re.compile(r",\s*(?=[a-z]+://)")

_ITEM = re.compile(
    r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s,\[\]'"][^,\]]*)""",
    re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U(0010[0-9a-f]{4}|000[0-9a-f]{5})|(.))", re.DOTALL
)
_ESCAPED_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}
SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")

_decode = json.JSONDecoder().raw_decode
_LINE_ENDS = frozenset(("", "\n", "\r\n"))


def json_encoder(
    *, sort_keys: bool = False, separators: tuple[str, str] = (", ", ": ")
) -> Callable[[object], str]:
    """The `encode` of a JSONEncoder that keeps letters as they are, for parsed JSON.

    Parsed JSON has no circular references. JSONEncoder makes its C encoder anew for each value,
    which takes five times as long as the encoding of a short list; this one makes it once.
    """
    encoder = json.JSONEncoder(
        ensure_ascii=False, check_circular=False, sort_keys=sort_keys, separators=separators
    )
    make = getattr(json_encoding, "c_make_encoder", None)
    if make is None:  # not CPython
        return encoder.encode
    between, colon = separators
    quoted = json_encoding.encode_basestring
    chunks = make(None, encoder.default, quoted, None, colon, between, sort_keys, False, True)
    return lambda value: "".join(chunks(value, 0))


json_text = json_encoder()


def without_surrogates(text: str) -> str:
    """Join surrogate pairs and replace lone surrogates, which UTF-8 can't encode, by U+FFFD."""
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def parse_count(text: str) -> int | None:
    """Parse `1234`, `1,234` or `1234.0`; None for anything else, since exports may lack counts."""
    if text.isdecimal() and len(text) < 19:
        return int(text)
    match = _COUNT.fullmatch(text.strip())
    if match is None:
        return None
    number = int(match[1].replace(",", ""))
    return number if abs(number) <= _MAX_COUNT else None


def restored_id(text: str) -> str:
    """An id without what a spreadsheet added: `="12"`, `"12"`, `'12` and `12.0` become `12`.

    Raises ValueError if digits are lost, as in `1.69E+18`.
    """
    if text.isdecimal() or text[:1].isalpha():  # nothing that a spreadsheet writes
        return text
    if quoted := _QUOTED.fullmatch(text):
        text = quoted[1] or quoted[2] or ""
    if whole := _WHOLE.fullmatch(text):
        return whole[1]
    if _FLOATED.fullmatch(text):
        raise ValueError(
            f"{text} lost its digits in a spreadsheet; export it again with ids as text"
        )
    return text


def parse_json(text: str) -> Any:
    """Parse JSON, with lone surrogates replaced by U+FFFD. Raises ValueError or RecursionError."""
    value = json_value(text)
    if "\\" in text and SURROGATE_ESCAPE.search(text):
        encoded = json_text(value)
        if (encodable := without_surrogates(encoded)) != encoded:
            return json.loads(encodable)
    return value


def json_value(text: str) -> Any:
    """What `json.loads` returns and raises, but a text without blanks around it takes less time."""
    try:
        value, end = _decode(text)
    except ValueError:  # a blank before it, or an error, on which `json.loads` says more
        return json.loads(text)
    return value if text[end : end + 3] in _LINE_ENDS else json.loads(text)


def parse_objects(text: str) -> list[dict[str, Any]]:
    """Parse a JSON list of objects; anything else is left out, since exports have odd cells."""
    try:
        items = parse_json(text) if text.startswith("[") else []
    except (ValueError, RecursionError):
        return []
    return [item for item in items if isinstance(item, dict)]


def first_texts(items: Iterable[Mapping[str, Any]], *names: str) -> tuple[str, ...]:
    """The first text of `names` that isn't empty in each object; each text once."""
    texts = (
        next((item[name] for name in names if isinstance(item.get(name), str) and item[name]), "")
        for item in items
    )
    return tuple(dict.fromkeys(stripped for text in texts if (stripped := text.strip())))


def distinct(texts: Iterable[str]) -> tuple[str, ...]:
    """Each text once, in the order of first occurrence, without empty ones."""
    return tuple(dict.fromkeys(filter(None, texts)))


def with_title(title: str, text: str) -> str:
    """A text with its title in the line above, unless the text begins with the title."""
    title, text = title.strip(), text.strip()
    return text if text.startswith(title) else f"{title}\n{text}".rstrip()


def split_links(text: str) -> tuple[str, ...]:
    """Split links joined by commas; a link may contain commas itself."""
    return distinct(part.strip(" ,") for part in _BETWEEN_LINKS.split(text))


def joined_links(text: str) -> tuple[str, ...]:
    """Split links joined by commas, and leave out what is not a link."""
    return tuple(link for link in split_links(text) if "://" in link)


def parse_list(text: str) -> tuple[str, ...]:
    """Parse a list as JSON, as Python prints it, or as `a|b`; empty values are left out."""
    if text in {"", "[]"}:
        return ()
    if not text.startswith("["):
        return tuple(item for part in text.split("|") if (item := part.strip()))
    try:
        items = json_value(text)
    except (ValueError, RecursionError):
        return parse_python_list(text)
    filled = [item for item in items if item not in ("", None)]
    texts = [item if isinstance(item, str) else json.dumps(item) for item in filled]
    return tuple(map(without_surrogates, texts))


def parse_python_list(text: str) -> tuple[str, ...]:
    """Parse a list that a Python program printed, `['a', "b's"]`, or a bare `[a, b]`."""
    if text in {"", "[]"}:
        return ()
    return tuple(
        _unescape(single or double) if single or double else bare.strip()
        for single, double, bare in _ITEM.findall(text)
        if single or double or bare
    )


def _unescape(text: str) -> str:
    return without_surrogates(_ESCAPE.sub(_character, text)) if "\\" in text else text


def _character(match: re.Match[str]) -> str:
    digits = match[1] or match[2] or match[3]
    return chr(int(digits, 16)) if digits else _ESCAPED_LETTERS.get(match[4], match[4])
