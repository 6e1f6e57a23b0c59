"""Keys: Ed25519 to sign with, and the secret under which accounts become pseudonyms."""

import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from frametrace.case.files import write_atomically, write_secret
from frametrace.posts.errors import TipError, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = [
    "Signature",
    "account_key",
    "fingerprint",
    "make_keys",
    "pseudonym",
    "read_public_key",
    "sign",
    "verified",
]

_KEY_BYTES = 32
_ALGORITHM = "ed25519"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature that holds: `signer` is the fingerprint of the key.

    `trusted` tells whether the reader named this key beforehand.
    """

    signer: str
    trusted: bool


def make_keys(name: Path) -> tuple[Path, Path, str]:
    """Make NAME.pem (secret, mode 0600) and NAME.pub.pem; also returns the key's fingerprint.

    Raises `UsageError` where one of them exists: a key that signed something is never overwritten.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    secret, public = (name.with_name(name.name + suffix) for suffix in (".pem", ".pub.pem"))
    if taken := next((path for path in (secret, public) if path.exists()), None):
        raise UsageError(f"{taken} exists: name other keys; this one may have signed something")
    key = Ed25519PrivateKey.generate()
    write_secret(
        secret,
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )
    write_atomically(
        public,
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        ),
    )
    return secret, public, fingerprint(key.public_key().public_bytes_raw())


def fingerprint(public_key: bytes) -> str:
    """What people compare over the telephone: SHA-256 of the 32 bytes of a public key."""
    return hashlib.sha256(public_key).hexdigest()


def read_public_key(path: Path) -> bytes:
    """The 32 bytes of an Ed25519 public key in PEM. Raises `TipError` for anything else."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(_small(path))
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise TipError(
            f"{path} holds no Ed25519 public key in PEM; name the .pub.pem of the sender"
        )
    return key.public_bytes_raw()


def sign(path: Path, message: bytes) -> dict[str, str]:
    """Sign with the secret key of a PEM file; the `signature` member of a document."""
    key = _secret_key(path)
    public = key.public_key().public_bytes_raw()
    return {
        "algorithm": _ALGORITHM,
        "public_key": public.hex(),
        "value": key.sign(message).hex(),
    }


def verified(signature: dict[str, str], message: bytes) -> bytes | None:
    """The public key of a signature that holds for a message, else None."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public = bytes.fromhex(signature["public_key"])
    try:
        key = Ed25519PublicKey.from_public_bytes(public)
        key.verify(bytes.fromhex(signature["value"]), message)
    except (InvalidSignature, ValueError):
        return None
    return public


def account_key(path: Path) -> bytes:
    """The secret in a file of 64 hexadecimal digits; made, readable by its owner alone, if absent.

    Raises `TipError` where the file is no such key or others may read it.
    """
    if not path.exists():
        write_secret(path, secrets.token_hex(_KEY_BYTES).encode() + b"\n")
    if os.name != "nt" and path.stat().st_mode & 0o077:  # Windows has no such modes
        raise TipError(f"{path} can be read by others: run chmod 600 {path}, or name another key")
    try:
        key = bytes.fromhex(_small(path).decode("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise TipError(f"{path} is no account key: it holds 64 hexadecimal digits")
    return key


def pseudonym(key: bytes, platform: str, account_id: str) -> str:
    """HMAC-SHA256 of an account: the same for one key, of no use to whoever lacks it."""
    return hmac.new(key, f"{platform}\0{account_id}".encode(), hashlib.sha256).hexdigest()


def _secret_key(path: Path) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(_small(path), password=None)
    except TypeError:
        raise TipError(f"{path} is encrypted: sign with a key that is not") from None
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise TipError(
            f"{path} holds no Ed25519 secret key in PEM; make one with: frametrace tip keygen NAME"
        )
    return key


def _small(path: Path) -> bytes:
    """A key file's bytes; keys have a few hundred."""
    if not path.is_file():
        raise TipError(f"{path} is no file with a key")
    with path.open("rb") as file:
        return file.read(2**16)
