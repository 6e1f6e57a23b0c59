"""Describes files: format, how it was recognised, encoding, counts and the posts to show."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from frametrace.app.inspection.findings import DRAFT, InspectedFile, ShownPost
from frametrace.app.inspection.first_rows import KeyConflicts, Sample, SampledPost, sample_posts
from frametrace.app.inspection.media_rules import JoinedFiles, MediaJoins, absent, shown
from frametrace.app.inspection.time_facts import TimeColumns
from frametrace.posts.errors import SourceError
from frametrace.posts.model import Post
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.source_parts import SourcePart
from frametrace.posts.sources.compression import READ_ERRORS, compression_of
from frametrace.posts.sources.containers import container_at
from frametrace.posts.sources.encodings import Encoding
from frametrace.posts.sources.source import Source

__all__ = ["MAX_ROWS", "SampledFiles", "group_files", "is_drafted", "sample_files"]

MAX_ROWS = 2_000  # inspected per path
_MAX_SEPARATE_FILES = 3  # of one format; more are described together
_MAX_PICTURES = 5  # listed per post


@dataclass(slots=True)
class SampledFiles:
    """Files whose first rows were read; the pictures of their posts may still be missing.

    `best` holds the posts to show: how much each holds, its number, the post and its pictures.
    """

    parts: Sequence[SourcePart]
    sample: Sample
    best: list[tuple[int, int, SampledPost, JoinedFiles]] = field(default_factory=list)

    def facts(self) -> InspectedFile:
        """The description of the files, once all pictures are joined."""
        part, sample = self.parts[0], self.sample
        # If nothing could be read, no column was used, and all would count as empty.
        names = part.head.names if sample.posts or sample.accounts else ()
        return InspectedFile(
            name=part.source.name,
            files=len(self.parts),
            how=part.head.description,
            encoding=_encoding(part.source),
            packing=_packing(part.source),
            format=part.reader.name,
            title=part.reader.title,
            because=_because(part),
            rows=sample.rows,
            is_cut=sample.is_cut,
            posts=sample.posts,
            different_posts=len(sample.keys),
            accounts=sample.accounts,
            dropped=sample.dropped,
            used=tuple(sample.used),
            kept=tuple(name for name in sample.kept if name not in sample.used),
            empty=tuple(n for n in names if n and n not in {*sample.used, *sample.kept}),
            times=tuple(sample.times.columns()),
            reasons=tuple(sample.reasons.ranked()),
            shown=tuple(
                ShownPost(
                    seen.post,
                    seen.written_time,
                    tuple(shown(joined, _MAX_PICTURES)),
                    tuple(absent(joined, _MAX_PICTURES)),
                )
                for *_, seen, joined in sorted(self.best, key=lambda each: each[1])
            ),
        )


def group_files(parts: Sequence[SourcePart]) -> list[list[SourcePart]]:
    """Parts to describe together: many files of one format, otherwise each on its own."""
    groups: list[list[SourcePart]] = []
    by_reader = sorted(parts, key=lambda part: part.reader.name)
    for _, group in groupby(by_reader, key=lambda part: part.reader.name):
        files = list(group)
        groups += [files] if len(files) > _MAX_SEPARATE_FILES else [[part] for part in files]
    order = {id(part): at for at, part in enumerate(parts)}
    return sorted(groups, key=lambda group: order[id(group[0])])


def sample_files(
    parts: Sequence[SourcePart],
    settings: ReadSettings,
    pictures: MediaJoins,
    rows: int,
    conflicts: KeyConflicts,
) -> SampledFiles:
    """Read the first rows of files of one format, and keep the `rows` posts that hold most."""
    settings = parts[0].settings if len(parts) == 1 else settings
    sampled = SampledFiles(parts, Sample(TimeColumns(settings)))
    for number, seen in enumerate(sample_posts(parts, MAX_ROWS, sampled.sample)):
        if conflict := conflicts.of(seen.post):
            sampled.sample.refuse(conflict)
            continue
        joined = pictures.of(seen)
        sampled.best.append((_count_filled(seen.post, joined), number, seen, joined))
        if len(sampled.best) > rows:
            least = min(sampled.best, key=lambda each: (each[0], -each[1]))
            sampled.best.remove(least)
    for *_, seen, joined in sampled.best:
        pictures.wait_for(seen.post, joined)
    return sampled


def is_drafted(part: SourcePart) -> bool:
    """Whether a drafted column map reads the part."""
    return part.columns is not None and part.columns.name == DRAFT


def _count_filled(post: Post, joined: JoinedFiles) -> int:
    """How many fields of a post are filled; pictures that exist count twice."""
    filled = (post.account_name, post.posted_at, post.text, post.media, post.links, post.hashtags)
    others = (post.repost_of, post.engagement, joined.files, joined.files)
    return sum(map(bool, (*filled, *others)))


def _because(part: SourcePart) -> str:
    """How the format was recognised."""
    if is_drafted(part):
        return "by the draft"
    if part.source.is_folder:
        return "because no file of posts was recognised in it"
    if part.settings.format is not None and part.columns is None:
        return "by --format"
    by = ", ".join(
        next((name for name in names if name in part.head.names), "")
        for names in part.reader.required
    )
    if part.columns is not None:
        name = f"{kept} of the case" if (kept := part.columns.saved_as) else part.columns.name
        return f"by the column map {name}: {by}"
    return f"by its {'columns' if by else 'first lines'} {by}".rstrip()


def _encoding(source: Source) -> str:
    """The encoding of a text and how it is known; empty for other files."""
    encoding: Encoding | None = source.detected
    if encoding is None:
        return ""
    if source.encoding:
        return f"{encoding.name}, by --encoding"
    return f"{encoding.name}, detected" if encoding.guessed else encoding.name


def _packing(source: Source) -> str:
    """How a file is packed: in an archive, compressed; empty if it isn't."""
    packed = []
    try:
        if source.member and source.path.is_file():
            packed.append("in an archive")
        if not source.is_folder:
            container = container_at(source.path if source.member else source.path.parent)
            with container.open(source.member or source.path.name) as file:
                packed.append(compression_of(file.read(6)))
    except (SourceError, *READ_ERRORS):
        pass
    return ", ".join(filter(None, packed))
