"""Lists all kinds of pictures that share a template but no photograph, and splits them in halves.

A template (colours, fonts, layout, logo) is named by a kind and a number; the generator draws the
content (texts, names, counts, time). Two pictures of one template with different photographs must
not be tied. One half is for tuning, the other for judging: photographs are assigned by their name,
templates by their number, apps by their layout, so that the halves have none of these in common.
"""

import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from copies import (
    broadcast,
    caption_bars,
    cards,
    charts,
    feeds,
    frames,
    maps,
    messengers,
    scenes,
    sites,
    statements,
    stock,
)
from copies.canvas import Others, Rng
from PIL import Image

__all__ = ["KINDS", "Half", "Kind", "Shows", "half_of_photo", "kinds_of", "templates_of"]

Make = Callable[[Image.Image, Others, Rng, int], Image.Image]


class Half(StrEnum):
    """One half of the templates and photographs, or both."""

    TUNE = "tune"
    JUDGE = "judge"
    BOTH = "both"

    def holds(self, other: "Half") -> bool:
        """Whether something of `other` is in this half."""
        return Half.BOTH in (self, other) or self == other


class Shows(StrEnum):
    """What a picture of a kind shows: it decides which pictures it may share a group with."""

    PHOTO = "photo"  # its own photograph, which each picture of a template has another one of
    NOTHING = "nothing"  # no photograph: only itself
    SCENE = "scene"  # the template's scene from another viewpoint: only itself


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind: how it is made, with how many other photographs, and its half."""

    name: str
    family: str
    make: Make
    others: int = 0
    half: Half = Half.BOTH
    shows: Shows = Shows.PHOTO


def _app(name: str, make: Make, others: int, half: Half) -> Kind:
    return Kind(name, "app", make, others, half)


_NONE, _SCENE = Shows.NOTHING, Shows.SCENE
_ALL = (
    _app("x on a phone", feeds.x_on_phone, 1, Half.TUNE),
    _app("x in a browser", feeds.x_in_browser, 1, Half.JUDGE),
    _app("facebook", feeds.facebook, 1, Half.JUDGE),
    _app("instagram", feeds.instagram, 2, Half.TUNE),
    _app("tiktok", feeds.tiktok, 1, Half.JUDGE),
    _app("telegram", messengers.telegram, 1, Half.TUNE),
    _app("whatsapp", messengers.whatsapp, 1, Half.JUDGE),
    _app("news on a phone", sites.news_on_phone, 1, Half.TUNE),
    _app("news in a browser", sites.news_in_browser, 4, Half.JUDGE),
    _app("photo viewer", sites.photo_viewer, 4, Half.TUNE),
    Kind("stock, tiled", "watermark", stock.stock_tiled),
    Kind("stock, centered", "watermark", stock.stock_centered),
    Kind("stock, footer", "watermark", stock.stock_footer),
    Kind("lower third", "television", broadcast.lower_third),
    Kind("channel logo", "television", broadcast.channel_logo),
    Kind("caption bar, same text", "text", caption_bars.caption_bar_same_text),
    Kind("caption bar, other text", "text", caption_bars.caption_bar_other_text),
    Kind("meme, same text", "text", caption_bars.meme_same_text),
    Kind("ornate frame", "frame", frames.ornate_frame),
    Kind("film strip", "frame", frames.film_strip),
    Kind("polaroid", "frame", frames.polaroid),
    Kind("phone mock-up", "frame", frames.phone_mock_up),
    Kind("campaign frame", "frame", frames.campaign_frame),
    Kind("quote card, same quote", "card", cards.quote_card_same_quote),
    Kind("quote card, other quote", "card", cards.quote_card_other_quote),
    Kind("bar chart", "chart", charts.bar_chart, shows=_NONE),
    Kind("line chart", "chart", charts.line_chart, shows=_NONE),
    Kind("pie chart", "chart", charts.pie_chart, shows=_NONE),
    Kind("table", "chart", charts.table, shows=_NONE),
    Kind("infographic", "chart", charts.infographic, shows=_NONE),
    Kind("region map", "map", maps.region_map, shows=_NONE),
    Kind("marker map", "map", maps.marker_map, shows=_NONE),
    Kind("statement", "words", statements.statement, shows=_NONE),
    Kind("note", "words", statements.note, shows=_NONE),
    Kind("text post", "words", statements.text_post, shows=_NONE),
    Kind("two viewpoints", "scene", scenes.two_viewpoints, shows=_SCENE),
    Kind("panning camera", "scene", scenes.frame_of_panning_camera, shows=_SCENE),
    Kind("static camera", "scene", scenes.frame_of_static_camera, 1, shows=_SCENE),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}


def kinds_of(half: Half) -> list[Kind]:
    """The kinds with pictures in a half: five of the ten app layouts, and all other kinds."""
    return [kind for kind in KINDS.values() if half.holds(kind.half)]


def templates_of(kind: Kind, half: Half, count: int) -> list[int]:
    """The numbers of a kind's templates in each half: even ones for tuning, odd ones for judging.

    Layouts of apps are in one half only, so all of their templates are.
    """
    if half is Half.BOTH and kind.half is Half.BOTH:
        return list(range(2 * count))
    if kind.half is not Half.BOTH:
        return list(range(count))
    return [2 * at + (half is Half.JUDGE) for at in range(count)]


def half_of_photo(path: Path) -> Half:
    """The half that a photograph belongs to, by its name."""
    return (Half.TUNE, Half.JUDGE)[zlib.crc32(f"half of {path.name}".encode()) % 2]
