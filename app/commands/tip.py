"""`frametrace tip`: makes, checks and answers tips, and converts lists of hashes."""

from pathlib import Path
from typing import Any

import click

from frametrace.app.options import (
    case_argument,
    group_option,
    json_option,
    max_pdq_option,
    out_option,
)

__all__ = ["command"]

_PATH = click.Path(path_type=Path)
_MARKINGS = ("clear", "green", "amber", "amber+strict", "red")
_ANSWERS = {"confirm": "confirmed", "reject": "rejected", "unsure": "unsure"}  # by option

tip_argument = click.argument("tip", type=_PATH)
file_option = click.option("--out", type=_PATH, required=True, help="The file to write.")
from_option = click.option(
    "--from",
    "trusted",
    type=_PATH,
    multiple=True,
    metavar="KEY",
    help="A public key (.pub.pem) that you trust: the file must be signed by one of these.",
)
by_option = click.option("--made-by", default="", help="Who makes it, in your own words.")
sign_option = click.option("--sign", type=_PATH, help="Sign with this secret key (.pem).")
marking_option = click.option(
    "--tlp",
    type=click.Choice(_MARKINGS),
    default="amber",
    show_default=True,
    help="With whom it may be shared (Traffic Light Protocol 2.0).",
)


@click.group("tip")
def command() -> None:
    """Share what another platform needs to find the same material, without the pictures.

    A tip holds hashes of pictures, frames of videos and captions with counts; accounts appear only
    as pseudonyms. All commands except keygen take --json.

    \b
    frametrace tip export twitter_case --group photo-0123456789abcdef --out tip.json
    frametrace tip check facebook_case tip.json --out echoes/
    frametrace tip verdict echoes/ --rest confirmed --out verdict.json
    frametrace tip import twitter_case verdict.json --from receiver.pub.pem
    """


@command.command("keygen")
@click.argument("name", type=_PATH)
def keygen(name: Path) -> None:
    """Make an Ed25519 key pair: NAME.pem to sign with, NAME.pub.pem to give to receivers.

    \b
    frametrace tip keygen our_team
    """
    from frametrace.app.output.console_output import print_line
    from frametrace.matcher.tips.signatures import make_keys

    secret, public, fingerprint = make_keys(name)
    print_line("secret", f"{secret} (keep it secret: whoever has it can sign as you)")
    print_line("public", f"{public} (give it to those who receive your tips)")
    print_line("key", fingerprint)


@command.command("export")
@case_argument
@group_option
@click.option(
    "--framing", "framings", multiple=True, help="A named framing of CASE; may be repeated."
)
@click.option(
    "--account",
    "accounts",
    multiple=True,
    help="An account by its id, platform/id, or name; may be repeated.",
)
@file_option
@by_option
@marking_option
@click.option("--with-captions", is_flag=True, help="Include the texts of captions, not only keys.")
@click.option(
    "--hashes-only",
    is_flag=True,
    help="Leave out local features and caption vectors, from which the picture could be redrawn "
    "and the words guessed. Edited copies and reworded captions are then not found.",
)
@click.option(
    "--without-videos",
    is_flag=True,
    help="Leave out videos. Versions of Frametrace before 0.12 can read only such a tip.",
)
@click.option("--reveal-accounts", is_flag=True, help="Include account ids instead of pseudonyms.")
@click.option(
    "--account-key",
    type=_PATH,
    help="The secret of the pseudonyms; made if absent.  [default: one in the case]",
)
@sign_option
@json_option
def export(case: Path, **options: Any) -> None:
    """Write a tip about groups, framings or accounts of CASE: hashes, times and counts.

    A group contributes its shared picture, video or captions and the captions of its posts; a
    framing the captions of its posts and a picture of each; an account all of its own pictures,
    videos and captions. Of a video a tip has a few frames, with their times.

    \b
    frametrace tip export twitter_case --group photo-0123456789abcdef --out tip.json
    frametrace tip export twitter_case --account twitter/123 --tlp green --out tip.json
    frametrace tip export twitter_case --framing damage --out tip.json
    """
    from frametrace.app.tips.print_tips import print_exported
    from frametrace.case.store import Case
    from frametrace.matcher.tips.export import ExportSettings, export_tip
    from frametrace.matcher.tips.export_selection import Selection
    from frametrace.matcher.tips.tip_model import Tlp

    settings = ExportSettings(
        made_by=options["made_by"],
        tlp=Tlp(options["tlp"]),
        with_captions=options["with_captions"],
        hashes_only=options["hashes_only"],
        with_videos=not options["without_videos"],
        reveal_accounts=options["reveal_accounts"],
        account_key=options["account_key"],
        sign_with=options["sign"],
    )
    selection = Selection(options["groups"], options["accounts"], options["framings"])
    exported = export_tip(Case(case), selection, options["out"], settings)
    print_exported(exported, options["out"], as_json=options["as_json"])


@command.command("show")
@tip_argument
@from_option
@json_option
def show(tip: Path, trusted: tuple[Path, ...], as_json: bool) -> None:
    """Verify the schema, digest and signature of TIP, and describe it.

    \b
    frametrace tip show tip.json --from sender.pub.pem
    """
    from frametrace.app.tips.tip_summary import print_tip
    from frametrace.matcher.tips.read_tip import read_tip

    print_tip(read_tip(tip, trusted), as_json=as_json)


@command.command("check")
@case_argument
@tip_argument
@out_option
@from_option
@max_pdq_option
@click.option(
    "--signal", "signals", multiple=True, help="Compare by this signal only; may be repeated."
)
@json_option
def check(case: Path, tip: Path, out: Path, trusted: tuple[Path, ...], **options: Any) -> None:
    """Find the posts, accounts, pages and groups of CASE that echo TIP, and write a report.

    An echo is a post that reuses a picture, video or text of the tip. index.html needs no other
    file and no network. The tables are echoes.csv (one row per post, with its evidence),
    accounts.csv and items.csv, whose column `verdict` is for your answers.

    \b
    frametrace tip check facebook_case tip.json --from sender.pub.pem --out echoes/
    """
    from frametrace.app.output.console_progress import Console
    from frametrace.app.tips.print_tips import print_check
    from frametrace.app.tips.write_check import refuse_to_overwrite, write_check
    from frametrace.case.store import Case
    from frametrace.matcher.tips.check import check_tip
    from frametrace.matcher.tips.read_tip import read_tip

    opened = Case(case)
    refuse_to_overwrite(case, out)
    read = read_tip(tip, trusted)
    console = Console()
    checked = check_tip(
        opened, read, max_pdq=options["max_pdq"], signals=options["signals"], progress=console
    )
    page = write_check(opened, checked, out, progress=console)
    print_check(checked, page, as_json=options["as_json"])


@command.command("verdict")
@click.argument("folder", type=_PATH)
@file_option
@click.option(
    "--answers",
    "table",
    type=_PATH,
    help="A CSV with the columns item_id and verdict.  [default: items.csv of FOLDER]",
)
@click.option("--confirm", multiple=True, metavar="ITEM", help="Confirm an item; may be repeated.")
@click.option("--reject", multiple=True, metavar="ITEM", help="Reject an item; may be repeated.")
@click.option(
    "--unsure", multiple=True, metavar="ITEM", help="Mark an item as unsure; may be repeated."
)
@click.option(
    "--rest", type=click.Choice(_ANSWERS.values()), help="The answer for all other items."
)
@by_option
@sign_option
@json_option
def verdict(folder: Path, out: Path, table: Path | None, **options: Any) -> None:
    """Answer the tip that was checked into FOLDER: an opinion on each item, counts, no names.

    Answers come from the column `verdict` of items.csv (confirmed, rejected or unsure) and from the
    options, which take precedence.

    \b
    frametrace tip verdict echoes/ --out verdict.json
    frametrace tip verdict echoes/ --reject picture-0123456789abcdef --rest confirmed --out v.json
    """
    from frametrace.app.tips.print_tips import print_verdict
    from frametrace.app.tips.verdict_answers import answers_by_item, read_answers, verdict_of_check
    from frametrace.matcher.tips.verdicts import Answer

    from_options = answers_by_item(
        {Answer(answer): options[option] for option, answer in _ANSWERS.items()}
    )
    sha256, tlp, count = verdict_of_check(
        folder,
        out,
        {**read_answers(table or folder / "items.csv"), **from_options},
        rest=Answer(options["rest"]) if options["rest"] else None,
        made_by=options["made_by"],
        key=options["sign"],
    )
    print_verdict(out, sha256, tlp, count, as_json=options["as_json"])


@command.command("import")
@case_argument
@click.argument("verdicts", nargs=-1, required=True, type=_PATH)
@from_option
@click.option("--accept-unsigned", is_flag=True, help="Count verdicts that nobody has signed.")
@json_option
def import_(case: Path, verdicts: tuple[Path, ...], **options: Any) -> None:
    """Import VERDICTS on tips that CASE sent, and show all opinions.

    Opinions are kept apart from the case's signals. Importing a verdict again changes nothing. A
    verdict that is not signed counts only with --accept-unsigned, and is shown as unsigned.

    \b
    frametrace tip import twitter_case verdict.json --from receiver.pub.pem
    """
    from frametrace.app.tips.print_tips import print_opinions
    from frametrace.case.store import Case
    from frametrace.matcher.tips.verdicts import import_verdict, imported_opinions

    opened = Case(case)
    for path in verdicts:
        import_verdict(opened, path, options["trusted"], accept_unsigned=options["accept_unsigned"])
    print_opinions(imported_opinions(opened), as_json=options["as_json"])


@command.command("opinions")
@case_argument
@json_option
def opinions(case: Path, as_json: bool) -> None:
    """Show the imported opinions on the tips that CASE sent, disputed ones first.

    \b
    frametrace tip opinions twitter_case
    """
    from frametrace.app.tips.print_tips import print_opinions
    from frametrace.case.store import Case
    from frametrace.matcher.tips.verdicts import imported_opinions

    print_opinions(imported_opinions(Case(case)), as_json=as_json)


@command.command("convert")
@click.argument("source", type=_PATH)
@click.option(
    "--video",
    default="",
    help="A video of the case SOURCE, by its file name or SHA-256: write its vPDQ features.",
)
@file_option
@by_option
@marking_option
@sign_option
@from_option
@json_option
def convert(source: Path, out: Path, trusted: tuple[Path, ...], **options: Any) -> None:
    """Convert a list of PDQ hashes to a tip, or a tip to such a list.

    Lists are lines (`pdq HASH`, the exchange `local_file` of python-threatexchange), CSV with the
    columns pdq, quality and label, or JSON with types, hashes and tags, like the banks of the
    hasher-matcher-actioner (HMA). The suffix of --out selects the format: .csv, .json, or any other
    for lines.

    Files of vPDQ features (frame number, quality, hash, seconds) are one video with its times. A
    tip with one video becomes such a file if --out ends in .vpdq, and so does a video of a case.

    \b
    frametrace tip convert hashes.txt --out tip.json
    frametrace tip convert tip.json --out hashes.csv
    frametrace tip convert bank.json --out tip.json
    frametrace tip convert clip.vpdq --out tip.json
    frametrace tip convert twitter_case --video clip.mp4 --out clip.vpdq
    """
    from frametrace.app.tips import convert_hash_lists

    convert_hash_lists.convert(source, out, trusted, options)
