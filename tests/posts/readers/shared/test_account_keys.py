"""An account has one key, whether a tool gives its page, its number or its name."""

import pytest

from frametrace.posts.readers.shared.account_keys import facebook_page, unshared_account


@pytest.mark.parametrize(
    ("tail", "account"),
    [("profile.php?id=7&sk=about", "7"), ("lin.l", "lin.l"), ("profile.php", "profile.php")],
)
def test_a_facebook_account_is_keyed_by_its_number_if_the_link_has_it(
    tail: str, account: str
) -> None:
    assert facebook_page(tail) == account


@pytest.mark.parametrize(
    ("platform", "name", "account"),
    [
        ("reddit", "[deleted]", "[deleted]/1"),
        ("reddit", "deleted", "deleted"),
        ("4chan", "Anonymous", "Anonymous/1"),
        ("8kun", "Anonymous", "Anonymous/1"),
        ("reddit", "Anonymous", "Anonymous"),
        ("9gag", "9GAGGER", "9GAGGER/1"),
        ("telegram", "Deleted Account", "Deleted Account/1"),
    ],
)
def test_a_name_that_many_people_share_is_an_account_per_post(
    platform: str, name: str, account: str
) -> None:
    assert unshared_account(platform, name, "1") == account
