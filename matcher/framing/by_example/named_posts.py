"""The posts that belong to a case's named framings."""

import pyarrow as pa

from frametrace.matcher.framing.by_example.rank_posts import rank
from frametrace.matcher.framing.by_example.resolve_examples import Compared
from frametrace.matcher.framing.by_example.saved_framings import load, names_in
from frametrace.matcher.results import NAMED
from frametrace.posts.errors import CaseError, UsageError
from frametrace.work.progress import Progress

__all__ = ["named_posts"]


def named_posts(compared: Compared, least: float, progress: Progress) -> pa.Table:
    """The posts that belong to each named framing, in the schema `NAMED`; by name, then likeness.

    One that can't be read, or has nothing left to compare with, is told of and left out.
    """
    found = [NAMED.empty_table()]
    for name in names_in(compared.case):
        try:
            ranked = rank(compared, load(compared.case, name), least, limit=None)
        except (CaseError, UsageError) as error:
            progress.note(f"the framing {name} is left out: {error}")
            continue
        for line in ranked.notes:
            progress.note(f"the framing {name}: {line}")
        names = pa.repeat(pa.scalar(name, pa.string()), ranked.rows.num_rows)
        found.append(ranked.rows.add_column(0, NAMED.field("name"), names).cast(NAMED))
    return pa.concat_tables(found)
