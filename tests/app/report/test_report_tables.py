"""The tables of a report as CSV or Parquet, and what is shown while they are written."""

from collections import Counter
from contextlib import contextmanager

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from frametrace.app import library
from frametrace.app.report.csv_tables import write_csv
from frametrace.app.report.report_tables import TABLES, TableFormat
from frametrace.app.report.span_columns import SPAN_COLUMNS
from frametrace.app.report.write_report import write_report
from frametrace.matcher.result_schemas import MATCHES
from frametrace.matcher.saved_results import load_results
from frametrace.posts.errors import UsageError
from frametrace.work.executor import InProcess

OTHERS = {"index.html", "network.gexf", "run.json"}


class Recorded:
    """Keeps how much of each task was to do, and how much was done in how many steps."""

    def __init__(self):
        self.totals, self.done, self.steps = {}, Counter(), Counter()
        self.running = ""

    @contextmanager
    def track(self, label, total):
        def advance(count):
            self.done[label] += count
            self.steps[label] += 1

        assert not self.running  # a terminal shows one bar
        self.totals[label], self.running = total, label
        yield advance
        self.running = ""

    def note(self, line):
        raise AssertionError(line)


def names_in(folder):
    return {path.name for path in folder.iterdir()}


def files(suffix):
    return {f"{name}.{suffix}" for name in TABLES} | OTHERS


def test_parquet_holds_the_rows_of_the_csv_files_as_they_are(small_case, tmp_path):
    for all_matches in (False, True):
        for parquet in (False, True):
            tables = TableFormat(all_matches=all_matches, parquet=parquet)
            out = tmp_path / tables.suffix
            write_report(small_case, out, tables, executor=InProcess())
            assert names_in(out) == files(tables.suffix)
        for name in TABLES:
            table = pq.read_table(tmp_path / "parquet" / f"{name}.parquet")
            write_csv(tmp_path / "again.csv", table)
            expected = (tmp_path / "csv" / f"{name}.csv").read_bytes()
            assert (tmp_path / "again.csv").read_bytes() == expected
    results, _ = load_results(small_case)
    groups = pq.read_table(tmp_path / "parquet" / "groups.parquet")
    assert groups["post_id"].to_pylist() == results.members["post_id"].to_pylist()
    assert pa.types.is_timestamp(groups.schema.field("posted_at").type)


def test_tables_of_an_earlier_report_do_not_stay_beside_those_of_the_other_format(
    small_case, tmp_path
):
    for parquet in (True, False, True):
        tables = TableFormat(parquet=parquet)
        write_report(small_case, tmp_path, tables, executor=InProcess())
        (tmp_path / "notes.csv").write_text("mine")
        assert names_in(tmp_path) == {*files(tables.suffix), "notes.csv"}


def test_a_table_that_no_report_wrote_is_kept(small_case, tmp_path):
    write_report(small_case, tmp_path, executor=InProcess())
    (tmp_path / "groups.parquet").write_text("mine")
    with pytest.raises(UsageError, match=r"holds groups\.parquet, which no report wrote"):
        write_report(small_case, tmp_path, TableFormat(parquet=True), executor=InProcess())
    write_report(small_case, tmp_path, executor=InProcess())
    assert (tmp_path / "groups.parquet").read_text() == "mine"


def test_own_tables_are_kept_where_there_is_no_report(small_case, tmp_path):
    (tmp_path / "groups.csv").write_text("mine")
    write_report(small_case, tmp_path, TableFormat(parquet=True), executor=InProcess())
    assert (tmp_path / "groups.csv").read_text() == "mine"


@pytest.mark.parametrize("all_matches", [True, False])
def test_everything_that_is_begun_is_counted_to_its_end(small_case, tmp_path, all_matches):
    progress = Recorded()
    library.report(small_case, tmp_path, all_matches=all_matches, progress=progress)
    assert progress.done == {label: total for label, total in progress.totals.items() if total}
    results, _ = load_results(small_case)
    assert progress.totals["groups on the page"] == results.groups.num_rows
    assert progress.totals["rows of tables"] > results.members.num_rows
    assert progress.steps["rows of tables"] >= len(TABLES) - 2  # two are empty


def test_the_options_choose_the_tables(small_case, tmp_path, command):
    done = command("report", small_case.path, "--out", tmp_path / "a", "--parquet", "--all-matches")
    assert done.returncode == 0
    assert names_in(tmp_path / "a") == files("parquet")
    results, _ = load_results(small_case)
    matches = pq.read_table(tmp_path / "a" / "matches.parquet")
    assert matches.column_names == [*MATCHES.names, *SPAN_COLUMNS]
    assert matches.select(MATCHES.names).equals(results.matches.table())
    assert all(matches[name].null_count == len(matches) for name in SPAN_COLUMNS)
