"""A signal needs its own file and one line of registration: everything else follows from those."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from made_up_signal import MirrorHash
from making import jpeg, photo
from PIL import Image, ImageOps

from frametrace.app.cli import frametrace
from frametrace.embed.signals import SIGNALS, signals_table

PAGE = Path(__file__).parents[1] / "docs" / "signals.md"


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(SIGNALS, MirrorHash.name, MirrorHash)


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(frametrace, [str(each) for each in arguments])
    assert result.exception is None, result.output
    return result


def case_of(folder: Path, name: str, pictures: dict[str, Image.Image]) -> Path:
    """A case of posts with one picture each, embedded in two workers."""
    media = folder / f"{name}-media"
    media.mkdir()
    rows = ["platform,post_id,account_id,text,media"]
    for at, (file, image) in enumerate(pictures.items()):
        (media / file).write_bytes(jpeg(image))
        rows.append(f"x,{name}{at},account-{name}{at},,{file}")
    (folder / f"{name}.csv").write_text("\n".join(rows) + "\n")
    case = folder / name
    run("add", case, folder / f"{name}.csv", "--media", media)
    hashes = ("--signal", "pdq", "--signal", MirrorHash.name)
    run("embed", case, *hashes, "--workers", 2)
    return case


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Path]]:
    """Two cases with pictures and their mirror images, which PDQ can't match."""
    tmp_path = tmp_path_factory.mktemp("cases")
    first = {
        "a.jpg": photo(1),
        "b.jpg": ImageOps.mirror(photo(1)),
        "c.jpg": photo(2),
        "flat.jpg": Image.new("RGB", (300, 200), "grey"),
    }
    second = {"d.jpg": ImageOps.mirror(photo(2)), "e.jpg": photo(3)}
    with pytest.MonkeyPatch.context() as registry:
        registry.setitem(SIGNALS, MirrorHash.name, MirrorHash)
        yield case_of(tmp_path, "one", first), case_of(tmp_path, "two", second)


def test_it_is_computed_indexed_and_found(cases: tuple[Path, Path], tmp_path: Path) -> None:
    case, _ = cases
    signals = {row["signal"]: row for row in json.loads(run("index", case, "--json").stdout)}
    assert signals[MirrorHash.name]["items"] == 3  # without the flat picture
    assert signals[MirrorHash.name]["codes"] == 2
    assert f"signals/{MirrorHash.name}" in run("doctor", case).stdout

    (tmp_path / "asked.jpg").write_bytes(jpeg(ImageOps.mirror(photo(2))))
    for named in (("--signal", MirrorHash.name), ()):
        found = json.loads(run("query", case, tmp_path / "asked.jpg", *named, "--json").stdout)
        best = {row["post_id"]: row["signal"] for row in found["rows"]}
        assert best["one2"] == (MirrorHash.name if named else "pdq")
    text = run("query", case, tmp_path / "asked.jpg", "--signal", MirrorHash.name).stdout
    assert f"{MirrorHash.name}: 0 bits differ" in " ".join(text.split())

    (tmp_path / "plain.jpg").write_bytes(jpeg(Image.new("RGB", (300, 200), "white")))
    asked = run("query", case, tmp_path / "plain.jpg", "--signal", MirrorHash.name)
    assert "too plain for the mirror hash" in asked.output


def test_it_is_evidence_of_copies(cases: tuple[Path, Path], tmp_path: Path) -> None:
    case, _ = cases
    matched = json.loads(run("match", case, "--json").stdout)
    assert matched["photo_groups"] == 1
    assert "Pictures too plain for the mirror hash: 1." in matched["notes"]
    run("report", case, "--out", tmp_path / "report")
    page = (tmp_path / "report" / "index.html").read_text("utf-8")
    assert f"copy: {MirrorHash.name} differs in 0 of 64 bits" in page


def test_it_is_evidence_of_copies_between_cases(cases: tuple[Path, Path], tmp_path: Path) -> None:
    run("match", *cases, "--out", tmp_path / "reuse.csv")
    rows = (tmp_path / "reuse.csv").read_text("utf-8-sig").splitlines()
    assert len(rows) == 2
    assert f"copy,{MirrorHash.name},0," in rows[1]


def test_a_signal_that_is_not_evidence_of_copies_groups_nothing(
    cases: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MirrorHash, "finds_copies", False)
    matched = json.loads(run("match", cases[0], "--json").stdout)
    assert matched["photo_groups"] == 0


def test_the_table_in_the_documentation_is_the_generated_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert f"`{MirrorHash.name}`" in signals_table()
    monkeypatch.delitem(SIGNALS, MirrorHash.name)
    _, rest = PAGE.read_text("utf-8").split("<!-- signals_table() -->\n")
    assert rest.split("<!-- end -->\n")[0] == signals_table()
