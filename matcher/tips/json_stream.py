"""JSON from a stranger's file, value by value: bounded in size, depth and memory."""

import codecs
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn

from frametrace.matcher.tips.canonical_json import MOST
from frametrace.posts.errors import TipError

__all__ = ["MAX_BYTES", "MOST_OF_VALUE", "Tokens"]

MAX_BYTES = 2**30  # of a file: some two million pictures with their accounts
MOST_OF_VALUE = 2**24  # characters of one value: a picture with 250,000 pseudonyms
_CHUNK = 2**20  # bytes
_SPACE = re.compile(r"[ \t\r\n]*")


class Tokens:
    """The tokens of one file, in order; every method raises `TipError` for what is not expected."""

    def __init__(self, path: Path, file: IO[bytes], *, fractions: bool = False) -> None:
        self._path = path
        self._file = file
        self._utf8 = codecs.getincrementaldecoder("utf-8-sig")()
        self._text, self._at, self._read, self._ended = "", 0, 0, False
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_int=self._whole,
            parse_float=float if fractions else self._fraction,
            parse_constant=self._fraction,
        )

    @classmethod
    @contextmanager
    def of(cls, path: Path, *, fractions: bool = False) -> Iterator["Tokens"]:
        """Open a file, unless it is too large to be read at all.

        Numbers that are not whole are refused, but where `fractions` are allowed.
        """
        if not path.is_file():
            raise TipError(f"{path} is no file" if path.exists() else f"{path} does not exist")
        if (size := path.stat().st_size) > MAX_BYTES:
            raise TipError(
                f"{path} has {size:,} bytes; at most {MAX_BYTES:,} are read. Ask its sender for "
                "several smaller files"
            )
        with path.open("rb") as file:
            yield cls(path, file, fractions=fractions)

    def wrong(self, what: str) -> NoReturn:
        """Refuse the file, naming it."""
        raise TipError(f"{self._path} {what}")

    def take(self, expected: Sequence[str]) -> str:
        """The next character, which is one of some."""
        if (found := self._peek()) not in expected or not found:
            stands = repr(found) if found else "its end"
            self.wrong(f"is no JSON: {stands} stands where {expected} is expected")
        self._at += 1
        return found

    def value(self) -> Any:
        """The next whole value."""
        self._peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if not self._more():
                    self.wrong(f"is no JSON, or was cut off: {error.msg}")
            except RecursionError:
                self.wrong("is nested too deeply")
            else:
                if end < len(self._text) or not self._more():  # more digits may follow
                    self._at = end
                    return value

    def elements(self) -> Iterator[Any]:
        """The elements of an array, one by one."""
        self.take("[")
        if self._peek() == "]":
            self._at += 1
            return
        yield self.value()
        while self.take(",]") == ",":
            yield self.value()

    def values(self) -> Iterator[Any]:
        """The elements of an array, or values that follow one another, to the file's end."""
        if self._peek() == "[":
            yield from self.elements()
            self.end()
        while self._peek():
            yield self.value()

    def end(self) -> None:
        """Nothing follows."""
        if self._peek():
            self.wrong("goes on after its end")

    def _peek(self) -> str:
        """The next character that is no space, without taking it; empty at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _more(self) -> bool:
        """Read on; whether there was more."""
        left = len(self._text) - self._at
        if left > MOST_OF_VALUE:
            self.wrong(f"holds a value of over {MOST_OF_VALUE:,} characters")
        data = b"" if self._ended else self._file.read(max(_CHUNK, left))
        self._read += len(data)
        if self._read > MAX_BYTES:
            self.wrong(f"grew past {MAX_BYTES:,} bytes while it was read")
        if self._ended:
            return False
        self._ended = not data
        try:
            text = self._utf8.decode(data, final=self._ended)
        except UnicodeDecodeError:
            self.wrong("is no UTF-8 text")
        self._text, self._at = self._text[self._at :] + text, 0
        return bool(text) or not self._ended

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
            self.wrong(f"holds an object with the key {twice[:40]!r} twice")
        return found

    def _whole(self, digits: str) -> int:
        if len(digits) > len(str(-MOST)) or abs(int(digits)) > MOST or digits == "-0":
            self.wrong(f"holds the number {digits[:40]}, which not every reader keeps exact")
        return int(digits)

    def _fraction(self, text: str) -> NoReturn:
        self.wrong(f"holds {text[:40]!r}: numbers of a tip are whole")
