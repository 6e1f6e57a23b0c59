"""Does what the documentation says can be done, exactly as written there."""

import json
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import pytest

from frametrace.app.cli import COMMANDS, main
from frametrace.app.commands.tip import command as tip
from frametrace.embed.signals import SIGNALS

TIP_COMMANDS = tuple(tip.commands)
ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page, language):
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text("utf-8"), re.M | re.S)


def console_lines(page):
    lines = [line for block in blocks(page, "console") for line in block.splitlines()]
    return [line.removeprefix("$ ").split("#")[0].strip() for line in lines if line[:2] == "$ "]


@pytest.fixture(scope="module")
def place(tmp_path_factory, command):
    """A folder in which `make demo` was called."""
    folder = tmp_path_factory.mktemp("docs")
    result = command("demo", "demo", cwd=folder)
    assert result.returncode == 0, result.stderr
    return folder


def test_every_command_in_the_readme_and_three_pages_does_what_it_says(place, monkeypatch, capsys):
    """In this process: what 50 processes would import again and again is imported once."""
    monkeypatch.chdir(place)
    done = set()
    named = ("tips.md", "framings.md", "formats.md")
    pages = (ROOT / "README.md", *(ROOT / "docs" / name for name in named))
    for line in (line for page in pages for line in console_lines(page)):
        name, *arguments = shlex.split(line)
        if name == "frametrace":
            monkeypatch.setattr(sys, "argv", [name, *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
            printed = capsys.readouterr()
            assert not ended.value.code, (line, printed.err)
            assert "nothing was found" not in printed.out, line
            done.add(arguments[0])
    assert done == set(COMMANDS) - {"demo"}


@pytest.mark.parametrize("page", ["README.md", "docs/library.md"])
def test_the_python_of_a_page_runs_from_top_to_bottom(place, page):
    code = "\n".join(blocks(ROOT / page, "python"))
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=place, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert "photo groups" in result.stdout


def test_the_notebook_runs_from_top_to_bottom(place):
    cells = json.loads((ROOT / "docs" / "tour.ipynb").read_text("utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=place, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr


def test_the_make_targets_of_the_documentation_exist():
    rules = (ROOT / "Makefile").read_text("utf-8")
    named = {
        target
        for page in PAGES
        for target in re.findall(r"(?:`|^\$ )make (\w+)", page.read_text("utf-8"), re.M)
    }
    assert {"demo", "test"} <= named
    assert not [target for target in named if not re.search(rf"^{target}:", rules, re.M)]


def test_every_option_that_the_documentation_names_exists(command):
    helps = {name: command(name, "--help").stdout for name in COMMANDS}
    helps |= {name: command("tip", name, "--help").stdout for name in TIP_COMMANDS}
    for page in PAGES:
        for line in re.findall(r"^\$? ?(frametrace .*)$", page.read_text("utf-8"), re.M):
            _, name, *rest = shlex.split(line.split("#")[0])
            name = rest.pop(0) if name == "tip" else name
            if name in helps:
                options = [word for word in rest if word.startswith("--")]
                assert not [o for o in options if f"{o} " not in helps[name]], line


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), (page.name, target)


def test_every_signal_and_its_thresholds_are_described():
    text = (ROOT / "docs" / "signals.md").read_text("utf-8")
    assert set(re.findall(r"^## (\w+)$", text, re.M)) == set(SIGNALS)


def test_the_changelog_is_about_this_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert newest[1] == project["version"] == version("frametrace")


def test_the_wheel_holds_every_folder_with_code():
    setuptools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    tops = ("posts", "work", "case", "embed", "index", "matcher", "app")
    folders = [file.parent for top in tops for file in (ROOT / top).rglob("__init__.py")]
    names = {"frametrace." + ".".join(f.relative_to(ROOT).parts) for f in folders} | {"frametrace"}
    assert names == set(setuptools["packages"])


def test_every_dependency_is_pinned_and_none_is_copyleft():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    pins = (ROOT / "constraints.txt").read_text("utf-8").lower().splitlines()
    pinned = {line.split("==")[0].replace("_", "-") for line in pins if "==" in line}
    wanted = [project["dependencies"], *project["optional-dependencies"].values()]
    lines = [line for extra in wanted for line in extra]
    named = {re.split(r"[<>=\[ ]", line)[0].lower().replace("_", "-") for line in lines}
    assert named - {"frametrace"} <= pinned
    assert not {"igraph", "python-igraph", "leidenalg"} & pinned


def test_the_drawing_of_the_architecture_is_fresh_and_every_folder_says_what_it_is_for():
    drawn = runpy.run_path(str(ROOT / "docs" / "draw_architecture.py"))
    assert drawn["page"]() == drawn["PAGE"].read_text("utf-8"), "python docs/draw_architecture.py"
    assert not [folder for folder in drawn["folders"]() if not drawn["purpose"](folder)]


def test_no_two_modules_share_a_name_but_a_command_and_what_it_calls():
    tops = ("posts", "work", "case", "embed", "index", "matcher", "app")
    files = [file.relative_to(ROOT) for top in tops for file in (ROOT / top).rglob("*.py")]
    names = Counter(
        file.name
        for file in files
        if file.name != "__init__.py" and file.parts[:2] != ("app", "commands")
    )
    assert [name for name, count in names.items() if count > 1] == ["base.py"]  # of contracts


def test_every_module_that_the_pages_name_exists():
    for page in PAGES:
        for name in re.findall(r"`([a-z]+/[a-z_/]+\.py)`", page.read_text("utf-8")):
            is_example = "harbour" in name  # the reader that CONTRIBUTING.md adds
            assert is_example or (ROOT / name).is_file(), (page.name, name)
