"""Counts the captions that a case's caption model could not read, by language."""

from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.app.language_names import language_name
from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.embed.signals.caption import Caption
from frametrace.embed.text.languages import language_of

__all__ = ["unread_captions"]

_MAX_READ = 20_000  # captions whose language is detected; it takes two seconds
_MAX_LISTED = 8  # languages
_NO_LETTERS = "und"

_TEXTS = """
SELECT c.sha256, any_value(p.text) AS text
FROM unread c JOIN posts p ON p.caption_sha256 = c.sha256
GROUP BY c.sha256 ORDER BY c.sha256 LIMIT $limit
"""


def unread_captions(case: Case) -> str:
    """A sentence with the languages that were compared only by wording; empty if there are none.

    Captions without letters, such as links and emoji, don't count. Of many captions, those of a
    stable sample are counted.
    """
    table = signal_table(Caption.name)
    if not case.epoch.rows(table):
        return ""
    # Shard by shard: all vectors of a large case don't fit into memory.
    shards = case.shards(table, ["sha256", "code"])
    unread = [shard.filter(pc.is_null(shard["code"])).select(["sha256"]) for shard in shards]
    without_vector = pa.concat_tables(unread)
    if not len(without_vector):
        return ""
    with connect(case, "posts") as connection:
        connection.register("unread", without_vector)
        found = connection.execute(_TEXTS, {"limit": _MAX_READ}).fetchall()
    codes = Counter(language_of(text) for _, text in found)
    del codes[_NO_LETTERS]
    counts: Counter[str] = Counter()
    for code, count in codes.items():
        counts[language_name(code) or "language unknown"] += count
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    listed = [f"{language} {count:,}" for language, count in ordered[:_MAX_LISTED]]
    if rest := sum(count for _, count in ordered[_MAX_LISTED:]):
        listed.append(f"others {rest:,}")
    if not listed:
        return ""
    sample = (
        f" (of a sample of {_MAX_READ:,})" if len(without_vector) > len(found) == _MAX_READ else ""
    )
    return (
        "Captions that the caption model could not read, compared only by wording"
        f"{sample}: {', '.join(listed)}."
    )
