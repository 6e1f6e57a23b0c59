"""What `add` and `run` make of what people bring, and what they say of what was lost."""

import json
import zipfile

import pytest
from click.testing import CliRunner
from making import jpeg, photo
from workbooks import write_workbook

from frametrace.app import cli
from frametrace.case.case_writer import CaseWriter
from frametrace.case.ingest import add_sources
from frametrace.case.store import Case
from frametrace.posts.media.media_library import MediaLibrary

HEADER = "platform,post_id,account_id,posted_at,text,media\n"


def add(*arguments):
    return CliRunner().invoke(cli.frametrace, ["add", *map(str, arguments)])


def posts_of(case, *columns):
    return Case(case).read("posts", list(columns)).to_pylist()


def test_rows_that_are_dropped_end_with_1_and_a_loud_line_with_the_first(tmp_path):
    (tmp_path / "p.csv").write_text(HEADER + "x,1,a,,t,\nx,1.69E18,a,,t,\nx,,a,,t,\n")
    done = add(tmp_path / "case", tmp_path / "p.csv")
    assert done.exit_code == 1
    assert "DROPPED   2 of 3 rows could not be read" in done.stdout
    assert "2 of 3 rows were NOT read. The first: p.csv, row 3: post_id 1.69E18" in done.stderr
    assert len(posts_of(tmp_path / "case", "post_id")) == 1


def test_a_post_of_another_account_by_one_key_is_dropped_and_that_is_said(tmp_path):
    (tmp_path / "p.csv").write_text(HEADER + "x,1,a,,t,\nx,1,b,,t,\n")
    (tmp_path / "q.csv").write_text(HEADER + "x,1,c,,t,\nx,2,a,,t,\n")
    for name, row in (("p", 3), ("q", 2)):
        done = add(tmp_path / "case", tmp_path / f"{name}.csv")
        assert done.exit_code == 1
        assert (
            f"1 of 2 rows were NOT read. The first: {name}.csv, row {row}: another" in done.stderr
        )


def test_a_field_that_is_lost_is_no_dropped_row(tmp_path):
    (tmp_path / "p.csv").write_text(HEADER + "x,1,a,45413.4166667,t,\n")
    done = add(tmp_path / "case", tmp_path / "p.csv")
    assert done.exit_code == 0
    assert "for example p.csv, row 2: '45413.4166667'" in done.stdout


def test_the_option_that_would_tell_a_time_is_named(tmp_path):
    (tmp_path / "p.csv").write_text(HEADER + "x,1,a,05/06/2024 10:00,t,\n")
    assert "add --day-order" in " ".join(add(tmp_path / "one", tmp_path / "p.csv").stdout.split())
    chat = tmp_path / "WhatsApp Chat with X.txt"
    chat.write_text("3/25/19, 9:15 AM - Lin: hi there\n3/26/19, 9:15 AM - Mo: hello\n")
    told = "its times have no zone: only their days are kept, unless --timezone names the zone"
    done = add(tmp_path / "two", chat)
    assert (done.exit_code, f"1 × {told}" in done.stdout) == (0, True)
    assert told not in add(tmp_path / "three", chat, "--timezone", "Asia/Tokyo").stdout


def test_nothing_that_could_be_read_ends_with_3_and_a_real_example(tmp_path):
    (tmp_path / "p.csv").write_text(HEADER + "x,,a,,t,\nx,,b,,t,\n")
    for command in ("add", "run"):
        out = ["--out", tmp_path / "report"] if command == "run" else []
        case = tmp_path / command
        arguments = [command, case, tmp_path / "p.csv", *out]
        done = CliRunner().invoke(cli.frametrace, [*map(str, arguments)], standalone_mode=False)
        assert done.exit_code == 1  # the exception; `main` makes it 3
        assert "0 posts of 2 rows. p.csv, row 2: post_id is empty" in str(done.exception)
        assert type(done.exception).__name__ == "SourceError"
        assert Case(case).epoch.rows("skipped") == 2


def test_a_table_with_no_rows_is_a_failure_unless_another_has_some(tmp_path):
    (tmp_path / "p.csv").write_text(HEADER)
    done = add(tmp_path / "case", tmp_path / "p.csv")
    assert type(done.exception).__name__ == "SourceError"
    assert "p.csv has no rows" in str(done.exception)
    (tmp_path / "q.csv").write_text(HEADER + "x,1,a,,t,\n")
    assert add(tmp_path / "case", tmp_path / "p.csv", tmp_path / "q.csv").exit_code == 0


def test_add_ends_with_what_became_of_the_pictures(tmp_path):
    media = tmp_path / "media"
    media.mkdir()
    for number, name in enumerate(("a.jpg", "2_1.jpg", "lost.jpg", "FaaBBccXwAA1.jpg", "odd")):
        (media / name).write_bytes(jpeg(photo(number), 80))
    (media / "film.mp4").write_bytes(b"\0\0\0\x18ftypmp42")
    (media / "notes.txt").write_text("x")
    (media / "song.mp3").write_bytes(b"ID3")
    rows = "x,1,a,,t,a.jpg\nx,2,a,,t,\nx,3,a,,t,absent.jpg\n"
    rows += "x,4,a,,t,https://pbs.example.org/media/FaaBBccXwAA1?format=jpg\n"
    (tmp_path / "p.csv").write_text(HEADER + rows)
    (tmp_path / "map.csv").write_text("post_id,path\n4,media/odd\n")
    maps = ("--media-map", tmp_path / "map.csv")
    done = add(tmp_path / "case", tmp_path / "p.csv", "--media", media, *maps)
    told = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "media 1 joined to posts by a media map" in told
    assert "media 1 joined to posts by their rows" in told
    assert "media 1 joined to posts by file names (a guess)" in told
    assert "media 1 named in rows but missing" in told
    assert "media 3 in the media folders without a post" in told
    assert "other 2 files that can't be pictures or videos: 1 .txt, 1 .mp3" in told
    done = add(tmp_path / "json", tmp_path / "p.csv", "--media", media, *maps, "--json")
    found = json.loads(done.stdout)
    assert {name: found[name] for name in ("by_map", "by_row", "by_name", "absent", "unowned")} == {
        "by_map": 1,
        "by_row": 1,
        "by_name": 1,
        "absent": 1,
        "unowned": 3,
    }
    assert found["aside"] == {".txt": 1, ".mp3": 1}


def test_columns_may_be_named_and_are_kept_for_the_next_table(tmp_path):
    header = "Wann;Wer;Was;Adresse\n"
    row = "05.06.2024 10:00;Lena;Die Brücke;https://x.com/lena/status/{}\n"
    (tmp_path / "may.csv").write_text(header + row.format(11), "cp1252")
    (tmp_path / "june.csv").write_text(header + row.format(12), "cp1252")
    case = tmp_path / "case"
    done = add(case, tmp_path / "may.csv")
    assert type(done.exception).__name__ == "SourceError"
    assert "is a table separated by semicolons" in str(done.exception)
    pairs = ("post_id=Adresse", "account_id=Wer", "text=Was", "posted_at=Wann", "platform=twitter")
    named = [part for pair in pairs for part in ("--column", pair)]
    done = add(case, tmp_path / "may.csv", *named, "--timezone", "Europe/Berlin")
    assert done.exit_code == 0, done.stdout
    assert add(case, tmp_path / "june.csv").exit_code == 0
    found = posts_of(case, "platform", "post_id", "account_id", "text", "posted_at")
    found.sort(key=lambda post: post["post_id"])
    assert [(p["platform"], p["post_id"], p["account_id"], p["text"]) for p in found] == [
        ("twitter", "11", "lena", "Die Brücke"),
        ("twitter", "12", "lena", "Die Brücke"),
    ]
    assert [post["posted_at"].hour for post in found] == [8, 8]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--timezone", "Mars/Olympus"), "there is no time zone"),
        (("--encoding", "klingon"), "there is no encoding"),
        (("--column", "text"), "--column takes FIELD=COLUMN"),
        (("--column", "mood=x"), "is not a field"),
        (("--columns", "absent.toml"), "the column map can't be read"),
        (("--column", "text=t"), "no column for post_id"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_made(options, reason, tmp_path):
    (tmp_path / "p.csv").write_text(HEADER + "x,1,a,,t,\n")
    done = add(tmp_path / "case", tmp_path / "p.csv", *options)
    assert type(done.exception).__name__ == "UsageError"
    assert reason in str(done.exception)
    assert not (tmp_path / "case").exists()


def test_a_folder_of_an_unpacked_archive_reads_like_the_archive(tmp_path):
    folder = tmp_path / "export"
    (folder / "pictures").mkdir(parents=True)
    (folder / "pictures" / "1.jpg").write_bytes(jpeg(photo(1), 80))
    (folder / "posts.csv").write_text(HEADER + "x,1,a,,t,pictures/1.jpg\n")
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for path in sorted(folder.rglob("*.*")):
            archive.write(path, path.relative_to(tmp_path))
    for name in ("export", "export.zip"):
        assert add(tmp_path / f"case-{name}", tmp_path / name).exit_code == 0
        case = Case(tmp_path / f"case-{name}")
        assert (case.epoch.rows("posts"), case.epoch.rows("post_media")) == (1, 1)


def _item(code, **data):
    return json.dumps(
        {
            "item_id": code,
            "source_platform": "instagram.com",
            "source_platform_url": "https://www.instagram.com/lena/",
            "timestamp_collected": 1740820600000,
            "data": {
                "id": "3501_77",
                "pk": "3501",
                "code": code,
                "user": {"pk": "77", "username": "lena"},
                **data,
            },
        }
    )


PARTIAL = _item("DAbCdEf", _zs_partial=True)
WHOLE = _item("DAbCdEf", caption={"text": "The bridge is closed"}, taken_at=1740816930)


@pytest.mark.parametrize("order", [(PARTIAL, WHOLE), (WHOLE, PARTIAL), (PARTIAL, WHOLE, PARTIAL)])
@pytest.mark.parametrize("together", [True, False])
def test_a_whole_record_takes_the_place_of_a_partial_one_in_any_order(order, together, tmp_path):
    case = Case.create(tmp_path / "case")
    groups = [order] if together else [[item] for item in order]
    dropped = 0
    for number, items in enumerate(groups):
        source = tmp_path / f"{number}.ndjson"
        source.write_text("\n".join(items) + "\n")
        dropped += add_sources(case, [source], library=MediaLibrary([])).dropped
    (post,) = posts_of(tmp_path / "case", "post_id", "text", "posted_at", "extra")
    assert (post["post_id"], post["text"]) == ("DAbCdEf", "The bridge is closed")
    assert post["posted_at"] is not None
    assert '"_zs_partial"' not in post["extra"].replace('\\"', "")
    assert (dropped, Case(tmp_path / "case").epoch.rows("skipped")) == (0, 0)


def test_a_partial_post_is_replaced_whole_or_not_at_all(tmp_path, monkeypatch):
    """Killed between the unit and its commit, the case still holds the post once."""
    path = tmp_path / "case"
    case = Case.create(path)
    for name, items in (("a", [PARTIAL, _item("DOther12", caption={"text": "x"})]), ("b", [WHOLE])):
        (tmp_path / name).write_text("\n".join(items) + "\n")
    add_sources(case, [tmp_path / "a"], library=MediaLibrary([]))

    commits, real = [], CaseWriter.commit

    def second_fails(writer):
        commits.append(1)
        if len(commits) > 1:
            raise KeyboardInterrupt
        real(writer)

    with monkeypatch.context() as patched:
        patched.setattr(CaseWriter, "commit", second_fails)
        with pytest.raises(KeyboardInterrupt):
            add_sources(case, [tmp_path / "b"], library=MediaLibrary([]))
    assert sorted(p["text"] or "" for p in posts_of(path, "text")) == ["", "x"]
    add_sources(Case(path), [tmp_path / "b"], library=MediaLibrary([]))
    assert sorted(p["text"] for p in posts_of(path, "text")) == ["The bridge is closed", "x"]


def test_a_sheet_beside_those_that_are_read_is_dropped_and_can_be_mapped(tmp_path):
    header = ["platform", "post_id", "account_id"]
    sheets = {
        "May": [header, ["x1", "1", "lin"]],
        "June": [["Network", "No", "Page"], ["x1", "2", "lin"]],
        "Notes": [["Call Jo"], ["about June"]],
    }
    path = write_workbook(tmp_path / "w.xlsx", sheets)
    done = add(tmp_path / "case", path)
    assert done.exit_code == 1
    assert "DROPPED   1 of 2 rows, files or sheets could not be read" in done.stdout
    assert "The first: w.xlsx: the sheet 'June' is not read, as no format" in done.stderr
    assert "'Network', 'No', 'Page'" in done.stderr
    reasons = [row["reason"] for row in Case(tmp_path / "case").read("skipped").to_pylist()]
    assert [reason[:17] for reason in sorted(reasons)] == ["the sheet 'June' ", "the sheet 'Notes'"]
    draft = tmp_path / "june.toml"
    inspected = CliRunner().invoke(
        cli.frametrace, ["inspect", str(path), "--draft", str(draft)], catch_exceptions=False
    )
    assert inspected.exit_code == 0
    assert add(tmp_path / "case", path, "--columns", draft).exit_code == 0
    assert {post["post_id"] for post in posts_of(tmp_path / "case", "post_id")} == {"1", "2"}


def test_a_list_beside_the_one_that_is_read_is_dropped_if_it_may_be_posts(tmp_path):
    posts = [{"platform": "x1", "post_id": "p1", "account_id": "lin", "text": "t"}]
    stories = [{"story_id": "s1", "owner": "lin", "caption": "a caption of some words"}]
    document = {"posts": posts, "stories": stories, "pages": [{"at": 1, "of": 2}]}
    (tmp_path / "j.json").write_text(json.dumps(document))
    done = add(tmp_path / "case", tmp_path / "j.json")
    assert done.exit_code == 1
    assert "1 of 2 rows, files or sheets were NOT read. The first: j.json: the list 'stories'" in (
        done.stderr
    )
    assert Case(tmp_path / "case").epoch.rows("skipped") == 2


def test_a_table_in_a_folder_that_is_not_read_is_named_once(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text(HEADER + "x,1,a,,t,\n")
    (folder / "b.csv").write_text("n,m\n1,2\n")
    done = add(tmp_path / "case", folder)
    assert done.exit_code == 1
    assert "The first: in/b.csv: is a table separated by commas" in done.stderr


def test_the_likeliest_sheet_is_named_where_none_is_read(tmp_path):
    sheets = {"Notizen": [["Jörg anrufen"]], "Beiträge": [["Nummer", "Wer"], ["1", "lin"]]}
    path = write_workbook(tmp_path / "w.xlsx", sheets)
    done = add(tmp_path / "case", path)
    assert "Found in the sheet 'Beiträge': 'Nummer', 'Wer'." in str(done.exception)


def test_a_file_that_was_read_for_its_neighbour_is_none_that_is_unknown(tmp_path):
    """And a file of the system is neither a source nor one aside."""
    data = tmp_path / "x" / "data"
    data.mkdir(parents=True)
    tweet = {"id_str": "1", "full_text": "t", "created_at": "Wed May 01 10:00:00 +0000 2024"}
    (data / "tweets.js").write_text(f"window.YTD.tweets.part0 = {json.dumps([{'tweet': tweet}])}")
    account = {"account": {"accountId": "7", "username": "lin"}}
    (data / "account.js").write_text(f"window.YTD.account.part0 = {json.dumps([account])}")
    (data / "~$posts.xlsx").write_bytes(b"lock")
    (data / ".DS_Store").write_bytes(b"mac")
    done = add(tmp_path / "case", tmp_path / "x")
    assert done.exit_code == 0, done.output
    assert posts_of(tmp_path / "case", "account_id") == [{"account_id": "7"}]
    assert Case(tmp_path / "case").epoch.rows("skipped") == 0
    assert "read      1 new post, 0 new pictures; 1 row\n" in done.stdout
    assert "xlsx" not in done.stdout
    assert "no suffix" not in done.stdout


def test_a_column_map_that_is_not_there_is_said_in_words(tmp_path):
    done = add(tmp_path / "case", tmp_path, "--columns", tmp_path / "absent.toml")
    assert str(done.exception).endswith("can't be read: No such file or directory")


def test_json_that_is_not_read_beside_posts_is_dropped_if_it_is_like_them(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.csv").write_text(HEADER + "x,1,a,,t,\n")
    posts = {
        f"17649700000000000{at}": {"user": "lin", "text": "some words"} for at in range(10, 13)
    }
    (folder / "b.json").write_text(json.dumps(posts))
    (folder / "c.json").write_text(json.dumps({"made": {"by": "x"}, "on": "2024-05-01"}))
    done = add(tmp_path / "case", folder)
    assert done.exit_code == 1
    assert "1 of 2 rows, files or sheets were NOT read. The first: in/b.json: is" in done.stderr
    reasons = [row["reason"] for row in Case(tmp_path / "case").read("skipped").to_pylist()]
    assert sum("1 other file beside them: c.json" in reason for reason in reasons) == 1


def test_posts_that_would_have_another_time_now_are_told_of_and_stay(tmp_path):
    (tmp_path / "p.csv").write_text(HEADER + "facebook,a1,lin,2024-06-05 10:00,t,\n")
    first = add(tmp_path / "case", tmp_path / "p.csv", "--timezone", "Europe/Berlin")
    assert "times " not in first.stdout
    again = add(tmp_path / "case", tmp_path / "p.csv", "--timezone", "Asia/Hong_Kong")
    assert "times     1 known post would now have another time: the case keeps" in again.stdout
    (kept,) = posts_of(tmp_path / "case", "posted_at")
    assert kept["posted_at"].hour == 8
    same = add(tmp_path / "case", tmp_path / "p.csv", "--timezone", "Europe/Berlin")
    assert "times " not in same.stdout
