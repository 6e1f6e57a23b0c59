"""What a framing is about: its terms, who says it best in each language, its pictures, its rise."""

from collections import Counter
from dataclasses import dataclass
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.case.views import connect
from frametrace.matcher.framing.clustering import Communities
from frametrace.matcher.framing.distinct_contents import NONE, Contents
from frametrace.matcher.framing.framing_tables import group_ids
from frametrace.matcher.framing.text.keyphrases import terms_of_groups
from frametrace.matcher.framing.text.representatives import representatives
from frametrace.matcher.framing.text.term_weights import Samples
from frametrace.matcher.results import FRAMINGS

__all__ = ["about", "in_order"]

_PICTURES = 12  # of one framing; a report shows no more
_LETTERING = 8

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

# The file of each photo that most posts of the group carry, photos of most posts first.
_SHOWN = """
SELECT group_id, list(sha256 ORDER BY posts DESC, sha256)[:$most] AS pictures
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

# The earliest post of each group that says a text, in its caption or in a picture.
_EARLIEST = """
SELECT w.at, arg_min({'platform': m.platform, 'post_id': m.post_id},
    (m.posted_at IS NULL, m.posted_at, m.platform, m.post_id)) AS post
FROM written w JOIN posts_of p USING (content) JOIN members m USING (platform, post_id)
GROUP BY w.at
"""


@dataclass(frozen=True, slots=True)
class _Said:
    """The texts of the groups: text number `text` (m,) is said in group `group` (m,).

    Each pair stands there once; texts in no group are in the group `NONE`. `content` (k,) and `at`
    (k,) tell which contents say which of the m.
    """

    text: np.ndarray
    group: np.ndarray
    content: np.ndarray
    at: np.ndarray

    @classmethod
    def of(cls, contents: Contents, found: Communities) -> Self:
        written = contents.written()
        content = written.owners()
        width = max(len(contents.texts), 1)
        key = (found.group[content] - NONE) * width + written.items
        each, at = np.unique(key, return_inverse=True)
        group, text = np.divmod(each, width)
        return cls(text, group + NONE, content, at)


def about(
    case: Case, contents: Contents, found: Communities, members: pa.Table, photos: pa.Table
) -> pa.Table:
    """One row per group, in the schema `FRAMINGS`, in the order of the groups' numbers."""
    said = _Said.of(contents, found)
    count = len(found.medoid)
    texts = contents.said.take(pa.array(said.text)).to_pylist()
    samples = Samples.of(texts, said.group, count)
    terms = terms_of_groups(samples)
    spoken = representatives(samples)
    lettering = _lettering(contents, found, count)
    with connect(case, "post_media", "skipped") as connection:
        connection.register("members", members)
        connection.register("photos", photos.select(["sha256", "medoid_sha256"]))
        connection.register("posts_of", contents.posts)
        connection.register("written", pa.table({"content": said.content, "at": said.at}))
        rise = dict(connection.execute(_RISE).fetchall())
        shown = dict(connection.execute(_SHOWN, {"most": _PICTURES}).fetchall())
        posts = dict(connection.execute(_EARLIEST).fetchall())
    rows = [
        {
            "group_id": name,
            "terms": terms[at],
            "representatives": [
                {"language": language, "text": texts[row], **posts[row]}
                for language, row in spoken[at]
            ],
            "pictures": shown.get(name, []),
            "lettering": lettering[at],
            "rise": rise.get(name, []),
        }
        for at, name in enumerate(group_ids(contents, found).to_pylist())
    ]
    return pa.Table.from_pylist(rows, FRAMINGS)


def in_order(framings: pa.Table, groups: pa.Table) -> pa.Table:
    """The rows of `FRAMINGS` in the order of the groups."""
    at = pc.index_in(groups["group_id"], value_set=framings["group_id"].combine_chunks())
    return framings.take(at.drop_null()).combine_chunks()


def _lettering(contents: Contents, found: Communities, count: int) -> list[list[str]]:
    """What is written in the pictures of each group, that of most posts first."""
    pictures, content = contents.pictures.items, contents.pictures.owners()
    text, group = contents.lettering[pictures], found.group[content]
    keep = (text != NONE) & (group != NONE)
    posts: Counter[tuple[int, int]] = Counter()
    for at, number, weight in zip(
        group[keep].tolist(),
        text[keep].tolist(),
        contents.weight[content[keep]].tolist(),
        strict=True,
    ):
        posts[at, number] += weight
    found_texts: list[list[str]] = [[] for _ in range(count)]
    for (at, number), _ in sorted(posts.items(), key=lambda each: (-each[1], each[0])):
        if len(found_texts[at]) < _LETTERING:
            found_texts[at].append(contents.said[number].as_py())
    return found_texts
