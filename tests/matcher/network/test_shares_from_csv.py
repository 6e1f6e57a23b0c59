"""Tables of shares: what is read, what is skipped and why, what is refused."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from frametrace.matcher.network import ShareColumns, SharesRead, find_ties, read_shares
from frametrace.matcher.network.shares import UNKNOWN_TIME
from frametrace.posts.errors import SourceError, UsageError

HEADER = "object_id,account_id,content_id,timestamp_share"


def read(folder: Path, *lines: str, columns: ShareColumns | None = None) -> SharesRead:
    path = folder / "shares.csv"
    path.write_text("\n".join([*lines, ""]), "utf-8")
    return read_shares(path, columns or ShareColumns())


def test_shares_come_with_their_accounts_items_and_times(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        HEADER,
        "p,ann,1,1566223402",
        "p,bob,2,1566223402.0",
        "q,ann,3,2019-08-19 14:03:22",
        "q,ann,4,2019-08-19T14:03:22Z",
        '"a ""q"", b",语,5,',
    )
    shares = found.shares
    assert shares.accounts["account_id"].to_pylist() == ["ann", "bob", "语"]
    assert set(shares.accounts["platform"].to_pylist()) == {""}
    assert shares.items.to_pylist() == ['a "q", b', "p", "q"]
    assert shares.item.tolist() == [0, 1, 1, 2]  # the same share twice is one
    assert shares.account.tolist() == [2, 0, 1, 0]
    assert shares.at.tolist() == [UNKNOWN_TIME, *[1_566_223_402_000] * 3]
    assert (found.rows, found.without_item, found.unreadable) == (5, 0, 0)


def test_a_share_without_a_time_is_dropped_beside_one_with_a_time(tmp_path: Path) -> None:
    shares = read(tmp_path, HEADER, "p,ann,1,", "p,ann,2,1566223402", "p,ann,3,").shares
    assert shares.at.tolist() == [1_566_223_402_000]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("p,ann,1,1566223402000", "is not a time"),
        ("p,ann,1,yesterday", "is not a time"),
        ("p,,1,1566223402", "account_id is empty"),
        ("p,1.2E+17,1,1566223402", "lost its digits"),
        ("p,ann", "the row has 2 values"),
        ('p,"ann,1,1566223402', "can't be read"),
    ],
)
def test_an_invalid_row_is_skipped_alone(tmp_path: Path, line: str, reason: str) -> None:
    found = read(tmp_path, HEADER, "p,ann,1,1566223402", line, "p,bob,1,1566223403")
    assert len(found.shares.item) == 2
    assert found.unreadable == 1
    (skipped,) = found.skipped
    assert reason in skipped.reason
    assert skipped.line == 3


def test_platforms_are_in_a_column_or_prefix_the_account(tmp_path: Path) -> None:
    header = "account,post,picture,when,site"
    lines = ("fb_1,1,p,1566223402,f", "tw_2,2,p,1566223402,t", "tw_2,3,,1566223402,t")
    by_column = ShareColumns("picture", "account", "when", platform="site")
    found = read(tmp_path, header, *lines, columns=by_column)
    assert found.shares.accounts["platform"].to_pylist() == ["f", "t"]
    assert (found.rows, found.without_item, found.unreadable) == (3, 1, 0)
    prefixed = ShareColumns("picture", "account", "when", prefixed=True)
    found = read(tmp_path, header, *lines, "ann,4,p,1566223402,t", columns=prefixed)
    assert found.shares.accounts["platform"].to_pylist() == ["fb", "tw"]
    assert "no platform before an underscore" in found.skipped[0].reason
    with pytest.raises(UsageError, match="not both"):
        read(tmp_path, header, columns=ShareColumns(platform="site", prefixed=True))


def test_times_may_be_left_out(tmp_path: Path) -> None:
    found = read(tmp_path, "object_id,account_id", "p,ann", "p,bob", columns=ShareColumns(time=""))
    network = find_ties(found.shares)
    assert network.precision == 0
    assert [row["pairs"] for row in network.windows.to_pylist()] == [*[None] * 5, 1]


def test_a_missing_column_is_reported_with_its_option(tmp_path: Path) -> None:
    for columns, option in (
        (ShareColumns(item="picture"), "--object"),
        (ShareColumns(account="who"), "--account"),
        (ShareColumns(time="when"), "--time"),
        (ShareColumns(platform="site"), "--platform"),
    ):
        with pytest.raises(SourceError, match=rf"{option}.*Found: 'object_id'"):
            read(tmp_path, HEADER, columns=columns)


def test_json_and_empty_or_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="only be read from CSV"):
        read(tmp_path, '{"object_id": "p"}')
    with pytest.raises(SourceError, match="empty"):
        read(tmp_path, "")
    with pytest.raises(SourceError, match="no such file"):
        read_shares(tmp_path / "absent.csv")


def test_a_table_without_rows_is_an_empty_network(tmp_path: Path) -> None:
    network = find_ties(read(tmp_path, HEADER).shares)
    assert (network.ties.num_rows, network.accounts.num_rows, network.tests) == (0, 0, 0)


def test_a_compressed_table_is_read(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows = [
        f"i{i},a{a},{n},{1_566_000_000 + n}"
        for n, (i, a) in enumerate(rng.integers(9, size=(80, 2)))
    ]
    plain = read(tmp_path, HEADER, *rows).shares
    with gzip.open(tmp_path / "shares.csv.gz", "wt") as file:
        file.write("\n".join([HEADER, *rows]))
    packed = read_shares(tmp_path / "shares.csv.gz").shares
    assert find_ties(packed).ties == find_ties(plain).ties
