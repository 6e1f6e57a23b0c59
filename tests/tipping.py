"""Tips, and a case that sends some, as tests make them."""

import json
from datetime import UTC, datetime

from making import jpeg, make_case, photo

from frametrace.matcher.match_case import match_case
from frametrace.matcher.tips.canonical_json import digest_of, short_digest
from frametrace.matcher.tips.export import ExportSettings, export_tip
from frametrace.matcher.tips.signed_documents import TIP, write_document
from frametrace.matcher.tips.tip_model import FINGERPRINTS, Head

__all__ = [
    "FULL",
    "HASHES",
    "HEAD",
    "WORDS",
    "document",
    "exported",
    "item",
    "raw",
    "sender_case",
    "write",
]

HEAD = Head(signals={name: {"fingerprint": made} for name, made in FINGERPRINTS.items()})

WORDS = "they broke the whole station again last night and we had enough"
HASHES = ("pdq", "phash", "caption_key")


def item(number=1, **more):
    signals = {"pdq": {"hash": f"{number:064x}", "quality": 100}, "phash": f"{number:016x}"}
    return {"id": f"picture-{short_digest(signals)}", "signals": signals, "counts": [], **more}


FULL = item(
    counts=[{"platform": "x", "kind": "page", "accounts": 1, "posts": 2}],
    accounts=["a" * 64],
    first_seen="2019-08-01T10:00Z",
    last_seen="2019-08-02T10:00Z",
    caption="words",
    label="said",
)


def write(path, items=(FULL,), head=HEAD, key=None):
    write_document(path, TIP, head.to_json(), items, key)
    return path


def raw(path, content):
    """A document with any JSON and a valid digest, as another program would write it."""
    body = {name: value for name, value in content.items() if name not in ("sha256", "signature")}
    path.write_text(json.dumps({**content, "sha256": digest_of(body)}, sort_keys=True), "utf-8")
    return path


def document(**changes):
    return {"frametrace_tip": 1, "head": HEAD.to_json(), "items": [FULL], **changes}


def moment(day, minute=0):
    return datetime(2019, 8, day, 10, minute, 30, tzinfo=UTC)


def sender_case(folder):
    """Photo 1 by three accounts (one of them twice) in two versions, and photo 2 by one of them."""
    pictures = {
        "a.jpg": jpeg(photo(1), 90),
        "b.jpg": jpeg(photo(1).crop((4, 3, 636, 477)), 60),
        "c.jpg": jpeg(photo(2), 80),
        "d.jpg": jpeg(photo(3), 80),
    }
    posts = [
        ("1", "ann", "account", "a.jpg", moment(3), WORDS),
        ("2", "bob", "account", "a.jpg", moment(1, 5), "short"),
        ("3", "club", "group", "b.jpg", None, WORDS + "!"),
        ("4", "ann", "account", "a.jpg", moment(2), ""),
        ("5", "ann", "account", "c.jpg", moment(9), "what else ann has to say to the world"),
        ("6", "zoe", "account", "d.jpg", moment(9), "what zoe alone has to say to the world"),
    ]
    names = ("post_id", "account_id", "account_kind", "media", "posted_at", "text")
    rows = [dict(zip(names, post, strict=True)) for post in posts]
    for row in rows:
        row["media"] = [row["media"]]
        row["posted_at"] = row["posted_at"] and row["posted_at"].isoformat()
    case = make_case(folder, rows, pictures, signals=HASHES)
    results, _ = match_case(case)
    groups = {row["kind"]: row["group_id"] for row in results.groups.to_pylist()}
    return case, groups


def exported(case, out, choice, **settings):
    told = export_tip(case, choice, out, ExportSettings(**settings))
    return told, json.loads(out.read_text("utf-8"))
