"""Reduces posts to their distinct contents, each compared once however often it is posted.

A content is a caption and a set of pictures. Captions and texts in pictures with the same key are
one text: the caption of one post may be written on the picture of another. Pictures of one photo
group with the same text are one picture.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from frametrace.case.schemas import signal_table
from frametrace.case.store import Case
from frametrace.embed.signals.caption_key import CaptionKey
from frametrace.embed.signals.ocr_text import OcrText
from frametrace.index.ranges import expand_ranges
from frametrace.matcher.account_names import connect
from frametrace.matcher.framing.text.informative_texts import says_enough
from frametrace.work.progress import SILENT, Progress

__all__ = ["NONE", "Contents", "ItemLists", "contents_of"]

NONE = -1
_SIGNAL_COLUMNS = {
    CaptionKey.name: pa.schema([("sha256", pa.string()), ("key", pa.string())]),
    OcrText.name: pa.schema([(n, pa.string()) for n in ("sha256", "text", "text_sha256")]),
}
_MAX_PICTURES = 10  # of one post; the rest of an album is left to the photo groups

# Every distinct text that has a key: captions of original posts, and texts in pictures. If several
# wordings have one key, the one with the most letters in words represents it, because others may be
# so broken up by punctuation that no words are left.
_TEXTS = r"""
WITH written AS (
    SELECT caption_sha256 AS sha256, text FROM posts
    WHERE repost_of IS NULL AND caption_sha256 IS NOT NULL
    UNION ALL SELECT text_sha256, text FROM overlay WHERE text_sha256 IS NOT NULL
)
SELECT key, arg_min(sha256, rank) AS sha256, arg_min(text, rank) AS text
FROM (
    SELECT k.key, s.sha256, s.text, (-length(array_to_string(
        regexp_extract_all(s.text, '[\p{L}\p{N}]{2,}'), '')), s.sha256) AS rank
    FROM caption_key k JOIN written s USING (sha256) WHERE k.key IS NOT NULL
) GROUP BY key ORDER BY key
"""

# The pictures of a case, numbered: distinct pairs of a photo and the text in it; and their files.
_PICTURES = """
CREATE TEMP TABLE picture_files AS
SELECT m.sha256, coalesce(f.medoid_sha256, m.sha256) AS photo, t.number AS text
FROM media m LEFT JOIN photos f USING (sha256) LEFT JOIN overlay o USING (sha256)
LEFT JOIN caption_key k ON k.sha256 = o.text_sha256 LEFT JOIN texts t ON t.key = k.key
WHERE m.sha256 NOT IN (SELECT sha256 FROM skipped WHERE sha256 IS NOT NULL);
CREATE TEMP TABLE pictures AS
SELECT photo, text, min(sha256) AS sha256,
    row_number() OVER (ORDER BY photo, text NULLS FIRST) - 1 AS picture
FROM picture_files GROUP BY photo, text;
"""

# The content of each post: the number of a text, and a list of pictures.
_POSTS = """
CREATE TEMP TABLE post_contents AS
WITH shown AS (
    SELECT pm.platform, pm.post_id,
        list_sort(list(DISTINCT p.picture))[:{max_pictures}] AS pictures
    FROM post_media pm JOIN picture_files s USING (sha256)
    JOIN pictures p ON p.photo = s.photo AND p.text IS NOT DISTINCT FROM s.text GROUP BY ALL
),
captioned AS (
    SELECT o.platform, o.post_id, t.number AS text FROM posts o
    LEFT JOIN caption_key k ON k.sha256 = o.caption_sha256 LEFT JOIN texts t ON t.key = k.key
    WHERE o.repost_of IS NULL
)
SELECT platform, post_id, coalesce(text, -1) AS text, coalesce(pictures, []) AS pictures
FROM captioned LEFT JOIN shown USING (platform, post_id)
WHERE text IS NOT NULL OR pictures IS NOT NULL
"""

_CONTENTS = """
SELECT text, pictures, count(*) AS posts FROM post_contents GROUP BY text, pictures
ORDER BY text, pictures
"""

_CONTENT_OF_POSTS = """
SELECT c.platform, c.post_id, n.content FROM post_contents c JOIN (
    SELECT text, pictures, row_number() OVER (ORDER BY text, pictures) - 1 AS content
    FROM (SELECT DISTINCT text, pictures FROM post_contents)
) n USING (text, pictures) ORDER BY content, platform, post_id
"""


@dataclass(frozen=True, slots=True)
class ItemLists:
    """The items of n contents: those of content i are `items[starts[i]:starts[i + 1]]`."""

    starts: np.ndarray
    items: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def pairs(self, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Pair every item of each content in `a` (m,) with every item of its counterpart in `b`.

        Returns the index of the pair of contents and the two items of each; ordered by pair.
        """
        left, right = (np.diff(self.starts)[of] for of in (a, b))
        counts = left * right
        pair, at = expand_ranges(np.zeros_like(counts), counts)
        x, y = np.divmod(at, np.maximum(right, 1)[pair])
        return pair, self.items[self.starts[a[pair]] + x], self.items[self.starts[b[pair]] + y]

    def of(self, contents: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The items of m contents: the index in `contents` (m,) of each item's, and the item."""
        which, at = expand_ranges(self.starts[contents], np.diff(self.starts)[contents])
        return which, self.items[at]

    def owners(self) -> np.ndarray:
        """The content of each item."""
        return np.repeat(np.arange(len(self)), np.diff(self.starts))


@dataclass(frozen=True, slots=True)
class Contents:
    """n contents of a case, and their texts and pictures.

    `caption` (n,) int64 is the number of a text or `NONE`, `pictures` the numbers of pictures,
    `post_counts` (n,) int64 the number of posts. For each text, `text_digests` identify it in the
    signals `caption` and `caption_key`, `text_keys` are its keys, and `wordings` one text with that
    key as written. For each picture, `picture_digests` identify one of its files, `photo` (p,)
    int64 is equal for pictures of one photo, and `ocr_text` (p,) int64 is the number of the text in
    it or `NONE`. `posts` has the columns platform, post_id, content.
    """

    caption: np.ndarray
    pictures: ItemLists
    post_counts: np.ndarray
    text_digests: pa.StringArray
    text_keys: pa.StringArray
    wordings: pa.StringArray
    picture_digests: pa.StringArray
    photo: np.ndarray
    ocr_text: np.ndarray
    posts: pa.Table

    def __len__(self) -> int:
        return len(self.caption)

    def all_texts(self) -> ItemLists:
        """The distinct texts of each content: its caption and those in its pictures."""
        owner = self.pictures.owners()
        content = np.append(np.arange(len(self)), owner)
        text = np.append(self.caption, self.ocr_text[self.pictures.items])
        known = text != NONE
        width = max(len(self.text_digests), 1)
        key = np.unique(content[known] * width + text[known])
        content, text = np.divmod(key, width)
        return ItemLists(np.searchsorted(content, np.arange(len(self) + 1)), text)


def contents_of(case: Case, photos: pa.Table, progress: Progress = SILENT) -> Contents:
    """The contents of a case, given the photo of each picture; uninformative texts are dropped."""
    with connect(case, "posts", "post_media", "media", "skipped") as connection:
        connection.register("photos", photos.select(["sha256", "medoid_sha256"]))
        for name, columns in _SIGNAL_COLUMNS.items():
            connection.register(name, _signal(case, name, columns))
        with progress.track("gathering texts", None):
            texts = connection.sql(_TEXTS).to_arrow_table().combine_chunks()
        enough = says_enough(texts["text"].to_pylist(), progress)
        texts = texts.filter(pa.array(enough, pa.bool_()))
        numbers = pa.array(np.arange(len(texts), dtype=np.int64))
        connection.register("texts", texts.append_column("number", numbers))
        with progress.track("gathering distinct posts", None):
            connection.execute(_PICTURES)
            pictures = connection.sql("SELECT * FROM pictures ORDER BY picture").to_arrow_table()
            connection.execute(_POSTS.format(max_pictures=_MAX_PICTURES))
            contents = connection.sql(_CONTENTS).to_arrow_table().combine_chunks()
            posts = connection.sql(_CONTENT_OF_POSTS).to_arrow_table()
    shown = contents["pictures"].combine_chunks()
    return Contents(
        caption=contents["text"].to_numpy().astype(np.int64),
        pictures=ItemLists(
            np.append(0, np.cumsum(shown.value_lengths().to_numpy(zero_copy_only=False))),
            shown.flatten().to_numpy().astype(np.int64),
        ),
        post_counts=contents["posts"].to_numpy().astype(np.int64),
        text_digests=texts["sha256"].combine_chunks(),
        text_keys=texts["key"].combine_chunks(),
        wordings=texts["text"].combine_chunks(),
        picture_digests=pictures["sha256"].combine_chunks(),
        photo=np.unique(pictures["photo"].to_pylist(), return_inverse=True)[1],
        ocr_text=pictures["text"].fill_null(NONE).to_numpy().astype(np.int64),
        posts=posts,
    )


def _signal(case: Case, name: str, columns: pa.Schema) -> pa.Table:
    """Columns of a signal's values; no rows if the case has no such signal."""
    table = signal_table(name)
    return case.read(table, columns.names) if case.epoch.rows(table) else columns.empty_table()
