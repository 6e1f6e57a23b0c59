"""Scores contents by their similarity to examples, minus their similarity to counter-examples.

For each kind of evidence the nearest example counts, so that a post with the words of one example
and the picture of another is similar to both. Vectors compare meaning only roughly: if a caption is
similar in meaning, the mean of the examples' vectors counts as much as the nearest example. A copy
of words or photos is a copy of one example, however different the other examples are. The nearest
alone is better if a framing has few subjects, the mean alone if it has several; half of each is
never far from the better of the two (figures: docs/framings.md, made by
benchmarks/framings/bench_example.py).

Counter-examples only reduce rarity. A linear model on the rarities of a content's similarity to
each example and counter-example gives the odds that it belongs with the examples. If the odds are
below 1, the rarity is reduced by −log₁₀ of the odds: by 1 for odds of 1 to 10. A content that is
clearly nearer to a counter-example than to the examples does not belong.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from frametrace.matcher.framing.calibration import MAX_RARITY
from frametrace.matcher.framing.fusion import EvidenceFusion, FusedEvidence
from frametrace.matcher.framing.pair_similarity import Basis, PairSimilarity

__all__ = ["EVIDENCE_KINDS", "ExampleScores", "score_contents"]

EVIDENCE_KINDS = tuple(field.name for field in fields(FusedEvidence))
_BLOCK = 1 << 16  # contents compared at a time; 50 MB with 200 examples
# The inverse of the penalty on the model's weights. With 10 or 30, average precision rises by at
# most 0.002 for events, and falls by up to 0.01 for captions of pictures.
_REGULARISATION = 3.0
# Rarity. At 0 / 0.25 / 0.5, 25 / 57 / 80 % of the captions with the message of a counter-example
# still belong, and 30 / 10 / 5 % of the right ones no longer do.
_MARGIN = 0.25


@dataclass(frozen=True, slots=True)
class ExampleScores:
    """The scores of m contents.

    `evidence` is that of the nearest examples; `example` (3, m) int64 is the index of the nearest
    example for each kind of evidence. `against` (m,) float32 is the rarity that counter-examples
    subtract; `opposed` (m,) bool says whether one of them is nearer by more than the margin.
    """

    evidence: FusedEvidence
    example: np.ndarray
    against: np.ndarray
    opposed: np.ndarray

    @property
    def rarity(self) -> np.ndarray:
        """The resulting rarity of each content, (m,) float32, never below 0."""
        remaining: np.ndarray = np.maximum(self.evidence.rarity - self.against, 0)
        return remaining


def score_contents(
    fusion: EvidenceFusion,
    contents: np.ndarray,
    like: Sequence[int],
    unlike: Sequence[int] = (),
    mean: int | None = None,
) -> ExampleScores:
    """Score `contents` (m,) int64 by the contents `like`, and against those `unlike`.

    `mean` is the content whose caption has the mean vector of the examples, if there are several.
    """
    weights = _model_weights(fusion, like, unlike) if unlike else None
    starts = range(0, max(len(contents), 1), _BLOCK)
    blocks = [contents[start : start + _BLOCK] for start in starts]
    scores = [_score_block(fusion, block, (like, unlike), mean, weights) for block in blocks]
    return scores[0] if len(scores) == 1 else _joined(scores)


def _score_block(
    fusion: EvidenceFusion,
    contents: np.ndarray,
    examples: tuple[Sequence[int], Sequence[int]],
    mean: int | None,
    weights: np.ndarray | None,
) -> ExampleScores:
    like, unlike = examples
    evidence, example, by_example = _nearest(fusion, contents, like)
    against, opposed = np.zeros(len(contents), np.float32), np.zeros(len(contents), bool)
    if weights is not None:
        by_counter_example = np.stack(
            [fusion.rarity(np.full(len(contents), content), contents) for content in unlike]
        )
        odds = weights @ np.concatenate([by_example, by_counter_example])
        against = np.maximum(-odds, 0).astype(np.float32)
        opposed = by_counter_example.max(axis=0) > evidence.rarity + _MARGIN
    if mean is not None:
        to_mean = fusion.compare(np.full(len(contents), mean), contents)
        evidence = _averaged(evidence, to_mean)
    return ExampleScores(evidence, example, against, opposed)


def _nearest(
    fusion: EvidenceFusion, contents: np.ndarray, like: Sequence[int]
) -> tuple[FusedEvidence, np.ndarray, np.ndarray]:
    """The rarest evidence of each kind, its example, and the rarity of each example, (e, m)."""
    nearest = fusion.compare(np.full(len(contents), like[0]), contents)
    example = np.zeros((len(EVIDENCE_KINDS), len(contents)), np.int64)
    by_example = np.empty((len(like), len(contents)), np.float32)
    by_example[0] = nearest.rarity
    for number, content in enumerate(like[1:], 1):
        evidence = fusion.compare(np.full(len(contents), content), contents)
        by_example[number] = evidence.rarity
        for row, kind in zip(example, EVIDENCE_KINDS, strict=True):
            row[getattr(evidence, kind).rarity > getattr(nearest, kind).rarity] = number
        nearest = FusedEvidence(
            *(getattr(nearest, k).or_rarer(getattr(evidence, k)) for k in EVIDENCE_KINDS)
        )
    return nearest, example, by_example


def _averaged(evidence: FusedEvidence, to_mean: FusedEvidence) -> FusedEvidence:
    """Average the rarities of the nearest example and the mean, if captions agree by meaning."""
    captions = evidence.captions
    average = (captions.rarity + to_mean.captions.rarity) / 2
    rarity = np.where(captions.basis == Basis.CAPTION, average, captions.rarity)
    return replace(evidence, captions=replace(captions, rarity=rarity.astype(np.float32)))


def _model_weights(
    fusion: EvidenceFusion, like: Sequence[int], unlike: Sequence[int]
) -> np.ndarray:
    """The model's weights of the rarity to each example, for odds as log₁₀, (e,) float64.

    A content that is not similar to any example has even odds: there is no intercept. Both sides
    have the same weight, however many examples they have.
    """
    from sklearn.linear_model import LogisticRegression

    contents = np.array([*like, *unlike])
    features = [fusion.rarity(np.full(len(contents), content), contents) for content in contents]
    model = LogisticRegression(C=_REGULARISATION, class_weight="balanced", fit_intercept=False)
    model.fit(np.stack(features, 1) / MAX_RARITY, np.arange(len(contents)) < len(like))
    weights: np.ndarray = model.coef_[0] / (MAX_RARITY * np.log(10))
    return weights


def _joined(blocks: Sequence[ExampleScores]) -> ExampleScores:
    kinds = []
    for kind in EVIDENCE_KINDS:
        parts = [getattr(block.evidence, kind) for block in blocks]
        columns = (np.concatenate([getattr(p, n) for p in parts]) for n in PairSimilarity.__slots__)
        kinds.append(PairSimilarity(*columns))
    return ExampleScores(
        FusedEvidence(*kinds),
        np.concatenate([block.example for block in blocks], axis=1),
        np.concatenate([block.against for block in blocks]),
        np.concatenate([block.opposed for block in blocks]),
    )
