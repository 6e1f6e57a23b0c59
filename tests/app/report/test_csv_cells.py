"""The cells of whole columns are those that a plain rule spells one by one."""

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trying import examples

from frametrace.app.report.csv_cells import cells_of
from frametrace.app.report.csv_tables import rows_of, write_csv
from frametrace.matcher.result_schemas import EVIDENCE

FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
BOXES = EVIDENCE.field("altered").type


def plain_cell(value):
    match value:
        case None:
            return ""
        case float() if 0 < abs(value) < 1e-4:
            return f"{value:.3e}"
        case float():
            return f"{value:.6f}".rstrip("0").rstrip(".")
        case datetime():
            return value.isoformat(timespec="seconds").replace("+00:00", "Z")
        case int() | list():
            return CONTROL.sub(" ", json.dumps(for_json(value), ensure_ascii=False))
    return without_formula(CONTROL.sub(" ", value))


def without_formula(text):
    return f"'{text}" if FORMULA.match(text) else text


def for_json(value):
    match value:
        case list():
            return [for_json(item) for item in value]
        case dict():
            return {name: for_json(item) for name, item in value.items()}
        case float():
            return float(plain_cell(value))
        case datetime():
            return plain_cell(value)
    return value


def plain_boxes(boxes):
    return "; ".join(",".join(f"{side:.3f}" for side in box.values()) for box in boxes or ())


def plain_file(table):
    """The bytes of the file, written cell by cell."""
    sink = io.StringIO(newline="")
    csv.writer(sink).writerow(table.column_names)
    rows = [sink.getvalue()]
    for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
        cells = [
            plain_boxes(value) if field.type == BOXES else plain_cell(value)
            for field, value in zip(table.schema, row, strict=True)
        ]
        sink = io.StringIO(newline="")
        csv.writer(sink).writerow(cells)
        rows.append(sink.getvalue())
    return "".join(row.removesuffix("\r\n") + "\n" for row in rows).encode()


TEXTS = st.text() | st.text(alphabet="'=+-@\t\r\n＝＠a,\"\\\0\x07\x7f\x80\x9f\xa0é语😀", max_size=6)
MIDDLES = st.integers(-3_000_000, 3_000_000).map(lambda k: (k + 0.5) / 1e6)
STEPS = st.integers(-(10**6), 10**6).map(lambda k: k / 128)
FLOATS = st.floats() | st.floats(-2, 2) | st.floats(-1e-4, 1e-4) | MIDDLES | STEPS
FLOATS |= st.sampled_from([0.0, -0.0, 1e-4, 9.99996e-5, 1e9, 999999999.9999999, 1e16, 123456.75])
TIMES = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))
TIMES |= st.integers(-3_000_000, 3_000_000).map(
    lambda us: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
)
FRACTION = st.floats(0, 1, width=32)
SIMPLE = st.sampled_from(
    [
        (pa.string(), TEXTS),
        (pa.large_string(), TEXTS),
        (pa.bool_(), st.booleans()),
        (pa.int32(), st.integers(-(2**31), 2**31 - 1)),
        (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
        (pa.float32(), st.floats(width=32) | STEPS | st.floats(0, 1, width=32)),
        (pa.float64(), FLOATS),
        (pa.timestamp("us", tz="UTC"), TIMES),
        (pa.timestamp("ms", tz="UTC"), TIMES.map(lambda t: t.replace(microsecond=0))),
    ]
)


def optional(values):
    return st.none() | values


def list_type(inner):
    kind, values = inner
    return pa.list_(kind), st.lists(optional(values), max_size=3)


def struct_type(fields):
    kinds = [(f'"{name}\n', kind) for name, (kind, _) in zip("abc", fields, strict=False)]
    values = {name: optional(inner[1]) for (name, _), inner in zip(kinds, fields, strict=True)}
    return pa.struct(kinds), st.fixed_dictionaries(values)


NESTED = st.recursive(
    SIMPLE.map(list_type),
    lambda inner: (
        inner.map(list_type)
        | st.lists(SIMPLE | inner, min_size=1, max_size=3).map(struct_type).map(list_type)
    ),
    max_leaves=4,
)
BOXES_OF = st.tuples(
    st.just(BOXES),
    st.just(
        st.lists(st.fixed_dictionaries(dict.fromkeys(BOXES.value_type.names, FRACTION)), max_size=2)
    ),
)


@st.composite
def tables(draw):
    kinds = draw(st.lists(SIMPLE | NESTED | BOXES_OF, min_size=1, max_size=4))
    rows = draw(st.integers(0, 5))
    columns = [
        pa.array(draw(st.lists(optional(values), min_size=rows, max_size=rows)), kind)
        for kind, values in kinds
    ]
    names = draw(st.lists(TEXTS, min_size=len(kinds), max_size=len(kinds), unique=True))
    start = draw(st.integers(0, rows))
    return pa.Table.from_arrays(columns, names=names).slice(start)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


@examples(300)
@given(tables())
def test_whole_columns_are_written_as_cell_by_cell(folder, table):
    write_csv(folder / "t.csv", table)
    assert (folder / "t.csv").read_bytes() == plain_file(table)


def test_numbers_are_rounded_as_by_python():
    draws = np.random.default_rng(0)
    numbers = [
        *draws.integers(0, 2**32, 20_000, np.uint32).view(np.float32).tolist(),
        *draws.integers(0, 2**63, 5_000, np.int64).view(np.float64).tolist(),
        *(draws.random(20_000) * 10.0 ** draws.integers(-6, 9, 20_000)).tolist(),
        *(draws.random(5_000) * 10.0 ** draws.integers(9, 20, 5_000)).tolist(),
        *((draws.integers(0, 10**9, 10_000) + 0.5) / 1e6).tolist(),
        *((draws.integers(0, 10**15, 10_000) + 0.5) / 1e6).tolist(),
    ]
    cells = cells_of(pa.array(numbers, pa.float64())).to_pylist()
    assert cells == [plain_cell(number) for number in numbers]


def back(cell):
    """What the documentation says a reader does: take one apostrophe away where one was put."""
    bare = cell.removeprefix("'")
    return bare if cell.startswith("'") and without_formula(bare) == cell else cell


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_no_cell_begins_a_formula_and_each_gives_back_its_text(folder, texts):
    write_csv(folder / "t.csv", pa.table({"a": texts, "b": texts}))
    for (cell, _), text in zip(rows_of(folder / "t.csv", "ab", "table"), texts, strict=True):
        assert cell[:1] not in set("=+-@\t\r\n＝＋－＠")
        assert back(cell) == CONTROL.sub(" ", text)


def test_a_type_without_a_spelling_is_refused():
    with pytest.raises(TypeError, match="a column of binary has no spelling"):
        cells_of(pa.array([b"a"]))
