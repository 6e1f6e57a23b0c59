"""Measures whether captions that say the same in other words are nearest to each other.

5,000 captions of 1,000 pictures, five people's words for each (flickr8k), in English and Chinese.
For each caption: is the nearest of the other 4,999 about the same picture (recall@1), and what
fraction of its four companions is among the ten nearest (recall@10)? And across languages: is the
translation of an English caption the nearest of 5,000 Chinese ones, or among the ten nearest?
"""

import argparse
import csv
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from measuring import Finding, Stopped, conclude, options, say, shared_data
from scipy.sparse import csr_matrix

from frametrace.embed.embed_settings import ModelChoice
from frametrace.embed.signals.caption import Caption
from frametrace.embed.text.ngrams import grams_of
from frametrace.embed.text.normalize import keys_of
from frametrace.posts.errors import ModelMissing

PACKAGES = ("frametrace", "sentence-transformers", "scikit-learn", "numpy")
_TOP = 10
_BLOCK = 500
_LANGUAGES = {"en": "English", "zh": "Chinese"}

# The similarities of captions `start` to `stop` with all captions.
Ranked = Callable[[int, int], np.ndarray]


def main() -> None:
    chosen = _options()
    captions, picture = _captions(10 if chosen.quick else 1)
    found: dict[str, tuple[float, float]] = {}
    remarks = []
    for code, language in _LANGUAGES.items():
        texts = captions[code]
        found[f"{language}: words, TF-IDF (peer)"] = _recalls(_by_words(texts), picture)
        found[f"{language}: caption keys, Jaccard"] = _recalls(_by_keys(texts), picture)
    vectors, made_by = _vectors(captions, chosen.caption_model)
    for code, language in _LANGUAGES.items():
        if code not in vectors:
            remarks.append(
                f"{language} and across languages: not available, {made_by['model']} reads "
                f"{made_by['languages']}. Name a multilingual one's directory with --caption-model"
            )
            continue
        found[f"{language}: vectors of {made_by['model']}"] = _recalls(
            _by_vectors(vectors[code], vectors[code]), picture
        )
    if len(vectors) == len(_LANGUAGES):
        across = _by_vectors(vectors["en"], vectors["zh"])
        found["English to Chinese: translations"] = _translations(across, len(picture))
    findings = [
        Finding(name, f"recall@1 {one:.1%}, recall@{_TOP} {ten:.1%}", *_beside(found, name, ten))
        for name, (one, ten) in found.items()
    ]
    conclude("paraphrase", findings, remarks, PACKAGES, chosen)


def _options() -> argparse.Namespace:
    models = argparse.ArgumentParser(add_help=False)
    models.add_argument("--caption-model", default="")
    given, rest = models.parse_known_args()
    sys.argv[1:] = rest
    return argparse.Namespace(**vars(options(__doc__ or "")), **vars(given))


def _beside(found: Mapping[str, tuple[float, float]], name: str, ten: float) -> tuple[str, float]:
    """Each path beside the words of the same language."""
    peer = found.get(f"{name.partition(':')[0]}: words, TF-IDF (peer)", (0.0, 0.0))[1]
    return (f"words: {peer:.1%}", ten / peer) if peer else ("", float("nan"))


def _captions(step: int) -> tuple[dict[str, list[str]], np.ndarray]:
    """The captions by language, and the number of each one's picture; every `step`th picture."""
    folder = shared_data()
    path = folder / "captions" / "flickr8k_test_en_zh.csv" if folder else None
    if path is None or not path.is_file():
        raise Stopped("../shared/data/captions (or $FRAMETRACE_SHARED) is absent")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    _, picture = np.unique([row["image"] for row in rows], return_inverse=True)
    kept = np.flatnonzero(picture % step == 0)
    return {code: [rows[at][code] for at in kept] for code in _LANGUAGES}, picture[kept]


def _by_words(texts: Sequence[str]) -> Ranked:
    """Words of every language, or characters in scripts without spaces."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    analyzer = "word" if all(text.isascii() for text in texts[:5]) else "char"
    return _by_rows(TfidfVectorizer(analyzer=analyzer).fit_transform(texts).tocsr())


def _by_keys(texts: Sequence[str]) -> Ranked:
    """The Jaccard similarity of the keys' trigrams."""
    grams, begins = grams_of(keys_of(texts))
    _, column = np.unique(grams, return_inverse=True)
    held = csr_matrix((np.ones(len(grams), np.float32), column, begins))
    held.sum_duplicates()
    held.data[:] = 1
    count = np.diff(held.indptr)

    def ranked(start: int, stop: int) -> np.ndarray:
        both = (held[start:stop] @ held.T).toarray()
        similarity: np.ndarray = both / np.maximum(count[start:stop, None] + count - both, 1)
        return similarity

    return ranked


def _by_rows(rows: csr_matrix) -> Ranked:
    def ranked(start: int, stop: int) -> np.ndarray:
        similarity: np.ndarray = (rows[start:stop] @ rows.T).toarray()
        return similarity

    return ranked


def _by_vectors(query: np.ndarray, among: np.ndarray) -> Ranked:
    return lambda start, stop: query[start:stop] @ among.T


def _vectors(
    captions: Mapping[str, Sequence[str]], model: str
) -> tuple[dict[str, np.ndarray], Mapping[str, str]]:
    """Of the languages that the model reads."""
    try:
        signal = Caption.open(ModelChoice({"caption_model": model}))
    except ModelMissing as missing:
        raise Stopped(str(missing)) from None
    found = {}
    for code, texts in captions.items():
        values = signal.compute(texts)["code"].to_pylist()
        if all(value is not None for value in values):
            found[code] = np.array(values, np.float32)
        say(f"  {_LANGUAGES[code]}: {len(texts) - values.count(None):,} vectors")
    return found, signal.made_by


def _recalls(ranked: Ranked, picture: np.ndarray) -> tuple[float, float]:
    """Recall@1 and recall@10 of the other captions of the same picture."""
    first = ten = 0
    others = np.bincount(picture)[picture] - 1
    for start in range(0, len(picture), _BLOCK):
        stop = min(start + _BLOCK, len(picture))
        similarity = ranked(start, stop).astype(np.float32)
        similarity[np.arange(stop - start), np.arange(start, stop)] = -np.inf
        nearest = np.argsort(-similarity, axis=1, kind="stable")[:, :_TOP]
        same = picture[nearest] == picture[start:stop, None]
        first += same[:, 0].sum()
        ten += (same.sum(axis=1) / others[start:stop]).sum()
    return first / len(picture), ten / len(picture)


def _translations(ranked: Ranked, count: int) -> tuple[float, float]:
    """How often a caption's own translation is the nearest, and among the ten nearest."""
    first = ten = 0
    for start in range(0, count, _BLOCK):
        stop = min(start + _BLOCK, count)
        similarity = ranked(start, stop)
        own = similarity[np.arange(stop - start), np.arange(start, stop)]
        rank = (similarity > own[:, None]).sum(axis=1)
        first, ten = first + (rank == 0).sum(), ten + (rank < _TOP).sum()
    return first / count, ten / count


if __name__ == "__main__":
    try:
        main()
    except Stopped as stopped:
        sys.exit(str(stopped))
