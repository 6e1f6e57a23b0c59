"""Computes the signals of captions, once for each distinct text.

The text in pictures that OCR found (signal `overlay`) is treated like a caption: its values are in
the same tables, under the text's digest.
"""

import hashlib
from collections.abc import Iterator
from functools import partial

import pyarrow as pa

from frametrace.case.case_writer import CaseWriter
from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.embed.signals import SIGNALS, CaptionSignal, Metric
from frametrace.work.executor import Executor, InProcess, all_results
from frametrace.work.progress import Progress

__all__ = ["embed_captions", "missing_captions"]

_UNIT = 4096  # captions
_BLOCK = 512  # captions that a signal computes between two reports of progress
_MIN_TEXTS_FOR_WORKERS = 100_000  # for fewer, starting workers takes longer than computing
_LOOKUP_TEXTS = 64 * _UNIT  # read at a time; some 50 MB


def embed_captions(
    writer: CaseWriter,
    signal: CaptionSignal,
    progress: Progress,
    executor: Executor | None = None,
) -> int:
    """Compute one signal for the texts that lack it, unit by unit.

    The executor is used only if there are many texts. Returns the number of captions of posts that
    were computed; texts in pictures are not counted.
    """
    digests = missing_captions(writer.case, signal.name)
    captions_of_posts = missing_captions(writer.case, signal.name, in_pictures=False)
    if executor is None or len(digests) < _MIN_TEXTS_FOR_WORKERS:
        executor = InProcess()
    with progress.track(f"captions ({signal.name})", len(digests)) as advance:
        parts: list[pa.Table] = []
        results = executor.map(partial(_with_digests, signal), _blocks(writer.case, digests))
        for values in all_results(results, failure=f"{signal.name} can't be computed"):
            parts.append(values)
            advance(len(values))
            if len(parts) == _UNIT // _BLOCK:
                _put(writer, signal.name, pa.concat_tables(parts))
                parts.clear()
        if parts:
            _put(writer, signal.name, pa.concat_tables(parts))
    return len(captions_of_posts)


def missing_captions(case: Case, name: str, *, in_pictures: bool = True) -> pa.Array:
    """Digests of the texts that lack the signal, sorted: captions, and texts in pictures.

    Without `in_pictures`, only captions.
    """
    lacking = f"sha256 IS NOT NULL AND sha256 NOT IN (SELECT sha256 FROM {name})"  # noqa: S608
    texts, tables = _texts_of(case, in_pictures=in_pictures)
    query = f"SELECT DISTINCT sha256 FROM ({texts}) WHERE {lacking} ORDER BY sha256"  # noqa: S608
    with connect(case, *tables, signal_table(name)) as connection:
        return connection.sql(query).to_arrow_table()["sha256"].combine_chunks()


def _texts_of(case: Case, *, in_pictures: bool = True) -> tuple[str, list[str]]:
    """A query for `sha256` and `text` of captions and of texts in pictures, and its tables."""
    parts, tables = ["SELECT caption_sha256 AS sha256, text FROM posts"], ["posts"]
    for name, signal in SIGNALS.items() if in_pictures else ():
        if signal.metric is Metric.TEXT and case.epoch.rows(signal_table(name)):
            parts.append(f"SELECT text_sha256 AS sha256, text FROM {name}")  # noqa: S608
            tables.append(signal_table(name))
    return " UNION ALL ".join(parts), tables


def _blocks(case: Case, digests: pa.Array) -> Iterator[tuple[list[str], list[str]]]:
    """Digests and texts; lists, because a slice of a table would send all of it to a worker."""
    for start in range(0, len(digests), _LOOKUP_TEXTS):
        texts = _texts(case, digests.slice(start, _LOOKUP_TEXTS))
        for at in range(0, len(texts), _BLOCK):
            block = texts.slice(at, _BLOCK)
            yield block["sha256"].to_pylist(), block["text"].to_pylist()


def _with_digests(signal: CaptionSignal, block: tuple[list[str], list[str]]) -> pa.Table:
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
