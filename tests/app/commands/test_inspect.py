"""`inspect` says what `add` would do, and writes nothing."""

import gzip
import json
import os
import sys
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from drafting import BUILT_WITH, HELD_OUT, Table
from hostile import HOSTILE, write_posts
from making import jpeg, photo, write_jsonl
from sampling import FIXTURES, every_sample, source_of, table_text
from terminal import shown_on_a_terminal
from workbooks import write_workbook

from frametrace.app import cli
from frametrace.app.inspection.findings import InspectedFile, Inspection
from frametrace.app.inspection.inspect_sources import inspect_sources
from frametrace.app.inspection.print_inspection import inspection_lines
from frametrace.app.output.text_columns import Screen
from frametrace.case.ingest import add_sources
from frametrace.case.store import Case
from frametrace.posts.dates.parse_time import time_zone
from frametrace.posts.errors import UsageError
from frametrace.posts.media.media_library import MediaLibrary
from frametrace.posts.model import Account, Post, Skipped
from frametrace.posts.open_source import open_source
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.readers import Reader

HEADER = ("platform", "post_id", "account_id", "posted_at", "text", "media")


def looked_at(
    *sources: Path,
    media: Sequence[Path] = (),
    maps: Sequence[Path] = (),
    reading: ReadSettings = ReadSettings(),
    given: Mapping[str, str] | None = None,
) -> Inspection:
    return inspect_sources(
        sources, library=MediaLibrary(media, maps), reading=reading, draft_columns=given
    )


def text_of(found: Inspection, screen: Screen = Screen()) -> str:
    return "\n".join(inspection_lines(found, (), screen))


def file_of(found: Inspection) -> InspectedFile:
    ((file,),) = (source.files for source in found.sources)
    return file


def write(path: Path, *rows: Sequence[str], header: Sequence[str] = HEADER) -> Path:
    path.write_text(table_text([header, *rows]), "utf-8", newline="")
    return path


def write_table(path: Path, table: Table) -> Path:
    return write(path, *table.rows, header=table.names)


def named(called: str) -> Table:
    return next(table for table in (*BUILT_WITH, *HELD_OUT) if table.called == called)


def listing(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")}


# What is said is what is read


@every_sample
def test_every_format_is_looked_at_as_it_is_read(reader: Reader, expected: Path) -> None:
    source = source_of(expected)
    entries = list(open_source(source).entries())
    found = looked_at(source)
    file = file_of(found)
    assert file.format == reader.name
    assert file.posts == sum(isinstance(entry, Post) for entry in entries)
    assert file.accounts == sum(isinstance(entry, Account) for entry in entries)
    lost = [entry for entry in entries if isinstance(entry, Skipped) and not entry.kept]
    assert file.dropped == len(lost)
    told = (*file.reasons, *found.sources[0].unread)
    skipped = [entry for entry in entries if isinstance(entry, Skipped)]
    assert sum(reason.count for reason in told) == len(skipped)
    assert not file.is_cut
    assert all(shown.post in entries for shown in file.shown)
    assert file.because


@every_sample
def test_no_line_of_any_format_can_steer_a_terminal(reader: Reader, expected: Path) -> None:
    text = text_of(looked_at(source_of(expected)))
    assert all(line.isprintable() for line in text.splitlines())
    assert max(map(len, text.splitlines())) < 4_000


def test_looking_at_all_samples_writes_nothing() -> None:
    before = listing(FIXTURES)
    found = looked_at(*sorted(path for path in FIXTURES.iterdir() if path.is_dir()))
    assert text_of(found)
    assert listing(FIXTURES) == before


def test_what_a_table_is_and_which_columns_were_used(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv.gz"
    rows = "a report\n\nplatform;post_id;account_id;text;mood;media\n"
    rows += "".join(
        f"x;{at};lin;Größere Brücken für die Nächte über Köln;fine;\n" for at in range(9)
    )
    path.write_bytes(gzip.compress(rows.encode("cp1252")))
    file = file_of(looked_at(path))
    assert file.how == "a table separated by semicolons, its header in line 3"
    assert file.encoding == "cp1252, detected"
    assert file.packing == "gzip"
    assert file.because == "by its columns platform, post_id, account_id"
    assert (file.kept, file.empty) == (("mood",), ("media",))
    assert set(file.used) == {"platform", "post_id", "account_id", "text"}


def test_the_posts_that_show_most_stand_wrapped_columns(tmp_path: Path) -> None:
    rows = [("x", str(at), "lin", "", "", "") for at in range(9)]
    rows[5] = ("x", "5", "lin", "2024-05-01 14:03", "a caption", "")
    path = write(tmp_path / "posts.csv", *rows)
    found = looked_at(path)
    assert [shown.post.post_id for shown in file_of(found).shown] == ["0", "1", "5"]
    lines = text_of(found).splitlines()
    assert any(line.split() == ["post", "0", "1", "5"] for line in lines)
    assert any("2024-05-01 14:03 UTC" in line for line in lines)
    assert any(line.startswith("as written") and "2024-05-01 14:03" in line for line in lines)


def test_of_many_rows_the_first_are_looked_at_and_that_is_said(tmp_path: Path) -> None:
    rows = [("x", str(at), "lin", "", "", "") for at in range(2_500)]
    found = looked_at(write(tmp_path / "posts.csv", *rows))
    assert (file_of(found).rows, file_of(found).is_cut) == (2_000, True)
    assert "at least 2,000; the first 2,000 were inspected: 2,000 posts" in text_of(found)


def test_an_hour_long_file_takes_no_longer_than_its_beginning(tmp_path: Path) -> None:
    """Whether 05/06 is in May shows in no row that is looked at, and no other is read for it."""
    path = tmp_path / "posts.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(HEADER) + "\n")
        file.writelines(f"x,{at},lin,05/06/2024,,\n" for at in range(2_100))
        file.write("x,last,lin,31/12/2024,,\n")
    found = file_of(looked_at(path))
    assert found.times[0].unread == 2_000
    assert "use --day-order" in found.times[0].order


def test_many_sidecars_are_told_of_together(tmp_path: Path) -> None:
    (sample, *_) = sorted((FIXTURES / "gallery-dl" / "real").glob("*.json"))
    for at in range(5):
        (tmp_path / f"{at}.jpg.json").write_bytes(sample.read_bytes())
    found = looked_at(tmp_path)
    assert file_of(found).files == 5
    assert f"5 files, such as {tmp_path.name}/0.jpg.json" in text_of(found)


def test_times_of_which_only_the_day_is_kept_are_said_to_be_days(tmp_path: Path) -> None:
    chat = tmp_path / "_chat.txt"
    chat.write_text("[19.08.19, 14:03:22] Lin: hi there\n[20.08.19, 14:03:22] Mo: hello\n")
    (times,) = file_of(looked_at(chat)).times
    assert times.precisions == {"day": 2}
    assert times.zone == "none is given: only the day is kept, unless --timezone gives one"


def test_rows_that_cannot_be_read_are_counted_with_an_example(tmp_path: Path) -> None:
    rows = [("x", "1.69E+18", "lin", "", "", ""), ("x", "1.70E+18", "lin", "", "", "")]
    path = write(tmp_path / "posts.csv", *rows, ("x", "", "lin", "", "", ""), rows[0][:3])
    (rounded, *_) = reasons = file_of(looked_at(path)).reasons
    assert [reason.count for reason in reasons] == [2, 1, 1]
    lost = "lost its digits in a spreadsheet; export it again with ids as text"
    assert rounded.reason == f"post_id … {lost}"
    assert rounded.example == f"posts.csv, row 2: post_id 1.69E+18 {lost}"
    assert reasons[-1].reason == "the row has 3 values, the header 6"


@pytest.mark.parametrize(
    ("times", "zone", "order"),
    [
        (("2024-05-01 14:03", "2024-05-02 14:03"), "none is given: read as UTC", ""),
        (("2024-05-01T14:03Z", "2024-05-02 14:03"), "some times give none: read as UTC", ""),
        (("2024-05-01T14:03Z", "1714572180"), "given in each time, or counted since 1970", ""),
        (("2024-05-01", "2024-05-02"), "", ""),
        (("05/06/2024", "13/06/2024"), "", "day first, as '13/06/2024' shows"),
        (("05/06/2024", "06/13/2024"), "", "month first, as '06/13/2024' shows"),
        (("05/06/2024", "07/06/2024"), "", "nothing shows whether the day or the month comes"),
    ],
)
def test_how_times_are_understood_is_said(
    times: tuple[str, str], zone: str, order: str, tmp_path: Path
) -> None:
    rows = [("x", str(at), "lin", time, "", "") for at, time in enumerate(times)]
    (found,) = file_of(looked_at(write(tmp_path / "posts.csv", *rows))).times
    assert (found.column, found.zone) == ("posted_at", zone)
    assert found.order.startswith(order)
    assert bool(found.order) == bool(order)


def test_a_zone_that_users_say_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "posts.csv", ("x", "1", "lin", "2024-05-01 14:03", "", ""))
    reading = ReadSettings(zone=time_zone("Europe/Berlin"))
    file = file_of(looked_at(path, reading=reading))
    assert file.times[0].zone == "none is given: Europe/Berlin, by --timezone"
    assert file.shown[0].post.posted_at is not None
    assert file.shown[0].post.posted_at.hour == 12


# Pictures


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Four posts with a picture by a map, by the row, by its name, and one that isn't there."""
    media = tmp_path / "media"
    media.mkdir()
    for name in ("mapped", "rowed", "1003-a", "nobody"):
        (media / f"{name}.jpg").write_bytes(jpeg(photo(1), 60))
    (media / "notes.txt").write_text("x")
    (tmp_path / "map.csv").write_text("post_id,path\n1001,mapped.jpg\n9999,rowed.jpg\n")
    rows = [("x", "1001", "lin", "", "a", ""), ("x", "1002", "lin", "", "a", "rowed.jpg")]
    rows += [("x", "1003", "lin", "", "a", ""), ("x", "1004", "lin", "", "a", "gone.jpg")]
    return write(tmp_path / "posts.csv", *rows)


def test_each_picture_is_named_with_what_gave_it(pictures: Path) -> None:
    folder = pictures.parent
    found = looked_at(pictures, media=[folder / "media"], maps=[folder / "map.csv"])
    assert found.pictures.joined == {"map": 1, "row": 1, "name": 1}
    shown = {post.post.post_id: post for post in file_of(found).shown}
    assert {key: [picture.rule for picture in post.pictures] for key, post in shown.items()} == {
        "1001": ["map"],
        "1002": ["row"],
        "1004": [],
    }
    assert shown["1001"].pictures[0].path == "mapped.jpg"
    assert shown["1001"].pictures[0].pixels == "640 × 480"
    assert shown["1004"].absent == (
        "gone.jpg: is not in the media folders; --media FOLDER names the one that holds it",
    )
    assert found.pictures.unowned_such_as == ("nobody.jpg",)
    assert found.pictures.aside == {".txt": 1}
    assert [reason.count for reason in found.pictures.absent] == [1]
    (unused,) = found.pictures.unused
    assert "names the post 9999, which was not read" in unused.example
    text = text_of(found, Screen(300))
    assert "mapped.jpg (by a media map, 640 × 480)" in text
    assert "1 joined by its file name, a guess" in text
    assert "1 file belongs to none of these posts, such as nobody.jpg" in text


def test_pictures_are_joined_as_adding_joins_them(pictures: Path) -> None:
    folder = pictures.parent
    found = looked_at(pictures, media=[folder / "media"], maps=[folder / "map.csv"]).pictures
    case = Case.create(folder / "case")
    library = MediaLibrary([folder / "media"], [folder / "map.csv"])
    added = add_sources(case, [pictures], library=library)
    assert found.joined == {"map": added.by_map, "row": added.by_row, "name": added.by_name}
    assert sum(reason.count for reason in found.absent) == added.absent
    assert found.unowned == added.unowned
    assert found.aside == added.aside


def test_a_guess_is_shown_with_its_post(tmp_path: Path) -> None:
    (tmp_path / "1003-a.jpg").write_bytes(jpeg(photo(1), 60))
    path = write(tmp_path / "posts.csv", ("x", "1003", "lin", "", "a", ""))
    (shown,) = file_of(looked_at(path, media=[tmp_path])).shown
    assert [(found.path, found.rule) for found in shown.pictures] == [("1003-a.jpg", "name")]


def test_pictures_of_a_cut_file_are_told_to_be_a_sample(tmp_path: Path) -> None:
    rows = [("x", str(at), "lin", "", "", "gone.jpg") for at in range(2_001)]
    (tmp_path / "some.jpg").write_bytes(jpeg(photo(1), 60))
    text = text_of(looked_at(write(tmp_path / "posts.csv", *rows), media=[tmp_path]))
    assert "2,000 named but missing" in text
    assert "these counts are about the inspected rows" in text


def test_a_folder_of_pictures_is_one(tmp_path: Path) -> None:
    (tmp_path / "lin").mkdir()
    (tmp_path / "lin" / "1.jpg").write_bytes(jpeg(photo(1), 60))
    found = looked_at(tmp_path)
    assert file_of(found).format == "folder"
    assert file_of(found).because == "because no file of posts was recognised in it"
    assert found.pictures.joined["row"] == 1


def test_damaged_pictures_have_no_sides_and_cost_nothing(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(b"\xff\xd8\xff\xe0" + bytes(50))
    (tmp_path / "2.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\xff" * 50)
    rows = [("x", "1", "lin", "", "a", "1.jpg"), ("x", "2", "lin", "", "a", "2.png")]
    file = file_of(looked_at(write(tmp_path / "posts.csv", *rows), media=[tmp_path]))
    assert [picture.pixels for post in file.shown for picture in post.pictures] == ["", ""]


# Drafts


def test_a_table_that_no_format_fits_is_read_by_a_draft(tmp_path: Path) -> None:
    table = named("Facebook-Seiten einer Redaktion")
    found = looked_at(write_table(tmp_path / "seiten.csv", table))
    ((draft,),) = (source.drafts for source in found.sources)
    assert draft.columns == table.wanted
    file = file_of(found)
    assert (file.format, file.posts) == ("draft", len(table.rows))
    assert file.shown[0].post.text == table.columns["Beitragstext"][0]
    text = text_of(found)
    assert 'post_id = "Link zum Beitrag"' in text
    assert "unknown: read by the draft above" in text
    assert "# media" in text


def test_a_draft_that_lacks_something_says_which_column_to_name(tmp_path: Path) -> None:
    path = write_table(tmp_path / "news.csv", named("новости"))
    (source,) = looked_at(path).sources
    (draft,) = source.drafts
    assert not draft.is_complete
    assert {"post_id", "account_id"} <= draft.lacking.keys()
    assert draft.rows[0]["Компания"] == "Выдуманный банк"
    given = {"post_id": "Заголовок", "account_name": "Компания"}
    file = file_of(looked_at(path, given=given))
    assert (file.format, file.posts) == ("draft", 12)
    assert file.shown[0].post.post_id == "Мост закрыт"


def test_a_column_that_a_table_lacks_is_refused(tmp_path: Path) -> None:
    path = write_table(tmp_path / "news.csv", named("новости"))
    with pytest.raises(UsageError, match=r"news.csv has no column 'title'. Found: 'Заголовок'"):
        looked_at(path, given={"post_id": "title"})


def test_lists_of_json_and_sheets_are_drafted_too(tmp_path: Path) -> None:
    table = named("entradas de un blog")
    records = [dict(zip(table.names, row, strict=True)) for row in table.rows]
    document = {"made": {"by": "x"}, "cuentas": [{"a": 1}], "datos": {"entradas": records}}
    (tmp_path / "a.json").write_text(json.dumps(document), "utf-8")
    notes = [["A report"], ["made by"], []]
    sheets = {"Info": notes, "Hoja 2": [["Blog"], [], list(table.names), *table.rows]}
    write_workbook(tmp_path / "b.xlsx", sheets)
    found = looked_at(tmp_path / "a.json", tmp_path / "b.xlsx")
    for source, how in zip(found.sources, ("datos.entradas", "'Hoja 2'"), strict=True):
        (draft,), (file,) = source.drafts, source.files
        assert draft.columns == table.wanted
        assert how in file.how
        assert file.posts == len(records)
    (told,) = found.sources[0].unread
    assert "the list 'cuentas' is not read" in told.example


def test_what_is_recognised_stays_as_it_is_beside_a_draft(tmp_path: Path) -> None:
    write_table(tmp_path / "unknown.csv", named("entradas de un blog"))
    header = ("platform", "post_id", "account_id", "id", "usuario", "fecha", "texto")
    row = ("x", "1", "lin", "7", "mo", "2024-05-01", "words")
    write(tmp_path / "known.csv", row, header=header)
    (source,) = looked_at(tmp_path).sources
    assert {file.name.rpartition("/")[2]: file.format for file in source.files} == {
        "known.csv": "plain-csv",
        "unknown.csv": "draft",
    }


def test_tables_of_the_same_columns_have_one_draft(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "c.csv", "d.csv"):
        write_table(tmp_path / name, named("entradas de un blog"))
    (source,) = looked_at(tmp_path).sources
    assert len(source.drafts) == 1
    assert (source.files[0].files, source.files[0].posts) == (4, 48)


# Hostile files


def _hostile(folder: Path) -> Iterator[Path]:
    steering = "\x1b]0;title\x07\u202e"
    rows = [("x", str(at), steering, steering, HOSTILE[at % 4], steering) for at in range(4)]
    yield write(folder / "steering.csv", *rows)
    yield write(
        folder / f"un{steering[:4]}known.csv", *rows, header=[f"{steering}{h}" for h in HEADER]
    )
    yield write(folder / "huge.csv", ("x", "1", "a" * 900_000, "", "b" * 900_000, ""))
    yield write_jsonl(folder / "names.jsonl", [{f"n{at}": at for at in range(30_000)}])
    (folder / "cut.csv.gz").write_bytes(
        gzip.compress(b"post_id,text\n" + os.urandom(9_000))[:4_000]
    )
    yield folder / "cut.csv.gz"
    (folder / "deep.json").write_text("[" * 5_000 + "]" * 5_000)
    yield folder / "deep.json"
    (folder / "empty.csv").write_bytes(b"")
    yield folder / "empty.csv"
    (folder / "none").mkdir()
    yield folder / "none"
    (folder / "noise.dat").write_bytes(os.urandom(40_000))
    yield folder / "noise.dat"
    with zipfile.ZipFile(folder / "leaves.zip", "w") as archive:
        archive.writestr("../posts.csv", "platform,post_id,account_id\nx,1,a\n")
        archive.writestr("a/posts.csv", f"platform,post_id,account_id\n{steering},1,a\n")
    yield folder / "leaves.zip"
    yield folder / "absent.csv"
    yield folder


def test_hostile_files_upset_nothing_and_steer_no_terminal(tmp_path: Path) -> None:
    paths = list(_hostile(tmp_path))
    before = listing(tmp_path)
    for path in paths:
        text = text_of(looked_at(path), Screen(60))
        assert all(line.isprintable() for line in text.splitlines()), path
        assert len(text) < 100_000
    assert listing(tmp_path) == before


# The command


def test_the_command_shows_posts_and_says_what_comes_next(tmp_path, command):
    source = write_posts(tmp_path / "sources")
    before = listing(tmp_path)
    done = command("inspect", source, "--rows", 1)
    assert done.returncode == 0, done.stderr
    assert "plain-jsonl: Frametrace's own fields" in done.stdout
    assert f"next      frametrace add CASE {source}" in done.stdout
    assert not {"\x1b", "\x07"} & set(done.stdout)
    assert listing(tmp_path) == before


def test_json_is_valid_and_always_the_same(tmp_path, command):
    source = write_posts(tmp_path / "sources")
    once, twice = (command("inspect", source, "--json").stdout for _ in range(2))
    found = json.loads(once)
    assert once == twice
    assert not {"\x1b", "\x07", "\u202e"} & set(once)
    (path,) = found["sources"]
    (file,) = path["files"]
    assert (file["format"], file["posts"], len(file["shown"])) == ("plain-jsonl", 16, 3)
    assert file["shown"][0]["post"]["posted_at"].endswith("Z")
    assert found["next"] == [f"frametrace add CASE {source}"]


def test_a_draft_is_written_once_and_added_by(tmp_path, command):
    table = named("推文列表")
    write_table(tmp_path / "t.csv", table)
    first = command("inspect", "t.csv", cwd=tmp_path)
    assert "frametrace inspect t.csv --draft columns.toml" in first.stdout
    assert not (tmp_path / "columns.toml").exists()
    done = command("inspect", "t.csv", "--draft", "columns.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "next      frametrace add CASE t.csv --columns columns.toml" in done.stdout
    written = (tmp_path / "columns.toml").read_bytes()
    again = command("inspect", "t.csv", "--draft", "columns.toml", cwd=tmp_path)
    assert again.returncode == 2
    assert "is not overwritten" in again.stderr
    assert (tmp_path / "columns.toml").read_bytes() == written
    added = command("add", "case", "t.csv", "--columns", "columns.toml", "--json", cwd=tmp_path)
    assert json.loads(added.stdout)["posts"] == len(table.rows)
    kept = command("inspect", "t.csv", "--case", "case", cwd=tmp_path)
    assert "of the case" in kept.stdout
    assert not any("--draft" in line for line in kept.stdout.splitlines())


def test_a_draft_is_refused_where_none_is_needed_or_several_are(tmp_path, command):
    source = write_posts(tmp_path / "sources")
    done = command("inspect", source, "--draft", tmp_path / "new.toml")
    assert done.returncode == 2
    assert "no table here needs a column map" in done.stderr
    write_table(tmp_path / "a.csv", named("entradas de un blog"))
    write_table(tmp_path / "b.csv", named("推文列表"))
    done = command(
        "inspect", tmp_path / "a.csv", tmp_path / "b.csv", "--draft", tmp_path / "new.toml"
    )
    assert done.returncode == 2
    assert "these tables need different maps; inspect them one by one: a.csv, b.csv" in done.stderr
    assert not (tmp_path / "new.toml").exists()


def test_columns_that_users_name_are_taken_into_the_draft(tmp_path, command):
    write_table(tmp_path / "n.csv", named("новости"))
    done = command("inspect", "n.csv", cwd=tmp_path)
    assert done.returncode == 0
    wanted = (
        "frametrace inspect n.csv --column post_id=… --column account_id=… --draft columns.toml"
    )
    assert wanted in done.stdout
    pairs = ("--column", "post_id=Заголовок", "--column", "account_id=Компания")
    done = command(
        "inspect", "n.csv", *pairs, "--timezone", "Europe/Moscow", "--draft", "c.toml", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    written = (tmp_path / "c.toml").read_text("utf-8")
    assert 'timezone = "Europe/Moscow"' in written
    assert 'posted_at = "Дата публикации"' in written
    assert "12 posts with 3 different ids" in done.stdout
    done = command("add", "case", "n.csv", "--columns", "c.toml", "--json", cwd=tmp_path)
    assert json.loads(done.stdout)["posts"] == 3


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("absent.csv",), 3, ""),
        (("posts.csv", "--case", "nowhere"), 3, "is not a case"),
        (("posts.csv", "--rows", "0"), 2, "0 is not in the range"),
        (("posts.csv", "--encoding", "nonsense"), 2, "there is no encoding 'nonsense'"),
        (("posts.csv", "--column", "nonsense"), 2, "FIELD=COLUMN"),
        (("posts.csv", "--format", "nonsense"), 2, "there is no format 'nonsense'"),
        (("posts.csv", "--media", "nowhere"), 3, "no such media folder"),
        (("posts.csv", "--format", "minet"), 3, ""),
    ],
)
def test_what_went_wrong_has_its_exit_code(arguments, code, message, tmp_path, command):
    write(tmp_path / "posts.csv", ("x", "1", "lin", "", "", ""))
    done = command("inspect", *arguments, cwd=tmp_path)
    assert done.returncode == code, done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["posts.csv"]


def test_an_error_says_what_a_file_is(tmp_path, command):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7\n1 0 obj\n")
    done = command("inspect", "a.pdf", cwd=tmp_path)
    assert done.returncode == 3
    assert "is a PDF document. Export the posts themselves as CSV or JSON." in done.stdout


def test_a_terminal_gets_lines_and_no_escape_of_a_post(tmp_path):
    source = write_posts(tmp_path / "sources")
    text = shown_on_a_terminal([sys.executable, "-m", "frametrace.app", "inspect", source])
    assert "post 1" in text
    assert "─" in text
    assert "\x1b[31m" not in text
    assert "\x07" not in text


# What gives no posts


def inspected(*arguments: object) -> Result:
    return CliRunner().invoke(cli.frametrace, ["inspect", *map(str, arguments)])


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], "none: it holds no rows"),
        ([("x", "1.7E+18", "lin", "", "t", "")], "export it again with ids as text"),
    ],
)
def test_what_gives_no_posts_ends_with_3_and_is_not_to_be_added(
    rows: Sequence[Sequence[str]], told: str, tmp_path: Path
) -> None:
    done = inspected(write(tmp_path / "p.csv", *rows))
    assert done.exit_code == 3
    assert told in done.stdout
    assert "frametrace add" not in done.stdout
    assert "draft" not in done.stdout
    assert "empty in these rows" not in done.stdout
    write(tmp_path / "q.csv", ("x", "1", "lin", "", "t", ""))
    assert inspected(tmp_path / "p.csv", tmp_path / "q.csv").exit_code == 0


def test_a_map_is_drafted_where_the_format_that_fits_gives_no_posts(tmp_path: Path) -> None:
    header = ("id", "thread_id", "author", "body", "timestamp")
    rows = [(str(at), "1", "lin", "some words of a forum", "2024-05-01 10:00") for at in range(3)]
    done = inspected(write(tmp_path / "forum.csv", *rows, header=header))
    assert done.exit_code == 0
    assert "unknown: read by the draft above" in done.stdout
    assert "rows      3: 3 posts" in done.stdout
    assert "4cat" not in done.stdout
    assert "--columns columns.toml" in done.stdout


def test_a_post_that_add_would_not_take_is_not_shown_as_one(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", ("x", "1", "lin", "", "t", ""), ("x", "1", "lin", "", "t", ""))
    write(tmp_path / "b.csv", ("x", "1", "mei", "", "t", ""), ("x", "2", "mei", "", "t", ""))
    first, second = looked_at(tmp_path).sources[0].files
    assert (first.posts, first.dropped) == (2, 0)
    assert (second.posts, second.dropped) == (1, 1)
    assert "another account was kept" in second.reasons[0].reason
    assert [shown.post.post_id for shown in second.shown] == ["2"]


def test_an_archive_in_an_archive_is_told_of_by_itself(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("posts.csv", table_text([HEADER, ("x", "1", "lin", "", "t", "")]))
        archive.writestr("inner.zip", b"PK")
    done = inspected(tmp_path / "a.zip")
    assert "not opened:" in done.stdout
    assert "unpack it" in done.stdout
    assert "media maps" not in done.stdout


def test_a_folder_of_pictures_is_called_that(tmp_path: Path) -> None:
    (tmp_path / "1.jpg").write_bytes(jpeg(photo(1), 80))
    assert f"{tmp_path}: a folder of pictures and videos\n" in inspected(tmp_path).stdout
