"""Spells whole columns of a table as the cells of a CSV file, which no spreadsheet runs."""

import json
from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.app.output.video_words import spans_cell
from frametrace.matcher.result_schemas import EVIDENCE, SPANS

__all__ = ["cells_of", "csv_lines", "quoted"]

_BOXES = EVIDENCE.field("altered").type
_TEXT = pa.large_string()  # the cells of many rows, or a few hostile ones, may exceed 2 GiB

# The start of a formula in spreadsheets (OWASP, "CSV Injection"), also in full width; apostrophes
# before it are included, so that removing one always restores the original.
_FORMULA = "^'*[=+\\-@\t\r\n＝＋－＠]"
_FORMULA_BYTES = frozenset(b"=+-@\t\r\n\xef")  # the last begins characters of full width

# What controls a terminal that shows the file: C0 but tab and line ends, DEL, and C1.
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}]"
_CONTROL_BYTES = frozenset(range(0x20)) - frozenset(b"\t\r\n") | {0x7F, 0xC2}  # C2 begins C1

_QUOTED = '[",\r\n]'  # RFC 4180
_QUOTED_BYTES = frozenset(b'",\r\n')
_JSON_BYTES = (*b'\\"', *range(0x20))  # the backslash first: the others are written with it

_PLAIN_BYTES = bytes(
    set(range(256)) - _FORMULA_BYTES - _CONTROL_BYTES - _QUOTED_BYTES - set(_JSON_BYTES)
)

_DECIMALS = 1_000_000
_SMALL = 1e-4  # smaller numbers have four significant digits
# Below this, six decimals make at most 15 significant digits, which float64 holds exactly.
_LARGE = 1e9
_UNITS = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}  # in a second


def cells_of(column: pa.Array) -> pa.Array:
    """The cells of a column, as they stand in the file; null where they are empty.

    Raises `TypeError` for a type that no table has.
    """
    kind = column.type
    if column.null_count == len(column):
        return pa.nulls(len(column), _TEXT)
    if kind == _BOXES:
        return quoted(_boxes(column))
    if kind == SPANS:
        spans = column.to_pylist()
        return quoted(pa.array([None if row is None else spans_cell(row) for row in spans], _TEXT))
    if _is_text(kind):
        return quoted(_without_formulas(_without_control(column.cast(_TEXT))))
    if pa.types.is_list(kind):
        return quoted(pc.if_else(column.is_valid(), _json(column), None))
    return _plain(column, _number)


def quoted(text: pa.Array) -> pa.Array:
    """Large strings as fields of a row: quoted where they hold a comma, a quote or a line end."""
    special = _special_bytes(text)
    if not special & _QUOTED_BYTES:
        return text
    doubled = pc.replace_substring(text, '"', '""') if ord('"') in special else text
    return pc.if_else(pc.match_substring_regex(text, _QUOTED), _joined('"', doubled, '"'), text)


def csv_lines(columns: Sequence[pa.Array]) -> memoryview:
    """The rows of some columns of cells, each with a line feed, in UTF-8."""
    if len(columns) == 1:  # an empty line would be no row
        only = columns[0].fill_null("")
        columns = [pc.if_else(pc.equal(pc.binary_length(only), 0), '""', only)]
    comma = pa.scalar(",", _TEXT)
    rows = pc.binary_join_element_wise(
        *columns, comma, null_handling="replace", null_replacement=""
    )
    lines = _joined(rows, "\n")
    return _bytes_of(lines)


def _is_text(kind: pa.DataType) -> bool:
    is_text = pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view
    return any(check(kind) for check in is_text)


def _plain(column: pa.Array, number: Callable[[float], str]) -> pa.Array:
    """Numbers, booleans and times as text; `number` spells what six decimals can't."""
    kind = column.type
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind):
        return column.cast(_TEXT)
    if pa.types.is_floating(kind):
        return _numbers(column, number)
    if pa.types.is_timestamp(kind):
        return _times(column)
    raise TypeError(f"a column of {kind} has no spelling in CSV")


def _without_control(text: pa.Array) -> pa.Array:
    if _special_bytes(text) & _CONTROL_BYTES:
        return pc.replace_substring_regex(text, _CONTROL, " ")
    return text


def _without_formulas(text: pa.Array) -> pa.Array:
    if _special_bytes(text) & _FORMULA_BYTES:
        return pc.if_else(pc.match_substring_regex(text, _FORMULA), _joined("'", text), text)
    return text


def _numbers(column: pa.Array, number: Callable[[float], str]) -> pa.Array:
    """Numbers with up to six decimals; `number` spells the rest, one by one.

    Rounding is monotonic: if the product of x and 10**6 comes out on one side of a number that ends
    in .5, then x is on that side of the middle between two decimals. Only if it comes out as that
    number itself, x may be on either side.
    """
    values = column.fill_null(0).to_numpy(zero_copy_only=False).astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = values * _DECIMALS
        size = np.abs(values)
        is_certain = scaled - np.floor(scaled) != 0.5
        is_plain = (size >= _SMALL) & (size < _LARGE) & is_certain | (size == 0)
        rounded = np.where(is_plain, np.rint(scaled), 0) / _DECIMALS
    text = pa.array(rounded).cast(_TEXT)
    if not is_plain.all():
        others = pa.array([number(value) for value in values[~is_plain].tolist()], _TEXT)
        text = pc.replace_with_mask(text, pa.array(~is_plain), others)
    return pc.if_else(column.is_valid(), text, None)


def _number(value: float) -> str:
    """Six decimals without final zeros; of a very small number, four significant digits."""
    if 0 < abs(value) < _SMALL:
        return f"{value:.3e}"
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _times(column: pa.Array) -> pa.Array:
    """Times in ISO 8601, to the second; in UTC if they have a time zone."""
    units = column.fill_null(0).view(pa.int64()).to_numpy()
    seconds = np.floor_divide(units, _UNITS[column.type.unit])
    times = pa.array(seconds, mask=column.is_null().to_numpy(zero_copy_only=False))
    text = pc.replace_substring(times.view(pa.timestamp("s")).cast(_TEXT), " ", "T")
    return _joined(text, "Z") if column.type.tz else text


def _boxes(column: pa.Array) -> pa.Array:
    """Parts of a picture, in fractions of its width and height."""
    sides = [side.to_pylist() for side in column.flatten().flatten()]
    boxes = [",".join(f"{side:.3f}" for side in box) for box in zip(*sides, strict=True)]
    return _lists(column, pa.array(boxes, _TEXT), "; ")


def _json(values: pa.Array) -> pa.Array:
    """Each value as JSON, spelled as by `json.dumps`, with numbers and times as in cells."""
    kind = values.type
    if pa.types.is_list(kind):
        text = _joined("[", _lists(values, _json(values.flatten()), ", "), "]")
    elif pa.types.is_struct(kind):
        names = [f"{json.dumps(field.name)}: " for field in kind]
        fields = zip(names, values.flatten(), strict=True)
        pairs = [_joined(name, _json(field)) for name, field in fields]
        record = pc.binary_join_element_wise(*pairs, pa.scalar(", ", _TEXT))
        text = pc.if_else(values.is_valid(), _joined("{", record, "}"), None)
    elif _is_text(kind):
        text = _json_text(values.cast(_TEXT))
    elif pa.types.is_null(kind):
        text = pa.nulls(len(values), _TEXT)
    else:
        text = _plain(values, lambda number: json.dumps(float(_number(number))))
        if pa.types.is_floating(kind):
            is_whole = pc.match_substring_regex(text, "^-?[0-9]+$")
            text = pc.if_else(is_whole, _joined(text, ".0"), text)
        elif pa.types.is_timestamp(kind):
            text = _joined('"', text, '"')
    return text.fill_null("null")


def _json_text(text: pa.Array) -> pa.Array:
    special = _special_bytes(text)
    for code in _JSON_BYTES:
        if code in special:
            text = pc.replace_substring(text, chr(code), json.dumps(chr(code))[1:-1])
    return _joined('"', _without_control(text), '"')


def _lists(column: pa.Array, values: pa.Array, separator: str) -> pa.Array:
    """The values of each list in `column`, which `values` spells, joined; null for no list."""
    lengths = pc.list_value_length(column).fill_null(0).to_numpy()
    offsets = pa.array(np.append(0, np.cumsum(lengths)), pa.int64())
    lists = pa.LargeListArray.from_arrays(offsets, values)
    joined = pc.binary_join(lists, pa.scalar(separator, _TEXT))
    return pc.if_else(column.is_valid(), joined, None)


def _joined(*parts: pa.Array | str) -> pa.Array:
    """Texts and columns of large strings put together; null where one of them is."""
    scalars = [pa.scalar(part, _TEXT) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*scalars, pa.scalar("", _TEXT))


def _special_bytes(text: pa.Array) -> frozenset[int]:
    """Which bytes occur in large strings, of those that any rule here is about."""
    return frozenset(bytes(_bytes_of(text)).translate(None, _PLAIN_BYTES))


def _bytes_of(text: pa.Array) -> memoryview:
    """The bytes of large strings, one after the other."""
    if not len(text):
        return memoryview(b"")
    _, offsets, data = text.buffers()
    at = np.frombuffer(offsets, np.int64)[text.offset : text.offset + len(text) + 1]
    return memoryview(data or b"")[at[0] : at[-1]]
