"""Makes a union of several cases: a case that links to their shards instead of copying them.

Links are enough because shards never change. A union is a case in a folder of its own, with two
more tables: `origins`, which is written first and marks the case as a union, and `cases`, which is
written last and marks it as complete. A post, picture or value that several cases hold is in the
union once, as the first of these cases has it. Nothing is written into the cases.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from frametrace.case.case_writer import CaseWriter
from frametrace.case.schemas import frame_table, signal_table
from frametrace.case.store import BASE_TABLES, Case
from frametrace.case.stored_rows import ACCOUNT_NUMBER_PATTERN, TABLE_KEYS, StoredRows
from frametrace.case.views import connect, query_over
from frametrace.embed.signals import SIGNALS, PictureSignal
from frametrace.posts.errors import CaseError, IndexMismatch, UsageError
from frametrace.work.progress import Progress, Silent

__all__ = ["MAX_CASES", "Part", "part_number", "parts_of", "unite"]

MAX_CASES = 32  # of a union: the cases that hold a post are bits of an integer

# One row per case, in their order.
_CASES = pa.schema(
    [
        ("name", pa.string()),
        ("path", pa.string()),
        ("epoch", pa.int64()),
        ("notes", pa.list_(pa.string())),
    ]
)
# One row per post; bit i of `cases` is set if case i holds it. If a case has the post ID from
# another account than the first case, it is another post. The account's number counts as the
# account.
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
_POST_COLUMNS = [
    *("platform", "post_id", "account_id", "posted_at", "caption_sha256", "extra"),
    *("source", "line"),
]


@dataclass(frozen=True, slots=True)
class Part:
    """A case of a union. Its name is that of its folder, with parent folders if names repeat.

    `notes` are sentences on conflicts with the cases before it.
    """

    name: str
    path: str
    epoch: int
    notes: tuple[str, ...] = ()


def parts_of(case: Case) -> tuple[Part, ...]:
    """The cases that a union is made of; none if the case is not a union, or is incomplete."""
    if "cases" not in case.epoch.shards:
        return ()
    rows = case.read("cases").to_pylist()
    return tuple(Part(r["name"], r["path"], r["epoch"], tuple(r["notes"])) for r in rows)


def part_number(shard: Path) -> int:
    """The number of the case that a union's shard comes from; the first case is 0."""
    return int(shard.name.partition("-")[0])


def unite(cases: Sequence[Case], folder: Path, progress: Progress | None = None) -> Case:
    """Make the union of two or more cases in `folder`, or bring it up to date.

    It has the signals for which all cases have the same fingerprint. Raises `UsageError` if a case
    is named twice or there are more than `MAX_CASES`; `CaseError` if `folder` holds something else,
    a case is damaged, or the cases have no signal in common; `IndexMismatch` if they have none in
    common because their fingerprints differ.
    """
    progress = progress or Silent()
    _check(cases, folder)
    shared, signal_notes = _signals(cases)
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
            writer.commit()  # so that rows left by a killed run are never mixed with new rows
            writer.put("origins", {"origins": _origins(cases)})
            notes = []
            for number, case in enumerate(cases):
                notes.append(_join(writer, number, case, shared))
                advance(1)
            notes[-1] += signal_notes
            writer.put("cases", {"cases": _table(parts, notes)})
            writer.commit()
    return union


def _check(cases: Sequence[Case], folder: Path) -> None:
    paths = [case.path.resolve() for case in cases]
    if repeated := [path for path, count in Counter(paths).items() if count > 1]:
        path = repeated[0]
        raise UsageError(f"{path} is named twice; for one case: frametrace match {path}")
    if len(cases) > MAX_CASES:
        raise UsageError(f"{len(cases)} cases are too many: name {MAX_CASES} at most")
    if parents := [path for path in paths if folder.resolve().is_relative_to(path)]:
        raise UsageError(f"{folder} is, or lies in, the case {parents[0]}: name another folder")


def _names(cases: Sequence[Case]) -> list[str]:
    """The last parts of each path, as many as make them different."""
    paths = [case.path.resolve().parts for case in cases]
    for length in range(1, max(map(len, paths)) + 1):
        names = ["/".join(parts[-length:]) for parts in paths]
        if len(set(names)) == len(names):
            break
    return names


def _table(parts: Sequence[Part], notes: Sequence[list[str]]) -> pa.Table:
    rows = [
        {"name": part.name, "path": part.path, "epoch": part.epoch, "notes": part_notes}
        for part, part_notes in zip(parts, notes, strict=True)
    ]
    return pa.Table.from_pylist(rows, _CASES)


def _origins(cases: Sequence[Case]) -> pa.Table:
    tables = []
    for number, case in enumerate(cases):
        with connect(case, "posts") as connection:
            keys = connection.sql(_KEYS, params={"number": ACCOUNT_NUMBER_PATTERN}).to_arrow_table()
        tables.append(keys.append_column("held", pa.repeat(1 << number, len(keys))))
    with query_over(every=pa.concat_tables(tables)) as connection:
        return connection.sql(_ORIGINS).to_arrow_table()


def _signals(cases: Sequence[Case]) -> tuple[list[str], list[str]]:
    """The signals that all cases share, and sentences on those that they don't.

    A case without any items of a signal doesn't need it. Raises if no signal is left.
    """
    for case in cases:
        if not case.epoch.signals:
            raise CaseError(
                f"{case.path} has no signals yet; compute them: frametrace embed {case.path}"
            )
    shared, notes, fingerprints_differ = [], [], False
    for name in sorted({name for case in cases for name in case.epoch.signals}):
        makers = {_fingerprint(case, name): case for case in cases if name in case.epoch.signals}
        without = [case for case in cases if name not in case.epoch.signals and _needs(case, name)]
        if len(makers) > 1:
            fingerprints_differ = True
            makers_text = ", ".join(f"{c.path} has it from {maker}" for maker, c in makers.items())
            notes.append(
                f"{name} is not compared: {makers_text}. Bring the older one up to date with: "
                f"frametrace embed CASE --signal {name} --replace"
            )
        elif without:
            path = without[0].path
            command = f"frametrace embed {path} --signal {name}"
            notes.append(f"{name} is not compared: {path} has none. Compute it with: {command}")
        else:
            shared.append(name)
    common = [name for name in shared if sum(name in case.epoch.signals for case in cases) > 1]
    if not common:
        kind = IndexMismatch if fingerprints_differ else CaseError
        raise kind(" ".join(notes) or "the cases hold nothing that can be compared")
    return shared, notes


def _fingerprint(case: Case, signal: str) -> str:
    return case.epoch.signals[signal]["fingerprint"]


def _needs(case: Case, signal: str) -> bool:
    """Whether the case holds pictures or posts that the signal is computed from."""
    kind = SIGNALS.get(signal)
    of_pictures = kind is not None and issubclass(kind, PictureSignal)
    return case.epoch.rows("media" if of_pictures else "posts") > 0


def _made_by(cases: Sequence[Case], signal: str) -> dict[str, str]:
    return dict(next(c.epoch.signals[signal] for c in cases if signal in c.epoch.signals))


def _join(writer: CaseWriter, number: int, case: Case, signals: Sequence[str]) -> list[str]:
    """Add a case's rows; return notes on posts whose content differs in an earlier case."""
    conflicts = _conflicts(writer, case) if number else pa.table({})
    for table in [*BASE_TABLES, *map(signal_table, signals), *map(frame_table, signals)]:
        for file, keys in _shards(case, table):
            unit = f"{number}-{table.replace('/', '-')}-{file.stem}"
            new = _new(writer, table, keys, conflicts) if number else None
            if new is None or len(new) == len(keys):
                writer.link(unit, table, case, file)
            elif len(new):
                writer.put(unit, {table: case.read_shard(table, file).take(new)})
    differences = Counter(row["differs"] for row in conflicts.to_pylist())
    return [
        f"{count:,} {'posts' if count > 1 else 'post'} of {case.path} "
        f"{'are' if count > 1 else 'is'} in an earlier case with {difference}: that one counts"
        for difference, count in sorted(differences.items())
    ]


def _shards(case: Case, table: str) -> Iterator[tuple[Path, pa.Table]]:
    """The shards of a table, each with the keys of its rows."""
    keys = list(TABLE_KEYS.get(table, ("sha256",)))
    return zip(case.files(table), case.shards(table, keys), strict=True)


def _conflicts(writer: CaseWriter, case: Case) -> pa.Table:
    """The case's posts that the union has with another text or from another account."""
    return StoredRows(writer.case).new_posts(case.read("posts", _POST_COLUMNS))[2]


def _new(writer: CaseWriter, table: str, keys: pa.Table, conflicts: pa.Table) -> pa.Array:
    """The rows that the union doesn't hold yet; pictures of a conflicting post are left out."""
    numbered = keys.append_column("row", pa.array(range(len(keys)), pa.int64()))
    new = StoredRows(writer.case).new(table, numbered)
    if table == "post_media" and conflicts.num_rows:
        with query_over(new=new, conflicts=conflicts) as connection:
            new = connection.sql(
                "SELECT row FROM new ANTI JOIN conflicts USING (platform, post_id) ORDER BY row"
            ).to_arrow_table()
    return new["row"].combine_chunks()
