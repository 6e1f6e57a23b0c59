"""How alike contents are to examples, and to counter-examples.

Of each kind of evidence the nearest example counts, so that a post with the words of one and the
picture of another is like both. Meaning is told by vectors, which are fuzzy: where it is what makes
a caption alike, the mean of the examples' vectors counts as much as the nearest example. A copy of
words or photos is a copy of one example, whatever the others are. Half of each is never far from
the better of the two, while either alone is: the nearest where a framing has few subjects, the mean
where it has several (docs/framings.md has the figures, benchmarks/framings/bench_example.py makes
them).

Counter-examples only take away. A linear model over how alike a content is to each example and
counter-example, in decades, tells the odds that it belongs with the examples; where they are
against it, they are taken off as decades, odds of 1 to 10 being one. And what is clearly nearer to
a counter-example than to the examples does not belong.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from frametrace.matcher.framing.calibration import MOST
from frametrace.matcher.framing.fusion import Fused, Fusion
from frametrace.matcher.framing.similarity import Means

__all__ = ["KINDS", "Likeness", "likeness"]

KINDS = ("captions", "lettering", "looks")  # of evidence, as `Fused` has them
_BLOCK = 1 << 16  # contents at a time; 50 MB with 200 examples
# The inverse of the penalty on the model's weights. With 10 or 30 events gain no more than 0.002 of
# average precision, and a picture's captions lose up to 0.01.
_FREEDOM = 3.0
# Decades. Of a picture's captions at 0 / 0.25 / 0.5 a quarter / 57 % / four fifths of what says the
# same as a counter-example still belong, and 30 / 10 / 5 % fewer of the right ones.
_NEARER = 0.25


@dataclass(frozen=True, slots=True)
class Likeness:
    """What was found of m contents.

    `fused` is the evidence by the nearest examples, `example` (3, m) int64 the place of each kind's
    example among those given. `against` (m,) float32 is how many decades counter-examples take,
    `opposed` (m,) bool whether one of them is nearer by more than a quarter of one.
    """

    fused: Fused
    example: np.ndarray
    against: np.ndarray
    opposed: np.ndarray

    @property
    def decades(self) -> np.ndarray:
        """How alike each is, all in all, (m,) float32, never below 0."""
        left: np.ndarray = np.maximum(self.fused.decades - self.against, 0)
        return left


def likeness(
    fusion: Fusion,
    of: np.ndarray,
    like: Sequence[int],
    unlike: Sequence[int] = (),
    mean: int | None = None,
) -> Likeness:
    """How alike the contents `of` (m,) int64 are to the contents `like`, and not to `unlike`.

    `mean` is the content whose caption has the mean of the examples' vectors, if there are several.
    """
    weights = _weights(fusion, like, unlike) if unlike else None
    blocks = [of[at : at + _BLOCK] for at in range(0, max(len(of), 1), _BLOCK)]
    return _joined([_of_block(fusion, block, (like, unlike), mean, weights) for block in blocks])


def _of_block(
    fusion: Fusion,
    of: np.ndarray,
    examples: tuple[Sequence[int], Sequence[int]],
    mean: int | None,
    weights: np.ndarray | None,
) -> Likeness:
    like, unlike = examples
    fused, example, each = _nearest(fusion, of, like)
    against, opposed = np.zeros(len(of), np.float32), np.zeros(len(of), bool)
    if weights is not None:
        others = np.stack([fusion.decades(np.full(len(of), one), of) for one in unlike])
        odds = weights @ np.concatenate([each, others])
        against = np.maximum(-odds, 0).astype(np.float32)
        opposed = others.max(axis=0) > fused.decades + _NEARER
    if mean is not None:
        fused = _evened(fused, fusion.compare(np.full(len(of), mean), of))
    return Likeness(fused, example, against, opposed)


def _nearest(
    fusion: Fusion, of: np.ndarray, like: Sequence[int]
) -> tuple[Fused, np.ndarray, np.ndarray]:
    """The best of each kind of evidence, whose it is, and the decades of each example, (e, m)."""
    fused = fusion.compare(np.full(len(of), like[0]), of)
    example = np.zeros((len(KINDS), len(of)), np.int64)
    each = np.empty((len(like), len(of)), np.float32)
    each[0] = fused.decades
    for at, content in enumerate(like[1:], 1):
        other = fusion.compare(np.full(len(of), content), of)
        each[at] = other.decades
        for row, kind in zip(example, KINDS, strict=True):
            row[getattr(other, kind).decades > getattr(fused, kind).decades] = at
        fused = Fused(*(getattr(fused, k).or_better(getattr(other, k)) for k in KINDS))
    return fused, example, each


def _evened(fused: Fused, mean: Fused) -> Fused:
    """Likeness of captions in meaning is half that to the nearest, half that to the mean."""
    captions = fused.captions
    halved = (captions.decades + mean.captions.decades) / 2
    decades = np.where(captions.means == Means.CAPTION, halved, captions.decades)
    return replace(fused, captions=replace(captions, decades=decades.astype(np.float32)))


def _weights(fusion: Fusion, like: Sequence[int], unlike: Sequence[int]) -> np.ndarray:
    """By which decades of likeness to each example make the odds, as decades, (e,) float64.

    What is like no example has even odds: no intercept. Both sides weigh the same, however many
    examples they have.
    """
    from sklearn.linear_model import LogisticRegression

    contents = np.array([*like, *unlike])
    features = [fusion.decades(np.full(len(contents), each), contents) for each in contents]
    model = LogisticRegression(C=_FREEDOM, class_weight="balanced", fit_intercept=False)
    model.fit(np.stack(features, 1) / MOST, np.arange(len(contents)) < len(like))
    weights: np.ndarray = model.coef_[0] / (MOST * np.log(10))
    return weights


def _joined(parts: Sequence[Likeness]) -> Likeness:
    if len(parts) == 1:
        return parts[0]
    kinds = []
    for kind in KINDS:
        pieces = [getattr(part.fused, kind) for part in parts]
        names = pieces[0].__slots__
        kinds.append(
            type(pieces[0])(*(np.concatenate([getattr(p, n) for p in pieces]) for n in names))
        )
    return Likeness(
        Fused(*kinds),
        np.concatenate([part.example for part in parts], axis=1),
        np.concatenate([part.against for part in parts]),
        np.concatenate([part.opposed for part in parts]),
    )
