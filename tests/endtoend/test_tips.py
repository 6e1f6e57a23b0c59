"""August 2019, told through the command line: one platform's tip, another's echoes, the answer.

Twelve invented Twitter accounts share one photo in twelve versions. On Facebook five accounts,
seven pages and three groups post it in versions of their own, among thirty others who post other
pictures, flat ones that look alike to hashes, and everyday words. No picture goes from one to the
other.
"""

import csv
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from making import jpeg, photo, write_jsonl
from PIL import Image

FAST = ("--signal", "pdq", "--signal", "phash", "--signal", "caption_key")
SLOGAN = "他们昨晚又一次破坏了整个地铁站，市民已经忍无可忍"
PLANTED = {"account": 5, "page": 7, "group": 3}
PROGRAM = Path(sys.executable).with_name("frametrace")


def version_of(seed, at):
    """The photo of a seed as its copy number `at` reached somebody: recompressed, resized, cut."""
    image = photo(seed, 400, 300)
    if at % 3 == 1:
        image = image.resize((360 - 4 * at, 270 - 3 * at))
    if at % 3 == 2:
        image = image.crop((2, 1, 398, 298))
    return jpeg(image, 45 + 3 * (at % 15))


def twitter_posts(folder):
    for at in range(20):
        planted = at < 12
        name = f"t{at}.jpg"
        (folder / name).write_bytes(
            version_of(1, at) if planted else jpeg(photo(100 + at, 400, 300))
        )
        yield {
            "platform": "twitter",
            "post_id": str(at),
            "account_id": f"secret-handle-{at}",
            "posted_at": f"2019-08-{10 + at % 5}T10:{at:02d}:30Z",
            "text": f"{SLOGAN}{'！' * (at % 3)}" if planted else f"an everyday remark number {at}",
            "media": [name],
        }


def facebook_posts(folder, first=0):
    planted = [kind for kind, count in PLANTED.items() for _ in range(count)]
    for at in range(45):
        kind = planted[at] if at < 15 else ("account", "page", "group")[at % 3]
        name = f"f{at}.jpg"
        flat = Image.new("RGB", (400, 300), (at, at, 90))
        other = jpeg(flat) if at % 10 == 0 else jpeg(photo(500 + at, 400, 300))
        (folder / name).write_bytes(version_of(1, at + 20) if at < 15 else other)
        yield {
            "platform": "facebook",
            "post_id": str(first + at),
            "account_id": f"{'planted' if at < 15 else 'other'}-{kind}-{at}",
            "account_kind": kind,
            "posted_at": "2019-08-15T10:00:00Z",
            "text": f"look at this city, {at}",
            "media": [name],
        }


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def story(tmp_path_factory, command):
    """Both cases, and the tip that the first sends, signed."""
    folder = tmp_path_factory.mktemp("story")
    sources = {"twitter": twitter_posts, "facebook": facebook_posts}
    for name, posts in sources.items():
        place = folder / f"{name}_sources"
        place.mkdir()
        sources[name] = write_jsonl(place / "posts.jsonl", posts(place))
    for arguments in (
        ("run", folder / "twitter_case", sources["twitter"], "--out", folder / "report", *FAST),
        ("add", folder / "facebook_case", sources["facebook"]),
        ("embed", folder / "facebook_case", *FAST),
    ):
        done = command(*arguments)
        assert done.returncode == 0, done.stderr
    groups = rows_of(folder / "report" / "groups.csv")
    (group,) = {row["group_id"] for row in groups if row["kind"] == "photo"}
    assert command("tip", "keygen", folder / "twitter").returncode == 0
    arguments = ("--group", group, "--out", folder / "tip.json", "--made-by", "Bird & Co")
    done = command("tip", "export", folder / "twitter_case", *arguments, "--sign", key(folder))
    assert done.returncode == 0, done.stderr
    return folder


def key(folder, name="twitter"):
    return folder / f"{name}.pem"


@pytest.fixture(scope="module")
def checked(story, command):
    out = story / "echoes"
    public = story / "twitter.pub.pem"
    done = command(
        "tip", "check", story / "facebook_case", story / "tip.json", "--from", public, "--out", out
    )
    assert done.returncode == 0, done.stderr
    return out, done.stdout


def test_the_tip_names_nobody_and_holds_no_picture_and_no_path(story):
    text = (story / "tip.json").read_text("utf-8")
    assert '"accounts":12,"kind":"account","platform":"twitter"' in text
    for told in ("secret-handle", SLOGAN[:6], ".jpg", str(story), "/"):
        assert told not in text
    assert ((story / "twitter_case" / "tips" / "accounts.key").stat().st_mode & 0o777) == 0o600


def test_the_check_finds_the_planted_accounts_pages_and_groups_and_nobody_else(checked):
    out, said = checked
    accounts = rows_of(out / "accounts.csv")
    assert len(accounts) == 15
    assert all(row["account_id"].startswith("planted-") for row in accounts)
    kinds = [row["account_kind"] for row in accounts]
    assert {kind: kinds.count(kind) for kind in PLANTED} == PLANTED
    assert "15 posts by 5 accounts, 7 pages, 3 groups" in said
    assert "which was named with --from" in said
    for row in rows_of(out / "echoes.csv"):
        assert row["signal"] == "pdq"
        assert int(row["distance"]) <= 31
        assert row["item_id"].startswith("picture-")


def test_every_output_is_marked(checked):
    out, said = checked
    assert "TLP:AMBER" in said
    assert (out / "index.html").read_text("utf-8").count("TLP:AMBER") >= 2
    assert json.loads((out / "check.json").read_text("utf-8"))["tlp"] == "amber"
    for name in ("accounts.csv", "echoes.csv", "items.csv"):
        assert {row["tlp"] for row in rows_of(out / name)} == {"TLP:AMBER"}


def test_a_second_person_gets_the_same_bytes(checked, story, tmp_path, command):
    again = tmp_path / "again"
    done = command(
        *("tip", "check", story / "facebook_case", story / "tip.json"),
        *("--from", story / "twitter.pub.pem", "--out", again),
    )
    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in checked[0].iterdir())
    assert names == ["accounts.csv", "check.json", "echoes.csv", "index.html", "items.csv"]
    for name in names:
        assert (again / name).read_bytes() == (checked[0] / name).read_bytes(), name


def test_the_verdict_goes_back_and_a_contradicting_one_shows_as_disputed(checked, story, command):
    items = [row["item_id"] for row in rows_of(checked[0] / "items.csv")]
    case = story / "twitter_case"

    def answered(name, *answers):
        out = story / f"{name}.json"
        sign = ("--sign", key(story)) if name == "Blue Pages" else ()
        words = ("--out", out, "--made-by", name, *sign, *answers)
        made = command("tip", "verdict", checked[0], *words)
        assert made.returncode == 0, made.stderr
        return out

    first = answered("Blue Pages", "--rest", "confirmed")
    assert "planted" not in first.read_text("utf-8")
    done = command("tip", "import", case, first, "--json")
    opinions = {row["item_id"]: row for row in json.loads(done.stdout)}
    assert set(opinions) == set(items)
    assert {row["state"] for row in opinions.values()} == {"confirmed"}
    assert sum(row["posts"] for row in opinions.values()) == 15
    signals = (case / "CURRENT").read_bytes()
    second = answered("Second Reader", "--reject", items[0], "--unsure", items[1])
    refused = command("tip", "import", case, second, "--json")
    assert refused.returncode == 3
    assert "--accept-unsigned" in refused.stderr
    done = command("tip", "import", case, second, second, "--accept-unsigned", "--json")
    states = {row["item_id"]: row["state"] for row in json.loads(done.stdout)}
    assert states == {**dict.fromkeys(items, "confirmed"), items[0]: "disputed"}
    assert "disputed" in command("tip", "opinions", case).stdout
    assert (case / "CURRENT").read_bytes() == signals


def test_watching_tells_of_each_newcomer_once_even_when_it_was_killed(story, tmp_path, command):
    case = tmp_path / "case"
    old = write_jsonl(tmp_path / "old.jsonl", [{"platform": "facebook", "post_id": "old",
        "account_id": "planted-page-5", "text": "hello to everybody"}])  # fmt: skip
    assert command("add", case, old).returncode == 0
    source = write_jsonl(tmp_path / "new.jsonl", facebook_posts(tmp_path))
    arguments = ("watch", case, story / "tip.json", source, "--json")
    child = subprocess.Popen(
        [PROGRAM, *map(str, arguments)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not list((case / "posts").glob("add-*"))[1:]:  # until the new posts are written
        assert child.poll() is None
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    done = command(*arguments)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["newcomers"]
    assert len(found) == 15
    assert {row["account_id"].split("-")[0] for row in found} == {"planted"}
    assert [row["account_id"] for row in found if row["seen_before"]] == ["planted-page-5"]
    assert all(row["signal"] == "pdq" and row["distance"] <= 31 for row in found)
    again = json.loads(command(*arguments).stdout)
    assert again["newcomers"] == []
    assert again["posts"] == 0
    more = write_jsonl(tmp_path / "more.jsonl", [
        {"platform": "facebook", "post_id": f"m{at}", "account_id": name, "media": ["f3.jpg"]}
        for at, name in enumerate(["planted-account-1", "latecomer", "latecomer"])
    ])  # fmt: skip
    last = command("watch", case, story / "tip.json", more, "--out", tmp_path / "list.csv")
    assert "1 account that newly reuses known material" in last.stdout
    (row,) = rows_of(tmp_path / "list.csv")
    assert (row["account_id"], row["posts"], row["tlp"]) == ("latecomer", "2", "TLP:AMBER")
    later = write_jsonl(tmp_path / "later.jsonl", [
        {"platform": "facebook", "post_id": "l", "account_id": "=last", "media": ["f4.jpg"]}
    ])  # fmt: skip
    for _ in range(2):  # who was told of stays in the list, in which nobody stands twice
        command("watch", case, story / "tip.json", later, "--out", tmp_path / "list.csv")
        rows = rows_of(tmp_path / "list.csv")
        assert [row["account_id"] for row in rows] == ["latecomer", "'=last"]
