"""Secrets of people: made here, and kept only as a hash that is slow to try (argon2id)."""

from __future__ import annotations

import secrets
from functools import cache
from typing import TYPE_CHECKING

from connecteam_sync.errors import ConfigurationError

if TYPE_CHECKING:
    from argon2 import PasswordHasher

_BYTES = 24
LONGEST_SECRET = 1024
"""Bytes of the longest secret that is tried: hashing takes the longer, the longer a text is."""
# OWASP's choice for argon2id; `serve` is to stay small, so it is the one with the least memory.
_PASSES, _MEMORY_KIB, _LANES = 2, 19 * 1024, 1


def new_secret() -> str:
    """A secret nobody can guess, in letters that every keyboard has."""
    return secrets.token_urlsafe(_BYTES)


def hashed(secret: str) -> str:
    """The hash that is kept. Raises ConfigurationError if the extra is missing."""
    return _hasher().hash(_bytes(secret))


def fits(secret: str, kept: str | None) -> bool:
    """Whether a secret is the one that was hashed. For nobody (None) it takes as long, and is never true.

    Raises ConfigurationError if the extra is missing.
    """
    given = _bytes(secret)
    if len(given) > LONGEST_SECRET:
        return False
    hasher = _hasher()
    from argon2.exceptions import InvalidHashError, VerificationError

    try:
        hasher.verify(kept or _nobodys(), given)
    except (VerificationError, InvalidHashError):
        return False
    return kept is not None


def _bytes(secret: str) -> bytes:
    """A form may bring bytes that are no UTF-8; they are only compared."""
    return secret.encode("utf-8", "surrogatepass")


@cache
def _nobodys() -> str:
    """The hash of a secret that nobody has."""
    return hashed(new_secret())


@cache
def _hasher() -> PasswordHasher:
    try:
        from argon2 import PasswordHasher
    except ImportError as error:
        raise ConfigurationError(
            "the console's secrets need the package argon2-cffi", next_step="pip install 'connecteam-sync[service]'"
        ) from error
    return PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES)
