"""Makes the posts of two platforms, "ours" and "theirs", and lists which pairs belong together.

Our platform posts photographs with captions. Theirs posts edited copies of them with unrelated
captions, and edited captions with unrelated pictures: a true pair has either the picture or the
caption in common, so it is clear which of them was found. Both also post other photographs, and
pictures of the same templates (apps, watermarks, cards, charts) around different photographs. Every
post has its own account. No photograph is on both sides, except those that were copied and some
avatars, teasers and panels of collages.
"""

import csv
import json
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import cycle, product
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from across_measures import Pair, Truth
from copies.kinds import Half
from copies.labels import Label, Role, labels_of
from copies.picture_file import picture_file
from copies.plan import Size
from framings import textedits
from measuring import Stopped, shared_data

__all__ = ["Halves", "Platform", "Post", "make_halves"]

FULL = Size(300, 5, 40, 500, 1, 8, scenes=0, shots=0, altered=0, controls=0)
QUICK = Size(12, 5, 16, 24, 1, 2, scenes=0, shots=0, altered=0, controls=0)
# English has no characters to be made traditional.
CAPTION_EDITS = tuple(name for name in textedits.EDITS if name != "simplified to traditional")
_OURS = 4  # the captions of one in this many images go to our other pictures


class Platform(StrEnum):
    """The two platforms, one for each half of the posts."""

    OURS = "twitter"
    THEIRS = "facebook"


@dataclass(frozen=True, slots=True)
class Post:
    """A post with one picture; its caption is an edit of that of the post `caption_of`, if any."""

    post_id: str
    platform: Platform
    label: Label
    text: str
    caption_of: str = ""
    caption_edit: str = ""

    @property
    def picture(self) -> str:
        """The path of its picture in the sources' folder."""
        return f"pictures/{self.post_id}.jpg"


@dataclass(frozen=True)
class Halves:
    """All posts; their sources and pictures are in `folder`."""

    folder: Path
    posts: Sequence[Post]

    def of(self, platform: Platform) -> list[Post]:
        """The posts of one half."""
        return [post for post in self.posts if post.platform == platform]

    def source(self, platform: Platform) -> Path:
        """The file with the posts of one half."""
        return self.folder / f"{platform}.jsonl"

    @cached_property
    def ours(self) -> frozenset[str]:
        """The ids of the posts on our platform, which had everything first."""
        return frozenset(post.post_id for post in self.of(Platform.OURS))

    @cached_property
    def pictures(self) -> Truth:
        """Photographs and their edits; pairs with another photograph in common are unclear."""
        originals = {
            post.label.photo: post.post_id
            for post in self.posts
            if post.label.role is Role.ORIGINAL
        }
        kinds = {
            (originals[post.label.photo], post.post_id): post.label.kind
            for post in self.posts
            if post.label.role is Role.EDIT
        }
        showing: defaultdict[str, dict[Platform, list[str]]] = defaultdict(
            lambda: {platform: [] for platform in Platform}
        )
        for post in self.posts:
            for name in post.label.shows:
                showing[name][post.platform].append(post.post_id)
        common = {pair for sides in showing.values() for pair in product(*sides.values())}
        return Truth(kinds, common - kinds.keys())

    @cached_property
    def captions(self) -> Truth:
        """Captions and their edits."""
        kinds = {
            (post.caption_of, post.post_id): post.caption_edit
            for post in self.posts
            if post.caption_of
        }
        return Truth(kinds)

    @cached_property
    def same_text(self) -> frozenset[Pair]:
        """Pairs of posts whose captions differ only in case."""
        holders = defaultdict(list)
        for post in self.of(Platform.OURS):
            holders[post.text.lower()].append(post.post_id)
        return frozenset(
            (one, post.post_id)
            for post in self.of(Platform.THEIRS)
            for one in holders[post.text.lower()]
        )

    def named(self, pair: Pair) -> str:
        """The kinds of both posts' pictures."""
        roles = (self._labels[post_id] for post_id in pair)
        return " / ".join(label.kind or label.role for label in roles)

    @cached_property
    def _labels(self) -> Mapping[str, Label]:
        return {post.post_id: post.label for post in self.posts}


def make_halves(folder: Path, seed: int, *, quick: bool) -> Halves:
    """Make the pictures and the posts, and write both into a folder."""
    table = pq.read_table(picture_file(seed, Half.BOTH, QUICK if quick else FULL))
    halves = Halves(folder, list(_posts(labels_of(table), seed)))
    (folder / "pictures").mkdir()
    for post, picture in zip(halves.posts, table["picture"], strict=True):
        (folder / post.picture).write_bytes(picture.as_py())
    for platform in Platform:
        lines = [json.dumps(_record(post), ensure_ascii=False) for post in halves.of(platform)]
        halves.source(platform).write_text("\n".join(lines) + "\n", "utf-8")
    return halves


def _record(post: Post) -> Mapping[str, object]:
    """A post as a row of its source; theirs come a month later."""
    number, month = zlib.crc32(post.post_id.encode()), 8 + (post.platform == Platform.THEIRS)
    return {
        "platform": post.platform,
        "post_id": post.post_id,
        "account_id": f"account-{post.post_id}",
        "posted_at": f"2019-{month:02}-{1 + number % 28:02}T12:{number % 60:02}:00Z",
        "text": post.text,
        "media": [post.picture],
    }


def _posts(labels: Sequence[Label], seed: int) -> Iterator[Post]:
    """A post for each picture; the originals come first, as in the file."""
    sides = _dealt(labels)
    originals = sum(label.role is Role.ORIGINAL for label in labels)
    captions = _captions(seed)
    captions_of_originals = [of_image[0] for of_image in captions[:originals]]
    ours, theirs = (iter(_by_turns(part)) for part in _parted(captions[originals:]))
    reworded = _reworded(captions_of_originals, seed)
    for number, (label, platform) in enumerate(zip(labels, sides, strict=True)):
        post_id = f"{platform[0]}{number:06}"
        if label.role is Role.ORIGINAL:
            yield Post(post_id, platform, label, captions_of_originals[number])
        elif platform is Platform.OURS:
            yield Post(post_id, platform, label, next(ours))
        elif label.role is Role.EDIT:
            yield Post(post_id, platform, label, next(theirs))
        else:
            at, edit, text = next(reworded)
            yield Post(post_id, platform, label, text, f"{Platform.OURS[0]}{at:06}", edit)


def _dealt(labels: Sequence[Label]) -> list[Platform]:
    """The half of each picture: by its photograph; look-alikes are split, one to each half."""
    seen: defaultdict[str, int] = defaultdict(int)
    sides = []
    for label in labels:
        number = zlib.crc32(label.photo.encode())
        if label.role is Role.LOOK_ALIKE:
            number = seen[label.template]
            seen[label.template] += 1
        elif label.role in (Role.ORIGINAL, Role.EDIT):
            number = int(label.role is Role.EDIT)
        sides.append(tuple(Platform)[number % 2])
    return sides


def _captions(seed: int) -> list[list[str]]:
    """English captions of each image, in an order by seed; no caption twice."""
    folder = shared_data()
    path = folder / "captions" / "flickr8k_test_en_zh.csv" if folder else None
    if path is None or not path.is_file():
        raise Stopped("../shared/data/captions (or $FRAMETRACE_SHARED) is absent")
    image_of: dict[str, str] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            image_of.setdefault(row["en"], row["image"])
    captions: defaultdict[str, list[str]] = defaultdict(list)
    for text, image in image_of.items():
        captions[image].append(text)
    images = list(captions.values())
    return [images[at] for at in np.random.default_rng([seed, 31]).permutation(len(images))]


def _parted(captions: Sequence[list[str]]) -> tuple[list[list[str]], list[list[str]]]:
    """Captions for our other pictures, and for their copies: no image is in both."""
    ours = [of_image for at, of_image in enumerate(captions) if at % _OURS == 0]
    return ours, [of_image for at, of_image in enumerate(captions) if at % _OURS]


def _by_turns(captions: Sequence[list[str]]) -> Iterator[str]:
    """The first caption of every image, then the second of every one, and so on."""
    for number in range(max(map(len, captions))):
        yield from (of_image[number] for of_image in captions if number < len(of_image))


def _reworded(captions_of_originals: Sequence[str], seed: int) -> Iterator[tuple[int, str, str]]:
    """Endlessly: the number of a caption, the name of its edit, and the edited caption."""
    ways = product(range(len(textedits.STRENGTHS)), CAPTION_EDITS)
    for (at, text), (strength, edit) in zip(
        cycle(enumerate(captions_of_originals)), cycle(ways), strict=False
    ):
        made = textedits.edited(text, "en", edit, strength, str(seed))
        yield at, f"{edit}, {textedits.STRENGTHS[strength]}", made
