"""The encoding of a text is UTF-8 or a guess, which is reported; users can name another."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frametrace.posts.model import Post, Skipped
from frametrace.posts.open_source import open_source, read_source
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.sources.encodings import checked_encoding, detect_encoding

# One sentence in each language and the encodings that its exports are written in.
SENTENCES = {
    "cp1251": "Мост у старого порта закрыт до весны, сообщили жители",
    "koi8-r": "Рынок возле вокзала сгорел ночью, пожарные приехали поздно",
    "cp1252": "Die Brücke über den Fluss bleibt für Fußgänger gesperrt",
    "cp1250": "Zażółć gęślą jaźń: most przy starym porcie jest zamknięty",
    "cp1253": "Η γέφυρα στο παλιό λιμάνι μένει κλειστή ως την άνοιξη",
    "cp1254": "Eski limandaki köprü ilkbahara kadar kapalı, ışıklar söndü",
    "cp1255": "הגשר ליד הנמל הישן סגור עד האביב",
    "cp1256": "الجسر بجانب الميناء القديم مغلق حتى الربيع",
    "gb18030": "旧港附近的桥关闭到春天，示威者在街上",
    "big5": "舊港附近的橋關閉到春天，示威者在街上",
    "shift_jis": "古い港の橋は春まで閉鎖されています",
    "euc_kr": "오래된 항구의 다리는 봄까지 폐쇄됩니다",
}
HEADER = "platform,post_id,account_id,posted_at,text\r\n"


def _table(text: str) -> str:
    rows = (f'facebook,{n},p{n},2024-05-01 10:0{n}:00,"{text}"' for n in range(3))
    return HEADER + "".join(f"{row}\r\n" for row in rows)


@pytest.mark.parametrize("encoding", [*SENTENCES, "utf-16-le", "utf-16-be", "utf-16", "utf-32"])
def test_captions_are_read_whatever_they_were_written_in(encoding: str, tmp_path: Path) -> None:
    text = SENTENCES.get(encoding, SENTENCES["cp1251"])
    path = tmp_path / "posts.csv"
    path.write_bytes(_table(text).encode(encoding))
    entries = list(read_source(path))
    assert [entry.text for entry in entries if isinstance(entry, Post)] == [text] * 3
    reported = [entry for entry in entries if isinstance(entry, Skipped)]
    if encoding in {"utf-16", "utf-32"}:  # which have a mark
        assert reported == []
    else:
        (note,) = reported
        assert note.kept
        assert "is not UTF-8" in note.reason


def test_an_encoding_that_is_named_is_used(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_bytes(_table(SENTENCES["cp1251"]).encode("cp1251"))
    entries = list(open_source(path, ReadSettings(encoding=checked_encoding("KOI8-R"))).entries())
    assert all(isinstance(entry, Post) for entry in entries)
    assert entries[0].text != SENTENCES["cp1251"]  # type: ignore[union-attr]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200))
def test_what_is_utf8_is_never_taken_for_anything_else(text: str) -> None:
    data = ("platform,post_id\r\n" + text).encode()
    assert detect_encoding(data).name == "utf-8"
    assert detect_encoding(data[: len(data) * 2 // 3]).name == "utf-8"  # cut inside of a character


def test_a_damaged_utf8_text_stays_utf8_and_lost_characters_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    data = _table(SENTENCES["cp1251"]).encode()
    at = data.rindex("ы".encode())
    path.write_bytes(data[:at] + b"\xff" + data[at + 2 :])
    *posts, note = read_source(path)
    assert [post.text for post in posts][:2] == [SENTENCES["cp1251"]] * 2  # type: ignore[union-attr]
    assert isinstance(note, Skipped)
    assert note.reason.startswith("1 caption holds U+FFFD")


@pytest.mark.parametrize("name", ["", "base64", "no-such", "rot13"])
def test_what_is_not_encoding_of_text_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="there is no encoding"):
        checked_encoding(name)
