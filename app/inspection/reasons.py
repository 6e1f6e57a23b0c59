"""Reasons counted: those that differ in a value, a number or a file's name are one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from frametrace.app.inspection.findings import Reason
from frametrace.posts.model import Skipped

__all__ = ["Reasons"]

_MOST = 20  # kinds of reasons
_LONGEST = 200  # characters of an example
_FILE = re.compile(r"\A[^:]{1,300}\.[^:]{1,20}: ")
_VALUE = re.compile(r"""'[^']{0,500}'|"[^"]{0,500}"|(?<!\S)[^\s\d]{0,80}\d\S*""")
_EXPECTED = " such as "  # what follows is the same in all of a kind


@dataclass(slots=True)
class Reasons:
    """Counts why things can't be read, and keeps one real example of each reason."""

    _counts: dict[str, int] = field(default_factory=dict)
    _examples: dict[str, str] = field(default_factory=dict)
    _shown: dict[str, str] = field(default_factory=dict)  # as it is where all of a kind are alike

    def note(self, found: Skipped, named: bool = False) -> None:
        """Count one; its example says where it is, and with `named` what was looked for."""
        reason = found.reason
        bare = _FILE.sub("", reason)[:_LONGEST]
        varying, sign, expected = bare.partition(_EXPECTED)
        alike = _VALUE.sub("…", varying) + sign + expected
        if alike not in self._counts and len(self._counts) >= _MOST:
            alike = "another reason"
        self._counts[alike] = self._counts.get(alike, 0) + 1
        if self._shown.setdefault(alike, bare) != bare:
            self._shown[alike] = alike
        if alike not in self._examples:
            where = f"{found.source}, row {found.line}" if found.line else found.source
            what = f"{found.item}: {reason}" if named and found.item else reason
            self._examples[alike] = f"{where}: {what}"[:_LONGEST]

    def found(self) -> Sequence[Reason]:
        """The reasons, the commonest first."""
        ranked = sorted(self._counts.items(), key=lambda item: -item[1])
        return [
            Reason(self._shown[reason], count, self._examples[reason]) for reason, count in ranked
        ]
