"""One page of Telegram Desktop's HTML export, taken apart into messages."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from frametrace.posts.sources.picture_files import is_picture
from frametrace.posts.values import json_text, parse_count

__all__ = ["messages_of"]

_NUMBER = re.compile(r'id="message(\d+)"', re.ASCII)
_VIA = re.compile(r" via @\w{1,40}\Z", re.ASCII)
_UP = "../"
_NOT_INCLUDED = "(File not included in the export)"

# What has a picture of its own as a link, and what has one that Telegram made of a video.
_WHOLE = ("photo_wrap", "media_photo", "media_file")
_STILL = ("video_file_wrap", "animated_wrap", "media_video")


def messages_of(page: str) -> Iterator[tuple[int, Mapping[str, str] | str]]:
    """Give the line and the values of each message, or the reason why the page can't be read.

    A message that follows another of the same author does not name him again.
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
    chat = "" if header is None else _said(_first(header, "text"))
    author = forwarded = ""
    for message in _with(history.iterchildren("div"), "message", "default"):
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
    """The line of each message: the parser itself counts no further than 65,535."""
    found: dict[str, int] = {}
    for number, line in enumerate(page.split("\n"), start=1):
        for match in _NUMBER.finditer(line):
            found.setdefault(match[1], number)
    return found


def _values(shown: Any, body: Any) -> dict[str, str]:
    """What a message says; in a forwarded one it stands one level deeper."""
    text = _child(shown, "text")
    anchors = [] if text is None else list(text.iter("a"))
    date = _child(body, "date", "details")
    reply = _child(shown, "reply_to")
    signed = _child(shown, "signature")
    tags = [_said(a) for a in anchors if "ShowHashtag(" in a.get("onclick", "")]
    links = [a.get("href", "") for a in anchors]
    target = next((a.get("href", "") for a in reply.iter("a")), "") if reply is not None else ""
    return {
        "text": "" if text is None else _said(text),
        "date": "" if date is None else date.get("title", "").strip(),
        "media": _list(_pictures(shown)),
        "links": _list(link for link in links if link.startswith(("http://", "https://"))),
        "hashtags": _list(tag.lstrip("#") for tag in tags),
        "reply_to": target.rpartition("#go_to_message")[2] if "#go_to_message" in target else "",
        "signature": "" if signed is None else _said(signed),
        "reactions": _reactions(body) or _reactions(shown),
    }


def _pictures(shown: Any) -> Iterator[str]:
    """Photos, pictures sent as files, and the stills of videos; a sticker is nobody's own."""
    for wrap in _with(shown.iterchildren("div"), "media_wrap"):
        for item in wrap.iterchildren("a", "div"):
            classes = _classes(item)
            link = _beside(item.get("href", ""))
            if any(name in classes for name in _WHOLE):
                if is_picture(link):
                    yield link
                elif "media_photo" in classes and not link:
                    yield _NOT_INCLUDED
            elif any(name in classes for name in _STILL):
                yield from (_beside(image.get("src", "")) for image in item.iter("img"))


def _beside(path: str) -> str:
    """A path from the page's folder: pages of all chats lead up to the top and down again."""
    parts = path.split("/")
    up = next((at for at, part in enumerate(parts) if part != ".."), 0)
    return "/".join(parts[2 * up :])


def _reactions(body: Any) -> str:
    """How many reacted: a number, or where there is none the pictures of who did."""
    listed = next(_with(body.iterchildren("span"), "reactions"), None)
    if listed is None:
        return ""
    total = 0
    for reaction in _with(listed.iterchildren("span"), "reaction"):
        number = _first(reaction, "count")
        told = parse_count(_said(number)) if number is not None else None
        total += sum(1 for _ in _with(reaction.iter("div"), "userpic")) if told is None else told
    return str(total)


def _name(element: Any) -> str:
    """A name, without the time that may stand behind it, and without the bot that sent for it."""
    return "" if element is None else _VIA.sub("", (element.text or "").strip())


def _said(element: Any) -> str:
    """The text of an element, its line breaks as such."""
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


def _list(found: Iterable[str]) -> str:
    listed = list(dict.fromkeys(filter(None, found)))
    return json_text(listed) if listed else ""


def _classes(element: Any) -> frozenset[str]:
    return frozenset((element.get("class") or "").split())


def _with(elements: Iterable[Any], *names: str) -> Iterator[Any]:
    return (element for element in elements if _classes(element).issuperset(names))


def _first(element: Any, *names: str) -> Any:
    return next(_with(element.iter(), *names), None)


def _child(element: Any, *names: str) -> Any:
    return next(_with(element.iterchildren("div"), *names), None)
