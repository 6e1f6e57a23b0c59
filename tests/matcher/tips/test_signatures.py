import json

import pytest
from jsonschema import Draft202012Validator
from tipping import document, raw, write

from frametrace.matcher.tips.pseudonyms import account_key, pseudonym
from frametrace.matcher.tips.read_tip import read_tip
from frametrace.matcher.tips.schema_validation import load_schema
from frametrace.matcher.tips.signatures import make_keys
from frametrace.matcher.tips.signed_documents import VERDICT, read_document, write_document
from frametrace.posts.errors import TipError, UsageError

VERDICT_HEAD = {"made_by": "", "program": "p", "tip": "0" * 64, "tlp": "red"}
ANSWER = {"id": "picture-0123456789abcdef", "answer": "unsure", "counts": []}


def test_a_signature_says_whose_key_and_whether_it_was_named(tmp_path):
    secret, public, print_ = make_keys(tmp_path / "ours")
    _, others, _ = make_keys(tmp_path / "others")
    assert secret.stat().st_mode & 0o777 == 0o600
    path = write(tmp_path / "tip.json", key=secret)
    Draft202012Validator(load_schema("tip")).validate(json.loads(path.read_text("utf-8")))
    unnamed, named = read_tip(path).signature, read_tip(path, [others, public]).signature
    assert (unnamed.signer, unnamed.trusted) == (print_, False)
    assert (named.signer, named.trusted) == (print_, True)
    with pytest.raises(TipError, match=f"signed by {print_}, which is not a key"):
        read_tip(path, [others])
    with pytest.raises(TipError, match="is not signed"):
        read_tip(write(tmp_path / "plain.json"), [public])
    with pytest.raises(UsageError, match="exists"):
        make_keys(tmp_path / "ours")


def test_a_signature_of_other_content_is_invalid(tmp_path):
    secret, _, _ = make_keys(tmp_path / "ours")
    path = write(tmp_path / "tip.json", key=secret)
    signature = json.loads(path.read_text("utf-8"))["signature"]
    path = raw(tmp_path / "moved.json", document(items=[], signature=signature))
    with pytest.raises(TipError, match="invalid signature"):
        read_tip(path)
    path = tmp_path / "verdict.json"
    write_document(path, VERDICT, VERDICT_HEAD, [ANSWER], secret)
    content = json.loads(path.read_text("utf-8"))
    content["signature"]["public_key"] = "00" * 32
    with pytest.raises(TipError, match="invalid signature"):
        read_document(raw(path, content), VERDICT, lambda number, one: None)


@pytest.mark.parametrize("content", [b"", b"no key", b"-----BEGIN PUBLIC KEY-----\n", b"\xff" * 99])
def test_files_without_a_key_are_refused(tmp_path, content):
    path = tmp_path / "some.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(TipError):
        read_tip(write(tmp_path / "tip.json"), [path])
    with pytest.raises(TipError, match="keygen"):
        write(tmp_path / "tip.json", key=path)
    expected = "64 hexadecimal digits" if content else "is empty. Restore it from a copy"
    with pytest.raises(TipError, match=expected):
        account_key(path)


def test_a_damaged_account_key_is_recognised(tmp_path):
    path = tmp_path / "accounts.key"
    key = account_key(path)
    digits, checksum = path.read_text("ascii").split()
    assert account_key(path) == key
    other = f"{int(digits[0], 16) ^ 1:x}"
    path.write_text(f"{other}{digits[1:]}\n{checksum}\n", "ascii")
    with pytest.raises(TipError, match=r"is damaged\. Restore it .* other pseudonyms"):
        account_key(path)
    path.write_text(f"{digits}\n", "ascii")  # as versions before 0.9 wrote it
    assert account_key(path) == key


def test_pseudonyms_are_the_same_under_one_key_only(tmp_path):
    one, other = account_key(tmp_path / "one.key"), account_key(tmp_path / "other.key")
    assert account_key(tmp_path / "one.key") == one != other
    assert pseudonym(one, "x", "a") == pseudonym(one, "x", "a")
    whom = [("x", "a"), ("xa", ""), ("x", "b")]
    names = {pseudonym(key, *who) for key in (one, other) for who in whom}
    assert len(names) == 6
    (tmp_path / "one.key").chmod(0o644)
    with pytest.raises(TipError, match="chmod 600"):
        account_key(tmp_path / "one.key")
