"""Ranks the posts of a case by their similarity to the examples of a framing.

Posts are compared with examples in the same way as with each other when framings are found
(`fusion`), by the backgrounds of the case. If a signal or model is missing, the rest are still
compared.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.clip import Clip
from frametrace.embed.signals.ocr_text import OcrText
from frametrace.matcher.account_names import connect
from frametrace.matcher.framing.by_example.example_scoring import (
    EVIDENCE_KINDS,
    ExampleScores,
    score_contents,
)
from frametrace.matcher.framing.by_example.examples import Framing
from frametrace.matcher.framing.by_example.resolve_examples import (
    CaseContents,
    ResolvedExamples,
    resolve_examples,
)
from frametrace.matcher.framing.by_example.saved_framings import framing_names, load_framing
from frametrace.matcher.framing.distinct_contents import NONE, Contents
from frametrace.matcher.framing.framing_tables import MIN_REPORTED_RARITY
from frametrace.matcher.framing.image_similarity import SAME_PHOTO_RARITY
from frametrace.matcher.framing.member_stances import with_stances
from frametrace.matcher.framing.pair_similarity import Basis
from frametrace.matcher.result_schemas import NAMED, RANKED
from frametrace.posts.errors import CaseError, UsageError
from frametrace.work.progress import Progress

__all__ = ["RankedPosts", "named_posts", "rank_posts"]

# The kinds of evidence as `TIED_BY` has them: those of `EVIDENCE_KINDS`, and a caption that is
# similar to the text in a picture.
_KIND_NAMES = ("captions", "lettering", "pictures", "caption and lettering")
_CAPTION_AND_OCR_TEXT = 3

_ROWS = """
WITH pictures AS (
    SELECT platform, post_id, arg_min(sha256, (path, sha256)) AS sha256, min(path) AS path
    FROM post_media GROUP BY ALL
)
SELECT t.decades, t.belongs, t.against,
    o.platform, o.post_id, o.account_id, o.account_kind, o.account_name, o.posted_at, o.text,
    m.sha256 AS media_sha256, m.path AS media_path, o.caption_sha256, t.content
FROM posts_of p JOIN scores t USING (content) JOIN posts o USING (platform, post_id)
LEFT JOIN pictures m USING (platform, post_id)
ORDER BY t.decades DESC, o.posted_at NULLS LAST, o.platform, o.post_id
LIMIT $limit
"""


@dataclass(frozen=True, slots=True)
class RankedPosts:
    """The posts most similar to examples, in the schema `RANKED`.

    `compared` is the number of posts compared, `belonging` the number of those that belong.
    `signals` are the signals that were compared, `notes` sentences on what could not be.
    """

    rows: pa.Table
    compared: int
    belonging: int
    signals: tuple[str, ...]
    notes: tuple[str, ...]


def rank_posts(
    case_contents: CaseContents,
    framing: Framing,
    min_rarity: float,
    limit: int | None = 0,
    fact_checkers: Collection[str] = (),
) -> RankedPosts:
    """Rank all posts except reposts and posts with nothing to compare.

    A post belongs if its rarity is at least `min_rarity` (or that of the framing itself, if it has
    one) or it carries a copy of a picture example, and if it is not nearer to a counter-example.
    Examples always belong. `limit` is the number of rows returned: 0 for all, None for those that
    belong. Raises `UsageError` if there is no example to compare with, or one is the same as a
    counter-example.
    """
    contents = case_contents.contents
    n = len(contents)
    examples = resolve_examples(case_contents, framing)
    scores = score_contents(
        examples.fusion, np.arange(n), examples.like, examples.unlike, examples.mean
    )
    min_rarity = min_rarity if framing.min_rarity is None else framing.min_rarity
    belongs = _belongs(scores, examples, min_rarity)
    order = np.lexsort((np.arange(n), -scores.rarity))
    post_counts = contents.post_counts
    if limit is None:
        order = order[belongs[order]]
    elif limit and limit < post_counts.sum():
        # Posts of equal rarity are ordered by time, so all contents of the last rarity are needed.
        last = order[np.searchsorted(np.cumsum(post_counts[order]), limit)]
        order = order[scores.rarity[order] >= scores.rarity[last]]
    rows = _rows(case_contents, _score_table(scores, belongs, np.sort(order)), limit)
    kinds = _kinds(contents, scores, examples.captions)
    framing_of_rows = pc.if_else(rows["belongs"], "framing", pa.scalar(None, pa.string()))
    rows = with_stances(case_contents.case, rows, framing_of_rows, fact_checkers)
    return RankedPosts(
        rows=_with_ties(rows, scores, kinds, examples.labels),
        compared=int(post_counts.sum()),
        belonging=int(post_counts[belongs].sum()),
        signals=_signals(case_contents.case, contents),
        notes=tuple(examples.notes),
    )


def named_posts(
    case_contents: CaseContents,
    min_rarity: float,
    progress: Progress,
    fact_checkers: Collection[str] = (),
) -> pa.Table:
    """The posts that belong to each named framing, in the schema `NAMED`; by name, then rarity.

    A framing that can't be read, or has no examples left to compare with, is reported and left out.
    """
    tables = [NAMED.empty_table()]
    for name in framing_names(case_contents.case):
        try:
            framing = load_framing(case_contents.case, name)
            ranked = rank_posts(case_contents, framing, min_rarity, None, fact_checkers)
        except (CaseError, UsageError) as error:
            progress.note(f"the framing {name} is left out: {error}")
            continue
        for note in ranked.notes:
            progress.note(f"the framing {name}: {note}")
        names = pa.repeat(pa.scalar(name, pa.string()), ranked.rows.num_rows)
        tables.append(ranked.rows.add_column(0, NAMED.field("name"), names).cast(NAMED))
    return pa.concat_tables(tables)


def _belongs(scores: ExampleScores, examples: ResolvedExamples, min_rarity: float) -> np.ndarray:
    """Which of all n contents of the case belong, (n,) bool."""
    # A picture example adds only the rarity of its copies, which alone may not reach the minimum.
    copies = np.isin(scores.example[EVIDENCE_KINDS.index("pictures")], examples.pictures)
    copies &= scores.evidence.pictures.rarity >= SAME_PHOTO_RARITY
    belongs: np.ndarray = ((scores.rarity >= min_rarity) | copies) & ~scores.opposed
    n = len(belongs)
    belongs[[content for content in examples.like if content < n]] = True
    belongs[[content for content in examples.unlike if content < n]] = False
    return belongs


def _score_table(scores: ExampleScores, belongs: np.ndarray, contents: np.ndarray) -> pa.Table:
    return pa.table(
        {
            "content": contents,
            "decades": scores.rarity[contents],
            "belongs": belongs[contents],
            "against": scores.against[contents],
        }
    )


def _rows(case_contents: CaseContents, scores: pa.Table, limit: int | None) -> pa.Table:
    """The first posts of the scored contents in order, with their content; all without a limit."""
    with connect(case_contents.case, "posts", "post_media") as connection:
        connection.register("posts_of", case_contents.contents.posts)
        connection.register("scores", scores)
        rows = connection.sql(_ROWS, params={"limit": limit or None})
        return rows.to_arrow_table().combine_chunks()


def _kinds(contents: Contents, scores: ExampleScores, captions: np.ndarray) -> np.ndarray:
    """The index in `_KIND_NAMES` of each kind of evidence, (3, n)."""
    pairs = scores.evidence.captions
    across = (pairs.a != captions[scores.example[0]]) | (pairs.b != contents.caption)
    kinds = np.repeat(np.arange(len(EVIDENCE_KINDS))[:, None], len(contents), 1)
    kinds[0, across] = _CAPTION_AND_OCR_TEXT
    return kinds


def _with_ties(
    rows: pa.Table, scores: ExampleScores, kinds: np.ndarray, labels: Sequence[str]
) -> pa.Table:
    """The rows with the evidence of each post and its examples, in the schema `RANKED`."""
    content, at = np.unique(rows["content"].to_numpy(), return_inverse=True)
    ties = _ties(scores, content, kinds[:, content], labels).take(pa.array(at))
    return rows.append_column("tied_by", ties).select(RANKED.names).cast(RANKED)


def _ties(
    scores: ExampleScores, content: np.ndarray, kinds: np.ndarray, labels: Sequence[str]
) -> pa.ListArray:
    """The evidence for c contents, (c,), the rarest kind first."""
    parts = [getattr(scores.evidence, kind).take(content) for kind in EVIDENCE_KINDS]
    rarity = np.stack([part.rarity for part in parts])
    order = np.argsort(-rarity, axis=0, kind="stable")
    listed = np.take_along_axis(rarity, order, 0) >= MIN_REPORTED_RARITY
    starts = np.append(0, np.cumsum(listed.sum(axis=0))).astype(np.int32)

    def flat(values: np.ndarray) -> np.ndarray:
        return np.take_along_axis(values, order, 0).T[listed.T]

    basis = flat(np.stack([part.basis for part in parts]))
    ties = RANKED.field("tied_by").type
    columns = [
        pa.array(_KIND_NAMES).take(pa.array(flat(kinds))),
        pa.array([member.signal for member in Basis]).take(pa.array(basis)),
        pa.array(flat(np.stack([part.similarity for part in parts])), pa.float32()),
        pa.array(flat(rarity), pa.float32()),
        pa.array(labels, pa.string()).take(pa.array(flat(scores.example[:, content]))),
    ]
    structs = pa.StructArray.from_arrays(columns, fields=list(ties.value_type.fields))
    return pa.ListArray.from_arrays(pa.array(starts), structs).cast(ties)


def _signals(case: Case, contents: Contents) -> tuple[str, ...]:
    """The signals that posts of the case are compared by."""
    computed = case.epoch.signals
    has_texts, has_pictures = len(contents.text_keys) > 0, len(contents.picture_digests) > 0
    used = {
        CaptionKey.name: has_texts,
        Caption.name: Caption.name in computed and has_texts,
        OcrText.name: bool((contents.ocr_text != NONE).any()),
        "photo": has_pictures,
        Clip.name: Clip.name in computed and has_pictures,
    }
    return tuple(name for name, is_used in used.items() if is_used)
