"""Files beside the posts name the archive's account; nothing else is taken from them."""

import json

import pytest

from frametrace.posts.readers.x_personal_archive import READER

ACCOUNT = [{"account": {"email": "lin@example.invalid", "username": "lin", "accountId": "9197"}}]
MANIFEST = {"userInfo": {"accountId": "9198", "userName": "mo", "displayName": "Mo"}}


def _read(files: dict[str, str]) -> dict[str, str]:
    assert READER.context
    return dict(READER.context(lambda path: files.get(path, "")))


def test_the_account_is_read_and_its_address_is_not() -> None:
    files = {"account.js": f"window.YTD.account.part0 = {json.dumps(ACCOUNT)};"}
    assert _read(files) == {"account.accountId": "9197", "account.username": "lin"}


def test_the_account_is_read_from_the_manifest_if_its_file_is_absent() -> None:
    files = {"manifest.js": f"window.__THAR_CONFIG = {json.dumps(MANIFEST)}\n"}
    assert _read(files) == {"account.accountId": "9198", "account.username": "mo"}


@pytest.mark.parametrize(
    "script", ["", "=", "window.x = [", "window.x = [1]", "x = " + "[" * 100_000, "alert(1)"]
)
def test_other_files_name_no_account(script: str) -> None:
    nothing = {"account.accountId": "", "account.username": ""}
    assert _read({"account.js": script, "manifest.js": script}) == nothing
