"""The HTML of posts as plain text, however broken it is."""

import pytest

from frametrace.posts.readers.shared.html_text import links_in, plain_text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>a</p><p>b<br/>c</p>", "a\nb\nc"),
        ("1 < 2 &amp;&amp; 3 > 2", "1 < 2 && 3 > 2"),
        ("&lt;b&gt; is no tag", "<b> is no tag"),
        ("<p>unclosed <a href=", "unclosed <a href="),
        ("<!-- nothing -->x", "x"),
        ("a&#" + "0" * 5000 + "65;b&#x" + "0" * 5000 + "41;", "a\ufffdbA"),
        ("&#" + "9" * 5000 + ";&#x1F525;&#0;&#55296;", "\ufffd🔥\ufffd\ufffd"),
        ("<a " * 100_000, ("<a " * 100_000).strip()),
    ],
)
def test_tags_are_left_out(html: str, text: str) -> None:
    assert plain_text(html) == text


def test_links_lead_out_and_not_to_accounts_or_hashtags() -> None:
    html = (
        "<a href=\"https://example.org/?a=1&amp;b=2\">x</a> <A HREF='http://example.org/'>y</A>"
        '<a class="u-url mention" href="https://example.org/@lin">@lin</a>'
        '<a href="https://example.org/tags/x" class="mention hashtag">#x</a>'
        '<a href="javascript:alert(1)">z</a><a>nowhere</a><a href="https://example.org/?a=1&b=2">'
    )
    assert links_in(html) == ("https://example.org/?a=1&b=2", "http://example.org/")
