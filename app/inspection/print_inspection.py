"""Formats an inspection as lines, with its posts side by side."""

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence

from frametrace.app.inspection.findings import (
    DRAFT,
    DraftedMap,
    InspectedFile,
    InspectedSource,
    Inspection,
    MediaSummary,
    Reason,
    ShownFile,
    ShownPost,
    TimeColumn,
)
from frametrace.app.output.console_output import labelled, without_control_characters
from frametrace.app.output.text_columns import Screen, wrapped_columns
from frametrace.posts.model import AccountKind, Post, Precision

__all__ = ["inspection_lines", "screen_of"]

_MAX_COLUMNS = 30  # listed
_MAX_REASONS = 5
_MIN_WIDTH = 40  # terminal columns
_MAX_CHARACTERS = 300  # of a cell
_FOLDER = "folder"  # the format of a folder in which each picture is a post
_TIMES: Mapping[Precision, str] = {
    Precision.SECOND: "%Y-%m-%d %H:%M:%S UTC",
    Precision.MINUTE: "%Y-%m-%d %H:%M UTC",
    Precision.DAY: "%Y-%m-%d",
}
_RULES: Mapping[str, str] = {
    "map": "by a media map",
    "row": "by the row",
    "name": "by its file name, a guess",
}


def screen_of() -> Screen:
    """The screen of standard output: a terminal of some width, or a file or another program."""
    if not sys.stdout.isatty():
        return Screen()
    return Screen(max(_MIN_WIDTH, shutil.get_terminal_size().columns), is_terminal=True)


def inspection_lines(
    inspection: Inspection, steps: Sequence[str] = (), screen: Screen = Screen()
) -> Iterator[str]:
    """All results, and what to do next; no line can control a terminal."""
    for source in inspection.sources:
        yield from _source_lines(source, screen)
    yield from _picture_lines(inspection.pictures, inspection)
    yield from _labelled("next", steps)


def _source_lines(source: InspectedSource, screen: Screen) -> Iterator[str]:
    count = sum(file.files for file in source.files)
    are_pictures = all(file.format == _FOLDER for file in source.files)
    of_posts = " of pictures and videos" if are_pictures else f", {_files(count)} of posts in it"
    inside = f": {source.holds}{of_posts}" if source.holds and count else ""
    yield without_control_characters(f"{source.path}{inside}")
    yield ""
    for draft in source.drafts:
        yield from _draft_lines(draft, screen)
    for file in source.files:
        yield from _file_lines(file, screen)
    if source.error and not source.drafts:
        yield from _labelled("error", [source.error])
        yield ""
    if source.unread:
        yield from _labelled("unread", _reasons(source.unread))
        yield ""


def _file_lines(file: InspectedFile, screen: Screen) -> Iterator[str]:
    is_draft = file.format == DRAFT
    name = f"{file.files:,} files, such as {file.name}" if file.files > 1 else file.name
    about = ", ".join(filter(None, (file.how, file.encoding, file.packing)))
    yield from _labelled("file", [name])
    yield from _labelled("is", [about])
    if is_draft:
        yield from _labelled("format", ["unknown: read by the draft above"])
    else:
        yield from _labelled("format", [f"{file.format}: {file.title}", file.because])
    yield from _labelled("rows", [_counted(file)])
    yield from _labelled("columns", _columns(file))
    yield from _labelled("times", map(_times, file.times))
    yield from _labelled("not read", _reasons(file.reasons))
    yield ""
    yield from wrapped_columns(*_shown(file.shown), screen)
    yield ""


def _counted(file: InspectedFile) -> str:
    if not file.rows:
        return "none: it holds no rows"
    cut = f"at least {file.rows:,}; the first {file.rows:,} were inspected" if file.is_cut else ""
    counts = [f"{file.posts:,} {'post' if file.posts == 1 else 'posts'}"]
    if file.different_posts < file.posts:
        counts[0] += f" with {file.different_posts:,} different ids"
    if file.accounts:
        counts.append(f"{file.accounts:,} {'profile' if file.accounts == 1 else 'profiles'}")
    if file.dropped:
        counts.append(f"{file.dropped:,} that can't be read")
    return f"{cut or f'{file.rows:,}'}: {', '.join(counts)}"


def _columns(file: InspectedFile) -> Iterator[str]:
    for use, names in (("used", file.used), ("kept unchanged", file.kept)):
        if names:
            yield f"{use}: {_listed(names)}"
    if file.empty:
        yield f"empty in these rows, or missing: {_listed(file.empty)}"


def _listed(names: Sequence[str]) -> str:
    more = f", … ({len(names):,})" if len(names) > _MAX_COLUMNS else ""
    return ", ".join(name[:60] for name in names[:_MAX_COLUMNS]) + more


def _times(times: TimeColumn) -> str:
    finest = ", ".join(
        f"{count:,} to the {name}" for name, count in times.precisions.items() if count
    )
    unread = f"{times.unread:,} not read" if times.unread else ""
    zone = f"zone: {times.zone}" if times.zone else ""
    parts = (f"{times.column}: {finest or 'none'}", unread, zone, times.order)
    return "; ".join(filter(None, parts))


def _reasons(reasons: Sequence[Reason]) -> Iterator[str]:
    for reason in reasons[:_MAX_REASONS]:
        yield f"{reason.count:,} × {reason.reason}"
        yield f"    for example {reason.example}"
    if len(reasons) > _MAX_REASONS:
        yield f"… and {len(reasons) - _MAX_REASONS:,} other reasons"


def _draft_lines(draft: DraftedMap, screen: Screen) -> Iterator[str]:
    if draft.is_complete:
        yield from _labelled("draft", [f"a column map for {draft.table}; check it:"])
    else:
        yield from _labelled("draft", [f"for {draft.table}, {draft.how}; it still lacks a column:"])
    yield ""
    yield from (f"    {without_control_characters(line)}" for line in draft.toml.splitlines())
    yield ""
    if not draft.is_complete:
        yield from _labelled("rows", ["as written in the table:"])
        yield ""
        yield from wrapped_columns(*_raw_rows(draft), screen)
        yield ""


def _raw_rows(draft: DraftedMap) -> tuple[list[str], list[list[str]]]:
    fields = {column: field for field, column in draft.columns.items()}
    names = list(dict.fromkeys(name for row in draft.rows for name in row))[:_MAX_COLUMNS]
    header = ["column", "read as", *(f"row {at}" for at in range(1, len(draft.rows) + 1))]
    rows = [
        [name, fields.get(name, ""), *(_cut(row.get(name, "")) for row in draft.rows)]
        for name in names
    ]
    return header, rows


def _picture_lines(pictures: MediaSummary, inspection: Inspection) -> Iterator[str]:
    lines = [f"{count:,} joined {_RULES[rule]}" for rule, count in pictures.joined.items() if count]
    absent = sum(reason.count for reason in pictures.absent)
    if absent:
        lines += [f"{absent:,} named but missing", *_indented(_reasons(pictures.absent))]
    if pictures.unowned:
        such_as = ", ".join(pictures.unowned_such_as)
        verb = "belongs" if pictures.unowned == 1 else "belong"
        files = _files(pictures.unowned)
        lines.append(f"{files} {verb} to none of these posts, such as {such_as}")
    if pictures.aside:
        kinds = ", ".join(f"{n:,} {kind or 'no suffix'}" for kind, n in pictures.aside.items())
        aside = _files(sum(pictures.aside.values()))
        lines.append(f"{aside} that can't be pictures or videos, by suffix: {kinds}")
    if pictures.unused:
        lines += ["lines of media maps for other posts", *_indented(_reasons(pictures.unused))]
    if pictures.closed:
        lines += ["not opened:", *_indented(_reasons(pictures.closed))]
    if lines and inspection.is_cut:
        lines.append("these counts are about the inspected rows; later rows may differ")
    yield from _labelled("media", lines)


def _files(count: int) -> str:
    return f"{count:,} {'file' if count == 1 else 'files'}"


def _indented(lines: Iterator[str]) -> Iterator[str]:
    return (f"    {line}" for line in lines)


def _labelled(label: str, lines: Sequence[str] | Iterator[str]) -> Iterator[str]:
    """Lines behind a label, which the first of them shows."""
    for number, line in enumerate(lines):
        if line.strip():
            yield labelled(label if number == 0 else "", line)


def _shown(posts: Sequence[ShownPost]) -> tuple[list[str], list[list[str]]]:
    """A table with a column for each post."""
    columns = [dict(_fields(shown)) for shown in posts]
    names = list(dict.fromkeys(name for column in columns for name in column))
    header = ["", *(f"post {at}" for at in range(1, len(posts) + 1))]
    rows = [[name, *(_cut(column.get(name, "")) for column in columns)] for name in names]
    return header, [row for row in rows if any(row[1:])]


def _fields(shown: ShownPost) -> Iterator[tuple[str, str]]:
    post = shown.post
    yield "platform", post.platform
    yield "post", post.post_id
    kind = f" ({post.account_kind})" if post.account_kind is not AccountKind.ACCOUNT else ""
    yield "account", post.account_id + kind
    yield "name", post.account_name
    yield "time", _time(post)
    yield "precision", post.precision if post.posted_at else ""
    yield "as written", shown.written_time
    yield "text", post.text
    yield "media", "; ".join(map(_picture, shown.pictures))
    yield "missing", "; ".join(shown.absent)
    yield "links", ", ".join(post.links)
    yield "hashtags", ", ".join(post.hashtags)
    yield "repost of", post.repost_of
    yield "counts", ", ".join(f"{name} {count:,}" for name, count in post.engagement.items())
    yield "row", f"{post.source}, row {post.line}" if post.line else post.source


def _time(post: Post) -> str:
    written = _TIMES.get(post.precision)
    return post.posted_at.strftime(written) if post.posted_at and written else "none"


def _picture(picture: ShownFile) -> str:
    size = f", {picture.pixels}" if picture.pixels else ""
    return f"{picture.path} ({_RULES[picture.rule]}{size})"


def _cut(text: str) -> str:
    shown = " ".join(without_control_characters(text[: 2 * _MAX_CHARACTERS]).split())
    return shown if len(shown) <= _MAX_CHARACTERS else f"{shown[:_MAX_CHARACTERS]}…"
