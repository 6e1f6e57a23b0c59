"""Results that are swapped while somebody reads them: the reader has one run or the other."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from making import jpeg, make_case, photo

from frametrace.case.locks import exclusive_lock
from frametrace.case.store import Case
from frametrace.matcher.match_case import match_case
from frametrace.matcher.match_settings import MatchSettings
from frametrace.matcher.saved_results import load_results

FEW, MANY = MatchSettings(max_tied_accounts=1), MatchSettings()


@pytest.fixture
def case(tmp_path: Path) -> Case:
    pictures = {f"{at}.jpg": jpeg(photo(1), 50 + 10 * at) for at in range(4)}
    posts = [{"account_id": f"a{at}", "media": [name]} for at, name in enumerate(pictures)]
    return make_case(tmp_path, posts, pictures)


def test_a_reader_waits_until_a_swap_is_done(case: Case) -> None:
    few, _ = match_case(case, FEW)
    results = case.path / "results"
    (folder,) = (found for found in results.iterdir() if found.is_dir())
    kept = Path(shutil.copytree(folder, case.path / "kept"))
    many, _ = match_case(case, MANY)
    assert many != few
    with ThreadPoolExecutor(1) as threads:
        with exclusive_lock(results):
            reading = threads.submit(load_results, case)
            shutil.rmtree(folder)
            with pytest.raises(TimeoutError):
                reading.result(timeout=0.3)
            kept.rename(folder)
        assert reading.result(timeout=60)[0] == few


def test_no_reader_ever_sees_two_runs_mixed(case: Case) -> None:
    whole = {settings.max_tied_accounts: match_case(case, settings)[0] for settings in (FEW, MANY)}
    done = threading.Event()

    def swap() -> None:
        try:
            for at in range(20):
                match_case(Case(case.path), (FEW, MANY)[at % 2])
        finally:
            done.set()

    with ThreadPoolExecutor(1) as threads:
        swapping = threads.submit(swap)
        loads = 0
        while not done.is_set() or not loads:
            results, run = load_results(case)
            assert results == whole[int(run.settings["max_tied_accounts"])]
            loads += 1
        swapping.result()


def test_results_without_their_lock_are_read(case: Case) -> None:
    results, _ = match_case(case)
    (case.path / "results" / ".lock").unlink()
    assert load_results(case)[0] == results
    (case.path / "results" / ".lock").mkdir()
    assert load_results(case)[0] == results


def test_what_a_killed_match_left_is_deleted_by_the_next_one(case: Case) -> None:
    left = case.path / "results" / ".epoch-000001" / "members.parquet"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half of a table")
    match_case(case)
    assert not left.parent.exists()
    assert load_results(case)
