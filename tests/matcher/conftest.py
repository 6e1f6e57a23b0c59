"""Matching a case in a test holds every row of the results against the rules they promise."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.embed.signals import SIGNALS, Metric
from frametrace.embed.text.ngrams import jaccard
from frametrace.matcher.framing.neighbour_graph import WEAK
from frametrace.matcher.match_case import match_case
from frametrace.matcher.match_settings import MatchSettings
from frametrace.matcher.network.pair_counts import MAX_SLOT_PAIRS_TO_LIST_ALL
from frametrace.matcher.pictures.pair_evidence import Evidence
from frametrace.matcher.pictures.picture_values import PictureValues
from frametrace.matcher.pictures.verified_pair_table import evidence_of
from frametrace.matcher.pictures.verify_pair import verify, verify_hash_copies
from frametrace.matcher.result_schemas import (
    ACCOUNTS,
    ARRIVALS,
    CHANGES,
    EVIDENCE,
    GROUPS,
    MATCHES,
    MEMBERS,
    TIES,
)
from frametrace.matcher.saved_results import Results, load_results

Row = Mapping[str, Any]


@pytest.fixture
def matched() -> Callable[..., Results]:
    """Match a case, check all that was found, and give it."""

    def run(case: Case, settings: MatchSettings = MatchSettings()) -> Results:
        results, _ = match_case(case, settings)
        _check_tables(results)
        values = _Values.of(case, settings)
        for row in results.matches.table().to_pylist():
            values.check(row, row["sha256_a"], row["sha256_b"])
        _check_members(results, values)
        _check_groups(results)
        _check_accounts(case, results)
        _check_ties(results, settings)
        loaded, _ = load_results(case)
        assert loaded == results
        assert loaded.matches.table() == results.matches.table()
        return results

    return run


@dataclass(frozen=True)
class _Values:
    """Every signal's values by item, and what counts as a match."""

    codes: Mapping[str, Mapping[str, Any]]
    max_pdq: int
    min_decades: float

    @classmethod
    def of(cls, case: Case, settings: MatchSettings) -> "_Values":
        codes = {}
        for name in SIGNALS:
            rows = case.read(signal_table(name)).to_pylist()
            column = {"caption_key": "key", "overlay": "text"}.get(name, "code")
            codes[name] = {row["sha256"]: row[column] for row in rows if row[column] is not None}
        return cls(codes, settings.max_pdq, settings.min_decades)

    def check(self, row: Row, other: str, item: str) -> None:
        """Compare two items anew by the signal that a row names, and hold the row against it."""
        name = row["signal"]
        b, a = self.codes[name][item], self.codes[name][other]
        if row["inliers"] is not None:
            shown = (
                PictureValues.of(self.codes["local"][digest], self.codes["thumbnail"][digest])
                for digest in (other, item)
            )
            _check_evidence(row, dict(zip((other, item), shown, strict=True)))
        else:
            assert name != "local"
            assert not any(row[name] is not None for name in EVIDENCE.names)
        if name == "local":
            return
        if SIGNALS[name].metric is Metric.HAMMING:
            rows = [np.frombuffer(code, np.uint8)[None] for code in (a, b)]
            assert row["distance"] == SIGNALS[name].compare(*rows)[0, 0] <= self.max_pdq
            assert row["similarity"] == pytest.approx(1 - row["distance"] / (8 * len(a)))
            return
        assert row["distance"] is None
        vectors = [np.array([code], np.float32) for code in (a, b)] if name != "caption_key" else []
        value = SIGNALS[name].compare(*vectors)[0, 0] if vectors else jaccard(a, b)
        assert row["similarity"] == pytest.approx(value, abs=1e-5)


def _check_evidence(row: Row, shown: Mapping[str, PictureValues]) -> None:
    """`shown` are A and B; they are compared in the order of their digests.

    Copies by a hash were only asked for what sets them apart. What agrees in an element alone is
    called so, whatever else it may look like.
    """
    first, second = (shown[digest] for digest in sorted(shown))
    fewer = max(min(len(first.features), len(second.features)), 1)
    compared = [verify(first, second, row["mirrored"]), verify_hash_copies(first, second)]
    if row["signal"] == "local":
        assert row["distance"] is None
        compared = [
            e for e in compared if e and row["similarity"] == pytest.approx(e.inliers / fewer)
        ]
    if list(shown) != sorted(shown):
        compared = [e and e.inverted(first.size, second.size) for e in compared]
    assert any(_tells(row, found) for found in compared if found)
    if row["relation"] == "part":
        assert row["part_a"] < row["part_b"]
    elif row["relation"] == "contains" and "sha256_a" not in row:
        assert row["part_a"] >= row["part_b"]


def _tells(row: Row, found: Evidence) -> bool:
    """Whether a row says what was found."""
    relation = row["relation"].replace("part", "contains")
    if relation not in (found.relation, "shares_element"):
        return False
    told = evidence_of({**row, "relation": relation, "cells_a": b"", "cells_b": b""})
    for name in EVIDENCE.names:
        value, expected = getattr(told, name), getattr(found, name)
        if name == "altered":
            value, expected = np.ravel(value), np.ravel(expected)
            if value.shape != expected.shape:
                return False
        if value != pytest.approx(expected, rel=1e-4, abs=1e-3):
            return False
    return True


def _check_tables(results: Results) -> None:
    schemas = (MATCHES, GROUPS, MEMBERS, ACCOUNTS, TIES, CHANGES, ARRIVALS)
    names = ("groups", "members", "accounts", "ties", "changes", "arrivals")
    tables = [results.matches.table(), *(getattr(results, name) for name in names)]
    for table, schema in zip(tables, schemas, strict=True):
        assert table.schema == schema
        for field in schema:
            assert field.nullable or not table[field.name].null_count
    pairs = [
        (r["relation"], r["sha256_a"], r["sha256_b"], r["signal"])
        for r in results.matches.table().to_pylist()
    ]
    assert pairs == sorted(set(pairs))
    assert all(a < b for _, a, b, _ in pairs)


def item_of(member: Row) -> str:
    """What a member is counted by: of a framing its caption, of other groups its picture."""
    if member["kind"] == "framing":
        return str(member["caption_sha256"] or member["media_sha256"])
    return str(member["media_sha256"])


def by_group(members: Iterable[Row]) -> dict[str, list[Row]]:
    groups = defaultdict(list)
    for member in members:
        groups[member["group_id"]].append(member)
    return groups


def _check_members(results: Results, values: _Values) -> None:
    for group_id, rows in by_group(results.members.to_pylist()).items():
        for row in rows:
            assert row["medoid_sha256"] == rows[0]["medoid_sha256"]
            assert (row["media_sha256"] is None) == (row["media_path"] is None)
        if rows[0]["kind"] == "photo":
            _check_photo(group_id, rows, values)
        elif rows[0]["kind"] == "element":
            _check_element(group_id, rows, values)
        else:
            _check_framing(rows, values)
        order = [
            (r["posted_at"] is None, r["posted_at"], r["platform"], r["post_id"], r["media_sha256"])
            for r in rows
        ]
        assert order == sorted(order, key=lambda key: tuple((x is not None, x) for x in key))


def _check_photo(group_id: str, rows: Sequence[Row], values: _Values) -> None:
    """Each is tied to the medoid by evidence that holds, directly or through one member.

    What contains the photo, or is a part of it, is tied to a copy of it, and the copies of that to
    that.
    """
    medoid = rows[0]["medoid_sha256"]
    assert group_id == f"photo-{medoid[:16]}"
    rows_of = {item_of(row): row for row in rows}
    direct = {
        item_of(row) for row in rows if row["via_sha256"] is None and row["relation"] == "copy"
    }
    for row in rows:
        assert row["relation"] in ("copy", "contains", "part")
        assert row["tied_by"] is None
        if item_of(row) == medoid:
            assert (row["signal"], row["distance"], row["similarity"]) == ("sha256", 0, 1)
            assert row["via_sha256"] is None
        else:
            values.check(row, row["via_sha256"] or medoid, item_of(row))
            if row["relation"] != "copy":
                through = rows_of[row["via_sha256"] or medoid]["relation"]
                assert through == ("copy" if row["signal"] == "local" else row["relation"])
                assert row["via_sha256"] != medoid
            else:
                assert row["via_sha256"] is None or row["via_sha256"] in direct - {medoid}


def _check_element(group_id: str, rows: Sequence[Row], values: _Values) -> None:
    """Each shares an element with the medoid, directly or through one member."""
    medoid = rows[0]["medoid_sha256"]
    assert group_id == f"element-{medoid[:16]}"
    pictures = {row["media_sha256"] for row in rows}
    for row in rows:
        assert row["relation"] == "shares_element"
        assert row["tied_by"] is None
        if row["media_sha256"] == medoid:
            assert (row["signal"], row["via_sha256"]) == ("sha256", None)
            continue
        assert row["signal"] == "local"
        assert row["via_sha256"] is None or row["via_sha256"] in pictures - {medoid}
        values.check(row, row["via_sha256"] or medoid, row["media_sha256"])


def _check_framing(rows: Sequence[Row], values: _Values) -> None:
    """Each post stands there once, and is tied to one that is nearer to the group's medoid."""
    posts = {(row["platform"], row["post_id"]): row for row in rows}
    assert len(posts) == len(rows)
    for row in rows:
        assert row["relation"] == "similar"
        if row["signal"] == "sha256":
            assert row["via_post_id"] is row["via_platform"] is row["tied_by"] is None
            continue
        decades = [told["decades"] for told in row["tied_by"]]
        assert decades == sorted(decades, reverse=True)
        assert WEAK * values.min_decades - 1e-4 <= row["decades"]
        assert sum(decades) <= row["decades"] + 1e-4
        strongest = row["tied_by"][0]
        assert (row["signal"], row["similarity"]) == (strongest["signal"], strongest["similarity"])
        at, passed = row, set()
        while at["via_post_id"] is not None:
            passed.add((at["platform"], at["post_id"]))
            at = posts[at["via_platform"], at["via_post_id"]]
            assert (at["platform"], at["post_id"]) not in passed
        assert at["signal"] == "sha256"
    for own in by_group(posts.values()).values():
        ties = [row["decades"] for row in own if row["decades"] is not None]
        assert not ties or max(ties) >= values.min_decades - 1e-4


def _check_groups(results: Results) -> None:
    members = by_group(results.members.to_pylist())
    groups = results.groups.to_pylist()
    assert list(members) == [group["group_id"] for group in groups]
    for group in groups:
        rows = members[group["group_id"]]
        accounts = {(r["platform"], r["account_id"]): r["account_kind"] for r in rows}
        times = [r["posted_at"] for r in rows if r["posted_at"]]
        assert group["kind"] == rows[0]["kind"]
        assert group["medoid_sha256"] == rows[0]["medoid_sha256"]
        assert group["platforms"] == sorted({r["platform"] for r in rows})
        assert group["posts"] == len({(r["platform"], r["post_id"]) for r in rows}) > 1
        assert group["accounts"] == len(accounts)
        for kind in ("page", "group", "channel"):
            assert group[f"{kind}s"] == list(accounts.values()).count(kind)
        assert group["items"] == len({item_of(r) for r in rows})
        assert (group["first_at"], group["last_at"]) == (
            (min(times), max(times)) if times else (None, None)
        )
        if group["kind"] == "photo":
            signals = {r["signal"] for r in rows} - {"sha256"}
            alike = [r["similarity"] for r in rows if r["relation"] == "copy"]
            assert group["cohesion"] == pytest.approx(np.mean(alike))
        elif group["kind"] == "element":
            signals = {r["signal"] for r in rows} - {"sha256"}
            assert group["cohesion"] is None  # nothing in it is a copy
        else:
            signals = {told["signal"] for r in rows for told in r["tied_by"] or ()}
            assert 0 <= group["cohesion"] <= 1
        assert group["signals"] == sorted(signals)
    spread = [(-len(g["platforms"]), -g["accounts"], -g["posts"], g["group_id"]) for g in groups]
    assert spread == sorted(spread)


def _check_accounts(case: Case, results: Results) -> None:
    posts = case.read("posts").to_pylist()
    shared: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in results.members.to_pylist():
        if row["kind"] == "element":  # it ties nobody
            continue
        kind = row["kind"] if row["relation"] in ("copy", "similar") else "listed"
        if row["stance"] == "disputes":
            kind = "disputed"
        shared[row["platform"], row["account_id"]][kind].add(row["group_id"])
    accounts = results.accounts.to_pylist()
    assert {(a["platform"], a["account_id"]) for a in accounts} == set(shared)
    assert len(accounts) == len(shared)
    for account in accounts:
        key = account["platform"], account["account_id"]
        own = [p for p in posts if (p["platform"], p["account_id"]) == key]
        times = [post["posted_at"] for post in own if post["posted_at"]]
        assert account["posts"] == len(own)
        assert account["photo_groups"] == len(shared[key]["photo"])
        assert account["framing_groups"] == len(shared[key]["framing"])
        assert account["first_at"] == min(times, default=None)
        assert account["last_at"] == max(times, default=None)


def _check_ties(results: Results, settings: MatchSettings) -> None:
    expected: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for group_id, rows in by_group(results.members.to_pylist()).items():
        copies = [row for row in rows if row["relation"] == "copy"]
        accounts = {(row["platform"], row["account_id"]) for row in copies}
        if rows[0]["kind"] == "photo" and len(accounts) <= settings.max_tied_accounts:
            for a, b in combinations(sorted(accounts), 2):
                expected[a + b].append(group_id)
    found = {
        (t["platform_a"], t["account_id_a"], t["platform_b"], t["account_id_b"]): t["group_ids"]
        for t in results.ties.to_pylist()
    }
    for key, groups in found.items():
        assert groups == sorted(expected[key])
    if sum(map(len, expected.values())) <= MAX_SLOT_PAIRS_TO_LIST_ALL:
        assert len(found) == len(expected)
    else:  # only those that chance doesn't explain
        assert max(results.ties["q_value"].to_pylist(), default=0) <= settings.fdr
    assert len(found) == results.ties.num_rows
    counts = results.ties["shared_groups"].to_pylist()
    assert counts == [len(groups) for groups in found.values()]
    assert counts == sorted(counts, reverse=True)
