"""Posts as somebody would write them who wants to break whoever looks at them."""

from pathlib import Path

from making import jpeg, photo, write_jsonl

from frametrace.embed.embed_settings import EmbedSettings

__all__ = ["HASHES", "HOSTILE", "write_posts"]

HOSTILE = (
    '<script>alert("x")</script><img src=x onerror=alert(1)>',
    "</style></script><svg onload=alert(1)> {{ 7 * 7 }} {% raw %}",
    "\u202egnp.exe \u0000\u0007 \x1b[31mred 'quoted' \"double\" & ; ]]>",
    '=HYPERLINK("http://evil.example","click")',
)

HASHES = EmbedSettings(signals=("pdq", "phash", "caption_key"))


def write_posts(folder: Path) -> Path:
    """Sixteen posts of two platforms; three photos are reused in several versions."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for at in range(12):
        image, name = photo(at % 3), f"picture{at}.jpg"
        image = image if at % 2 else image.resize((480, 360))
        (folder / name).write_bytes(jpeg(image, quality=60 + at))
        rows.append(
            {
                "platform": "twitter" if at % 2 else "facebook",
                "post_id": f"={at}",
                "account_id": f"-{at % 4}",
                "account_kind": "account" if at % 2 else "page",
                "account_name": "@name\x01 <b>" if at == 0 else None,
                "posted_at": f"2019-08-{10 + at}T10:00:00Z",
                "text": HOSTILE[at % 4],
                "media": [name],
            }
        )
    for at in range(4):
        rows.append(
            {
                "platform": "facebook",
                "post_id": f"alone{at}",
                "account_id": "somebody",
                "text": "黑衣人昨晚再次破坏地铁站" + "！" * at,
                "media": ["absent.jpg"],
            }
        )
    return write_jsonl(folder / "posts.jsonl", rows)
