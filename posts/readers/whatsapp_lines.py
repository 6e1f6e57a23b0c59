"""Joins the lines of WhatsApp's exports into messages.

iPhones write `[19.08.19, 14:03:22] Lin: text`, Android writes `8/19/19, 2:03 PM - Lin: text`, and
old phones wrote `8/19/14, 2:03:22 PM: Lin: text`. Dates follow the phone's country. Text that
begins with a left-to-right mark (U+200E) is WhatsApp's, not the sender's: a file's name, that a
file was omitted, that somebody joined.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256

__all__ = ["begins", "split"]

_MAX_MESSAGE = 2**20  # characters of a message; WhatsApp allows 65,536

_LEFT_TO_RIGHT = "\u200e"
_DIRECTION_MARKS = "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
_NO_MARKS = str.maketrans("", "", _DIRECTION_MARKS)
_SPACES = str.maketrans({"\u202f": " ", "\u00a0": " ", "\u2009": " "})

_DATE = r"(?P<date>\d{1,4}\u200f?(?P<sign>[-/.]) ?\d{1,2}\u200f?(?P=sign) ?\d{1,4}\.?)"
_HALVES = {"上午": "AM", "오전": "AM", "午前": "AM", "下午": "PM", "오후": "PM", "午後": "PM"}
_BEFORE = rf"[,.]? ?(?P<before>{'|'.join(_HALVES)}|[^\W\d]{{1,3}}\.?)? ?"
_CLOCK = r"(?P<clock>\d{1,2}[:.]\d\d(?:[:.]\d\d)?) ?(?P<half>[AaPp]\.? ?[Mm]\.?|[صم])?"
_FOUR_DIGITS = re.compile(r"\d{4}")
_LINES = (
    re.compile(rf"\[{_DATE}{_BEFORE}{_CLOCK}\] ?(?P<rest>)"),
    re.compile(rf"{_DATE}{_BEFORE}{_CLOCK}(?: [-–]|:) (?P<rest>)"),
)
_SENDER = re.compile(r"([^:\n]{1,120}):(?: |\Z)")
_QUOTES = frozenset('"“”„«»')  # around a chat's name in WhatsApp's own messages

# `<attached: 00000012-PHOTO-2019-08-19-14-03-22.jpg>`, in any language.
_IPHONE_FILE = re.compile(r"\u200e?<\u200e?[^<>:：\n]{1,40}[:：] ?([^<>\n/\\]{1,200}\.\w{2,5})>")
# `IMG-20190819-WA0001.jpg (file attached)`, and in old exports `PHOTO-….jpg <attached>`.
_ANDROID_FILE = re.compile(
    r"(\u200e?)([^\n/\\:*?\"<>|()]{1,200}\.\w{2,5}) (?:\([^()\n]{3,60}\)|<\u200e?[^<>:\n]{3,40}>)"
)
_USUAL_NAME = re.compile(r"[A-Z]{3,5}-\d{8}-WA\d{4}|\d{4}-\d\d-\d\d-|\d{8}-[A-Z]+-")
# The number of the message, which iPhones count anew in each export.
_EXPORT_NUMBER = re.compile(r"\A\d{8}-(?=[A-Z])")
_OMITTED_TAG = re.compile(r"<[^<>:\n]{3,60}>")
_EDITED = re.compile(r"\u200e<[^<>:\n]{3,60}>\Z")

_MAX_OMISSION = 60  # characters of such a sentence
# How iPhones say that a picture, video, sticker, recording, document or contact was omitted.
_OMITTED = re.compile(
    r"omitted|weggelassen|ausgelassen|отсутству|не добавлен|absente?|manquante?|\bomis|retiré|"
    r"omess[ao]|non inclus|esclusa|não revelad|omitid[ao]|vynechán|відсутн|пропущен|не додано|"
    r"لم يتم إدراج|تم حذف الملصقات",
    re.I,
)
_DELETED = frozenset(
    (
        *("This message was deleted", "You deleted this message", "Данное сообщение удалено"),
        *("Вы удалили данное сообщение", "Ce message a été supprimé", "Apagou esta mensagem"),
        *("Questo messaggio è stato eliminato", "Hai eliminato questo messaggio"),
        *("Vous avez supprimé ce message", "Esta mensagem foi apagada", "Se eliminó este mensaje"),
        *("Du hast diese Nachricht gelöscht", "تم حذف هذه الرسالة", "Eliminaste este mensaje"),
        *("Diese Nachricht wurde gelöscht", "Ви видалили це повідомлення"),
        *("Це повідомлення було видалено", "Tato zpráva byla smazána"),
    )
)


def begins(text: str) -> bool:
    """Whether a text begins with a line of such an export."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return _header(first) is not None


def split(lines: Iterable[str]) -> Iterator[tuple[int, Mapping[str, str] | str]]:
    """Yield each message with its line, or the reason why it can't be read.

    A message is keyed by its time and a digest of its sender, text and file, with a number if they
    occur again, so its key stays the same when the chat is exported again.
    """
    seen = Counter[str]()
    latest = ""
    for number, when, rest in _messages(lines):
        if len(rest) > _MAX_MESSAGE:
            yield number, f"the message is longer than {_MAX_MESSAGE:,} characters"
            continue
        values = _values(rest)
        if values is None:
            continue
        if when != latest:
            seen.clear()
            latest = when
        content = f"{values['sender']}\0{values.get('text', '')}"
        if attached := values.get("attached"):
            content += f"\0{_EXPORT_NUMBER.sub('', attached)}"
        digest = sha256(content.encode("utf-8", "replace")).hexdigest()[:12]
        seen[digest] += 1
        suffix = f"-{seen[digest]}" if seen[digest] > 1 else ""
        yield number, {"time": when, "digest": digest + suffix, **values}


def _messages(lines: Iterable[str]) -> Iterator[tuple[int, str, str]]:
    """Each message's first line number, time and text; a line without a time continues it."""
    start, when, parts, size = 0, "", list[str](), 0
    for number, line in enumerate(lines, start=1):
        if header := _header(line):
            if start:
                yield start, when, "".join(parts)
            start, size = number, 0
            when, rest = header
            parts = [rest]
        elif size <= _MAX_MESSAGE:
            parts.append(line)
        size += len(line)
    if start:
        yield start, when, "".join(parts)


def _header(line: str) -> tuple[str, str] | None:
    """The time that a line begins with, and the rest of the line."""
    bare = line.lstrip(_DIRECTION_MARKS)
    normal = bare[:120].translate(_SPACES)
    for pattern in _LINES:
        if match := pattern.match(normal):
            return _time(match), bare[match.start("rest") :]
    return None


def _time(match: re.Match[str]) -> str:
    """A time in normalised spelling; the order of day and month stays as it is.

    Spaces stay where they distinguish 24. 3. 5. in Korea from 5.3.24 in other countries.
    """
    date = _digits(match["date"]).translate(_NO_MARKS).rstrip(".")
    if _FOUR_DIGITS.search(date) or match["sign"] != ".":
        date = date.replace(" ", "")
    clock = _digits(match["clock"]).replace(".", ":")
    half = _HALVES.get(match["before"] or "", "")
    if letters := match["half"]:
        half = "PM" if letters[0] in "Ppم" else "AM"
    return f"{date} {clock} {half}".rstrip()


def _digits(text: str) -> str:
    return "".join(str(unicodedata.decimal(character, character)) for character in text)


def _values(rest: str) -> dict[str, str] | None:
    """The sender and the content; None for WhatsApp's own messages and deleted ones."""
    match = _SENDER.match(rest)
    if match is None or not _QUOTES.isdisjoint(match[1]):
        return None
    sender = match[1].translate(_NO_MARKS).translate(_SPACES).strip("~ ")
    text = rest[match.end() :].strip()
    shown = _EDITED.sub("", text).rstrip()
    words, attached = _attached(shown)
    if attached:
        values = {"sender": sender, "text": words, "attached": attached}
    elif _OMITTED_TAG.fullmatch(bare := shown.translate(_NO_MARKS).strip()):
        values = {"sender": sender, "omitted": bare}
    elif shown.startswith(_LEFT_TO_RIGHT):
        is_omission = len(bare) <= _MAX_OMISSION and _OMITTED.search(bare)
        values = {"sender": sender, "omitted": bare} if is_omission else {}
    else:
        values = {} if bare.rstrip(".") in _DELETED else {"sender": sender, "text": words}
    if values and shown != text:
        values["edited"] = "true"
    return {name: value for name, value in values.items() if value} or None


def _attached(text: str) -> tuple[str, str]:
    """The text of a message, and the name of the file that came with it."""
    if match := _ANDROID_FILE.match(text):
        name = match[2].strip()
        if match[1] or _USUAL_NAME.match(name):
            return text[match.end() :].translate(_NO_MARKS).strip(), name
    if match := _IPHONE_FILE.search(text):
        words = text[: match.start()] + text[match.end() :]
        return words.replace("\r\n", "\n").translate(_NO_MARKS).strip(), match[1].strip()
    return text.replace("\r\n", "\n").strip(), ""
