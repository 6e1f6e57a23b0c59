"""`frametrace network`."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from frametrace.app.options import json_option, out_option

if TYPE_CHECKING:
    from frametrace.app.library import Network
    from frametrace.app.output.console import Console
    from frametrace.matcher.match_settings import TieSettings

__all__ = ["command"]

_PATH = click.Path(path_type=Path)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_LONGEST = 36_525  # days
_TOP = 10
_COLUMN_OPTIONS = ("item", "account", "time", "platform", "prefixed")
_WINDOWS = {
    "window": "within",
    "pairs": "pairs",
    "pairs_2": "sharing 2",
    "pairs_3": "sharing 3",
    "pairs_5": "sharing 5",
    "ties": "ties",
    "pairs_across": "pairs on two platforms",
    "ties_across": "ties on two platforms",
}
_COLUMNS = {
    "platform_a": "platform",
    "account_id_a": "account",
    "platform_b": "platform",
    "account_id_b": "account",
    "shared_items": "shared",
    "q_value": "false discovery rate",
    "first_shared_at": "first (UTC)",
}


def _seconds(_: click.Context, __: click.Parameter, value: str | None) -> int:
    """A span of time such as 60, 90s, 10m, 24h or 7d in seconds; 0 where none was given.

    Fails, as click does, for anything else.
    """
    if value is None:
        return 0
    found = re.fullmatch(r"([0-9]{1,10})([smhd]?)", value)
    seconds = int(found[1]) * _UNITS[found[2]] if found else 0
    if not 0 < seconds <= _LONGEST * 86_400:
        raise click.BadParameter(f"{value!r} is no span of time such as 60, 10m, 24h or 7d")
    return seconds


@click.command("network")
@click.argument("case", required=False, type=_PATH)
@click.option("--from-csv", "table", type=_PATH, help="Shares in a bare table, instead of a case.")
@out_option
@click.option(
    "--by",
    type=click.Choice(["photo", "caption", "url"]),
    help="With CASE: what accounts have to share.  [default: photo]",
)
@click.option(
    "--window", metavar="SPAN", callback=_seconds, help="Within what time, such as 10m or 24h."
)
@click.option(
    "--fdr",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.01,
    show_default=True,
    help="The rate of false ties among those that are called significant.",
)
@click.option(
    "--max-accounts",
    type=click.IntRange(2, 100_000),
    default=200,
    show_default=True,
    help="What more accounts share ties nobody.",
)
@click.option("--object", "item", metavar="COLUMN", help="What is shared.  [default: object_id]")
@click.option("--account", metavar="COLUMN", help="Who shared it.  [default: account_id]")
@click.option("--time", metavar="COLUMN", help='When; "": never mind.  [default: timestamp_share]')
@click.option("--platform", metavar="COLUMN", help="On which platform.  [default: all are on one]")
@click.option(
    "--prefixed", is_flag=True, help="The platform stands in the account, as in fb_123 and tw_456."
)
@click.option(
    "--shuffles",
    type=click.IntRange(0, 10_000),
    default=0,
    help="Deal the shares to accounts at random so many times, and say how many ties that makes.",
)
@json_option
def command(case: Path | None, table: Path | None, out: Path, **options: Any) -> None:
    """Find accounts that share more, or rarer, things with each other than chance explains.

    CASE has to be matched. --from-csv reads a table such as CooRTweet's: object_id, account_id,
    timestamp_share (seconds since 1970, or 2019-08-19 14:03:22). Written are ties.csv,
    accounts.csv, windows.csv, network.gexf, network.graphml and network.json. A tie is evidence of
    co-sharing, not a verdict on anybody.

    \b
    frametrace network hongkong --out network/
    frametrace network hongkong --by url --window 24h --out network/
    frametrace network --from-csv shares.csv --out network/
    frametrace network --from-csv posts.csv.gz --object phash_id --time timestamp --prefixed \\
        --out network/
    """
    from frametrace.app.output.console import Console
    from frametrace.app.output.render import print_json
    from frametrace.app.report.network_files import FILES, summary_of
    from frametrace.app.report.output_folder import check_place

    source = case or table
    if source is None or (case and table):
        raise click.UsageError("name a CASE, or a table with --from-csv; and not both")
    check_place(source, out, FILES)
    network = _of_case(case, options, Console()) if case else _of_table(source, options, Console())
    network.write(out)
    if options["as_json"]:
        print_json({**summary_of(network.computed), **network.about, "out": out})
    else:
        _print(network, out)


def _counts(window: dict[str, Any]) -> list[str]:
    if window["pairs"] is None:
        return [window["window"], *["-"] * (len(_WINDOWS) - 1)]
    return [f"{window[n]:,}" if n != "window" else window[n] for n in _WINDOWS]


def _cells(tie: dict[str, Any]) -> list[object]:
    from frametrace.app.output.render import moment_text

    first = moment_text(tie["first_shared_at"])
    return [*list(tie.values())[:5], f"{tie['q_value']:.1e}", first]


def _settings(options: dict[str, Any]) -> "TieSettings":
    from frametrace.matcher.match_settings import TieSettings

    return TieSettings(options["fdr"], options["window"], options["max_accounts"])


def _of_case(case: Path, options: dict[str, Any], console: "Console") -> "Network":
    from frametrace.app import library

    for name in _COLUMN_OPTIONS:
        if options[name]:
            raise click.UsageError("columns are named with --from-csv; a case knows its own")
    return library.network(
        case,
        by=options["by"] or "photo",
        settings=_settings(options),
        shuffles=options["shuffles"],
        progress=console,
    )


def _of_table(table: Path, options: dict[str, Any], console: "Console") -> "Network":
    from frametrace.app import library
    from frametrace.matcher.network import ShareColumns

    if options["by"]:
        raise click.UsageError("--by goes with a CASE; of a table, --object names what is shared")
    columns = {name: options[name] for name in _COLUMN_OPTIONS if options[name] is not None}
    return library.network_of_shares(
        table,
        ShareColumns(**columns),
        settings=_settings(options),
        shuffles=options["shuffles"],
        progress=console,
    )


def _print(network: "Network", out: Path) -> None:
    from frametrace.app.output.render import print_line, table_text
    from frametrace.app.report.network_files import summary_of

    computed, about, summary = network.computed, network.about, summary_of(network.computed)
    if "table" in about:
        print_line(
            "read",
            f"{about['rows']:,} rows; {about['rows_without_item']:,} share nothing, "
            f"{about['rows_unreadable']:,} can't be read",
        )
        for line in about["skipped"][:3]:
            print_line("skipped", line)
    print_line(
        "shares",
        f"{computed.shares:,} of {computed.items:,} items by "
        f"{computed.sharing_accounts:,} accounts",
    )
    if computed.viral_items:
        print_line(
            "note",
            f"Items that over {computed.most_sharers:,} accounts share tie nobody: "
            f"{computed.viral_items:,}",
        )
    print_line(
        "ties",
        f"{summary['ties']:,} of {computed.tests:,} pairs of accounts share more than "
        f"chance explains (false discovery rate: {computed.settings.fdr:g})",
    )
    if summary["ties"] > summary["pairs_listed"]:
        print_line("note", f"The {summary['pairs_listed']:,} most significant are listed")
    print_line("note", "A tie is evidence of co-sharing, not a verdict on anybody.")
    print_line("grouped", f"{summary['communities']:,} communities of tied accounts")
    if by_chance := about.get("ties_after_shuffling"):
        print_line(
            "shuffled",
            f"{len(by_chance):,} times: {sum(map(bool, by_chance)):,} shuffles made ties, "
            f"{sum(by_chance):,} in all, {max(by_chance):,} at most",
        )
    if any(window["pairs"] is None for window in summary["windows"]):
        print_line("note", "Windows finer than the times are not counted: -")
    rows = [_counts(window) for window in summary["windows"]]
    print(f"\n{table_text(list(_WINDOWS.values()), rows)}\n")
    if shown := computed.ties.select(list(_COLUMNS)).slice(0, _TOP).to_pylist():
        print(f"{table_text(list(_COLUMNS.values()), [_cells(tie) for tie in shown])}\n")
    print_line("written", out)
