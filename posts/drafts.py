"""Drafting a column map: which column of a table that no format knows may be what.

Names of columns say it in many languages, and what the columns hold confirms it or not. A field
without a good candidate is left out, and no column stands for two fields. A draft is for people to
check: what is uncertain in it is said beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice

from frametrace.posts.column_contents import Contents, contents_of
from frametrace.posts.column_fits import FIELDS_IN_ORDER, fit
from frametrace.posts.column_maps import ColumnMap, written_map
from frametrace.posts.column_names import (
    fields_named,
    kind_named,
    platforms_named,
    says_something,
)
from frametrace.posts.model import AccountKind, Precision
from frametrace.posts.readers.sites import PLATFORMS
from frametrace.posts.rows import Head, Heads, Row, Rows, Shape

__all__ = ["Draft", "draft_of", "likeliest_table", "written_draft"]

_ROWS = 400  # that are looked at for a draft
_COLUMNS = 1_000  # of a table; records have more where ids are their names
_LONGEST_COMMENT = 160  # characters
# Platforms on which accounts go by their handles, as many tools tell no more of them.
_BY_HANDLE = frozenset({"instagram", "tiktok", "threads", "pinterest"})
_PRECISIONS = {Precision.SECOND: 0.3, Precision.MINUTE: 0.2}
_WANTED = ("posted_at", "text", "media")  # besides those that are required


@dataclass(frozen=True, slots=True)
class Draft:
    """A column map in the making.

    `columns` gives each field its column; `doubts` says what is uncertain about a field, `lacking`
    why one has no column.
    """

    columns: Mapping[str, str]
    platform: str = ""
    account_kind: AccountKind | None = None
    doubts: Mapping[str, str] = field(default_factory=dict)
    lacking: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether posts can be read by it."""
        return "post_id" in self.columns and bool(
            {"account_id", "account_name"} & set(self.columns)
        )

    def map(self, name: str = "columns") -> ColumnMap:
        """The column map that it is so far."""
        columns = {field: (column,) for field, column in self.columns.items()}
        return ColumnMap(name, columns, platform=self.platform, account_kind=self.account_kind)


@dataclass(slots=True)
class _Table:
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
    if "handle" in named and held.handles < 0.8:
        return {"account_name": 2, **named}
    return named


def likeliest_table(heads: Heads) -> Head | None:
    """The table or the list of a source that is likeliest one of posts; None if it has none."""
    tables = [head for head in heads.either if head.shape is Shape.TABLE and len(head.names) > 1]
    if tables:
        return tables[-1]
    lists = [
        head
        for head in (*chain.from_iterable(heads.parts), *heads.either)
        if head.shape in {Shape.RECORDS, Shape.TABLE} and len(head.names) > 1
    ]
    return max(lists, key=_fields_told, default=None)  # the first of equals


def _fields_told(head: Head) -> tuple[int, int]:
    names = head.names[:_COLUMNS]
    told = set(chain.from_iterable(map(fields_named, names)))
    return len(told), sum(map(bool, names))


def draft_of(names: Sequence[str], rows: Rows, given: Mapping[str, str] | None = None) -> Draft:
    """Draft the map of a table by the names of its columns and its first rows.

    `given` fields have the columns that users named, or for `platform` and `account_kind` a value.
    """
    sample = [row.values for row in islice(rows, _ROWS) if isinstance(row, Row)]
    names = [name for name in names[:_COLUMNS] if name]
    contents = {name: contents_of(row.get(name, "") for row in sample) for name in names}
    named = {name: fields_named(name) for name in names}
    table = _Table(contents, named, dict(given or {}))
    platform, kind = _constants(table)
    link = _post(table, sample)
    if "platform" not in table.columns and not platform and not link:
        platform = _platform(table)
    _account(table, platform or contents.get(link, Contents()).platform)
    _rest(table)
    kind = kind or _kind(table)
    order = {name: at for at, name in enumerate(FIELDS_IN_ORDER)}
    columns = sorted(table.columns.items(), key=lambda item: order.get(item[0], len(order)))
    return Draft(dict(columns), platform, kind, table.doubts, table.lacking)


def _constants(table: _Table) -> tuple[str, AccountKind | None]:
    """The platform and the kind of account that users gave as values and not as columns."""
    values = {
        name: table.columns.pop(name)
        for name in ("platform", "account_kind")
        if table.columns.get(name, "") not in {"", *table.contents}
    }
    kind = values.get("account_kind", "").lower()
    return values.get("platform", "").lower(), AccountKind(kind) if kind else None


def _post(table: _Table, sample: Sequence[Mapping[str, str]]) -> str:
    """Decide on the post's id; returns the column of links to posts if it is that."""
    found = table.best("id", "link")
    link, own = found.get("link", ""), found.get("id", "")
    by_contents = ""
    if "post_id" in table.columns:
        column = table.columns["post_id"]
        return column if table.contents.get(column, Contents()).post_links else ""
    sure = bool(link) and table.contents[link].post_links >= 0.8
    if not sure and not own:
        unnamed = table.unnamed()
        links = [name for name, held in unnamed.items() if fit("link", 0, held)]
        ids = [name for name, held in unnamed.items() if fit("id", 0, held)]
        if len(links) == 1 or (not links and len(ids) == 1):
            by_contents = (links or ids)[0]
            link, sure, own = (by_contents, True, "") if links else (link, False, by_contents)
    if sure and (not own or table.contents[link].filled >= table.contents[own].filled - 0.05):
        doubt = "by what the column holds" if by_contents else ""
        if own and not doubt:
            doubt = _beside(table, own, link, sample)
        table.take("post_id", link, doubt)
        return link
    if own:
        table.take("post_id", own, _about_id(table, own, by_contents))
    elif link:
        table.take("post_id", link, "the link itself is the id: its site is not one that is known")
        return link
    else:
        table.lacking["post_id"] = "no column looks like the post's id or its link"
    return ""


def _beside(table: _Table, own: str, link: str, sample: Sequence[Mapping[str, str]]) -> str:
    from frametrace.posts.readers.sites import post_id_of

    both = [
        (row[own].strip(), row[link].strip()) for row in sample if row.get(own) and row.get(link)
    ]
    same = 0
    for written, url in both:
        try:
            same += post_id_of(url) == written
        except ValueError:
            continue
    return "" if same >= 0.9 * len(both) else f"the links tell other ids than {own}"


def _about_id(table: _Table, column: str, by_contents: str) -> str:
    contents = table.contents[column]
    if by_contents:
        return "by what the column holds"
    if contents.numbers_rows:
        return "it counts from 1: does it number the rows of this table only?"
    if contents.distinct < 1:
        return "some rows have the same: those count as one post"
    return ""


def _platform(table: _Table) -> str:
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
    table.lacking["platform"] = (
        'nothing tells the platform: platform = "…" names it (posts are of `unknown` otherwise)'
    )
    return ""


def _account(table: _Table, platform: str) -> None:
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
    if who and table.contents[who].handles >= 0.8:
        handle, who = handle or who, "" if not handle else who
    elif who and table.contents[who].ids >= 0.9 and table.contents[who].handles < 0.1:
        number, who = number or who, "" if not number else who
    name = name or who
    ids = [handle, number] if platform in _BY_HANDLE else [number, handle]
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
        table.lacking["account_id"] = "no column looks like who posted"


def _rest(table: _Table) -> None:
    """Times, texts, pictures, links, hashtags, counts."""
    fields = [name for name in FIELDS_IN_ORDER if name not in _OF_POSTS_AND_ACCOUNTS]
    for name, column in table.best(*(name for name in fields if name not in table.columns)).items():
        table.take(name, column)
    for name in _WANTED:
        if name not in table.columns:
            fitting = [each for each, held in table.unnamed().items() if fit(name, 0, held)]
            longest = max(fitting, key=lambda each: table.contents[each].length, default="")
            if longest and (name == "text" or len(fitting) == 1):
                table.take(name, longest, "by what the column holds")
            else:
                table.lacking[name] = _why_not(table, name)
    for name in ("posted_at", "text", "media", "links"):
        if (column := table.columns.get(name, "")) and (doubt := _doubt(table, name, column)):
            table.doubts[name] = "; ".join(filter(None, (table.doubts.get(name), doubt)))


def _why_not(table: _Table, name: str) -> str:
    """Why a field has no column: the one of that name holds something else, or there is none."""
    taken = set(table.columns.values())
    for column, fields in table.named.items():
        if fields.get(name, 0) > 1 and column not in taken:
            held = table.contents[column]
            if not held.cells:
                return f"{column} is empty in the rows that were looked at"
            return f"{column} holds something else, such as {held.example[:40]!r}"
    return "no column looks like it"


def _doubt(table: _Table, name: str, column: str) -> str:
    held = table.contents[column]
    if name == "posted_at":
        if held.two_orders:
            return "nothing shows whether 05/06 is in May or June: add day_order"
        clocks = [each for each, other in table.contents.items() if other.clocks >= 0.9]
        if held.precision is Precision.DAY and clocks:
            return f"the time of day in {clocks[0]} is not read along"
        if held.times < 1:
            return "some of its cells are no times"
    if name == "text" and held.texts < 0.3:
        return "few of its cells have several words"
    if name == "media" and held.pictures < 1:
        return "some of its cells are no pictures"
    return ""


def _kind(table: _Table) -> AccountKind | None:
    for name in ("account_name", "account_id"):
        column = table.columns.get(name, "")
        if "account_kind" not in table.columns and (told := kind_named(column)):
            table.doubts["account_kind"] = f"as {column} is named"
            return AccountKind(told)
    return None


_OF_POSTS_AND_ACCOUNTS = frozenset(
    {"id", "link", "account_id", "handle", "account_name", "who", "account_link"}
    | {"account_kind", "platform", "post_id"}
)


def written_draft(draft: Draft, of: str) -> str:
    """The draft as TOML, with what is uncertain behind each line and what is lacking below."""
    lines = [f"# Drafted from {_comment(of)}: check each line.", ""]
    for line in written_map(draft.map()).splitlines():
        name = line.partition(" = ")[0].strip('"')
        doubt = draft.doubts.get(name, "")
        lines.append(f"{line}  # {_comment(doubt)}" if doubt else line)
    for name, why in draft.lacking.items():
        if name != "platform":
            lines.append(f'# {name} = "…"  # {_comment(why)}')
        else:
            lines.insert(2, f"# {_comment(why)}")
    return "\n".join(lines) + "\n"


def _comment(text: str) -> str:
    shown = "".join(sign if sign.isprintable() else " " for sign in text)
    return shown[:_LONGEST_COMMENT]
