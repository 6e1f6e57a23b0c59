"""Resolves examples to contents of a case: its own if it has them, otherwise added ones."""

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
from frametrace.index.hamming.hamming_index import HammingIndex
from frametrace.index.index_store import open_index
from frametrace.index.thumbnail_lookup import ThumbnailIndex
from frametrace.matcher.case_signals import weights_of
from frametrace.matcher.framing.by_example.examples import (
    ExamplePicture,
    Examples,
    ExampleText,
    Framing,
)
from frametrace.matcher.framing.by_example.outside_contents import (
    OutsideContent,
    OutsidePicture,
    OutsideText,
    with_outside_contents,
)
from frametrace.matcher.framing.distinct_contents import NONE, Contents
from frametrace.matcher.framing.fusion import EvidenceFusion
from frametrace.matcher.pictures.feature_alignment import MIN_INLIERS
from frametrace.matcher.pictures.picture_values import PictureValues
from frametrace.matcher.query.by_local_features import pictures_sharing_pixels
from frametrace.matcher.query.by_signal import nearest
from frametrace.matcher.result_schemas import Relation
from frametrace.posts.errors import UsageError

__all__ = ["CaseContents", "ResolvedExamples", "resolve_examples"]


@dataclass(frozen=True, slots=True)
class CaseContents:
    """The contents of a case, ready to compare, and the photo that each picture shows."""

    case: Case
    contents: Contents
    fusion: EvidenceFusion
    photos: pa.Table  # the columns sha256 and medoid_sha256


@dataclass(slots=True)
class ResolvedExamples:
    """Examples and counter-examples as numbers of contents in `fusion`.

    For each of `like`, `captions` (l,) int64 is the number of its text and `labels` the name shown
    to users; `pictures` are the indices of those that are picture files. `mean` is the content
    whose caption has the mean vector of the examples, if several have a vector. `notes` are
    sentences on what could not be used.
    """

    fusion: EvidenceFusion
    like: list[int]
    unlike: list[int]
    captions: np.ndarray
    labels: list[str]
    pictures: list[int]
    mean: int | None = None
    notes: list[str] = field(default_factory=list)


class _Resolver:
    """Resolves examples one by one, and collects those that no post carries in `outside`."""

    def __init__(self, case_contents: CaseContents) -> None:
        self._case_contents = case_contents
        self._case, self._contents = case_contents.case, case_contents.contents
        self.outside: list[OutsideContent] = []
        self.pictures: set[int] = set()
        self.notes: list[str] = []

    def resolve(self, examples: Examples) -> dict[int, str]:
        """The label of each example by its content; if several have one content, of the first."""
        labels = self._posts(examples)
        for picture in examples.pictures:
            content = self.add_outside((None, self._outside_pictures(picture)))
            self.pictures.add(content)
            labels[content] = picture.label
        for text in examples.texts:
            labels[self.add_outside((self._outside_text(text), ()))] = text.label
        return labels

    def _posts(self, examples: Examples) -> dict[int, str]:
        posts = self._contents.posts
        ids = pa.array([post.post_id for post in examples.posts], pa.string())
        rows = posts.filter(pc.is_in(posts["post_id"], value_set=ids)).to_pylist()
        contents = {(row["platform"], row["post_id"]): row["content"] for row in rows}
        labels: dict[int, str] = {}
        for post in examples.posts:
            content = contents.get((post.platform, post.post_id))
            if content is None:
                self.notes.append(
                    f"{post.label} is left out: it has no picture and too little text to compare"
                )
            else:
                labels.setdefault(content, post.label)
        return labels

    def add_outside(self, content: OutsideContent) -> int:
        """Add a content that no post carries; returns its number."""
        self.outside.append(content)
        return len(self._contents) + len(self.outside) - 1

    def _outside_text(self, text: ExampleText) -> OutsideText:
        same_weights = text.weights == weights_of(self._case, Caption.name)
        if text.vector is not None and not same_weights:
            self.notes.append(
                f"{text.label} was embedded with other weights than the case's captions: it is "
                "compared by its wording alone"
            )
        return OutsideText(key_of(text.text), text.vector if same_weights else None)

    def _outside_pictures(self, picture: ExamplePicture) -> list[OutsidePicture]:
        """The picture once for each photo of the case that it is a copy of, or once alone."""
        comparable = self._same_weights(picture, Clip.name)
        if weights_of(self._case, Clip.name) and not comparable:
            self.notes.append(
                f"{picture.label} has no clip vector that can be compared with those of the case; "
                "name the picture again to compare it by image similarity"
            )
        ocr_text = self._outside_text(picture.ocr_text) if picture.ocr_text else None
        vector = picture.clip if comparable else None
        photos = self._photos(picture) or [None]
        return [OutsidePicture(photo, ocr_text, vector) for photo in photos]

    def _photos(self, picture: ExamplePicture) -> list[int | None]:
        """The photos that a picture is a copy of, by its bytes, PDQ and local features."""
        copies = {picture.sha256}
        if picture.pdq is not None and self._same_weights(picture, Pdq.name):
            hits = nearest(open_index(self._case, Pdq.name, HammingIndex), Pdq.name, picture.pdq)
            copies |= {hit.sha256 for hit in hits}
        copies |= self._edited_copies(picture, copies)
        photos = self._photos_of(pa.array(sorted(copies), pa.string()))
        is_copy = pc.is_in(self._photos_of(self._contents.picture_digests), value_set=photos)
        photo = self._contents.photo[is_copy.to_numpy(zero_copy_only=False)]
        return [*np.unique(photo).tolist()]

    def _edited_copies(self, picture: ExamplePicture, copies: set[str]) -> set[str]:
        """The further copies that local features and thumbnails show."""
        comparable = all(self._same_weights(picture, name) for name in (Local.name, Thumbnail.name))
        if not comparable or picture.features is None or picture.thumbnail is None:
            return set()
        values = PictureValues.of(picture.features, picture.thumbnail)
        if len(values.features) < MIN_INLIERS:
            return set()
        index = open_index(self._case, Local.name, FeatureIndex)
        thumbnails = open_index(self._case, Thumbnail.name, ThumbnailIndex)
        hits, _ = pictures_sharing_pixels(index, thumbnails, picture.sha256, values, copies)
        return {hit.sha256 for hit in hits if hit.relation == Relation.COPY}

    def _same_weights(self, picture: ExamplePicture, signal: str) -> bool:
        weights = weights_of(self._case, signal)
        return bool(weights) and picture.weights.get(signal) == weights

    def _photos_of(self, digests: pa.StringArray) -> pa.StringArray:
        """The photo that each picture shows; a picture in no group is a photo of its own."""
        photos = self._case_contents.photos
        at = pc.index_in(digests, value_set=photos["sha256"].combine_chunks())
        return pc.coalesce(photos["medoid_sha256"].combine_chunks().take(at), digests)


def resolve_examples(case_contents: CaseContents, framing: Framing) -> ResolvedExamples:
    """Resolve the examples and counter-examples of a framing.

    Raises `UsageError` if no example is left to compare with, or one is the same as a
    counter-example.
    """
    resolver = _Resolver(case_contents)
    like, unlike = resolver.resolve(framing.like), resolver.resolve(framing.unlike)
    if not like:
        reasons = f" ({'; '.join(resolver.notes)})" if resolver.notes else ""
        raise UsageError(
            f"there is no example to compare with{reasons}: name one with --like, --picture or "
            "--text"
        )
    vectors = _caption_vectors(case_contents, resolver.outside, list(like))
    mean = None
    if len(vectors) > 1:
        mean_vector = np.mean(vectors, axis=0)
        length = float(np.linalg.norm(mean_vector))
        if length > 0:
            mean = resolver.add_outside((OutsideText("", mean_vector / length), ()))
    fusion = with_outside_contents(case_contents.fusion, resolver.outside)
    _check_sides(fusion.contents, like, unlike)
    return ResolvedExamples(
        fusion=fusion,
        like=list(like),
        unlike=list(unlike),
        captions=fusion.contents.caption[list(like)],
        labels=list(like.values()),
        pictures=[at for at, content in enumerate(like) if content in resolver.pictures],
        mean=mean,
        notes=list(dict.fromkeys(resolver.notes)),
    )


def _check_sides(contents: Contents, like: Mapping[int, str], unlike: Mapping[int, str]) -> None:
    """Raise `UsageError` if an example and a counter-example have the same content."""
    labels = {_identity(contents, content): label for content, label in like.items()}
    for content, label in unlike.items():
        if (same := labels.get(_identity(contents, content))) is not None:
            raise UsageError(
                f"{same} and {label} have the same content: one can't be an example and the other "
                "a counter-example; name both on one side"
            )


def _identity(contents: Contents, content: int) -> int | str:
    """Equal for contents that count as the same: the key of a text alone, otherwise the content."""
    text = contents.caption[content]
    if text == NONE or contents.pictures.starts[content] < contents.pictures.starts[content + 1]:
        return content
    return contents.text_keys[int(text)].as_py() or content


def _caption_vectors(
    case_contents: CaseContents, outside: Sequence[OutsideContent], contents: Sequence[int]
) -> list[np.ndarray]:
    """The caption vectors of those contents that have one."""
    first_outside, vectors = len(case_contents.contents), []
    in_case = case_contents.fusion.texts.vectors
    for content in contents:
        if content >= first_outside:
            caption = outside[content - first_outside][0]
            if caption is not None and caption.vector is not None:
                vectors.append(caption.vector)
        elif in_case is not None:
            text = case_contents.contents.caption[content]
            row = NONE if text == NONE else in_case.row[text]
            if row != NONE:
                vectors.append(in_case.index.codes.codes[row])
    return vectors
