"""Summarises framings: terms, a representative text per language, pictures, spread over time."""

from collections import Counter
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.matcher.framing.clustering import FramingGroups
from frametrace.matcher.framing.distinct_contents import NONE, Contents
from frametrace.matcher.framing.framing_tables import group_ids
from frametrace.matcher.framing.member_stances import count_stances
from frametrace.matcher.framing.text.keyphrases import terms_of_groups
from frametrace.matcher.framing.text.representatives import representatives
from frametrace.matcher.framing.text.stance import StanceKind
from frametrace.matcher.framing.text.term_weights import TermWeights
from frametrace.matcher.framing.text.text_samples import TextSamples
from frametrace.matcher.result_schemas import FRAMINGS
from frametrace.work.progress import SILENT, Progress

__all__ = ["in_group_order", "summarise"]

_MAX_PICTURES = 12  # of one framing; a report shows no more
_MAX_OCR_TEXTS = 8

# When the posts of each platform began, reached half their number, and ended.
_RISE = """
SELECT group_id, list({
    'platform': platform, 'posts': posts, 'first_at': first_at, 'half_at': half_at,
    'last_at': last_at} ORDER BY platform) AS rise
FROM (
    SELECT group_id, platform, count(*) AS posts, min(posted_at) AS first_at,
        quantile_disc(posted_at, 0.5) AS half_at, max(posted_at) AS last_at
    FROM members GROUP BY group_id, platform
) GROUP BY group_id
"""

# For each photo of a group the file that most posts carry; the photos of most posts first.
_PICTURES = """
SELECT group_id, list(sha256 ORDER BY posts DESC, sha256)[:$limit] AS pictures
FROM (
    SELECT group_id, photo, sum(posts) AS posts, arg_max(sha256, (posts, sha256)) AS sha256
    FROM (
        SELECT m.group_id, coalesce(f.medoid_sha256, p.sha256) AS photo, p.sha256,
            count(DISTINCT (m.platform, m.post_id)) AS posts
        FROM members m JOIN post_media p USING (platform, post_id)
        LEFT JOIN photos f ON f.sha256 = p.sha256
        WHERE p.sha256 NOT IN (SELECT sha256 FROM skipped WHERE sha256 IS NOT NULL) GROUP BY ALL
    ) GROUP BY group_id, photo
) GROUP BY group_id
"""

# The earliest post of each group with a text in its caption or in a picture.
_EARLIEST = """
SELECT w.pair, arg_min({'platform': m.platform, 'post_id': m.post_id},
    (m.posted_at IS NULL, m.posted_at, m.platform, m.post_id)) AS post
FROM text_pairs w JOIN posts_of p USING (content) JOIN members m USING (platform, post_id)
GROUP BY w.pair
"""


@dataclass(frozen=True, slots=True)
class _GroupTexts:
    """The distinct pairs of a text and a group that contains it, `text` (m,) and `group` (m,).

    Texts in no group have the group `NONE`. `content` (k,) and `pair` (k,) say which contents
    contain the text of which pair.
    """

    text: np.ndarray
    group: np.ndarray
    content: np.ndarray
    pair: np.ndarray

    @classmethod
    def of(cls, contents: Contents, groups: FramingGroups) -> Self:
        texts = contents.all_texts()
        content = texts.owners()
        width = max(len(contents.text_digests), 1)
        keys = (groups.group[content] - NONE) * width + texts.items
        distinct, pair = np.unique(keys, return_inverse=True)
        group, text = np.divmod(distinct, width)
        return cls(text, group + NONE, content, pair)


def summarise(
    case: Case,
    contents: Contents,
    groups: FramingGroups,
    members: pa.Table,
    photos: pa.Table,
    progress: Progress = SILENT,
) -> pa.Table:
    """One row per group, in the schema `FRAMINGS`, in the order of the groups' numbers."""
    group_texts = _GroupTexts.of(contents, groups)
    count = len(groups.medoid)
    texts = contents.wordings.take(pa.array(group_texts.text)).to_pylist()
    with progress.track("reading texts of framings", len(texts)) as advance:
        samples = TextSamples.of(texts, group_texts.group, count, advance)
    weights = TermWeights.of(samples)
    with progress.track("naming framings", count) as advance:
        terms = terms_of_groups(samples, weights, advance)
    with progress.track("texts that represent framings", count) as advance:
        representative_rows = representatives(samples, weights, advance)
    ocr_texts = _ocr_texts(contents, groups, count)
    stances = count_stances(members)
    with connect(case, "post_media", "skipped") as connection:
        connection.register("members", members)
        connection.register("photos", photos.select(["sha256", "medoid_sha256"]))
        connection.register("posts_of", contents.posts)
        pairs = pa.table({"content": group_texts.content, "pair": group_texts.pair})
        connection.register("text_pairs", pairs)
        rise = dict(connection.execute(_RISE).fetchall())
        pictures = dict(connection.execute(_PICTURES, {"limit": _MAX_PICTURES}).fetchall())
        earliest = dict(connection.execute(_EARLIEST).fetchall())
    rows = [
        {
            "group_id": group_id,
            "terms": terms[number],
            "representatives": [
                {"language": language, "text": texts[row], **earliest[row]}
                for language, row in representative_rows[number]
            ],
            "pictures": pictures.get(group_id, []),
            "lettering": ocr_texts[number],
            "rise": rise.get(group_id, []),
            **dict.fromkeys(map(str, StanceKind), 0),
            **stances.get(group_id, {}),
        }
        for number, group_id in enumerate(group_ids(contents, groups).to_pylist())
    ]
    return pa.Table.from_pylist(rows, FRAMINGS)


def in_group_order(framings: pa.Table, groups: pa.Table) -> pa.Table:
    """The rows of `FRAMINGS` in the order of the groups."""
    at = pc.index_in(groups["group_id"], value_set=framings["group_id"].combine_chunks())
    return framings.take(at.drop_null()).combine_chunks()


def _ocr_texts(contents: Contents, groups: FramingGroups, count: int) -> list[list[str]]:
    """The texts in the pictures of each group, those of most posts first."""
    pictures, content = contents.pictures.items, contents.pictures.owners()
    text, group = contents.ocr_text[pictures], groups.group[content]
    keep = (text != NONE) & (group != NONE)
    posts: Counter[tuple[int, int]] = Counter()
    counts = contents.post_counts[content[keep]].tolist()
    for pair, number in zip(
        zip(group[keep].tolist(), text[keep].tolist(), strict=True), counts, strict=True
    ):
        posts[pair] += number
    texts: list[list[str]] = [[] for _ in range(count)]
    for (group_number, text_number), _ in sorted(posts.items(), key=lambda x: (-x[1], x[0])):
        if len(texts[group_number]) < _MAX_OCR_TEXTS:
            texts[group_number].append(contents.wordings[text_number].as_py())
    return texts
