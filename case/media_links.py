"""Decides which files a batch gives to posts, and which earlier guesses it corrects."""

from collections.abc import Set
from dataclasses import dataclass

import pyarrow as pa

from frametrace.case.arrow_rows import guessed_table, links_table
from frametrace.case.ingest_batch import BatchRows, Link
from frametrace.case.schemas import POST_MEDIA
from frametrace.case.stored_rows import StoredRows
from frametrace.posts.media.guesses_by_file_name import PostKey
from frametrace.posts.model import MEDIA_FOLDER, Skipped

__all__ = ["GuessCorrections", "guess_corrections", "new_guesses", "new_links"]

_NAMESAKE = (
    "its post already has a file of this name from another folder; if the folders have the same "
    "name, rename one of them or add the folder above both"
)


@dataclass(frozen=True, slots=True)
class GuessCorrections:
    """The case's links by guesses that a batch contradicts, and those that it confirms."""

    withdrawn: set[Link]
    confirmed: set[Link]


def new_links(stored: StoredRows, rows: BatchRows, refused: Set[PostKey]) -> pa.Table:
    """The new rows of `post_media`; posts whose key is in `refused` get no files.

    Files with the same name as one that the post has from another folder are left out. So are files
    without a post that turn out to belong to one.
    """
    alone = {link for link in rows.guessed if link[0] == MEDIA_FOLDER}
    owned = stored.owned({(link[2], rows.guessed[link]) for link in alone}) if alone else set()
    links = [
        link
        for link, item in rows.post_media.items()
        if link[:2] not in refused and not (link in alone and (link[2], item.full_path) in owned)
    ]
    new = stored.new("post_media", links_table(links, rows.post_media))
    links = _links_of(new)
    roots = pa.array([rows.roots.get(link) for link in links], pa.string())
    namesakes = set(stored.namesakes(new.append_column("root", roots)))
    for link in sorted(namesakes):
        rows.add_skipped(Skipped(*rows.sources[link], rows.post_media[link].path, _NAMESAKE))
    return new.filter(pa.array([link not in namesakes for link in links], pa.bool_()))


def new_guesses(links: pa.Table, rows: BatchRows) -> pa.Table:
    """The new links that are guesses, as rows of `guessed`."""
    guesses = (link for link in _links_of(links) if link in rows.guessed)
    return guessed_table({link: rows.guessed[link] for link in guesses})


def guess_corrections(
    stored: StoredRows, rows: BatchRows, refused: Set[PostKey]
) -> GuessCorrections:
    """Compare the case's guesses with what a batch says about the same files.

    Guesses that are withdrawn are reported in `rows`.
    """
    by_path: dict[str, list[Link]] = {item.full_path: [] for item in rows.post_media.values()}
    for link, item in rows.post_media.items():
        if link[:2] not in refused and link[0] != MEDIA_FOLDER:
            by_path[item.full_path].append(link)
    corrections = GuessCorrections(set(), set())
    for full_path, guesses in stored.guesses_at(by_path).items():
        links = by_path[full_path]
        for guess in guesses:
            if guess in links and guess not in rows.guessed:
                corrections.confirmed.add(guess)
            elif rivals := [link for link in links if link[:2] != guess[:2]]:
                corrections.withdrawn.add(guess)
                reason = f"a guess had assigned it to {'/'.join(guess[:2])}"
                path = rows.post_media[rivals[0]].path
                rows.add_skipped(Skipped(*rows.sources[rivals[0]], path, reason))
    return corrections


def _links_of(table: pa.Table) -> list[Link]:
    return list(zip(*(table[name].to_pylist() for name in POST_MEDIA.names[:3]), strict=True))
