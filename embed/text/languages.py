"""Detects the language of captions, which often have only a few words.

Most scripts are used by one language only, or nearly so; then the script determines the language.
Between languages that share a script, `py3langid` (BSD, 4.6 MB, no download) decides. If it could
choose among all the 139 languages that it knows, it would detect rare ones in captions full of
names; so it only chooses among the most common.
"""

from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any

from frametrace.embed.text.tokenize import in_one_spelling

__all__ = ["language_of", "languages_of"]

_UNDETERMINED = "und"  # BCP 47: undetermined
_MAX_CHARACTERS = 500  # read of each text
# The least probability. In 86 of 90 invented captions of two to eight words in 15 languages, the
# right language reaches it, and in none a wrong one; English does in 992 of 1,000 English captions.
_MIN_PROBABILITY = 0.6

# Scripts of several languages: the name in Unicode, the code of ISO 15924, the languages.
_SHARED = {
    "Latin": (
        *("Latn", "cs", "da", "de", "en", "es", "fi", "fr", "hu", "id", "it"),
        *("nl", "no", "pl", "pt", "ro", "sv", "sw", "tl", "tr", "vi"),
    ),
    "Cyrillic": ("Cyrl", "bg", "ru", "sr", "uk"),
    "Arabic": ("Arab", "ar", "fa", "ur"),
    "Devanagari": ("Deva", "hi", "mr", "ne"),
}
# Scripts of one language.
_SINGLE = {
    "Armenian": "hy", "Bengali": "bn", "Ethiopic": "am", "Georgian": "ka", "Greek": "el",
    "Gujarati": "gu", "Gurmukhi": "pa", "Han": "zh", "Hangul": "ko", "Hebrew": "he",
    "Hiragana": "ja", "Kannada": "kn", "Katakana": "ja", "Khmer": "km", "Lao": "lo",
    "Malayalam": "ml", "Myanmar": "my", "Sinhala": "si", "Tamil": "ta", "Telugu": "te",
    "Thai": "th",
}  # fmt: skip
# How many letters of other scripts one letter of these counts as.
_DENSITY = {"Han": 2, "Hiragana": 2, "Katakana": 2, "Hangul": 2}
_HAN_PER_KANA = 5  # a text with at most this many Chinese characters for each kana is Japanese


def language_of(text: str) -> str:
    """The language of a text as a code of ISO 639-1.

    `und-Latn` and the like if only the script is certain, `und` if there are no letters.
    """
    return _language(in_one_spelling(text[:_MAX_CHARACTERS]))


def languages_of(texts: Iterable[str]) -> list[str]:
    """The languages of texts that belong together.

    If only the script of a text is certain, it gets the most common language of the other texts in
    that script; of equally common languages, the one whose code sorts first.
    """
    languages = [language_of(text) for text in texts]
    counts = Counter(languages)
    likely = {
        f"{_UNDETERMINED}-{code}": min(present, key=lambda language: (-counts[language], language))
        for code, *members in _SHARED.values()
        if (present := [language for language in members if counts[language]])
    }
    return [likely.get(language, language) for language in languages]


def _language(text: str) -> str:
    script = _script(text)
    if script not in _SHARED:
        return _SINGLE.get(script, _UNDETERMINED)
    code, *languages = _SHARED[script]
    ranked = _identifier().rank(text)
    odds = {language: value for language, value in ranked if language in languages}
    best, value = max(odds.items(), key=lambda item: (item[1], item[0]))
    return best if value >= _MIN_PROBABILITY * sum(odds.values()) else f"{_UNDETERMINED}-{code}"


def _script(text: str) -> str:
    """The main script of a text; enough kana among Chinese characters make it Japanese."""
    letters: Counter[str] = Counter()
    for match in _scripts().finditer(text):
        script = str(match.lastgroup)
        letters[script] += _DENSITY.get(script, 1) * len(match[0])
    kana = letters["Hiragana"] + letters["Katakana"]
    if kana and kana * _HAN_PER_KANA >= letters["Han"]:
        letters["Hiragana"] = kana + letters.pop("Han", 0)
    return max(letters, key=lambda script: (letters[script], script), default="")


@cache
def _scripts() -> Any:
    import regex

    return regex.compile("|".join(rf"(?P<{name}>\p{{{name}}}+)" for name in (*_SHARED, *_SINGLE)))


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(language for _, *members in _SHARED.values() for language in members)
    return identifier
