"""Several cases as one, without copying them: shards never change, so links to them do.

A union is a case in a folder of its own, with two tables more: `origins`, which is written first
and says that it is one, and `cases`, which is written last and says that it is whole. Posts,
pictures and values that several cases hold stand in it once, as the first of these cases has them.
Nothing is written into the cases.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from frametrace.case.schemas import signal_table
from frametrace.case.store import BASE_TABLES, Case, CaseWriter
from frametrace.case.stored_rows import ACCOUNT_NUMBER_PATTERN, TABLE_KEYS, StoredRows
from frametrace.case.views import connect, query_over
from frametrace.embed.signals import SIGNALS, PictureSignal
from frametrace.posts.errors import CaseError, IndexMismatch, UsageError
from frametrace.work.progress import Progress, Silent

__all__ = ["MAX_CASES", "Part", "part_number", "parts_of", "unite"]

MAX_CASES = 32  # of a union: those that hold a post are the bits of a number

# One row per case, in their order.
_CASES = pa.schema(
    [
        ("name", pa.string()),
        ("path", pa.string()),
        ("epoch", pa.int64()),
        ("notes", pa.list_(pa.string())),
    ]
)
# One row per post. Of `cases`, the first case is 1, the next 2, then 4, 8 and so on. Who has it by
# another account than the first case does has another post; by its number is by the same one.
_ORIGINS = """
SELECT platform, post_id, CAST(sum(held) AS BIGINT) AS cases FROM (
    SELECT * FROM every WINDOW all_cases AS (PARTITION BY platform, post_id ORDER BY held)
    QUALIFY account_id = first_value(account_id) OVER all_cases
    OR number = first_value(account_id) OVER all_cases
    OR account_id = first_value(number) OVER all_cases
) GROUP BY ALL ORDER BY platform, post_id
"""
_KEYS = (
    "SELECT platform, post_id, account_id, regexp_extract(extra, $number, 1) AS number FROM posts"
)
_OF_POSTS = [
    *("platform", "post_id", "account_id", "posted_at", "caption_sha256", "extra"),
    *("source", "line"),
]


@dataclass(frozen=True, slots=True)
class Part:
    """A case of a union. Its name is that of its folder, with those above if two are called alike.

    `notes` are sentences on what was noticed when it was joined to the cases before it.
    """

    name: str
    path: str
    epoch: int
    notes: tuple[str, ...] = ()


def parts_of(case: Case) -> tuple[Part, ...]:
    """The cases that a union is made of; none if the case is not a union, or not a whole one."""
    if "cases" not in case.epoch.shards:
        return ()
    rows = case.read("cases").to_pylist()
    return tuple(Part(r["name"], r["path"], r["epoch"], tuple(r["notes"])) for r in rows)


def part_number(shard: Path) -> int:
    """Which of a union's cases the rows of a shard come from, the first being 0."""
    return int(shard.name.partition("-")[0])


def unite(cases: Sequence[Case], folder: Path, progress: Progress | None = None) -> Case:
    """The union of two cases or more, made in `folder`, or brought up to date there.

    It has the signals that all cases have from the same maker. Raises `UsageError` where a case is
    named twice or there are over `MAX_CASES`; `CaseError` where `folder` holds something else, a
    case is damaged, or they have no signal in common; `IndexMismatch` where unlike makers are why.
    """
    progress = progress or Silent()
    _check(cases, folder)
    shared, unlike = _signals(cases)
    parts = [
        Part(name, str(case.path.resolve()), case.epoch.number)
        for name, case in zip(_names(cases), cases, strict=True)
    ]
    union = Case.create(folder)
    if union.epoch.shards and not union.is_union:
        raise CaseError(f"{folder} is a case of its own; name a new or an empty folder")
    if [replace(part, notes=()) for part in parts_of(union)] != parts:
        with union.writer() as writer, progress.track("joining cases", len(cases)) as advance:
            writer.clear()
            for name in shared:
                writer.describe(name, _made_by(cases, name))
            writer.commit()  # so that what a killed run left never stands beside new rows
            writer.put("origins", {"origins": _origins(cases)})
            notes = []
            for number, case in enumerate(cases):
                notes.append(_join(writer, number, case, shared))
                advance(1)
            notes[-1] += unlike
            writer.put("cases", {"cases": _table(parts, notes)})
            writer.commit()
    return union


def _check(cases: Sequence[Case], folder: Path) -> None:
    places = [case.path.resolve() for case in cases]
    if twice := [place for place, count in Counter(places).items() if count > 1]:
        raise UsageError(f"{twice[0]} is named twice; for one case: frametrace match {twice[0]}")
    if len(cases) > MAX_CASES:
        raise UsageError(f"{len(cases)} cases are too many: name {MAX_CASES} at most")
    if inside := [place for place in places if folder.resolve().is_relative_to(place)]:
        raise UsageError(f"{folder} is, or lies in, the case {inside[0]}: name another folder")


def _names(cases: Sequence[Case]) -> list[str]:
    """As much of the end of each path as tells them apart."""
    paths = [case.path.resolve().parts for case in cases]
    for length in range(1, max(map(len, paths)) + 1):
        names = ["/".join(parts[-length:]) for parts in paths]
        if len(set(names)) == len(names):
            break
    return names


def _table(parts: Sequence[Part], notes: Sequence[list[str]]) -> pa.Table:
    rows = [
        {"name": part.name, "path": part.path, "epoch": part.epoch, "notes": noted}
        for part, noted in zip(parts, notes, strict=True)
    ]
    return pa.Table.from_pylist(rows, _CASES)


def _origins(cases: Sequence[Case]) -> pa.Table:
    held = []
    for number, case in enumerate(cases):
        with connect(case, "posts") as connection:
            keys = connection.sql(_KEYS, params={"number": ACCOUNT_NUMBER_PATTERN}).to_arrow_table()
        held.append(keys.append_column("held", pa.repeat(1 << number, len(keys))))
    with query_over(every=pa.concat_tables(held)) as connection:
        return connection.sql(_ORIGINS).to_arrow_table()


def _signals(cases: Sequence[Case]) -> tuple[list[str], list[str]]:
    """The signals that all cases have alike, and sentences on the others.

    A case has no need of a signal of which it holds no items. Raises where nothing is left.
    """
    for case in cases:
        if not case.epoch.signals:
            raise CaseError(
                f"{case.path} has no signals yet; compute them: frametrace embed {case.path}"
            )
    shared, unlike, clash = [], [], False
    for name in sorted({name for case in cases for name in case.epoch.signals}):
        makers = {_fingerprint(case, name): case for case in cases if name in case.epoch.signals}
        lacking = [case for case in cases if name not in case.epoch.signals and _needs(case, name)]
        if len(makers) > 1:
            clash = True
            made = ", ".join(f"{case.path} has it by {maker}" for maker, case in makers.items())
            unlike.append(
                f"{name} is not compared: {made}. Bring the older one up to date with: "
                f"frametrace embed CASE --signal {name} --replace"
            )
        elif lacking:
            command = f"frametrace embed {lacking[0].path} --signal {name}"
            unlike.append(f"{name} is not compared: {lacking[0].path} has none. Make it: {command}")
        else:
            shared.append(name)
    common = [name for name in shared if sum(name in case.epoch.signals for case in cases) > 1]
    if not common:
        kind = IndexMismatch if clash else CaseError
        raise kind(" ".join(unlike) or "the cases hold nothing that could be compared")
    return shared, unlike


def _fingerprint(case: Case, signal: str) -> str:
    return case.epoch.signals[signal]["fingerprint"]


def _needs(case: Case, signal: str) -> bool:
    """Whether the case holds what the signal is made of."""
    kind = SIGNALS.get(signal)
    of_pictures = kind is not None and issubclass(kind, PictureSignal)
    return case.epoch.rows("media" if of_pictures else "posts") > 0


def _made_by(cases: Sequence[Case], signal: str) -> dict[str, str]:
    return dict(next(c.epoch.signals[signal] for c in cases if signal in c.epoch.signals))


def _join(writer: CaseWriter, number: int, case: Case, signals: Sequence[str]) -> list[str]:
    """Add a case's rows; sentences on posts that an earlier case has with other content."""
    conflicts = _conflicts(writer, case) if number else pa.table({})
    for table in [*BASE_TABLES, *map(signal_table, signals)]:
        for file, keys in _shards(case, table):
            unit = f"{number}-{table.replace('/', '-')}-{file.stem}"
            new = _new(writer, table, keys, conflicts) if number else None
            if new is None or len(new) == len(keys):
                writer.link(unit, table, file, len(keys))
            elif len(new):
                writer.put(unit, {table: case.read_shard(table, file).take(new)})
    ways = Counter(row["differs"] for row in conflicts.to_pylist())
    return [
        f"{count:,} {'posts' if count > 1 else 'post'} of {case.path} "
        f"{'stand' if count > 1 else 'stands'} in an earlier case with {differs}: that one counts"
        for differs, count in sorted(ways.items())
    ]


def _shards(case: Case, table: str) -> Iterator[tuple[Path, pa.Table]]:
    """The shards of a table, each with the keys of its rows."""
    keys = list(TABLE_KEYS.get(table, ("sha256",)))
    return zip(case.files(table), case.shards(table, keys), strict=True)


def _conflicts(writer: CaseWriter, case: Case) -> pa.Table:
    """The case's posts that stand in the union with another text or of another account."""
    return StoredRows(writer.case).new_posts(case.read("posts", _OF_POSTS))[2]


def _new(writer: CaseWriter, table: str, keys: pa.Table, conflicts: pa.Table) -> pa.Array:
    """Which rows the union doesn't hold; pictures of a post that conflicts are not its pictures."""
    numbered = keys.append_column("row", pa.array(range(len(keys)), pa.int64()))
    new = StoredRows(writer.case).new(table, numbered)
    if table == "post_media" and conflicts.num_rows:
        with query_over(new=new, conflicts=conflicts) as connection:
            new = connection.sql(
                "SELECT row FROM new ANTI JOIN conflicts USING (platform, post_id) ORDER BY row"
            ).to_arrow_table()
    return new["row"].combine_chunks()
