"""August 2019 once more, where nobody posts the photo as it was: every copy is edited.

Twelve invented Twitter accounts share a photo, some as a screenshot of an app, under an agency's
watermark, or with a meme's words. On Facebook five accounts, seven pages and three groups post it
cropped, mirrored, as a screenshot, a meme, altered, in other words; ninety others (three hundred
by `make test-all`) post screenshots of the same app, other photos of the same agency, the same
words over other photos.
"""

import csv
import json

import pytest
from making import jpeg, photo, write_jsonl
from PIL import Image, ImageDraw, ImageFont, ImageOps

SIGNALS = ("--signal", "pdq", "--signal", "local", "--signal", "caption_key")
PLANTED = {"account": 5, "page": 7, "group": 3}
SAID = "They tore the whole station apart again last night and nobody stopped them"
# Each planted actor says it in words of its own. Once captions are compared across languages, some
# of these can be translations: what is asked for below stays the same.
REWORDED = (
    "Last night nobody stopped them: the station is torn apart, again",
    "Again the entire station was taken apart, and no one stepped in",
    "Nobody stepped in while they wrecked the station one more night",
    "One more night, one more station wrecked, and not a soul to stop it",
    "The station lies in pieces again and no one did a thing",
)
CAMPAIGN = 1  # the seed of the photo
OTHERS = (
    pytest.param(90, id="90 others"),
    pytest.param(300, id="300 others", marks=pytest.mark.slow),
)


def screenshot(image):
    """The picture in an app: bars, icons and names around it."""
    page = Image.new("RGB", (400, 640), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(18)
    draw.rectangle((0, 0, 400, 64), "#1877f2")
    draw.text((16, 20), "Chirp   Home   Search   Alerts", "white", font)
    draw.ellipse((16, 80, 64, 128), "#e4405f")
    draw.text((76, 92), "Harbour Watch · follow", "black", font)
    for at, name in enumerate(("reply", "repeat", "like", "share")):
        draw.rectangle((12 + 96 * at, 556, 28 + 96 * at, 572), outline="black", width=3)
        draw.text((34 + 96 * at, 552), name, "black", font)
    draw.text((16, 600), "Write a comment in public", "gray", font)
    page.paste(image.resize((400, 300)), (0, 150))
    return page


def watermarked(image):
    """An agency's mark, the same on all that it sells."""
    marked, mark = image.convert("RGBA"), Image.new("RGBA", image.size)
    draw, font = ImageDraw.Draw(mark), ImageFont.load_default(30)
    draw.text((image.width // 2 - 130, image.height // 2 - 20), "NORTHERN PRESS", "#ffffffb0", font)
    draw.rectangle((10, image.height - 40, 170, image.height - 10), "#c0202090")
    draw.text((18, image.height - 36), "NP / 2019", "#ffffffd0", ImageFont.load_default(20))
    return Image.alpha_composite(marked, mark).convert("RGB")


def meme(image):
    """A meme's words over and under the picture."""
    words, font = image.copy(), ImageFont.load_default(34)
    draw = ImageDraw.Draw(words)
    for top, text in ((6, "THEY CALL IT PEACE"), (image.height - 46, "LOOK AGAIN")):
        draw.text((20, top), text, "white", font, stroke_width=3, stroke_fill="black")
    return words


def cropped(image):
    width, height = image.size
    return image.crop((width // 6, height // 8, width * 5 // 6, height * 7 // 8))


def altered(image):
    """A part is covered by another picture."""
    changed = image.copy()
    changed.paste(photo(990, 110, 90), (image.width // 2, image.height // 3))
    return cropped(changed)


EDITS = (cropped, ImageOps.mirror, screenshot, meme, altered)
ON_TWITTER = (lambda image: image, screenshot, watermarked, meme)


def shown(seed):
    return photo(seed, 480, 360)


def twitter_posts(folder):
    """The campaign, and others who use the same app, agency and words."""
    for at in range(40):
        planted = at < 12
        edit = ON_TWITTER[at % len(ON_TWITTER)]
        name = f"t{at}.jpg"
        (folder / name).write_bytes(jpeg(edit(shown(CAMPAIGN if planted else 100 + at)), 90 - at))
        yield {
            "platform": "twitter",
            "post_id": str(at),
            "account_id": f"handle-{at}",
            "posted_at": f"2019-08-{10 + at % 5}T10:{at:02d}:30Z",
            "text": f"{SAID}{'!' * (at % 3)}" if planted else f"an everyday remark number {at}",
            "media": [name],
        }


def facebook_posts(folder, others):
    kinds = [kind for kind, count in PLANTED.items() for _ in range(count)]
    for at in range(len(kinds) + others):
        planted = at < len(kinds)
        edits = EDITS if planted else (screenshot, watermarked, meme)
        name = f"f{at}.jpg"
        picture = edits[at % len(edits)](shown(CAMPAIGN if planted else 2_000 + at))
        (folder / name).write_bytes(jpeg(picture, 70 + at % 20))
        kind = kinds[at] if planted else "account"
        yield {
            "platform": "facebook",
            "post_id": str(at),
            "account_id": f"{'planted' if planted else 'other'}-{kind}-{at}",
            "account_kind": kind,
            "posted_at": "2019-08-15T10:00:00Z",
            "text": REWORDED[at % len(REWORDED)] if planted else f"look at this, number {at}",
            "media": [name],
        }


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module", params=OTHERS)
def story(request, tmp_path_factory, command):
    folder = tmp_path_factory.mktemp("edited")
    sources = {}
    for name in ("twitter", "facebook"):
        place = folder / f"{name}_sources"
        place.mkdir()
        posts = twitter_posts(place) if name == "twitter" else facebook_posts(place, request.param)
        sources[name] = write_jsonl(place / "posts.jsonl", posts)
    for arguments in (
        ("run", folder / "twitter", sources["twitter"], "--out", folder / "report", *SIGNALS),
        ("add", folder / "facebook", sources["facebook"]),
        ("embed", folder / "facebook", *SIGNALS),
    ):
        done = command(*arguments)
        assert done.returncode == 0, done.stderr
    groups = [
        row["group_id"]
        for row in rows_of(folder / "report" / "groups.csv")
        if row["kind"] == "photo" and row["post_id"] == "0" and row["relation"] == "copy"
    ]
    (group,) = groups
    accounts = [part for at in range(12) for part in ("--account", f"handle-{at}")]
    for name, chosen in (("group", ["--group", group]), ("accounts", accounts)):
        done = command("tip", "export", folder / "twitter", *chosen, "--out", tip(folder, name))
        assert done.returncode == 0, done.stderr
    return folder


def tip(folder, name):
    return folder / f"{name}.json"


def planted(rows):
    return {row["account_id"] for row in rows if row["account_id"].startswith("planted-")}


@pytest.mark.parametrize("name", ["group", "accounts"])
def test_the_tip_finds_the_planted_accounts_pages_and_groups_and_nobody_else(story, command, name):
    """By the photo's group; or by all that its accounts posted, screenshots and memes included."""
    out = story / f"echoes-of-{name}"
    done = command("tip", "check", story / "facebook", tip(story, name), "--out", out)
    assert done.returncode == 0, done.stderr
    accounts = rows_of(out / "accounts.csv")
    assert sorted(row["account_id"] for row in accounts) == sorted(planted(accounts))
    kinds = [row["account_kind"] for row in accounts]
    assert {kind: kinds.count(kind) for kind in PLANTED} == PLANTED
    by_features = [row for row in rows_of(out / "echoes.csv") if row["signal"] == "local"]
    assert "copy" in {row["relation"] for row in by_features}
    assert any(row["mirrored"] == "true" for row in by_features)


def test_both_cases_matched_find_the_same(story, command):
    report = story / "across"
    done = command("match", story / "twitter", story / "facebook", "--report", report)
    assert done.returncode == 0, done.stderr
    members = [
        row
        for row in rows_of(report / "groups.csv")
        if row["kind"] == "photo" and row["case_name"] == "facebook"
    ]
    assert {row["account_id"] for row in members} == planted(members)
    assert len(planted(members)) == sum(PLANTED.values())


def test_a_watch_lists_each_of_them_once(story, command, tmp_path):
    hits = []
    for _ in range(2):
        done = command(
            *("watch", tmp_path / "case", tip(story, "group")),
            *("--folder", story / "facebook_sources", "--once", "--json"),
        )
        assert done.returncode == 0, done.stderr
        hits += [json.loads(line) for line in done.stdout.splitlines()]
    assert len(hits) == len({hit["id"] for hit in hits}) == sum(PLANTED.values())
    assert {hit["account_id"] for hit in hits} == planted(hits)
