"""Writes the sources of the demo: exports, pictures and a media map."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

from frametrace.app.demo.edits import edited
from frametrace.app.demo.photographs import load
from frametrace.app.demo.story import PlannedPost, plan
from frametrace.posts.model import AccountKind

__all__ = ["Sources", "build_sources", "is_demo"]

_SEED = 805
_MAP = "facebook_media_map.csv"
_TWEET = (
    *("tweetid", "userid", "user_display_name", "user_screen_name", "tweet_language"),
    *("tweet_text", "tweet_time", "is_retweet", "retweet_tweetid", "quote_count", "reply_count"),
    *("like_count", "retweet_count", "hashtags", "urls", "user_mentions"),
)
_REPORT = (
    *("User Name", "Facebook Id", "Post Created", "Type", "Total Interactions", "Likes"),
    *("Comments", "Shares", "URL", "Message", "Link", "Final Link", "Image Text"),
)


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of the demo, and the planned posts as the ground truth."""

    exports: tuple[Path, ...]
    media: tuple[Path, ...]
    media_map: Path
    planned: tuple[PlannedPost, ...]


def build_sources(folder: Path) -> Sources:
    """Write the sources into `folder`; the same bytes every time."""
    posts = plan()
    tweets = [post for post in posts if post.actor.platform == "twitter"]
    shared = [post for post in posts if post.actor.platform == "facebook"]
    pages = [post for post in shared if post.actor.kind is AccountKind.PAGE]
    groups = [post for post in shared if post.actor.kind is AccountKind.GROUP]
    media = (folder / "tweet_media", folder / "facebook_pictures")
    for media_folder in media:
        media_folder.mkdir(parents=True, exist_ok=True)
    exports = (folder / "tweets.csv", folder / "facebook_pages.csv", folder / "facebook_groups.csv")
    _write(exports[0], _TWEET, map(_tweet, tweets))
    _write(exports[1], ("Page Name", *_REPORT), (_report(post, "Page Name") for post in pages))
    _write(exports[2], ("Group Name", *_REPORT), (_report(post, "Group Name") for post in groups))
    _tweet_pictures(tweets, media[0])
    media_map = folder / _MAP
    _write(media_map, ("post_id", "path"), _facebook_pictures(shared, media[1]))
    return Sources(exports, media, media_map, tuple(posts))


def is_demo(folder: Path) -> bool:
    """Whether a folder is empty or was written by the demo."""
    return (folder / "sources" / _MAP).is_file() or (folder.is_dir() and not any(folder.iterdir()))


def _write(path: Path, names: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)


def _tweet(post: PlannedPost) -> dict[str, object]:
    links = [word for word in post.text.split() if word.startswith("https://")]
    return {
        "tweetid": post.post_id,
        "userid": post.actor.account_id,
        "user_display_name": post.actor.account_id,
        "user_screen_name": post.actor.name,
        "tweet_language": "zh" if post.framing.endswith("zh") else "en",
        "tweet_text": post.text,
        "tweet_time": f"{post.posted_at:%Y-%m-%d %H:%M}",
        "is_retweet": False,
        "like_count": len(post.text) % 17,
        "retweet_count": len(post.text) % 5,
        "hashtags": ["city"] if "#city" in post.text else [],
        "urls": links,
        "user_mentions": [],
    }


def _report(post: PlannedPost, name: str) -> dict[str, object]:
    eastern = post.posted_at - timedelta(hours=4)
    likes = len(post.text) % 23
    return {
        name: post.actor.name,
        "User Name": "",
        "Facebook Id": post.actor.account_id,
        "Post Created": f"{eastern:%Y-%m-%d %H:%M:%S} EDT",
        "Type": "Photo" if post.picture or post.broken else "Status",
        "Total Interactions": f"{1000 + likes:,}",
        "Likes": likes,
        "URL": f"https://www.facebook.com/{post.actor.account_id}/posts/{post.post_id}",
        "Message": post.text,
    }


def _tweet_pictures(posts: Sequence[PlannedPost], folder: Path) -> None:
    """One file per post, as in the archive; each copy of a photo is edited in its own way."""
    dice = Random(_SEED)  # noqa: S311
    for post in posts:
        path = folder / f"{post.post_id}-Demo{post.post_id[-8:]}.jpg"
        if post.picture:
            _save(post, path, dice)
        elif post.broken:
            path.write_bytes(b"" if post.broken == "empty" else b"This is no picture.\n")


def _facebook_pictures(posts: Sequence[PlannedPost], folder: Path) -> list[dict[str, str]]:
    """Write files that several posts share, and return the rows of the media map."""
    dice = Random(_SEED + 1)  # noqa: S311
    rows = []
    for post in posts:
        if post.picture or post.broken:
            name = f"{post.picture or post.broken}-{post.edit or 0}.jpg"
            rows.append({"post_id": post.post_id, "path": f"{folder.name}/{name}"})
            if post.broken == "truncated":
                load("rocket").save(folder / name, "JPEG", quality=80)
                (folder / name).write_bytes((folder / name).read_bytes()[:9000])
            elif post.picture and not (folder / name).exists():
                _save(post, folder / name, dice)
    return rows


def _save(post: PlannedPost, path: Path, dice: Random) -> None:
    image, quality = load(post.picture), 92
    if post.edit:
        beside = load(post.photos[1]) if len(post.photos) > 1 else None
        image, quality = edited(image, post.edit, dice, beside)
    image.save(path, "JPEG", quality=quality)
