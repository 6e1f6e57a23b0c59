"""What was found of pairs is kept unit by unit: after kills, beside others, through additions."""

import hashlib
import shutil
import signal as signals
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import combinations
from pathlib import Path
from typing import Any
from unittest.mock import patch

import networkx as nx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making import cropped, jpeg, make_case, photo, put_codes
from pairing import Counting
from PIL import ImageOps

from frametrace.app.not_compared_notes import notes_on
from frametrace.case.locks import exclusive_lock
from frametrace.case.store import Case
from frametrace.embed.embed_settings import EmbedSettings
from frametrace.embed.signals.local import Local
from frametrace.embed.stage import embed
from frametrace.matcher.match_case import match_case
from frametrace.matcher.photos.edited_copies import EditedCopies, find_edited_copies
from frametrace.matcher.photos.grouping import near_photos
from frametrace.matcher.pictures import compare_pairs, verified_pair_store
from frametrace.matcher.pictures.picture_values import PictureValues
from frametrace.matcher.pictures.verified_pair_table import PAIRS
from frametrace.matcher.pictures.verify_pair import verify
from frametrace.matcher.saved_results import load_results
from frametrace.posts.errors import CaseError
from frametrace.work.executor import Crashed, Executor, InProcess
from frametrace.work.process_pool import ProcessPool
from frametrace.work.progress import Silent

Pairs = dict[tuple[str, str], tuple[str, int]]
SIGNALS = ("pdq", "local")


def pictures(*seeds: int) -> dict[str, bytes]:
    """Of each photo the whole, the same saved again, a crop and a mirrored crop."""
    made = {}
    for seed in seeds:
        image = photo(seed, 320, 240)
        crop = cropped(image, 0.75)
        edits = (image, image, crop, ImageOps.mirror(crop))
        for at, (edit, quality) in enumerate(zip(edits, (90, 50, 80, 80), strict=True)):
            made[f"{seed}-{at}.jpg"] = jpeg(edit, quality)
    return made


OLD, NEW = pictures(1, 2), pictures(3)
NEW["1-more.jpg"] = jpeg(cropped(photo(1, 320, 240), 0.65))


def digests(made: Mapping[str, bytes], *names: str) -> list[str]:
    return [hashlib.sha256(made[name]).hexdigest() for name in names or made]


def add(folder: Path, made: Mapping[str, bytes]) -> Case:
    posts = [{"post_id": name, "media": [name]} for name in made]
    return make_case(folder, posts, made, signals=SIGNALS)


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return add(tmp_path_factory.mktemp("old"), OLD).path.parent


@pytest.fixture
def case(old: Path, tmp_path: Path) -> Case:
    return Case(Path(shutil.copytree(old, tmp_path / "old")) / "case")


def compare(case: Case, executor: Executor | None = None, **options: Any) -> EditedCopies:
    return find_edited_copies(case, near_photos(case), executor or InProcess(), **options)


def told(found: EditedCopies) -> Pairs:
    assert found.pairs.schema == PAIRS
    rows = found.pairs.to_pylist()
    assert all(row["sha256_a"] < row["sha256_b"] for row in rows)
    pairs = {(r["sha256_a"], r["sha256_b"]): (r["relation"], r["inliers"]) for r in rows}
    assert list(pairs) == sorted(pairs)
    assert len(pairs) == len(rows)
    return pairs


def tied(found: EditedCopies) -> set[frozenset[str]]:
    """The sets of pictures that copies tie: those by the hash that are left, and edited ones."""
    graph, nodes = nx.Graph(), found.graph.nodes
    names = nodes.name
    graph.add_edges_from(
        zip(nodes.item.to_pylist(), names.take(pa.array(nodes.node)).to_pylist(), strict=True)
    )
    edges = zip(found.graph.edges.a.tolist(), found.graph.edges.b.tolist(), strict=True)
    graph.add_edges_from((names[a].as_py(), names[b].as_py()) for a, b in edges)
    graph.add_edges_from(pair for pair, (name, _) in told(found).items() if name == "copy")
    return {frozenset(part) for part in nx.connected_components(graph)}


def expected(*made: Mapping[str, bytes]) -> set[frozenset[str]]:
    """The pictures of each photo."""
    every = {name: data for some in made for name, data in some.items()}
    photos = {name.split("-")[0] for name in every}
    return {
        frozenset(digests(every, *(name for name in every if name.startswith(f"{seed}-"))))
        for seed in photos
    }


def units(case: Case) -> list[Path]:
    return sorted(case.path.glob("verified/*/*.parquet"))


def compared(case: Case) -> set[tuple[str, str]]:
    """The pairs that are kept, found to be something or not."""
    rows = [row for path in units(case) for row in pq.read_table(path).to_pylist()]
    pairs = [(row["sha256_a"], row["sha256_b"]) for row in rows]
    assert len(set(pairs)) == len(pairs)
    return set(pairs)


class Listening(Silent):
    """Keeps what is said."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, line: str) -> None:
        self.said.append(line)


def test_what_is_found_is_what_comparing_each_pair_finds(case: Case) -> None:
    found = compare(case)
    assert tied(found) == expected(OLD)
    held = [case.read(f"signals/{name}").to_pylist() for name in ("local", "thumbnail")]
    codes = [{row["sha256"]: row["code"] for row in rows} for rows in held]
    shown = {name: PictureValues.of(codes[0][name], codes[1][name]) for name in codes[0]}
    for a, b in combinations(sorted(shown), 2):
        if row := told(found).get((a, b)):
            alone = verify(shown[a], shown[b])
            assert alone is not None
            assert row == (str(alone.relation), alone.inliers)


def test_no_pair_is_compared_twice_and_a_second_run_compares_nothing(case: Case) -> None:
    executor = Counting()
    first = compare(case, executor)
    assert executor.asked == len(compared(case)) > 0
    files = {path: path.stat().st_mtime_ns for path in units(case)}
    executor = Counting()
    assert compare(case, executor).pairs == first.pairs
    assert executor.asked == 0
    assert {path: path.stat().st_mtime_ns for path in units(case)} == files
    assert len(files) == 1


def test_additions_compare_only_pairs_that_have_a_new_picture(case: Case) -> None:
    first = told(compare(case))
    before = compared(case)
    case = add(case.path.parent, NEW)
    executor = Counting()
    found = compare(case, executor)
    new = compared(case) - before
    assert len(new) == executor.asked > 0
    assert before <= compared(case)
    assert all({*pair} & {*digests(NEW)} for pair in new)
    assert first.items() <= told(found).items()
    assert tied(found) == expected(OLD, NEW)
    assert len(units(case)) == 1  # files do not become more


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_found_batch_by_batch_is_what_is_found_at_once(tmp_path: Path, seed: int) -> None:
    every = list((OLD | NEW).items())
    np.random.default_rng(seed).shuffle(every)
    with patch.object(compare_pairs, "UNIT", 2), patch.object(verified_pair_store, "UNIT", 2):
        for start in range(0, len(every), 5):
            found = compare(add(tmp_path, dict(every[start : start + 5])))
    assert tied(found) == expected(OLD, NEW)


def test_a_kept_process_pool_finds_the_same_in_every_round(case: Case) -> None:
    """Copies by the hash are numbered otherwise than what is proposed after them."""
    case = add(case.path.parent, NEW)
    with ProcessPool(1) as pool:
        found = compare(case, pool)
    shutil.rmtree(case.path / "verified")
    assert told(found) == told(compare(case))
    assert tied(found) == expected(OLD, NEW)


def test_pairs_over_which_a_process_ends_are_told_of_and_tried_again(case: Case) -> None:
    class Breaking(InProcess):
        def map(self, function: Any, items: Any) -> Iterator[Any]:
            found = list(super().map(function, items))
            return iter([Crashed("out of memory"), *found[1:]])

    listening = Listening()
    compare(case, Breaking(), progress=listening)
    assert listening.said
    assert {line.split(":")[0] for line in listening.said} == {
        "1 pairs of pictures could not be compared"
    }
    assert tied(compare(case)) == expected(OLD)


_COMPARE = """
import os, signal, sys
from pathlib import Path
from frametrace.case.store import Case
from frametrace.matcher.photos.edited_copies import find_edited_copies
from frametrace.matcher.photos.grouping import near_photos
from frametrace.matcher.pictures import compare_pairs, verified_pair_store
from frametrace.work.executor import InProcess
case = Case(Path(sys.argv[1]))
{before}
print(find_edited_copies(case, near_photos(case), InProcess()).pairs.num_rows)
"""
_KILL = """
compare_pairs.UNIT = verified_pair_store.UNIT = 2
put, units = verified_pair_store.ComparedStore.put, []
def put_and_die(self, rows):
    put(self, rows)
    units.append(rows)
    if len(units) == 2:
        (self._folder / ".half.tmp").write_bytes(b"half")
        os.kill(os.getpid(), signal.SIGKILL)
verified_pair_store.ComparedStore.put = put_and_die
"""
_NO_ROOM = """
import resource
near_photos(case)
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, 2_000))
"""


def comparing(case: Case, before: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", _COMPARE.format(before=before), str(case.path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_killed_run_goes_on_from_the_units_that_it_finished(case: Case) -> None:
    assert comparing(case, _KILL).returncode == -signals.SIGKILL
    kept = compared(case)
    assert len(kept) == 4
    (folder,) = {path.parent for path in units(case)}
    assert len(list(folder.glob(".*.tmp"))) == 3  # features, thumbnails, and half a unit
    executor = Counting()
    found = compare(case, executor)
    assert tied(found) == expected(OLD)
    assert kept <= compared(case)
    assert executor.asked == len(compared(case)) - len(kept)
    assert not list(folder.glob(".*.tmp"))


def test_of_two_processes_at_once_one_finds_what_the_other_kept(case: Case) -> None:
    command = [sys.executable, "-c", _COMPARE.format(before=""), str(case.path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told_by = [process.communicate()[0] for process in both]
    executor = Counting()
    assert told_by == [f"{len(told(compare(case, executor)))}\n"] * 2
    assert executor.asked == 0


def test_a_full_disk_is_a_plain_error_and_the_next_run_goes_on(case: Case) -> None:
    stopped = comparing(case, _NO_ROOM)
    assert stopped.returncode == 1
    assert CaseError.__name__ in stopped.stderr.splitlines()[-1]
    assert "Make room" in stopped.stderr
    assert tied(compare(case)) == expected(OLD)


def test_a_case_that_cannot_be_written_is_a_plain_error(case: Case) -> None:
    (case.path / "verified").write_text("in the way", "utf-8")
    with pytest.raises(CaseError, match="can't be written"):
        compare(case)


@pytest.mark.parametrize("how", ["cut", "changed", "other"])
def test_a_damaged_unit_is_told_of_and_found_again(case: Case, how: str) -> None:
    pairs = told(compare(case))
    (unit,) = units(case)
    content = bytearray(unit.read_bytes())
    content[len(content) // 2] ^= 4
    unit.write_bytes({"cut": content[:100], "changed": content, "other": b""}[how])
    listening = Listening()
    assert told(compare(case, progress=listening)) == pairs
    assert ["damaged" in line for line in listening.said] == [True]
    assert units(case) == [unit]  # what was found again has the same name
    assert told(compare(case, progress=listening)) == pairs
    assert len(listening.said) == 1


def test_the_folder_may_be_deleted_and_that_of_another_rule_is_swept(case: Case) -> None:
    pairs = told(compare(case))
    (unit,) = units(case)
    shutil.rmtree(case.path / "verified")
    assert told(compare(case)) == pairs
    with patch.object(compare_pairs, "_RULE", compare_pairs._RULE + 1):
        assert told(compare(case)) == pairs
    (other,) = units(case)
    assert (other.name, other.parent.parent) == (unit.name, unit.parent.parent)
    assert other.parent != unit.parent


def test_who_waits_for_another_process_is_told_and_finds_what_it_kept(case: Case) -> None:
    near = near_photos(case)

    class Waiting(Listening):
        def note(self, line: str) -> None:
            super().note(line)
            with patch.object(
                compare_pairs, "comparison_lock", lambda index, progress: ExitStack()
            ):
                find_edited_copies(case, near, InProcess())
            other.close()

    with ExitStack() as other:
        other.enter_context(exclusive_lock(case.path / "index"))
        waiting, executor = Waiting(), Counting()
        found = find_edited_copies(case, near, executor, waiting)
    assert tied(found) == expected(OLD)
    assert ["waiting" in line for line in waiting.said] == [True]


def test_copies_by_a_hash_that_their_pixels_contradict_are_cut(case: Case) -> None:
    """Two photos are given one hash: what they show says that they are two."""
    ours, theirs = digests(OLD, "1-0.jpg")[0], digests(OLD, "2-0.jpg")[0]
    codes = {
        row["sha256"]: np.frombuffer(row["code"], np.uint8)
        for row in case.read("signals/pdq").to_pylist()
    }
    made = [{"post_id": name, "media": [name]} for name in OLD]
    folder = case.path.parent.parent / "forged"
    forged = make_case(folder, made, OLD, signals=("local",))
    near = codes[ours].copy()
    near[0] ^= 1
    forged = put_codes(forged, "pdq", {**codes, theirs: near})
    assert {ours, theirs} & {*near_photos(forged).nodes.name.to_pylist()}
    found = compare(forged)
    assert tied(found) == expected(OLD)
    assert len(found.graph.edges) < len(near_photos(forged).edges)
    relation, _ = told(found).get((min(ours, theirs), max(ours, theirs)), ("", 0))
    assert relation not in ("copy", "contains")


def test_a_case_of_an_older_version_is_matched_by_pdq_until_thumbnails_are_computed(
    case: Case, tmp_path: Path
) -> None:
    posts = [{"post_id": name, "media": [name]} for name in OLD]
    old = make_case(tmp_path / "older", posts, OLD, signals=("pdq",))
    codes = {row["sha256"]: row["code"] for row in case.read("signals/local").to_pylist()}
    old = put_codes(old, "local", codes, Local().made_by["fingerprint"])
    assert "thumbnail" not in old.epoch.signals
    results, run = match_case(old)
    assert run.left_out == len(OLD)
    assert set(results.groups["signals"].to_pylist()[0]) == {"pdq"}
    (note,) = [note for note in notes_on(old, results, run) if "thumbnail" in note]
    assert f"frametrace embed {old.path}" in note
    assert f": {len(OLD)}" in note

    embed(old, EmbedSettings(signals=("local",)), executor=InProcess())
    old = Case(old.path)
    results, run = match_case(old)
    assert run.left_out == 0
    assert not [note for note in notes_on(old, results, run) if "without a thumbnail" in note]
    groups = results.groups.filter(pa.compute.equal(results.groups["kind"], "photo"))
    assert groups["posts"].to_pylist() == [4, 4]
    assert load_results(old)[1].left_out == 0
