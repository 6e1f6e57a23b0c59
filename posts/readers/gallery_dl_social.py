"""Reads gallery-dl's documents of X, Instagram, Bluesky and TikTok."""

from frametrace.posts.model import Post
from frametrace.posts.readers import bluesky as bluesky_posts
from frametrace.posts.readers.shared.account_keys import account_by_handle
from frametrace.posts.readers.shared.post_keys import shortcode_of
from frametrace.posts.readers.shared.x_values import x_text
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
_TIKTOK_COUNT_NAMES = {
    "diggCount": "likes",
    "commentCount": "comments",
    "shareCount": "shares",
    "playCount": "views",
    "collectCount": "bookmarks",
}
_TIKTOK_COUNTS = {
    f"{at}.{column}": name
    for at in ("stats", "statsV2")
    for column, name in _TIKTOK_COUNT_NAMES.items()
}

# Subcategories in which `user` is the account that repeated a post, not its author.
_TIMELINES = frozenset({"timeline", "tweets", "media", "replies", "highlights", "tweet"})


def twitter(row: Row, media: tuple[str, ...]) -> Post:
    """Make a Post; of a repost, `author` wrote the original and `user` reposted it."""
    post_id, original = row.key("tweet_id"), row.reference("retweet_id")
    is_repost = original not in {"", "0", post_id}
    handle = row.values.get("author.name", "")
    if is_repost and row.values.get("user.id", "") == row.values.get("author.id", ""):
        subcategory = row.values.get("subcategory", "")
        if subcategory not in _TIMELINES:
            raise ValueError(f"a repost found by {subcategory[:40]!r} does not say who repeated it")
    if row.values.get("view_count") == "0":  # it means unknown
        del row.values["view_count"]
    posted_at, precision = row.time("date")
    text = x_text(row.take("content"))
    return Post(
        platform="twitter",
        post_id=post_id,
        account_id=row.key("user.id" if is_repost else "author.id"),
        account_name=row.take("user.name" if is_repost else "author.name"),
        posted_at=posted_at,
        precision=precision,
        text=text.removeprefix(f"RT @{handle}: ") if is_repost else text,
        media=media,
        hashtags=parse_list(row.take("hashtags")),
        repost_of=original if is_repost else "",
        engagement=row.counts(_X_COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def instagram(row: Row, media: tuple[str, ...]) -> Post:
    """Make a Post keyed by its shortcode; each part of a story is a post of its own."""
    is_story = "/stories/" in row.values.get("post_url", "")
    code = row.take("shortcode").strip() if is_story else ""
    handle = row.take("username", "owner.username", "user.username").strip()
    account_id, account_extra = account_by_handle(handle, row.take("owner_id"), "username")
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
        extra=account_extra | row.rest(),
        source=row.source,
        line=row.line,
    )


def bluesky(row: Row, media: tuple[str, ...]) -> Post:
    """Make a Post; older versions keep the post inside `record`."""
    posted_at, precision = row.time(
        "createdAt" if "createdAt" in row.values else "record.createdAt"
    )
    features = bluesky_posts.features_in(row.take("facets", "record.facets"))
    tags = *first_texts(features, "tag"), *parse_list(row.take("hashtags"))
    return Post(
        platform="bluesky",
        post_id=row.key("uri"),
        account_id=row.key("author.did"),
        account_name=row.take("author.handle"),
        posted_at=posted_at,
        precision=precision,
        text=row.take("text", "record.text"),
        media=media,
        links=first_texts(features, "uri"),
        hashtags=distinct(tags),
        engagement=row.counts(bluesky_posts.COUNTS),
        extra=row.rest(),
        source=row.source,
        line=row.line,
    )


def tiktok(row: Row, media: tuple[str, ...]) -> Post:
    """Make a Post of the record in TikTok's web page."""
    posted_at, precision = row.unix("createTime")
    handle, number = row.take("author.uniqueId", "user"), row.take("author.id", "authorId")
    account_id, account_extra = account_by_handle(handle, number, "author.uniqueId")
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
        extra=account_extra | row.rest(),
        source=row.source,
        line=row.line,
    )
