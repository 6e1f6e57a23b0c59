"""Finds the words that texts share as their claim, and posts that negate one of them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import pairwise
from typing import NamedTuple

from frametrace.embed.text.tokenize import LETTERS_END, in_one_spelling
from frametrace.matcher.framing.text.chatter_words import PARTICLES, WEAK_CHARACTERS
from frametrace.matcher.framing.text.stance_cues import CUES
from frametrace.matcher.framing.text.stopwords import is_informative

__all__ = ["WORDS", "claim_of", "has_claim_word", "in_plain_spelling", "negated_word", "sentences"]

_MAX_SENTENCES = 100  # of a post
_MAX_SENTENCE = 400  # characters; longer ones are cut into several
_MAX_SKIPPED = 4  # words between a negation and a word of the claim
_NEGATED_CHARACTERS = 5  # that a negation applies to, without spaces
_MIN_STEM, _MAX_SUFFIX = 3, 4  # letters: `ban` and `banned` are one word
_MIN_SHARE = 0.2  # of the texts of a framing that state a word of its claim

WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_SENTENCES = re.compile(r"(?<=[!?。\n])|(?<=[.;…])(?=\s)")
_CLAUSES = re.compile(r"[,;:()]|\s[-–—]\s")
_HAN = re.compile("[\u3400-\u9fff]+")
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'"})
_THERE = frozenset({"there", "there's", "is", "are", "was", "were"})
_FUNCTION_CHARACTERS = frozenset(PARTICLES + WEAK_CHARACTERS)


def in_plain_spelling(text: str) -> str:
    """A text in one spelling, with straight apostrophes; its first 8,000 characters."""
    return in_one_spelling(text).translate(_APOSTROPHES)


@lru_cache(maxsize=1024)  # more than the texts that a framing's claim is taken from
def sentences(text: str) -> Sequence[str]:
    """The sentences of a text in plain spelling: at most 100, of at most 400 characters."""
    parts = [part for part in _SENTENCES.split(in_plain_spelling(text)) if part.strip()]
    pieces = [
        part[start : start + _MAX_SENTENCE]
        for part in parts
        for start in range(0, len(part), _MAX_SENTENCE)
    ]
    return pieces[:_MAX_SENTENCES]


def claim_of(texts: Sequence[str]) -> frozenset[str]:
    """The words of the claim that some texts make: stated in a fifth of them, negated in fewer.

    In Chinese they are pairs of characters. Function words and small talk are left out.
    """
    stated: Counter[str] = Counter()
    negated: Counter[str] = Counter()
    for text in texts:
        words, denied = set[str](), set[str]()
        for sentence in sentences(text):
            denied.update(word for negation in _negations(sentence) for word in negation.scope)
            words.update(_terms(sentence))
        stated.update(words - denied)
        negated.update(denied)
    least = _MIN_SHARE * len(texts)
    return frozenset(
        word for word, count in stated.items() if count >= max(least, negated[word], 1)
    )


def negated_word(sentence: str, claim: frozenset[str]) -> str:
    """The negation of a word of the claim in a sentence, or an empty text.

    "No X, no Y" is rhetoric, and what is negated before "but" is not the point of the sentence.
    """
    negations = list(_negations(sentence))
    count = Counter(negation.word for negation in negations)
    for negation in negations:
        if count[negation.word] == 1 and any(_is_in(claim, word) for word in negation.scope):
            return negation.phrase
    return ""


def has_claim_word(text: str, claim: frozenset[str]) -> bool:
    """Whether a text has a word of the claim."""
    return bool(claim) and any(_is_in(claim, word) for word in _terms(text))


def _is_in(claim: frozenset[str], word: str) -> bool:
    """Whether a word is in the claim, in any of its forms in languages with suffixes."""
    if word in claim:
        return True
    if word[0] >= LETTERS_END:
        return False
    stems, beginnings = _stems(claim)
    stem = _stem(word)
    shortest = max(len(stem) - _MAX_SUFFIX, _MIN_STEM)
    return len(stem) >= _MIN_STEM and (
        stem in beginnings or any(stem[:end] in stems for end in range(shortest, len(stem) + 1))
    )


@lru_cache(maxsize=16)
def _stems(claim: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """The stems of a claim's words, and what is left if up to four letters are cut off."""
    stems = {stem for word in claim if len(stem := _stem(word)) >= _MIN_STEM}
    beginnings = {
        stem[:end]
        for stem in stems
        for end in range(max(len(stem) - _MAX_SUFFIX, _MIN_STEM), len(stem) + 1)
    }
    return frozenset(stems), frozenset(beginnings)


def _stem(word: str) -> str:
    return word.rstrip("e") if len(word) > _MIN_STEM else word


def _terms(sentence: str) -> Iterator[str]:
    """The informative words of a sentence and, of Chinese, the pairs of neighbouring characters."""
    for word in WORDS.findall(sentence):
        if not _HAN.search(word) and is_informative(word):
            yield word
    for run in _HAN.findall(sentence):
        yield from _pairs(run)


def _pairs(run: str) -> Iterator[str]:
    """The pairs of neighbouring characters that are not function characters."""
    for a, b in pairwise(run):
        if a not in _FUNCTION_CHARACTERS and b not in _FUNCTION_CHARACTERS:
            yield a + b


class _Negation(NamedTuple):
    """A negation, the words that it applies to, and all of it as written."""

    word: str
    scope: Sequence[str]
    phrase: str


def _negations(sentence: str) -> Iterator[_Negation]:
    """The negations of a sentence."""
    for clause in _CLAUSES.split(sentence):
        yield from _spaced_negations(WORDS.findall(clause))
    negations, turns = _han_patterns()
    for match in negations.finditer(sentence):
        run = _HAN.match(sentence, match.end())
        if run and not turns.search(sentence, match.end()):
            scope = run[0][:_NEGATED_CHARACTERS]
            yield _Negation(match[0], list(_pairs(scope)), match[0] + scope)


def _spaced_negations(words: Sequence[str]) -> Iterator[_Negation]:
    """The same in a clause with spaces.

    "No" applies to a noun only in "there is no"; elsewhere to the word after it ("no lion
    escaped"), since "no cash" may be the claim itself in other words.
    """
    negations, skips = _negation_words()
    for at, word in enumerate(words):
        if word in negations or word.endswith("n't"):
            end = min(at + 1 + _MAX_SKIPPED, len(words))
            applied = [other for other in range(at + 1, end) if words[other] not in skips][:2]
            is_bare = word == "no" and not _THERE.intersection(words[max(at - 2, 0) : at])
            for other in applied[1:] if is_bare else applied[:1]:
                yield _Negation(word, [words[other]], " ".join(words[at : other + 1]))


@cache
def _negation_words() -> tuple[frozenset[str], frozenset[str]]:
    spaced = [cues for cues in CUES if cues.spaced]
    negations = frozenset(word for cues in spaced for word in cues.negations)
    return negations, frozenset(word for cues in spaced for word in cues.skips)


@cache
def _han_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The negations of scripts without spaces, and the words that turn a sentence."""
    spaceless = [cues for cues in CUES if not cues.spaced]
    negations = _alternatives(phrase for cues in spaceless for phrase in cues.negations)
    return negations, _alternatives(phrase for cues in spaceless for phrase in cues.turns)


def _alternatives(phrases: Iterable[str]) -> re.Pattern[str]:
    spelled = sorted(map(in_one_spelling, phrases), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, spelled)))
