"""Times, file names and bare reposts of Weibo posts."""

from datetime import UTC, datetime

from frametrace.posts.readers.shared.weibo_values import china_time, is_bare_repost, picture_files


def test_a_time_without_a_zone_is_in_chinas() -> None:
    assert china_time("2019-08-19 22:03:22")[0] == datetime(2019, 8, 19, 14, 3, 22, tzinfo=UTC)
    assert china_time("2019-08-19T22:03:22Z")[0] == datetime(2019, 8, 19, 22, 3, 22, tzinfo=UTC)


def test_a_single_picture_has_no_number() -> None:
    assert picture_files("20190819_1", ("https://x.example/a.png",)) == ("20190819_1.png",)
    several = ("https://x.example/a.gif", "https://x.example/b", "https://x.example/c.jpeg")
    wanted = ("20190819_1_1.gif", "20190819_1_2.jpg", "20190819_1_3.jpg")
    assert picture_files("20190819_1", several) == wanted
    assert picture_files("20190819_1", ()) == ()


def test_the_placeholder_of_weibo_is_a_bare_repost() -> None:
    assert is_bare_repost("转发微博")
    assert is_bare_repost(" Repost\n")
    assert not is_bare_repost("转发微博!")
