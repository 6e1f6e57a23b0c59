"""One invented post of each platform, as every tool that exports that platform writes it.

`fixtures/one-post.json` holds its text and, for each platform, the keys that readers give it;
`fixtures/<format>/one-post/<platform>/` holds the files that the format's tool writes for it.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from sampling import FIXTURES

__all__ = ["EXPORTS", "KEYS", "TEXT", "Export", "copied"]


@dataclass(frozen=True)
class Export:
    """The files that one tool writes for the post of a platform."""

    reader: str
    platform: str
    folder: Path

    @property
    def id(self) -> str:
        return f"{self.reader}/{self.folder.name}"


_POST = json.loads((FIXTURES / "one-post.json").read_text("utf-8"))
TEXT: str = _POST["text"]

# (post, account) by platform, as readers spell them.
KEYS: dict[str, tuple[str, str]] = {
    platform: (keys["post_id"], keys["account_id"]) for platform, keys in _POST["posts"].items()
}

# A second layout of the same tool and platform is in `<platform>-2`.
EXPORTS = tuple(
    Export(folder.parents[1].name, folder.name.partition("-")[0], folder)
    for folder in sorted(FIXTURES.glob("*/one-post/*/"))
)


def copied(export: Export, folder: Path, text: str = TEXT) -> Path:
    """Copy an export into a folder, with another text if one is given; returns the folder."""
    for path in export.folder.iterdir():
        content = path.read_text("utf-8").replace(TEXT, text)
        (folder / path.name).write_text(content, "utf-8", newline="")
    return folder
