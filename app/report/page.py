"""Renders the report as one HTML page that needs no other file, no network and no tracking."""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from frametrace.app.output.console_output import moment_text
from frametrace.app.report.framing_sections import FramingView
from frametrace.app.report.group_views import ElementView, GroupView
from frametrace.app.report.map_drawing import MapView
from frametrace.app.report.network_files import TiesView
from frametrace.app.report.report_tables import TableFormat
from frametrace.app.report.side_by_side import PicturePair
from frametrace.app.report.videos_side_by_side import VideoPair, VideoStrip
from frametrace.matcher.result_schemas import GroupKind

__all__ = ["MAX_ACCOUNTS", "Page", "fill_template"]

MAX_ACCOUNTS = 100

_FOLDER = Path(__file__).parent
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# Characters that change the direction of the text after them (Unicode Annex 9).
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the page shows; `thumbnails` maps digests to `data:` URIs.

    `pairs` holds the pictures of a group side by side, `video_pairs` its videos; `videos` are those
    among the media items shown, by digest. `elements` are shared by unrelated pictures.
    `sharing` counts pairs of pictures that share only parts, `scenes` pairs that show one scene in
    two shots. `used` is the evidence that framings were found by, `lacking` the evidence that the
    case has no signal for. `cases` are the names of the cases in a union; `tables` says what the
    tables beside the page list.
    """

    case: str
    summary: Sequence[tuple[str, str]]
    notes: Sequence[str]
    groups: Mapping[str, Sequence[GroupView]]
    elements: Sequence[ElementView]
    totals: Mapping[str, int]
    accounts: Sequence[Mapping[str, Any]]
    accounts_total: int
    ties: TiesView
    skipped: Sequence[tuple[str, int, str]]
    thumbnails: Mapping[str, str]
    pairs: Mapping[str, Sequence[PicturePair]]
    framings: Mapping[str, FramingView]
    map: MapView | None
    used: Sequence[str]
    lacking: Sequence[str]
    compared: bool
    cases: Sequence[str] = ()
    sharing: int = 0
    scenes: int = 0
    videos: Mapping[str, VideoStrip] = field(default_factory=dict)
    video_pairs: Mapping[str, Sequence[VideoPair]] = field(default_factory=dict)
    tables: TableFormat = TableFormat()

    @property
    def photo_ids(self) -> set[str]:
        """The ids of the photo groups on the page."""
        return {view.row["group_id"] for view in self.groups[GroupKind.PHOTO]}

    @property
    def framings_of(self) -> Mapping[str, list[tuple[str, int]]]:
        """The framings on the page that show a photo, with their numbers, by photo group."""
        framings: dict[str, list[tuple[str, int]]] = {}
        for name, view in self.framings.items():
            for photo in dict.fromkeys(photo for photo, _ in view.reused.values()):
                framings.setdefault(photo, []).append((name, view.number))
        return framings


def fill_template(template: str, page: object) -> str:
    """Fill a template; all text is escaped, and a policy allows no script but page.js."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader([_FOLDER, _FOLDER.parent / "tips"]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_legal,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "moment": moment_text,
        "number": "{:,}".format,
        "one_direction": _without_direction,
    }
    script, style = ((_FOLDER / name).read_text("utf-8") for name in ("page.js", "page.css"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return environment.get_template(template).render(
        script=script, style=style, script_sha256=digest, page=page
    )


def _without_direction(text: str) -> str:
    """Text for titles in drawings, where no element can isolate its direction."""
    return _DIRECTION.sub("", text)


def _legal(value: object) -> object:
    """Text without the control characters that HTML forbids."""
    return _CONTROL.sub("", value) if type(value) is str else value
