"""What single fields of an export hold: lists in several spellings, counts, odd characters."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = [
    "MISSING_VALUES",
    "distinct",
    "first_texts",
    "joined_links",
    "json_text",
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

# What R and pandas write into a table where a value is missing.
MISSING_VALUES = frozenset(
    ("NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "<NA>", "NaT", "#N/A")
)

# How spreadsheets keep digits from being taken for a number, and what they make of one.
_GUARDED = re.compile(r"""="([^"]*)"|['"](\d+)"?""", re.ASCII)
_WHOLE = re.compile(r"(\d{1,15})\.0+", re.ASCII)
_FLOATED = re.compile(r"\d(?:[.,]\d+)?[eE](?:\+\d+|1\d)", re.ASCII)

# Counts are stored as signed 64-bit integers.
_LARGEST_COUNT = 2**63 - 1

# No more than one zero after the point: `1.000` is a thousand in half of Europe.
_COUNT = re.compile(r"(-?\d{1,3}(?:,\d{3}){1,6}|-?\d{1,19})(?:\.0)?", re.ASCII)

# Links may hold commas, so that only the next link tells where one ends.
_BETWEEN_LINKS = re.compile(r",\s*(?=[a-z]+://)")

_ITEM = re.compile(
    r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^\s,\[\]'"][^,\]]*)""",
    re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:x([0-9a-f]{2})|u([0-9a-f]{4})|U(0010[0-9a-f]{4}|000[0-9a-f]{5})|(.))", re.DOTALL
)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")

# What was read from JSON refers to nothing that refers to it.
json_text = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


def without_surrogates(text: str) -> str:
    """Join surrogate pairs and put U+FFFD for lone surrogates, which UTF-8 can't hold."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def parse_count(text: str) -> int | None:
    """Read `1234`, `1,234` or `1234.0`; None for anything else, as exports leave counts out."""
    if text.isdecimal() and len(text) < 19:
        return int(text)
    match = _COUNT.fullmatch(text.strip())
    if match is None:
        return None
    number = int(match[1].replace(",", ""))
    return number if abs(number) <= _LARGEST_COUNT else None


def restored_id(text: str) -> str:
    """An id without what a spreadsheet put around it: `="12"`, `"12"`, `'12` and `12.0` are `12`.

    Raises ValueError where its digits are lost, as in `1.69E+18`.
    """
    if guarded := _GUARDED.fullmatch(text):
        text = guarded[1] or guarded[2] or ""
    if whole := _WHOLE.fullmatch(text):
        return whole[1]
    if _FLOATED.fullmatch(text):
        raise ValueError(
            f"{text} lost its digits in a spreadsheet; export it again with ids as text"
        )
    return text


def parse_json(text: str) -> Any:
    """Read JSON whose strings UTF-8 can hold. Raises ValueError or RecursionError."""
    value = json.loads(text)
    if _SURROGATE_ESCAPE.search(text):
        written = json_text(value)
        if (sound := without_surrogates(written)) != written:
            return json.loads(sound)
    return value


def parse_objects(text: str) -> list[dict[str, Any]]:
    """Read a JSON list of objects; what isn't one is left out, as exports hold odd cells."""
    try:
        items = parse_json(text) if text.startswith("[") else []
    except (ValueError, RecursionError):
        return []
    return [item for item in items if isinstance(item, dict)]


def first_texts(items: Iterable[Mapping[str, Any]], *names: str) -> tuple[str, ...]:
    """Take of each object the first of the named texts that isn't empty; each text once."""
    found = (
        next((item[name] for name in names if isinstance(item.get(name), str) and item[name]), "")
        for item in items
    )
    return tuple(dict.fromkeys(text for each in found if (text := each.strip())))


def distinct(found: Iterable[str]) -> tuple[str, ...]:
    """Each text once, in the order of the first of its kind, without empty ones."""
    return tuple(dict.fromkeys(filter(None, found)))


def with_title(title: str, text: str) -> str:
    """A text with its title in the line above, unless it repeats the title at its beginning."""
    title, text = title.strip(), text.strip()
    return text if text.startswith(title) else f"{title}\n{text}".rstrip()


def split_links(text: str) -> tuple[str, ...]:
    """Take links apart that are joined by commas, which they may hold, too."""
    return distinct(part.strip(" ,") for part in _BETWEEN_LINKS.split(text))


def joined_links(text: str) -> tuple[str, ...]:
    """Take links joined by commas apart; what is not a link is left out."""
    return tuple(link for link in split_links(text) if "://" in link)


def parse_list(text: str) -> tuple[str, ...]:
    """Read a list as JSON, as Python prints it, or as `a|b`; empty values are left out."""
    if not text.startswith("["):
        return tuple(item for part in text.split("|") if (item := part.strip()))
    try:
        items = json.loads(text)
    except (ValueError, RecursionError):
        return parse_python_list(text)
    held = (item for item in items if item not in ("", None))
    return tuple(
        without_surrogates(item if isinstance(item, str) else json.dumps(item)) for item in held
    )


def parse_python_list(text: str) -> tuple[str, ...]:
    """Read the list that a Python program printed, `['a', "b's"]`, or a bare `[a, b]`."""
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
    return chr(int(digits, 16)) if digits else _LETTERS.get(match[4], match[4])
