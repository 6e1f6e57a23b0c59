"""Finds the fields that a column's name may mean, in the languages of exports.

A name is split into words, compounds included (`Beitragslink`, `userid`, `发布时间`).
`header_words.toml` gives the senses of each word, and a rule says which senses make a field.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from itertools import permutations
from pathlib import Path
from unicodedata import combining, normalize

__all__ = [
    "account_kind_in_name",
    "fields_in_name",
    "has_known_word",
    "is_form_stamp",
    "platforms_in_name",
]

_WORDS = Path(__file__).parent / "header_words.toml"
_MAX_NAME = 120  # characters of a name that are examined
_MAX_WORDS = 12  # of a name
_JOINTS = ("", "s", "n", "es", "en")  # between the parts of German compounds
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PARTS = re.compile(r"[^\W_]+")
_LETTERS = str.maketrans({"ł": "l", "ø": "o", "ı": "i", "đ": "d", "æ": "ae", "œ": "oe", "'": ""})
# Tables in the TOML file that are not those of a language.
_JOINED, _KINDS, _PLATFORMS, _FORMS = "joined", "kinds", "platforms", "forms"
# Scripts without spaces, or in which short words are attached to others.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


class Sense(StrEnum):
    """What a word in a column's name means."""

    POST = "post"
    ID = "id"
    LINK = "link"
    OUT = "out"  # of a link that leads elsewhere
    AUTHOR = "author"
    HANDLE = "handle"
    NAME = "name"
    TIME = "time"
    POSTED = "posted"  # of the one who posted
    TEXT = "text"
    TITLE = "title"
    DESCRIPTION = "description"
    PICTURE = "picture"
    VIDEO = "video"
    TAG = "tag"
    PLATFORM = "platform"
    KIND = "kind"
    NUMBER = "number"
    ORIGINAL = "original"  # of a post that is reposted
    LIKES = "likes"
    COMMENTS = "comments"
    SHARES = "shares"
    REPOSTS = "reposts"
    REPLIES = "replies"
    VIEWS = "views"
    QUOTES = "quotes"
    REACTIONS = "reactions"
    INTERACTIONS = "interactions"
    BOOKMARKS = "bookmarks"
    FILLER = "filler"  # means nothing
    OTHER = "other"  # the column is about something else


_COUNTED = tuple(list(Sense)[list(Sense).index(Sense.LIKES) : list(Sense).index(Sense.FILLER)])


@dataclass(frozen=True, slots=True)
class _Rule:
    """A field, how surely a name means it (1 to 3), and the senses that it needs and allows."""

    field: str
    strength: int
    needs: tuple[Sense, ...]
    allows: frozenset[Sense] = frozenset()


def _rule(field: str, strength: int, needs: str, allows: str = "") -> _Rule:
    return _Rule(
        field, strength, tuple(map(Sense, needs.split())), frozenset(map(Sense, allows.split()))
    )


# A post has candidates for an id and a link, an account for an id, a handle, a name and anything
# that says who posted: the contents decide which of them is used.
_RULES = (
    _rule("id", 3, "post id", "platform video number"),
    _rule("id", 2, "id", "platform number"),
    _rule("id", 2, "video id", "platform"),
    _rule("id", 1, "post", "number"),
    _rule("link", 3, "post link", "platform video title"),
    _rule("link", 2, "link", "platform title"),
    _rule("link", 2, "video link"),
    _rule("link", 1, "post"),
    _rule("link", 1, "shares link"),
    _rule("account_id", 3, "author id", "platform number post"),
    _rule("handle", 3, "handle", "author name platform id post"),
    _rule("account_name", 3, "author name", "post platform title posted"),
    _rule("account_name", 3, "author title"),
    _rule("account_name", 2, "name"),
    _rule("who", 2, "author", "post platform posted"),
    _rule("account_link", 2, "author link", "platform"),
    _rule("account_kind", 3, "author kind", "platform"),
    _rule("posted_at", 3, "time", "post"),
    _rule("text", 3, "text", "post video"),
    _rule("text", 2, "title", "post video text"),
    _rule("text", 2, "description", "post video text"),
    _rule("text", 1, "post"),
    _rule("text", 1, "shares text"),
    _rule("media", 3, "picture", "link post number id name video"),
    _rule("media", 2, "video", "link post number name"),
    _rule("links", 3, "link out", "post"),
    _rule("links", 2, "link", "number"),
    _rule("hashtags", 3, "tag", "post text name"),
    _rule("repost_of", 3, "reposts id", "post original"),
    _rule("repost_of", 3, "shares post id", "original"),
    _rule("repost_of", 3, "original post id", "platform"),
    _rule("repost_of", 2, "reposts original", "post link"),
    _rule("platform", 3, "platform", "name kind"),
    *(_rule(f"engagement.{sense}", 3, sense, "number post") for sense in _COUNTED),
)


def fields_in_name(name: str) -> dict[str, int]:
    """The fields that a column of this name may be, each with its strength: 1, 2 or 3."""
    words = _senses_of(name[:_MAX_NAME])
    known = [senses for senses in words if senses - {Sense.FILLER}]
    unknown = sum(not senses for senses in words)
    fields: dict[str, int] = {}
    for rule in _RULES:
        if known and (strength := rule.strength - unknown) > 0 and _matches(known, rule):
            fields[rule.field] = max(strength, fields.get(rule.field, 0))
    return fields


def has_known_word(name: str) -> bool:
    """Whether any word of a name is known: then the contents of the column don't decide alone."""
    return any(senses - {Sense.FILLER} for senses in _senses_of(name[:_MAX_NAME]))


def is_form_stamp(name: str) -> bool:
    """Whether a name is that of the column of submission times in online forms."""
    return name.strip().casefold() in _content()[_FORMS]["stamp"].split(" | ")


def account_kind_in_name(name: str) -> str:
    """The kind of account in a column's name: page, group or channel; else empty."""
    return next(iter(_names_in(name, _KINDS)), "")


def platforms_in_name(name: str) -> tuple[str, ...]:
    """The platforms in a column's name, as in `tweet_id`."""
    return tuple(_names_in(name, _PLATFORMS))


def _names_in(name: str, table: str) -> Iterator[str]:
    words = set(_words_of(name[:_MAX_NAME]))
    for name_in_table, spellings in _content()[table].items():
        if not words.isdisjoint(folded(spellings).split()):
            yield name_in_table


@lru_cache(maxsize=2**14)
def _senses_of(name: str) -> tuple[frozenset[Sense], ...]:
    """The possible senses of each word of a name; none for an unknown word."""
    words = _lexicon()
    return tuple(words.get(part, frozenset()) for part in _words_of(name))


def _words_of(name: str) -> Iterator[str]:
    spaced = _CAMEL.sub(" ", normalize("NFKC", name))
    for token in _PARTS.findall(folded(spaced))[:_MAX_WORDS]:
        yield from _split_word(token)


def folded(text: str) -> str:
    """A text in lower case without accents."""
    lower = text.casefold().translate(_LETTERS)
    bare = "".join(c for c in normalize("NFKD", lower) if not combining(c))
    return normalize("NFC", bare)


def _matches(words: Sequence[frozenset[Sense]], rule: _Rule) -> bool:
    allowed = rule.allows.union(rule.needs)
    allowed |= {Sense.FILLER}
    if len(words) < len(rule.needs) or not all(senses & allowed for senses in words):
        return False
    return any(
        all(need in senses for need, senses in zip(rule.needs, chosen, strict=True))
        for chosen in permutations(words, len(rule.needs))
    )


def _split_word(token: str) -> tuple[str, ...]:
    words = _lexicon()
    if token in words:
        return (token,)
    if joined := _joined().get(token):
        return joined
    if token.isdecimal():
        return ()
    if _UNSPACED.search(token):
        return tuple(_unspaced_words(token))
    return _compound(token) or (token,)


def _unspaced_words(token: str) -> Iterator[str]:
    """The longest known words in a text without spaces, and what is between them."""
    words, at, rest = _lexicon(), 0, ""
    while at < len(token):
        end = next((e for e in range(len(token), at, -1) if token[at:e] in words), at)
        if end == at:
            rest, at = rest + token[at], at + 1
            continue
        if rest:
            yield rest
        yield token[at:end]
        rest, at = "", end
    if rest:
        yield rest


@lru_cache(maxsize=2**12)
def _compound(token: str) -> tuple[str, ...]:
    """The known words that a compound consists of; none if a part is unknown."""
    words = _lexicon()
    if len(token) > _MAX_NAME // 3:
        return ()
    for end in range(len(token) - 1, 1, -1):
        if (head := token[:end]) not in words:
            continue
        for joint in _JOINTS:
            rest = token[end:]
            if not rest.startswith(joint) or not (rest := rest.removeprefix(joint)):
                continue
            if rest in words:
                return head, rest
            if parts := _compound(rest):
                return head, *parts
    return ()


@cache
def _lexicon() -> Mapping[str, frozenset[Sense]]:
    by_word: dict[str, set[Sense]] = {}
    for language, senses in _content().items():
        if language not in {_JOINED, _KINDS, _PLATFORMS, _FORMS}:
            for sense, words in senses.items():
                for word in folded(words).split():
                    for part in _PARTS.findall(word):
                        by_word.setdefault(part, set()).add(Sense(sense))
    return {word: frozenset(senses) for word, senses in by_word.items()}


@cache
def _joined() -> Mapping[str, tuple[str, ...]]:
    return {word: tuple(parts.split()) for word, parts in _content()[_JOINED].items()}


@cache
def _content() -> dict[str, dict[str, str]]:
    with _WORDS.open("rb") as file:
        return tomllib.load(file)
