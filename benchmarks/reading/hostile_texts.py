"""Makes texts and folders that make a careless reader hang or fill memory."""

import os
import socket
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

__all__ = ["folders", "texts"]

Make = Callable[[Path], Path]

_MEGA = "x" * 10**6
_CHAT = "[19.08.19, 14:03:22] Lin: "
_PAGE = (
    '<!DOCTYPE html><html><head><title>Exported Data</title><script src="js/script.js"></script>'
    '</head><body><div class="history">'
)
_MESSAGE = '<div class="message default" id="message1"><div class="body"></div></div>'


def texts() -> Iterator[tuple[str, Make]]:
    """The name of each, and the function that makes it in an empty folder."""
    for name, kinds in (
        ("a.json", _documents),
        ("a.jsonl", _records),
        ("a.csv", _tables),
        ("messages.html", _pages),
        ("_chat.txt", _chats),
    ):
        for what, parts in kinds():
            yield f"{name}: {what}", partial(_written, name, parts)
    odd = bytes(range(128, 256)) * 2**16
    yield "text: 8 MB of bytes in no encoding", partial(_bytes, "a.csv", odd)
    lines = b"\x81\x8d\xff,\xfe\n" * 2**18
    yield "text: 1 MB of lines in no encoding", partial(_bytes, "a.csv", lines)


Parts = Callable[[], Iterable[str]]


def _documents() -> Iterator[tuple[str, Parts]]:
    yield "a string of 100 MB", lambda: ['{"a": "', *[_MEGA] * 100, '"}']
    yield "10 million keys", lambda: ["{", *(f'"k{n}":{n},' for n in range(10**7)), '"z":1}']
    yield "a million arrays deep", lambda: ["[" * 10**6]
    yield "a million objects deep", lambda: ['{"a":' * 10**6]
    yield "a name of 4 MB before 300,000 names", _long_names
    yield "a list below a name of 4 MB", lambda: _below_a_long_name("1,")
    yield "objects below a name of 4 MB", lambda: _below_a_long_name("{},")
    yield "30 million empty arrays", lambda: ['{"a": [', "[]," * 30_000_000, "[]]}"]
    yield "30 million empty objects", lambda: ["[", "{}," * 30_000_000, "{}]"]
    lists = (f'"{n}":[{{"i":1}}],' for n in range(10**6))
    yield "a million lists", lambda: ["{", *lists, '"z":[]}']
    yield "a number of 10 million digits", lambda: ['{"a": ', "9" * 10**7, "}"]


def _records() -> Iterator[tuple[str, Parts]]:
    yield "objects 900 deep", lambda: ['{"a":' * 900 + "1" + "}" * 900] * 3
    yield "a name of 4 MB before 300,000 names", lambda: [*_long_names(), '\n{"a": 1}\n']


def _tables() -> Iterator[tuple[str, Parts]]:
    header = "platform,post_id,account_id,posted_at,text\n"
    names = ",".join(f"c{n}" for n in range(10**6))
    yield "a million columns", lambda: [names, "\n1,2\n"]
    yield "200 lines of a million commas", lambda: [("," * 10**6 + "\n") * 200]
    yield "200 lines of a million signs", lambda: [(",;\t|" * 250_000 + "\n") * 200]
    yield "20 lines of 8 million quotes", lambda: ["a,b\n", *(['"' * 8_000_000 + "\n"] * 20)]
    yield "a header of a million characters", lambda: [_MEGA, ",b\n", "1,2\n" * 1000]
    yield "a quote never closed", lambda: ['a,b\n"', "x,y\n" * 20_000_000]
    yield "a million unclosed quotes", lambda: [header, '"a,b\n' * 10**6]
    yield "a million rounded ids", lambda: [header, "x,123456789012345600,1,,x\n" * 10**6]
    days = (f"x,{n},1,05/06/2024,x\n" for n in range(10**6))
    yield "a million dates in either order", lambda: [header, *days]


def _pages() -> Iterator[tuple[str, Parts]]:
    yield "a million divs deep", lambda: [_PAGE, "<div>" * 10**6]
    yield "300,000 empty messages", lambda: [_PAGE, _MESSAGE * 300_000]
    yield "60 MB of text", lambda: [_PAGE, "a&amp;" * 10**7]
    attributes = (f"a{n}=1 " for n in range(10**6))
    yield "a million attributes", lambda: [_PAGE, "<div ", *attributes, ">"]


def _chats() -> Iterator[tuple[str, Parts]]:
    yield "a line of 100 MB", lambda: [_CHAT, *[_MEGA] * 100]
    yield "a message of 10 million lines", lambda: [_CHAT, "x\n" * 10**7]
    yield "a line of `<` and `:`", lambda: [_CHAT, "<a:" * 300_000 + "\n"]
    yield "a million messages alike", lambda: [(_CHAT + "ok\n") * 10**6]
    yield "100 MB that are not a chat", lambda: [_MEGA] * 100


def _long_names() -> Iterable[str]:
    inner = ",".join(f'"{n}":1' for n in range(300_000))
    return ['{"', *[_MEGA] * 4, '": {', inner, "}}"]


def _below_a_long_name(item: str) -> Iterable[str]:
    return ['{"', *[_MEGA] * 4, '": [', item * 5_000_000, item.rstrip(","), "]}"]


def folders() -> Iterator[tuple[str, Make]]:
    """The name of each, and the function that makes it in an empty folder."""
    for suffix in (".bin", ".txt", ".json", ".csv", ".html", ".js", ".jpg", ""):
        what = f"a folder of 100,000 files of no known kind: *{suffix or ' without suffix'}"
        yield what, partial(_many, suffix, 100_000)
    yield "a zip of 100,000 texts of no known kind", partial(_many_packed, 100_000)
    yield "links to /, to their folder, in a circle; pipes, sockets, odd names", _odd_folder
    yield "/proc/self", lambda folder: Path("/proc/self")


def _written(name: str, parts: Parts, folder: Path) -> Path:
    with (folder / name).open("w", encoding="utf-8") as file:
        for part in parts():
            file.write(part)
    return folder / name


def _bytes(name: str, data: bytes, folder: Path) -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def _many(suffix: str, count: int, folder: Path) -> Path:
    root = folder / "many"
    for number in range(count):
        if number % 1000 == 0:
            (root / str(number // 1000)).mkdir(parents=True)
        (root / str(number // 1000) / f"{number}{suffix}").write_bytes(b"nothing of note\nat all\n")
    return root


def _many_packed(count: int, folder: Path) -> Path:
    path = folder / "z.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.txt", b"nothing of note\nat all\n")
    return path


def _odd_folder(folder: Path) -> Path:
    root = folder / "odd"
    (root / "in").mkdir(parents=True)
    (root / "root").symlink_to("/")
    (root / "in" / "up").symlink_to("..")
    (root / "a.csv").symlink_to("b.csv")
    (root / "b.csv").symlink_to("a.csv")
    (root / "zero.csv").symlink_to("/dev/zero")
    (root / "secret.csv").symlink_to("/etc/passwd")
    (root / "kernel.csv").symlink_to("/proc/kmsg")
    (root / "kernel").symlink_to("/proc/kmsg")
    for name in ("pipe.csv", "pipe.jpg", "pipe.zip", "pipe", "pipe.json"):
        os.mkfifo(root / name)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(os.path.relpath(root / "socket.csv"))
    listening.close()
    names = (b"a\nb.csv", b"\x1b[2J.csv", b"\xff\xfe.csv", b"\xff.jpg", b"n" * 251 + b".csv")
    for name in (*names, b"-rf.csv", b"$(x).csv", b"'; x.csv", "\u202evsc.csv".encode()):
        path = Path(os.fsdecode(os.fsencode(root) + b"/" + name))
        with path.open("wb") as file:
            file.write(b"platform,post_id,account_id,text\nx,1,2,three\n")
    return root
