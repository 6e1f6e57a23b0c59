"""Times become UTC with the precision that was written."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.posts.dates.month_names import LANGUAGES
from frametrace.posts.dates.parse_time import parse_iso, parse_time, parse_unix
from frametrace.posts.model import Precision


@pytest.mark.parametrize(
    ("text", "utc", "precision"),
    [
        ("2019-08-19", "2019-08-19T00:00:00", Precision.DAY),
        ("2019-08-19 14:03", "2019-08-19T14:03:00", Precision.MINUTE),
        ("2019-08-19T14:03:22", "2019-08-19T14:03:22", Precision.SECOND),
        ("2019-08-19T14:03:22Z", "2019-08-19T14:03:22", Precision.SECOND),
        ("2019-08-19T14:03:22.000Z", "2019-08-19T14:03:22", Precision.SECOND),
        ("2019-08-19 14:03:22.123456789 UTC", "2019-08-19T14:03:22.123456", Precision.SECOND),
        ("  2019-08-19 14:03:22 GMT ", "2019-08-19T14:03:22", Precision.SECOND),
        ("2019-08-19 14:03:22 EDT", "2019-08-19T18:03:22", Precision.SECOND),
        ("2019-12-31 23:30 EST", "2020-01-01T04:30:00", Precision.MINUTE),
        ("2019-08-19T14:03:22+08:00", "2019-08-19T06:03:22", Precision.SECOND),
        ("2019-08-19T14:03:22-0330", "2019-08-19T17:33:22", Precision.SECOND),
        ("2019-08-19 14:03:22+00", "2019-08-19T14:03:22", Precision.SECOND),
        ("2019-03-01 00:30 +14:00", "2019-02-28T10:30:00", Precision.MINUTE),
        ("1566223402", "2019-08-19T14:03:22", Precision.SECOND),
        ("1566223402.0", "2019-08-19T14:03:22", Precision.SECOND),
        ("1566223402999", "2019-08-19T14:03:22", Precision.SECOND),
        ("1566223402999999", "2019-08-19T14:03:22", Precision.SECOND),
    ],
)
def test_a_time_is_read_with_its_zone_and_precision(
    text: str, utc: str, precision: Precision
) -> None:
    assert parse_time(text) == (datetime.fromisoformat(utc).replace(tzinfo=UTC), precision)


@given(
    st.from_regex(r"(?a:[012]\d{3}-[01]\d-[0-3]\d[T ][012]\d:[0-6]\d:[0-6]\d)", fullmatch=True),
    st.sampled_from(["", ".5", ".123", ".123456", ".1234567"]),
    st.sampled_from(["", "Z", "+00:00", "+08:00", " UTC"]),
    st.sampled_from([None, timezone(timedelta(hours=8))]),
)
def test_the_commonest_spelling_is_read_as_any_other(
    clock: str, part: str, written: str, zone: timezone | None
) -> None:
    if parsed := parse_iso(f"{clock}{part}{written}", zone):
        assert parsed == parse_time(f"{clock}{part}{written}", zone)


def test_the_commonest_spelling_is_recognised() -> None:
    utc = datetime(2019, 8, 19, 14, 3, 22, tzinfo=UTC), Precision.SECOND
    for text in ("2019-08-19T14:03:22Z", "2019-08-19 14:03:22", "2019-08-19T14:03:22.000+00:00"):
        assert parse_iso(text) == utc
    assert parse_iso("2019-08-19 14:03:22", timezone(timedelta(hours=8))) is None
    assert parse_iso("2019-02-30T14:03:22Z") is None


@pytest.mark.parametrize(
    "text",
    [
        "5. März 2024 14:30",
        "Di., 5. März 2024 um 14:30 Uhr",
        "Dienstag, den 5. März 2024 14.30",
        "05.03.24 14.30 Uhr",
        "05/03/2024, 14.30 Uhr",
        "5 mars 2024 à 14h30",
        "5 mars 2024 14:30",
        "5 de marzo de 2024 14:30 h",
        "5 de março de 2024 às 14:30",
        "5 marzo 2024 alle ore 14:30",
        "5 maart 2024 om 14:30 uur",
        "5 марта 2024 г. в 14:30",
        "5 Mart 2024 14:30",
        "5 آذار 2024 14:30",
        "5 مارس 2024 14:30",
        "2024年3月5日 下午2:30",
        "2024年3月5日 14时30分",
        "2024년 3월 5일 오후 2:30",
        "2024年3月5日 午後2:30",
        "5-Mar-2024 14:30",
        "mar 5 mar 2024 14:30",
    ],
)
def test_months_and_words_are_read_in_the_languages_of_exports(text: str) -> None:
    moment, _ = parse_time(text)
    assert moment.replace(hour=0, minute=0) == datetime(2024, 3, 5, tzinfo=UTC)
    assert moment.hour == 14


def test_a_day_of_a_named_month_is_a_day() -> None:
    assert parse_time("1er août 2024") == (datetime(2024, 8, 1, tzinfo=UTC), Precision.DAY)


@pytest.mark.parametrize(
    "text",
    ("5. Thermidor 2024", "vor 3 Stunden", "31. Februar 2024", "5. März 2024 um 25:00", "5 mar 31"),
)
def test_words_are_not_guess(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time"):
        parse_time(text)


def test_ambiguous_month_names_are_not_used() -> None:
    from babel import Locale

    for language in LANGUAGES:
        for width in ("wide", "abbreviated"):
            for number, name in Locale.parse(language).months["format"][width].items():
                try:
                    read, _ = parse_time(f"5 {name} 2024")
                except ValueError:
                    continue
                assert read.month == number


@pytest.mark.parametrize(
    "text",
    (
        *("", "yesterday", "9/8/2019", "8-9-2019", "2019081914", "2019-8", "2019-02-30"),
        *("2019-08-19 25:00", "2019-08-19 14", "2019-08-19 14:03:22 CST", "2019-08-19 14:03 Q"),
        *("2019-08-19 14:03 +99:99", "2019-08-19 14:03 +15:00", "2019-08-19T14:03:22Z and more"),
        *("0000-01-01", "0001-01-01 00:00 +08:00", "9999-12-31 23:00 -08:00", "٢٠١٩-٠٨-١٩"),
        *("2019-08-19\n14:03", "x" * 10_000),
    ),
)
def test_anything_else_is_refused_with_what_was_found(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time") as caught:
        parse_time(text)
    assert repr(text[:40]) in str(caught.value)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("text", ["1566223402", " 1566223402.0 ", "1566223402.999"])
def test_seconds_since_1970_are_a_time_in_utc(text: str) -> None:
    moment = datetime(2019, 8, 19, 14, 3, 22, tzinfo=UTC)
    assert parse_unix(text) == (moment, Precision.SECOND)


@pytest.mark.parametrize(
    "text", ["", "-1", "1566223402000", "1.566e9", "nan", "٣", "2019-08-19", "1_0", "9" * 5000]
)
def test_what_is_not_seconds_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time in seconds"):
        parse_unix(text)


_ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(
    st.datetimes(datetime(1000, 1, 2), datetime(9999, 12, 30), timezones=_ZONES),
    st.sampled_from(["T", " "]),
)
def test_every_time_that_python_writes_is_read_back(moment: datetime, between: str) -> None:
    read, precision = parse_time(moment.isoformat(between))
    assert read == moment
    assert read.utcoffset() == timedelta(0)
    assert precision is Precision.SECOND
