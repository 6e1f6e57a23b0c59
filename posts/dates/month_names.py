"""Replaces month names and words in dates and times by numbers, in the languages of exports.

The names come from CLDR, through Babel. A name that means different months in two languages is not
used.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

__all__ = ["LANGUAGES", "with_numeric_month"]

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "ru", "tr", "ar", "ar_EG", "ar_SY")
_MAX_LENGTH = 80  # characters of a time
_WORD = r"[^\W\d_]{1,20}"
_NAMED = re.compile(
    rf"(?:(?P<weekday>{_WORD})\.?,?[ ]{{1,2}})?(?:den )?(?P<day>\d{{1,2}})(?:\.|er|º)?[ -]"
    rf"(?:de )?(?P<month>{_WORD}(?: (?!del? ){_WORD})?)\.?(?: del?)?,?[ -](?P<year>\d{{4}})"
    r"(?P<rest>(?![\d-]).*)"
)
_KOREAN = re.compile(r"(\d{4})년 ?(\d{1,2})월 ?(\d{1,2})일")
_UNITS = re.compile(r"(\d{1,2}) ?[时時点點시] ?(\d{1,2}) ?[分분](?: ?(\d{1,2}) ?[秒초])?")
_FRENCH = re.compile(r"(?<=[ ,])(\d{1,2}) ?h ?(\d\d)(?!\d)", re.IGNORECASE)
_DOTTED = re.compile(r"(?<=[ ,])(\d{1,2})\.(\d\d)(?:\.(\d\d))?(?= ?(?:Uhr|uur|h)?\Z)")
_HALVES = {"上午": "AM", "午前": "AM", "오전": "AM", "下午": "PM", "午後": "PM", "오후": "PM"}
_BEFORE = re.compile(rf" ?({'|'.join(_HALVES)}) ?(\d{{1,2}}:\d\d(?::\d\d)?)")
# Words between a date and its time of day, and after it.
_AT = r"um|à|às|a las|alle ore|alle|ore|om|kl\.?|klo|saat|в|الساعة"
_BETWEEN = re.compile(rf"(?<=[\d日])(?:,| -| –)? (?:{_AT}) (?=\d)", re.IGNORECASE)
_AFTER = re.compile(r"(?<=\d) ?(?:Uhr|uur|horas|hrs\.?|h|ч\.?)\Z", re.IGNORECASE)


def with_numeric_month(text: str) -> str:
    """A time with its words replaced by numbers; unchanged if it has none that are known."""
    if len(text) > _MAX_LENGTH:
        return text
    numeric = _KOREAN.sub(r"\1-\2-\3", text).replace(" г.", "")
    numeric = _UNITS.sub(_clock, numeric)
    numeric = _DOTTED.sub(_clock, _FRENCH.sub(_clock, numeric))
    numeric = _AFTER.sub("", _BETWEEN.sub(" ", numeric))
    numeric = _BEFORE.sub(lambda match: f" {match[2]} {_HALVES[match[1]]}", numeric)
    if match := _NAMED.fullmatch(numeric):
        month = _months().get(match["month"].casefold())
        weekday = (match["weekday"] or "").casefold()
        if month and (not weekday or weekday in _weekdays()):
            rest = re.sub(r"\A,? ?-? ?", " ", match["rest"]) if match["rest"] else ""
            return f"{match['year']}-{month}-{match['day']}{rest}".rstrip()
    return numeric


def _clock(match: re.Match[str]) -> str:
    return ":".join(part.zfill(2) for part in match.groups() if part)


@cache
def _months() -> Mapping[str, int]:
    """The months by their names in lower case, without dots."""
    by_name: dict[str, set[int]] = {}
    for name, month in _names("months"):
        by_name.setdefault(name, set()).add(month)
    return {name: months.pop() for name, months in by_name.items() if len(months) == 1}


@cache
def _weekdays() -> frozenset[str]:
    return frozenset(name for name, _ in _names("days"))


def _names(kind: str) -> Iterator[tuple[str, int]]:
    from babel import Locale

    for language in LANGUAGES:
        by_context = getattr(Locale.parse(language), kind)
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in by_context[context][width].items():
                    yield name.casefold().rstrip("."), number
