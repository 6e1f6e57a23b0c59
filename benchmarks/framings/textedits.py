"""Edits captions as people do before they repost them: eleven edits at three strengths."""

import random
from collections.abc import Callable, Mapping
from functools import cache, partial
from types import MappingProxyType

__all__ = ["EDITS", "STRENGTHS", "edited"]

STRENGTHS = ("weak", "middle", "strong")
# Behind each other: what is added to captions, and what is not seen.
_ADDED = """
🔥 ❤️ 😂 🙏 👉 ‼️ 👩‍👩‍👧 🇭🇰 1️⃣ 😡
StandTogether breaking 2019 NewsToday 撑住 真相 MustSee 今日热点
"""
_EMOJI, _TAGS = (line.split() for line in _ADDED.strip().splitlines())
_UNSEEN = "\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\u202a\u00ad"
_SIGNS = {"en": "!?…·*~|", "zh": "！？…·＊～｜"}
_CHINESE = ("s2t", "s2tw", "s2twp")  # into traditional characters; Taiwan's; Taiwan's words too

# Takes a text, its language, a strength (0, 1, 2) and what to choose by.
Edit = Callable[[str, str, int, random.Random], str]


def edited(text: str, language: str, edit: str, strength: int, seed: str) -> str:
    """One caption, edited; the same for the same seed."""
    choose = random.Random(f"{seed} {edit} {strength} {text}")
    return EDITS[edit](text, language, strength, choose)


def _emoji(text: str, language: str, strength: int, choose: random.Random) -> str:
    """One behind it; five in it; one after every word or every third character."""
    if strength == 0:
        return f"{text} {choose.choice(_EMOJI)}"
    parts = _parts(text, language)
    places = range(len(parts)) if strength == 2 else choose.sample(range(len(parts)), 5)
    for at in places:
        parts[at] += choose.choice(_EMOJI)
    return _joined(parts, language)


def _links(text: str, language: str, strength: int, choose: random.Random) -> str:
    """One behind it; before and behind; three, one of them in the middle."""
    made = [f"https://t.co/{choose.getrandbits(50):x}" for _ in range(strength + 1)]
    if strength == 2:
        made[1] = f"www.example.org/{choose.getrandbits(20)}?from=share"
        parts = _parts(text, language)
        parts.insert(len(parts) // 2, f" {made[1]} ")
        text = _joined(parts, language)
    return f"{made[-1]} {text} {made[0]}" if strength else f"{text} {made[0]}"


def _mentions(text: str, language: str, strength: int, choose: random.Random) -> str:
    """Reposted; an answer to three; to eight, before, behind and in the middle."""
    names = [f"@user_{choose.getrandbits(24):x}" for _ in range((1, 3, 8)[strength])]
    if strength == 0:
        return f"RT {names[0]}: {text}"
    if strength == 2:
        parts = _parts(text, language)
        parts.insert(len(parts) // 2, f" {names.pop()} {names.pop()} ")
        text = f"{_joined(parts, language)} {names.pop()} {names.pop()}"
    return f"{' '.join(names)} {text}"


def _swapped(text: str, language: str, strength: int, choose: random.Random) -> str:
    """One pair of neighbours; one in every forty characters, at least two; one in every fifteen."""
    letters = list(text)
    for _ in range((1, max(2, len(text) // 40), max(3, len(text) // 15))[strength]):
        at = choose.randrange(len(letters) - 1)
        letters[at : at + 2] = letters[at + 1], letters[at]
    return "".join(letters)


def _chinese(text: str, language: str, strength: int, choose: random.Random) -> str:
    """Traditional characters; those of Taiwan; Taiwan's words for things too."""
    return _converter(_CHINESE[strength])(text)


def _cut(text: str, language: str, strength: int, choose: random.Random) -> str:
    """5, 15 and 30 % of it are missing at the end."""
    return text[: round(len(text) * (0.95, 0.85, 0.7)[strength])].rstrip() + "…"


def _case(text: str, language: str, strength: int, choose: random.Random) -> str:
    """Capitals; full width; letters from mathematics. Chinese has signs and figures only."""
    if strength == 0:
        return text.upper() if language == "en" else text.replace("。", ".").replace("，", ",")
    if strength == 1:
        return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)
    bold = {chr(ord("a") + at): chr(0x1D41A + at) for at in range(26)}
    bold |= {chr(ord("A") + at): chr(0x1D400 + at) for at in range(26)}
    return "".join(bold.get(c, c) for c in text)


def _punctuation(text: str, language: str, strength: int, choose: random.Random) -> str:
    """Exclamation marks; a sign instead of every space or stop; a sign after every character."""
    signs = _SIGNS[language]
    if strength == 0:
        return text.rstrip(" .。") + 3 * signs[0]
    if strength == 1:
        return "".join(choose.choice(signs) if c in " .,，。" else c for c in text)
    return "".join(c + choose.choice(signs) for c in text)


def _unseen(text: str, language: str, strength: int, choose: random.Random) -> str:
    """One zero-width character; one in every five; one after every character."""
    if strength == 0:
        at = choose.randrange(1, len(text))
        return text[:at] + choose.choice(_UNSEEN) + text[at:]
    share = 0.2 if strength == 1 else 1.0
    return "".join(c + (choose.choice(_UNSEEN) if choose.random() < share else "") for c in text)


def _hashtags(text: str, language: str, strength: int, choose: random.Random) -> str:
    """One, three and six behind it."""
    tags = choose.sample(_TAGS, (1, 3, 6)[strength])
    return f"{text} {' '.join(f'#{tag}' for tag in tags)}"


def _together(text: str, language: str, strength: int, choose: random.Random) -> str:
    """Other signs, a link, a repost; with emoji, zero-width characters and a cut; and a hashtag."""
    if strength:
        for edit in (_unseen, _emoji, _cut):
            text = edit(text, language, int(edit is not _cut), choose)
    for edit in (_punctuation, _links, _mentions, *((_hashtags,) if strength == 2 else ())):
        text = edit(text, language, 0, choose)
    return text


EDITS: Mapping[str, Edit] = MappingProxyType(
    {
        "emoji added": _emoji,
        "links added": _links,
        "mentions added": _mentions,
        "neighbours swapped": _swapped,
        "simplified to traditional": _chinese,
        "cut off": _cut,
        "case and width": _case,
        "punctuation": _punctuation,
        "zero-width characters": _unseen,
        "hashtags added": _hashtags,
        "several together": _together,
    }
)


def _parts(text: str, language: str) -> list[str]:
    """Words, or every three characters in scripts without spaces; at least five."""
    step = 3 if len(text) >= 15 else 1
    parts = text.split(" ") if language == "en" else []
    if len(parts) < 5:
        parts = [text[at : at + step] for at in range(0, len(text), step)]
    return parts


def _joined(parts: list[str], language: str) -> str:
    return (" " if language == "en" else "").join(parts)


@cache
def _converter(configuration: str) -> Callable[[str], str]:
    from opencc import OpenCC

    return partial(OpenCC.convert, OpenCC(configuration))
