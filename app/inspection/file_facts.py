"""What files are, how they are read and why, and what their first rows give."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from frametrace.app.inspection.findings import FileFound, PostShown
from frametrace.app.inspection.first_rows import Conflicts, Sample, Seen, sample_of
from frametrace.app.inspection.picture_rules import Joined, Pictures, absent, shown
from frametrace.app.inspection.time_facts import Times
from frametrace.posts.errors import SourceError
from frametrace.posts.model import Post
from frametrace.posts.read_settings import ReadSettings
from frametrace.posts.source_parts import SourcePart
from frametrace.posts.sources.compression import READ_ERRORS, compression_of
from frametrace.posts.sources.containers import container_at
from frametrace.posts.sources.encodings import Encoding
from frametrace.posts.sources.source import Source

__all__ = ["ROWS", "Alike", "Looked", "alike", "look_at"]

ROWS = 2_000  # of a path that are looked at
_ALONE = 3  # files of one format that are told of one by one
_PICTURES = 5  # of a post that are named


@dataclass(frozen=True, slots=True)
class Alike:
    """Files of one format, and whether a draft reads them."""

    parts: Sequence[SourcePart]
    is_drafted: bool


@dataclass(slots=True)
class Looked:
    """Files whose rows were read; the pictures of their posts may still be to be found."""

    parts: Sequence[SourcePart]
    is_drafted: bool
    sample: Sample
    best: list[tuple[int, int, Seen, Joined]] = field(default_factory=list)

    def found(self) -> FileFound:
        """What there is to say, once all pictures were looked for."""
        part, sample = self.parts[0], self.sample
        names = part.head.names if sample.posts or sample.accounts else ()  # else nothing was taken
        return FileFound(
            name=part.source.name,
            files=len(self.parts),
            how=part.head.description,
            encoding=_encoding(part.source),
            packing=_packing(part.source),
            format=part.reader.name,
            title=part.reader.title,
            because=_because(part, self.is_drafted),
            rows=sample.rows,
            is_cut=sample.is_cut,
            posts=sample.posts,
            different_posts=len(sample.keys),
            accounts=sample.accounts,
            dropped=sample.dropped,
            used=tuple(sample.used),
            kept=tuple(name for name in sample.kept if name not in sample.used),
            empty=tuple(n for n in names if n and n not in {*sample.used, *sample.kept}),
            times=tuple(sample.times.found()),
            reasons=tuple(sample.reasons.found()),
            shown=tuple(
                PostShown(
                    seen.post,
                    seen.written_time,
                    tuple(shown(joined, _PICTURES)),
                    tuple(absent(joined, _PICTURES)),
                )
                for *_, seen, joined in sorted(self.best, key=lambda each: each[1])
            ),
        )


def alike(parts: Sequence[SourcePart]) -> list[list[SourcePart]]:
    """Parts that are told of together: many files of one format, or else each alone."""
    found: list[list[SourcePart]] = []
    by_reader = sorted(parts, key=lambda part: part.reader.name)
    for _, group in groupby(by_reader, key=lambda part: part.reader.name):
        files = list(group)
        found += [files] if len(files) > _ALONE else [[part] for part in files]
    order = {id(part): at for at, part in enumerate(parts)}
    return sorted(found, key=lambda group: order[id(group[0])])


def look_at(
    files: Alike, settings: ReadSettings, pictures: Pictures, rows: int, conflicts: Conflicts
) -> Looked:
    """Read the first rows of files of one format, and keep the `rows` posts that show most."""
    parts = files.parts
    settings = parts[0].settings if len(parts) == 1 else settings
    looked = Looked(parts, files.is_drafted, Sample(Times(settings)))
    for number, seen in enumerate(sample_of(parts, ROWS, looked.sample)):
        if refused := conflicts.of(seen.post):
            looked.sample.refuse(refused)
            continue
        joined = pictures.of(seen)
        looked.best.append((_shows(seen.post, joined), number, seen, joined))
        if len(looked.best) > rows:
            least = min(looked.best, key=lambda each: (each[0], -each[1]))
            looked.best.remove(least)
    for *_, seen, joined in looked.best:
        pictures.wait_for(seen.post, joined)
    return looked


def _shows(post: Post, joined: Joined) -> int:
    """How many fields of a post hold something; pictures that are there count twice."""
    filled = (post.account_name, post.posted_at, post.text, post.media, post.links, post.hashtags)
    others = (post.repost_of, post.engagement, joined.files, joined.files)
    return sum(map(bool, (*filled, *others)))


def _because(part: SourcePart, drafted: bool) -> str:
    """What made this reader the one that reads it."""
    if drafted:
        return "by the draft"
    if part.source.is_folder:
        return "as no file of posts in it is recognised"
    if part.settings.format is not None and part.columns is None:
        return "as --format says"
    by = ", ".join(
        next((name for name in names if name in part.head.names), "")
        for names in part.reader.required
    )
    if part.columns is not None:
        name = (
            f"that the case keeps, {kept}" if (kept := part.columns.saved_as) else part.columns.name
        )
        return f"by the column map {name}: {by}"
    return f"by {'its columns' if by else 'its first lines'} {by}".rstrip()


def _encoding(source: Source) -> str:
    """A text's encoding and how it is known; empty for what is not text."""
    found: Encoding | None = source.detected
    if found is None:
        return ""
    if source.encoding:
        return f"{found.name}, as --encoding says"
    return f"{found.name}, by its letters" if found.guessed else found.name


def _packing(source: Source) -> str:
    """What it is packed in: an archive, a compressed file; empty where it lies open."""
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
