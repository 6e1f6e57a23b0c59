"""Deciding which column of a table is which field, one after the other."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from frametrace.posts.columns.contents import Contents
from frametrace.posts.columns.fit import FIELDS_IN_ORDER, fit
from frametrace.posts.columns.header_names import (
    is_form_stamp,
    kind_named,
    platforms_named,
    says_something,
)
from frametrace.posts.model import AccountKind, Precision
from frametrace.posts.readers.shared.account_keys import BY_HANDLE
from frametrace.posts.readers.shared.platforms import PLATFORMS, platform_or
from frametrace.posts.readers.shared.post_keys import post_key

__all__ = [
    "Columns",
    "decide_account",
    "decide_kind",
    "decide_platform",
    "decide_post",
    "decide_rest",
]

_WANTED = ("posted_at", "text", "media")  # besides those that are required
_OF_POSTS_AND_ACCOUNTS = frozenset(
    {"id", "link", "account_id", "handle", "account_name", "who", "account_link"}
    | {"account_kind", "platform", "post_id"}
)
_NOTHING = Contents()
_PERSON = re.compile(r"user|author|member|person|profile|sender", re.IGNORECASE)
_MOST = 0.8  # of the cells
_HOLDS = "by what the column holds"


@dataclass(slots=True)
class Columns:
    """The columns of a table that are still to be had, and the draft as far as it is."""

    contents: dict[str, Contents]
    named: dict[str, dict[str, int]]
    columns: dict[str, str]
    doubts: dict[str, str] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)

    def best(self, *fields: str) -> dict[str, str]:
        """The best columns for some fields, none for two; the surest pair comes first."""
        ranked = sorted(
            (-strength - fits, FIELDS_IN_ORDER.index(name), at, name, column)
            for at, (column, contents) in enumerate(self.contents.items())
            if column not in self.columns.values()
            for name, strength in _fields_of(self.named[column], contents).items()
            if name in fields and (fits := fit(name, strength, contents))
        )
        found: dict[str, str] = {}
        for *_, name, column in ranked:
            if name not in found and column not in found.values():
                found[name] = column
        return found

    def take(self, name: str, column: str, doubt: str = "") -> None:
        """Let a column be a field, with what is uncertain about it."""
        self.columns[name] = column
        if doubt:
            self.doubts[name] = doubt

    def unnamed(self) -> dict[str, Contents]:
        """The columns that are left and whose names say nothing."""
        taken = set(self.columns.values())
        return {
            column: contents
            for column, contents in self.contents.items()
            if column not in taken and not says_something(column)
        }


def _fields_of(named: Mapping[str, int], held: Contents) -> Mapping[str, int]:
    """What a column may be: a name without spaces is a handle, a handle with some a name."""
    if "account_name" in named and held.handles >= 0.9:
        return {"handle": named["account_name"], **named}
    if "handle" in named and held.handles < _MOST:
        return {"account_name": 2, **named}
    return named


def decide_post(table: Columns, sample: Sequence[Mapping[str, str]]) -> str:
    """Decide on the post's id; returns the column of links to posts if it is that.

    A link tells the platform as well, and an id that other tools have too, so it comes first.
    """
    if column := table.columns.get("post_id", ""):
        return column if table.contents.get(column, _NOTHING).post_links else ""
    found = table.best("id", "link")
    link, own = found.get("link", ""), found.get("id", "")
    leads_to_posts = bool(link) and table.contents[link].post_links >= _MOST
    if not (leads_to_posts or own) and (unnamed := _unnamed_post(table)):
        table.take("post_id", unnamed, _HOLDS)
        return unnamed if table.contents[unnamed].post_links else ""
    if leads_to_posts and not (own and _is_fuller(table, own, link)):
        differs = own and not table.contents[own].numbers_rows
        beside = _beside(table, own, link, sample) if differs else ""
        table.take("post_id", link, beside or _about_link(link, sample))
        return link
    if own:
        table.take("post_id", own, _about_id(table, own))
    elif link:
        table.take("post_id", link, _about_link(link, sample))
        return link
    else:
        table.lacking["post_id"] = (
            "no column looks like the post's id or its link; where there is none, add one that "
            "numbers the rows, such as march-1, march-2"
        )
    return ""


def _about_link(link: str, sample: Sequence[Mapping[str, str]]) -> str:
    written = [url for row in sample if (url := row.get(link, "").strip())]
    whole = sum(post_key(platform_or(url, ""), url) == url for url in written)
    if not whole:
        return ""
    where = "" if whole == len(written) else "of some rows "
    return f"{where}the link itself is the id: it does not name a post of a site that is known"


def _unnamed_post(table: Columns) -> str:
    """The one column that holds links to posts, or else ids, and whose name says nothing."""
    unnamed = table.unnamed()
    for name in ("link", "id"):
        fitting = [column for column, held in unnamed.items() if fit(name, 0, held)]
        if fitting:
            return fitting[0] if len(fitting) == 1 else ""
    return ""


def _is_fuller(table: Columns, column: str, other: str) -> bool:
    return table.contents[column].filled > table.contents[other].filled + 0.05


def _beside(table: Columns, own: str, link: str, sample: Sequence[Mapping[str, str]]) -> str:
    both = [
        (row[own].strip(), row[link].strip()) for row in sample if row.get(own) and row.get(link)
    ]
    same = 0
    for written, url in both:
        platform = platform_or(url, "")
        same += post_key(platform, url) == post_key(platform, written)
    return "" if same >= _MOST * len(both) else f"the links tell other ids than {own}"


def _about_id(table: Columns, column: str) -> str:
    contents = table.contents[column]
    if contents.numbers_rows:
        return "it counts from 1: does it number the rows of this table only?"
    if contents.distinct < 1:
        return "some rows have the same: those count as one post"
    return ""


def decide_platform(table: Columns) -> str:
    """The platform of all posts, where links or names of columns tell one; else its column."""
    found = table.best("platform")
    if column := found.get("platform"):
        table.take("platform", column)
        return ""
    linked = {held.platform for held in table.contents.values() if held.platform}
    told = set(chain.from_iterable(map(platforms_named, table.contents))) & PLATFORMS
    for how, platforms in (("by the links in it", linked), ("by the columns' names", told)):
        if len(platforms) == 1:
            table.doubts["platform"] = how
            return platforms.pop()
    table.lacking["platform"] = "nothing tells the platform: without it posts are of `unknown`"
    return ""


def decide_account(table: Columns, platform: str) -> None:
    """Decide on who posted: by number, or by handle where that is what others tell as well."""
    found = table.best(
        "account_id", "handle", "account_name", "who", "account_link", "account_kind"
    )
    if "account_kind" in found and "account_kind" not in table.columns:
        table.take("account_kind", found["account_kind"])
    number, handle, name = (
        found.get(each, "") for each in ("account_id", "handle", "account_name")
    )
    who = found.get("who", "")
    if who and table.contents[who].handles >= _MOST:
        handle, who = handle or who, "" if not handle else who
    elif who and table.contents[who].ids >= 0.9 and table.contents[who].handles < 0.1:
        number, who = number or who, "" if not number else who
    name, who = ("" if number and _is_where(table, each, number) else each for each in (name, who))
    name = name or who
    ids = [handle, number] if platform in BY_HANDLE else [number, handle]
    best = next(filter(None, ids), "")
    if "account_id" not in table.columns:
        if best:
            table.take("account_id", best)
        elif not name and (link := found.get("account_link")):
            table.take("account_id", link, "the link to the account stands for its id")
    if "account_name" not in table.columns:
        name = name or next((each for each in (handle, who) if each and each != best), "")
        if name and name not in table.columns.values():
            alone = "" if "account_id" in table.columns else "accounts of one name count as one"
            table.take("account_name", name, alone)
    if not {"account_id", "account_name"} & table.columns.keys():
        table.lacking["account_id"] = (
            "no column looks like who posted; @ and a name where all are by one account"
        )


def _is_where(table: Columns, name: str, number: str) -> bool:
    """Whether a name is that of the group or page where somebody else, with a number, posted."""
    kind = kind_named(name)
    if not kind or kind_named(number) == kind:
        return False
    ids = [each for each, held in table.contents.items() if held.ids >= 0.9 and each != name]
    return bool(_PERSON.search(number)) or any(kind_named(each) == kind for each in ids)


def decide_rest(table: Columns) -> None:
    """Times, texts, pictures, links, hashtags, counts."""
    fields = [name for name in FIELDS_IN_ORDER if name not in _OF_POSTS_AND_ACCOUNTS]
    for name, column in table.best(*(name for name in fields if name not in table.columns)).items():
        table.take(name, column)
    for name in _WANTED:
        if name not in table.columns:
            fitting = [each for each, held in table.unnamed().items() if fit(name, 0, held)]
            longest = max(fitting, key=lambda each: table.contents[each].length, default="")
            if longest and (name == "text" or len(fitting) == 1):
                table.take(name, longest, _HOLDS)
            else:
                table.lacking[name] = _why_not(table, name)
    _decide_clock(table)
    for name in ("posted_at", "text", "media", "links"):
        if (column := table.columns.get(name, "")) and (doubt := _doubt(table, name, column)):
            table.doubts[name] = "; ".join(filter(None, (table.doubts.get(name), doubt)))


def _decide_clock(table: Columns) -> None:
    """Let the one column with times of day stand beside a column of days."""
    if table.contents.get(table.columns.get("posted_at", ""), _NOTHING).precision is Precision.DAY:
        clocks = [
            column
            for column, held in table.contents.items()
            if fit("posted_at_time", 0, held)
            and ("posted_at" in table.named[column] or not says_something(column))
        ]
        if len(clocks) == 1 and "posted_at_time" not in table.columns:
            table.take("posted_at_time", clocks[0])


def _why_not(table: Columns, name: str) -> str:
    """Why a field has no column: the one of that name holds something else, or there is none."""
    taken = set(table.columns.values())
    for column, fields in table.named.items():
        if fields.get(name, 0) > 1 and column not in taken:
            held = table.contents[column]
            if not held.cells:
                return f"{column} is empty in the rows that were looked at"
            return f"{column} holds something else, such as {held.example[:40]!r}"
    return "no column looks like it"


def _doubt(table: Columns, name: str, column: str) -> str:
    held = table.contents[column]
    if name == "posted_at":
        return _doubt_about_time(table, column)
    if name == "text" and held.texts < 0.3:
        return "few of its cells have several words"
    if name == "media" and held.pictures < 1:
        return "some of its cells are no pictures"
    return ""


def _doubt_about_time(table: Columns, column: str) -> str:
    held = table.contents[column]
    if is_form_stamp(column) and column == next(iter(table.contents)):
        return "may be when a form was sent, and not when the post was made"
    if held.two_orders:
        return "nothing shows whether 05/06 is in May or June: add day_order"
    clocks = [each for each, other in table.contents.items() if other.clocks >= 0.9]
    if held.precision is Precision.DAY and clocks and "posted_at_time" not in table.columns:
        return f"the time of day in {clocks[0]} is not read along"
    return "some of its cells are no times" if held.times < 1 else ""


def decide_kind(table: Columns) -> AccountKind | None:
    """What all accounts are, where the name of their column says it: `Page`, `Group`."""
    for name in ("account_name", "account_id"):
        column = table.columns.get(name, "")
        if "account_kind" not in table.columns and (told := kind_named(column)):
            table.doubts["account_kind"] = f"as {column} is named"
            return AccountKind(told)
    return None
