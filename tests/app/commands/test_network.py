"""`frametrace network`: its files, what it prints, what it refuses; ties in a case's report."""

import csv
import json
from dataclasses import replace

import networkx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from hostile import HOSTILE
from making import results_without_digests

from frametrace.app.cli import frametrace
from frametrace.app.report.network_files import FILES, MAX_EDGES, ties_view, write_gexf
from frametrace.app.report.write_report import write_report
from frametrace.case.store import Case
from frametrace.matcher.match_case import match_case
from frametrace.matcher.result_schemas import ACCOUNTS, TIES
from frametrace.matcher.saved_results import load_results
from frametrace.work.executor import InProcess

ANN, BOB = "=fb_ann\x01<b>", "tw_bob 语"


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Twenty accounts share items of their own; two of them, on two platforms, share the same."""
    rows = [(f"tw_{at}", f"own{at}-{n}", 1_566_000_000 + n) for at in range(20) for n in range(4)]
    rows += [(ANN, HOSTILE[0] + str(n), 1_566_000_007 + 1000 * n) for n in range(4)]
    rows += [(BOB, HOSTILE[0] + str(n), 1_566_000_007 + 1030 * n) for n in range(4)]
    rows += [(f"tw_{at}", "news", 1_566_000_000) for at in range(12)]
    path = tmp_path_factory.mktemp("table") / "shares.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["object_id", "account_id", "content_id", "timestamp_share"])
        writer.writerows([item, who, at, moment] for at, (who, item, moment) in enumerate(rows))
    return path


def ran(*arguments):
    return CliRunner().invoke(frametrace, ["network", *map(str, arguments)], catch_exceptions=True)


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def out(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("network")
    done = ran("--from-csv", table, "--prefixed", "--out", folder)
    assert done.exit_code == 0, done.output
    return folder


def test_the_network_has_its_files_and_no_others(out):
    assert {path.name for path in out.iterdir()} == set(FILES)


def test_tables_say_who_is_tied_since_when_and_how_significantly(out):
    ties = rows_of(out / "ties.csv")
    assert len(ties) == 1 + 12 * 11 // 2
    assert (ties[0]["platform_a"], ties[0]["platform_b"]) == ("'=fb", "tw")
    assert (ties[0]["account_id_a"], ties[0]["account_id_b"]) == ("'=fb_ann <b>", BOB)
    assert 0 < float(ties[0]["p_value"]) <= float(ties[0]["q_value"]) < 0.01
    assert ties[0]["first_shared_at"] == "2019-08-17T00:00:07Z"
    assert [ties[0][f"within_{s}_s"] for s in (60, 600)] == ["3", "4"]
    assert {tie["q_value"] for tie in ties[1:]} == {"1"}
    windows = rows_of(out / "windows.csv")
    assert [row["window"] for row in windows] == [
        *("1 minute", "10 minutes", "1 hour", "1 day", "7 days", "no limit"),
    ]
    assert windows[-1]["pairs"] == "67"
    assert windows[-1]["ties_across"] == "1"
    accounts = rows_of(out / "accounts.csv")
    assert [row["community"] for row in accounts[:3]] == ["0", "0", ""]


@pytest.mark.parametrize("name", ["network.gexf", "network.graphml"])
def test_both_graphs_open_with_what_is_known_of_each_tie(out, name):
    read = networkx.read_gexf if name.endswith("gexf") else networkx.read_graphml
    graph = read(out / name)
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (14, 67)
    nodes = {data["account_id"]: data for _, data in graph.nodes(data=True)}
    assert nodes[BOB]["community"] == 0
    assert nodes[ANN.replace("\x01", "\ufffd")]["platform"] == "=fb"
    (across,) = (data for _, _, data in graph.edges(data=True) if data["platforms"] == "across")
    assert across["weight"] == 4
    assert 0 < across["p_value"] <= across["q_value"] < 0.01
    assert across["first_shared_at"] == "2019-08-17T00:00:07Z"
    assert (across["within_60_s"], across["within_600_s"]) == (3, 4)


def test_the_same_table_gives_the_same_bytes(table, out, tmp_path):
    assert ran("--from-csv", table, "--prefixed", "--out", tmp_path).exit_code == 0
    for name in FILES:
        assert (tmp_path / name).read_bytes() == (out / name).read_bytes()


def test_the_output_has_counts_and_passes_no_verdict(table, tmp_path):
    done = ran("--from-csv", table, "--prefixed", "--out", tmp_path, "--shuffles", 3)
    assert "1 of 231 pairs of accounts share more than chance explains" in done.stdout
    assert "evidence of co-sharing, not a verdict" in done.stdout
    assert "shuffled  3 times: 0 shuffles made ties" in done.stdout
    assert "\x01" not in done.stdout
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["no", "limit", "67", "1", "1", "0", "1", "1", "1"] in lines


def test_windows_finer_than_the_times_are_shown_as_dashes(tmp_path):
    days = [f"o{n},a{at},2019-08-{1 + n:02d}" for at in range(3) for n in range(12)]
    table = tmp_path / "days.csv"
    table.write_text("\n".join(["object_id,account_id,timestamp_share", *days]))
    done = ran("--from-csv", table, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    cells = [line.split() for line in done.output.splitlines() if line[:2] in ("1 ", "10")]
    assert [row[2:5] for row in cells] == [["-", "-", "-"]] * 3 + [["3", "3", "3"]]
    assert "Windows finer than the precision of the times are not counted (-)." in done.output


def test_json_has_the_counts_and_how_it_was_made(table, tmp_path):
    done = ran("--from-csv", table, "--out", tmp_path, "--window", "10m", "--fdr", 0.05, "--json")
    found = json.loads(done.stdout)
    assert found["settings"]["window"] == 600
    assert found["settings"]["fdr"] == 0.05
    assert (found["rows"], found["rows_unreadable"], found["shares"]) == (100, 0, 100)
    assert found["windows"][-1]["pairs_across"] == 0  # without --prefixed all are on one
    kept = json.loads((tmp_path / "network.json").read_text("utf-8"))
    assert kept == {**{k: v for k, v in found.items() if k != "out"}, "version": kept["version"]}


def test_rows_that_cannot_be_read_are_counted_with_their_reason(tmp_path):
    (tmp_path / "s.csv").write_text(
        "object_id,account_id,timestamp_share\np,ann,1566223402\np,bob,soon\n,bob,1566223402\n"
    )
    done = ran("--from-csv", tmp_path / "s.csv", "--out", tmp_path / "out")
    assert done.exit_code == 0
    assert "3 rows; 1 without an item, 1 can't be read" in done.stdout
    assert "line 3: 'soon' is not a time" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "name either a CASE or a table with --from-csv"),
        (("CASE", "--from-csv", "TABLE"), "name either a CASE"),
        (("CASE", "--account", "who"), "columns are named only with --from-csv"),
        (("--from-csv", "TABLE", "--by", "url"), "--by needs a CASE"),
        (("--from-csv", "TABLE", "--window", "soon"), "is not a duration"),
        (("--from-csv", "TABLE", "--window", "0"), "is not a duration"),
        (("--from-csv", "TABLE", "--window", "99999d"), "is not a duration"),
    ],
)
def test_invalid_calls_say_why(small_case, table, tmp_path, arguments, said):
    named = {"CASE": small_case.path, "TABLE": table}
    done = ran(*(named.get(word, word) for word in arguments), "--out", tmp_path / "out")
    assert done.exit_code == 2
    assert said in done.output
    assert not (tmp_path / "out").exists()


def test_errors_of_the_shares_reach_the_user_without_a_traceback(table, tmp_path, command):
    minutes = tmp_path / "minutes.csv"
    rows = [f"p{at},a,{1_566_000_000 + 60 * at}" for at in range(9)]
    minutes.write_text("\n".join(["object_id,account_id,timestamp_share", *rows]))
    for source, option, code, said in (
        (minutes, "--window=10", 2, "the shortest window is 60 seconds"),
        (table, "--object=picture", 3, "has no column picture"),
    ):
        done = command("network", "--from-csv", source, option, "--out", tmp_path / "out")
        assert done.returncode == code
        assert said in done.stderr
        assert "Traceback" not in done.stderr
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "ties.csv").write_text("mine")
    done = command("network", "--from-csv", table, "--out", tmp_path / "taken")
    assert (done.returncode, (tmp_path / "taken" / "ties.csv").read_text()) == (2, "mine")


@pytest.mark.parametrize("by", ["photo", "caption", "url"])
def test_a_case_has_a_network_by_photos_captions_and_links(small_case, tmp_path, by):
    done = ran(small_case.path, "--by", by, "--out", tmp_path / "out", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["by"], found["case"]) == (by, small_case.path.name)
    ties = rows_of(tmp_path / "out" / "ties.csv")
    if by == "photo":
        expected = load_results(small_case)[0].ties
        assert [row["item_ids"] for row in ties] == [
            json.dumps(ids) for ids in expected["group_ids"].to_pylist()
        ]
    # Each account of this case repeats its own captions, and nobody links to anything.
    assert bool(ties) == (by == "photo")
    assert bool(found["shares"]) == (by != "url")


def test_a_case_that_was_not_matched_says_what_to_do(tmp_path, command):
    case = Case.create(tmp_path / "case")
    done = command("network", case.path, "--out", tmp_path / "out")
    assert done.returncode == 3
    assert "frametrace match" in done.stderr


def tie(a, b, **more):
    ends = {"platform_a": "x", "account_id_a": a, "platform_b": "x", "account_id_b": b}
    return {**ends, "shared_groups": 2, "group_ids": ["g"], **more}


@pytest.fixture
def results_of(small_case):
    """Results of a case with other accounts and ties."""
    results, _ = match_case(small_case)

    def made(ties):
        names = sorted({row[f"account_id_{end}"] for row in ties for end in "ab"})
        rows = [{"platform": "x", "account_id": n, "account_kind": "account"} for n in names]
        accounts = pa.Table.from_pylist(rows, ACCOUNTS)
        return replace(results, accounts=accounts, ties=pa.Table.from_pylist(ties, TIES))

    return made


def test_the_page_shows_the_most_significant_ties_first(results_of):
    ties = [tie("a", f"b{at:03}", q_value=1 - at / 200, p_value=0.001) for at in range(150)]
    view = ties_view(results_of([*ties, tie("c", "d")]), fdr=0.302)
    assert (view.listed, view.tied, len(view.rows)) == (151, 10, 100)
    assert [b["account_id"] for _, _, b in view.rows[:2]] == ["b149", "b148"]


def test_ties_without_rates_are_the_last_and_none_is_significant(results_of):
    view = ties_view(results_of([tie("a", "b"), tie("a", "c", q_value=1.0)]), fdr=0.01)
    assert [b["account_id"] for _, _, b in view.rows] == ["c", "b"]
    assert view.tied == 0


def test_a_graph_holds_no_more_than_a_viewer_opens(results_of, tmp_path, monkeypatch):
    monkeypatch.setattr("frametrace.app.report.network_files.MAX_EDGES", 2)
    assert MAX_EDGES > 2
    ties = [tie("a", "b", q_value=0.5), tie("a", "c", q_value=0.1), tie("a", "d", q_value=0.2)]
    write_gexf(tmp_path / "n.gexf", results_of(ties))
    graph = networkx.read_gexf(tmp_path / "n.gexf")
    assert {data["label"] for _, data in graph.nodes(data=True)} == {"a", "c", "d"}


def test_the_report_shows_ties_with_their_significance_also_of_old_results(small_case, tmp_path):
    results, run = match_case(small_case)
    write_report(small_case, tmp_path / "new", executor=InProcess())
    rows = rows_of(tmp_path / "new" / "ties.csv")
    assert list(rows[0]) == [name for name in TIES.names if not name.startswith("case_name")]
    html = (tmp_path / "new" / "index.html").read_text("utf-8")
    assert f"Account ties (0 of {len(rows)} listed pairs)" in html
    section = html.split('id="ties"')[1].split("</section>")[0]
    assert section.count("<tr>") == 1 + len(rows)
    path = small_case.path / "results" / f"epoch-{run.epoch:06d}" / "ties.parquet"
    kept, kept_run = path.read_bytes(), (path.parent / "match.json").read_bytes()
    results_without_digests(path.parent)
    pq.write_table(results.ties.select(TIES.names[:6]), path)
    try:
        write_report(small_case, tmp_path / "old", executor=InProcess())
    finally:
        path.write_bytes(kept)
        (path.parent / "match.json").write_bytes(kept_run)
    assert all(row["p_value"] == "" for row in rows_of(tmp_path / "old" / "ties.csv"))
