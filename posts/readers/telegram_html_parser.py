"""Splits a page of Telegram Desktop's HTML export into messages."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from frametrace.posts.sources.media_files import is_media
from frametrace.posts.values import distinct, json_text, parse_count

__all__ = ["messages_of"]

_NUMBER = re.compile(r'id="message(\d+)"', re.ASCII)
_VIA = re.compile(r" via @\w{1,40}\Z", re.ASCII)
_NOT_INCLUDED = "(File not included in the export)"

# Classes of elements that link to a picture or file, and of those that link to a video and show its
# still.
_PICTURE_CLASSES = ("photo_wrap", "media_photo", "media_file")
_VIDEO_CLASSES = ("video_file_wrap", "animated_wrap", "media_video")


def messages_of(page: str) -> Iterator[tuple[int, Mapping[str, str] | str]]:
    """Yield the line and the values of each message, or the reason why the page can't be read.

    A message that follows another of the same author doesn't name the author again.
    """
    from lxml import etree, html

    parser = html.HTMLParser(recover=True, no_network=True, huge_tree=False, encoding="utf-8")
    try:
        root = html.document_fromstring(page.encode("utf-8", "replace"), parser=parser)
    except (etree.LxmlError, ValueError, RecursionError, AssertionError) as error:
        yield 1, f"the page can't be read: {str(error)[:200]}"
        return
    history = _first(root, "history")
    if history is None:
        yield 1, "the page holds no messages as Telegram Desktop lays them out"
    else:
        yield from _messages(root, history, _lines(page))
    for fatal in list(parser.error_log.filter_from_fatals())[:1]:
        reason = f"from here on the page can't be read: {fatal.message.strip()[:200]}"
        yield fatal.line or 1, reason


def _messages(
    root: Any, history: Any, lines: Mapping[str, int]
) -> Iterator[tuple[int, Mapping[str, str]]]:
    header = _first(root, "page_header")
    chat = "" if header is None else _text_of(_first(header, "text"))
    author = forwarded = ""
    for message in _with_classes(history.iterchildren("div"), "message", "default"):
        body = _child(message, "body")
        if body is None:
            continue
        inner = _child(body, "forwarded", "body")
        if "joined" not in _classes(message):
            author = forwarded = ""
        if named := _name(_child(body, "from_name")):
            author, forwarded = named, ""
        if inner is not None:
            forwarded = _name(_child(inner, "from_name")) or forwarded
        values = _values(body if inner is None else inner, body)
        values |= {"chat": chat, "from": author}
        values["id"] = message.get("id", "").removeprefix("message")
        values["forwarded_from"] = forwarded if inner is not None else ""
        line = lines.get(values["id"], message.sourceline or 1)
        yield line, {name: value for name, value in values.items() if value}


def _lines(page: str) -> dict[str, int]:
    """The line of each message, by its id: the parser counts no further than 65,535."""
    lines: dict[str, int] = {}
    for number, line in enumerate(page.split("\n"), start=1):
        for match in _NUMBER.finditer(line):
            lines.setdefault(match[1], number)
    return lines


def _values(shown: Any, body: Any) -> dict[str, str]:
    """The values of a message; in a forwarded one `shown` is one level below `body`."""
    text = _child(shown, "text")
    anchors = [] if text is None else list(text.iter("a"))
    date = _child(body, "date", "details")
    reply = _child(shown, "reply_to")
    signed = _child(shown, "signature")
    tags = [_text_of(a) for a in anchors if "ShowHashtag(" in a.get("onclick", "")]
    links = [a.get("href", "") for a in anchors]
    target = next((a.get("href", "") for a in reply.iter("a")), "") if reply is not None else ""
    return {
        "text": _text_of(text),
        "date": "" if date is None else date.get("title", "").strip(),
        "media": _list(_files(shown)),
        "links": _list(link for link in links if link.startswith(("http://", "https://"))),
        "hashtags": _list(tag.lstrip("#") for tag in tags),
        "reply_to": target.rpartition("#go_to_message")[2] if "#go_to_message" in target else "",
        "signature": _text_of(signed),
        "reactions": _reactions(body) or _reactions(shown),
    }


def _files(shown: Any) -> Iterator[str]:
    """Photos, videos, and those sent as files; stickers are left out.

    A video that was not exported has its still.
    """
    for wrap in _with_classes(shown.iterchildren("div"), "media_wrap"):
        for item in wrap.iterchildren("a", "div"):
            classes = _classes(item)
            link = _from_page(item.get("href", ""))
            if any(name in classes for name in _PICTURE_CLASSES):
                if is_media(link):
                    yield link
                elif "media_photo" in classes and not link:
                    yield _NOT_INCLUDED
            elif any(name in classes for name in _VIDEO_CLASSES):
                stills = filter(None, (_from_page(i.get("src", "")) for i in item.iter("img")))
                yield link if is_media(link) else next(stills, _NOT_INCLUDED)


def _from_page(path: str) -> str:
    """A path relative to the page; in an export of all chats it goes up to the top first."""
    parts = path.split("/")
    up = next((at for at, part in enumerate(parts) if part != ".."), 0)
    return "/".join(parts[2 * up :])


def _reactions(body: Any) -> str:
    """The number of reactions; one without a number is counted by its pictures of people."""
    listed = next(_with_classes(body.iterchildren("span"), "reactions"), None)
    if listed is None:
        return ""
    total = 0
    for reaction in _with_classes(listed.iterchildren("span"), "reaction"):
        number = parse_count(_text_of(_first(reaction, "count")))
        if number is None:
            number = sum(1 for _ in _with_classes(reaction.iter("div"), "userpic"))
        total += number
    return str(total)


def _name(element: Any) -> str:
    """A name, without the time that may follow it and without the bot that sent the message."""
    return "" if element is None else _VIA.sub("", (element.text or "").strip())


def _text_of(element: Any) -> str:
    """The text of an element, with its line breaks; empty if there is no element."""
    from lxml import etree

    if element is None:
        return ""
    pieces: list[str] = []
    for event, part in etree.iterwalk(element, events=("start", "end")):
        if event == "start":
            pieces += ("\n" if part.tag == "br" else "", part.text or "")
        elif part is not element:
            pieces.append(part.tail or "")
    return "".join(pieces).strip()


def _list(items: Iterable[str]) -> str:
    listed = distinct(items)
    return json_text(listed) if listed else ""


def _classes(element: Any) -> frozenset[str]:
    return frozenset((element.get("class") or "").split())


def _with_classes(elements: Iterable[Any], *names: str) -> Iterator[Any]:
    return (element for element in elements if _classes(element).issuperset(names))


def _first(element: Any, *names: str) -> Any:
    return next(_with_classes(element.iter(), *names), None)


def _child(element: Any, *names: str) -> Any:
    return next(_with_classes(element.iterchildren("div"), *names), None)
