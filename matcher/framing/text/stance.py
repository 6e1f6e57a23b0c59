"""Decides whether a post disputes what others say, by cues such as "is a hoax" or 不属实.

It knows words, not meanings: a post that contradicts in words of its own is not recognised, and
neither are irony and quotations whose refutation is in a picture. See `stance_cues` for the words.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import pairwise
from typing import NamedTuple
from urllib.parse import urlsplit

from frametrace.matcher.framing.text.chatter_words import PARTICLES, WEAK_CHARACTERS
from frametrace.matcher.framing.text.stance_cues import CUES, FACT_CHECK_ADDRESSES, Cues
from frametrace.matcher.framing.text.stopwords import is_informative
from frametrace.matcher.framing.text.tokenize import LETTERS_END, in_one_spelling

__all__ = ["Stance", "StanceKind", "claim_words", "stance_of"]

_MAX_SENTENCES = 100  # of a post
_MAX_SENTENCE = 400  # characters; longer ones are cut into several
_MAX_LINKS, _MAX_LINK = 50, 2_000  # of a post; characters
_MAX_BETWEEN = 3  # words between a cue and what cancels it
_MAX_BETWEEN_CHARACTERS = 3  # the same without spaces
_MAX_SKIPPED = 4  # words between a negation and a word of the claim
_NEGATED_CHARACTERS = 5  # that a negation applies to, without spaces
_MIN_STEM, _MAX_SUFFIX = 3, 4  # letters: `ban` and `banned` are one word
_MAX_CUE = 60  # characters, as reported

_SENTENCES = re.compile(r"(?<=[!?。\n])|(?<=[.;…])(?=\s)")
_CLAUSES = re.compile(r"[,;:()]|\s[-–—]\s")
_WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_THERE = frozenset({"there", "there's", "is", "are", "was", "were"})
_FUNCTION_CHARACTERS = frozenset(PARTICLES + WEAK_CHARACTERS)
_HAN = re.compile("[\u3400-\u9fff]+")
_OPENING = " \t\n\"'“”‘’«»「」『』【】[]()#*❌🚨⚠️‼️❗️-–—:"
_CLOSING = "\"'”’」』)】] \n"
_BREAKS = '-–—:"”»」』】]'  # a label may follow one of them
_LABEL_ENDS = ".:!?,;-–—】]」』、。…"
_NEAR = 60  # characters
_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "ʼ": "'"})


class StanceKind(StrEnum):
    """What a post does with the claim of its framing."""

    ASSERTS = "asserts"  # nothing in it disputes the claim
    DISPUTES = "disputes"
    UNCLEAR = "unclear"  # a question, a doubt, or cues that contradict each other


@dataclass(frozen=True, slots=True)
class Stance:
    """The stance of a post, and the words or the link that show it; empty if nothing does."""

    kind: StanceKind
    cue: str = ""


class _Found(NamedTuple):
    """The cues of a post or sentence; `negates` is the negation of a word of the claim."""

    disputes: str = ""
    affirms: str = ""
    doubts: str = ""
    negates: str = ""


def stance_of(
    text: str,
    links: Sequence[str] = (),
    *,
    claim: frozenset[str] = frozenset(),
    by_fact_checker: bool = False,
) -> Stance:
    """The stance of a post with this text and these links.

    `claim` are the words of its framing's claim, as `claim_words` returns them: a post that negates
    one of them disputes the claim. A post of a fact-checker, or with a link to a fact-check,
    disputes unless it affirms the claim or asks. Only the first 8,000 characters of a text are
    read.
    """
    sentences = _sentences(text)
    found = _found(sentences, claim)
    checked = "account of a fact-checker" if by_fact_checker else _fact_check(links)
    if found.affirms and (found.disputes or checked):
        return Stance(StanceKind.UNCLEAR, found.affirms)
    if found.disputes or checked:
        return Stance(StanceKind.DISPUTES, found.disputes or checked)
    if found.affirms:
        return Stance(StanceKind.ASSERTS, found.affirms)
    if found.negates:
        return Stance(StanceKind.DISPUTES, found.negates)
    return Stance(StanceKind.UNCLEAR, found.doubts) if found.doubts else Stance(StanceKind.ASSERTS)


def claim_words(texts: Iterable[str]) -> list[frozenset[str]]:
    """The words of each text that it does not negate; in Chinese, pairs of characters."""
    return [frozenset(_claimed(text)) for text in texts]


def _sentences(text: str) -> list[str]:
    spelled = in_one_spelling(text).translate(_APOSTROPHES)
    parts = [part for part in _SENTENCES.split(spelled) if part.strip()]
    return [
        part[start : start + _MAX_SENTENCE]
        for part in parts[:_MAX_SENTENCES]
        for start in range(0, len(part), _MAX_SENTENCE)
    ]


def _found(sentences: Sequence[str], claim: frozenset[str]) -> _Found:
    """The first cue of each kind."""
    found = _Found()
    previous = ""
    for sentence in sentences:
        context = _Context(previous, claim)
        parts = [found, *(language.find(sentence, context) for language in _languages())]
        if claim and not context.is_question(sentence):
            parts.append(_Found(negates=_negated(sentence, claim)))
        found = _Found(*(next(filter(None, cues), "") for cues in zip(*parts, strict=True)))
        previous = sentence
    return _Found(*(cue[:_MAX_CUE] for cue in found))


class _Context(NamedTuple):
    """The sentence before, and the words of the claim."""

    previous: str
    claim: frozenset[str]

    def is_question(self, sentence: str) -> bool:
        return sentence.rstrip(_CLOSING).endswith("?")

    def is_about_claim(self, text: str) -> bool:
        return any(_in_claim(word, self.claim) for word in _terms(text)) if self.claim else False


@cache
def _languages() -> tuple["_Language", ...]:
    return tuple(_Language(cues) for cues in CUES)


class _Language:
    """The cues of one language as patterns: alternatives of fixed texts, which can't backtrack."""

    def __init__(self, cues: Cues) -> None:
        self._spaced = cues.spaced
        self._refutes = self._pattern(cues.refutes)
        self._labels = self._pattern(cues.labels)
        self._answers = self._pattern(cues.answers)
        self._verdicts = self._pattern(cues.verdicts)
        self._subjects = self._pattern(cues.subjects)
        self._qualities = self._pattern(cues.qualities)
        self._cancels = self._pattern(cues.cancels)
        self._reports = self._pattern(cues.reports)
        self._targets = self._pattern(cues.targets)
        self._spreads = self._pattern(cues.spreads)
        self._doubts = self._pattern(cues.doubts)
        self._opens = self._pattern(cues.opens)
        self._turns = self._pattern(cues.turns)

    def _pattern(self, phrases: Iterable[str]) -> re.Pattern[str] | None:
        """Matches any of the phrases, the longest first."""
        spelled = sorted({in_one_spelling(p).translate(_APOSTROPHES) for p in phrases}, key=len)
        if not spelled:
            return None
        escaped = [re.escape(phrase).replace(r"\*", r"\w*") for phrase in reversed(spelled)]
        bounds = (r"(?<![\w'])", r"(?!\w)") if self._spaced else ("", "")
        return re.compile(f"{bounds[0]}(?:{'|'.join(escaped)}){bounds[1]}")

    def find(self, sentence: str, context: _Context) -> _Found:
        """The cues in a sentence."""
        start = len(sentence) - len(sentence.lstrip(_OPENING))
        labels = self._label(self._labels, sentence, start)
        if not labels and context.is_question(context.previous):
            labels = self._label(self._answers, sentence, start)
        if labels:
            return _Found(disputes=labels)
        doubt = self._doubts.search(sentence) if self._doubts else None
        doubts = doubt[0] if doubt else ""
        unsure = bool(doubt) or context.is_question(sentence)
        for match in self._cues(sentence, start, context):
            before = sentence[: match.start()]
            if self._cancelled(before):
                return _Found(affirms=f"{before[-20:]}{match[0]}".strip())
            opens = self._opens is not None and self._opens.match(sentence, match.end() + 1)
            turns = self._has(self._turns, sentence[match.end() :])
            if unsure or opens or turns or self._has(self._reports, before):
                doubts = doubts or match[0]
            else:
                return _Found(disputes=match[0])
        return _Found(doubts=doubts)

    def _label(self, pattern: re.Pattern[str] | None, sentence: str, start: int) -> str:
        """A phrase that stands by itself at the start, or after a dash or a quotation."""
        for match in pattern.finditer(sentence) if pattern else ():
            begins = match.start() == start or sentence[: match.start()].rstrip()[-1:] in _BREAKS
            if begins and (sentence[match.end() :].lstrip() or ".")[0] in _LABEL_ENDS:
                return match[0]
        return ""

    def _cues(self, sentence: str, start: int, context: _Context) -> Iterable[re.Match[str]]:
        for match in self._refutes.finditer(sentence) if self._refutes else ():
            if not self._has(self._targets, sentence[: match.start()]) or not self._spaced:
                yield match
        for match in self._qualities.finditer(sentence) if self._qualities else ():
            following = " ".join(_WORDS.findall(sentence[match.end() :][:_NEAR])[:2])
            is_said = self._has(self._subjects, following)
            if is_said and not self._has(self._spreads, sentence[: match.start()]):
                yield match
        for match in self._verdicts.finditer(sentence) if self._verdicts else ():
            before = sentence[: match.start()]
            first = match.start() == start or self._has(self._subjects, before)
            if (first or context.is_about_claim(before)) and not self._has(
                self._targets, context.previous + before
            ):
                yield match

    def _has(self, pattern: re.Pattern[str] | None, text: str) -> bool:
        return pattern is not None and pattern.search(text) is not None

    def _cancelled(self, before: str) -> bool:
        """Whether a text ends in a word that inverts the cue after it."""
        if self._cancels is None:
            return False
        if not self._spaced:
            longest = before[-_MAX_BETWEEN_CHARACTERS - 4 :]
            return any(
                len(longest) - match.end() <= _MAX_BETWEEN_CHARACTERS
                for match in self._cancels.finditer(longest)
            )
        words = [match.start() for match in _WORDS.finditer(before)][-_MAX_BETWEEN:]
        return bool(words) and self._has(self._cancels, before[words[0] :])


def _fact_check(links: Sequence[str]) -> str:
    """The host of the first link to a fact-check, or an empty text."""
    for link in links[:_MAX_LINKS]:
        try:
            parts = urlsplit(link[:_MAX_LINK] if "//" in link[:16] else f"//{link[:_MAX_LINK]}")
            host = (parts.hostname or "").removeprefix("www.")
        except ValueError:
            continue
        for address in FACT_CHECK_ADDRESSES:
            domain, _, path = address.partition("/")
            is_host = host == domain or host.endswith(f".{domain}")
            if is_host and (not path or parts.path.strip("/").startswith(path)):
                return f"link to {domain}"
    return ""


def _claimed(text: str) -> Iterable[str]:
    for sentence in _sentences(text):
        negated = {word for _, words in _negations(sentence) for word in words}
        yield from (word for word in _terms(sentence) if word not in negated)


def _negated(sentence: str, claim: frozenset[str]) -> str:
    """The negation of a word of the claim in a sentence, or an empty text.

    "No X, no Y" is rhetoric, and what is negated before "but" is not the point of the sentence.
    """
    negations = list(_negations(sentence))
    for at, (negation, words) in enumerate(negations):
        if any(negation == other for other, _ in negations[:at] + negations[at + 1 :]):
            continue
        for word in words:
            if _in_claim(word, claim):
                return f"{negation} {word}" if word[0] < LETTERS_END else f"{negation}{word}"
    return ""


def _in_claim(word: str, claim: frozenset[str]) -> bool:
    if word in claim:
        return True
    stem = _stem(word)
    return word[0] < LETTERS_END and any(_same_stem(stem, _stem(other)) for other in claim)


def _stem(word: str) -> str:
    return word.rstrip("e") if len(word) > _MIN_STEM else word


def _same_stem(a: str, b: str) -> bool:
    short, long = sorted((a, b), key=len)
    return (
        len(short) >= _MIN_STEM and long.startswith(short) and len(long) - len(short) <= _MAX_SUFFIX
    )


def _terms(sentence: str) -> Iterable[str]:
    """The informative words of a sentence and, of Chinese, the pairs of neighbouring characters."""
    for word in _WORDS.findall(sentence):
        if not _HAN.search(word) and is_informative(word):
            yield word
    for run in _HAN.findall(sentence):
        yield from _pairs(run)


def _pairs(run: str) -> Iterable[str]:
    """The pairs of neighbouring characters that are not function characters."""
    for a, b in pairwise(run):
        if a not in _FUNCTION_CHARACTERS and b not in _FUNCTION_CHARACTERS:
            yield a + b


def _negations(sentence: str) -> Iterable[tuple[str, Sequence[str]]]:
    """The negations of a sentence, each with the words that it applies to.

    "No" applies to a noun only in "there is no"; elsewhere to the word after it ("no lion
    escaped"), since "no cash" may be the claim itself in other words.
    """
    for clause in _CLAUSES.split(sentence):
        yield from _spaced_negations(_WORDS.findall(clause))
    negations, turns = _han_patterns()
    for match in negations.finditer(sentence):
        run = _HAN.match(sentence, match.end())
        if run and not turns.search(sentence, match.end()):
            yield match[0], list(_pairs(run[0][:_NEGATED_CHARACTERS]))


def _spaced_negations(words: Sequence[str]) -> Iterable[tuple[str, Sequence[str]]]:
    negations, skips = _negation_words()
    for at, word in enumerate(words):
        if word in negations or word.endswith("n't"):
            following = words[at + 1 : at + 1 + _MAX_SKIPPED]
            applied = [other for other in following if other not in skips][:2]
            is_bare = word == "no" and not _THERE.intersection(words[max(at - 2, 0) : at])
            yield word, applied[1:] if is_bare else applied[:1]


@cache
def _negation_words() -> tuple[frozenset[str], frozenset[str]]:
    spaced = [cues for cues in CUES if cues.spaced]
    negations, skips = (
        frozenset(word for cues in spaced for word in getattr(cues, name))
        for name in ("negations", "skips")
    )
    return negations, skips


@cache
def _han_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The negations of scripts without spaces, and the words that turn a sentence."""
    spaceless = [cues for cues in CUES if not cues.spaced]
    negations, turns = (
        re.compile("|".join(sorted(map(in_one_spelling, phrases), key=len, reverse=True)))
        for phrases in (
            [phrase for cues in spaceless for phrase in cues.negations],
            [phrase for cues in spaceless for phrase in cues.turns],
        )
    )
    return negations, turns
