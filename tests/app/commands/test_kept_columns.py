"""A case keeps what users say of a table's columns: the next such table needs nothing."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from sampling import table_text

from frametrace.app import cli
from frametrace.app.library import add
from frametrace.case.ingest import Added
from frametrace.case.store import Case
from frametrace.posts.columns.column_map import map_from_options, read_map
from frametrace.posts.dates.day_order import DayOrder
from frametrace.posts.dates.parse_time import time_zone
from frametrace.posts.errors import SourceError, UsageError
from frametrace.posts.read_settings import ReadSettings

HEADER = ("no", "who", "when", "words")
PAIRS = ("post_id=no", "account_id=who", "posted_at=when", "text=words", "platform=Gettr")


@pytest.fixture
def case(tmp_path: Path) -> Path:
    return tmp_path / "case"


def table(
    folder: Path, name: str, *rows: tuple[str, ...], header: tuple[str, ...] = HEADER
) -> Path:
    (folder / name).write_text(table_text([header, *rows]), "utf-8", newline="")
    return folder / name


def added(case: Path, source: Path, reading: ReadSettings = ReadSettings()) -> Added:
    return add(case, source, reading=reading)


def posts(case: Path) -> dict[str, tuple[str, str, str]]:
    rows = Case(case).read("posts").to_pylist()
    return {r["post_id"]: (r["platform"], r["text"], str(r["posted_at"])) for r in rows}


def test_the_next_table_with_the_same_columns_needs_nothing(case: Path, tmp_path: Path) -> None:
    zone, order = time_zone("Asia/Hong_Kong"), DayOrder.DAY_FIRST
    first = table(tmp_path, "first.csv", ("1", "lin", "05/06/2024 10:00", "a"))
    said = ReadSettings(columns=(map_from_options(PAIRS),), zone=zone, order=order)
    assert added(case, first, said).posts == 1
    second = table(tmp_path, "second.csv", ("2", "mo", "06/06/2024 10:00", "b"))
    assert added(case, second).posts == 1
    third = table(tmp_path, "third.csv", ("c", "07/06/2024 10:00", "mo", "3"), header=HEADER[::-1])
    assert added(case, third).posts == 1
    assert posts(case) == {
        "1": ("gettr", "a", "2024-06-05 02:00:00+00:00"),
        "2": ("gettr", "b", "2024-06-06 02:00:00+00:00"),
        "3": ("gettr", "c", "2024-06-07 02:00:00+00:00"),
    }
    assert len(list((case / "columns").iterdir())) == 1


def test_what_is_said_anew_takes_the_place_of_what_is_kept(case: Path, tmp_path: Path) -> None:
    first = table(tmp_path, "first.csv", ("1", "lin", "2024-06-05 10:00", "a"))
    added(case, first, ReadSettings(columns=(map_from_options(PAIRS),), zone=time_zone("+08:00")))
    second = table(tmp_path, "second.csv", ("2", "mo", "2024-06-06 10:00", "b"))
    added(case, second, ReadSettings(zone=time_zone("UTC")))
    other = map_from_options(("post_id=no", "account_id=who", "text=when", "platform=x"))
    third = table(tmp_path, "third.csv", ("3", "mo", "2024-06-07", "c"))
    added(case, third, ReadSettings(columns=(other,)))
    added(case, table(tmp_path, "fourth.csv", ("4", "mo", "2024-06-08", "d")))
    assert posts(case) == {
        "1": ("gettr", "a", "2024-06-05 02:00:00+00:00"),
        "2": ("gettr", "b", "2024-06-06 10:00:00+00:00"),
        "3": ("twitter", "2024-06-07", "None"),
        "4": ("twitter", "2024-06-08", "None"),
    }


def test_a_known_format_is_not_read_by_a_map_of_another_table(case: Path, tmp_path: Path) -> None:
    header = ("post_id", "account_id", "text")
    mapped = ReadSettings(columns=(map_from_options(("post_id=post_id", "account_id=text")),))
    added(case, table(tmp_path, "a.csv", ("1", "lin", "mo"), header=header), mapped)
    ours = ("platform", *header)
    added(case, table(tmp_path, "b.csv", ("telegram", "2", "lin", "mo"), header=ours))
    rows = Case(case).read("posts").to_pylist()
    assert {row["post_id"]: row["account_id"] for row in rows} == {"1": "mo", "2": "lin"}


def test_a_table_with_more_columns_is_read_by_a_kept_map_if_users_say_so(
    case: Path, tmp_path: Path
) -> None:
    """Its other columns may be what the map takes a constant for."""
    first = table(tmp_path, "first.csv", ("1", "lin", "", "a"))
    added(case, first, ReadSettings(columns=(map_from_options(PAIRS),)))
    more = ("network", *HEADER, "author")
    second = table(tmp_path, "second.csv", ("VK", "2", "owner", "", "b", "mo"), header=more)
    (kept,) = (case / "columns").iterdir()
    with pytest.raises(SourceError, match=r"has more columns: 'network', 'author'\.") as caught:
        added(case, second)
    assert f"--columns {kept};" in str(caught.value)
    assert added(case, second, ReadSettings(columns=(read_map(kept),))).posts == 1


def test_what_is_read_by_a_kept_map_is_said(case: Path, tmp_path: Path) -> None:
    first = table(tmp_path, "first.csv", ("1", "lin", "", "a"))
    assert added(case, first, ReadSettings(columns=(map_from_options(PAIRS),))).by_kept == {}
    (kept,) = (case / "columns").iterdir()
    told = CliRunner().invoke(cli.frametrace, ["add", str(case), str(first)]).stdout
    assert f"columns   first.csv is read by the column map kept in the case: {kept}\n" in told


def test_a_table_that_fits_no_kept_map_is_told_of_as_without_one(
    case: Path, tmp_path: Path
) -> None:
    first = table(tmp_path, "first.csv", ("1", "lin", "", ""))
    added(case, first, ReadSettings(columns=(map_from_options(PAIRS),)))
    with pytest.raises(SourceError, match=r"no format is recognised.*frametrace inspect"):
        added(case, table(tmp_path, "other.csv", ("1", "2"), header=("a", "b")))


def test_a_damaged_map_is_told_of_with_what_to_do(case: Path, tmp_path: Path) -> None:
    first = table(tmp_path, "first.csv", ("1", "lin", "", ""))
    added(case, first, ReadSettings(columns=(map_from_options(PAIRS),)))
    (kept,) = (case / "columns").iterdir()
    for content in (b"[columns", b"\xff\xfe\0", b'[columns]\npost_id = "no"\n'):
        kept.write_bytes(content)
        with pytest.raises(UsageError) as caught:
            added(case, first)
        assert str(caught.value).startswith(f"{kept}: ")
        assert "correct it, or delete it and name that table's columns again" in str(caught.value)
    result = CliRunner().invoke(cli.frametrace, ["add", str(case), str(first)])
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    kept.unlink()
    assert added(case, first, ReadSettings(columns=(map_from_options(PAIRS),))).known == 1


def test_one_account_for_all_rows_is_kept_as_well(case: Path, tmp_path: Path) -> None:
    own = ("post_id=no", "account_id=@Lin", "text=words", "platform=facebook")
    header = ("no", "words")
    first = table(tmp_path, "first.csv", ("1", "a"), ("2", "b"), header=header)
    assert added(case, first, ReadSettings(columns=(map_from_options(own),))).posts == 2
    assert added(case, table(tmp_path, "second.csv", ("3", "c"), header=header)).posts == 1
    assert set(Case(case).read("posts")["account_id"].to_pylist()) == {"Lin"}


@pytest.mark.parametrize("account", ["account_id=nobody", "account_id=@", "account_name=@lin"])
def test_a_column_that_is_not_there_is_an_error_though_the_case_keeps_a_map(
    account: str, case: Path, tmp_path: Path
) -> None:
    first = table(tmp_path, "first.csv", ("1", "lin", "", "a"))
    added(case, first, ReadSettings(columns=(map_from_options(PAIRS),)))
    wrong = ReadSettings(columns=(map_from_options(("post_id=no", account)),))
    with pytest.raises(UsageError, match=f"first.csv lacks {account.partition('=')[2]}, which"):
        added(case, first, wrong)


def test_a_column_that_a_known_format_lacks_is_an_error(case: Path, tmp_path: Path) -> None:
    header = ("platform", "post_id", "account_id", "text")
    known = table(tmp_path, "known.csv", ("x", "1", "lin", "a"), header=header)
    wrong = ReadSettings(columns=(map_from_options(("post_id=post_id", "account_id=who")),))
    with pytest.raises(UsageError, match=r"lacks who, .* it is read by plain-csv"):
        added(case, known, wrong)
    pairs = ["--column", "post_id=post_id", "--column", "account_id=who"]
    inspected = CliRunner().invoke(cli.frametrace, ["inspect", str(known), *pairs])
    assert isinstance(inspected.exception, UsageError)


def test_a_column_whose_name_is_not_text_is_one_that_no_table_has(tmp_path: Path) -> None:
    table(tmp_path, "a.csv", ("1", "lin", "", "a"))
    table(tmp_path, "known.csv", ("x", "1", "lin"), header=("platform", "post_id", "account_id"))
    said = ReadSettings(columns=(map_from_options(("post_id=no", "account_id=\udcff")),))
    with pytest.raises(UsageError, match=r"lacks no, \\udcff, which the column map names"):
        added(tmp_path / "case", tmp_path, said)
