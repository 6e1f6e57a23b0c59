"""Texts and pictures that no post of the case carries, beside those that some do.

They are compared as the others are, by the case's own background: an example that somebody names
is no reason to measure it anew.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from frametrace.matcher.framing.distinct_contents import NONE, Carried, Contents
from frametrace.matcher.framing.fusion import AGREES, Fusion
from frametrace.matcher.framing.similarity import Looks, Texts, Vectors

__all__ = ["Said", "Shown", "with_more"]

_BLOCK = 4096  # pairs of vectors compared at a time


@dataclass(frozen=True, slots=True)
class Said:
    """A text: its key, which may be empty, and its (d,) vector if it has one."""

    key: str
    vector: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture: the number of its photo, its lettering, and its (d,) vector, if it has them.

    Without a photo it is a copy of nothing.
    """

    photo: int | None = None
    lettering: Said | None = None
    vector: np.ndarray | None = None


@dataclass(frozen=True, slots=True)
class _Beside(Vectors):
    """With (k, d) `more` vectors, whose rows come after those of the index."""

    more: np.ndarray

    @classmethod
    def beside(cls, vectors: Vectors | None, more: Sequence[np.ndarray | None]) -> "_Beside | None":
        """With a vector, or none, for each further item; those of other dimensions are none."""
        if vectors is None:
            return None
        count, width = vectors.index.codes.codes.shape
        fits = [vector is not None and vector.shape == (width,) for vector in more]
        kept = [vector for vector, fit in zip(more, fits, strict=True) if fit]
        row = np.where(fits, count + np.cumsum(fits) - 1, NONE)
        old = {field.name: getattr(vectors, field.name) for field in fields(Vectors)}
        old["row"] = np.append(vectors.row, row).astype(np.int64)
        return cls(**old, more=np.array(kept, np.float32).reshape(-1, width))

    def _cosines(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        x, y = self.row[a], self.row[b]
        known = np.flatnonzero((x != NONE) & (y != NONE))
        similarity = np.full(len(a), -1, np.float32)
        for start in range(0, len(known), _BLOCK):
            part = known[start : start + _BLOCK]
            similarity[part] = np.einsum("ij,ij->i", self._of(x[part]), self._of(y[part]))
        return np.minimum(similarity, 1)

    def _of(self, rows: np.ndarray) -> np.ndarray:
        codes = self.index.codes.codes
        outside = rows >= len(codes)
        found: np.ndarray = codes[np.where(outside, 0, rows)].astype(np.float32)
        found[outside] = self.more[rows[outside] - len(codes)]
        return found


class _Texts(Texts):
    def __init__(self, texts: Texts, contents: Contents, said: Sequence[Said]) -> None:
        self._names, self._keys = contents.texts, contents.keys
        self.vectors = _Beside.beside(texts.vectors, [each.vector for each in said])
        self.wording = texts.wording


class _Looks(Looks):
    def __init__(self, looks: Looks, contents: Contents, shown: Sequence[Shown]) -> None:
        self._photo, self._lettering = contents.photo, contents.lettering
        self._same = lambda alike: alike.decades >= AGREES
        self.vectors = _Beside.beside(looks.vectors, [each.vector for each in shown])


class _Fusion(Fusion):
    def __init__(self, contents: Contents, texts: Texts, looks: Looks) -> None:
        self._contents, self.texts, self.looks = contents, texts, looks


def with_more(
    fusion: Fusion, contents: Contents, more: Sequence[tuple[Said | None, Sequence[Shown]]]
) -> tuple[Fusion, Contents]:
    """The contents of a case and more, numbered after them: each a caption and pictures.

    A text that some post has, or some picture, is that one.
    """
    shown = [picture for _, pictures in more for picture in pictures]
    said = [caption for caption, _ in more] + [picture.lettering for picture in shown]
    number, new = _numbered(contents, said)
    wider = _wider(contents, [len(pictures) for _, pictures in more], shown, number, new)
    texts = _Texts(fusion.texts, wider, new)
    return _Fusion(wider, texts, _Looks(fusion.looks, wider, shown)), wider


def _numbered(contents: Contents, said: Sequence[Said | None]) -> tuple[np.ndarray, Sequence[Said]]:
    """The number of each text, `NONE` for none, and the texts that come after the case's."""
    keys = pa.array([None if each is None else each.key for each in said], pa.string())
    number = pc.index_in(keys, value_set=contents.keys).fill_null(NONE).to_numpy().astype(np.int64)
    new = [at for at, each in enumerate(said) if each is not None and number[at] == NONE]
    number[new] = len(contents.texts) + np.arange(len(new))
    return number, [each for at in new if (each := said[at]) is not None]


def _wider(
    contents: Contents,
    many: Sequence[int],
    shown: Sequence[Shown],
    number: np.ndarray,
    new: Sequence[Said],
) -> Contents:
    """With contents of so `many` pictures each; `number` are captions', then the lettering's."""
    copies = np.array([picture.photo is not None for picture in shown], bool)
    # A copy of nothing has a photo of its own.
    own = contents.photo.max(initial=NONE) + 1 + np.arange(len(shown))
    photo = [NONE if picture.photo is None else picture.photo for picture in shown]
    starts, items = contents.pictures.starts, contents.pictures.items
    return replace(
        contents,
        caption=np.append(contents.caption, number[: len(many)]),
        pictures=Carried(
            np.append(starts, starts[-1] + np.cumsum(many, dtype=np.int64)),
            np.append(items, len(contents.files) + np.arange(len(shown))),
        ),
        weight=np.append(contents.weight, np.zeros(len(many), np.int64)),
        texts=_longer(contents.texts, [""] * len(new)),
        keys=_longer(contents.keys, [each.key for each in new]),
        said=_longer(contents.said, [""] * len(new)),
        files=_longer(contents.files, [""] * len(shown)),
        photo=np.append(contents.photo, np.where(copies, photo, own)).astype(np.int64),
        lettering=np.append(contents.lettering, number[len(many) :]),
    )


def _longer(strings: pa.StringArray, more: Sequence[str]) -> pa.StringArray:
    return pa.concat_arrays([strings, pa.array(more, pa.string())])
