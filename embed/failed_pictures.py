"""Lists the pictures that have no values, and decides which of them are tried again.

Each is a row of the table `skipped`. A row with the picture's digest means that it is not tried
again, unless somebody asks for it. If the system ended the worker, the picture may be innocent: it
is tried in a few more runs. Its row says how often, and is deleted once the picture has values.
"""

from collections.abc import Collection, Mapping, Sequence

from frametrace.case.case_writer import CaseWriter
from frametrace.case.items_with_values import items_with_values, value_tables
from frametrace.case.stored_rows import StoredRows
from frametrace.case.views import connect
from frametrace.posts.model import MediaItem

__all__ = ["attempts_so_far", "delete_obsolete", "ended_row", "failed_row", "retry_failed"]

_MAX_ATTEMPTS = 3  # one a run
_ENDED = "the system ended its worker, most often for lack of memory; attempt "
_ATTEMPTS = (
    "WITH attempts AS ("  # noqa: S608
    "SELECT *, CAST(regexp_extract(reason, 'attempt ([0-9]+)', 1) AS INT) AS count "
    f"FROM skipped WHERE starts_with(reason, '{_ENDED}'))"
)
_KEYS = "source, line, item, reason, sha256"
_Picture = tuple[str, str]  # the name of its folder or archive, and its path there


def failed_row(item: MediaItem, reason: str, *, for_good: bool) -> dict[str, object]:
    """The row of a picture without values; `for_good`: it is not tried again by itself."""
    source, path = _named(item)
    sha256 = item.sha256 if for_good else None
    return {"source": source, "line": 0, "item": path, "reason": reason, "sha256": sha256}


def ended_row(item: MediaItem, attempts: Mapping[_Picture, int]) -> dict[str, object]:
    """The row of one more attempt whose worker the system ended; the last one is for good."""
    count = attempts.get(_named(item), 0) + 1
    for_good = count >= _MAX_ATTEMPTS
    advice = "; `frametrace embed --retry-failed` tries it again" if for_good else ""
    reason = f"{_ENDED}{count} of {_MAX_ATTEMPTS}{advice}"
    return failed_row(item, reason, for_good=for_good)


def attempts_so_far(writer: CaseWriter) -> Mapping[_Picture, int]:
    """How often the system ended the worker of each picture that is still tried again."""
    query = f"{_ATTEMPTS} SELECT source, item, count FROM attempts WHERE sha256 IS NULL"  # noqa: S608
    with connect(writer.case, "skipped") as connection:
        return {(source, item): n for source, item, n in connection.execute(query).fetchall()}


def delete_obsolete(writer: CaseWriter, signals: Sequence[str]) -> None:
    """Commit, then delete attempts before the last, and those of pictures that have values by now.

    `signals`: the ones whose values a picture must have.
    """
    writer.commit()
    has_values = " AND ".join(f"m.sha256 IN ({items_with_values(name)})" for name in signals)
    query = (
        f"{_ATTEMPTS} SELECT {_KEYS} FROM attempts a WHERE EXISTS ("  # noqa: S608
        "FROM attempts b WHERE b.source = a.source AND b.item = a.item AND b.count > a.count"
        ") OR (sha256 IS NULL AND EXISTS ("
        "FROM media m WHERE m.path = a.item AND ends_with('/' || m.root, '/' || a.source) "
        f"AND {has_values}))"
    )
    with connect(writer.case, "skipped", "media", *value_tables(signals)) as connection:
        _delete(writer, connection.execute(query).fetchall())


def retry_failed(writer: CaseWriter) -> None:
    """Have every picture that was ever given up tried again."""
    query = (
        f"SELECT {_KEYS} FROM skipped WHERE sha256 IS NOT NULL OR starts_with(reason, '{_ENDED}')"  # noqa: S608
    )
    with connect(writer.case, "skipped") as connection:
        _delete(writer, connection.execute(query).fetchall())


def _delete(writer: CaseWriter, keys: Collection[tuple[str, ...]]) -> None:
    if keys:
        remaining, shards = StoredRows(writer.case).remaining("skipped", set(keys))
        writer.put(
            f"retried-{writer.case.epoch.number}", {"skipped": remaining}, {"skipped": shards}
        )
        writer.commit()


def _named(item: MediaItem) -> _Picture:
    return item.root.rpartition("/")[2], item.path
