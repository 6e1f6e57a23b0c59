"""Makes posts of a campaign for benchmarks: captions that few wrote and many copied, as JSONL, CSV.

Three posts in ten repeat a caption word for word; which one is Zipf's law: the n-th most popular is
repeated as often as one over n. Of the rest, three in ten are edited copies (captions.py). Accounts
post on two platforms, within two months.
"""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from captions import captions

__all__ = ["posts", "write_csv", "write_jsonl"]

_REPEATED = 0.3  # of the posts
_POSTS_OF_ACCOUNT = 20  # on average
_SECONDS = 60 * 86_400
_START = np.datetime64("2019-07-01T00:00:00")


def posts(count: int, seed: int, media: int = 0) -> Iterator[dict[str, object]]:
    """`count` posts in plain JSONL's fields; the first `media` name a picture of their own."""
    rng = np.random.default_rng([count, seed])
    repeated = round(count * _REPEATED)
    texts, _ = captions(count - repeated, seed)
    share = 1 / np.arange(1, len(texts) + 1)
    popular = rng.permutation(len(texts))[rng.choice(len(texts), repeated, p=share / share.sum())]
    written = rng.permutation(np.append(np.arange(len(texts)), popular))
    account = rng.integers(0, max(count // _POSTS_OF_ACCOUNT, 2), count)
    times = _START + rng.integers(0, _SECONDS, count).astype("timedelta64[s]")
    likes = rng.integers(0, 1_000, count)
    for number in range(count):
        who = int(account[number])
        yield {
            "platform": "x" if who % 2 else "facebook",
            "post_id": f"{10**15 + number}",
            "account_id": f"account-{who}",
            "posted_at": f"{times[number]}Z",
            "text": texts[written[number]],
            "media": [f"pictures/{number:06}.jpg"] if number < media else [],
            "hashtags": ["harbour", f"day{who % 60}"],
            "engagement": {"likes": int(likes[number])},
        }


def write_jsonl(path: Path, count: int, seed: int, media: int = 0) -> None:
    """The posts as plain JSONL."""
    with path.open("w", encoding="utf-8") as file:
        for post in posts(count, seed, media):
            file.write(json.dumps(post, ensure_ascii=False) + "\n")


def write_csv(path: Path, count: int, seed: int, media: int = 0) -> None:
    """The posts as plain CSV: lists and dictionaries as JSON."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer: csv.DictWriter[str] | None = None
        for post in posts(count, seed, media):
            row = {
                name: value if isinstance(value, str) else json.dumps(value)
                for name, value in post.items()
            }
            if writer is None:
                writer = csv.DictWriter(file, list(row))
                writer.writeheader()
            writer.writerow(row)
