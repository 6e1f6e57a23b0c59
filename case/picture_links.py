"""Which pictures posts get of what a batch says, and which guesses of the case give way to it."""

from collections.abc import Set
from dataclasses import dataclass

import pyarrow as pa

from frametrace.case.arrow_rows import guessed_table, links_table
from frametrace.case.ingest_batch import BatchRows, Link
from frametrace.case.schemas import POST_MEDIA
from frametrace.case.views import Held
from frametrace.posts.media.guesses import PostKey
from frametrace.posts.model import PICTURE_FOLDER, Skipped

__all__ = ["Corrections", "corrections", "guesses_in", "new_links"]

_NAMESAKE = (
    "its post was added with another picture of this name from elsewhere; "
    "where two folders have one name, rename one or add the folder above"
)


@dataclass(frozen=True, slots=True)
class Corrections:
    """Links of the case by guesses: those that give way to another post, and those confirmed."""

    withdrawn: set[Link]
    confirmed: set[Link]


def new_links(held: Held, rows: BatchRows, refused: Set[PostKey]) -> pa.Table:
    """Which pictures posts are to get: not the one of a namesake in another folder.

    Nor, as one of a folder alone, what is that of a post.
    """
    alone = {key for key in rows.guessed if key[0] == PICTURE_FOLDER}
    owned = held.owned({(key[2], rows.guessed[key]) for key in alone}) if alone else set()
    keys = [
        key
        for key, item in rows.post_media.items()
        if key[:2] not in refused and not (key in alone and (key[2], item.full_path) in owned)
    ]
    new = held.new("post_media", links_table(keys, rows.post_media))
    found = _keys_of(new)
    roots = pa.array([rows.said.get(key) for key in found], pa.string())
    namesakes = set(held.namesakes(new.append_column("root", roots)))
    for key in sorted(namesakes):
        rows.skip(Skipped(*rows.told[key], rows.post_media[key].path, _NAMESAKE))
    return new.filter(pa.array([key not in namesakes for key in found], pa.bool_()))


def guesses_in(links: pa.Table, rows: BatchRows) -> pa.Table:
    """Which of the new links are guesses, as rows of `guessed`."""
    return guessed_table({key: rows.guessed[key] for key in _keys_of(links) if key in rows.guessed})


def corrections(held: Held, rows: BatchRows, refused: Set[PostKey]) -> Corrections:
    """What becomes of the case's guesses by what a batch says of the same files; it is told."""
    better: dict[str, list[Link]] = {item.full_path: [] for item in rows.post_media.values()}
    for link, item in rows.post_media.items():
        if link[:2] not in refused and link[0] != PICTURE_FOLDER:
            better[item.full_path].append(link)
    found = Corrections(set(), set())
    for place, guesses in held.guesses_at(better).items():
        for guess in guesses:
            said = [link for link in better[place] if link not in rows.guessed]
            if guess in said:
                found.confirmed.add(guess)
            elif others := [link for link in better[place] if link[:2] != guess[:2]]:
                found.withdrawn.add(guess)
                reason = f"was taken for a picture of {'/'.join(guess[:2])}, by a guess"
                path = rows.post_media[others[0]].path
                rows.skip(Skipped(*rows.told[others[0]], path, reason))
    return found


def _keys_of(links: pa.Table) -> list[Link]:
    return list(zip(*(links[name].to_pylist() for name in POST_MEDIA.names[:3]), strict=True))
