"""Column maps: those of known tools, what users write, and the keys that they give to posts."""

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping import Posting, Reading, post_mapped, read_mapped
from sampling import FIXTURES, built_of, is_sound, table_text

from frametrace.posts.columns.column_map import (
    FIELDS,
    ColumnMap,
    header_digest,
    map_as_toml,
    map_from_options,
    read_map,
    shipped_maps,
)
from frametrace.posts.dates.day_order import DayOrder
from frametrace.posts.dates.parse_time import time_zone
from frametrace.posts.errors import SourceError, UsageError
from frametrace.posts.model import AccountKind, Post, Skipped
from frametrace.posts.open_source import open_source
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.readers import READERS

SAMPLES = sorted((FIXTURES / "columns").glob("*.expected.json"))
every_shipped = pytest.mark.parametrize(
    "expected", SAMPLES, ids=lambda path: path.name.split(".")[0]
)


@pytest.fixture
def read(tmp_path: Path) -> Reading:
    return partial(read_mapped, tmp_path)


@pytest.fixture
def post(tmp_path: Path) -> Posting:
    return partial(post_mapped, tmp_path)


# The maps that are shipped


def test_every_map_has_a_sample() -> None:
    assert [found.name for found in shipped_maps()] == [path.name.split(".")[0] for path in SAMPLES]


@every_shipped
def test_a_sample_reads_as_expected(expected: Path) -> None:
    wanted = json.loads(expected.read_text("utf-8"))
    opened = open_source(expected.with_name(wanted["reads"]))
    entries = list(opened.entries())
    built = [built_of(Post, written, wanted["reads"]) for written in wanted["posts"]]
    assert [entry for entry in entries if isinstance(entry, Post)] == built
    skipped = [entry for entry in entries if isinstance(entry, Skipped)]
    assert [entry.line for entry in skipped] == [row["line"] for row in wanted["skipped"]]
    for entry, row in zip(skipped, wanted["skipped"], strict=True):
        assert entry.reason.startswith(row["reason"])
    assert all(map(is_sound, entries))
    assert [part.reader.name for part in opened.parts] == [expected.name.split(".")[0]]


@every_shipped
def test_no_reader_takes_a_sample_for_its_own(expected: Path) -> None:
    head = open_source(expected.with_name(expected.name.split(".")[0] + ".csv")).parts[0].head
    assert [reader.name for reader in READERS if reader.recognises(head)] == []
    assert len([found.name for found in shipped_maps() if found.fits(head.names)]) == 1


@pytest.mark.parametrize(("name", "lines_before"), [("brandwatch", 6), ("meltwater", 0)])
def test_a_table_as_the_tool_writes_it_reads_like_the_plain_one(
    name: str, lines_before: int
) -> None:
    plain, real = (
        list(open_source(FIXTURES / "columns" / f"{name}{suffix}").entries())
        for suffix in (".csv", ".real.csv")
    )
    assert [replace(entry, source="", line=entry.line + lines_before) for entry in plain] == [
        replace(entry, source="") for entry in real
    ]


# What users write


def test_a_map_assigns_columns_to_fields(post: Posting) -> None:
    row = {"no": "7", "who": "Lin", "when": "05/06/2024 10:00", "words": "look", "likes": "1,200"}
    row |= {"hearts": "3", "network": "X", "note": "kept", "shown": "1.2K", "seen": ""}
    found = post(
        {**row, "number": "", "sent": ""},
        toml="""
timezone = "Asia/Hong_Kong"
day_order = "day-first"
account_kind = "page"
[columns]
platform = "network"
post_id = "no"
account_id = ["number", "who"]
posted_at = ["sent", "when"]
text = "words"
engagement.likes = ["seen", "likes", "hearts"]
"engagement.views" = "shown"
""",
    )
    assert (found.platform, found.post_id, found.account_id) == ("twitter", "7", "lin")
    assert found.account_kind is AccountKind.PAGE
    assert str(found.posted_at) == "2024-06-05 02:00:00+00:00"
    assert found.engagement == {"likes": 1200}
    assert found.extra == {"hearts": "3", "shown": "1.2K", "note": "kept"}


def test_options_work_like_a_map_and_override_it(post: Posting) -> None:
    row = {"id": "7", "user": "lin", "caption": "look", "alt": "", "title": "t"}
    found = post(
        row, "platform=Facebook", "post_id=id", "account_id=user", "text=alt", "text=title"
    )
    assert (found.platform, found.account_id, found.text) == ("facebook", "lin", "t")
    base = map_from_options(("post_id=id", "account_id=user", "text=title"))
    assert map_from_options(("text=caption", "account_kind=group"), base).columns == {
        "post_id": ("id",),
        "account_id": ("user",),
        "text": ("caption",),
        "account_kind": ("group",),
    }


def test_one_column_may_be_two_fields(post: Posting) -> None:
    link = "https://www.example.org/a"
    found = post({"url": link, "by": "Lin L."}, "post_id=url", "links=url", "account_name=by")
    assert (found.post_id, found.links, found.platform) == (link, (link,), "example.org")
    assert (found.account_id, found.account_name) == ("Lin L.", "Lin L.")


def test_an_account_without_an_id_is_named_by_its_name_which_stays(
    post: Posting, read: Reading
) -> None:
    pairs = ("post_id=id", "account_id=no", "account_name=by")
    named = post({"id": "7", "no": "", "by": "Lin"}, *pairs)
    assert (named.account_id, named.account_name) == ("Lin", "Lin")
    (skipped,) = read({"id": "7", "no": "", "by": " "}, *pairs)
    assert isinstance(skipped, Skipped)
    assert skipped.reason == "no or by is empty"
    (skipped,) = read({"id": "7", "no": ""}, *pairs[:2])
    assert isinstance(skipped, Skipped)
    assert skipped.reason == "no is empty"


def test_records_have_columns_as_well(tmp_path: Path) -> None:
    source = tmp_path / "posts.json"
    pictures = [{"href": "https://example.org/a.jpg"}, {"href": ""}]
    record = {"key": "7", "by": {"name": "lin"}, "pictures": pictures, "tags": [{"name": "hk"}]}
    source.write_text(json.dumps({"items": [record]}), "utf-8")
    pairs = ("post_id=key", "account_id=by.name", "media=pictures", "hashtags=tags")
    columns = map_from_options(pairs)
    (found,) = open_source(source, ReadSettings(columns=(columns,))).entries()
    assert isinstance(found, Post)
    assert (found.account_id, found.media) == ("lin", ("https://example.org/a.jpg",))
    assert found.hashtags == ("hk",)


@pytest.mark.parametrize(
    ("toml", "reason"),
    [
        ("[columns", "can't be read"),
        ("", "it has no table"),
        ("columns = 1", "it has no table"),
        ('[columns]\npost_id = "a"', "no column for account_id"),
        ('[columns]\naccount_id = "a"', "no column for post_id"),
        ('[columns]\npost_id = 1\naccount_id = "a"', "post_id must name a column"),
        ('[columns]\npost_id = []\naccount_id = "a"', "post_id must name a column"),
        ('[columns]\npost_id = ["a", 1]\naccount_id = "a"', "post_id must name a column"),
        ('[columns]\npost_id = " "\naccount_id = "a"', "post_id must name a column"),
        ('[columns]\nauthor = "a"', "'author' is not a field"),
        ('[columns]\nengagement = "a"', "engagement must name its count"),
        ('[columns]\n"engagement." = "a"', "'engagement.' is not a field"),
        ('zone = "UTC"\n[columns]', "'zone' is not a setting"),
        ("platform = 1\n[columns]", "platform must be a text"),
        ('timezone = "CST"\n[columns]', "timezone: there is no time zone 'CST'"),
        ('day_order = "first"\n[columns]', "day_order is day first, month first"),
        ('account_kind = "bot"\n[columns]', "account_kind is one of account, page"),
        ('time_format = "%H:%M"\n[columns]', "time_format '%H:%M' needs a day"),
        ('[columns]\npost_id = "a"\naccount_id = "b"\nposted_at_time = "c"', "posted_at must name"),
        ('time_format = "%Q"\n[columns]', "time_format '%Q'"),
    ],
)
def test_an_error_in_a_map_names_the_file_and_the_key(
    tmp_path: Path, toml: str, reason: str
) -> None:
    path = tmp_path / "mine.toml"
    needed = '\npost_id = "a"\naccount_id = "b"'
    path.write_text(toml + needed if toml.endswith("\n[columns]") else toml, "utf-8")
    with pytest.raises(UsageError) as caught:
        read_map(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\0", b"a = [" + b"[" * 100_000], ids=["bytes", "deep"]
)
def test_what_is_not_a_map_at_all_is_a_plain_error(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.toml").write_bytes(content)
    for path in (tmp_path / "m.toml", tmp_path / "absent.toml", tmp_path):
        with pytest.raises(UsageError, match="column map can't be read"):
            read_map(path)


@pytest.mark.parametrize(
    ("pair", "reason"),
    [("text", "FIELD=COLUMN"), ("text=", "FIELD=COLUMN"), ("name=x", "'name' is not a field")],
)
def test_an_incomplete_option_is_an_error(pair: str, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        map_from_options((pair, "post_id=a", "account_id=b"))


def test_a_column_that_the_table_lacks_is_named(read: Reading) -> None:
    with pytest.raises(SourceError, match=r"map names who, kind, which it lacks\. Found: 'id'"):
        read({"id": "7"}, "post_id=id", "account_id=who", "account_kind=kind")


# Writing maps down


_NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).map(str.strip)
_COLUMNS = st.lists(_NAMES.filter(bool), min_size=1, max_size=3, unique=True).map(tuple)
_COUNTS = _NAMES.filter(bool).map(lambda name: f"engagement.{name}")
_ZONES = st.sampled_from(["Europe/Berlin", "Asia/Kathmandu", "+08:00", "-03:30", "UTC", "+0000"])


@st.composite
def _maps(draw: st.DrawFn) -> ColumnMap:
    fields = st.sampled_from(FIELDS) | _COUNTS
    columns = draw(st.dictionaries(fields, _COLUMNS, max_size=6))
    columns |= {"post_id": draw(_COLUMNS), "account_id": draw(_COLUMNS)}
    if "posted_at" not in columns:
        columns.pop("posted_at_time", None)
    zone = draw(st.none() | _ZONES)
    return ColumnMap(
        name="map",
        columns=columns,
        account_id=draw(st.sampled_from(["", "@lin", "@"])),
        platform=draw(st.sampled_from(["", "twitter", "my forum", "example.org"])),
        account_kind=draw(st.none() | st.sampled_from(AccountKind)),
        zone=time_zone(zone) if zone else None,
        order=draw(st.none() | st.sampled_from(DayOrder)),
        time_format=draw(st.sampled_from(["", "%d.%m.%Y", '%Y-%m-%d "%H"'])),
        title=draw(_NAMES.filter(bool)),
        example=draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=20)),
    )


@given(_maps())
def test_what_is_written_down_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, columns: ColumnMap
) -> None:
    path = tmp_path_factory.getbasetemp() / "map.toml"
    path.write_text(map_as_toml(columns), "utf-8", newline="")
    assert read_map(path) == columns


def test_a_header_is_the_same_in_another_order() -> None:
    assert header_digest(["a", "b"]) == header_digest(["b", "a"]) != header_digest(["a"])


def test_a_kept_map_comes_before_formats_for_its_own_header_only(tmp_path: Path) -> None:
    rows: dict[str, Any] = {
        "platform": "telegram",
        "post_id": "1",
        "account_id": "c",
        "text": "own",
    }
    ours, wider = tmp_path / "ours.csv", tmp_path / "wider.csv"
    ours.write_text(table_text([rows, rows.values()]), "utf-8")
    wider.write_text(table_text([[*rows, "more"], [*rows.values(), ""]]), "utf-8")
    mapped = map_from_options(("post_id=post_id", "account_id=text"))
    kept = replace(mapped, header=header_digest(rows))
    reading = ReadSettings(columns=(kept,))
    assert open_source(ours, reading).parts[0].columns == kept
    assert open_source(wider, reading).parts[0].reader.name == "plain-csv"
    unknown = tmp_path / "unknown.csv"
    unknown.write_text("a,b\n1,2\n", "utf-8")
    with pytest.raises(SourceError, match="no format is recognised"):
        open_source(unknown, reading)
