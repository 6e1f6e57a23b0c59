"""`frametrace network`: finds accounts that share more than chance explains."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from frametrace.app.options import json_option, out_option, setting_option
from frametrace.matcher.match_settings import TieSettings

if TYPE_CHECKING:
    from frametrace.app.library import Network
    from frametrace.app.output.console_progress import Console

__all__ = ["command"]

_PATH = click.Path(path_type=Path)
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}  # seconds
_MAX_DAYS = 36_525  # of a window: a century
_COLUMN_OPTIONS = ("item", "account", "time", "platform", "prefixed")


def _seconds(_: click.Context, __: click.Parameter, value: str | None) -> int:
    """A duration such as 60, 90s, 10m, 24h or 7d in seconds; 0 if none was given.

    Fails, as click does, for anything else.
    """
    if value is None:
        return 0
    match = re.fullmatch(r"([0-9]{1,10})([smhd]?)", value)
    seconds = int(match[1]) * _UNITS[match[2]] if match else 0
    if not 0 < seconds <= _MAX_DAYS * 86_400:
        raise click.BadParameter(f"{value!r} is not a duration; write 60, 10m, 24h or 7d")
    return seconds


@click.command("network")
@click.argument("case", required=False, type=_PATH)
@click.option("--from-csv", "table", type=_PATH, help="A table of shares, instead of a case.")
@out_option
@click.option(
    "--by",
    type=click.Choice(["photo", "caption", "url"]),
    help="With CASE: what accounts share.  [default: photo]",
)
@click.option(
    "--window",
    metavar="DURATION",
    callback=_seconds,
    help="Count an item only if both shared it within this time, such as 10m or 24h.",
)
@click.option(
    "--count-disputes",
    is_flag=True,
    help="With --by caption: also count posts that dispute the claim of their framing.",
)
@setting_option(TieSettings, "fdr", "--fdr")
@setting_option(TieSettings, "max_accounts", "--max-accounts")
@click.option(
    "--object",
    "item",
    metavar="COLUMN",
    help="Column of the item.  [default: object_id]",
)
@click.option("--account", metavar="COLUMN", help="Column of the account.  [default: account_id]")
@click.option(
    "--time",
    metavar="COLUMN",
    help='Column of the time, or "".  [default: timestamp_share]',
)
@click.option(
    "--platform",
    metavar="COLUMN",
    help="Column of the platform.  [default: none]",
)
@click.option(
    "--prefixed",
    is_flag=True,
    help="Accounts begin with their platform, as in fb_123 and tw_456.",
)
@click.option(
    "--shuffles",
    type=click.IntRange(0, 10_000),
    default=0,
    help="Shuffle the accounts this often, and count the ties that chance makes.  [default: 0]",
)
@json_option
def command(case: Path | None, table: Path | None, out: Path, **options: Any) -> None:
    """Find accounts that share more items, or rarer ones, than chance explains.

    CASE must be matched first. --from-csv reads a table such as CooRTweet's, with the columns
    object_id, account_id and timestamp_share (seconds since 1970, or 2019-08-19 14:03:22). The
    output is ties.csv, accounts.csv, windows.csv, network.gexf, network.graphml and network.json.
    A tie is evidence of co-sharing, not a verdict on anybody.

    \b
    frametrace network hongkong --out network/
    frametrace network hongkong --by url --window 24h --out network/
    frametrace network --from-csv shares.csv --out network/
    frametrace network --from-csv posts.csv.gz --object phash_id --time timestamp --prefixed \\
        --out network/
    """
    from frametrace.app.output.console_output import print_json
    from frametrace.app.output.console_progress import Console
    from frametrace.app.output.print_network import print_network
    from frametrace.app.report.network_files import FILES, summary_of
    from frametrace.app.report.output_folder import check_output_folder

    source = case or table
    if source is None or (case and table):
        raise click.UsageError("name either a CASE or a table with --from-csv")
    check_output_folder(source, out, FILES)
    network = _of_case(case, options, Console()) if case else _of_table(source, options, Console())
    network.write(out)
    if options["as_json"]:
        print_json({**summary_of(network.computed), **network.about, "out": out})
    else:
        print_network(network, out)


def _settings(options: dict[str, Any]) -> TieSettings:
    return TieSettings(options["fdr"], options["window"], options["max_accounts"])


def _of_case(case: Path, options: dict[str, Any], console: "Console") -> "Network":
    from frametrace.app import library

    for name in _COLUMN_OPTIONS:
        if options[name]:
            raise click.UsageError("columns are named only with --from-csv; a case has its own")
    if options["count_disputes"] and options["by"] != "caption":
        raise click.UsageError("--count-disputes needs --by caption: only captions dispute")
    return library.network(
        case,
        by=options["by"] or "photo",
        settings=_settings(options),
        shuffles=options["shuffles"],
        count_disputes=options["count_disputes"],
        progress=console,
    )


def _of_table(table: Path, options: dict[str, Any], console: "Console") -> "Network":
    from frametrace.app import library
    from frametrace.matcher.network import ShareColumns

    if options["by"]:
        raise click.UsageError("--by needs a CASE; with --from-csv, --object names what is shared")
    if options["count_disputes"]:
        raise click.UsageError("--count-disputes needs a CASE, and --by caption")
    columns = {name: options[name] for name in _COLUMN_OPTIONS if options[name] is not None}
    return library.network_of_shares(
        table,
        ShareColumns(**columns),
        settings=_settings(options),
        shuffles=options["shuffles"],
        progress=console,
    )
