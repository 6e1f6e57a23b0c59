"""The feature join: what it proposes, in steps, after kills, by plain and compiled loops."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making import jittered, made_features

from frametrace.case.json_files import read_json, write_json
from frametrace.embed.signals.local import Features
from frametrace.index.feature_join import (
    add_pictures,
    feature_join,
    feature_votes,
    join_folder,
    lsh_tables,
)
from frametrace.index.feature_join.feature_join import (
    PROPOSAL_SCHEMA,
    Proposals,
    check_join,
    propose_pairs,
)
from frametrace.index.feature_shards import FeatureShards
from frametrace.index.numba_compile import has_numba
from frametrace.posts.errors import CaseError, IndexMismatch, UsageError
from frametrace.work.executor import InProcess
from frametrace.work.process_pool import ProcessPool
from frametrace.work.thread_pool import ThreadPool

numba = pytest.mark.skipif(not has_numba(), reason="needs the extra `fast`")
HEAD = np.array([400, 300], "<u2").tobytes()
Codes = dict[str, bytes]
Found = dict[tuple[str, str, bool], float]


def name(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def code(rows: np.ndarray) -> bytes:
    return HEAD + rows.tobytes()


def mirrored(rows: np.ndarray) -> np.ndarray:
    """The features of the mirror image."""
    seen = Features.of(code(rows)).mirrored()
    turned = rows.copy()
    turned["x"] = np.rint(np.clip(seen.positions[:, 0] * 64, 0, 2**16 - 1))
    turned["angle"] = np.rint(seen.angle * (256 / 360)).astype(int) % 256
    turned["bits"] = np.ascontiguousarray(seen.words).view(np.uint8).reshape(-1, 16)
    return turned


def pictures(count: int, copies: int = 10) -> Codes:
    """Unrelated pictures, and copies of the first ones, every second mirrored; by digest."""
    made = {name(at): made_features(at) for at in range(count)}
    for at in range(copies):
        copy = jittered(made[name(at)], 1_000 + at)
        made[name(10_000 + at)] = mirrored(copy) if at % 2 else copy
    return {digest: code(rows) for digest, rows in sorted(made.items())}


def shards_of(path: Path, codes: Codes, size: int = 25) -> FeatureShards:
    path.mkdir(parents=True, exist_ok=True)
    items, files = list(codes.items()), []
    for at in range(0, len(items), size):
        digests, values = zip(*items[at : at + size], strict=True)
        files.append(path / f"{at:05}.parquet")
        pq.write_table(pa.table({"sha256": digests, "code": pa.array(values)}), files[-1])
    return FeatureShards(files)


def all_of(codes: Codes) -> pa.StringArray:
    return pa.array(list(codes), pa.string())


def named(proposals: Proposals) -> Found:
    """Proposed pairs by digests, in their order, with their scores."""
    names = proposals.names.to_pylist()
    return {
        (*sorted((names[row["a"]], names[row["b"]])), row["mirrored"]): row["score"]
        for row in proposals.rows.to_pylist()
    }


def planted(count: int) -> set[tuple[str, str, bool]]:
    return {
        (*sorted((name(at), name(10_000 + at))), bool(at % 2))  # type: ignore[misc]
        for at in range(count)
    }


@pytest.fixture(params=[False, pytest.param(True, marks=numba)], ids=["plain", "compiled"])
def path(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Either path, whatever there is to do."""
    monkeypatch.setattr(feature_join, "_MIN_COMPILED", -1 if request.param else 10**12)
    return bool(request.param)


@pytest.mark.usefixtures("path")
def test_copies_are_proposed_and_nothing_else(tmp_path: Path) -> None:
    codes = pictures(60)
    proposals = propose_pairs(tmp_path / "join", shards_of(tmp_path, codes), all_of(codes))
    assert set(named(proposals)) == planted(10)
    assert proposals.rows.schema == PROPOSAL_SCHEMA
    assert proposals.names.to_pylist() == list(codes)
    assert check_join(tmp_path / "join") == []


@numba
def test_both_paths_and_every_executor_propose_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = pictures(80, copies=40)
    shards, found = shards_of(tmp_path, codes), []
    with ThreadPool(2) as threads, ProcessPool(1) as processes:
        for many, executor in (
            (-1, InProcess()),
            (-1, threads),
            (10**12, InProcess()),
            (10**12, threads),
            (10**12, processes),
        ):
            monkeypatch.setattr(feature_join, "_MIN_COMPILED", many)
            place = tmp_path / f"{many} {type(executor).__name__}"
            found.append(propose_pairs(place, shards, all_of(codes), executor=executor))
    assert len(found[0].rows) == 40
    assert all(each.rows.equals(found[0].rows) for each in found)


@pytest.mark.usefixtures("path")
def test_pictures_added_in_steps_give_the_pairs_of_all_at_once(tmp_path: Path) -> None:
    codes = pictures(60, copies=30)
    shards, digests = shards_of(tmp_path, codes), list(codes)
    at_once = propose_pairs(tmp_path / "once", shards, all_of(codes))
    for end in (7, 50, 50, 75, 90):
        some = pa.array(digests[:end][::-1], pa.string())
        in_steps = propose_pairs(tmp_path / "steps", shards, some)
        assert in_steps.names.to_pylist() == digests[:end]
    assert in_steps.rows.equals(at_once.rows)
    assert named(propose_pairs(tmp_path / "steps", shards, all_of({}))) == named(at_once)


@pytest.mark.parametrize("batch", [7, 8192])
def test_the_order_of_the_rows_in_shards_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    """Also of copies that compete for the few places among the best partners."""
    monkeypatch.setattr(add_pictures, "_BATCH_PICTURES", batch)
    monkeypatch.setattr(feature_join, "MAX_PARTNERS", 3)
    rows = made_features(0)
    codes = pictures(30) | {name(20_000 + at): code(rows) for at in range(12)}
    expected = propose_pairs(tmp_path / "join", shards_of(tmp_path, codes), all_of(codes))
    assert expected.names.to_pylist() == sorted(codes)
    for seed, size in ((1, 9), (2, 100)):
        order = np.random.default_rng(seed).permutation(list(codes)).tolist()
        shards = shards_of(tmp_path / f"{seed}", {digest: codes[digest] for digest in order}, size)
        actual = propose_pairs(tmp_path / f"join{seed}", shards, all_of(codes))
        assert actual.names.equals(expected.names)
        assert actual.rows.equals(expected.rows)


def stopping(function: Callable[..., object], calls: int) -> Callable[..., object]:
    """The function, which kills the run when it was called so many times."""
    left = iter(range(calls))

    def call(*arguments: object, **options: object) -> object:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return function(*arguments, **options)

    return call


STEPS = [
    (add_pictures, "_append", 1),
    (add_pictures, "_append_records", 1),
    (feature_join, "write_votes", 5),
]
STEPS += [
    (feature_join, "_write_proposals", 0),
    (feature_join, "_write_proposals", 1),
    (join_folder, "write_json", 2),
]


@pytest.mark.parametrize(("module", "function", "calls"), STEPS)
def test_a_killed_run_continues_and_gives_the_same(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    module: object,
    function: str,
    calls: int,
) -> None:
    monkeypatch.setattr(add_pictures, "_BATCH_PICTURES", 10)
    monkeypatch.setattr(add_pictures, "_COMMIT_PICTURES", 10)
    monkeypatch.setattr(feature_join, "_UNIT_RECORDS", 200)
    codes = pictures(60, copies=20)
    shards, first = shards_of(tmp_path, codes), pa.array(list(codes)[:30], pa.string())
    expected = []
    for digests in (first, all_of(codes)):
        expected.append(propose_pairs(tmp_path / "whole", shards, digests, executor=InProcess()))
    killed = tmp_path / "killed"
    propose_pairs(killed, shards, first, executor=InProcess())
    with monkeypatch.context() as patch:
        patch.setattr(module, function, stopping(getattr(module, function), calls))
        with pytest.raises(KeyboardInterrupt):
            propose_pairs(killed, shards, all_of(codes), executor=InProcess())
    found = propose_pairs(killed, shards, all_of(codes), executor=InProcess())
    assert found.names.equals(expected[1].names)
    assert found.rows.equals(expected[1].rows)
    assert check_join(killed) == []
    assert not (killed / "pending").exists()


def test_damaged_votes_of_a_killed_run_are_computed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = pictures(40, copies=10)
    shards, killed = shards_of(tmp_path, codes), tmp_path / "killed"
    expected = propose_pairs(tmp_path / "whole", shards, all_of(codes), executor=InProcess())
    with monkeypatch.context() as patch:
        patch.setattr(feature_join, "_write_proposals", stopping(feature_join._write_proposals, 0))
        with pytest.raises(KeyboardInterrupt):
            propose_pairs(killed, shards, all_of(codes), executor=InProcess())
    votes = sorted((killed / "pending").rglob("votes-*.bin"))
    assert votes
    for path in votes:
        content = bytearray(path.read_bytes())
        content[len(content) // 3] ^= 16
        path.write_bytes(content)
    found = propose_pairs(killed, shards, all_of(codes), executor=InProcess())
    assert found.rows.equals(expected.rows)


def test_uncommitted_bytes_of_a_killed_run_are_cut_off(tmp_path: Path) -> None:
    codes = pictures(20)
    shards, place = shards_of(tmp_path, codes), tmp_path / "join"
    before = propose_pairs(place, shards, all_of(codes))
    sizes = {path.name: path.stat().st_size for path in place.iterdir()}
    for path in place.glob("*.bin"):
        with path.open("ab") as file:
            file.write(b"surplus")
    (place / "proposals-99999999.arrow").write_bytes(b"half written")
    assert propose_pairs(place, shards, all_of(codes)).rows.equals(before.rows)
    assert {path.name: path.stat().st_size for path in place.iterdir()} == sizes


def test_damage_is_reported(tmp_path: Path) -> None:
    codes = pictures(20)
    shards, place = shards_of(tmp_path, codes), tmp_path / "join"
    propose_pairs(place, shards, all_of(codes))
    part = next(iter(sorted(place.glob("part-*.bin"))))
    content = bytearray(part.read_bytes())
    content[5] ^= 1
    part.write_bytes(content)
    assert [part.name in line for line in check_join(place)] == [True]
    part.write_bytes(content[:-1])
    assert [part.name in line for line in check_join(place)] == [True]
    with pytest.raises(IndexMismatch, match="cut short"):
        propose_pairs(place, shards, all_of(codes))
    part.unlink()
    assert [part.name in line for line in check_join(place)] == [True]
    manifest = read_json(place / "join.json")
    write_json(place / "join.json", manifest | {"made_by": "another"})
    with pytest.raises(IndexMismatch, match="another"):
        propose_pairs(place, shards, all_of(codes))
    write_json(place / "join.json", {})
    assert ["damaged" in line for line in check_join(place)] == [True]


def test_pictures_without_features_and_pictures_that_are_not_there(tmp_path: Path) -> None:
    codes = dict(sorted((pictures(5, copies=2) | {name(77): HEAD, name(78): HEAD}).items()))
    wanted = pa.array([*codes, name(12345)], pa.string())
    shards = shards_of(tmp_path, codes)
    proposals = propose_pairs(tmp_path / "join", shards, wanted)
    assert proposals.names.to_pylist() == list(codes)
    assert set(named(proposals)) == planted(2)
    empty = propose_pairs(tmp_path / "other", shards_of(tmp_path / "no", {}), all_of({}))
    assert len(empty.names) == empty.rows.num_rows == 0
    flat = {name(77): HEAD}
    alone = propose_pairs(tmp_path / "flat", shards_of(tmp_path / "flat_", flat), all_of(flat))
    assert (len(alone.names), alone.rows.num_rows) == (1, 0)


def test_the_same_picture_in_two_shards_is_one(tmp_path: Path) -> None:
    codes = pictures(5, copies=2)
    files = [shards_of(tmp_path / str(at), codes)._files[0] for at in range(2)]
    proposals = propose_pairs(tmp_path / "join", FeatureShards(files), all_of(codes))
    assert proposals.names.to_pylist() == list(codes)
    assert set(named(proposals)) == planted(2)


def test_too_many_pictures_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(add_pictures, "MAX_JOINED_PICTURES", 20)
    codes = pictures(20, copies=1)
    with pytest.raises(UsageError, match="21 pictures are too many"):
        propose_pairs(tmp_path / "join", shards_of(tmp_path, codes), all_of(codes))


def test_a_damaged_shard_is_named(tmp_path: Path) -> None:
    codes = pictures(20)
    shards = shards_of(tmp_path, codes)
    (tmp_path / "00000.parquet").write_bytes(b"PAR1")
    with pytest.raises(CaseError, match=r"00000\.parquet"):
        propose_pairs(tmp_path / "join", shards, all_of(codes))


@pytest.mark.usefixtures("path")
def test_many_copies_of_one_picture_make_few_pairs_and_stay_connected(tmp_path: Path) -> None:
    rows, count = made_features(0), 300
    codes = {name(at): code(jittered(rows, at)) for at in range(count)}
    codes |= {name(9_000 + at): code(made_features(9_000 + at)) for at in range(20)}
    proposals = propose_pairs(tmp_path / "join", shards_of(tmp_path, codes), all_of(codes))
    number = {digest: at for at, digest in enumerate(codes)}
    of_name = np.array([number[digest] for digest in proposals.names.to_pylist()])
    a, b = (of_name[proposals.rows[side].to_numpy()] for side in ("a", "b"))
    assert len(a) <= count * feature_join.MAX_PARTNERS
    assert max(a.max(), b.max()) < count
    group = np.arange(count)
    for x, y in zip(a.tolist(), b.tolist(), strict=True):
        group[group == group[y]] = group[x]
    assert len(set(group.tolist())) == 1


@pytest.mark.usefixtures("path")
def test_votes_that_do_not_fit_into_memory_change_no_pair(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes = pictures(60, copies=30)
    shards = shards_of(tmp_path, codes)
    expected = propose_pairs(tmp_path / "one", shards, all_of(codes))
    monkeypatch.setattr(feature_votes, "_SPOOL_PAIRS", 1)
    monkeypatch.setattr(lsh_tables, "_SLICE", 100)
    monkeypatch.setattr(add_pictures, "_READ_RECORDS", 3)
    monkeypatch.setattr(feature_join, "_UNIT_RECORDS", 1)
    monkeypatch.setattr(lsh_tables, "_BLOCK", 8)
    found = propose_pairs(tmp_path / "other", shards, all_of(codes))
    assert found.rows.equals(expected.rows)


def proposals_of(rows: list[tuple[int, int, bool, int, float]]) -> pa.Table:
    return pa.Table.from_pylist(
        [dict(zip(PROPOSAL_SCHEMA.names, row, strict=True)) for row in rows], PROPOSAL_SCHEMA
    )


def test_a_pair_stays_that_is_among_the_best_of_either_picture() -> None:
    star = [(0, at, False, 3, float(at)) for at in range(1, 60)]
    many = [
        (at, 100 + k, False, 3, 90.0) for at in (1, 59) for k in range(feature_join.MAX_PARTNERS)
    ]
    kept = feature_join._best_proposals(proposals_of(star + many), proposals_of([]))
    pairs = set(zip(kept["a"].to_pylist(), kept["b"].to_pylist(), strict=True))
    assert {pair for pair in pairs if pair[0] == 0} == {(0, at) for at in range(2, 60)}
    earlier = proposals_of(many)
    assert feature_join._best_proposals(proposals_of(star), earlier).num_rows == 58


def kinds(codes: Codes, place: Path) -> Iterator[Found]:
    for many in (-1, 10**12) if has_numba() else (10**12,):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(feature_join, "_MIN_COMPILED", many)
            digests = list(codes)
            for end in (len(digests) // 2, len(digests)):
                some = pa.array(digests[:end], pa.string())
                found = propose_pairs(place / str(many), shards_of(place / "shards", codes), some)
            yield named(found)


def test_large_buckets_are_the_same_on_both_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = lsh_tables.PairCriteria(lsh_tables.table_masks(18), 12, max_bucket=6, reach=2)
    monkeypatch.setattr(lsh_tables.PairCriteria, "among", lambda pictures: near)
    rows = made_features(0, 30)
    codes = {name(at): code(jittered(rows, at)) for at in range(60)}
    found = list(kinds(codes, tmp_path))
    assert found[0]
    assert all(each == found[0] for each in found)
