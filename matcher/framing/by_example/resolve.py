"""From examples to contents of a case: those that are there, and further ones beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.embed.signals.caption import Caption
from frametrace.embed.signals.clip import Clip
from frametrace.embed.signals.local import Local
from frametrace.embed.signals.pdq import Pdq
from frametrace.embed.signals.thumbnail import Thumbnail
from frametrace.embed.text.normalize import key_of
from frametrace.index.feature_search.inverted_index import FeatureIndex
from frametrace.index.store import open_index
from frametrace.index.thumbnail_lookup import ThumbnailIndex
from frametrace.matcher.framing.by_example.examples import (
    ExamplePicture,
    Examples,
    ExampleText,
    Framing,
)
from frametrace.matcher.framing.by_example.outside_contents import Said, Shown, with_more
from frametrace.matcher.framing.distinct_contents import NONE, Contents
from frametrace.matcher.framing.fusion import Fusion
from frametrace.matcher.pictures.geometry import MIN_INLIERS
from frametrace.matcher.pictures.picture_values import Shown as Pixels
from frametrace.matcher.query.by_local_features import sharing
from frametrace.matcher.query.by_signal import nearest
from frametrace.matcher.results import Relation
from frametrace.matcher.weights import weights_of
from frametrace.posts.errors import UsageError

__all__ = ["Compared", "Given", "given_of"]

_Outside = tuple[Said | None, Sequence[Shown]]


@dataclass(frozen=True, slots=True)
class Compared:
    """A case's posts as they are compared: their contents, and which photo each picture shows."""

    case: Case
    contents: Contents
    fusion: Fusion
    photos: pa.Table  # the columns sha256 and medoid_sha256


@dataclass(slots=True)
class Given:
    """Examples as contents: their numbers, and how people are told of each.

    `captions`, (l,) int64, are the texts of `like`, `labels` their labels, `pictures` the places
    of pictures among them. `mean` is the content whose caption has the mean of the examples'
    vectors, if several have one. `notes` are sentences on what could not be used.
    """

    fusion: Fusion
    like: list[int]
    unlike: list[int]
    captions: np.ndarray
    labels: list[str]
    pictures: list[int]
    mean: int | None = None
    notes: list[str] = field(default_factory=list)


class _Gathered:
    """Contents as they are found for examples, one after the other."""

    def __init__(self, compared: Compared) -> None:
        self._compared = compared
        self.outside: list[_Outside] = []
        self.pictures: set[int] = set()
        self.notes: list[str] = []

    def add(self, examples: Examples) -> dict[int, str]:
        """The content of each example, and its label; of examples of one content the first's."""
        found = self._of_posts(examples)
        for picture in examples.pictures:
            content = self.beside((None, self._shown(picture)))
            self.pictures.add(content)
            found[content] = picture.label
        for text in examples.texts:
            found[self.beside((self._said(text), ()))] = text.label
        return found

    def _of_posts(self, examples: Examples) -> dict[int, str]:
        posts = self._compared.contents.posts
        wanted = pa.array([post.post_id for post in examples.posts], pa.string())
        rows = posts.filter(pc.is_in(posts["post_id"], value_set=wanted)).to_pylist()
        content = {(row["platform"], row["post_id"]): row["content"] for row in rows}
        found: dict[int, str] = {}
        for post in examples.posts:
            if (post.platform, post.post_id) not in content:
                self.notes.append(
                    f"{post.label} is left out: it shows no picture and says too little to compare"
                )
            else:
                found.setdefault(content[post.platform, post.post_id], post.label)
        return found

    def beside(self, more: _Outside) -> int:
        self.outside.append(more)
        return len(self._compared.contents) + len(self.outside) - 1

    def _said(self, text: ExampleText) -> Said:
        ours = weights_of(self._compared.case, Caption.name)
        if text.vector is not None and text.weights != ours:
            self.notes.append(
                f"{text.label} was embedded by other weights than the case's captions: it is "
                "compared by its wording alone"
            )
        return Said(key_of(text.text), text.vector if text.weights == ours else None)

    def _shown(self, picture: ExamplePicture) -> list[Shown]:
        """A picture, once for each photo of the case that it is a copy of."""
        ours = weights_of(self._compared.case, Clip.name)
        known = bool(ours) and picture.weights.get(Clip.name) == ours
        if ours and not known:
            self.notes.append(
                f"{picture.label} has no clip vector that the case's can be compared with; name "
                "the picture again to compare it by what it shows"
            )
        lettering = self._said(picture.lettering) if picture.lettering else None
        photos = self._photos(picture)
        looks = picture.looks if known else None
        copies = [Shown(photo, lettering, looks) for photo in photos]
        return copies or [Shown(None, lettering, looks)]

    def _photos(self, picture: ExamplePicture) -> list[int]:
        """The photos that a picture is a copy of, by its bytes, PDQ and local features."""
        case, contents = self._compared.case, self._compared.contents
        copies = {picture.sha256}
        if picture.forms is not None and self._fits(picture, Pdq.name):
            hits = nearest(open_index(case, Pdq.name), Pdq.name, picture.forms)
            copies |= {hit.sha256 for hit in hits}
        copies |= self._edited(picture, copies)
        photos = self._named(pa.array(sorted(copies), pa.string()))
        shown = pc.is_in(self._named(contents.files), value_set=photos)
        found: list[int] = np.unique(contents.photo[shown.to_numpy(zero_copy_only=False)]).tolist()
        return found

    def _edited(self, picture: ExamplePicture, copies: set[str]) -> set[str]:
        """Those that local features and thumbnails tell to be copies."""
        case = self._compared.case
        fit = all(self._fits(picture, name) for name in (Local.name, Thumbnail.name))
        if not fit or picture.features is None or picture.thumbnail is None:
            return set()
        shown = Pixels.of(picture.features, picture.thumbnail)
        if len(shown.features) < MIN_INLIERS:
            return set()
        index, thumbnails = open_index(case, Local.name), open_index(case, Thumbnail.name)
        assert isinstance(index, FeatureIndex)
        assert isinstance(thumbnails, ThumbnailIndex)
        hits, _ = sharing(index, thumbnails, picture.sha256, shown, copies)
        return {hit.sha256 for hit in hits if hit.relation == Relation.COPY}

    def _fits(self, picture: ExamplePicture, signal: str) -> bool:
        ours = weights_of(self._compared.case, signal)
        return bool(ours) and picture.weights.get(signal) == ours

    def _named(self, digests: pa.StringArray) -> pa.StringArray:
        """The photo that each picture shows; a picture in no group is its own."""
        photos = self._compared.photos
        at = pc.index_in(digests, value_set=photos["sha256"].combine_chunks())
        return pc.coalesce(photos["medoid_sha256"].combine_chunks().take(at), digests)


def given_of(compared: Compared, framing: Framing) -> Given:
    """Find the contents of examples.

    Raises `UsageError` where none is left to compare with, or one is the same as a counter-example.
    """
    gathered = _Gathered(compared)
    like, unlike = gathered.add(framing.like), gathered.add(framing.unlike)
    if not like:
        told = f" ({'; '.join(gathered.notes)})" if gathered.notes else ""
        raise UsageError(
            f"there is nothing to be like{told}: name an example with --like, --picture or --text"
        )
    vectors = _caption_vectors(compared, gathered.outside, list(like))
    mean = None
    if len(vectors) > 1:
        middle = np.mean(vectors, axis=0)
        length = float(np.linalg.norm(middle))
        if length > 0:
            mean = gathered.beside((Said("", middle / length), ()))
    fusion, wider = with_more(compared.fusion, compared.contents, gathered.outside)
    _check_sides(wider, like, unlike)
    return Given(
        fusion=fusion,
        like=list(like),
        unlike=list(unlike),
        captions=wider.caption[list(like)],
        labels=list(like.values()),
        pictures=[at for at, content in enumerate(like) if content in gathered.pictures],
        mean=mean,
        notes=list(dict.fromkeys(gathered.notes)),
    )


def _check_sides(contents: Contents, like: Mapping[int, str], unlike: Mapping[int, str]) -> None:
    """Raises `UsageError` where an example and a counter-example say and show the same."""
    meant = {_same(contents, content): label for content, label in like.items()}
    for content, label in unlike.items():
        if (other := meant.get(_same(contents, content))) is not None:
            raise UsageError(
                f"{other} and {label} say and show the same: one can't be meant and the other not; "
                "name both as examples or both as counter-examples"
            )


def _same(contents: Contents, content: int) -> int | str:
    """What contents have in common that say and show the same: the key of what only says."""
    text = contents.caption[content]
    if text == NONE or contents.pictures.starts[content] < contents.pictures.starts[content + 1]:
        return content
    return contents.keys[int(text)].as_py() or content


def _caption_vectors(
    compared: Compared, outside: Sequence[_Outside], contents: Sequence[int]
) -> list[np.ndarray]:
    """The vectors of the captions of those contents that have some."""
    first, found = len(compared.contents), []
    vectors = compared.fusion.texts.vectors
    for content in contents:
        if content >= first:
            said = outside[content - first][0]
            found += [said.vector] if said is not None and said.vector is not None else []
        elif vectors is not None:
            text = compared.contents.caption[content]
            row = NONE if text == NONE else vectors.row[text]
            found += [vectors.index.codes.codes[row]] if row != NONE else []
    return found
