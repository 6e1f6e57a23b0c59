"""The report lists the matches that tie posts to their groups, and others only if asked."""

import csv
import io

import pytest
from making import encoded, jpeg, lettered, make_case, photo
from PIL import Image, ImageEnhance

from frametrace.app.report.explaining_matches import with_explains
from frametrace.app.report.report_tables import TableFormat
from frametrace.app.report.write_report import write_report
from frametrace.matcher.match_case import match_case
from frametrace.matcher.saved_results import load_results
from frametrace.work.executor import InProcess

WORDS = "the council sold the harbour at night and told nobody about the price of the old crane"


def without(*left_out):
    return " ".join(word for at, word in enumerate(WORDS.split()) if at not in left_out)


CAPTIONS = [WORDS, WORDS.upper(), without(0), without(16), without(0, 16), without(3, 9)]


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """Six wordings of a caption, and copies of a photo, some of them with equal hashes."""
    bright = ImageEnhance.Brightness(photo(1)).enhance(1.02)
    pictures = {
        **{f"copy-{q}.jpg": jpeg(photo(1), q) for q in (95, 94, 60, 20)},
        "bright.jpg": jpeg(bright),
        "small.jpg": jpeg(photo(1).resize((320, 240))),
        "crop.jpg": jpeg(photo(1).crop((100, 60, 640, 480))),
        "other.jpg": jpeg(photo(2)),
    }
    for name in ("copy-20.jpg", "bright.jpg", "small.jpg"):
        with Image.open(io.BytesIO(pictures[name])) as image:
            pictures[f"{name}.png"] = encoded(image, "PNG")
    posts = [*({"text": text} for text in CAPTIONS), *({"media": [name]} for name in pictures)]
    signals = ("pdq", "caption_key", "local", "thumbnail")
    case = make_case(tmp_path_factory.mktemp("copies"), posts, pictures, signals=signals)
    match_case(case)
    return case


@pytest.fixture(scope="module")
def memes(tmp_path_factory):
    """A text that is a caption of some posts, and stands in the pictures of others."""
    pytest.importorskip("rapidocr")
    line = "Who pays for the burned down station"
    pictures = {
        f"{at}.jpg": jpeg(lettered(photo(at), text, 24))
        for at, text in enumerate((line, f"{line} now", f"And {line}"), 30)
    }
    posts = [*({"media": [name]} for name in pictures), {"text": f"{line}, friends?"}]
    signals = ("pdq", "overlay", "caption_key")
    case = make_case(tmp_path_factory.mktemp("memes"), posts, pictures, signals=signals)
    match_case(case)
    return case


def rows_of(case, table):
    return case.read(table).to_pylist() if case.epoch.rows(table) else []


class Rule:
    """Which matches explain a membership, worked out row by row."""

    def __init__(self, case, members):
        self.code = {row["sha256"]: row["code"] for row in rows_of(case, "signals/pdq")}
        keys = rows_of(case, "signals/caption_key")
        self._shared = {row["sha256"]: row["key"] for row in keys if row["key"]}
        self._shared |= {
            m["media_sha256"]: m["medoid_sha256"]
            for m in members
            if (m["kind"], m["relation"]) == ("photo", "copy")
        }
        texts = {row["sha256"]: row["text_sha256"] for row in rows_of(case, "signals/overlay")}
        self._carried = {}
        for post in rows_of(case, "posts"):
            self._carried[post["platform"], post["post_id"]] = {post["caption_sha256"]}
        for row in rows_of(case, "post_media"):
            items = {row["sha256"], texts.get(row["sha256"])}
            self._carried[row["platform"], row["post_id"]] |= items
        self._members = members

    def ties(self, member, match):
        """Whether a match is what ties a member to its group."""
        ends = match["sha256_a"], match["sha256_b"]
        if (member["kind"] == "framing") != (match["relation"] == "similar"):
            return False
        if member["kind"] != "framing":
            tie = member["media_sha256"], member["via_sha256"] or member["medoid_sha256"]
            return tie in (ends, ends[::-1])
        if member["via_post_id"] is None:
            return False
        own, via = self.items(member), self.items(member, "via_")
        a, b = (self._shared.get(digest, digest) for digest in ends)
        return (a in own and b in via) or (b in own and a in via)

    def items(self, member, prefix=""):
        carried = self._carried[member[f"{prefix}platform"], member[f"{prefix}post_id"]]
        return {self._shared.get(digest, digest) for digest in carried - {None}}

    def explains(self, match):
        codes = {self.code.get(match[f"sha256_{side}"], side) for side in "ab"}
        return len(codes) == 1 or any(self.ties(member, match) for member in self._members)

    def is_explained(self, member, matches):
        """Whether matches, or what is the same on both sides, lead from a member to its tie."""
        if member["kind"] == "framing":
            if member["via_post_id"] is None or self.items(member) & self.items(member, "via_"):
                return True
            return any(self.ties(member, match) for match in matches)
        reached = {member["media_sha256"]}
        pairs = [(m["sha256_a"], m["sha256_b"]) for m in matches if m["relation"] != "similar"]
        for _ in range(3):  # the first with its hash, the first with the other's hash, the other
            reached |= {b for pair in pairs for a, b in (pair, pair[::-1]) if a in reached}
        return (member["via_sha256"] or member["medoid_sha256"]) in reached


@pytest.mark.parametrize("name", ["case", "memes", "small_case"])
def test_the_matches_that_explain_are_those_that_tie_a_member(name, request):
    case = request.getfixturevalue(name)
    results, _ = load_results(case)
    members = results.members.to_pylist()
    rule = Rule(case, members)
    matches = [row for batch in with_explains(case, results) for row in batch.to_pylist()]
    assert matches
    for match in matches:
        assert match["explains"] == rule.explains(match)
    explaining = [match for match in matches if match["explains"]]
    assert all(rule.is_explained(member, explaining) for member in members)
    by_hash = [member for member in members if member["signal"] == "pdq"]
    untied = [m for m in by_hash if not any(rule.ties(m, match) for match in matches)]
    assert bool(untied) == (name != "memes")  # some are explained through the first with their hash


def listed(case, out, **choices):
    write_report(case, out, TableFormat(**choices), executor=InProcess())
    with (out / "matches.csv").open(encoding="utf-8", newline="") as file:
        return [tuple(row.values()) for row in csv.DictReader(file)]


def test_matches_that_tie_no_post_are_listed_only_if_asked_for(case, tmp_path):
    results, _ = load_results(case)
    explaining = sum(batch["explains"].true_count for batch in with_explains(case, results))
    some, all_of_them = listed(case, tmp_path), listed(case, tmp_path, all_matches=True)
    assert 0 < explaining == len(some) < len(all_of_them) == results.matches.num_rows
    kept = set(some)
    assert some == [row for row in all_of_them if row in kept]
