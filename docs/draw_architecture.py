"""Draws the folders of the code and their imports into docs/architecture.md.

Run it after moving code: python docs/draw_architecture.py
"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "architecture.md"
LAYERS = ("posts", "work", "case", "embed", "index", "matcher", "app", "api")
BEGIN, END = "<!-- drawn by docs/draw_architecture.py -->\n", "<!-- end of the drawing -->\n"
WIDTH = 30  # columns of a folder's name


def folders() -> list[Path]:
    """Every package, each layer before those that import it, relative to the root."""
    files = [file for layer in LAYERS for file in (ROOT / layer).rglob("__init__.py")]
    packages = [file.parent.relative_to(ROOT) for file in files]
    return sorted(packages, key=lambda path: (LAYERS.index(path.parts[0]), path.parts))


def purpose(folder: Path) -> str:
    """The first sentence of a package's docstring, without its full stop."""
    text = ast.get_docstring(ast.parse((ROOT / folder / "__init__.py").read_text("utf-8"))) or ""
    return text.split("\n\n")[0].replace("\n", " ").rstrip(".")


def imported_layers(layer: str) -> list[str]:
    """The layers that a layer imports from, lowest first."""
    code = "".join(file.read_text("utf-8") for file in (ROOT / layer).rglob("*.py"))
    names = set(re.findall(r"^\s*from frametrace\.(\w+)", code, re.M)) - {layer}
    return [name for name in LAYERS if name in names]


def drawing() -> str:
    """The folders as a text drawing: a box per layer, with the layers that it imports from."""
    lines = []
    for layer in reversed(LAYERS):
        below = ", ".join(imported_layers(layer)) or "no other layer"
        lines.append(f"┌─ {layer}  (imports {below})")
        for folder in (folder for folder in folders() if folder.parts[0] == layer):
            name = "  " * (len(folder.parts) - 1) + folder.parts[-1] + "/"
            lines.append(f"│  {name:<{WIDTH}}{purpose(folder)}")
        lines.append("│")
    return "\n".join(["```text", *lines[:-1], "```", ""])


def page() -> str:
    """The page with a fresh drawing."""
    head, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    return head + BEGIN + drawing() + END + rest.partition(END)[2]


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
