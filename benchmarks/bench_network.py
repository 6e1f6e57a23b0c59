"""Measures `frametrace network` on a million shares, and its false discovery rate.

Time and memory: the command on a table of a million shares by 200,000 accounts; and the search
alone beside a plain sparse product of the same graph, which counts but judges nothing. Truth: real
tables whose accounts are assigned to the shares at random, so that every tie found in them is
false; beside the hypergeometric test that takes every item for equally likely (Tumminello et al.
2011).
"""

import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from measuring import (
    GIB,
    Finding,
    Stopped,
    command_line,
    conclude,
    interleaved,
    options,
    ratio,
    run,
    say,
    shared_data,
)
from scipy import sparse
from scipy.stats import hypergeom

from frametrace.matcher.network import (
    ShareColumns,
    Shares,
    count_shuffled_ties,
    find_ties,
    read_shares,
    shuffle_shares,
)
from frametrace.matcher.network.tie_p_values import false_discovery_rates

SHARES, SHARES_QUICK = 1_000_000, 50_000
SHUFFLES, SHUFFLES_QUICK = 100, 5
PEER_SHUFFLES = 5  # of the other test, which has many ties to list
ROUNDS = 3
MAX_ACCOUNTS = 200  # accounts of an item that ties
FDR = 0.01
SECONDS, MEMORY = 60.0, 3 * GIB  # limits
PLANTED, PLANTED_ACCOUNTS, PLANTED_ITEMS = 50, 6, 5  # groups that share what nobody else shares

# Real tables: what they are, the file, its columns.
TABLES = (
    (
        "German elections, pictures",
        "german_elections.csv.gz",
        ShareColumns("phash_id", "account_id", "timestamp", prefixed=True),
    ),
    ("Russian tweets", "russian_coord_tweets.csv.gz", ShareColumns()),
)


def main() -> None:
    chosen = options(__doc__ or "")
    count = SHARES_QUICK if chosen.quick else SHARES
    with tempfile.TemporaryDirectory(prefix="bench-network-") as name:
        table = Path(name, "shares.csv")
        say(f"writing {count:,} shares")
        _write(table, count, chosen.seed)
        findings, remarks = _command(table, Path(name, "out"), count)
        say("beside a sparse product")
        finding, more = _product(read_shares(table).shares)
    findings.append(finding)
    remarks += more
    folder = shared_data()
    if folder is None:
        say("the real tables are absent: that part is left out")
    else:
        shuffles = SHUFFLES_QUICK if chosen.quick else SHUFFLES
        for what, file, columns in TABLES:
            say(f"{what}: {shuffles} shuffles")
            shares = read_shares(folder / "cosharing" / file, columns).shares
            finding, remark = _truth(what, shares, shuffles, chosen.seed)
            findings.append(finding)
            remarks.append(remark)
    packages = ("frametrace", "numpy", "scipy", "duckdb", "scikit-network")
    conclude("network", findings, remarks, packages, chosen)


def _write(path: Path, count: int, seed: int) -> None:
    """Few accounts share most, few items are shared most; groups of accounts share rare ones."""
    rng = np.random.default_rng(seed)
    accounts, items = count // 5, count // 3
    account = np.minimum((rng.pareto(1.5, count) * accounts / 20).astype(int), accounts - 1)
    account[:accounts] = np.arange(accounts)
    item = np.minimum((rng.pareto(0.8, count) * 50).astype(int), items - 1)
    each = np.arange(PLANTED * PLANTED_ACCOUNTS * PLANTED_ITEMS)  # shares of the planted groups
    member, rare = np.divmod(each, PLANTED_ITEMS)
    account[-len(each) :] = accounts - 1 - member
    item[-len(each) :] = items + member // PLANTED_ACCOUNTS * PLANTED_ITEMS + rare
    first = rng.integers(1_500_000_000, 1_600_000_000, int(item.max()) + 1)
    at = first[item] + rng.exponential(3 * 86_400, count).astype(int)
    with path.open("w") as file:
        file.write("object_id,account_id,content_id,timestamp_share\n")
        for number, row in enumerate(
            zip(item.tolist(), account.tolist(), at.tolist(), strict=True)
        ):
            file.write("item-{},account-{},{},{}\n".format(*row[:2], number, row[2]))


def _command(table: Path, out: Path, count: int) -> tuple[list[Finding], list[str]]:
    ran = run(command_line("network", "--from-csv", table, "--out", out, "--json"))
    found = json.loads(ran.printed)
    last = found["windows"][-1]
    planted = PLANTED * PLANTED_ACCOUNTS * (PLANTED_ACCOUNTS - 1) // 2
    if found["ties"] < planted or last["pairs"] < found["ties"]:
        raise Stopped(f"{found['ties']} ties were found of {planted} that were planted")
    what = f"{count:,} shares by {found['accounts']:,} accounts, from CSV to files"
    return [
        Finding(
            f"{what}: time",
            f"{ran.seconds:.1f} s (processor time {ran.cpu:.1f} s)",
            f"limit: {SECONDS:g} s",
            ran.seconds / SECONDS,
            at_most=1.0,
        ),
        Finding(
            f"{what}: memory",
            f"{ran.tree / GIB:.2f} GiB",
            f"limit: {MEMORY / GIB:g} GiB",
            ran.tree / MEMORY,
            at_most=1.0,
        ),
    ], [
        f"{last['pairs']:,} pairs of accounts share an item that at most {MAX_ACCOUNTS} share; "
        f"{found['items_of_more']:,} items of more accounts are in no pair. {found['ties']:,} are "
        f"ties, {planted:,} were planted ({PLANTED} groups of {PLANTED_ACCOUNTS} accounts with "
        f"{PLANTED_ITEMS} items of their own).",
    ]


def _product(shares: Shares) -> tuple[Finding, list[str]]:
    graph = _graph(shares)
    graph = graph[:, shares.sharers() <= MAX_ACCOUNTS]
    seen: dict[str, int] = {}

    def ours(_: None) -> None:
        windows = find_ties(shares).windows.to_pylist()
        seen["ours"] = windows[-1]["pairs"]

    def product(_: None) -> None:
        seen["product"] = int(sparse.triu(graph @ graph.T, 1).nnz)

    contenders: Mapping[str, Callable[[None], object]] = {"ours": ours, "product": product}
    seconds = interleaved(contenders, [None], ROUNDS)
    if seen["ours"] != seen["product"]:
        raise Stopped(f"we count {seen['ours']:,} pairs, the product {seen['product']:,}")
    both = {name: sorted(taken)[len(taken) // 2] for name, taken in seconds.items()}
    return Finding(
        "the search alone: six windows, p-values, communities",
        f"{both['ours']:.1f} s",
        f"SciPy, A·Aᵀ of the same items, one count and no times: {both['product']:.1f} s",
        ratio(seconds["ours"], seconds["product"]),
    ), []


def _graph(shares: Shares) -> sparse.csr_matrix:
    begins = shares.begins()
    ends = (shares.account[begins], shares.item[begins])
    shape = (len(shares.accounts), len(shares.items))
    return sparse.csr_matrix((np.ones(int(begins.sum())), ends), shape=shape)


def _hypergeometric(shares: Shares) -> int:
    """How many ties the test finds to which all items are alike, of the same pairs."""
    graph = _graph(shares)
    pairs = sparse.triu(graph @ graph.T, 1).tocoo()
    activity = np.asarray(graph.sum(axis=1)).ravel().astype(int)
    several = pairs.data >= 2
    a, b, shared = pairs.row[several], pairs.col[several], pairs.data[several]
    p = np.sort(hypergeom.sf(shared - 1, graph.shape[1], activity[a], activity[b]))
    able = int((activity >= 2).sum())
    rates = false_discovery_rates(p, np.ones(len(p)), able * (able - 1) / 2)
    return int((rates <= FDR).sum())


def _truth(what: str, shares: Shares, shuffles: int, seed: int) -> tuple[Finding, str]:
    windows = {row["seconds"]: row for row in find_ties(shares).windows.to_pylist()}
    ties = windows[None]["ties"]
    kept = count_shuffled_ties(shares, shuffles=shuffles, seed=seed)
    peer = [_hypergeometric(shuffle_shares(shares, seed + at)) for at in range(PEER_SHUFFLES)]
    finding = Finding(
        f"{what}: false ties in each of {shuffles} shuffles, of {ties:,} ties unshuffled",
        f"{kept.sum()} in all, {kept.max()} at most, in {np.count_nonzero(kept)} shuffles",
        f"hypergeometric, {PEER_SHUFFLES} shuffles: {min(peer):,} to {max(peer):,}, of "
        f"{_hypergeometric(shares):,} unshuffled",
        float(kept.max() / ties),
        at_most=FDR,
    )
    counts = "; ".join(map(_counts, windows.values()))
    several = ", ".join(f"{windows[None][f'pairs_{n}']:,} share {n}" for n in (2, 3, 5))
    return finding, f"{what}: {windows[None]['pairs']:,} pairs share an item, {several}. {counts}."


def _counts(row: Mapping[str, Any]) -> str:
    across = f" ({row['pairs_across']:,} and {row['ties_across']:,} across platforms)"
    return f"{row['window']}: {row['pairs']:,} pairs, {row['ties']:,} ties{across}"


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
