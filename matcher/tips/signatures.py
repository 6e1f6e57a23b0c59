"""Signs tips and verdicts with Ed25519 keys, verifies signatures, and makes and reads the keys."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from frametrace.case.atomic_files import write_atomically, write_secret
from frametrace.posts.errors import TipError, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

__all__ = [
    "Signature",
    "fingerprint",
    "make_keys",
    "read_key_file",
    "read_public_key",
    "sign",
    "verified_key",
]

_ALGORITHM = "ed25519"


@dataclass(frozen=True, slots=True)
class Signature:
    """A valid signature: `signer` is the fingerprint of the key.

    `trusted` is whether the reader named this key as one to trust.
    """

    signer: str
    trusted: bool


def make_keys(name: Path) -> tuple[Path, Path, str]:
    """Make NAME.pem (secret, mode 0600) and NAME.pub.pem; returns the paths and the fingerprint.

    Raises `UsageError` if one of the files exists: a key may have been used and is never
    overwritten.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    secret, public = (name.with_name(name.name + suffix) for suffix in (".pem", ".pub.pem"))
    if taken := next((path for path in (secret, public) if path.exists()), None):
        raise UsageError(f"{taken} exists and may have signed something: choose another name")
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
    """The SHA-256 of the 32 bytes of a public key, which people can compare over the phone."""
    return hashlib.sha256(public_key).hexdigest()


def read_public_key(path: Path) -> bytes:
    """The 32 bytes of an Ed25519 public key in PEM. Raises `TipError` for anything else."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(read_key_file(path))
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise TipError(
            f"{path} does not hold an Ed25519 public key in PEM; name the sender's .pub.pem file"
        )
    return key.public_bytes_raw()


def sign(path: Path, message: bytes) -> dict[str, str]:
    """Sign with the secret key of a PEM file; returns the `signature` member of a document."""
    key = _secret_key(path)
    public = key.public_key().public_bytes_raw()
    return {
        "algorithm": _ALGORITHM,
        "public_key": public.hex(),
        "value": key.sign(message).hex(),
    }


def verified_key(signature: dict[str, str], message: bytes) -> bytes | None:
    """The public key of a signature if it is valid for a message, else None."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    public = bytes.fromhex(signature["public_key"])
    try:
        key = Ed25519PublicKey.from_public_bytes(public)
        key.verify(bytes.fromhex(signature["value"]), message)
    except (InvalidSignature, ValueError):
        return None
    return public


def _secret_key(path: Path) -> "Ed25519PrivateKey":
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(read_key_file(path), password=None)
    except TypeError:
        raise TipError(f"{path} is encrypted: sign with an unencrypted key") from None
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise TipError(
            f"{path} does not hold an Ed25519 secret key in PEM; make one with: "
            "frametrace tip keygen NAME"
        )
    return key


def read_key_file(path: Path) -> bytes:
    """The bytes of a key file, at most 64 KiB; real keys have a few hundred.

    Raises `TipError` if there is no such file.
    """
    if not path.is_file():
        raise TipError(f"{path} is not a file: name a key file")
    with path.open("rb") as file:
        return file.read(2**16)
