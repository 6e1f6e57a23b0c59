"""Lists the columns of 4CAT's tables, by the source of their data.

Fields: digitalmethodsinitiative/4cat, `map_item` (other methods in older versions) of
datasources/*/search_*.py, of all versions, and datasources/custom/import_formats.py for
imported files of other tools. Alternatives are listed newest first.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

__all__ = ["SOURCES", "UNKNOWN", "Columns"]

_INTERACTIONS = {"likes": "likes", "comments": "comments", "shares": "shares"}


@dataclass(frozen=True, slots=True)
class Columns:
    """One source's columns; the first alternative that is not empty is taken.

    `marks` distinguish its tables from those of other sources. `by_handle`: the account is keyed by
    the handle in `name`, and `account` holds its number. `stills` are of videos, and stand for
    them where their links are missing. `covers`: the pictures include the covers of the videos.
    `address` holds the link of the post itself. `not_a_post` says which rows aren't posts: a
    column, its value in such a row, and what the row is; `*` means any value except the row's own
    id. `coarse`: the time is accurate to the day at best.
    """

    platform: str
    marks: tuple[tuple[str, ...], ...]
    account: tuple[str, ...] = ("author_id",)
    name: tuple[str, ...] = ("author",)
    by_handle: bool = False
    title: str = ""
    pictures: tuple[str, ...] = ("image_urls", "image_url", "images")
    videos: tuple[str, ...] = ("video_urls", "video_url", "videos")
    stills: tuple[str, ...] = ()
    covers: bool = False
    links: tuple[str, ...] = ()
    hashtags: tuple[str, ...] = ("hashtags",)
    counts: Mapping[str, str] = field(default_factory=dict)
    address: tuple[str, ...] = ("url",)
    not_a_post: tuple[str, str, str] = ("", "", "")
    coarse: bool = False

    def fit(self, names: Collection[str]) -> bool:
        """Whether a table with these columns is of this source."""
        return all(any(name in names for name in mark) for mark in self.marks)


# Columns that all tables have, for an unknown source: the link of a row shows the platform.
UNKNOWN = Columns("", (), account=("author_id", "author"), address=("link", "url", "post_url"))

# Tried in this order.
SOURCES: tuple[Columns, ...] = (
    Columns(
        "bluesky",
        (("replies_allowed",),),
        links=("links",),
        hashtags=("tags",),
        counts={
            "like_count": "likes",
            "reply_count": "replies",
            "repost_count": "reposts",
            "quote_count": "quotes",
        },
        address=("link",),
    ),
    Columns(
        "instagram",
        (("num_likes",),),
        by_handle=True,
        covers=True,
        pictures=("image_urls", "image_url", "images", "thumbnail_url"),
        videos=("video_urls", "video_url", "media_urls", "media_url"),  # of pictures as well
        counts={"num_likes": "likes", "num_comments": "comments", "play_count": "views"},
        not_a_post=("type", "comment", "a comment"),
    ),
    Columns(
        "tiktok",
        (("tiktok_url",),),
        by_handle=True,
        stills=("thumbnail_url",),
        counts=_INTERACTIONS
        | {"plays": "views", "amount_plays": "views"}
        | {f"amount_{name}": name for name in _INTERACTIONS},
        address=("tiktok_url",),
    ),
    Columns(
        "threads",
        (("author_is_verified",),),
        by_handle=True,
        covers=True,
        links=("link_url",),
        counts={"likes": "likes", "reposts": "reposts", "replies": "replies", "quotes": "quotes"},
    ),
    Columns(
        "gab",
        (("account_account",),),
        account=("account_id",),
        name=("account_username",),
        links=("link_url",),
        hashtags=("tags",),
        counts={
            "favourites_count": "likes",
            "reaction_count": "reactions",
            "reblogs_count": "reposts",
            "reposts_count": "reposts",
            "replies_count": "replies",
        },
    ),
    Columns(
        "truthsocial",
        (("account_username",),),
        account=("account_id",),
        name=("account_username",),
        pictures=("images", "media_url"),
        stills=("video_thumbs", "media_preview_url"),
        counts={"reblogs_count": "reposts", "replies_count": "replies"},
    ),
    Columns(
        "facebook",
        (("is_in_group",),),
        account=("author",),
        name=("author_name", "author"),
    ),
    Columns(  # imported from CrowdTangle
        "facebook",
        (("page_id",), ("page_name",)),
        account=("page_id",),
        name=("page_name",),
        links=("url_original",),
        counts=_INTERACTIONS,
    ),
    Columns(
        "telegram",
        (("author_username",), ("chat",)),
        account=("author",),
        name=("author_username", "author_name"),
        pictures=("attachment_filename",),
        links=("link_attached",),
        counts={"views": "views"},
    ),
    Columns(
        "vk",
        (("author_screen_name",),),
        name=("author_name", "author_screen_name"),
        pictures=("photos",),
        links=("links",),
        counts={"likes": "likes", "post_comments": "comments", "views": "views"},
        address=("link",),
        not_a_post=("item_type", "comment", "a comment"),
    ),
    Columns(
        "reddit",
        (("subreddit",),),
        account=("author",),
        title="subject",
        pictures=("image_file",),
        links=("url",),
        counts={"score": "score"},
        address=(),
        not_a_post=("thread_id", "*", "a comment"),
    ),
    Columns(
        "4chan",
        (("image_md5",),),
        account=("author",),
        title="subject",
        pictures=(),
        videos=(),
    ),
    Columns(
        "pinterest",
        (("pinner_original",),),
        by_handle=True,
        title="subject",
        hashtags=("idea_tags",),
    ),
    Columns(
        "linkedin",
        (("timestamp_ago",),),
        account=("author",),
        name=("author_name",),
        stills=("video_thumb_url",),
        links=("link_url",),
        counts=_INTERACTIONS | {"reactions": "likes"},
        address=("post_url",),
    ),
    Columns(
        "douyin",
        (("author_nickname",),),
        account=("author_user_id",),
        name=("author_nickname",),
        stills=("video_thumbnail",),
        counts={
            "digg_count": "likes",
            "comment_count": "comments",
            "share_count": "shares",
            "play_count": "views",
            "collect_count": "bookmarks",
        },
        address=("post_url",),
        not_a_post=("subject", "Stream", "a live stream"),
    ),
    Columns(
        "tumblr",
        (("author_uuid", "blog_uuid"),),
        account=("author_uuid", "blog_uuid"),
        stills=("video_thumb_urls", "video_thumb"),
        links=("link_urls", "linked_urls", "urls"),
        hashtags=("tags",),
        counts={"like_count": "likes", "reblog_count": "reposts", "reply_count": "replies"},
        address=("post_url",),
    ),
    Columns(
        "imgur",
        (("album_media",),),
        account=("author",),
        title="subject",
        pictures=("media_url",),
        counts={
            "upvotes": "likes",
            "comments": "comments",
            "views": "views",
            "favourites": "bookmarks",
        },
        address=("post_url",),
    ),
    Columns(
        "9gag",
        (("is_vote_masked",),),
        account=("author",),
        covers=True,
        title="subject",
        links=("source_url",),
        hashtags=("tags",),
        counts={"upvotes": "likes", "comments": "comments"},
    ),
    Columns(
        "parler",
        (("echoes", "impressions"),),
        account=("author",),
        links=("urls",),
        counts={
            "upvotes": "likes",
            "comments": "comments",
            "echoes": "reposts",
            "reposts": "reposts",
            "views": "views",
            "impressions": "views",
        },
        address=("permalink",),
    ),
    Columns(
        "bitchute",
        (("thumbnail_image",),),
        title="subject",
        stills=("thumbnail_image",),
        counts={"likes": "likes", "comments": "comments", "views": "views"},
        not_a_post=("category", "comment", "a comment"),
        coarse=True,
    ),
    Columns(
        "douban",
        (("is_topic_elite",),),
        title="subject",
        counts={"likes": "likes"},
        not_a_post=("thread_id", "*", "a comment"),
        coarse=True,
    ),
    Columns(
        "xiaohongshu",
        (("author_avatar_url",), ("title",)),
        account=("author",),
        covers=True,
        title="title",
        counts={"likes": "likes"},
    ),
    Columns(  # imported from YouTube Data Tools
        "youtube",
        (("channelId",), ("videoId",)),
        account=("channelId",),
        title="videoTitle",
        counts={"viewCount": "views", "likeCount": "likes", "commentCount": "comments"},
        address=(),
    ),
    Columns(
        "twitter",
        (("retweet_count", "is_retweet"),),
        links=("urls",),
        counts={
            "like_count": "likes",
            "reply_count": "replies",
            "retweet_count": "reposts",
            "quote_count": "quotes",
            "impression_count": "views",
        },
        address=("link",),
    ),
)
