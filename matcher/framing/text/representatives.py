"""Chooses the representative text of each group in each language: the most similar to the rest."""

from collections import Counter

import numpy as np

from frametrace.embed.text.languages import languages_of
from frametrace.matcher.framing.text.term_weights import TermWeights
from frametrace.matcher.framing.text.text_samples import TextSamples

__all__ = ["MAX_LANGUAGES", "representatives"]

MAX_LANGUAGES = 4
# The least share of a group's texts in a language. If fewer texts seem to be in it, they are as
# often names, quotes or errors.
_MIN_SHARE = 0.05
_DECIMALS = 5  # of similarities; texts that agree to these are equally similar


def representatives(samples: TextSamples, weights: TermWeights) -> list[list[tuple[str, int]]]:
    """Up to four languages of each group, and the row of the representative text in each.

    The languages with the most distinct texts come first. The representative has the greatest mean
    cosine similarity of its term weights to those of the group's other texts, in any language; of
    equally similar texts, it is the one that sorts first. Languages are those of `languages_of`.
    """
    return [_representatives(samples, weights, group) for group in range(len(samples.rows))]


def _representatives(
    samples: TextSamples, weights: TermWeights, group: int
) -> list[tuple[str, int]]:
    rows = samples.rows[group].tolist()
    if not rows:
        return []
    vectors = weights.vectors(samples.pieces(group))
    similarity = vectors @ np.asarray(vectors.sum(axis=0)).ravel()
    texts = [samples.texts[row] for row in rows]
    languages = languages_of(texts)
    best: dict[str, tuple[float, str, int]] = {}
    for language, value, row, text in zip(languages, similarity, rows, texts, strict=True):
        candidate = (-round(float(value), _DECIMALS), text, row)
        best[language] = min(candidate, best.get(language, candidate))
    counts = Counter(languages)
    common = sorted(counts, key=lambda language: (-counts[language], language))[:MAX_LANGUAGES]
    return [
        (language, best[language][-1])
        for language in common
        if counts[language] >= _MIN_SHARE * len(rows)
    ]
