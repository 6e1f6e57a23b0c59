"""Defines the exceptions that Frametrace raises on purpose.

FrametraceError
├── UsageError          the call can't work as given: a missing extra, an unknown signal
├── SourceError         a source can't be read at all: unknown format, missing column
├── CaseError           a case can't be opened or written
│   ├── CaseLocked      another process writes to it
│   ├── CaseTooNew      a later version of Frametrace made it
│   └── NotMatched      it has not been matched since it last changed
├── DecodeError         a file isn't a picture that can be decoded safely
│   └── FormatMissing   an optional package that reads its format isn't installed
├── IndexMismatch       an index on disk doesn't belong to the signal that uses it
├── TipError            a tip or a verdict can't be trusted or understood
└── ModelMissing        a model's weights or its packages aren't on this machine

Each message names what was found and what to do next. A single bad row or file never raises: it
becomes a `Skipped`.
"""

__all__ = [
    "CaseError",
    "CaseLocked",
    "CaseTooNew",
    "DecodeError",
    "FormatMissing",
    "FrametraceError",
    "IndexMismatch",
    "ModelMissing",
    "NotMatched",
    "SourceError",
    "TipError",
    "UsageError",
]


class FrametraceError(Exception):
    """Base of all errors that a user may see."""


class UsageError(FrametraceError):
    """The call can't work as given."""


class SourceError(FrametraceError):
    """A source can't be read at all."""


class CaseError(FrametraceError):
    """A case can't be opened or written."""


class CaseLocked(CaseError):
    """Another process writes to the case."""


class CaseTooNew(CaseError):
    """A later version of Frametrace made the case."""


class NotMatched(CaseError):
    """The case has no results of a match as it is now."""


class DecodeError(FrametraceError):
    """A file isn't a picture that can be decoded safely."""


class FormatMissing(DecodeError):
    """An optional package that reads a picture's format isn't installed."""


class IndexMismatch(FrametraceError):
    """An index on disk doesn't belong to the signal that uses it."""


class TipError(FrametraceError):
    """A tip or a verdict can't be trusted or understood."""


class ModelMissing(FrametraceError):
    """A model's weights or its packages aren't on this machine."""
