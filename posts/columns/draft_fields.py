"""Decides which column of a table is which field, for a draft of its column map."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from frametrace.posts.columns.column_contents import ColumnContents
from frametrace.posts.columns.field_fit import FIELDS_IN_ORDER, field_fit
from frametrace.posts.columns.header_names import (
    account_kind_in_name,
    has_known_word,
    is_form_stamp,
    platforms_in_name,
)
from frametrace.posts.model import AccountKind, Precision
from frametrace.posts.readers.shared.account_keys import BY_HANDLE
from frametrace.posts.readers.shared.platforms import PLATFORMS, platform_or
from frametrace.posts.readers.shared.post_keys import post_key

__all__ = [
    "DraftTable",
    "decide_account",
    "decide_kind",
    "decide_platform",
    "decide_post",
    "decide_rest",
]

_WANTED = ("posted_at", "text", "media")  # besides the required fields
_KEY_FIELDS = frozenset(
    {"id", "link", "account_id", "handle", "account_name", "who", "account_link"}
    | {"account_kind", "platform", "post_id"}
)
_NOTHING = ColumnContents()
_PERSON = re.compile(r"user|author|member|person|profile|sender", re.IGNORECASE)
_MIN_SHARE = 0.8  # of the cells
_BY_CONTENTS = "by the contents of the column"


@dataclass(slots=True)
class DraftTable:
    """The columns of a table with their contents and possible fields, and the draft so far.

    `columns`, `doubts` and `lacking` become the draft's.
    """

    contents: dict[str, ColumnContents]
    fields: dict[str, dict[str, int]]
    columns: dict[str, str]
    doubts: dict[str, str] = field(default_factory=dict)
    lacking: dict[str, str] = field(default_factory=dict)

    def best(self, *wanted: str) -> dict[str, str]:
        """The best free columns for some fields; each column is used once, the best pair first."""
        ranked = sorted(
            (-strength - score, FIELDS_IN_ORDER.index(name), at, name, column)
            for at, (column, contents) in enumerate(self.contents.items())
            if column not in self.columns.values()
            for name, strength in _fields_of(self.fields[column], contents).items()
            if name in wanted and (score := field_fit(name, strength, contents))
        )
        best: dict[str, str] = {}
        for *_, name, column in ranked:
            if name not in best and column not in best.values():
                best[name] = column
        return best

    def take(self, name: str, column: str, doubt: str = "") -> None:
        """Use a column as a field, perhaps with a doubt."""
        self.columns[name] = column
        if doubt:
            self.doubts[name] = doubt

    def unnamed(self) -> dict[str, ColumnContents]:
        """The free columns whose names have no known word."""
        taken = set(self.columns.values())
        return {
            column: contents
            for column, contents in self.contents.items()
            if column not in taken and not has_known_word(column)
        }


def _fields_of(fields: Mapping[str, int], contents: ColumnContents) -> Mapping[str, int]:
    """The possible fields of a column: a name may be a handle by its contents, and vice versa."""
    if "account_name" in fields and contents.handles >= 0.9:
        return {"handle": fields["account_name"], **fields}
    if "handle" in fields and contents.handles < _MIN_SHARE:
        return {"account_name": 2, **fields}
    return fields


def decide_post(table: DraftTable, sample: Sequence[Mapping[str, str]]) -> str:
    """Decide on the column of the post's id; returns it if it has links to posts.

    A link comes first: it names the platform too, and has the id that other tools use.
    """
    if column := table.columns.get("post_id", ""):
        return column if table.contents.get(column, _NOTHING).post_links else ""
    best = table.best("id", "link")
    link, own = best.get("link", ""), best.get("id", "")
    leads_to_posts = bool(link) and table.contents[link].post_links >= _MIN_SHARE
    if not (leads_to_posts or own) and (unnamed := _unnamed_post(table)):
        table.take("post_id", unnamed, _BY_CONTENTS)
        return unnamed if table.contents[unnamed].post_links else ""
    if leads_to_posts and not (own and _is_fuller(table, own, link)):
        differs = own and not table.contents[own].numbers_rows
        doubt = _differing_ids(own, link, sample) if differs else ""
        table.take("post_id", link, doubt or _doubt_about_link(link, sample))
        return link
    if own:
        table.take("post_id", own, _doubt_about_id(table, own))
    elif link:
        table.take("post_id", link, _doubt_about_link(link, sample))
        return link
    else:
        table.lacking["post_id"] = (
            "no column looks like the post's id or its link; if there is none, add one that "
            "numbers the rows, such as march-1, march-2"
        )
    return ""


def _doubt_about_link(link: str, sample: Sequence[Mapping[str, str]]) -> str:
    links = [url for row in sample if (url := row.get(link, "").strip())]
    unknown = sum(post_key(platform_or(url, ""), url) == url for url in links)
    if not unknown:
        return ""
    where = "" if unknown == len(links) else "in some rows, "
    return f"{where}the link itself is the id: it does not name a post on a known site"


def _unnamed_post(table: DraftTable) -> str:
    """The only column without a known word in its name that has links to posts, or else ids."""
    unnamed = table.unnamed()
    for name in ("link", "id"):
        fitting = [column for column, contents in unnamed.items() if field_fit(name, 0, contents)]
        if fitting:
            return fitting[0] if len(fitting) == 1 else ""
    return ""


def _is_fuller(table: DraftTable, column: str, other: str) -> bool:
    return table.contents[column].filled > table.contents[other].filled + 0.05


def _differing_ids(own: str, link: str, sample: Sequence[Mapping[str, str]]) -> str:
    both = [
        (row[own].strip(), row[link].strip()) for row in sample if row.get(own) and row.get(link)
    ]
    same = 0
    for written, url in both:
        platform = platform_or(url, "")
        same += post_key(platform, url) == post_key(platform, written)
    return "" if same >= _MIN_SHARE * len(both) else f"the links have other ids than {own}"


def _doubt_about_id(table: DraftTable, column: str) -> str:
    contents = table.contents[column]
    if contents.numbers_rows:
        return "it counts from 1: does it number the rows of this table only?"
    if contents.distinct < 1:
        return "rows with the same id count as one post"
    return ""


def decide_platform(table: DraftTable) -> str:
    """Decide on the platform's column, or return the platform that links or column names show."""
    if column := table.best("platform").get("platform"):
        table.take("platform", column)
        return ""
    linked = {contents.platform for contents in table.contents.values() if contents.platform}
    in_names = set(chain.from_iterable(map(platforms_in_name, table.contents))) & PLATFORMS
    for how, platforms in (("by the links in it", linked), ("by the columns' names", in_names)):
        if len(platforms) == 1:
            table.doubts["platform"] = how
            return platforms.pop()
    table.lacking["platform"] = "nothing shows the platform: without it, the platform is `unknown`"
    return ""


def decide_account(table: DraftTable, platform: str) -> None:
    """Decide on the account: by number, or by handle if other tools use handles."""
    best_columns = table.best(
        "account_id", "handle", "account_name", "who", "account_link", "account_kind"
    )
    if "account_kind" in best_columns and "account_kind" not in table.columns:
        table.take("account_kind", best_columns["account_kind"])
    number, handle, name = (
        best_columns.get(field, "") for field in ("account_id", "handle", "account_name")
    )
    who = best_columns.get("who", "")
    if who and table.contents[who].handles >= _MIN_SHARE:
        handle, who = handle or who, "" if not handle else who
    elif who and table.contents[who].ids >= 0.9 and table.contents[who].handles < 0.1:
        number, who = number or who, "" if not number else who
    name, who = (
        "" if number and _is_venue(table, column, number) else column for column in (name, who)
    )
    name = name or who
    ids = [handle, number] if platform in BY_HANDLE else [number, handle]
    best = next(filter(None, ids), "")
    if "account_id" not in table.columns:
        if best:
            table.take("account_id", best)
        elif not name and (link := best_columns.get("account_link")):
            table.take("account_id", link, "the link to the account is used as its id")
    if "account_name" not in table.columns:
        name = name or next((column for column in (handle, who) if column and column != best), "")
        if name and name not in table.columns.values():
            doubt = (
                "" if "account_id" in table.columns else "accounts with the same name count as one"
            )
            table.take("account_name", name, doubt)
    if not {"account_id", "account_name"} & table.columns.keys():
        table.lacking["account_id"] = (
            "no column looks like the account; "
            "if all posts are by one account, write @ and its name"
        )


def _is_venue(table: DraftTable, name: str, number: str) -> bool:
    """Whether a name is that of the group or page where the account with the number posted."""
    kind = account_kind_in_name(name)
    if not kind or account_kind_in_name(number) == kind:
        return False
    ids = [
        column
        for column, contents in table.contents.items()
        if contents.ids >= 0.9 and column != name
    ]
    return bool(_PERSON.search(number)) or any(
        account_kind_in_name(column) == kind for column in ids
    )


def decide_rest(table: DraftTable) -> None:
    """Decide on times, texts, media, links, hashtags and counts."""
    fields = [name for name in FIELDS_IN_ORDER if name not in _KEY_FIELDS]
    for name, column in table.best(*(name for name in fields if name not in table.columns)).items():
        table.take(name, column)
    for name in _WANTED:
        if name not in table.columns:
            fitting = [
                column
                for column, contents in table.unnamed().items()
                if field_fit(name, 0, contents)
            ]
            longest = max(fitting, key=lambda column: table.contents[column].length, default="")
            if longest and (name == "text" or len(fitting) == 1):
                table.take(name, longest, _BY_CONTENTS)
            else:
                table.lacking[name] = _why_not(table, name)
    _decide_clock(table)
    for name in ("posted_at", "text", "media", "links"):
        if (column := table.columns.get(name, "")) and (doubt := _doubt(table, name, column)):
            table.doubts[name] = "; ".join(filter(None, (table.doubts.get(name), doubt)))


def _decide_clock(table: DraftTable) -> None:
    """Use the only column with times of day beside a column of days."""
    if table.contents.get(table.columns.get("posted_at", ""), _NOTHING).precision is Precision.DAY:
        clocks = [
            column
            for column, contents in table.contents.items()
            if field_fit("posted_at_time", 0, contents)
            and ("posted_at" in table.fields[column] or not has_known_word(column))
        ]
        if len(clocks) == 1 and "posted_at_time" not in table.columns:
            table.take("posted_at_time", clocks[0])


def _why_not(table: DraftTable, name: str) -> str:
    """Why a field has no column: the one of that name has other contents, or there is none."""
    taken = set(table.columns.values())
    for column, fields in table.fields.items():
        if fields.get(name, 0) > 1 and column not in taken:
            contents = table.contents[column]
            if not contents.cells:
                return f"{column} is empty in the first rows"
            return f"{column} holds something else, such as {contents.example[:40]!r}"
    return "no column looks like it"


def _doubt(table: DraftTable, name: str, column: str) -> str:
    contents = table.contents[column]
    if name == "posted_at":
        return _doubt_about_time(table, column)
    if name == "text" and contents.texts < 0.3:
        return "few of its cells have several words"
    if name == "media" and contents.media < 1:
        return "some of its cells are not pictures or videos"
    return ""


def _doubt_about_time(table: DraftTable, column: str) -> str:
    contents = table.contents[column]
    if is_form_stamp(column) and column == next(iter(table.contents)):
        return "may be the time when a form was sent, not the time of the post"
    if contents.two_orders:
        return "nothing shows whether 05/06 is in May or June: add day_order"
    clocks = [
        column for column, other_contents in table.contents.items() if other_contents.clocks >= 0.9
    ]
    if contents.precision is Precision.DAY and clocks and "posted_at_time" not in table.columns:
        return f"the time of day in {clocks[0]} is not read with it"
    return "some of its cells are not times" if contents.times < 1 else ""


def decide_kind(table: DraftTable) -> AccountKind | None:
    """The kind of all accounts, if the name of their column says it: `Page`, `Group`."""
    for name in ("account_name", "account_id"):
        column = table.columns.get(name, "")
        if "account_kind" not in table.columns and (kind := account_kind_in_name(column)):
            table.doubts["account_kind"] = f"by the name of {column}"
            return AccountKind(kind)
    return None
