"""Decides whether a post disputes what others say, by cues such as "is a hoax" or 不属实.

It knows words, not meanings: a post that contradicts in words of its own is not recognised, and
neither are irony and quotations whose refutation is in a picture. See `stance_cues` for the words.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import islice
from typing import NamedTuple
from urllib.parse import urlsplit

from frametrace.matcher.framing.text.negations import (
    WORDS,
    has_claim_word,
    in_plain_spelling,
    negated_word,
    sentences,
)
from frametrace.matcher.framing.text.stance_cues import CUES, FACT_CHECK_ADDRESSES, Cues

__all__ = ["Stance", "StanceKind", "stance_of"]

_MAX_LINKS, _MAX_LINK = 50, 2_000  # of a post; characters
_MAX_BETWEEN = 3  # words between a cue and what cancels it
_MAX_BETWEEN_CHARACTERS = 3  # the same without spaces
_MAX_CUES = 8  # of one kind that are considered in a sentence
_NEAR = 60  # characters after a quality, in which its subject is searched
_MAX_CUE = 60  # characters, as reported

_OPENING = " \t\n\"'“”‘’«»「」『』【】[]()#*❌🚨⚠️‼️❗️-–—:"
_CLOSING = "\"'”’」』)】] \n"
_BREAKS = '-–—:"”»」』】]'  # a label may follow one of them
_LABEL_ENDS = ".:!,;-–—】]」』、。…"
_CLAUSES = re.compile("[,;:]")


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

    `claim` are the words of its framing's claim, as `negations.claim_of` returns them: a post that
    negates one of them disputes the claim. A post of a fact-checker, or with a link to a
    fact-check, disputes unless it affirms something or asks. Only the first 8,000 characters of a
    text are read.
    """
    found = _found(sentences(text), claim)
    checked = "account of a fact-checker" if by_fact_checker else _fact_check(links)
    if found.affirms and (found.disputes or checked):
        return Stance(StanceKind.UNCLEAR, found.affirms)
    if found.disputes:
        return Stance(StanceKind.DISPUTES, found.disputes)
    if checked and not found.doubts:
        return Stance(StanceKind.DISPUTES, checked)
    if found.affirms:
        return Stance(StanceKind.ASSERTS, found.affirms)
    if found.negates:
        return Stance(StanceKind.DISPUTES, found.negates)
    return Stance(StanceKind.UNCLEAR, found.doubts) if found.doubts else Stance(StanceKind.ASSERTS)


def _found(post: Sequence[str], claim: frozenset[str]) -> _Found:
    """The first cue of each kind."""
    found = _Found()
    previous = ""
    for sentence in post:
        context = _Context(previous, claim)
        languages = _languages() if _has_cue(sentence) else ()
        parts = [found, *(language.find(sentence, context) for language in languages)]
        if claim and not context.is_question(sentence):
            parts.append(_Found(negates=negated_word(sentence, claim)))
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
        return has_claim_word(text, self.claim)


@cache
def _languages() -> tuple["_Language", ...]:
    return tuple(_Language(cues) for cues in CUES)


def _has_cue(sentence: str) -> bool:
    """Whether a sentence has any cue that a stance may follow from: most have none."""
    return any(_has(pattern, sentence) for pattern in _all_cues())


@cache
def _all_cues() -> tuple[re.Pattern[str] | None, ...]:
    """The cues of all languages with spaces in one pattern, and those of all others."""
    return tuple(
        _pattern(
            (
                phrase
                for cues in CUES
                if cues.spaced == spaced
                for phrases in (
                    *(cues.refutes, cues.labels, cues.answers, cues.verdicts),
                    *(cues.qualities, cues.affirms, cues.doubts, cues.asks),
                )
                for phrase in phrases
            ),
            spaced=spaced,
        )
        for spaced in (True, False)
    )


def _pattern(phrases: Iterable[str], *, spaced: bool) -> re.Pattern[str] | None:
    """Matches any of the phrases, the longest first."""
    spelled = sorted(set(map(in_plain_spelling, phrases)), key=lambda text: (len(text), text))
    if not spelled:
        return None
    escaped = [re.escape(phrase).replace(r"\*", r"\w*") for phrase in reversed(spelled)]
    bounds = (r"(?<![\w'])", r"(?!\w)") if spaced else ("", "")
    return re.compile(f"{bounds[0]}(?:{'|'.join(escaped)}){bounds[1]}")


class _Language:
    """The cues of one language as patterns: alternatives of fixed texts, which can't backtrack."""

    def __init__(self, cues: Cues) -> None:
        self._spaced = cues.spaced
        self._refutes = _pattern(cues.refutes, spaced=cues.spaced)
        self._labels = _pattern(cues.labels, spaced=cues.spaced)
        self._answers = _pattern(cues.answers, spaced=cues.spaced)
        self._verdicts = _pattern(cues.verdicts, spaced=cues.spaced)
        self._subjects = _pattern(cues.subjects, spaced=cues.spaced)
        self._qualities = _pattern(cues.qualities, spaced=cues.spaced)
        self._affirms = _pattern(cues.affirms, spaced=cues.spaced)
        self._cancels = _pattern(cues.cancels, spaced=cues.spaced)
        self._reports = _pattern(cues.reports, spaced=cues.spaced)
        self._targets = _pattern(cues.targets, spaced=cues.spaced)
        self._spreads = _pattern(cues.spreads, spaced=cues.spaced)
        self._doubts = _pattern(cues.doubts, spaced=cues.spaced)
        self._asks = _pattern(cues.asks, spaced=cues.spaced)
        self._turns = _pattern(cues.turns, spaced=cues.spaced)

    def find(self, sentence: str, context: _Context) -> _Found:
        """The cues in a sentence."""
        start = len(sentence) - len(sentence.lstrip(_OPENING))
        labels = self._label(self._labels, sentence, start)
        if not labels and context.is_question(context.previous):
            labels = self._label(self._answers, sentence, start)
        if labels:
            return _Found(disputes=labels)
        is_question = context.is_question(sentence)
        doubt = self._doubts.search(sentence) if self._doubts else None
        if doubt is None and is_question and self._asks:
            doubt = self._asks.search(sentence)
        doubts = doubt[0] if doubt else ""
        unsure = bool(doubt) or is_question
        for match in self._cues(sentence, start, context):
            before = sentence[: match.start()]
            if self._cancelled(before, match[0]):
                return _Found(affirms=f"{before[-20:]}{match[0]}".strip())
            turns = _has(self._turns, sentence[match.end() :])
            if unsure or turns or _has(self._reports, before):
                doubts = doubts or match[0]
            else:
                return _Found(disputes=match[0])
        return _Found(doubts=doubts, affirms="" if unsure else self._affirmed(sentence))

    def _affirmed(self, sentence: str) -> str:
        for match in _first(self._affirms, sentence):
            if not self._cancelled(sentence[: match.start()], match[0]):
                return match[0]
        return ""

    def _label(self, pattern: re.Pattern[str] | None, sentence: str, start: int) -> str:
        """A phrase that stands by itself at the start, or after a dash or a quotation."""
        for match in _first(pattern, sentence):
            begins = match.start() == start or sentence[: match.start()].rstrip()[-1:] in _BREAKS
            if begins and (sentence[match.end() :].lstrip() or ".")[0] in _LABEL_ENDS:
                return match[0]
        return ""

    def _cues(self, sentence: str, start: int, context: _Context) -> Iterable[re.Match[str]]:
        for match in _first(self._refutes, sentence):
            if not _has(self._targets, sentence[: match.start()]) or not self._spaced:
                yield match
        for match in _first(self._qualities, sentence):
            following = " ".join(WORDS.findall(sentence[match.end() :][:_NEAR])[:2])
            is_said = _has(self._subjects, following)
            if is_said and not _has(self._spreads, sentence[: match.start()]):
                yield match
        for match in _first(self._verdicts, sentence):
            before = sentence[: match.start()]
            first = match.start() == start or _has(self._subjects, before)
            if (first or context.is_about_claim(before)) and not _has(
                self._targets, context.previous + before
            ):
                yield match

    def _cancelled(self, before: str, cue: str) -> bool:
        """Whether the last clause of a text ends in a word that inverts the cue after it."""
        if self._cancels is None:
            return False
        before = _CLAUSES.split(before)[-1]
        if not self._spaced:
            # 不是 may end in the first character of the cue 是谣言.
            near = before[-2 * _MAX_BETWEEN_CHARACTERS - 1 :]
            return any(
                match.end() >= len(near) - _MAX_BETWEEN_CHARACTERS
                for match in self._cancels.finditer(near + cue[0])
            )
        words = [match.start() for match in WORDS.finditer(before)][-_MAX_BETWEEN:]
        return bool(words) and _has(self._cancels, before[words[0] :])


def _has(pattern: re.Pattern[str] | None, text: str) -> bool:
    return pattern is not None and pattern.search(text) is not None


def _first(pattern: re.Pattern[str] | None, sentence: str) -> Iterable[re.Match[str]]:
    """The first few matches in a sentence."""
    return islice(pattern.finditer(sentence), _MAX_CUES) if pattern else ()


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
