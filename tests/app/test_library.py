"""The public door: its names are pinned, and each function does what its command does."""

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from making import jpeg, photo

import frametrace
import frametrace.embed.stage  # sets the attribute `embed` of the package, but for its guard

NAMES = [
    "Added",
    "Answer",
    "Case",
    "CaseError",
    "CaseLocked",
    "CaseTooNew",
    "Console",
    "DecodeError",
    "EmbedSettings",
    "Embedded",
    "FrametraceError",
    "IndexMismatch",
    "MatchSettings",
    "Matched",
    "ModelChoice",
    "ModelMissing",
    "Network",
    "ReadSettings",
    "Run",
    "RunSettings",
    "SourceError",
    "Table",
    "TieSettings",
    "TipError",
    "UsageError",
    "add",
    "embed",
    "match",
    "network",
    "network_of_shares",
    "query",
    "report",
    "results",
    "run",
    "tips",
]
HASHES = frametrace.EmbedSettings(signals=("pdq", "caption_key"), workers=1)


def test_the_public_names_are_these():
    assert frametrace.__all__ == dir(frametrace) == NAMES
    for name in NAMES:
        assert getattr(frametrace, name) is not None
    with pytest.raises(AttributeError, match="frametrace has no 'serch'"):
        frametrace.serch  # noqa: B018


def test_embed_is_the_function_although_a_stage_has_its_name():
    assert callable(frametrace.embed)
    assert sys.modules["frametrace.embed.stage"].embed is not frametrace.embed


def test_importing_it_imports_nothing_else():
    code = (
        "import sys, frametrace; "
        "print([n for n in sys.modules if n.startswith('frametrace.') or n in "
        "('numpy', 'pyarrow', 'duckdb', 'click', 'torch', 'faiss')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_the_functions_need_no_model_library():
    code = (
        "import sys, frametrace; [getattr(frametrace, n) for n in frametrace.__all__]; "
        "print([n for n in ('torch', 'open_clip', 'sentence_transformers', 'faiss') "
        "if n in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two exports with one picture in common, added, embedded and matched."""
    folder = tmp_path_factory.mktemp("library")
    for name in ("one", "two"):
        (folder / name).mkdir()
        for number in range(2):
            picture = photo(0 if number == 0 else len(name) + ord(name[0]))
            (folder / name / f"{number}.jpg").write_bytes(jpeg(picture))
        (folder / f"{name}.csv").write_text(
            "platform,post_id,account_id,posted_at,text,media\n"
            f"{name},1,{name}-anna,2019-08-05T10:00:00Z,the city belongs to all of us,0.jpg\n"
            f"{name},2,{name}-ben,2019-08-05T11:00:00Z,a quiet evening by the river,0.jpg\n"
            f"{name},3,{name}-ben,2019-08-05T12:00:00Z,breakfast,1.jpg\n",
            "utf-8",
        )
        added = frametrace.add(folder / f"{name}_case", folder / f"{name}.csv", media=folder / name)
        assert (added.posts, added.media) == (3, 2)
        frametrace.embed(folder / f"{name}_case", HASHES)
        frametrace.match(folder / f"{name}_case")
    return folder


def test_a_case_gives_its_tables(folder: Path):
    case = frametrace.Case(folder / "one_case")
    assert (len(case.posts), len(case.media), len(case.skipped)) == (3, 2, 0)
    assert {row["post_id"] for row in case.posts} == {"1", "2", "3"}
    assert case.posts["post_id"].to_pylist() == [row["post_id"] for row in case.posts]


def test_tables_are_arrow_pandas_and_polars(folder: Path):
    groups = frametrace.results(folder / "one_case").groups
    assert groups.arrow.equals(pa.table(groups))  # by the Arrow C stream
    assert list(groups.to_pandas().columns) == groups.columns == groups.to_polars().columns
    assert len(groups.to_pandas()) == groups.to_polars().height == len(groups) > 0


def test_a_table_shows_itself_in_a_notebook_and_escapes_cells():
    html = frametrace.Table(pa.table({"text": ["<script>alert(1)</script>"] * 30}))._repr_html_()
    assert "<script>" not in html
    assert "20 of 30 rows" in html


def test_results_are_those_of_match(folder: Path):
    matched, again = frametrace.match(folder / "one_case"), frametrace.results(folder / "one_case")
    assert matched.counts == again.counts
    assert matched.groups.arrow.equals(again.groups.arrow)
    assert len(matched.members) >= 2
    with pytest.raises(frametrace.UsageError, match="one case was matched"):
        _ = matched.reuses


def test_two_cases_are_matched_and_reported(folder: Path):
    matched = frametrace.match(
        folder / "one_case", folder / "two_case", report=folder / "both", whole=True
    )
    assert len(matched.reuses) >= 2
    assert matched.counts.posts == 6
    assert (folder / "both" / "index.html").is_file()


def test_a_picture_and_a_text_are_found(folder: Path):
    answer = frametrace.query(folder / "one_case", folder / "two" / "0.jpg")
    assert {row["post_id"] for row in answer.posts} == {"1", "2"}
    assert answer.total == len(answer.posts) == 2
    answer = frametrace.query(folder / "one_case", text="the city belongs to all", limit=1)
    assert next(iter(answer.posts))["post_id"] == "1"
    for arguments in ({}, {"picture": "a.jpg", "text": "a"}):
        with pytest.raises(frametrace.UsageError, match="a picture or a text"):
            frametrace.query(folder / "one_case", **arguments)


def test_a_network_has_tables_and_writes_itself(folder: Path):
    network = frametrace.network(folder / "one_case", shuffles=3)
    assert network.about["by"] == "photo"
    assert len(network.about["ties_after_shuffling"]) == 3
    assert len(network.windows) > 0
    network.write(folder / "network")
    assert (folder / "network" / "ties.csv").is_file()


def test_shares_from_a_bare_table(tmp_path: Path):
    table = tmp_path / "shares.csv"
    table.write_text(
        "object_id,account_id,timestamp_share\na,1,1566200000\na,2,1566200010\nb,1,1566200000\n"
    )
    network = frametrace.network_of_shares(table)
    assert network.about["rows"] == 3
    assert len(network.ties) == 1


def test_a_tip_is_exported_and_checked(folder: Path):
    group = next(
        row["group_id"]
        for row in frametrace.results(folder / "one_case").groups
        if row["kind"] == "photo"
    )
    tip = folder / "tip.json"
    frametrace.tips.export(folder / "one_case", frametrace.tips.Choice(groups=(group,)), tip)
    echoes = frametrace.tips.check(
        folder / "two_case", frametrace.tips.read(tip), folder / "echoes"
    )
    assert {row["post_id"] for row in echoes.posts} >= {"1", "2"}
    assert len(echoes.accounts) == 2
    assert (folder / "echoes" / "index.html").is_file()


def test_run_does_everything(folder: Path, tmp_path: Path):
    settings = frametrace.RunSettings(media=folder / "one", embedding=HASHES)
    sources, out = folder / "one.csv", tmp_path / "out"
    done = frametrace.run(tmp_path / "case", sources, out, settings=settings)
    assert done.added.posts == 3
    assert done.matched.counts.posts == 3
    assert done.page.is_file()
    again = frametrace.run(tmp_path / "case", sources, out, settings=settings)
    assert (again.added.posts, again.added.known) == (0, 3)


def test_sources_that_hold_no_post_are_an_error(tmp_path: Path):
    (tmp_path / "empty.csv").write_text("platform,post_id,account_id,posted_at,text,media\n")
    with pytest.raises(frametrace.SourceError, match="nothing could be read"):
        frametrace.add(tmp_path / "case", tmp_path / "empty.csv")
