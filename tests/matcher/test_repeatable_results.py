"""The same posts in another order give the same results, to the last bit, also where items tie."""

import hashlib
import shutil
from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from making import cropped, jpeg, make_case, photo, put_codes, screenshot

from frametrace.case.store import Case
from frametrace.matcher.match_case import match_case
from frametrace.matcher.match_settings import MatchSettings
from frametrace.work.executor import InProcess

_SUBJECTS = ("harvest", "football", "weather", "parliament", "railway")
_PLACES = ("Arlington", "Bakersfield", "Cottonwood", "Duluth", "Eugene", "Fairbanks", "Galveston")


def digest(data: str | bytes) -> str:
    return hashlib.sha256(data.encode() if isinstance(data, str) else data).hexdigest()


def tied_case(folder: Path) -> Case:
    """A case in which most choices are between equals.

    All posts have one time. All captions of a subject are equally similar to each other, and every
    second one is as similar to those of the next subject; further captions belong to several
    groups. Two files of each photo have the same pixels; screenshots share the same bars.
    """
    pictures = {}
    for at in range(6, 22):
        pictures[f"{at}d.jpg"] = jpeg(screenshot(photo(at, 400, 300)))
    for at in range(6):
        image = photo(at, 400, 300)
        pictures[f"{at}a.jpg"] = jpeg(image)
        pictures[f"{at}b.jpg"] = jpeg(image) + b"\0"
        pictures[f"{at}c.jpg"] = jpeg(cropped(image, 0.5))
        pictures[f"{at}d.jpg"] = jpeg(screenshot(image))
    files = list(pictures)
    axes = np.eye(64, dtype=np.float32)
    texts: dict[str, np.ndarray] = {}
    for row, subject in enumerate(_SUBJECTS):
        following = axes[(row + 1) % len(_SUBJECTS)]
        for column, place in enumerate(_PLACES):
            own = axes[len(_SUBJECTS) + row * len(_PLACES) + column]
            vector = 2 * axes[row] + own + (column % 2) * 1.5 * following
            texts[f"{subject} {place} reported by eyewitnesses"] = vector / np.linalg.norm(vector)
    rng = np.random.default_rng(0)
    for _ in range(90):
        text = " ".join("".join(rng.choice(list("abdeiklmnorstu"), 7)) for _ in range(6))
        vector = np.concatenate([rng.normal(size=5), np.zeros(59)]).astype(np.float32)
        texts[text] = vector / np.linalg.norm(vector)
    posts = [
        {
            "post_id": f"{at}",
            "account_id": f"a{at % 9}",
            "platform": ("twitter", "facebook")[at % 2],
            "posted_at": "2020-01-01T00:00:00Z",
            "text": text,
            "media": [files[at % len(files)]] if at % 3 else [],
        }
        for at, text in enumerate([*texts, *list(texts)[::4], *[""] * len(files)])
    ]
    case = make_case(folder, posts, pictures, signals=("pdq", "local", "caption_key"))
    clip = {
        digest(data): axes[at % 6] + axes[6 + at % 5] for at, data in enumerate(pictures.values())
    }
    clip = {item: vector / np.linalg.norm(vector) for item, vector in clip.items()}
    case = put_codes(case, "clip", clip)
    return put_codes(case, "caption", {digest(text): vector for text, vector in texts.items()})


def reordered(case: Case, folder: Path, seed: int, shards: int) -> Case:
    """A copy of the case whose tables have the same rows in another order, in so many shards."""
    shutil.copytree(case.path, folder)
    copy, rng = Case(folder), np.random.default_rng(seed)
    with copy.writer() as writer:
        for name in list(copy.epoch.shards):
            rows, former = copy.read(name), [file.name for file in copy.files(name)]
            for at, part in enumerate(np.array_split(rng.permutation(len(rows)), shards)):
                unit = f"reordered-{name.replace('/', '-')}-{rng.integers(10**9)}"
                writer.put(unit, {name: rows.take(part)}, {name: former} if at == 0 else {})
        writer.commit()
    return Case(folder)


def tables_of(case: Case, settings: MatchSettings) -> dict[str, pa.Table]:
    """Every table of the results."""
    results, _ = match_case(case, settings, executor=InProcess())
    tables = {field.name: getattr(results, field.name) for field in fields(results)}
    return {**tables, "matches": results.matches.table()}


@pytest.mark.parametrize("neighbours", [3, 50])
def test_the_order_of_rows_and_shards_does_not_change_any_table(
    tmp_path: Path, neighbours: int
) -> None:
    case, settings = tied_case(tmp_path / "made"), MatchSettings(neighbours=neighbours)
    copies = [reordered(case, tmp_path / f"{seed}", seed, 1 + seed) for seed in (1, 2)]
    expected = tables_of(case, settings)
    kinds = expected["groups"]["kind"].to_pylist()
    assert set(kinds) == {"photo", "framing", "element"}
    for copy in copies:
        actual = tables_of(copy, settings)
        assert [name for name in expected if not actual[name].equals(expected[name])] == []
