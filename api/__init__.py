"""Offers Frametrace as a library: `import frametrace` gives one function for each command.

Imports are lazy: nothing is loaded until it is used, and no model before something computes with
it. `docs/library.md` shows each function in use.
"""

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from frametrace import tips as tips
    from frametrace.app.library import (
        Answer,
        Matched,
        Network,
        Run,
        RunSettings,
        add,
        embed,
        match,
        network,
        network_of_shares,
        query,
        report,
        results,
        run,
    )
    from frametrace.app.output.console_progress import Console
    from frametrace.case.ingest import Added
    from frametrace.case.store import Case
    from frametrace.case.table import Table
    from frametrace.embed.embed_settings import EmbedSettings, ModelChoice
    from frametrace.embed.stage import Embedded
    from frametrace.matcher.match_settings import MatchSettings, TieSettings
    from frametrace.posts.errors import (
        CaseError,
        CaseLocked,
        CaseTooNew,
        DecodeError,
        FrametraceError,
        IndexMismatch,
        ModelMissing,
        SourceError,
        TipError,
        UsageError,
    )
    from frametrace.posts.read_settings import ReadSettings

_ERRORS = (
    *("CaseError", "CaseLocked", "CaseTooNew", "DecodeError", "FrametraceError", "IndexMismatch"),
    *("ModelMissing", "SourceError", "TipError", "UsageError"),
)
_LIBRARY = (
    *("Answer", "Matched", "Network", "Run", "RunSettings"),
    *("add", "embed", "match", "network", "network_of_shares", "query", "report", "results", "run"),
)
_MODULE_OF = {
    **dict.fromkeys(_LIBRARY, "frametrace.app.library"),
    **dict.fromkeys(_ERRORS, "frametrace.posts.errors"),
    "Added": "frametrace.case.ingest",
    "Case": "frametrace.case.store",
    "Console": "frametrace.app.output.console_progress",
    "EmbedSettings": "frametrace.embed.embed_settings",
    "Embedded": "frametrace.embed.stage",
    "MatchSettings": "frametrace.matcher.match_settings",
    "ModelChoice": "frametrace.embed.embed_settings",
    "ReadSettings": "frametrace.posts.read_settings",
    "Table": "frametrace.case.table",
    "TieSettings": "frametrace.matcher.match_settings",
}

__all__ = [
    "Added",
    "Answer",
    "Case",
    "CaseError",
    "CaseLocked",
    "CaseTooNew",
    "Console",
    "DecodeError",
    "EmbedSettings",
    "Embedded",
    "FrametraceError",
    "IndexMismatch",
    "MatchSettings",
    "Matched",
    "ModelChoice",
    "ModelMissing",
    "Network",
    "ReadSettings",
    "Run",
    "RunSettings",
    "SourceError",
    "Table",
    "TieSettings",
    "TipError",
    "UsageError",
    "add",
    "embed",
    "match",
    "network",
    "network_of_shares",
    "query",
    "report",
    "results",
    "run",
    "tips",
]


class _LazyModule(ModuleType):
    """Keeps `frametrace.embed` bound to the function, not to the subpackage.

    Python sets a package's attribute to each of its subpackages when that is imported, and the
    stage `embed` has the name of the function. `from frametrace.embed… import …` still works.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if name not in _MODULE_OF:
            super().__setattr__(name, value)


def __getattr__(name: str) -> object:
    if name == "tips":
        return importlib.import_module("frametrace.tips")
    if name == "__version__":
        from importlib.metadata import version

        return version("frametrace")
    if name not in _MODULE_OF:
        raise AttributeError(f"frametrace has no {name!r}; it has: {', '.join(__all__)}")
    return getattr(importlib.import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return __all__


sys.modules[__name__].__class__ = _LazyModule
