"""Plans the demo: 200 posts by 40 invented accounts, pages and groups, drawn with a fixed seed.

Eighteen of them share photos and framings; the rest post everyday things. What is planted is the
ground truth.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from frametrace.app.demo.demo_captions import EVERYDAY, FRAMINGS
from frametrace.app.demo.edits import HEAVY, Edit
from frametrace.app.demo.photographs import ORGANIC, REUSED, REUSED_ON_ONE
from frametrace.posts.model import AccountKind

__all__ = ["Actor", "PlannedPost", "plan"]

_SEED = 2019
_FIRST = datetime(2019, 8, 5, 6, 0, tzinfo=UTC)
_DAYS = 12
_X_ORGANIC_PICTURES = 7  # the rest are posted on Facebook
BROKEN = ("empty", "text", "truncated", "absent")  # how a post's picture can be unreadable


@dataclass(frozen=True, slots=True)
class Actor:
    """An invented account, page or group; `planted` ones share photos and framings."""

    platform: str
    account_id: str
    name: str
    kind: AccountKind
    planted: bool


@dataclass(frozen=True, slots=True)
class PlannedPost:
    """One post; `photos` and `framing` are what it shares with other posts, or empty.

    A collage has two photos.
    """

    actor: Actor
    post_id: str
    posted_at: datetime
    text: str
    picture: str = ""
    photos: tuple[str, ...] = ()
    framing: str = ""
    edit: Edit | None = None
    broken: str = ""

    @property
    def language(self) -> str:
        """The language of the text: `zh` or `en`."""
        return "zh" if any("\u4e00" <= character <= "\u9fff" for character in self.text) else "en"

    @property
    def heavy(self) -> bool:
        """Whether the photo is edited beyond what hashes match."""
        return self.edit in HEAVY


_Shown = tuple[tuple[str, ...], Edit | None]  # which photos a post shows, and how
_NO_PICTURE: _Shown = (), None


def plan() -> list[PlannedPost]:
    """All posts, by platform and time; always the same."""
    dice = Random(_SEED)  # noqa: S311
    x, facebook = _x_actors(), _facebook_actors()
    drafts = [
        *_reusing(dice, x, _edits([photo for photo in REUSED for _ in range(3)])),
        *_reusing(dice, x, [_NO_PICTURE] * 30),
        *_everyday(dice, x, [*ORGANIC[:_X_ORGANIC_PICTURES], *[""] * 43], BROKEN[:2]),
        *_reusing(dice, facebook, [((photo,), None) for photo in REUSED for _ in range(4)]),
        *_reusing(dice, facebook, _light(REUSED_ON_ONE)),
        *_everyday(dice, facebook, [*ORGANIC[_X_ORGANIC_PICTURES:], *[""] * 39], BROKEN[2:]),
    ]
    return sorted(drafts, key=lambda post: (post.actor.platform, post.posted_at, post.post_id))


def _edits(photos: Sequence[str]) -> Iterable[_Shown]:
    """Each photo with the next kind of edit; a collage takes the next photo as well."""
    edits = list(Edit)
    for at, photo in enumerate(photos):
        edit = edits[at % len(edits)]
        beside = REUSED[(REUSED.index(photo) + 1) % len(REUSED)]
        yield ((photo, beside) if edit is Edit.COLLAGE else (photo,)), edit


def _light(photos: Sequence[str]) -> Iterable[_Shown]:
    """Each photo unedited, and with edits that hashes still match."""
    for photo in photos:
        yield from (((photo,), edit) for edit in (None, Edit.RESIZED, Edit.TRIMMED))


def _reusing(dice: Random, actors: Sequence[Actor], shown: Iterable[_Shown]) -> list[PlannedPost]:
    """Posts of planted actors: each with a framing and, if `shown` names any, shared photos."""
    planted = [actor for actor in actors if actor.planted]
    posts = []
    for at, (photos, edit) in enumerate(shown):
        framing = dice.choice(list(FRAMINGS))
        tail = dice.choice(("", f" https://news.example/{dice.randrange(10**6)}", " #city"))
        text = dice.choice(FRAMINGS[framing]) + tail
        message = framing.partition("-")[0]
        actor, picture = planted[at % len(planted)], "".join(photos[:1])
        when = _id(dice), _time(dice)
        posts.append(PlannedPost(actor, *when, text, picture, photos, message, edit))
    return posts


def _everyday(
    dice: Random, actors: Sequence[Actor], pictures: Sequence[str], broken: Sequence[str]
) -> list[PlannedPost]:
    """Posts of the other actors, each with its own words and perhaps its own picture."""
    unplanted = [actor for actor in actors if not actor.planted]
    half = len(EVERYDAY) // 2
    mine = EVERYDAY[::2] if unplanted[0].platform == "twitter" else EVERYDAY[1::2]
    texts = [*mine, *[""] * (len(pictures) - half)]
    dice.shuffle(texts)
    ways = [*[""] * (len(pictures) - len(broken)), *broken]
    return [
        PlannedPost(
            unplanted[at % len(unplanted)], _id(dice), _time(dice), text, picture, broken=way
        )
        for at, (picture, text, way) in enumerate(zip(pictures, texts, ways, strict=True))
    ]


def _x_actors() -> list[Actor]:
    return [
        Actor("twitter", _hashed(f"x{at}"), f"reader_{at:02d}", AccountKind.ACCOUNT, at < 12)
        for at in range(22)
    ]


def _facebook_actors() -> list[Actor]:
    pages = [
        Actor("facebook", f"1000{at:02d}77", f"City page {at + 1}", AccountKind.PAGE, at < 4)
        for at in range(10)
    ]
    groups = [
        Actor("facebook", f"2000{at:02d}55", f"Neighbours {at + 1}", AccountKind.GROUP, at < 2)
        for at in range(8)
    ]
    return [*pages, *groups]


def _hashed(name: str) -> str:
    """An id as archives publish it for small accounts: 44 characters, ending in =."""
    return base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()


def _id(dice: Random) -> str:
    return str(dice.randrange(10**18, 2 * 10**18))


def _time(dice: Random) -> datetime:
    """A minute within the days of the demo; archives have no seconds."""
    return _FIRST + timedelta(minutes=dice.randrange(_DAYS * 24 * 60))
