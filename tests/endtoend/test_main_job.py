import csv
import json
import shutil
from pathlib import Path

import pytest
from making import jpeg, photo, write_jsonl

TABLES = (
    *("matches.csv", "groups.csv", "framings.csv", "named.csv", "map.csv", "accounts.csv"),
    *("ties.csv", "skipped.csv", "network.gexf"),
)


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def sources(tmp_path_factory):
    """Ninety posts of two platforms: five photos in several versions, and broken files."""
    folder = tmp_path_factory.mktemp("sources")
    rows = []
    for at in range(90):
        name = f"picture{at}.jpg"
        content = jpeg(photo(at % 5) if at < 40 else photo(at), quality=50 + at % 40)
        (folder / name).write_bytes(content if at % 30 else content[: len(content) // 2])
        rows.append(
            {
                "platform": ("twitter", "facebook")[at % 2],
                "post_id": str(at),
                "account_id": f"account{at % 9}",
                "posted_at": "2019-08-10T10:00:00Z",
                "text": f"昨晚他们又一次破坏了整个地铁站{'！' * (at % 3)}" if at < 20 else "",
                "media": [name],
            }
        )
    return write_jsonl(folder / "posts.jsonl", rows)


@pytest.fixture(scope="module")
def done(sources, tmp_path_factory, command):
    folder = tmp_path_factory.mktemp("done")
    result = command("run", folder / "case", sources, "--out", folder / "report")
    assert result.returncode == 0, result.stderr
    return folder, result


def test_the_main_job_says_what_it_did_and_found(done):
    folder, result = done
    assert "read      90 new posts, 90 new pictures" in result.stdout
    assert "skipped   3, listed in the case" in result.stdout
    assert "3 × damaged picture" in result.stdout
    assert "5 photo groups, 1 framing groups" in result.stdout
    assert str(folder / "report" / "index.html") in result.stdout
    assert "pictures: 87 in " in result.stderr or "pictures: 90 in " in result.stderr


def test_models_that_are_not_here_are_named_with_what_brings_them(done, has_models):
    _, result = done
    if has_models:
        assert "caption (all-MiniLM-L6-v2: English)" in result.stdout
        assert "clip is left out: no CLIP weights" in result.stderr
    else:
        assert "caption is left out" in result.stderr
        assert "pip install 'frametrace[models" in result.stderr


def test_the_groups_are_the_photos_that_were_reused(done):
    folder, _ = done
    groups = {}
    for row in rows_of(folder / "report" / "groups.csv"):
        if row["kind"] == "photo":
            groups.setdefault(row["group_id"], set()).add(int(row["post_id"]))
    expected = [{at for at in range(40) if at % 5 == n and at % 30} for n in range(5)]
    assert sorted(groups.values(), key=min) == sorted(expected, key=min)


def test_running_it_again_changes_nothing(done, sources, command):
    folder, _ = done
    before = {name: (folder / "report" / name).read_bytes() for name in TABLES}
    result = command("run", folder / "case", sources, "--out", folder / "report")
    assert "0 new posts (90 already known), 0 new pictures" in result.stdout
    assert "computed  0 pictures, 0 captions" in result.stdout
    assert {name: (folder / "report" / name).read_bytes() for name in TABLES} == before


def test_stage_by_stage_gives_the_same_report(done, sources, tmp_path, command):
    folder, _ = done
    case = tmp_path / "case"
    for stage in (
        ("add", case, sources),
        ("embed", case),
        ("index", case),
        ("match", case),
        ("report", case, "--out", tmp_path / "report"),
    ):
        result = command(*stage)
        assert result.returncode == 0, result.stderr
    for name in TABLES:
        assert (tmp_path / "report" / name).read_bytes() == (folder / "report" / name).read_bytes()


def test_a_query_answers_from_the_command_line(done, tmp_path, command):
    folder, _ = done
    (tmp_path / "query.jpg").write_bytes(jpeg(photo(3), 35))
    found = json.loads(command("query", folder / "case", tmp_path / "query.jpg", "--json").stdout)
    assert {int(row["post_id"]) for row in found["rows"]} == set(range(3, 40, 5))


def test_a_signal_that_needs_an_absent_extra_names_it(done, command, has_models):
    if has_models:
        pytest.skip("the extra `models` is installed here")
    folder, _ = done
    result = command("embed", folder / "case", "--signal", "clip")
    assert result.returncode == 2
    assert "frametrace[models]" in result.stderr


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"tweetid,tweet_time,tweet_text\n1,2019-08-01 10:00,a\n", "userid"),
        (b"\x00\xff\xfe" * 100, ""),
    ],
    ids=["zero bytes", "a required column is missing", "noise"],
)
def test_a_source_that_cant_be_read_is_refused_with_its_reason(content, message, tmp_path, command):
    (tmp_path / "bad.csv").write_bytes(content)
    out = tmp_path / "report"
    result = command("run", tmp_path / "case", tmp_path / "bad.csv", "--out", out)
    assert result.returncode == 3
    assert "bad.csv" in result.stderr
    assert message in result.stderr
    assert "Traceback" not in result.stderr


def test_a_media_map_that_names_absent_files_is_reported(tmp_path, command):
    source = write_jsonl(
        tmp_path / "posts.jsonl",
        [{"platform": "facebook", "post_id": "1", "account_id": "a", "text": "words"}],
    )
    (tmp_path / "map.csv").write_text("post_id,path\n1,absent.jpg\n2,../../etc/passwd\n")
    result = command("add", tmp_path / "case", source, "--media-map", tmp_path / "map.csv")
    assert result.returncode == 0
    assert "skipped   2, listed in the case" in result.stdout
    assert "is not in the media folders" in result.stdout


def test_a_case_of_a_newer_format_is_refused(done, tmp_path, command):
    folder, _ = done
    shutil.copytree(folder / "case", tmp_path / "case")
    (tmp_path / "case" / "case.json").write_text('{"format": 99}')
    result = command("query", tmp_path / "case", "--text", "anything")
    assert result.returncode == 3
    assert "Upgrade" in result.stderr


def test_the_demo_of_the_bare_wheel_finds_what_is_planted(tmp_path, command):
    result = command("demo", tmp_path / "demo", "--json")
    assert result.returncode == 0, result.stderr
    scores = json.loads(result.stdout)
    assert scores["framing"]["false"] == 0
    # Two shots of one scene may pass for copies, and two screenshots of one app (docs/signals.md).
    assert scores["photo"]["false"] <= 2
    assert scores["edited"]["false"] <= 1
    assert scores["photo"]["found"] >= 0.9 * scores["photo"]["planted"] > 100
    assert scores["edited"]["found"] >= 0.8 * scores["edited"]["planted"] > 80
    assert scores["framing"]["found"] >= 0.3 * scores["framing"]["planted"] > 100
    skipped = rows_of(tmp_path / "demo" / "report" / "skipped.csv")
    assert len(skipped) == 4
    sources = {row["source"] for row in skipped}
    assert sources == {"tweet_media", "sources", "facebook_media_map.csv"}


def test_the_folder_reader_takes_pictures_alone(sources, tmp_path, command):
    out = tmp_path / "report"
    pictures = Path(sources).parent
    result = command(
        *("run", tmp_path / "case", pictures, "--format", "folder", "--out", out, "--signal", "pdq")
    )
    assert result.returncode == 0, result.stderr
    assert "5 photo groups" in result.stdout
