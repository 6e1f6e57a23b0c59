"""The example reader of CONTRIBUTING.md works with the files that it names and no others."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TESTS = (
    *("conftest.py", "sampling.py", "one_post.py", "formats_page.py"),
    *("posts/test_formats_page.py", "posts/readers/test_readers.py"),
    "posts/readers/test_one_key.py",
)
_BLOCK = re.compile(r"(.*?)^```\w+\n(.*?)^```", re.DOTALL | re.MULTILINE)
_PATH = re.compile(r"`((?:posts|fixtures)/[\w./-]+\.\w+)`")
REGISTRY = "posts/readers/__init__.py"


def _example() -> dict[str, str]:
    """The code blocks by the last path that the text names before each."""
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    section = page.partition("## Add a reader")[2].partition("\n## ")[0]
    return {_PATH.findall(before)[-1]: text for before, text in _BLOCK.findall(section)}


def _run(folder: Path, *arguments: str, code: int = 0) -> str:
    environment = {**os.environ, "PYTHONPATH": str(folder / "tree")}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what readers and their tests need, with the example's files added."""
    folder = tmp_path_factory.mktemp("repository")
    shutil.copytree(ROOT / "posts", folder / "posts", ignore=shutil.ignore_patterns("__pycache__"))
    tree = folder / "tree" / "frametrace"
    tree.mkdir(parents=True)
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    for package, directory in settings["package-dir"].items():
        if package == "frametrace":
            for path in (ROOT / directory).iterdir():
                (tree / path.name).symlink_to(path)
        else:
            root = folder if directory == "posts" else ROOT
            (tree / package.rpartition(".")[2]).symlink_to(root / directory)
    for name in TESTS:
        (folder / "tests" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests" / name, folder / "tests" / name)
    (folder / "fixtures").mkdir()
    for path in (ROOT / "fixtures").iterdir():
        (folder / "fixtures" / path.name).symlink_to(path)
    (folder / "docs").mkdir()
    for name in ("docs/formats.md", "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    files = _example()
    imported, registered = files.pop(REGISTRY).splitlines(keepends=True)
    registry = (folder / REGISTRY).read_text("utf-8")
    registry = registry.replace("    folder,\n", f"    folder,\n{imported}", 1)
    registry = registry.replace("    *plain.READERS,\n", f"{registered}    *plain.READERS,\n", 1)
    (folder / REGISTRY).write_text(registry, "utf-8")
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def test_the_example_touches_its_module_the_registry_and_its_samples() -> None:
    samples = "fixtures/harbour-log"
    assert list(_example()) == [
        "posts/readers/harbour_log.py",
        REGISTRY,
        f"{samples}/posts.csv",
        f"{samples}/posts.expected.json",
        f"{samples}/one-post/twitter/posts.csv",
    ]


def test_the_example_passes_the_contract_tests_once_the_table_is_renewed(
    repository: Path,
) -> None:
    _run(repository, "tests/formats_page.py")
    assert "| `harbour-log` | " in (repository / "docs" / "formats.md").read_text("utf-8")
    chosen = "harbour or every_reader or every_platform or table_in_the_documentation"
    output = _run(repository, "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", "-k", chosen)
    assert " passed" in output
    assert int(re.findall(r"(\d+) passed", output)[0]) > 10


def test_the_example_is_inspected_and_added(repository: Path) -> None:
    source = "fixtures/harbour-log/posts.csv"
    assert "harbour-log" in _run(repository, "-m", "frametrace.app", "inspect", source)
    added = _run(repository, "-m", "frametrace.app", "add", "case", source, code=1)  # drops a row
    assert "2 new posts" in added
