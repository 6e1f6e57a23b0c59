"""Chooses the representative text of each group in each language: the most similar to the rest."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from frametrace.embed.text.languages import languages_of
from frametrace.matcher.framing.text.hashed_terms import BUCKETS
from frametrace.matcher.framing.text.term_weights import TermWeights
from frametrace.matcher.framing.text.text_samples import TextSamples
from frametrace.work.blocks import in_blocks
from frametrace.work.progress import Advance, counted, uncounted

__all__ = ["MAX_LANGUAGES", "representatives"]

MAX_LANGUAGES = 4
# The least share of a group's texts in a language. If fewer texts seem to be in it, they are as
# often names, quotes or errors.
_MIN_SHARE = 0.05
_BLOCK = 1 << 22  # terms weighed at a time
_DECIMALS = 5  # of similarities; texts that agree to these are equally similar


def representatives(
    samples: TextSamples,
    weights: TermWeights,
    advance: Advance = uncounted,
) -> list[list[tuple[str, int]]]:
    """Up to four languages of each group, and the row of the representative text in each.

    The languages with the most distinct texts come first. The representative has the greatest mean
    cosine similarity of its term weights to those of the group's other texts, in any language; of
    equally similar texts, it is the one that sorts first. Languages are those of `languages_of`.
    `advance` receives how many more groups are done.
    """
    similarity = _similarities(samples, weights)
    ends = np.cumsum([len(rows) for rows in samples.rows])
    parts = np.split(similarity, ends[:-1]) if len(ends) else ()
    return [
        _representatives(samples.texts, rows.tolist(), part.tolist())
        for rows, part in counted(zip(samples.rows, parts, strict=True), advance)
    ]


def _similarities(samples: TextSamples, weights: TermWeights) -> np.ndarray:
    """The sum of each text's cosine similarities to its group's texts, (n,) float64.

    Those of the first group's texts come first.
    """
    terms = samples.terms[len(samples.outside) :]
    sizes = np.array([len(rows) for rows in samples.rows], np.int64)
    ends = np.append(0, np.cumsum(sizes))
    sums: list[np.ndarray] = [np.empty(0)]
    for groups in in_blocks(np.diff(terms.indptr[ends]), _BLOCK):
        part = terms[ends[groups.start] : ends[groups.stop]]
        text = np.repeat(np.arange(part.shape[0]), np.diff(part.indptr))
        group = np.repeat(np.arange(groups.stop - groups.start), sizes[groups])
        weight = weights.of_hashes(part.indices).astype(np.float64)
        unit = weight / np.sqrt(np.bincount(text, weight**2))[text]
        term = np.unique(group[text] * BUCKETS + part.indices, return_inverse=True)[1]
        of_group = np.bincount(term, unit)
        sums.append(np.bincount(text, unit * of_group[term], part.shape[0]))
    return np.concatenate(sums)


def _representatives(
    texts: Sequence[str], rows: Sequence[int], similarity: Sequence[float]
) -> list[tuple[str, int]]:
    languages = languages_of(texts[row] for row in rows)
    best: dict[str, tuple[float, str, int]] = {}
    for language, value, row in zip(languages, similarity, rows, strict=True):
        candidate = (-round(value, _DECIMALS), texts[row], row)
        best[language] = min(candidate, best.get(language, candidate))
    counts = Counter(languages)
    common = sorted(counts, key=lambda language: (-counts[language], language))[:MAX_LANGUAGES]
    return [
        (language, best[language][-1])
        for language in common
        if counts[language] >= _MIN_SHARE * len(rows)
    ]
