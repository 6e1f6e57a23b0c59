"""Makes a million captions: invented, in English and Chinese, some copied from others."""

import numpy as np
import pyarrow as pa

from frametrace.embed.text.minhash_values import minhashes
from frametrace.embed.text.ngrams import jaccards
from frametrace.index.distinct_codes import Codes
from frametrace.index.minhash import MinHashIndex

__all__ = ["captions", "near_pairs"]

_SLACK = 0.3  # six standard errors of a similarity that 64 values estimate

_CHINESE = 0.3  # of the captions
_COPIED = 0.3  # are copies of others
_SLOGANS, _SLOGAN_SHARE = 5, 0.01  # a few that a hundredth of all captions vary each
_WORDS = 20_000
_CHARACTERS = 4_000  # in use; words of Chinese have one to three
# Parts of invented words, and those words of English that are more frequent than any.
_PARTS = """
b c d f g h j k l m n p r s t v w y z br ch cl cr dr fl gr pl pr sh st str th tr
a e i o u a e i o ai ea ee ie oa oo ou
n r s t l d m n r s ck nd ng nt rt st
the of and to a in is that it was for on are as with they be at this from have or by one had not but
"""
_ONSETS, _VOWELS, _CODAS, _FUNCTION = (line.split() for line in _PARTS.strip().splitlines())
_OPEN = [""] * len(_CODAS)  # half of the syllables end in a vowel
_ENDS = ("!!!", " 🔥", "❤️❤️", " https://t.co/{}", " #{}", " @{}", " …", "。")
_STARTS = ("RT @{}: ", "@{} ", "⚠️ ", "{} ")


def captions(count: int, seed: int) -> tuple[list[str], np.ndarray]:
    """Distinct captions, and the number, (n,) int64, of the caption that each is a copy of.

    An original has its own number. Words and Chinese characters are as frequent as one over their
    rank (Zipf). Copies are edited as people do: emoji, links, mentions, hashtags, cut ends, a few
    other letters. Some originals have thousands of copies, most none.
    """
    rng = np.random.default_rng(seed)
    originals = round(count * (1 - _COPIED))
    chinese = round(originals * _CHINESE)
    texts = _english(originals - chinese, rng) + _chinese(chinese, rng)
    texts = [texts[at] for at in rng.permutation(originals)]
    source = _sources(count - originals, originals, rng)
    texts += [_edited(texts[at], number) for number, at in enumerate(source.tolist())]
    return _told_apart(texts), np.append(np.arange(originals), source)


def _told_apart(texts: list[str]) -> list[str]:
    """With a number behind those that were there already."""
    first = dict(zip(reversed(texts), range(len(texts) - 1, -1, -1), strict=True))
    return [text if first[text] == at else f"{text} {at}" for at, text in enumerate(texts)]


def _sources(copies: int, originals: int, rng: np.random.Generator) -> np.ndarray:
    """Which original each copy is of: slogans, a heavy-tailed share of others, and any at all."""
    each = round((copies + originals) * _SLOGAN_SHARE)
    slogans = np.repeat(np.arange(_SLOGANS), each)[:copies]
    popular = (rng.pareto(0.9, copies) * originals / 5_000 + _SLOGANS).astype(np.int64)
    any_at_all = rng.integers(0, originals, copies)
    source = np.where((rng.random(copies) < 0.5) & (popular < originals), popular, any_at_all)
    source[: len(slogans)] = slogans
    return source


def _english(count: int, rng: np.random.Generator) -> list[str]:
    words = _vocabulary(rng)
    drawn, ends = _drawn(count, len(words), 14, rng)
    chosen = [words[at] for at in drawn.tolist()]
    return [
        " ".join(chosen[start:stop]).capitalize() + "."
        for start, stop in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
    ]


def _vocabulary(rng: np.random.Generator) -> list[str]:
    """Function words first; then invented ones, the rarer the longer."""
    words = dict.fromkeys(_FUNCTION)
    numbers = rng.integers(0, 1 << 30, (2 * _WORDS, 9)).tolist()
    for row, long in zip(numbers, rng.random((2 * _WORDS, 2)).tolist(), strict=True):
        syllables = 1 + (long[0] < 0.6) + (long[1] < len(words) / _WORDS / 2)
        parts = (_ONSETS, _VOWELS, _CODAS + _OPEN) * syllables
        words["".join(part[at % len(part)] for part, at in zip(parts, row, strict=False))] = None
        if len(words) == _WORDS:
            break
    return list(words)


def _chinese(count: int, rng: np.random.Generator) -> list[str]:
    """From the first level of GB 2312, which are the characters in daily use."""
    level = [bytes((row, cell)) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF)]
    known = [code.decode("gb2312", "ignore") for code in level]
    characters = [character for character in known if character][:_CHARACTERS]
    words = [str(character) for character in rng.permutation(characters)[:600]]
    for at, long in zip(
        rng.integers(0, len(characters), (_WORDS - 600, 3)).tolist(),
        (rng.random(_WORDS - 600) < 0.2).tolist(),
        strict=True,
    ):
        words.append("".join(characters[one] for one in at[: 2 + long]))
    drawn, ends = _drawn(count, len(words), 12, rng)
    chosen = [words[at] for at in drawn.tolist()]
    return [
        "".join(chosen[start:stop]) + "。"
        for start, stop in zip(ends[:-1].tolist(), ends[1:].tolist(), strict=True)
    ]


def _drawn(
    count: int, words: int, median: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Words of `count` captions by Zipf's law, one after the other, and where each ends."""
    length = np.clip(rng.lognormal(np.log(median), 0.5, count), 5, 80).astype(np.int64)
    share = np.cumsum(1 / (np.arange(words) + 2.7))  # Mandelbrot's offset for English
    drawn = np.searchsorted(share / share[-1], rng.random(int(length.sum())))
    return drawn, np.append(0, np.cumsum(length))


def _edited(text: str, number: int) -> str:
    """One to three edits, chosen by a number that also makes the copy unlike all others."""
    rng = np.random.PCG64(number).random_raw(4).tolist()
    name = f"u{number:x}"
    if rng[0] % 4:
        text += _ENDS[rng[1] % 6].format(name)
    if rng[0] % 3 == 0:
        text = _STARTS[rng[1] % len(_STARTS)].format(name) + text
    if rng[0] % 5 == 0:
        text = text[: -1 - rng[2] % max(len(text) // 8, 1)]
    return _other_letters(text, rng[3]) if rng[0] % 7 < 3 else f"{text} https://t.co/{name}"


def _other_letters(text: str, number: int) -> str:
    letters = "一是在不了有和人这中" if text[len(text) // 3] > "\u3000" else "abcdefghij"
    for _ in range(1 + number % 2):
        number, at = divmod(number >> 8, len(text))
        text = text[:at] + letters[number % len(letters)] + text[at + 1 :]
    return text


def near_pairs(keys: pa.StringArray, least: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of distinct keys as a case finds them, with a Jaccard similarity of `least` or more."""
    numbers = np.arange(len(keys), dtype=">u4").view(np.uint8).reshape(-1, 4)
    index = MinHashIndex(Codes.collapse(minhashes(keys), np.pad(numbers, ((0, 0), (28, 0)))))
    key = index.codes.items[:, 28:].copy().view(">u4").ravel().astype(np.int64)
    first = np.repeat(index.codes.starts[:-1], np.diff(index.codes.starts))
    hits = index.candidates(least - _SLACK)
    a = np.append(key[index.codes.starts[hits.query]], key[first])
    b = np.append(key[index.codes.starts[hits.row]], key)
    similarity = jaccards(keys, a, b)
    keep = (similarity >= least) & (a != b)
    return a[keep], b[keep], similarity[keep]
