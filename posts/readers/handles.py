"""Accounts of platforms where some tools know an account by its handle only.

So that one account has one key, every reader names it by the handle, in lower case.
"""

from frametrace.posts.values import sound_id

__all__ = ["account_of"]


def account_of(handle: str, number: str, missing: str) -> tuple[str, dict[str, str]]:
    """Name an account by its handle, else by its number; also give what is kept beside the name.

    That is the number of an account which is named by its handle. Raises ValueError, which names
    the column `missing`, if there is neither.
    """
    handle, number = handle.strip(), number.strip()
    if handle:
        return handle.lower(), {"account_number": number} if number else {}
    try:
        number = sound_id(number)
    except ValueError as error:
        raise ValueError(f"{missing} is empty, and the account's number {error}") from None
    if not number:
        raise ValueError(f"{missing} is empty")
    return number, {}
