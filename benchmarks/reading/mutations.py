"""Mutates files: what goes wrong by accident, and what an attacker does to break a reader."""

import csv
import io
import json
from collections.abc import Callable
from random import Random
from typing import Any

__all__ = ["AWKWARD", "mutated_bytes", "mutated_json", "mutated_table", "mutated_text"]

AWKWARD = (
    *("", " ", "NA", "null", "nan", "-", "0", "-1", "1e400", "1E+18", "9" * 30, "9" * 5000, "٣"),
    *("1,23", "1.69E+18", '="12"', "'12", "0x10", "1e999999999", "inf", "true", "[", "{", "[[1]]"),
    *("['", '["a', "[" * 2000, '{"a":' * 2000, "('a',)", "[None, True]", "datetime.datetime(1, 2)"),
    *("99/99/9999", "0/0/0000", "05/06/2024", "31.12.9999 23:59", "1/1/1", "2024-02-30"),
    *("9999-12-31T23:59:59-14:00", "0001-01-01 00:00 +14:00", "Jan 99, 99999 99:99 PM XYZ"),
    *("Sat Dec 31 23:59:60 +9999 9999", "1" * 10, "1" * 13, "99999999999", "14:03 XST", "may may"),
    *("May 1 2 3 4 5 6 7", "1999999999999999", "20240501T999999", "2024年13月1日", "mar:mar:mar"),
    *("https://[", "http://x/?fbid=&v=%00", "//", "http://[::1]:99999999/", "a://" + "b" * 500),
    *(
        "https://t.co/%ff%fe",
        "../../../../etc/passwd",
        "/etc/passwd",
        "C:\\a\\b.jpg",
        "\\\\s\\x.jpg",
    ),
    *("a/../../b.jpg", "~/x.jpg", "file:///etc/passwd", "CON", "a" * 300 + ".jpg", "photo_1.jpg"),
    *(
        "\0",
        "\ud800",
        "\udfff\ud800",
        "\u202e",
        "\u2028",
        "\u2029",
        "\x85",
        "\x0b",
        "\x1c",
        "\x1b[2J",
    ),
    *(
        "\ufeff",
        "\ufffe",
        "\r",
        "\n",
        "\r\n",
        '"',
        "'",
        ",",
        ";",
        "\t",
        "|",
        "\\",
        "\\ud800",
        "\\u",
    ),
    *("<br>" * 500, "<" * 3000, "&#" + "9" * 6000 + ";", "&amp;" * 500, "<a href='" * 500, "]]>"),
    *(
        "&lol;",
        "<!DOCTYPE x [<!ENTITY a 'b'>]>",
        "<svg/onload=1>",
        "=cmd|' /C calc'!A0",
        "🔥" * 100,
    ),
    *(
        "é" * 1000,
        "\u0301" * 3000,
        "ﷺ" * 100,
        "#" * 3000,
        "@" * 3000,
        "http://a " * 1000,
        "|" * 3000,
    ),
    *("'" * 2001, '\\"' * 2001, "{{7*7}}", "%s%n", "${jndi:ldap://x}", "x" * 100_000),
)

_MUCH = 2_000_000  # characters of one repeated value
_SIGNS = (b"\0", b'"', b"'", b",", b"\n", b"\r", b"\xff", b"\xef\xbb\xbf", b"\\", b"{", b"}", b"[")
_SIGNS += (b"]", b"<", b">", b"\x80", b"\xed\xa0\x80", b"\xe2\x80\xa8", b"\xc2\x85", b"\x1a", b"\t")
_SIGNS += (
    b"sep=",
    b"\xf4\x90\x80\x80",
    b":",
    b";",
    b"|",
    b"\x1f\x8b",
    b"PK\x03\x04",
    b"&#x110000;",
)


def mutated_bytes(data: bytes, rng: Random) -> bytes:
    """Bytes changed, cut, doubled or put in; lengths that binary formats write made huge."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3, 8))):
        at = rng.randrange(len(changed) + 1)
        match rng.randrange(8):
            case 0:
                changed[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del changed[at : at + rng.choice((1, 2, 10, 1000))]
            case 2:
                del changed[at:]
            case 3:
                changed[at:at] = changed[at : at + rng.choice((1, 30, 3000))]
            case 4:
                changed[at:at] = rng.choice(_SIGNS) * rng.choice((1, 1, 1, 3, 4000))
            case 5:
                if at < len(changed):
                    changed[at] ^= 1 << rng.randrange(8)
            case 6:
                size = rng.choice((2, 4, 8))
                changed[at : at + size] = rng.choice((b"\xff", b"\x7f", b"\0", b"\x80")) * size
            case 7:
                end = rng.randrange(len(changed) + 1)
                changed[at:at] = changed[end : end + 200]
    return bytes(changed)


def mutated_text(data: bytes, rng: Random) -> bytes:
    """Lines and words changed, cut, doubled or put in; the result is still text."""
    lines = data.decode("utf-8", "surrogateescape").splitlines(keepends=True)
    for _ in range(rng.choice((1, 2, 4))):
        at = rng.randrange(len(lines) + 1)
        match rng.randrange(8):
            case 0 if at < len(lines):
                lines.append(lines[at])
            case 1:
                del lines[at : at + 1]
            case 2 if at < len(lines):
                place = rng.randrange(len(lines[at]) + 1)
                lines[at] = lines[at][:place] + rng.choice(AWKWARD) + lines[at][place:]
            case 3:
                lines.insert(at, rng.choice(AWKWARD) + rng.choice(("", "\n", "\r", "\u2028")))
            case 4 if at < len(lines):
                lines[at] = lines[at].replace("\n", rng.choice(("\r", "\r\n", "\x85", "")))
            case 5:
                lines.insert(0, rng.choice(("\ufeff", "sep=;\n", "sep=\n", "sep=\0\n", "\n" * 50)))
            case 6 if at < len(lines):
                lines[at] *= rng.choice((2, 100)) if len(lines[at]) < 20_000 else 2
            case _:
                rng.shuffle(lines)
    return "".join(lines).encode("utf-8", "surrogatepass")


def mutated_table(data: bytes, rng: Random) -> bytes:
    """A table with other cells, columns, separators and quotes."""
    text = data.decode("utf-8-sig", "replace")
    separator = max(",;\t", key=text.partition("\n")[0].count)
    csv.field_size_limit(2**31)
    rows = list(csv.reader(io.StringIO(text.replace("\0", ""), newline=""), delimiter=separator))
    for _ in range(rng.choice((1, 3, 10))):
        row = rng.choice(rows)
        at = rng.randrange(len(row) + 1)
        match rng.randrange(12):
            case 0 | 1 | 2 | 3 | 4 if row:
                row[at % len(row)] = rng.choice(AWKWARD)
            case 5 if rows[0]:
                column = rng.randrange(len(rows[0]))
                value = rng.choice(AWKWARD)
                rows[1:] = [[*row[:column], value, *row[column + 1 :]] for row in rows[1:]]
            case 6:
                row.insert(at, rng.choice(AWKWARD))
            case 7:
                rows[0] = [*rows[0], *rows[0]]
            case 8:
                width = rng.choice((100, 3000, 100_000 if rng.random() < 0.1 else 10))
                rows[rng.choice((0, -1))] += [rng.choice(("x", ""))] * width
            case 9:
                rows.insert(rng.randrange(4), ["A report", "of 2024"])
            case 10:
                rng.shuffle(rows)
            case _:
                rows += rows[1:]
    sink = io.StringIO(newline="")
    rule = rng.choice((csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC))
    written = csv.writer(
        sink,
        delimiter=rng.choice((separator, separator, ",", ";", "\t", "|")),
        quotechar=rng.choice('"""\''),
        quoting=rule,
        lineterminator=rng.choice(("\r\n", "\n", "\n", "\r")),
    )
    written.writerows(rows)
    return sink.getvalue().encode("utf-8", "surrogatepass")


def mutated_json(data: bytes, rng: Random) -> bytes:
    """Records or a document with other values, deeper, wider, doubled."""
    text = data.decode("utf-8-sig", "replace")
    script = text[: text.index("[")] if text.startswith("window") else ""
    text = text.removeprefix(script)
    try:
        values = [json.loads(text)]
    except ValueError:
        values = [_or_text(line) for line in text.splitlines() if line.strip()]
    for _ in range(rng.choice((1, 2, 6))):
        _change(values, rng)
    ascii_only = rng.random() < 0.5
    gap = rng.choice(("\n", "\n", "\r\n", "", " ", ","))
    written = (_spelled(value, ascii_only, rng) for value in values)
    return (script + gap.join(written)).encode("utf-8", "surrogatepass")


def _or_text(line: str) -> Any:
    try:
        return json.loads(line)
    except ValueError:
        return line


def _spelled(value: Any, ascii_only: bool, rng: Random) -> str:
    indent = rng.choice((None, None, 1))
    try:
        text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    except RecursionError:
        text = "[]"
    if rng.random() < 0.05:  # a number that no type holds
        text = text.replace(":", f': {rng.choice(("1e400", "9" * 5000, "-", "1" * 25))}, "x":', 1)
    return text


def _change(values: list[Any], rng: Random) -> None:
    holder: Any = values
    key: Any = rng.randrange(len(values)) if values else None
    while key is not None and rng.random() < 0.85:
        inner = holder[key]
        if isinstance(inner, dict) and inner:
            holder, key = inner, rng.choice(list(inner))
        elif isinstance(inner, list) and inner:
            holder, key = inner, rng.randrange(len(inner))
        else:
            break
    if key is None:
        return
    value = holder[key]
    changes: tuple[Callable[[], Any], ...] = (
        lambda: rng.choice(AWKWARD),
        lambda: rng.choice(AWKWARD),
        lambda: rng.choice((None, True, 10**30, -1, 1e308, float("nan"), float("inf"), 2**63, 0)),
        lambda: rng.choice(([], {}, [[]], [None], {"": ""}, [{}], {"id": []}, {"$oid": "x"})),
        lambda: [value],
        lambda: {"a": value},
        lambda: (
            {**value, rng.choice(AWKWARD)[:2000]: value} if isinstance(value, dict) else str(value)
        ),
        lambda: _deep(value, rng.choice((10, 60, 400))),
        lambda: _repeated(value, rng.choice((2, 300))),
        lambda: {f"k{number}": number for number in range(rng.choice((10, 20_000)))},
    )
    holder[key] = rng.choice(changes)()
    if isinstance(holder, dict) and rng.random() < 0.2:
        del holder[key]


def _repeated(value: Any, times: int) -> Any:
    """A list of copies of the value, so that what is changed in one later is not in all."""
    try:
        text = json.dumps(value)
        return [json.loads(text) for _ in range(times if times * len(text) < _MUCH else 2)]
    except RecursionError:
        return [value]


def _deep(value: Any, levels: int) -> Any:
    for level in range(levels):
        value = [value] if level % 2 else {"a": value}
    return value
