"""Sorts what formats say about pictures and videos into a post's `media` and its `stills`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from frametrace.posts.readers.shared.json_paths import objects_at, text_at
from frametrace.posts.sources.media_files import is_media, is_video
from frametrace.posts.values import distinct, parse_count

__all__ = [
    "Shown",
    "best_variant",
    "is_media_link",
    "is_playlist",
    "is_video_link",
    "shown_files",
    "videos_with_covers",
    "x_media",
]

# Playlists of streams: HLS, DASH, Smooth Streaming. They hold links and no video.
_PLAYLISTS = frozenset({".m3u8", ".mpd", ".ism"})


class Shown(NamedTuple):
    """What a post shows: its files, and the stills of those that are videos (see `Post`)."""

    media: tuple[str, ...]
    stills: tuple[str, ...] = ()


def shown_files(items: Iterable[tuple[str, str]]) -> Shown:
    """Sort items, each a file and its still; either may be empty.

    A still counts as the file if there is no other, or only a playlist.
    """
    sorted_items = [_file_or_still(file.strip(), still.strip()) for file, still in items]
    media = distinct(file for file, _ in sorted_items)
    stills = distinct(still for _, still in sorted_items)
    return Shown(media, tuple(still for still in stills if still not in media))


def _file_or_still(file: str, still: str) -> tuple[str, str]:
    """A file and its still, or the still as the file if there is no file."""
    return (file, still) if file and not is_playlist(file) else (still, "")


def videos_with_covers(pictures: Sequence[str], videos: Iterable[str]) -> Shown:
    """Sort links to all pictures of a post, the covers of its videos among them, and to its videos.

    Which pictures are covers is unknown: as many of them as there are videos count as stills.
    """
    files = distinct(video for video in videos if not is_playlist(video))
    own = max(len(pictures) - len(files), 0)
    return Shown((*pictures[:own], *files), tuple(pictures[own:]))


def is_playlist(link: str) -> bool:
    """Whether a link leads to a playlist of a stream, which is no file."""
    return PurePosixPath(_path_of(link)).suffix.lower() in _PLAYLISTS


def is_media_link(link: str) -> bool:
    """Whether the path of a link ends in the name of a picture or a video."""
    return is_media(_path_of(link))


def is_video_link(link: str) -> bool:
    """Whether the path of a link ends in the name of a video."""
    return is_video(_path_of(link))


def x_media(items: Iterable[Mapping[str, Any]], *, link: tuple[str, ...]) -> Shown:
    """Sort X's media objects: pictures have a `link`, videos and animations variants.

    `link` names the fields with the link to a picture, or to the still of a video.
    """
    pairs = []
    for item in items:
        picture = next((text for name in link if (text := text_at(item, name))), "")
        still = picture or text_at(item, "preview_image_url")
        variants = chain(objects_at(item, "video_info", "variants"), objects_at(item, "variants"))
        pairs.append((best_variant(variants) or picture, still))
    return shown_files((file, still if still != file else "") for file, still in pairs)


def best_variant(variants: Iterable[Mapping[str, Any]]) -> str:
    """The link to the variant of a video with the most bits a second that is one file."""
    ranked = [(_bitrate(variant), link) for variant in variants for link in _file_link(variant)]
    return max(ranked, key=lambda item: item[0], default=(0, ""))[1]


def _bitrate(variant: Mapping[str, Any]) -> int:
    rates = (variant.get(name) for name in ("bitrate", "bit_rate"))
    return next((count for rate in rates if (count := parse_count(str(rate))) is not None), 0)


def _file_link(variant: Mapping[str, Any]) -> Iterator[str]:
    link = text_at(variant, "url")
    kind = text_at(variant, "content_type") or text_at(variant, "contentType")
    if link and not is_playlist(link) and (kind.startswith("video/") or is_video(_path_of(link))):
        yield link


def _path_of(link: str) -> str:
    try:
        return urlsplit(link).path if "://" in link else link
    except ValueError:
        return ""
