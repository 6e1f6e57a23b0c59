"""Computing the signals of captions; a text that many posts carry is computed once.

The lettering that `overlay` read in pictures is a text like a caption: its values stand in the same
tables, by the text's digest.
"""

import hashlib
from collections.abc import Iterator
from functools import partial

import pyarrow as pa

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case, CaseWriter
from frametrace.case.views import connect
from frametrace.embed.signals import CaptionSignal
from frametrace.embed.signals.ocr_text import Overlay
from frametrace.posts.errors import FrametraceError
from frametrace.work.executor import Crashed, Executor, InProcess
from frametrace.work.progress import Progress

__all__ = ["embed_captions", "missing_captions"]

_UNIT = 4096  # captions
_BLOCK = 512  # captions a signal computes at a time, between two words on progress
_MANY = 100_000  # texts; to start workers for fewer takes longer than computing them here
_READ = 64 * _UNIT  # texts are looked up for so many at once; some 50 MB


def embed_captions(
    writer: CaseWriter,
    signal: CaptionSignal,
    progress: Progress,
    executor: Executor | None = None,
) -> int:
    """Compute what the case's texts lack of one signal, unit by unit.

    Many texts are computed by the executor, if there is one. Returns how many captions of posts
    were; the lettering of pictures is not counted.
    """
    digests = missing_captions(writer.case, signal.name)
    counted = missing_captions(writer.case, signal.name, lettering=False)
    if executor is None or len(digests) < _MANY:
        executor = InProcess()
    with progress.track(f"captions ({signal.name})", len(digests)) as advance:
        parts: list[pa.Table] = []
        blocks = _blocks(writer.case, digests)
        for values in executor.map(partial(_valued, signal), blocks):
            if isinstance(values, Crashed):
                raise FrametraceError(f"{signal.name} can't be computed: {values.reason}")
            parts.append(values)
            advance(len(values))
            if len(parts) == _UNIT // _BLOCK:
                _put(writer, signal.name, pa.concat_tables(parts))
                parts.clear()
        if parts:
            _put(writer, signal.name, pa.concat_tables(parts))
    return len(counted)


def missing_captions(case: Case, name: str, *, lettering: bool = True) -> pa.Array:
    """Digests of the texts that lack the signal, sorted: captions, and the lettering of pictures.

    Without `lettering`, those of captions alone.
    """
    lacking = f"sha256 IS NOT NULL AND sha256 NOT IN (SELECT sha256 FROM {name})"  # noqa: S608
    texts, tables = _texts_of(case, lettering=lettering)
    query = f"SELECT DISTINCT sha256 FROM ({texts}) WHERE {lacking} ORDER BY sha256"  # noqa: S608
    with connect(case, *tables, signal_table(name)) as connection:
        return connection.sql(query).to_arrow_table()["sha256"].combine_chunks()


def _texts_of(case: Case, *, lettering: bool = True) -> tuple[str, list[str]]:
    """A query for `sha256` and `text` of everything that reads like a caption, and its tables."""
    parts, tables = ["SELECT caption_sha256 AS sha256, text FROM posts"], ["posts"]
    if lettering and case.epoch.rows(signal_table(Overlay.name)):
        parts.append(f"SELECT text_sha256 AS sha256, text FROM {Overlay.name}")  # noqa: S608
        tables.append(signal_table(Overlay.name))
    return " UNION ALL ".join(parts), tables


def _blocks(case: Case, digests: pa.Array) -> Iterator[tuple[list[str], list[str]]]:
    """Digests and texts; lists, since a slice of a table takes the whole table to a worker."""
    for start in range(0, len(digests), _READ):
        texts = _texts(case, digests.slice(start, _READ))
        for at in range(0, len(texts), _BLOCK):
            block = texts.slice(at, _BLOCK)
            yield block["sha256"].to_pylist(), block["text"].to_pylist()


def _valued(signal: CaptionSignal, block: tuple[list[str], list[str]]) -> pa.Table:
    digests, texts = block
    return signal.compute(texts).add_column(0, "sha256", pa.array(digests, pa.string()))


def _put(writer: CaseWriter, name: str, unit: pa.Table) -> None:
    digest = hashlib.sha256("".join(unit["sha256"].to_pylist()).encode()).hexdigest()[:16]
    writer.put(f"{name}-{digest}", {signal_table(name): unit})


def _texts(case: Case, digests: pa.Array) -> pa.Table:
    texts, tables = _texts_of(case)
    with connect(case, *tables) as connection:
        connection.register("unit", pa.table({"sha256": digests}))
        return connection.sql(
            "SELECT sha256, any_value(text) AS text FROM unit "  # noqa: S608
            f"JOIN ({texts}) USING (sha256) GROUP BY sha256 ORDER BY sha256"
        ).to_arrow_table()
