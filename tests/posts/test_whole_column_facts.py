"""Facts about whole columns: the order of day and month, and ids that lost their digits."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.posts.dates.day_order import DayOrder, column_orders
from frametrace.posts.model import Post, Skipped
from frametrace.posts.open_source import open_source
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.whole_column_facts import ColumnFacts

HEADER = "platform,post_id,account_id,posted_at\n"


def _read(tmp_path: Path, *rows: str, **settings: object) -> tuple[list[Post], list[Skipped]]:
    path = tmp_path / "posts.csv"
    path.write_text(HEADER + "\n".join(rows) + "\n")
    entries = list(open_source(path, ReadSettings(**settings)).entries())  # type: ignore[arg-type]
    posts = [entry for entry in entries if isinstance(entry, Post)]
    return posts, [entry for entry in entries if isinstance(entry, Skipped)]


@pytest.mark.parametrize(
    ("dates", "month"),
    [
        (("05/06/2024", "13/06/2024"), 6),
        (("05/06/2024", "06/13/2024"), 5),
        (("5/6/24 10:00", "25/6/24 10:00"), 6),
    ],
)
def test_the_order_of_day_and_month_shows_anywhere_in_the_column(
    dates: tuple[str, ...], month: int, tmp_path: Path
) -> None:
    posts, skipped = _read(tmp_path, *(f"x,{n},a,{date}" for n, date in enumerate(dates)))
    assert posts[0].posted_at is not None
    assert (posts[0].posted_at.month, skipped) == (month, [])


@pytest.mark.parametrize(
    "dates", [("05/06/2024", "07/08/2024"), ("05/06/2024", "13/06/2024", "06/13/2024")]
)
def test_where_the_column_shows_neither_or_both_the_time_is_unknown(
    dates: tuple[str, ...], tmp_path: Path
) -> None:
    rows = [f"x,{n},a,{date}" for n, date in enumerate(dates)]
    posts, skipped = _read(tmp_path, *rows)
    assert len(posts) == len(dates)
    assert posts[0].posted_at is None
    assert skipped[0].kept
    assert "whether the day or the month comes first" in skipped[0].reason


def test_where_the_column_shows_neither_order_users_may_name_it(tmp_path: Path) -> None:
    posts, skipped = _read(tmp_path, "x,1,a,05/06/2024", order=DayOrder.DAY_FIRST)
    assert (posts[0].posted_at, skipped) == (datetime(2024, 6, 5, tzinfo=UTC), [])


def test_an_order_that_the_column_contradicts_decides_nothing_and_that_is_reported_once(
    tmp_path: Path,
) -> None:
    dates = ("05/03/2024", "06/03/2024", "17/03/2024", "2024-03-18")
    rows = [f"x,{n},a,{date}" for n, date in enumerate(dates)]
    posts, skipped = _read(tmp_path, *rows, order=DayOrder.MONTH_FIRST)
    days = [post.posted_at.day if post.posted_at else None for post in posts]
    assert days == [None, None, 17, 18]
    (reported,) = skipped
    assert "'17/03/2024' in posted_at contradicts --day-order month-first" in reported.reason
    assert reported.kept


@pytest.mark.parametrize(
    ("dates", "read"),
    [
        # Each shows by itself or in its column that the year comes first.
        (("19-08-20 14:03", "19-08-31", "19/08/21"), "2019-08-20 2019-08-31 2019-08-21"),
        (("20-02-29", "24.05.06"), "2020-02-29 2024-05-06"),
        (("05.03.19", "31.08.19"), "2019-03-05 2019-08-31"),
        (("5/3/19", "17/3/19"), "2019-03-05 2019-03-17"),
        (("08/19/19", "08/09/19"), "2019-08-19 2019-08-09"),
        # Nothing shows it.
        (("19-08-20", "19/08/21"), "None None"),
        (("24.05.06",), "None"),
        (("13.06.2024", "24.05.06"), "2024-06-13 None"),
        # None of the readings is in the past.
        (("31/12/31", "98-99-99"), "None None"),
    ],
)  # fmt: skip
def test_a_year_of_two_digits_may_come_first_as_its_column_shows(
    dates: tuple[str, ...], read: str, tmp_path: Path
) -> None:
    posts, skipped = _read(tmp_path, *(f"x,{n},a,{date}" for n, date in enumerate(dates)))
    days = [str(post.posted_at.date() if post.posted_at else None) for post in posts]
    assert " ".join(days) == read
    assert len(skipped) == days.count("None")


@pytest.mark.parametrize(
    ("cells", "orders"),
    [
        (("05.06.24", "07.06.24", "09.07.24", "13.07.24", "18.07.24"), "day"),
        (("24-06-05", "24-06-07", "24-07-09", "24-07-13", "24-07-18"), "year"),
        (("05.06.24", "07.06.24", "09.07.24"), "day year"),
        (("20.05.01", "21.05.01", "22.05.01", "23.05.01", "24.05.01"), "day year"),
        (("05/06/2024", "13.06.24"), "day year"),
        (("words", "", "99/99/99"), "day month year"),
    ],
)
def test_the_one_year_of_a_column_shows_its_position(cells: tuple[str, ...], orders: str) -> None:
    found = column_orders(cells, date(2026, 1, 1))
    assert sorted(found) == [f"{each} first" for each in orders.split()]


def test_times_without_a_zone_are_of_the_zone_that_is_named(tmp_path: Path) -> None:
    rows = ("x,1,a,2024-05-01 10:00", "x,2,a,2024-05-01 10:00 PDT", "x,3,a,2024-10-27 02:30")
    posts, skipped = _read(tmp_path, *rows, zone=ZoneInfo("Europe/Berlin"))
    assert [post.posted_at for post in posts] == [
        datetime(2024, 5, 1, 8, tzinfo=UTC),
        datetime(2024, 5, 1, 17, tzinfo=UTC),
        None,  # clocks were changed in that hour
    ]
    assert len(skipped) == 1


def test_ids_that_a_spreadsheet_rounded_are_refused_where_the_column_shows_it(
    tmp_path: Path,
) -> None:
    rows = [f"x,16907733473348{n}0000,a," for n in range(3)]
    posts, skipped = _read(tmp_path, *rows)
    assert posts == []
    assert ["was rounded" in entry.reason for entry in skipped] == [True] * 3


def test_an_id_that_ends_in_zeros_by_chance_is_an_id(tmp_path: Path) -> None:
    rows = [f"x,{1690773347334800000 + n},a," for n in range(100)]
    posts, skipped = _read(tmp_path, *rows)
    assert len(posts) == 100
    assert skipped == []


@given(st.lists(st.integers(10**18, 9 * 10**18), min_size=40, max_size=80))
def test_genuine_ids_are_never_taken_for_rounded_ones(ids: list[int]) -> None:
    # One of 10,000 ends in four zeros: two in 80 are beyond what a test meets.
    cells = [str(number) for number in ids if number % 10_000]
    facts = ColumnFacts(lambda _: iter(cells))
    few = sum(cell.endswith("00") for cell in cells) < len(cells) / 2
    assert not few or not any(facts.is_rounded("id", cell) for cell in cells)


@given(st.lists(st.integers(10**18, 9 * 10**18), min_size=1, max_size=40))
def test_what_a_spreadsheet_makes_of_ids_is_always_refused(ids: list[int]) -> None:
    cells = [str(int(float(f"{number:.14e}")) // 10_000 * 10_000) for number in ids]
    facts = ColumnFacts(lambda _: iter(cells))
    assert all(facts.is_rounded("id", cell) for cell in cells)
