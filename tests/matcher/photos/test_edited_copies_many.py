"""Photos with very many edited copies."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from making import jpeg, make_case, photo
from PIL import Image

from frametrace.case.store import Case
from frametrace.embed.embed_settings import EmbedSettings
from frametrace.embed.stage import embed
from frametrace.matcher.pictures.verified_pair_store import ComparedStore
from frametrace.matcher.saved_results import Results
from frametrace.work.executor import InProcess

Match = Callable[..., Results]

COPIES = 30


def crop(number: int) -> Image.Image:
    """70 % of one photo, another part for each number."""
    whole = photo(1, 640, 480)
    rng = np.random.default_rng(number)
    left, top = int(rng.integers(0, 192)), int(rng.integers(0, 144))
    return whole.crop((left, top, left + 448, top + 336))


def test_of_very_many_copies_all_are_tied_without_comparing_all_pairs(
    tmp_path: Path, matched: Match
) -> None:
    media = {f"{at}.jpg": jpeg(crop(at), 80) for at in range(COPIES)}
    posts = [{"post_id": name, "media": [name]} for name in media]
    case = make_case(tmp_path, posts, media, signals=())
    embed(case, EmbedSettings(signals=("pdq", "local")), executor=InProcess())
    results = matched(Case(case.path))
    photos = [row for row in results.groups.to_pylist() if row["kind"] == "photo"]
    assert photos[0]["posts"] == COPIES
    (folder,) = (case.path / "verified").glob("local-*")
    assert len(ComparedStore(folder).compared()) < COPIES * (COPIES - 1) / 2
