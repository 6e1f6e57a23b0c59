"""Posts made by column maps: keys like those of readers, and lists in all spellings."""

from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mapping import Posting, Reading, post_mapped, read_mapped
from sampling import is_sound

from frametrace.posts.columns.column_map import FIELDS, map_from_options
from frametrace.posts.columns.mapped_rows import files_listed, links_listed, tags_listed
from frametrace.posts.model import Post, Skipped
from frametrace.posts.open_source import open_source
from frametrace.posts.read_settings import ReadSettings

X = "1163000000000000041"


@pytest.fixture
def read(tmp_path: Path) -> Reading:
    return partial(read_mapped, tmp_path)


@pytest.fixture
def post(tmp_path: Path) -> Posting:
    return partial(post_mapped, tmp_path)


# One post, one key


@pytest.mark.parametrize(
    ("platform", "post_id", "key"),
    [
        ("", f"https://twitter.com/#!/lin/status/{X}", ("twitter", X)),
        ("", f"https://mobile.x.com/i/web/status/{X}?s=20", ("twitter", X)),
        ("Twitter", X, ("twitter", X)),
        ("", "https://www.facebook.com/1002/posts/5006", ("facebook", "5006")),
        ("", "https://m.facebook.com/story.php?story_fbid=5006&id=1002", ("facebook", "5006")),
        ("", "https://www.facebook.com/lin/photos/a.1/5006/?type=3", ("facebook", "5006")),
        ("", "https://www.facebook.com/groups/9/permalink/5006/", ("facebook", "5006")),
        ("fb", "546349135390552_1116689038356556", ("facebook", "1116689038356556")),
        ("fb", "20190819_1", ("facebook", "20190819_1")),
        ("", "https://www.facebook.com/groups/9/?multi_permalinks=5006", ("facebook", "5006")),
        ("", "https://www.facebook.com/lin/videos/words-here/5006/", ("facebook", "5006")),
        ("", "https://www.facebook.com/reel/5006", ("facebook", "5006")),
        ("", "https://www.facebook.com/1002_5006", ("facebook", "5006")),
        ("", "https://fb.com/lin/posts/pfbid0aB", ("facebook", "pfbid0aB")),
        ("", "https://www.facebook.com/ads/library/?id=5006", ("facebook", "5006")),
        ("", "https://www.facebook.com/ads/archive/render_ad/?id=5006", ("facebook", "5006")),
        ("", "https://www.instagram.com/lin/reel/BrGHMHIF8Kz/", ("instagram", "BrGHMHIF8Kz")),
        ("IG", "1929261108986102451_77", ("instagram", "BrGHMHIF8Kz")),
        ("IG", "20190819_1", ("instagram", "20190819_1")),
        ("IG", "20190819140322123_1", ("instagram", "20190819140322123_1")),
        ("IG", "7", ("instagram", "7")),
        ("", "https://www.threads.net/@lin/post/C1_a-b?x=1", ("threads", "C1_a-b")),
        ("", "https://www.tiktok.com/@Lin.L/video/6720", ("tiktok", "6720")),
        ("", "https://t.me/s/Harbour_News/5", ("telegram", "harbour_news/5")),
        ("", "https://t.me/c/1001/77/5", ("telegram", "1001/5")),
        ("", "https://telegram.me/Harbour_News/5", ("telegram", "harbour_news/5")),
        ("", "https://youtu.be/aB1-cD2_eF3?t=5", ("youtube", "aB1-cD2_eF3")),
        ("", "https://www.youtube.com/shorts/aB1-cD2_eF3", ("youtube", "aB1-cD2_eF3")),
        ("", "https://www.reddit.com/r/x/comments/1Ab2c/words/", ("reddit", "1ab2c")),
        ("", "https://www.reddit.com/r/x/comments/1ab2c/words/k9z/", ("reddit", "k9z")),
        ("", "https://redd.it/1ab2c", ("reddit", "1ab2c")),
        ("Reddit", "t3_1ab2c", ("reddit", "1ab2c")),
        ("", "https://vk.com/feed?w=wall-100_11", ("vk", "-100_11")),
        ("VKontakte", "wall-100_11", ("vk", "-100_11")),
        ("", "https://weibo.com/1669800001/I3nvent3d", ("weibo", None)),
        ("", "https://m.weibo.cn/detail/4406000000000001", ("weibo", "4406000000000001")),
        (
            "",
            "https://bsky.app/profile/did:plc:a1/post/3k2",
            ("bluesky", "at://did:plc:a1/app.bsky.feed.post/3k2"),
        ),
        ("", "https://boards.4chan.org/pol/thread/100#p105", ("4chan", "pol/105")),
        ("", "https://www.linkedin.com/posts/lin_words-activity-7012-a", ("linkedin", "7012")),
        ("Truth Social", "11", ("truthsocial", "11")),
        ("", "https://truthsocial.com/@lin/posts/11", ("truthsocial", "11")),
        ("", "https://news.example.org/a", ("news.example.org", "https://news.example.org/a")),
        ("", "https://www.facebook.com/", ("facebook", "https://www.facebook.com/")),
        ("", "https://x.com/lin", ("twitter", "https://x.com/lin")),
        ("twitter", "https://t.co/a", ("twitter", "https://t.co/a")),
        ("", "https://[x/1", ("unknown", "https://[x/1")),
        ("", "no link", ("unknown", "no link")),
    ],
)
def test_a_post_has_the_key_that_readers_of_its_platform_give(
    post: Posting, platform: str, post_id: str, key: tuple[str, str | None]
) -> None:
    row = {"p": platform, "id": post_id, "by": "Lin L"}
    found = post(row, "platform=p", "post_id=id", "account_id=by")
    assert found.platform == key[0]
    assert found.post_id == key[1] if key[1] else found.post_id.isdecimal()


@pytest.mark.parametrize(
    "link",
    [
        *("https://www.instagram.com/share/p/BAx1", "https://www.instagram.com/share/reel/BAx1"),
        *("https://www.facebook.com/share/p/BAx1/", "https://www.facebook.com/lin/videos/"),
        *("https://www.facebook.com/media/set/?set=a.101&type=3", "https://fb.watch/a1b2/"),
        *("https://www.facebook.com/people/Lin/1002", "https://www.facebook.com/groups/1002/"),
        "https://www.facebook.com/lin2024",
        "https://www.facebook.com/lin/posts/5006?comment_id=7",
        "https://www.facebook.com/photo.php?fbid=5006&comment_id=7&reply_comment_id=8",
        *("https://t.me/harbour/5?comment=7", "https://vk.com/wall-1_2?reply=3"),
        "https://www.instagram.com/lin/p/BrGHMHIF8Kz/c/17900/",
        "https://www.tiktok.com/@lin/video/6720?share_comment_id=7",
        "https://www.youtube.com/watch?v=aB1-cD2_eF3&lc=Ugx",
        "https://www.youtube.com/attribution",
        "https://www.linkedin.com/feed/update/urn:li:activity:7012?commentUrn=urn%3Ali%3A1",
    ],
)
def test_a_link_to_something_other_than_a_post_is_the_id_and_names_no_account(
    post: Posting, link: str
) -> None:
    found = post({"id": link, "by": "mei"}, "post_id=id", "account_id=by")
    assert (found.post_id, found.account_id) == (link, "mei")


@pytest.mark.parametrize(
    ("by", "name", "reported"),
    [("mei", "", True), ("@Mei", "", True), ("star", "", False), ("Mei L", "Mei L", False)],
)
def test_who_shared_anothers_post_is_kept_and_reported(
    read: Reading, by: str, name: str, reported: bool
) -> None:
    row = {"Link": "https://www.tiktok.com/@star/video/6720", "Poster": by}
    found, *said = read(row, "post_id=Link", "account_id=Poster")
    assert isinstance(found, Post)
    assert (found.account_id, found.account_name) == ("star", name)
    assert found.extra == {"link": row["Link"]} | ({"Poster": by} if reported else {})
    assert [each.kept and "than Poster" in each.reason for each in said] == [True] * reported


@pytest.mark.parametrize(
    ("platform", "by", "account"),
    [
        *(("instagram", "@Lin.L", "lin.l"), ("TikTok", "Lin", "lin"), ("threads", "LIN", "lin")),
        *(("pinterest", "Lin", "lin"), ("x", "@Lin", "lin"), ("x", "919755", "919755")),
        *(("reddit", "u/Lin", "Lin"), ("reddit", "[deleted]", "[deleted]/7")),
        *(("4chan", "Anonymous", "Anonymous/7"), ("facebook", "Lin L.", "Lin L.")),
    ],
)
def test_an_account_is_named_as_readers_of_its_platform_name_it(
    post: Posting, platform: str, by: str, account: str
) -> None:
    found = post({"p": platform, "id": "7", "by": by}, "platform=p", "post_id=id", "account_id=by")
    assert found.account_id == account


def test_a_handle_in_the_link_is_the_account(post: Posting) -> None:
    row = {"id": "https://www.tiktok.com/@Lin.L/video/6720", "by": "6900000000000000001"}
    numbered = post(row, "post_id=id", "account_id=by")
    assert (numbered.account_id, numbered.extra["account_number"]) == ("lin.l", row["by"])
    named = post(row | {"by": "Lin of Hong Kong"}, "post_id=id", "account_id=by")
    assert (named.account_id, named.account_name) == ("lin.l", "Lin of Hong Kong")


@pytest.mark.parametrize("sign", ["@", '=""', "u/", "'"])
def test_a_sign_alone_is_not_account(read: Reading, sign: str) -> None:
    row = {"p": "reddit", "id": "7", "by": sign}
    assert all(map(is_sound, read(row, "platform=p", "post_id=id", "account_id=by")))


def test_the_post_that_is_repeated_has_its_key(post: Posting) -> None:
    pairs = ("platform=p", "post_id=id", "account_id=by", "repost_of=of", "repost_of=of_url")
    row = {"p": "twitter", "id": "7", "by": "lin", "of": "", "of_url": ""}
    assert post(row, *pairs).repost_of == ""
    assert post(row | {"of": "5", "of_url": "https://x.com/a/status/6"}, *pairs).repost_of == "5"
    assert post(row | {"of_url": "https://x.com/a/status/6"}, *pairs).repost_of == "6"
    assert post(row | {"of_url": "@mo"}, *pairs).repost_of == "@mo"


# Other fields


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        *(("Page", "page"), ("facebook_page", "page"), ("Public group", "group")),
        *(("user", "account"), ("CHANNEL", "channel"), ("", "group")),
    ],
)
def test_kinds_of_accounts_are_taken_from_their_last_word(
    post: Posting, written: str, kind: str
) -> None:
    toml = (
        'account_kind = "group"\n[columns]\npost_id = "id"\naccount_id = "by"\naccount_kind = "k"'
    )
    assert post({"id": "7", "by": "lin", "k": written}, toml=toml).account_kind == kind


def test_an_unknown_kind_affects_nothing_else(read: Reading) -> None:
    row = {"id": "7", "by": "lin", "k": "verified"}
    found, reported = read(row, "post_id=id", "account_id=by", "account_kind=k")
    assert isinstance(found, Post)
    assert isinstance(reported, Skipped)
    assert reported.kept
    assert reported.reason.startswith("k 'verified' is not one of account, page, group, channel")


def test_an_id_that_a_spreadsheet_rounded_gives_way_to_the_next(post: Posting) -> None:
    row = {"id": "1.163E+18", "url": f"https://x.com/lin/status/{X}", "by": "lin"}
    found = post(row, "post_id=id", "post_id=url", "account_id=by")
    assert (found.platform, found.post_id) == ("twitter", X)


def test_a_format_of_times_is_used_where_one_is_given(post: Posting) -> None:
    columns = '[columns]\npost_id = "id"\naccount_id = "id"\nposted_at = "at"'
    for form, written, when, precision in (
        ("%d|%m|%Y %H.%M", "05|06|2024 10.00", "2024-06-05 08:00:00+00:00", "minute"),
        ("%Y%j", "2024157", "2024-06-05 00:00:00+00:00", "day"),
        ("%d %b %Y %X %z", "05 Jun 2024 10:00:01 +0800", "2024-06-05 02:00:01+00:00", "second"),
    ):
        toml = f'time_format = "{form}"\ntimezone = "Europe/Berlin"\n{columns}'
        found = post({"id": "7", "at": written}, toml=toml)
        assert (str(found.posted_at), found.precision) == (when, precision)


# Lists


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("https://a.org/1 https://a.org/2", ("https://a.org/1", "https://a.org/2")),
        ("https://a.org/1,2, https://a.org/2;", ("https://a.org/1,2", "https://a.org/2")),
        ("https://a.org/1|https://a.org/2", ("https://a.org/1", "https://a.org/2")),
        (
            "https://a.org/1;https://a.org/2\nb.org/3",
            ("https://a.org/1", "https://a.org/2", "b.org/3"),
        ),
        ("['https://a.org/1', 'https://a.org/2']", ("https://a.org/1", "https://a.org/2")),
        ('[{"expanded_url": "https://a.org/1"}]', ("https://a.org/1",)),
        ("none at all", ()),
        ("", ()),
    ],
)
def test_links_are_read_in_all_spellings(text: str, links: tuple[str, ...]) -> None:
    assert links_listed(text) == links


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("a.jpg, b.png;c.gif", ("a.jpg", "b.png", "c.gif")),
        ("Hamburg, Germany.jpg", ("Hamburg, Germany.jpg",)),
        ("my picture 1.jpg|b.jpg", ("my picture 1.jpg", "b.jpg")),
        (
            "https://a.org/1,2.jpg, https://a.org/2.jpg",
            ("https://a.org/1,2.jpg", "https://a.org/2.jpg"),
        ),
        ("https://a.org/1.jpg https://a.org/2.jpg", ("https://a.org/1.jpg", "https://a.org/2.jpg")),
        ('["a b.jpg", ""]', ("a b.jpg",)),
        ('[{"type": "photo", "url": "https://a.org/1"}]', ("https://a.org/1",)),
        ("0" * 64, ("0" * 64,)),
    ],
)
def test_files_are_read_in_all_spellings(text: str, files: tuple[str, ...]) -> None:
    assert files_listed(text) == files


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("hk 香港", ("hk", "香港")),
        ("#hk, #香港", ("hk", "香港")),
        ("＃hk、#New York", ("hk", "New York")),
        ("#hk #two", ("hk", "two")),
        ("#香港# #hk#", ("香港", "hk")),
        ("New York, hk", ("New York", "hk")),
        ("['hk', 'b']", ("hk", "b")),
        ("hk|b", ("hk", "b")),
        ("#", ()),
    ],
)
def test_hashtags_are_read_in_all_spellings(text: str, tags: tuple[str, ...]) -> None:
    assert tags_listed(text) == tags


@pytest.mark.parametrize("sign", [" ", "\t", ",", ", ", "|", "#", "\n", "[", "https://", "a.jpg,"])
def test_long_lists_take_no_longer_than_others(sign: str) -> None:
    for listed in (links_listed, files_listed, tags_listed):
        listed(sign * (2**20 // len(sign)))


# Whatever cells hold


_CELLS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    (
        *(
            "[",
            "['",
            '[{"url": 1}]',
            "https://[",
            "https://x.com/?v=%00",
            "@",
            "u/",
            "wall",
            "\u202e",
        ),
        *(
            "https://www.facebook.com/?fbid=",
            "https://t.me/a/1",
            "http://" + "a" * 3000,
            "1e999",
            "٣",
        ),
        *(
            "https://www.tiktok.com/@/video/1",
            "2024-02-30",
            "1.163E+18",
            "t3_",
            '=""',
            "'",
            "\ufeff",
        ),
        *(
            "X",
            "reddit",
            "tiktok",
            "facebook",
            "bluesky",
            "weibo",
            "page",
            "1,2",
            "#",
            "＃",
            "\n",
            " ",
        ),
    )
)


@pytest.mark.parametrize(
    ("day", "clock", "utc"),
    [
        ("05.03.2024", "14:30", "2024-03-05 13:30:00+00:00"),
        ("2024-03-05T00:00:00", "14:30:05", "2024-03-05 13:30:05+00:00"),
        ("17/03/2024", "2:30 PM", "2024-03-17 13:30:00+00:00"),
        ("2024-03-05", "14:30 UTC", "2024-03-05 14:30:00+00:00"),
        ("2024-03-05", "", "2024-03-05 00:00:00+00:00"),
    ],
)
def test_a_day_and_its_time_of_day_may_have_a_column_each(
    day: str, clock: str, utc: str, post: Posting
) -> None:
    row = {"id": "1", "who": "lin", "Datum": day, "Uhrzeit": clock}
    found = post(
        row,
        toml='timezone = "Europe/Berlin"\n[columns]\npost_id = "id"\naccount_id = "who"\n'
        'posted_at = "Datum"\nposted_at_time = "Uhrzeit"\n',
    )
    assert (str(found.posted_at), found.extra) == (utc, {})


@pytest.mark.parametrize(("ids", "notes"), [((1, 2, 3), 1), ((1, 3, 2), 0), ((1,), 0)])
def test_ids_that_number_the_rows_are_reported(
    ids: tuple[int, ...], notes: int, tmp_path: Path
) -> None:
    table = tmp_path / "t.csv"
    table.write_text("no,who\n" + "".join(f"{each},lin\n" for each in ids))
    columns = map_from_options(("post_id=no", "account_id=who"))
    entries = list(open_source(table, ReadSettings(columns=(columns,))).entries())
    reported = [entry for entry in entries if isinstance(entry, Skipped)]
    assert len(reported) == notes
    assert all(entry.kept and "counts from 1" in entry.reason for entry in reported)


@pytest.mark.parametrize(
    ("day", "clock", "reason"),
    [
        ("2024-03-05", "noon", "'noon' is not a time of day such as 14:03"),
        ("2024-03-05 10:00", "14:30", "'14:30' is an extra time of day: Datum has one already"),
    ],
)
def test_a_time_of_day_that_can_not_be_used_stays_with_the_post_and_is_reported(
    day: str, clock: str, reason: str, read: Reading
) -> None:
    row = {"id": "1", "who": "lin", "Datum": day, "Uhrzeit": clock}
    pairs = ("post_id=id", "account_id=who", "posted_at=Datum", "posted_at_time=Uhrzeit")
    found, reported = read(row, *pairs)
    assert isinstance(found, Post)
    assert isinstance(reported, Skipped)
    assert (str(found.posted_at)[:10], found.extra) == ("2024-03-05", {"Uhrzeit": clock})
    assert reported.reason.startswith(reason)


_FIELDS = (*FIELDS, "engagement.likes")


@given(st.fixed_dictionaries(dict.fromkeys(_FIELDS, _CELLS)))
def test_each_row_is_a_sound_post_or_is_reported(
    tmp_path_factory: pytest.TempPathFactory, row: dict[str, str]
) -> None:
    pairs = [f"{name}={name}" for name in _FIELDS]
    entries = read_mapped(tmp_path_factory.getbasetemp(), row, *pairs)
    assert all(map(is_sound, entries))
    assert {entry.line for entry in entries} == {2} or not any(row.values())
