"""The match stage: what it counts, keeps, and says when there is nothing to say."""

import itertools
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from making import jpeg, make_case, photo, put_codes

from frametrace.case.store import Case
from frametrace.matcher.match_case import match_case
from frametrace.matcher.match_settings import MatchSettings
from frametrace.matcher.saved_results import Results, load_results
from frametrace.posts.errors import CaseError

Match = Callable[..., Results]

_TEXT = "They burned the station down and nobody in the papers says a word about who paid them"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Case:
    """Two photos and one framing, shared by actors of every kind on two platforms."""
    pictures = {f"a{q}.jpg": jpeg(photo(1, 320, 240), q) for q in (70, 80, 90)}
    pictures |= {f"b{q}.jpg": jpeg(photo(2, 320, 240), q) for q in (70, 80)}
    posts: list[dict[str, Any]] = [
        {"account_id": "nina", "media": ["a90.jpg"], "posted_at": "2019-08-19T14:00:00Z"},
        {"account_id": "nina", "media": ["a80.jpg", "a70.jpg"], "text": _TEXT},
        {"account_id": "omar", "media": ["a90.jpg", "b70.jpg"], "text": f"{_TEXT} #now"},
        {"account_id": "omar", "text": "Nobody shares this one, it is all his own"},
        {
            "platform": "facebook",
            "account_id": "news",
            "account_kind": "page",
            "account_name": "News for all",
            "media": ["a70.jpg"],
            "posted_at": "2019-08-20T09:30:00Z",
        },
        {
            "platform": "facebook",
            "account_id": "friends",
            "account_kind": "group",
            "media": ["b80.jpg"],
            "text": "See https://a.example",
            "posted_at": "2019-08-18T00:00:00Z",
        },
        {
            "platform": "facebook",
            "account_id": "loud",
            "account_kind": "channel",
            "media": ["b70.jpg"],
            "posted_at": "2019-08-21T00:00:00Z",
        },
    ]
    return make_case(tmp_path_factory.mktemp("made"), posts, pictures)


@pytest.fixture
def case(made: Case, tmp_path: Path) -> Case:
    """A copy of that case for one test."""
    return Case(Path(shutil.copytree(made.path, tmp_path / "case")))


def test_groups_are_counted_by_posts_actors_platforms_and_time(case: Case, matched: Match) -> None:
    results = matched(case)
    groups = results.groups.select(
        ["kind", "platforms", "posts", "accounts", "pages", "groups", "channels", "items"]
    ).to_pylist()
    counts = ("accounts", "pages", "groups", "channels")
    both = ["facebook", "twitter"]
    # The same number of platforms, accounts and posts may stand in either order.
    assert {
        (g["kind"], *g["platforms"], g["posts"], *(g[c] for c in counts), g["items"])
        for g in groups
    } == {
        ("photo", *both, 4, 3, 1, 0, 0, 3),
        ("photo", *both, 3, 3, 0, 1, 1, 2),
        ("framing", "twitter", 2, 2, 0, 0, 0, 2),
    }
    assert [g["kind"] for g in groups] == ["photo", "photo", "framing"]
    first, second, framing = results.groups.to_pylist()
    assert (first["first_at"], first["last_at"]) == (
        datetime(2019, 8, 19, 14, tzinfo=UTC),
        datetime(2019, 8, 20, 9, 30, tzinfo=UTC),
    )
    assert second["last_at"] == datetime(2019, 8, 21, tzinfo=UTC)
    assert (framing["first_at"], framing["last_at"]) == (None, None)
    whole = (_TEXT, f"{_TEXT} #now")
    assert framing["title"] in [t if len(t) <= 80 else f"{t[:79]}…" for t in whole]
    # A post that carries two pictures of a photo is listed with each, and counted once.
    assert sum(row["group_id"] == first["group_id"] for row in results.members.to_pylist()) == 5


def test_accounts_and_ties_are_those_of_the_groups(case: Case, matched: Match) -> None:
    results = matched(case)
    accounts = {row["account_id"]: row for row in results.accounts.to_pylist()}
    assert set(accounts) == {"nina", "omar", "news", "friends", "loud"}
    omar = accounts["omar"]
    assert (omar["posts"], omar["photo_groups"], omar["framing_groups"]) == (2, 2, 1)
    assert accounts["news"]["account_name"] == "News for all"
    assert results.accounts["account_id"][0].as_py() == "omar"
    tied = {(t["account_id_a"], t["account_id_b"]) for t in results.ties.to_pylist()}
    assert tied == {
        ("news", "nina"),
        ("news", "omar"),
        ("nina", "omar"),
        ("friends", "loud"),
        ("friends", "omar"),
        ("loud", "omar"),
    }
    few = matched(case, MatchSettings(max_tied_accounts=2))
    assert few.ties.num_rows == 0


def test_pictures_of_one_group_in_many_orders_give_the_same_results(
    tmp_path: Path, matched: Match
) -> None:
    """The order in which sources came in changes nothing but where a row was first seen."""
    pictures = {f"{at}.jpg": jpeg(photo(1 + at // 3, 320, 240), 60 + at) for at in range(6)}
    posts = [
        {"post_id": f"p{at}", "account_id": f"a{at % 3}", "media": [name], "text": f"{_TEXT} {at}"}
        for at, name in enumerate(pictures)
    ]
    found = []
    for order, shuffled in enumerate(itertools.islice(itertools.permutations(posts), 0, 720, 250)):
        folder = tmp_path / str(order)
        make_case(folder, shuffled[:3], pictures)
        results = matched(make_case(folder, shuffled[3:], pictures))
        tables = [results.matches.table(), results.groups, results.accounts, results.ties]
        found.append([*tables, results.members])
    assert all(tables == found[0] for tables in found[1:])


def result_files(case: Case) -> dict[str, bytes]:
    (folder,) = (f for f in (case.path / "results").iterdir() if f.is_dir())
    return {file.name: file.read_bytes() for file in folder.glob("*.parquet")}


def test_the_same_case_gives_the_same_bytes(case: Case) -> None:
    first, _ = match_case(case)
    files = result_files(case)
    assert set(files) == {f"{n}.parquet" for n in Results.__slots__}
    again, _ = match_case(Case(case.path))
    assert again == first
    assert result_files(case) == files


def test_the_run_is_kept_with_its_settings_and_what_made_the_signals(case: Case) -> None:
    settings = MatchSettings(max_pdq=20)
    results, run = match_case(case, settings)
    kept, kept_run = load_results(case)
    assert kept == results
    assert kept_run == run
    assert run.settings["max_pdq"] == 20
    assert run.signals == case.epoch.signals
    stages = {"join", "photos", "edited", "framings", "map", "groups", "changes"}
    assert set(run.seconds) == stages


def test_results_of_another_epoch_are_not_given(case: Case) -> None:
    command = f"frametrace match {case.path}"
    with pytest.raises(CaseError, match=command):
        load_results(case)
    match_case(case)
    with pytest.raises(CaseError, match=command):
        load_results(put_codes(case, "clip", {}))


@pytest.mark.parametrize("name", ["match.json", "members.parquet"])
@pytest.mark.parametrize("how", ["cut", "missing", "other"])
def test_damaged_results_are_told_of_with_the_command_that_mends_them(
    case: Case, name: str, how: str
) -> None:
    results, _ = match_case(case)
    path = case.path / "results" / f"epoch-{case.epoch.number:06d}" / name
    if how == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif how == "missing":
        path.unlink()
    else:
        path.write_text(json.dumps({"epoch": 1}), "utf-8")
    with pytest.raises(CaseError, match=f"frametrace match {case.path}"):
        load_results(case)
    match_case(case)
    assert load_results(case)[0] == results


def test_what_a_killed_run_left_behind_is_swept(case: Case) -> None:
    left = case.path / "results" / f".epoch-{case.epoch.number:06d}"
    left.mkdir(parents=True)
    (left / "matches.parquet").write_bytes(b"half")
    results, _ = match_case(case)
    assert load_results(case)[0] == results
    assert not left.exists()


def test_results_that_cannot_be_written_are_a_plain_error(case: Case) -> None:
    (case.path / "results").write_text("in the way", "utf-8")
    with pytest.raises(CaseError, match="can't be written"):
        match_case(case)


def test_an_empty_case_has_empty_results(tmp_path: Path, matched: Match) -> None:
    results = matched(Case.create(tmp_path / "case"))
    assert all(getattr(results, name).num_rows == 0 for name in Results.__slots__)


def test_posts_without_signals_are_no_trouble(tmp_path: Path, matched: Match) -> None:
    case = make_case(tmp_path, [{"text": _TEXT}, {"text": _TEXT}], signals=())
    assert matched(case).groups.num_rows == 0


def test_progress_is_told_by_stage(case: Case) -> None:
    from contextlib import contextmanager

    told: list[str] = []

    class Listener:
        @contextmanager
        def track(self, label: str, total: int | None) -> Any:
            told.append(label)
            yield lambda done: None

        def note(self, line: str) -> None: ...

    match_case(case, progress=Listener())
    first = list(told)
    assert first.index("grouping photos") < first.index("naming framings")
    assert first[-1] == "saving results"
    told.clear()
    match_case(case, progress=Listener())
    found_before = [label for label in first if label not in told]
    assert found_before == ["comparing pictures"]
    assert told == [label for label in first if label not in found_before]
