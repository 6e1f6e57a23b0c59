"""Ties on small random graphs, compared with counting by hand; and what is refused."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import made_shares as made
from scipy import stats
from trying import examples

from frametrace.matcher.match_settings import TieSettings
from frametrace.matcher.network import (
    NETWORK_ACCOUNTS,
    NETWORK_TIES,
    WINDOW_SECONDS,
    AccountNetwork,
    find_ties,
    pair_counts,
    ties,
    window_column,
)
from frametrace.matcher.network.tie_p_values import item_weights, pack_codes, tail_probability
from frametrace.posts.errors import UsageError

Share = tuple[str, str, int | None]  # account, item, seconds


@st.composite
def drawn(draw: st.DrawFn) -> list[Share]:
    """From empty to dense: some shares are repeated, some have no time."""
    accounts = st.sampled_from([f"{p}{n}" for p in "xf" for n in range(draw(st.integers(1, 5)))])
    items = st.sampled_from([f"i{n}" for n in range(draw(st.integers(1, 8)))])
    times = st.one_of(st.none(), st.sampled_from([1, 50, 61, 62, 700, 5000, 90_000, 10**6 + 3]))
    return draw(st.lists(st.tuples(accounts, items, times), max_size=60))


class ByHand:
    """All figures of a graph, one pair of accounts and one item at a time."""

    def __init__(self, shares: Sequence[Share], most: int) -> None:
        self.times: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for account, item, at in shares:
            self.times[item][account] += [] if at is None else [at]
        self.accounts = sorted({account for account, _, _ in shares})
        self.sharers = {item: len(accounts) for item, accounts in self.times.items()}
        self.counted = [item for item, number in self.sharers.items() if number <= most]
        self.activity = Counter(a for item in self.counted for a in self.times[item])
        self.weight = {
            item: int(item_weights(np.array([number]), most)[0])
            for item, number in self.sharers.items()
        }

    def gap(self, item: str, a: str, b: str) -> float:
        x, y = self.times[item][a], self.times[item][b]
        return min((abs(s - t) for s in x for t in y), default=float("inf"))

    def shared(self, a: str, b: str, window: float) -> list[str]:
        both = [i for i in self.counted if {a, b} <= set(self.times[i])]
        return sorted(i for i in both if not window or self.gap(i, a, b) <= window)

    def rates(self, window: int) -> np.ndarray:
        """By weight: ordered pairs of accounts of an item, or their meetings where that is less."""
        total = sum(self.activity.values())
        rates = np.zeros(max([1, *self.weight.values()]) + 1)
        for item in self.counted:
            every = self.sharers[item] * (self.sharers[item] - 1)
            meetings = sum(
                2 * (abs(s - t) <= window)
                for a, b in combinations(self.times[item], 2)
                for s in set(self.times[item][a])
                for t in set(self.times[item][b])
            )
            rates[self.weight[item]] += (min(every, meetings) if window else every) / total**2
        rates[0] = 0
        return rates

    def chances(self, window: int) -> dict[tuple[str, str], tuple[float, float]]:
        """The p-value of each pair of accounts that could be tied, and its false discovery rate."""
        able = [account for account in self.accounts if self.activity[account] >= 2]
        pairs = list(combinations(able, 2))
        p = []
        for a, b in pairs:
            shared = self.shared(a, b, window)
            weight = sum(self.weight[item] for item in shared) if len(shared) >= 2 else 0
            activity = self.activity[a] * self.activity[b]
            p.append(
                tail_probability(
                    pack_codes(np.array([activity]), np.array([weight])), self.rates(window)
                )[0]
            )
        q = stats.false_discovery_control(p) if p else []
        return dict(zip(pairs, zip(p, q, strict=True), strict=True))


@given(drawn(), st.sampled_from([0, 1, 60, 600, 90_000]), st.sampled_from([2, 3, 200]))
def test_ties_agree_with_counting_by_hand(shares: list[Share], window: int, most: int) -> None:
    if window and not any(at is not None for _, _, at in shares):
        window = 0
    # Five whole minutes would be taken for the precision: one odd second makes sure.
    shares = [*shares, ("x0", "alone", 1)]
    chosen = TieSettings(window=window, max_accounts=most)
    network, hand = find_ties(made(shares), chosen), ByHand(shares, most)
    chances = hand.chances(window)
    assert network.ties.schema == NETWORK_TIES
    assert network.tests == len(chances)
    found = {(r["account_id_a"], r["account_id_b"]): r for r in network.ties.to_pylist()}
    assert len(found) == network.ties.num_rows
    for a, b in combinations(hand.accounts, 2):
        shared = hand.shared(a, b, window)
        row = found.pop((a, b), None)
        assert (row is not None) == bool(shared)
        if row is None:
            continue
        assert (row["shared_items"], row["item_ids"]) == (len(shared), shared)
        p, q = chances.get((a, b), (1, 1))
        assert (row["p_value"], row["q_value"]) == pytest.approx((p, q), rel=1e-9)
        gap = min(hand.gap(item, a, b) for item in shared)
        assert row["closest_seconds"] == (None if gap == float("inf") else gap)
        both = [
            max(min(hand.times[i][a]), min(hand.times[i][b]))
            for i in shared
            if hand.times[i][a] and hand.times[i][b]
        ]
        first = row["first_shared_at"]
        assert (first and first.timestamp()) == min(both, default=None)
        for seconds in filter(None, WINDOW_SECONDS):
            assert row[window_column(seconds)] == len(hand.shared(a, b, seconds))
    assert not found


@examples(50)
@given(drawn())
def test_windows_and_accounts_agree_with_the_ties(shares: list[Share]) -> None:
    shares = [*shares, ("x0", "alone", 1)]
    network, hand = find_ties(made(shares), TieSettings(fdr=0.5)), ByHand(shares, 200)
    for row in network.windows.to_pylist():
        window = row["seconds"] or 0
        counts = {(a, b): len(hand.shared(a, b, window)) for a, b in combinations(hand.accounts, 2)}
        across = [n for (a, b), n in counts.items() if a[0] != b[0]]
        tied = [pair for pair, (_, q) in hand.chances(window).items() if q <= 0.5]
        assert row["pairs"] == sum(n > 0 for n in counts.values())
        for least in (2, 3, 5):
            assert row[f"pairs_{least}"] == sum(n >= least for n in counts.values())
        assert row["pairs_across"] == sum(n > 0 for n in across)
        assert (row["ties"], row["ties_across"]) == (
            len(tied),
            sum(a[0] != b[0] for a, b in tied),
        )
    check_accounts(network, hand)


def check_accounts(network: AccountNetwork, hand: ByHand) -> None:
    assert network.accounts.schema == NETWORK_ACCOUNTS
    tied = [row for row in network.ties.to_pylist() if row["q_value"] <= network.settings.fdr]
    ends = Counter(row[f"account_id_{x}"] for row in tied for x in "ab")
    rows = network.accounts.to_pylist()
    listed = {row[f"account_id_{x}"] for row in network.ties.to_pylist() for x in "ab"}
    assert {row["account_id"] for row in rows} == listed
    for row in rows:
        assert row["items"] == hand.activity[row["account_id"]]
        assert row["ties"] == ends[row["account_id"]]
        assert (row["community"] is None) == (not row["ties"])
    sizes = Counter(row["community"] for row in rows if row["community"] is not None)
    assert [sizes[at] for at in range(len(sizes))] == sorted(sizes.values(), reverse=True)
    of = {row["account_id"]: row["community"] for row in rows}
    for row in network.ties.to_pylist():
        assert [row["community_a"], row["community_b"]] == [
            of[row[f"account_id_{x}"]] for x in "ab"
        ]


@examples(50)
@given(drawn(), st.sampled_from([0, 60]), st.integers(1, 5))
def test_blocks_change_nothing_and_long_lists_hold_only_ties(
    shares: list[Share], window: int, block: int
) -> None:
    given_shares = made([*shares, ("x0", "alone", 1)])
    chosen = TieSettings(fdr=0.4, window=window)
    whole = find_ties(given_shares, chosen)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pair_counts, "_BLOCK", block)
        assert find_ties(given_shares, chosen) == whole
        patch.setattr(pair_counts, "MAX_SLOT_PAIRS_TO_LIST_ALL", -1)
        few = find_ties(given_shares, chosen)
    assert few.windows == whole.windows
    tied = np.flatnonzero(whole.ties["q_value"].to_numpy() <= 0.4)
    assert few.ties == whole.ties.take(pa.array(tied, pa.int64()))


def test_if_there_are_too_many_ties_the_most_significant_are_listed() -> None:
    shares: list[Share] = [(f"x{at}", f"own{at}-{n}", None) for at in range(40) for n in range(6)]
    for pair, size in enumerate((4, 6, 5)):
        shares += [(f"x{2 * pair + end}", f"r{pair}-{n}", 1) for end in (0, 1) for n in range(size)]
    whole = find_ties(made(shares))
    assert whole.ties["shared_items"].to_pylist() == [6, 5, 4]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ties, "_MAX_LISTED_ITEMS", 12)
        few = find_ties(made(shares))
    assert few.windows == whole.windows
    assert few.ties == whole.ties.slice(0, 2)
    assert few.accounts["account_id"].to_pylist() == ["x2", "x3", "x4", "x5"]


def test_rare_items_tie_accounts_and_common_ones_do_not() -> None:
    shares: list[Share] = [(f"x{at}", f"own{at}-{n}", None) for at in range(400) for n in range(6)]
    shares += [(f"x{at}", f"news{n}", None) for at in range(0, 300, 2) for n in range(3)]
    shares += [(f"x{at}", f"rare{n}", None) for at in (1, 3) for n in range(3)]
    network = find_ties(made(shares))
    assert network.windows.to_pylist()[-1]["pairs_3"] == 1 + 150 * 149 // 2
    (tie,) = network.ties.to_pylist()
    assert (tie["account_id_a"], tie["account_id_b"]) == ("x1", "x3")


def test_one_shared_item_is_not_a_tie_however_rare() -> None:
    shares: list[Share] = [(f"x{at}", f"own{at}-{n}", None) for at in range(300) for n in range(2)]
    found = find_ties(made([*shares, ("x0", "rare", None), ("x1", "rare", None)])).ties.to_pylist()
    assert [(tie["shared_items"], tie["p_value"]) for tie in found] == [(1, 1)]


def test_viral_items_tie_nobody_and_are_counted() -> None:
    shares: list[Share] = [(f"x{at}", f"v{n}", None) for at in range(9) for n in range(3)]
    network = find_ties(made(shares), TieSettings(max_accounts=8))
    assert (network.ties.num_rows, network.viral_items, network.most_sharers) == (0, 3, 8)
    assert find_ties(made(shares), TieSettings(max_accounts=9)).ties.num_rows == 36
    # Where pairs would be more than a machine should look at, the commonest items go first.
    bounded = find_ties(made([*shares, ("x0", "r", 1), ("x1", "r", 1)]), TieSettings(max_pairs=100))
    assert (bounded.ties.num_rows, bounded.viral_items) == (1, 3)
    assert bounded.most_sharers < 9


def test_a_window_finer_than_the_times_is_refused() -> None:
    shares: list[Share] = [(f"x{at % 3}", f"i{at % 4}", 60 * at) for at in range(12)]
    by_minute = made(shares)
    assert by_minute.precision == 60  # seen in the times, whatever their source said
    with pytest.raises(UsageError, match="known only to the minute; the shortest window is 60"):
        find_ties(by_minute, TieSettings(window=10))
    assert find_ties(by_minute, TieSettings(window=600)).ties.num_rows
    odd = [(account, item, (at or 0) + 7) for account, item, at in shares]
    assert made(odd).precision == 1
    by_day = made(odd, "day")
    with pytest.raises(UsageError, match=r"window of 1 hour is finer.*only to the day"):
        find_ties(by_day, TieSettings(window=3600))
    rows = {row["seconds"]: row for row in find_ties(by_day).windows.to_pylist()}
    assert [rows[at]["pairs"] is None for at in (60, 600, 3600, 86_400, None)] == [
        *[True] * 3,
        *[False] * 2,
    ]
    row = find_ties(by_day).ties.to_pylist()[0]
    assert (row[window_column(3600)], row[window_column(86_400)]) == (None, row["shared_items"])
    with pytest.raises(UsageError, match="no share has"):
        find_ties(made([("x0", "i", None)]), TieSettings(window=60))
