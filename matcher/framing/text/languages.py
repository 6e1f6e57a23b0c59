"""Which language a caption is in, as far as a few words tell.

Most scripts are of one language, or of one that most is posted in; there the letters decide. Of
languages that share a script `py3langid` (BSD, 4.6 MB, no download) tells which; asked about the
139 languages it knows it finds many a small one in captions full of names, so that it is asked
about those alone that most is posted in.
"""

from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any

from frametrace.matcher.framing.text.tokenize import spelled

__all__ = ["UNKNOWN", "language_of", "languages_of"]

UNKNOWN = "und"  # BCP 47: undetermined
_READ = 500  # characters
# Of 90 invented captions of two to eight words in 15 languages the right one has 86 times so much
# of the chances, a wrong one never; of 1,000 English captions of pictures 992 times.
_LEAST = 0.6

# Scripts, by their names in Unicode and in ISO 15924, of several languages.
_SHARED = {
    "Latin": (
        *("Latn", "cs", "da", "de", "en", "es", "fi", "fr", "hu", "id", "it"),
        *("nl", "no", "pl", "pt", "ro", "sv", "sw", "tl", "tr", "vi"),
    ),
    "Cyrillic": ("Cyrl", "bg", "ru", "sr", "uk"),
    "Arabic": ("Arab", "ar", "fa", "ur"),
    "Devanagari": ("Deva", "hi", "mr", "ne"),
}
_ALONE = {
    "Armenian": "hy", "Bengali": "bn", "Ethiopic": "am", "Georgian": "ka", "Greek": "el",
    "Gujarati": "gu", "Gurmukhi": "pa", "Han": "zh", "Hangul": "ko", "Hebrew": "he",
    "Hiragana": "ja", "Kannada": "kn", "Katakana": "ja", "Khmer": "km", "Lao": "lo",
    "Malayalam": "ml", "Myanmar": "my", "Sinhala": "si", "Tamil": "ta", "Telugu": "te",
    "Thai": "th",
}  # fmt: skip
_DENSE = {"Han": 2, "Hiragana": 2, "Katakana": 2, "Hangul": 2}  # letters of others that one says
_KANA_TO_HAN = 5  # kana for so many Chinese characters make a text Japanese


def language_of(text: str) -> str:
    """The language of a text as a code of ISO 639-1.

    `und-Latn` and the like where only the script is known, `und` where no letters are.
    """
    return _language(spelled(text[:_READ]))


def languages_of(texts: Iterable[str]) -> list[str]:
    """The languages of texts that belong together.

    Where only the script is known, it is the language that most of the others in that script are
    in, of equals the first by its code.
    """
    found = [language_of(text) for text in texts]
    known = Counter(found)
    likely = {
        f"{UNKNOWN}-{code}": min(some, key=lambda language: (-known[language], language))
        for code, *languages in _SHARED.values()
        if (some := [language for language in languages if known[language]])
    }
    return [likely.get(language, language) for language in found]


def _language(text: str) -> str:
    script = _script(text)
    if script not in _SHARED:
        return _ALONE.get(script, UNKNOWN)
    code, *languages = _SHARED[script]
    chances = {
        language: chance for language, chance in _identifier().rank(text) if language in languages
    }
    best, chance = max(chances.items(), key=lambda item: (item[1], item[0]))
    return best if chance >= _LEAST * sum(chances.values()) else f"{UNKNOWN}-{code}"


def _script(text: str) -> str:
    """The script of most of a text; kana among Chinese characters make it Japanese."""
    letters: Counter[str] = Counter()
    for match in _scripts().finditer(text):
        script = str(match.lastgroup)
        letters[script] += _DENSE.get(script, 1) * len(match[0])
    kana = letters["Hiragana"] + letters["Katakana"]
    if kana and kana * _KANA_TO_HAN >= letters["Han"]:
        letters["Hiragana"] = kana + letters.pop("Han", 0)
    return max(letters, key=lambda script: (letters[script], script), default="")


@cache
def _scripts() -> Any:
    import regex

    return regex.compile("|".join(rf"(?P<{name}>\p{{{name}}}+)" for name in (*_SHARED, *_ALONE)))


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(language for _, *some in _SHARED.values() for language in some)
    return identifier
