"""`frametrace match`."""

from pathlib import Path
from typing import Any

import click

from frametrace.app.options import case_argument, json_option, match_options

__all__ = ["command"]

_COLUMNS = {
    "distance": "bits",
    "relation": "relation",
    "signal": "by",
    "platform": "platform",
    "post_id": "post",
    "account_id": "account",
    "account_kind": "kind",
    "posted_at": "time (UTC)",
    "media_path": "path",
    "media_path_a": "path in A",
    "posts_a": "posts in A",
}


@click.command("match")
@case_argument
@click.argument("case_b", required=False, type=click.Path(path_type=Path))
@click.option(
    "--out", type=click.Path(path_type=Path), help="With CASE_B: a CSV file for the answer."
)
@match_options
@json_option
def command(case: Path, case_b: Path | None, out: Path | None, **options: Any) -> None:
    """Group the posts of CASE; or find the posts of CASE_B that reuse CASE's pictures.

    With one case the groups are kept in it for `report`, and compared with those of the newest
    earlier epoch that was matched: which are new, grew or merged. With two, the answer is printed,
    and with --out written as CSV; only PDQ is compared.

    \b
    frametrace match hongkong
    frametrace match twitter_case facebook_case --out reuse.csv
    """
    if case_b is None and out is not None:
        raise click.UsageError(f"--out goes with two cases; for one: frametrace report {case}")
    if out is not None and out.suffix.lower() != ".csv":
        raise click.UsageError(f"{out} is no CSV file: name one that ends in .csv")
    if case_b is None:
        _within(case, options)
    else:
        _across(case, case_b, out, options)


def _within(case: Path, options: dict[str, Any]) -> None:
    from dataclasses import asdict

    from frametrace.app.console import Console
    from frametrace.app.settings import match_settings
    from frametrace.app.summary import counts_of, notes_on
    from frametrace.app.telling import named_counts, print_json, since_json, tell_found
    from frametrace.embed.case import Case
    from frametrace.matcher.stage import match_case

    opened = Case(case)
    results, run = match_case(opened, match_settings(options), Console())
    if options["as_json"]:
        about = {"settings": run.settings, "notes": notes_on(opened, results, run)}
        since = {"since": since_json(results, run), "named": named_counts(results)}
        print_json({**asdict(counts_of(opened, results)), **about, **since})
        return
    tell_found(opened, results, run)
    print(f"next      frametrace report {case} --out report/")


def _across(case_a: Path, case_b: Path, out: Path | None, options: dict[str, Any]) -> None:
    import pyarrow.compute as pc

    from frametrace.app.report.tables import write_csv
    from frametrace.app.settings import match_settings
    from frametrace.app.telling import print_json, rows_text
    from frametrace.embed.case import Case
    from frametrace.matcher.cross import match_across

    reuses = match_across(Case(case_a), Case(case_b), match_settings(options).max_pdq)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_csv(out, reuses)
    if options["as_json"]:
        print_json(reuses.to_pylist())
        return
    shown = reuses.slice(0, 20)
    print(rows_text(shown, _COLUMNS))
    pictures = pc.count_distinct(reuses["sha256_a"]).as_py()
    posts = reuses.group_by(["platform", "post_id"]).aggregate([]).num_rows
    print(f"\n{posts:,} posts of {case_b} reuse {pictures:,} pictures of {case_a}")
    if reuses.num_rows > shown.num_rows:
        print(f"the first {shown.num_rows} are shown; --out FILE.csv or --json gives all")
