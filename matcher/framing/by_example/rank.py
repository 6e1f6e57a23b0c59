"""A framing by example: all posts of a case, the most alike to examples first.

Posts are compared with examples as they are with each other where framings are found (see
`fusing`), on the case's own background. What is missing, a signal or a model, leaves the rest
working.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from frametrace.case.store import Case
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.clip import Clip
from frametrace.embed.signals.ocr_text import OcrText
from frametrace.matcher.account_names import connect
from frametrace.matcher.framing.by_example.examples import Framing
from frametrace.matcher.framing.by_example.likeness import KINDS, Likeness, likeness
from frametrace.matcher.framing.by_example.resolve import Compared, given_of
from frametrace.matcher.framing.distinct_contents import NONE, Contents
from frametrace.matcher.framing.similarity import SAME_PHOTO, Means
from frametrace.matcher.results import RANKED

__all__ = ["Ranked", "rank"]

_COUNTS = 0.5  # decades below which a kind of evidence is not told
_SAID = ("captions", "lettering", "pictures", "caption and lettering")  # as `TIED_BY` has them
_ACROSS = 3

_ROWS = """
WITH pictures AS (
    SELECT platform, post_id, arg_min(sha256, (path, sha256)) AS sha256, min(path) AS path
    FROM post_media GROUP BY ALL
)
SELECT t.decades, t.belongs, t.against,
    o.platform, o.post_id, o.account_id, o.account_kind, o.account_name, o.posted_at, o.text,
    m.sha256 AS media_sha256, m.path AS media_path, o.caption_sha256, t.content
FROM posts_of p JOIN told t USING (content) JOIN posts o USING (platform, post_id)
LEFT JOIN pictures m USING (platform, post_id)
ORDER BY t.decades DESC, o.posted_at NULLS LAST, o.platform, o.post_id
LIMIT $limit
"""


@dataclass(frozen=True, slots=True)
class Ranked:
    """The posts most alike to examples, in the schema `RANKED`.

    `compared` is how many posts there were, `belonging` how many of them belong. `signals` are
    those that examples and posts were compared by, `notes` sentences on what was not.
    """

    rows: pa.Table
    compared: int
    belonging: int
    signals: tuple[str, ...]
    notes: tuple[str, ...]


def rank(compared: Compared, framing: Framing, least: float, limit: int | None = 0) -> Ranked:
    """Rank all posts but reposts, and those that say and show nothing to compare by.

    A post belongs that is alike by `least` decades (what the framing itself says comes first), or
    carries a copy of a picture example, and is nearer to an example than to any counter-example;
    so does every example. Of the rows come the first
    `limit`, all for 0, those that belong for None. Raises `UsageError` where there is no example
    to compare with, or one is the same as a counter-example.
    """
    contents = compared.contents
    given = given_of(compared, framing)
    n = len(contents)
    found = likeness(given.fusion, np.arange(n), given.like, given.unlike, given.mean)
    least = least if framing.least is None else framing.least
    # A picture has no more decades to give than those of its copies.
    copies = np.isin(found.example[KINDS.index("looks")], given.pictures)
    copies &= found.fused.looks.decades >= SAME_PHOTO
    belongs = ((found.decades >= least) | copies) & ~found.opposed
    belongs[[each for each in given.like if each < n]] = True
    belongs[[each for each in given.unlike if each < n]] = False
    order = np.lexsort((np.arange(n), -found.decades))
    weight = contents.weight
    if limit is None:
        order = order[belongs[order]]
    elif limit and limit < weight.sum():
        # Posts of one likeness are ordered by time: which of them come first is not known yet.
        last = order[np.searchsorted(np.cumsum(weight[order]), limit)]
        order = order[found.decades[order] >= found.decades[last]]
    told = _told(found, belongs, np.sort(order))
    rows = _rows(compared.case, contents, told, limit)
    kinds = _kinds(contents, found, given.captions)
    return Ranked(
        rows=_with_ties(rows, found, kinds, given.labels),
        compared=int(weight.sum()),
        belonging=int(weight[belongs].sum()),
        signals=_signals(compared.case, contents),
        notes=tuple(given.notes),
    )


def _told(found: Likeness, belongs: np.ndarray, which: np.ndarray) -> pa.Table:
    """What is told of some contents."""
    return pa.table(
        {
            "content": which,
            "decades": found.decades[which],
            "belongs": belongs[which],
            "against": found.against[which],
        }
    )


def _rows(case: Case, contents: Contents, told: pa.Table, limit: int | None) -> pa.Table:
    """The first posts of some contents in order, with their content; all without a limit."""
    with connect(case, "posts", "post_media") as connection:
        connection.register("posts_of", contents.posts)
        connection.register("told", told)
        found = connection.sql(_ROWS, params={"limit": limit or None})
        return found.to_arrow_table().combine_chunks()


def _kinds(contents: Contents, found: Likeness, captions: np.ndarray) -> np.ndarray:
    """What each kind of evidence is called, (3, n): captions may be alike to lettering."""
    said = found.fused.captions
    across = (said.a != captions[found.example[0]]) | (said.b != contents.caption)
    kinds = np.repeat(np.arange(len(KINDS))[:, None], len(contents), 1)
    kinds[0, across] = _ACROSS
    return kinds


def _with_ties(
    rows: pa.Table, found: Likeness, kinds: np.ndarray, labels: Sequence[str]
) -> pa.Table:
    """With what each post is like, by which example, in the schema `RANKED`."""
    content, at = np.unique(rows["content"].to_numpy(), return_inverse=True)
    ties = _ties(found, content, kinds[:, content], labels).take(pa.array(at))
    return rows.drop_columns(["content"]).append_column("tied_by", ties).cast(RANKED)


def _ties(
    found: Likeness, content: np.ndarray, kinds: np.ndarray, labels: Sequence[str]
) -> pa.ListArray:
    """The evidence of some contents, (c,), the strongest kind first."""
    parts = [getattr(found.fused, kind) for kind in KINDS]
    decades = np.stack([part.decades[content] for part in parts])
    order = np.argsort(-decades, axis=0, kind="stable")
    told = np.take_along_axis(decades, order, 0) >= _COUNTS
    starts = np.append(0, np.cumsum(told.sum(axis=0))).astype(np.int32)

    def flat(values: np.ndarray) -> np.ndarray:
        return np.take_along_axis(values, order, 0).T[told.T]

    means = flat(np.stack([part.means[content] for part in parts]))
    ties = RANKED.field("tied_by").type
    columns = [
        pa.array(_SAID).take(pa.array(flat(kinds))),
        pa.array([each.signal for each in Means]).take(pa.array(means)),
        pa.array(flat(np.stack([part.similarity[content] for part in parts])), pa.float32()),
        pa.array(flat(decades), pa.float32()),
        pa.array(labels, pa.string()).take(pa.array(flat(found.example[:, content]))),
    ]
    structs = pa.StructArray.from_arrays(columns, fields=list(ties.value_type.fields))
    return pa.ListArray.from_arrays(pa.array(starts), structs).cast(ties)


def _signals(case: Case, contents: Contents) -> tuple[str, ...]:
    """What posts of a case are compared by."""
    made = case.epoch.signals
    there = {
        CaptionKey.name: len(contents.texts) > 0,
        Caption.name: Caption.name in made and len(contents.texts) > 0,
        OcrText.name: bool((contents.lettering != NONE).any()),
        "photo": len(contents.files) > 0,
        Clip.name: Clip.name in made and len(contents.files) > 0,
    }
    return tuple(name for name, used in there.items() if used)
