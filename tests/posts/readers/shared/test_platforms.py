"""The platform of a link."""

import pytest

from frametrace.posts.readers.shared.platforms import platform_of


@pytest.mark.parametrize(
    "link",
    ["https://www.:iktok.com/@lin/video/1", "https://www./a", "https:///a", "//", "https://["],
)
def test_a_link_without_a_site_has_no_platform(link: str) -> None:
    with pytest.raises(ValueError, match="the link"):
        platform_of(link)


def test_the_platform_of_an_unknown_site_is_the_site() -> None:
    assert platform_of("https://www.example.org/a") == "example.org"
    assert platform_of("https://m.facebook.com/a") == "facebook"
