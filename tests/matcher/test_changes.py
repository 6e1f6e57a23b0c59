"""What became of groups: the tables against the definitions, spelled out in plain Python."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Any

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from frametrace.matcher.changes import EARLIER_MEMBERS, compare_members
from frametrace.matcher.result_schemas import ARRIVALS, CHANGES, GROUPS, MEMBERS, Change

Member = tuple[str, str, str, str, bool]  # group, item, platform, post, whether it is a copy
Groups = dict[str, set[tuple[str, str, str]]]

_KINDS = ("photo", "framing")

# Each item has labels before and now (it may be in two groups, or in none), mostly the same ones,
# and its posts are mostly there both times. Labels are few, so that groups merge, split and trade.
# Some items contain the photos of their groups, and are copies of none.
_one = st.integers(0, 3).map(lambda label: frozenset([label]))
_labels = _one | _one | st.frozensets(st.integers(0, 3), max_size=2)
_moves = st.tuples(_labels, _labels) | _labels.map(lambda labels: (labels, labels))
_seen = st.sampled_from([*["both"] * 6, "now", "now", "before"])
_posts = st.lists(st.tuples(st.integers(0, 9), _seen), min_size=1, max_size=4)
_copies = st.sampled_from([True, True, True, False])
_item = st.tuples(st.sampled_from(_KINDS), _moves, _posts, _copies)
_items = st.lists(_item, min_size=1, max_size=10)


def members_at(items: Iterable[Any], when: str) -> list[Member]:
    found = []
    for number, (kind, moves, posts, copy) in enumerate(items):
        for label in sorted(moves[when == "now"]):
            for post, at in posts:
                if at in (when, "both"):
                    member = (
                        f"{kind}-{label}{when[0]}",
                        f"i{number % 4}" if kind == "photo" else "",
                        "xy"[post % 2],
                        f"p{post}",
                        copy,
                    )
                    found.append(member)
    return found


def account_of(post: str) -> str:
    return f"a{int(post[1:]) // 3}"  # which is of both platforms


def table_of(members: Iterable[Member], schema: pa.Schema = EARLIER_MEMBERS) -> pa.Table:
    rows = []
    for group, item, platform, post, copy in members:
        row = dict.fromkeys(schema.names) | {"relation": "copy" if copy else "contains"}
        row |= {"group_id": group, "kind": group.split("-")[0], "platform": platform}
        row |= {"post_id": post, "account_id": account_of(post)}
        row |= {"media_sha256": item} if item else {"caption_sha256": f"said by {post}"}
        if schema is MEMBERS:
            row |= {"account_kind": "account", "medoid_sha256": "m"}
        rows.append(row)
    return pa.Table.from_pylist(rows, schema)


def groups_table(ids: Iterable[str]) -> pa.Table:
    rows = [
        {"group_id": i, "kind": i.split("-")[0], "medoid_sha256": "m", "title": ""} for i in ids
    ]
    return pa.Table.from_pylist(rows, GROUPS)


def grouped(members: Iterable[Member]) -> Groups:
    groups: Groups = defaultdict(set)
    for group, *member, _ in members:
        groups[group].add((member[0], member[1], member[2]))
    return dict(groups)


def kin_of(now: Iterable[Member], before: Iterable[Member]) -> set[tuple[str, str]]:
    """Groups of now and before with a copy in common."""
    return {
        (ours[0], theirs[0])
        for ours in now
        for theirs in before
        if ours[0][:5] == theirs[0][:5] and ours[1:4] == theirs[1:4] and ours[4] and theirs[4]
    }


def change_of(
    group: str, now: Groups, before: Groups, kin: set[tuple[str, str]]
) -> tuple[Change, list[str]]:
    """The definitions of `Change`, one by one."""
    past = sorted(theirs for theirs in before if (group, theirs) in kin)
    heirs = {theirs: [ours for ours in now if (ours, theirs) in kin] for theirs in past}
    only_heir_of = [theirs for theirs in past if heirs[theirs] == [group]]
    if not past:
        return Change.NEW, past
    if len(only_heir_of) >= 2:
        return Change.MERGED, past
    if len(past) == 1 and not only_heir_of:
        return Change.SPLIT, past
    if len(past) > 1 or before[past[0]] - now[group]:
        return Change.CHANGED, past
    return (Change.GREW if now[group] - before[past[0]] else Change.SAME), past


def expected(
    members_now: list[Member], members_before: list[Member], order: Collection[str]
) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    now, before = grouped(members_now), grouped(members_before)
    kin = kin_of(members_now, members_before)
    changes: list[tuple[Any, ...]] = []
    arrivals: list[tuple[Any, ...]] = []
    for group in order:
        change, past = change_of(group, now, before, kin)
        old = {member[1:] for theirs in past for member in before[theirs]}
        known = {(platform, account_of(post)) for platform, post in old}
        new = sorted({member[1:] for member in now[group]} - old)
        who = [(platform, account_of(post)) for platform, post in new]
        newcomers = set(who) - known
        changes.append(
            (group, group.split("-")[0], change, past, len(new), len(newcomers)),
        )
        for (platform, post), account in zip(new, who, strict=True):
            arrivals.append((group, platform, post, account[1], account in newcomers))
    inherited = {theirs for group in order for theirs in change_of(group, now, before, kin)[1]}
    for theirs in sorted(before.keys() - inherited):
        changes.append((None, theirs.split("-")[0], Change.GONE, [theirs], 0, 0))
    return changes, arrivals


def rows_of(table: pa.Table) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in table.to_pylist()]


@given(_items, st.randoms(use_true_random=False))
def test_changes_are_those_of_the_definitions(items: list[Any], random: Any) -> None:
    now, before = members_at(items, "now"), members_at(items, "before")
    order = sorted(grouped(now))
    # Neither the order of rows nor a post that carries a picture twice changes anything.
    shuffled = [random.sample(rows * 2, k=2 * len(rows)) for rows in (now, before)]
    random.shuffle(order)
    tables = table_of(shuffled[0], MEMBERS), table_of(shuffled[1])
    changes, arrivals = compare_members(groups_table(order), *tables)
    assert (changes.schema, arrivals.schema) == (CHANGES, ARRIVALS)
    found = rows_of(changes), rows_of(arrivals)
    assert found == expected(now, before, order)


def test_each_change_by_an_example() -> None:
    """One group for each word; their names say nothing of where they come from."""
    was = {
        "grows": "ab", "stays": "cd", "left": "ef", "right": "gh", "falls": "ijk",
        "shrinks": "lmn", "ends": "op", "gives": "qrs", "takes": "tu",
    }  # fmt: skip
    now = {
        "1": "abA", "2": "cd", "3": "efghB", "4": "ij", "5": "k", "6": "lm", "7": "CD",
        "8": "qr", "9": "stuE",
    }  # fmt: skip

    def members(groups: dict[str, str]) -> list[Member]:
        letters = [(group, letter) for group, items in groups.items() for letter in items]
        return [(f"photo-{g}", f"i{ord(c)}", "x", f"p{ord(c)}", True) for g, c in letters]

    order = [f"photo-{group}" for group in now]
    changes, _ = compare_members(
        groups_table(order), table_of(members(now), MEMBERS), table_of(members(was))
    )
    found = {
        (row["group_id"] or "photo-").removeprefix("photo-"): (
            row["change"],
            " ".join(name.removeprefix("photo-") for name in row["previous_ids"]),
            row["new_posts"],
        )
        for row in changes.to_pylist()
    }
    assert found == {
        "1": (Change.GREW, "grows", 1),
        "2": (Change.SAME, "stays", 0),
        "3": (Change.MERGED, "left right", 1),
        "4": (Change.SPLIT, "falls", 0),
        "5": (Change.SPLIT, "falls", 0),
        "6": (Change.CHANGED, "shrinks", 0),
        "7": (Change.NEW, "", 2),
        "8": (Change.SPLIT, "gives", 0),
        "9": (Change.CHANGED, "gives takes", 1),
        "": (Change.GONE, "ends", 0),
    }
