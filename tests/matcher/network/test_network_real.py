"""Real co-sharing: CooRTweet's posts about the German elections of 2021, by their pictures."""

from pathlib import Path

import pytest

from frametrace.matcher.match_settings import TieSettings
from frametrace.matcher.network import (
    ShareColumns,
    Shares,
    count_shuffled_ties,
    find_ties,
    read_shares,
)


@pytest.fixture(scope="module")
def pictures(shared: Path) -> Shares:
    path = shared / "cosharing" / "german_elections.csv.gz"
    return read_shares(
        path, ShareColumns("phash_id", "account_id", "timestamp", prefixed=True)
    ).shares


def test_pairs_and_windows_are_the_known_ones(pictures: Shares) -> None:
    rows = {row["seconds"]: row for row in find_ties(pictures).windows.to_pylist()}
    everything = rows[None]
    counts = [everything[name] for name in ("pairs", "pairs_2", "pairs_3", "pairs_5")]
    assert counts == [30_361, 1_997, 684, 252]
    across = [rows[seconds]["pairs_across"] for seconds in (60, 3600, 86_400, None)]
    assert across == [0, 41, 1_177, 1_936]


@pytest.mark.parametrize("window", [0, 3600])
def test_there_are_far_more_ties_than_after_shuffling(pictures: Shares, window: int) -> None:
    settings = TieSettings(window=window)
    network = find_ties(pictures, settings)
    assert set(network.ties["shared_items"].to_pylist()) > {2, 3, 4, 5}
    assert max(network.ties["q_value"].to_pylist()) <= 0.01
    kept = count_shuffled_ties(pictures, settings, shuffles=8)
    assert kept.sum() <= 1
    assert network.ties.num_rows > 500
