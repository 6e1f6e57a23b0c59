"""Real exports read with no row lost; everything is counted a second time without our reader."""

import csv
import io
import json
import zipfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from frametrace.posts.media.identify_picture import identify
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.model import Account, MediaFile, Post, Precision
from frametrace.posts.open_source import detect, read_source
from frametrace.posts.sources.containers import Folder, SourceLocation


def test_the_thailand_archive_is_read_whole(shared: Path) -> None:
    path = shared / "io_archive" / "thailand_092020_tweets_csv_hashed.zip"
    with zipfile.ZipFile(path) as archive:
        (member,) = archive.namelist()
        text = archive.read(member).decode("utf-8")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert detect(path) == "x-archive"
    posts = list(read_source(path))
    assert (len(posts), len(rows)) == (21_385, 21_385)
    for post, row in zip(posts, rows, strict=True):
        assert isinstance(post, Post)
        assert (post.post_id, post.account_id) == (row["tweetid"], row["userid"])
        written = post.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        assert written == row["tweet_text"]
        assert post.posted_at == datetime.fromisoformat(row["tweet_time"]).replace(tzinfo=UTC)
        assert post.precision is Precision.MINUTE
        assert post.repost_of == row["retweet_tweetid"]
        assert post.engagement["likes"] == int(row["like_count"])
        assert len(post.links) == row["urls"].count("'") // 2
    assert len({post.account_id for post in posts if isinstance(post, Post)}) == 455
    assert len({row["tweetid"] for row in rows}) == 21_385


def test_the_hong_kong_accounts_are_read_whole(shared: Path) -> None:
    path = shared / "io_archive" / "china_082019_1_users_csv_hashed.csv"
    with path.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert detect(path) == "x-archive-users"
    accounts = [entry for entry in read_source(path) if isinstance(entry, Account)]
    assert (len(accounts), len(rows)) == (744, 744)
    assert [account.account_id for account in accounts] == [row["userid"] for row in rows]
    assert [
        account.created_at and account.created_at.date().isoformat() for account in accounts
    ] == [row["account_creation_date"] for row in rows]
    assert sum(not account.account_id.endswith("=") for account in accounts) == 490


def test_the_real_edits_are_read_with_all_their_pictures(shared: Path) -> None:
    path = shared / "real_edits" / "posts.jsonl"
    records = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    posts = [entry for entry in read_source(path) if isinstance(entry, Post)]
    assert (len(posts), len(records)) == (1_085, 1_085)
    assert [(post.platform, post.post_id, post.text) for post in posts] == [
        (record["platform"], record["post_id"], record["text"]) for record in records
    ]
    assert Counter(post.platform for post in posts) == Counter(r["platform"] for r in records)
    library = MediaLibrary([])
    found = [list(library.find(post, SourceLocation(Folder(path.parent)))) for post in posts]
    named = [record["media"] for record in records]
    assert [[getattr(file, "path", None) for file in files] for files in found] == named
    files = {file for files in found for file in files if isinstance(file, MediaFile)}
    assert len(files) == len({name for names in named for name in names}) == 54
    assert all(identify(file, 10**7).size for file in files)


def test_the_pictures_alone_are_a_folder_of_posts(shared: Path) -> None:
    folder = shared / "real_edits" / "images"
    posts = [entry for entry in read_source(folder) if isinstance(entry, Post)]
    assert len(posts) == 85
    assert [post.post_id for post in posts] == sorted(
        f"images/{path.name}" for path in folder.iterdir()
    )
    assert {post.account_id for post in posts} == {"images"}
