"""Measures what a column holds, by a sample of its cells: ids, times, links, media, texts."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import urlsplit

from frametrace.posts.columns.mapped_rows import files_listed, links_listed, tags_listed
from frametrace.posts.dates.day_order import choose_order, column_orders, possible_dates
from frametrace.posts.dates.parse_time import parse_time
from frametrace.posts.model import AccountKind, Precision
from frametrace.posts.readers.shared.platforms import (
    PLATFORMS,
    host_of,
    platform_named,
    platform_of,
)
from frametrace.posts.readers.shared.post_keys import id_in_link
from frametrace.posts.readers.shared.shown_files import is_media_link, is_playlist
from frametrace.posts.sources.media_files import is_media
from frametrace.posts.values import parse_count

__all__ = ["ColumnContents", "column_contents"]

_MAX_CELL = 5_000  # characters of a cell that are examined
_MAX_ITEMS = 20  # of a list in a cell that are examined
_EMPTY = frozenset({"[]", "{}"})  # spellings of an empty list or record

_LINK = re.compile(r"https?://\S+", re.I)
_ID = re.compile(r"[\w.:=+/@#-]{1,200}")
_LONG_ID = re.compile(r"\d{14,20}", re.ASCII)
_WHOLE = re.compile(r"\d{1,18}", re.ASCII)
_HANDLE = re.compile(r"@?[\w.\-]{2,40}", re.ASCII)  # in other scripts, a word may be a display name
_HAS_LETTER = re.compile(r"[A-Za-z]")
_WORD = re.compile(r"[^\W\d_]{2,}")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\u0e00-\u0e7f]")
_CLOCK = re.compile(r"\d{1,2}:\d\d(?::\d\d)?(?:\s?[AaPp][Mm])?", re.ASCII)
# Servers of pictures and videos whose names have no suffix, with their platforms; Facebook's serve
# Instagram as well.
_MEDIA_HOSTS: Mapping[str, str] = {
    "twimg.com": "twitter",
    "cdninstagram.com": "instagram",
    "fbcdn.net": "",
    "redd.it": "reddit",
    "ytimg.com": "youtube",
    "ggpht.com": "youtube",
    "sinaimg.cn": "weibo",
    "userapi.com": "vk",
    "licdn.com": "linkedin",
    "pinimg.com": "pinterest",
    "cdn.bsky.app": "bluesky",
    "tiktokcdn.com": "tiktok",
    "tiktokcdn-us.com": "tiktok",
    "xhscdn.com": "xiaohongshu",
}
_KINDS = frozenset(AccountKind)


@dataclass(frozen=True, slots=True)
class ColumnContents:
    """What a column's cells look like, as shares of the cells that aren't empty.

    `precision` is that of most times, `length` the median length in characters, `platform` the one
    that all links to posts or media lead to, `example` the first cell that isn't empty.
    """

    filled: float = 0.0  # share of all cells
    cells: int = 0  # that aren't empty
    distinct: float = 0.0
    times: float = 0.0
    epochs: float = 0.0  # numbers: times in seconds since 1970, but perhaps ids
    clocks: float = 0.0  # a time of day without a day
    post_links: float = 0.0
    profile_links: float = 0.0
    links: float = 0.0
    media: float = 0.0  # pictures and videos: files, or links to them
    ids: float = 0.0
    long_ids: float = 0.0
    counts: float = 0.0
    handles: float = 0.0
    texts: float = 0.0
    tags: float = 0.0
    platforms: float = 0.0
    kinds: float = 0.0
    objects: float = 0.0  # JSON objects or lists of objects
    length: float = 0.0
    numbers_rows: bool = False
    two_orders: bool = False
    precision: Precision = Precision.NONE
    platform: str = ""
    example: str = ""


def column_contents(cells: Iterable[str]) -> ColumnContents:
    """Measure a sample of a column's cells."""
    stripped = [cell.strip()[:_MAX_CELL] for cell in cells]
    filled = [cell for cell in stripped if cell and cell not in _EMPTY]
    if not filled:
        return ColumnContents()
    is_time: dict[str, bool] = {}
    precisions, platforms = Counter[Precision](), set[str]()
    for cell in filled:
        if cell not in is_time:
            is_time[cell] = _is_time(cell, precisions)
        if platform := _linked_platform(cell):
            platforms.add(platform)
    orders = column_orders(is_time)
    shares = {name: _share(filled, fits) for name, fits in _SHARES.items()}
    return ColumnContents(
        filled=len(filled) / len(stripped),
        cells=len(filled),
        distinct=len(set(filled)) / len(filled),
        times=sum(is_time[cell] for cell in filled) / len(filled),
        length=float(sorted(map(len, filled))[len(filled) // 2]),
        numbers_rows=_numbers_rows(filled),
        two_orders=any(
            possible_dates(cell) and choose_order(cell, orders) is None for cell in is_time
        ),
        precision=precisions.most_common(1)[0][0] if precisions else Precision.NONE,
        platform=platforms.pop() if len(platforms) == 1 else "",
        example=filled[0],
        **shares,
    )


def _share(cells: Sequence[str], fits: Callable[[str], bool]) -> float:
    return sum(map(fits, cells)) / len(cells)


def _is_time(cell: str, precisions: Counter[Precision]) -> bool:
    order = next(iter(possible_dates(cell)), None)  # any order will do
    try:
        _, precision = parse_time(cell, None, order)
    except ValueError:
        return False
    precisions[precision] += 1
    return True


def _is_link(cell: str) -> bool:
    return bool(_LINK.fullmatch(cell))


def _is_known_link(cell: str) -> bool:
    try:
        return _is_link(cell) and platform_of(cell) in PLATFORMS
    except ValueError:
        return False


def _is_post_link(cell: str) -> bool:
    """Whether a cell is one link to a post of a known platform."""
    if not _is_known_link(cell):
        return False
    platform = platform_of(cell)
    steps = [step for step in urlsplit(cell).path.split("/") if step]
    try:
        post_id = id_in_link(platform, cell)
    except ValueError:
        return len(steps) > 2  # deeper than the pages of accounts
    return steps != [post_id]  # a single number on Facebook may be an account's


def _is_profile_link(cell: str) -> bool:
    return _is_known_link(cell) and not _is_post_link(cell)


def _are_media(cell: str) -> bool:
    items = files_listed(cell)[:_MAX_ITEMS]
    return bool(items) and all(map(_is_media, items))


def _is_media(item: str) -> bool:
    if not _is_link(item):
        return "://" not in item and not item.startswith("{") and is_media(item)
    try:
        is_hosted = _media_host(item) is not None and not is_playlist(item)
        return is_media_link(item) or is_hosted
    except ValueError:
        return False


def _media_host(link: str) -> str | None:
    """The platform whose media server a link leads to; empty if it serves several; or None."""
    host = f".{host_of(link)}"
    return next((name for site, name in _MEDIA_HOSTS.items() if host.endswith(f".{site}")), None)


def _linked_platform(cell: str) -> str:
    """The platform of a link to a post or to one of its files."""
    if _is_post_link(cell):
        return platform_of(cell)
    try:
        return (_is_link(cell) and _media_host(cell)) or ""
    except ValueError:
        return ""


def _is_id(cell: str) -> bool:
    return bool(_ID.fullmatch(cell)) and (len(cell) > 7 or any(map(str.isdecimal, cell)))


def _is_count(cell: str) -> bool:
    return (number := parse_count(cell)) is not None and -1 <= number < 10**11


def _is_handle(cell: str) -> bool:
    return bool(_HANDLE.fullmatch(cell)) and bool(_HAS_LETTER.search(cell))


def _is_text(cell: str) -> bool:
    """Whether a cell has several words, or several characters of a script without spaces."""
    if _is_link(cell) or cell.startswith(('{"', "[{", '["', "['")):
        return False
    return len(_UNSPACED.findall(cell)) >= 6 or len(_WORD.findall(cell)) >= 4


def _are_tags(cell: str) -> bool:
    listed = cell.startswith("[") or "|" in cell or "#" in cell or "＃" in cell
    return listed and "://" not in cell and 0 < len(tags_listed(cell)) <= 60


def _numbers_rows(cells: Sequence[str]) -> bool:
    """Whether the cells count up from 0 or 1."""
    if len(cells) < 2 or cells[0] not in {"0", "1"}:
        return False
    whole = [int(cell) if _WHOLE.fullmatch(cell) else -9 for cell in cells]
    return all(b - a == 1 for a, b in pairwise(whole))


_SHARES: Mapping[str, Callable[[str], bool]] = {
    "epochs": lambda cell: bool(_WHOLE.fullmatch(cell)),
    "clocks": lambda cell: bool(_CLOCK.fullmatch(cell)),
    "post_links": _is_post_link,
    "profile_links": _is_profile_link,
    "links": lambda cell: "://" in cell and all(map(_is_link, links_listed(cell)[:_MAX_ITEMS])),
    "media": _are_media,
    "ids": _is_id,
    "long_ids": lambda cell: bool(_LONG_ID.fullmatch(cell)),
    "counts": _is_count,
    "handles": _is_handle,
    "texts": _is_text,
    "tags": _are_tags,
    "platforms": lambda cell: platform_named(cell) in PLATFORMS,
    "kinds": lambda cell: cell.lower() in _KINDS,
    "objects": lambda cell: cell.startswith(("{", "[{")),
}
