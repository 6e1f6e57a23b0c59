"""What people bring, through the command line of the wheel: looked at, mapped, read and matched."""

import csv
import json
import zipfile
from pathlib import Path

import pytest
from making import jpeg, photo

HEADER = ("Beitrag", "Wer", "Wann", "Uhrzeit", "Was", "Bild")


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table of semicolons that no format fits, its pictures, and a chat with one, zipped."""
    folder = tmp_path_factory.mktemp("brought")
    (folder / "Bilder").mkdir()
    rows = []
    for at in range(3):
        (folder / "Bilder" / f"foto {at}.jpg").write_bytes(jpeg(photo(at), 80))
        link = f"https://www.facebook.com/lin/posts/10{at}"
        rows.append((link, "lin", f"{20 + at}.08.2019", "14:03", f"Brücke {at}", f"foto {at}.jpg"))
    with (folder / "Beiträge (1).csv").open("w", encoding="cp1252", newline="") as file:
        csv.writer(file, delimiter=";").writerows([HEADER, *rows])
    with zipfile.ZipFile(folder / "WhatsApp Chat - Harbour.zip", "w") as archive:
        line = (
            "[21.08.19, 14:03:22] Mei: \u200e<attached: 00000001-PHOTO-2019-08-21-14-03-22.jpg>\n"
        )
        archive.writestr("_chat.txt", line + "[21.08.19, 14:04:10] Otto: Look at this\n")
        archive.writestr("00000001-PHOTO-2019-08-21-14-03-22.jpg", jpeg(photo(1), 60))
    return folder


def test_a_folder_is_looked_at_mapped_read_and_matched(brought, tmp_path, command):
    table, case, columns = brought / "Beiträge (1).csv", tmp_path / "case", tmp_path / "map.toml"
    before = {path: path.read_bytes() for path in brought.rglob("*") if path.is_file()}
    refused = command("add", case, table)
    assert refused.returncode == 3
    assert "no format is recognised" in refused.stderr
    assert not case.exists()
    drafted = command("inspect", table, "--draft", columns, "--column", "platform=facebook")
    assert drafted.returncode == 0, drafted.stderr
    assert 'posted_at_time = "Uhrzeit"' in columns.read_text("utf-8")
    assert "2019-08-20 14:03" in drafted.stdout
    arguments = ("--columns", columns, "--timezone", "Europe/Berlin")
    added = command("add", case, brought, *arguments)
    assert added.returncode == 0, added.stderr
    assert "read      5 new posts, 4 new pictures" in added.stdout
    assert {path: path.read_bytes() for path in before} == before
    assert command("embed", case, "--signal", "pdq").returncode == 0
    found = json.loads(command("match", case, "--json").stdout)
    assert (found["photo_groups"], found["accounts"], found["posts"]) == (1, 2, 5)


def test_the_next_table_with_these_columns_needs_nothing(brought, tmp_path, command):
    case, columns = tmp_path / "case", tmp_path / "map.toml"
    assert command("inspect", brought / "Beiträge (1).csv", "--draft", columns).returncode == 0
    assert command("add", case, brought, "--columns", columns).returncode == 0
    more = tmp_path / "more.csv"
    row = ("https://www.facebook.com/mo/posts/200", "mo", "24.08.2019", "", "", "")
    more.write_text(";".join(HEADER) + "\n" + ";".join(row) + "\n", "utf-8")
    added = command("add", case, more)
    assert added.returncode == 0, added.stderr
    assert "read      1 new post" in added.stdout


def test_rows_that_are_lost_end_with_1_and_nothing_at_all_with_3(tmp_path, command):
    rows = ["platform,post_id,account_id", "facebook,1,lin", "facebook,,lin"]
    some, none = tmp_path / "some.csv", tmp_path / "none.csv"
    some.write_text("\n".join(rows))
    none.write_text("\n".join([rows[0], rows[2]]))
    lost = command("add", tmp_path / "a", some)
    assert (lost.returncode, "DROPPED   1 of 2 rows" in lost.stdout) == (1, True)
    assert command("add", tmp_path / "b", none).returncode == 3
    assert command("inspect", none).returncode == 3
