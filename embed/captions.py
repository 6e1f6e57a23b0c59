"""Computing the signals of captions; a text that many posts carry is computed once."""

import hashlib
from collections.abc import Callable

import pyarrow as pa

from frametrace.embed.case import Case, CaseWriter
from frametrace.embed.held import connect
from frametrace.embed.progress import Progress
from frametrace.embed.signals import CaptionSignal
from frametrace.embed.tables import signal_table

__all__ = ["embed_captions", "missing_captions"]

_UNIT = 4096  # captions
_BLOCK = 512  # captions a signal computes at a time, between two words on progress
_READ = 64 * _UNIT  # texts are looked up for so many at once; some 50 MB


def embed_captions(writer: CaseWriter, signal: CaptionSignal, progress: Progress) -> int:
    """Compute what the case's captions lack of one signal, unit by unit; returns how many."""
    digests = missing_captions(writer.case, signal.name)
    with progress.track(f"captions ({signal.name})", len(digests)) as advance:
        for start in range(0, len(digests), _READ):
            texts = _texts(writer.case, digests.slice(start, _READ))
            for at in range(0, len(texts), _UNIT):
                _put(writer, signal, texts.slice(at, _UNIT), advance)
    return len(digests)


def missing_captions(case: Case, name: str) -> pa.Array:
    """Digests of the captions that lack the signal, sorted."""
    lacking = f"sha256 IS NOT NULL AND sha256 NOT IN (SELECT sha256 FROM {name})"  # noqa: S608
    captions = "(SELECT DISTINCT caption_sha256 AS sha256 FROM posts)"
    query = f"SELECT sha256 FROM {captions} WHERE {lacking} ORDER BY sha256"  # noqa: S608
    with connect(case, "posts", signal_table(name)) as connection:
        return connection.sql(query).to_arrow_table()["sha256"].combine_chunks()


def _put(
    writer: CaseWriter, signal: CaptionSignal, unit: pa.Table, advance: Callable[[int], None]
) -> None:
    parts = []
    for at in range(0, len(unit), _BLOCK):
        block = unit.slice(at, _BLOCK)
        values = signal.compute(block["text"].to_pylist())
        parts.append(values.add_column(0, "sha256", block["sha256"]))
        advance(len(block))
    digest = hashlib.sha256("".join(unit["sha256"].to_pylist()).encode()).hexdigest()[:16]
    writer.put(f"{signal.name}-{digest}", {signal_table(signal.name): pa.concat_tables(parts)})


def _texts(case: Case, digests: pa.Array) -> pa.Table:
    with connect(case, "posts") as connection:
        connection.register("unit", pa.table({"sha256": digests}))
        return connection.sql(
            "SELECT u.sha256, any_value(p.text) AS text FROM unit u "
            "JOIN posts p ON p.caption_sha256 = u.sha256 GROUP BY u.sha256 ORDER BY u.sha256"
        ).to_arrow_table()
