"""`frametrace tip`."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from frametrace.app.options import case_argument, group_option, json_option, out_option

if TYPE_CHECKING:
    from frametrace.matcher.tips.verdicts import Answer

__all__ = ["command"]

_PATH = click.Path(path_type=Path)
_MARKINGS = ("clear", "green", "amber", "amber+strict", "red")
_ANSWERS = ("confirmed", "rejected", "unsure")

tip_argument = click.argument("tip", type=_PATH)
file_option = click.option("--out", type=_PATH, required=True, help="The file to write.")
from_option = click.option(
    "--from",
    "trusted",
    type=_PATH,
    multiple=True,
    metavar="KEY",
    help="A public key (.pub.pem) that you trust: the file has to be signed by one of these.",
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
    """Give other platforms what they need to find the same material, and no pictures.

    A tip holds hashes of pictures and captions with counts; accounts only as pseudonyms. All
    commands but keygen take --json.

    \b
    frametrace tip export twitter_case --group photo-0123456789abcdef --out tip.json
    frametrace tip check facebook_case tip.json --out echoes/
    frametrace tip verdict echoes/ --rest confirmed --out verdict.json
    frametrace tip import twitter_case verdict.json
    """


@command.command("keygen")
@click.argument("name", type=_PATH)
def keygen(name: Path) -> None:
    """Make an Ed25519 key to sign with: NAME.pem to keep, NAME.pub.pem to give away.

    \b
    frametrace tip keygen our_team
    """
    from frametrace.matcher.tips.signatures import make_keys

    secret, public, fingerprint = make_keys(name)
    print(f"secret    {secret} (keep it; whoever has it can sign as you)")
    print(f"public    {public} (give it to those who receive your tips)")
    print(f"key       {fingerprint}")


@command.command("export")
@case_argument
@group_option
@click.option(
    "--framing", "framings", multiple=True, help="A named framing of CASE; may be given again."
)
@click.option(
    "--account",
    "accounts",
    multiple=True,
    help="An account by its id, platform/id, or name; may be given again.",
)
@file_option
@by_option
@marking_option
@click.option("--with-captions", is_flag=True, help="Give the captions' texts, not only keys.")
@click.option(
    "--hashes-only",
    is_flag=True,
    help="Give no local features and no vectors: edited copies and captions in other words are not "
    "found, but nobody can draw the picture or guess the words.",
)
@click.option("--reveal-accounts", is_flag=True, help="Give account ids instead of pseudonyms.")
@click.option(
    "--account-key",
    type=_PATH,
    help="The secret of the pseudonyms, made if absent.  [default: one in the case]",
)
@sign_option
@json_option
def export(case: Path, **options: Any) -> None:
    """Write a tip on groups, framings or accounts of CASE: hashes, times and counts.

    A group gives what ties it together and its posts' captions; a framing the captions of the
    posts that belong to it, and a picture of each; an account all of its own pictures and captions.

    \b
    frametrace tip export twitter_case --group photo-0123456789abcdef --out tip.json
    frametrace tip export twitter_case --account twitter/123 --tlp green --out tip.json
    frametrace tip export twitter_case --framing damage --out tip.json
    """
    from frametrace.app.tips.print_tips import tell_exported
    from frametrace.case.store import Case
    from frametrace.matcher.tips.export import ExportSettings, export_tip
    from frametrace.matcher.tips.export_selection import Choice
    from frametrace.matcher.tips.tip_model import Tlp

    settings = ExportSettings(
        made_by=options["made_by"],
        tlp=Tlp(options["tlp"]),
        with_captions=options["with_captions"],
        hashes_only=options["hashes_only"],
        reveal_accounts=options["reveal_accounts"],
        account_key=options["account_key"],
        sign_with=options["sign"],
    )
    choice = Choice(options["groups"], options["accounts"], options["framings"])
    exported = export_tip(Case(case), choice, options["out"], settings)
    tell_exported(exported, options["out"], as_json=options["as_json"])


@command.command("show")
@tip_argument
@from_option
@json_option
def show(tip: Path, trusted: tuple[Path, ...], as_json: bool) -> None:
    """Hold TIP against its schema, digest and signature, and say what it is.

    \b
    frametrace tip show tip.json --from sender.pub.pem
    """
    from frametrace.app.tips.print_tips import tell_tip
    from frametrace.matcher.tips.read_tip import read_tip

    tell_tip(read_tip(tip, trusted), as_json=as_json)


@command.command("check")
@case_argument
@tip_argument
@out_option
@from_option
@click.option(
    "--max-pdq",
    type=click.IntRange(0, 255),
    default=31,
    show_default=True,
    help="The greatest PDQ distance of two copies, in bits of 256.",
)
@click.option(
    "--signal", "signals", multiple=True, help="Compare by this signal only; may be given again."
)
@json_option
def check(case: Path, tip: Path, out: Path, trusted: tuple[Path, ...], **options: Any) -> None:
    """Find the posts, accounts, pages and groups of CASE that echo TIP, and write a report.

    index.html needs no other file and no network. The tables are echoes.csv (a row a post, with
    its evidence), accounts.csv and items.csv, whose column `verdict` is for your answers.

    \b
    frametrace tip check facebook_case tip.json --from sender.pub.pem --out echoes/
    """
    from frametrace.app.output.console import Console
    from frametrace.app.tips.print_tips import tell_checked
    from frametrace.app.tips.write_check import check_answers, write_check
    from frametrace.case.store import Case
    from frametrace.matcher.tips.check import check_tip
    from frametrace.matcher.tips.read_tip import read_tip

    opened = Case(case)
    check_answers(case, out)
    read = read_tip(tip, trusted)
    console = Console()
    checked = check_tip(
        opened, read, max_pdq=options["max_pdq"], signals=options["signals"], progress=console
    )
    page = write_check(opened, checked, out, progress=console)
    tell_checked(checked, page, as_json=options["as_json"])


@command.command("verdict")
@click.argument("folder", type=_PATH)
@file_option
@click.option(
    "--answers",
    "table",
    type=_PATH,
    help="A CSV with the columns item_id and verdict.  [default: items.csv of FOLDER]",
)
@click.option("--confirm", multiple=True, metavar="ITEM", help="Confirm an item; again for more.")
@click.option("--reject", multiple=True, metavar="ITEM", help="Reject an item; again for more.")
@click.option("--unsure", multiple=True, metavar="ITEM", help="Be unsure of an item.")
@click.option("--rest", type=click.Choice(_ANSWERS), help="The answer on all other items.")
@by_option
@sign_option
@json_option
def verdict(folder: Path, out: Path, table: Path | None, **options: Any) -> None:
    """Answer a tip whose check lies in FOLDER: an opinion on each item, counts, no names.

    Answers are those of the column `verdict` of items.csv (confirmed, rejected or unsure), and
    those of the options, which come first.

    \b
    frametrace tip verdict echoes/ --out verdict.json
    frametrace tip verdict echoes/ --reject picture-0123456789abcdef --rest confirmed --out v.json
    """
    from frametrace.app.tips.print_tips import tell_verdict
    from frametrace.app.tips.verdict_answers import answer_check, answers_in
    from frametrace.matcher.tips.verdicts import Answer

    rest = Answer(options["rest"]) if options["rest"] else None
    sha256, tlp, count = answer_check(
        folder,
        out,
        {**answers_in(table or folder / "items.csv"), **_named(options)},
        rest=rest,
        made_by=options["made_by"],
        key=options["sign"],
    )
    tell_verdict(out, sha256, tlp, count, as_json=options["as_json"])


def _named(options: dict[str, Any]) -> dict[str, "Answer"]:
    from frametrace.matcher.tips.verdicts import Answer

    by_answer = {"confirm": Answer.CONFIRMED, "reject": Answer.REJECTED, "unsure": Answer.UNSURE}
    pairs = [(item, answer) for name, answer in by_answer.items() for item in options[name]]
    named = dict(pairs)
    if len(named) < len({*pairs}):
        raise click.UsageError("an item was named with two answers")
    return named


@command.command("import")
@case_argument
@click.argument("verdicts", nargs=-1, required=True, type=_PATH)
@from_option
@json_option
def import_(
    case: Path, verdicts: tuple[Path, ...], trusted: tuple[Path, ...], as_json: bool
) -> None:
    """Keep VERDICTS on tips that CASE sent, apart from its signals, and show all opinions.

    Importing one again changes nothing.

    \b
    frametrace tip import twitter_case verdict.json --from receiver.pub.pem
    """
    from frametrace.app.tips.print_tips import tell_opinions
    from frametrace.case.store import Case
    from frametrace.matcher.tips.received_verdicts import import_verdict, opinions_of

    opened = Case(case)
    for path in verdicts:
        import_verdict(opened, path, trusted)
    tell_opinions(opinions_of(opened), as_json=as_json)


@command.command("opinions")
@case_argument
@json_option
def opinions(case: Path, as_json: bool) -> None:
    """Show the opinions that came back on what CASE sent; disputed ones first.

    \b
    frametrace tip opinions twitter_case
    """
    from frametrace.app.tips.print_tips import tell_opinions
    from frametrace.case.store import Case
    from frametrace.matcher.tips.received_verdicts import opinions_of

    tell_opinions(opinions_of(Case(case)), as_json=as_json)


@command.command("convert")
@click.argument("source", type=_PATH)
@file_option
@by_option
@marking_option
@sign_option
@from_option
@json_option
def convert(source: Path, out: Path, trusted: tuple[Path, ...], **options: Any) -> None:
    """Turn a list of PDQ hashes into a tip, or a tip into such a list.

    Lists are lines (`pdq HASH`, the exchange `local_file` of python-threatexchange), CSV with the
    columns pdq, quality and label, or JSON with types, hashes and tags, as banks of the
    hasher-matcher-actioner (HMA) have them. When one is written, the ending of --out says which:
    .csv, .json or another.

    \b
    frametrace tip convert hashes.txt --out tip.json
    frametrace tip convert tip.json --out hashes.csv
    frametrace tip convert bank.json --out tip.json
    """
    from frametrace.app.tips.convert_hash_lists import from_list, to_list
    from frametrace.matcher.tips.signed_documents import TIP, is_document

    if out.resolve() == source.resolve():
        raise click.UsageError(f"{out} would take the place of its source: name another file")
    if is_document(source, TIP):
        to_list(source, out, trusted, as_json=options["as_json"])
    elif trusted:
        raise click.UsageError("--from goes with a tip; a list of hashes is never signed")
    else:
        from_list(source, out, options)
