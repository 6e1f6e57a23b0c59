"""The whole of a framing by example: from what people name to ranked posts, kept under a name."""

from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from frametrace.case.store import Case
from frametrace.matcher.framing.by_example.examples import Framing
from frametrace.matcher.framing.by_example.framing_json import json_of
from frametrace.matcher.framing.by_example.photo_of_picture import photos_of
from frametrace.matcher.framing.by_example.rank import Ranked, rank
from frametrace.matcher.framing.by_example.read_examples import (
    Makers,
    Named,
    read_examples,
    renewed,
)
from frametrace.matcher.framing.by_example.resolve import Compared
from frametrace.matcher.framing.by_example.saved_framings import (
    changing,
    checked_name,
    digests_of,
    load,
    names_in,
    save,
)
from frametrace.matcher.framing.distinct_contents import contents_of
from frametrace.matcher.framing.fusion import Fusion
from frametrace.matcher.match_settings import MatchSettings
from frametrace.matcher.saved_results import MatchRun, Results, load_results
from frametrace.posts.errors import CaseError, UsageError
from frametrace.work.progress import Progress, Silent

__all__ = ["Asked", "compared_of", "posts_in", "posts_when_matched", "rank_by_example"]


@dataclass(frozen=True, slots=True)
class Asked:
    """Examples and counter-examples as people name them, and a name to keep them under.

    `least` is how many decades make a post belong; without it, what was kept, or the default.
    """

    like: Named = field(default_factory=Named)
    unlike: Named = field(default_factory=Named)
    least: float | None = None
    name: str = ""

    @property
    def says_more(self) -> bool:
        """Whether there is anything but the name."""
        named = (self.like, self.unlike)
        return self.least is not None or any(
            each.posts or each.pictures or each.texts for each in named
        )


def rank_by_example(
    case: Case, asked: Asked, limit: int | None = 0, progress: Progress | None = None
) -> tuple[Ranked, Framing]:
    """Rank the posts of a case by their likeness to examples, as `rank` does.

    Under a name, examples are added to those that were kept, and all are kept once they were found
    to be of use; without examples those that were kept are asked for again. Raises `UsageError` and
    `DecodeError` for what can't be an example, `CaseError` where the case holds no posts, or a kept
    framing is damaged, `CaseLocked` where another process changes the case's framings.
    """
    progress = progress or Silent()
    name = checked_name(asked.name) if asked.name else ""
    if not case.epoch.rows("posts"):
        raise CaseError(
            f"{case.path} holds no posts to compare; add some with: "
            f"frametrace add {case.path} SOURCE..."
        )
    makers = Makers(case)
    with ExitStack() as stack:
        if name and asked.says_more:
            stack.enter_context(changing(case))
        framing, kept = _framing(makers, asked, name)
        least = MatchSettings().min_decades
        ranked = rank(compared_of(case, progress), framing, least, limit)
        if name and json_of(framing) != kept:
            if not asked.says_more:
                stack.enter_context(changing(case))
            if asked.says_more or _is_kept(case, name, kept):
                save(case, name, framing)
    return replace(ranked, notes=(*makers.notes, *ranked.notes)), framing


def _framing(makers: Makers, asked: Asked, name: str) -> tuple[Framing, object]:
    """What is asked for, with what is kept under its name, and that as it is kept."""
    case = makers.case
    begun, kept = Framing(), None
    if name and (name in names_in(case) or not asked.says_more):
        begun = load(case, name)
        kept = json_of(begun)
    like, unlike = read_examples(makers, asked.like), read_examples(makers, asked.unlike)
    framing = renewed(makers, begun.plus(Framing(like, unlike, asked.least)))
    if not len(framing.like):
        raise UsageError("name an example: a post with --like, a --picture, or a --text")
    return framing, kept


def _is_kept(case: Case, name: str, content: object) -> bool:
    """Whether a framing is still what was read: another process may have changed or deleted it."""
    with suppress(UsageError, CaseError):
        return json_of(load(case, name)) == content
    return False


def compared_of(case: Case, progress: Progress | None = None) -> Compared:
    """A case's posts as they are compared with examples."""
    photos, note = photos_of(case, progress)
    if note and progress is not None:
        progress.note(note)
    contents = contents_of(case, photos)
    return Compared(case, contents, Fusion(case, contents), photos)


def posts_when_matched(case: Case, name: str) -> pa.Table | None:
    """The posts that the match run found to belong to a named framing, in the schema `NAMED`.

    None where the case or the framing has changed since.
    """
    try:
        results, run = load_results(case)
    except CaseError:
        return None
    return posts_in(case, results, run, name)


def posts_in(case: Case, results: Results, run: MatchRun, name: str) -> pa.Table | None:
    """The same of results that were read."""
    if name not in run.named or run.named[name] != digests_of(case).get(name):
        return None
    return results.named.filter(pc.equal(results.named["name"], name))
