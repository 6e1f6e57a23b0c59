"""Parses untrusted JSON files as a stream, value by value, with limits on size and depth."""

import codecs
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn

from frametrace.matcher.tips.canonical_json import MAX_INTEGER
from frametrace.posts.errors import TipError

__all__ = ["MAX_BYTES", "MAX_VALUE_CHARS", "JsonStream"]

MAX_BYTES = 2**30  # of a file: some two million pictures with their accounts
MAX_VALUE_CHARS = 2**24  # characters of one value: a picture with 250,000 pseudonyms
_MAX_DIGITS = len(str(-MAX_INTEGER))  # of an integer, with its sign
_CHUNK = 2**20  # bytes read at a time
_SPACE = re.compile(r"[ \t\r\n]*")


class JsonStream:
    """Reads the tokens and values of one file in order.

    Every method raises `TipError` for unexpected input.
    """

    def __init__(self, path: Path, file: IO[bytes], *, fractions: bool = False) -> None:
        self._path = path
        self._file = file
        self._utf8 = codecs.getincrementaldecoder("utf-8-sig")()
        self._text, self._position, self._bytes_read, self._ended = "", 0, 0, False
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object,
            parse_int=self._integer,
            parse_float=float if fractions else self._refuse_fraction,
            parse_constant=self._refuse_fraction,
        )

    @classmethod
    @contextmanager
    def open(cls, path: Path, *, fractions: bool = False) -> Iterator["JsonStream"]:
        """Open a file; one over MAX_BYTES is refused before it is read.

        Numbers that are not integers are refused unless `fractions` is set.
        """
        if not path.is_file():
            raise TipError(f"{path} is not a file" if path.exists() else f"{path} does not exist")
        if (size := path.stat().st_size) > MAX_BYTES:
            raise TipError(
                f"{path} has {size:,} bytes; at most {MAX_BYTES:,} are read. Ask its sender for "
                "several smaller files"
            )
        with path.open("rb") as file:
            yield cls(path, file, fractions=fractions)

    def fail(self, problem: str) -> NoReturn:
        """Raise `TipError` with the file's name and the problem."""
        raise TipError(f"{self._path} {problem}")

    def expect(self, characters: Sequence[str]) -> str:
        """Consume and return the next character, which must be one of `characters`."""
        if (character := self._peek()) not in characters or not character:
            actual = repr(character) if character else "the end of the file"
            self.fail(f"is not valid JSON: found {actual} where {characters} was expected")
        self._position += 1
        return character

    def value(self) -> Any:
        """Parse the next complete value."""
        self._peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._position)
            except json.JSONDecodeError as error:
                if not self._read_more():
                    self.fail(f"is not valid JSON, or was cut off: {error.msg}")
            except RecursionError:
                self.fail("is nested too deeply")
            else:
                if end < len(self._text) or not self._read_more():  # more digits may follow
                    self._position = end
                    return value

    def elements(self) -> Iterator[Any]:
        """Parse the elements of an array one by one."""
        self.expect("[")
        if self._peek() == "]":
            self._position += 1
            return
        yield self.value()
        while self.expect(",]") == ",":
            yield self.value()

    def values(self) -> Iterator[Any]:
        """Parse a whole file: the elements of one array, or values that follow one another."""
        if self._peek() == "[":
            yield from self.elements()
            self.end()
        while self._peek():
            yield self.value()

    def end(self) -> None:
        """Check that nothing but white space is left."""
        if self._peek():
            self.fail("has content after its end")

    def _peek(self) -> str:
        """The next character that is not white space, not consumed; empty at the end."""
        while True:
            space = _SPACE.match(self._text, self._position)
            self._position = space.end() if space else self._position
            if self._position < len(self._text):
                return self._text[self._position]
            if not self._read_more():
                return ""

    def _read_more(self) -> bool:
        """Append the next chunk to the text; false at the end of the file."""
        pending = len(self._text) - self._position
        if pending > MAX_VALUE_CHARS:
            self.fail(f"holds a value of over {MAX_VALUE_CHARS:,} characters")
        data = b"" if self._ended else self._file.read(max(_CHUNK, pending))
        self._bytes_read += len(data)
        if self._bytes_read > MAX_BYTES:
            self.fail(f"grew past {MAX_BYTES:,} bytes while it was read")
        if self._ended:
            return False
        self._ended = not data
        try:
            text = self._utf8.decode(data, final=self._ended)
        except UnicodeDecodeError:
            self.fail("is not UTF-8 text")
        self._text, self._position = self._text[self._position :] + text, 0
        return bool(text) or not self._ended

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) != len(pairs):
            duplicate = Counter(name for name, _ in pairs).most_common(1)[0][0]
            self.fail(f"holds an object with the key {duplicate[:40]!r} twice")
        return members

    def _integer(self, digits: str) -> int:
        value = int(digits) if len(digits) <= _MAX_DIGITS else None
        if value is None or abs(value) > MAX_INTEGER or digits == "-0":
            self.fail(f"holds the number {digits[:40]}, which not every JSON reader keeps exact")
        return value

    def _refuse_fraction(self, text: str) -> NoReturn:
        self.fail(f"holds {text[:40]!r}: the numbers of a tip are integers")
