"""Posts of X, Instagram, Bluesky and TikTok as gallery-dl tells of them."""

from frametrace.posts.model import Post
from frametrace.posts.readers.account_keys import account_of
from frametrace.posts.readers.bluesky_record import features_in
from frametrace.posts.readers.post_keys import shortcode_of
from frametrace.posts.readers.x_text import x_text
from frametrace.posts.rows import Row
from frametrace.posts.values import distinct, first_texts, parse_list, parse_objects

__all__ = ["bluesky", "instagram", "tiktok", "twitter"]

_X_COUNTS = {
    "favorite_count": "likes",
    "reply_count": "replies",
    "retweet_count": "reposts",
    "quote_count": "quotes",
    "bookmark_count": "bookmarks",
    "view_count": "views",
}
_BLUESKY_COUNTS = {
    "likeCount": "likes",
    "replyCount": "replies",
    "repostCount": "reposts",
    "quoteCount": "quotes",
    "bookmarkCount": "bookmarks",
}
_TIKTOK_CALLED = {
    "diggCount": "likes",
    "commentCount": "comments",
    "shareCount": "shares",
    "playCount": "views",
    "collectCount": "bookmarks",
}
_TIKTOK_COUNTS = {f"{at}.{n}": c for at in ("stats", "statsV2") for n, c in _TIKTOK_CALLED.items()}

# Where `user` is who repeated a post, and not who wrote it.
_TIMELINES = frozenset({"timeline", "tweets", "media", "replies", "highlights", "tweet"})


def twitter(row: Row, media: tuple[str, ...]) -> Post:
    """Make a Post; a repost has the original's author, and the timeline's owner as its user."""
    post_id, original = row.key("tweet_id"), row.reference("retweet_id")
    repeats = original not in {"", "0", post_id}
    handle = row.values.get("author.name", "")
    if repeats and row.values.get("user.id", "") == row.values.get("author.id", ""):
        where = row.values.get("subcategory", "")
        if where not in _TIMELINES:
            raise ValueError(f"who repeated the post is not told where it was found ({where[:40]})")
    if row.values.get("view_count") == "0":  # which it writes where it doesn't know
        del row.values["view_count"]
    posted_at, precision = row.time("date")
    text = x_text(row.take("content"))
    return Post(
        platform="twitter",
        post_id=post_id,
        account_id=row.key("user.id" if repeats else "author.id"),
        account_name=row.take("user.name" if repeats else "author.name"),
        posted_at=posted_at,
        precision=precision,
        text=text.removeprefix(f"RT @{handle}: ") if repeats else text,
        media=media,
        hashtags=parse_list(row.take("hashtags")),
        repost_of=original if repeats else "",
        engagement=row.counts(_X_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def instagram(row: Row, media: tuple[str, ...]) -> Post:
    """Make a Post named by its code; each part of a story is one of its own."""
    is_story = "/stories/" in row.values.get("post_url", "")
    code = row.take("shortcode").strip() if is_story else ""
    handle = row.take("username", "owner.username", "user.username").strip()
    account_id, kept = account_of(handle, row.take("owner_id"), "username")
    posted_at, precision = row.time("date" if is_story else "post_date")
    if posted_at is None:
        posted_at, precision = row.time("date")
    return Post(
        platform="instagram",
        post_id=code or row.take("post_shortcode").strip() or shortcode_of(row.key("post_id")),
        account_id=account_id,
        account_name=handle,
        posted_at=posted_at,
        precision=precision,
        text=row.take("description"),
        media=media,
        hashtags=tuple(tag.lstrip("#") for tag in parse_list(row.take("tags"))),
        engagement=row.counts({"likes": "likes"}),
        extra=kept | row.rest(),
        source=row.source,
        line=row.line,
    )


def bluesky(row: Row, media: tuple[str, ...]) -> Post:
    """Make a Post; older versions leave what was posted in a record of its own."""
    posted_at, precision = row.time(
        "createdAt" if "createdAt" in row.values else "record.createdAt"
    )
    marked = features_in(row.take("facets", "record.facets"))
    tags = *first_texts(marked, "tag"), *parse_list(row.take("hashtags"))
    return Post(
        platform="bluesky",
        post_id=row.key("uri"),
        account_id=row.key("author.did"),
        account_name=row.take("author.handle"),
        posted_at=posted_at,
        precision=precision,
        text=row.take("text", "record.text"),
        media=media,
        links=first_texts(marked, "uri"),
        hashtags=distinct(tags),
        engagement=row.counts(_BLUESKY_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def tiktok(row: Row, media: tuple[str, ...]) -> Post:
    """Make a Post of the record of TikTok's web page."""
    posted_at, precision = row.unix("createTime")
    handle, number = row.take("author.uniqueId", "user"), row.take("author.id", "authorId")
    account_id, kept = account_of(handle, number, "author.uniqueId")
    return Post(
        platform="tiktok",
        post_id=row.key("id"),
        account_id=account_id,
        account_name=handle.strip() or row.take("author.nickname"),
        posted_at=posted_at,
        precision=precision,
        text=row.take("desc"),
        media=media,
        hashtags=first_texts(parse_objects(row.take("textExtra")), "hashtagName"),
        engagement=row.counts(_TIKTOK_COUNTS),
        extra=kept | row.rest(),
        source=row.source,
        line=row.line,
    )
