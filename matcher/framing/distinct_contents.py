"""What posts say and show: equal ones are one content, compared once however often it is posted.

A content is a caption and a set of pictures. Captions of one key are one text, and so is lettering
inside pictures: what is written under a photo here may be written on it there. Pictures of one
photo group with the same lettering are one picture.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.ocr_text import OcrText
from frametrace.matcher.account_names import connect
from frametrace.matcher.framing.text.informative import says_enough

__all__ = ["NONE", "Carried", "Contents", "contents_of"]

NONE = -1
_OF_SIGNALS = {
    CaptionKey.name: pa.schema([("sha256", pa.string()), ("key", pa.string())]),
    OcrText.name: pa.schema([(n, pa.string()) for n in ("sha256", "text", "text_sha256")]),
}
_MOST_PICTURES = 10  # of one post; what an album holds beyond is left to the photo groups

# Every distinct text that has a key: captions that were written, not reposted, and lettering. Of
# the wordings of a key the one with most letters in words stands for it: others may be cut up by
# signs, so that they say nothing.
_TEXTS = r"""
WITH said AS (
    SELECT caption_sha256 AS sha256, text FROM posts
    WHERE repost_of IS NULL AND caption_sha256 IS NOT NULL
    UNION ALL SELECT text_sha256, text FROM overlay WHERE text_sha256 IS NOT NULL
)
SELECT key, arg_min(sha256, rank) AS sha256, arg_min(text, rank) AS text
FROM (
    SELECT k.key, s.sha256, s.text, (-length(array_to_string(
        regexp_extract_all(s.text, '[\p{L}\p{N}]{2,}'), '')), s.sha256) AS rank
    FROM caption_key k JOIN said s USING (sha256) WHERE k.key IS NOT NULL
) GROUP BY key ORDER BY key
"""

# The pictures of a case as (photo, text of the lettering), numbered; and the files of each.
_PICTURES = """
CREATE TEMP TABLE seen AS
SELECT m.sha256, coalesce(f.medoid_sha256, m.sha256) AS photo, t.number AS text
FROM media m LEFT JOIN photos f USING (sha256) LEFT JOIN overlay o USING (sha256)
LEFT JOIN caption_key k ON k.sha256 = o.text_sha256 LEFT JOIN texts t ON t.key = k.key
WHERE m.sha256 NOT IN (SELECT sha256 FROM skipped WHERE sha256 IS NOT NULL);
CREATE TEMP TABLE pictures AS
SELECT photo, text, min(sha256) AS sha256,
    row_number() OVER (ORDER BY photo, text NULLS FIRST) - 1 AS picture
FROM seen GROUP BY photo, text;
"""

# The posts with their content: the number of a text, and a list of pictures.
_POSTS = """
CREATE TEMP TABLE carried AS
WITH shown AS (
    SELECT pm.platform, pm.post_id,
        list_sort(list(DISTINCT p.picture))[:{most}] AS pictures
    FROM post_media pm JOIN seen s USING (sha256)
    JOIN pictures p ON p.photo = s.photo AND p.text IS NOT DISTINCT FROM s.text GROUP BY ALL
),
said AS (
    SELECT o.platform, o.post_id, t.number AS text FROM posts o
    LEFT JOIN caption_key k ON k.sha256 = o.caption_sha256 LEFT JOIN texts t ON t.key = k.key
    WHERE o.repost_of IS NULL
)
SELECT platform, post_id, coalesce(text, -1) AS text, coalesce(pictures, []) AS pictures
FROM said LEFT JOIN shown USING (platform, post_id)
WHERE text IS NOT NULL OR pictures IS NOT NULL
"""

_CONTENTS = """
SELECT text, pictures, count(*) AS posts FROM carried GROUP BY text, pictures
ORDER BY text, pictures
"""

_CARRIED = """
SELECT c.platform, c.post_id, n.content FROM carried c JOIN (
    SELECT text, pictures, row_number() OVER (ORDER BY text, pictures) - 1 AS content
    FROM (SELECT DISTINCT text, pictures FROM carried)
) n USING (text, pictures) ORDER BY content, platform, post_id
"""


@dataclass(frozen=True, slots=True)
class Carried:
    """Which of n contents has which items: content i has `items[starts[i]:starts[i + 1]]`."""

    starts: np.ndarray
    items: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def pairs(self, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Every item of each content of `a` (m,) with every item of that of `b`.

        Returns which of the m pairs each is of, and the two items; ordered by pair.
        """
        left, right = (np.diff(self.starts)[of] for of in (a, b))
        many = left * right
        pair = np.repeat(np.arange(len(a)), many)
        at = np.arange(len(pair)) - np.repeat(np.cumsum(many) - many, many)
        x, y = np.divmod(at, np.maximum(right, 1)[pair])
        return pair, self.items[self.starts[a[pair]] + x], self.items[self.starts[b[pair]] + y]

    def owners(self) -> np.ndarray:
        """The content of each item, in their order."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))


@dataclass(frozen=True, slots=True)
class Contents:
    """n contents of a case.

    `caption` (n,) int64 is the number of a text or `NONE`, `pictures` are those of each content.
    Of texts there are `texts`, digests by which the signals `caption` and `caption_key` know them,
    `keys` and `said`, one text of each key as it was written. Of pictures there are `files`,
    digests of one file each, `photo` (p,) int64, equal for pictures of one photo, and `lettering`
    (p,) int64, a text or `NONE`. `weight` (n,) int64 is the number of posts. `posts` has the
    columns platform, post_id, content.
    """

    caption: np.ndarray
    pictures: Carried
    weight: np.ndarray
    texts: pa.StringArray
    keys: pa.StringArray
    said: pa.StringArray
    files: pa.StringArray
    photo: np.ndarray
    lettering: np.ndarray
    posts: pa.Table

    def __len__(self) -> int:
        return len(self.caption)

    def written(self) -> Carried:
        """All texts of each content, each once: its caption, then the lettering of its pictures."""
        owner = self.pictures.owners()
        content = np.append(np.arange(len(self)), owner)
        text = np.append(self.caption, self.lettering[self.pictures.items])
        known = text != NONE
        width = max(len(self.texts), 1)
        key = np.unique(content[known] * width + text[known])
        content, text = np.divmod(key, width)
        return Carried(np.searchsorted(content, np.arange(len(self) + 1)), text)


def contents_of(case: Case, photos: pa.Table) -> Contents:
    """The contents of a case whose `photos` are placed; chatter and short texts are no texts."""
    with connect(case, "posts", "post_media", "media", "skipped") as connection:
        connection.register("photos", photos.select(["sha256", "medoid_sha256"]))
        for name, columns in _OF_SIGNALS.items():
            connection.register(name, _signal(case, name, columns))
        texts = connection.sql(_TEXTS).to_arrow_table().combine_chunks()
        texts = texts.filter(pa.array(says_enough(texts["text"].to_pylist()), pa.bool_()))
        numbers = pa.array(np.arange(len(texts), dtype=np.int64))
        connection.register("texts", texts.append_column("number", numbers))
        connection.execute(_PICTURES)
        pictures = connection.sql("SELECT * FROM pictures ORDER BY picture").to_arrow_table()
        connection.execute(_POSTS.format(most=_MOST_PICTURES))
        found = connection.sql(_CONTENTS).to_arrow_table().combine_chunks()
        posts = connection.sql(_CARRIED).to_arrow_table()
    shown = found["pictures"].combine_chunks()
    return Contents(
        caption=found["text"].to_numpy().astype(np.int64),
        pictures=Carried(
            np.append(0, np.cumsum(shown.value_lengths().to_numpy(zero_copy_only=False))),
            shown.flatten().to_numpy().astype(np.int64),
        ),
        weight=found["posts"].to_numpy().astype(np.int64),
        texts=texts["sha256"].combine_chunks(),
        keys=texts["key"].combine_chunks(),
        said=texts["text"].combine_chunks(),
        files=pictures["sha256"].combine_chunks(),
        photo=np.unique(pictures["photo"].to_pylist(), return_inverse=True)[1],
        lettering=pictures["text"].fill_null(NONE).to_numpy().astype(np.int64),
        posts=posts,
    )


def _signal(case: Case, name: str, columns: pa.Schema) -> pa.Table:
    """Some columns of a signal's values; no rows where the case has none."""
    table = signal_table(name)
    return case.read(table, columns.names) if case.epoch.rows(table) else columns.empty_table()
