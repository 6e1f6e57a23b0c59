"""What tests of the embed stage share."""

from pathlib import Path

import pytest
from making import jpeg, photo, tiny_clip, write_jsonl


@pytest.fixture(scope="session")
def clip_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a tiny CLIP model; skips where its packages are missing."""
    pytest.importorskip("open_clip")
    return tiny_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 posts with 24 pictures, two of them broken, one absent; some captions repeat."""
    folder = tmp_path_factory.mktemp("sources")
    for at in range(24):
        (folder / f"{at}.jpg").write_bytes(jpeg(photo(at, 120, 90)))
    (folder / "3.jpg").write_bytes(b"")
    (folder / "5.jpg").write_bytes((folder / "5.jpg").read_bytes()[:900])
    rows = [
        {
            "platform": ("twitter", "facebook")[at % 2],
            "post_id": str(at),
            "account_id": f"account{at % 7}",
            "posted_at": "2019-08-19T14:03:00Z",
            "text": f"the very same long words about subject {at % 20}" if at % 10 else "",
            "media": [f"{at % 24}.jpg", "absent.jpg"][: 1 + (at == 50)],
        }
        for at in range(60)
    ]
    return write_jsonl(folder / "posts.jsonl", rows)
