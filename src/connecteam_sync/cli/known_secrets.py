"""Every secret that the command's configuration has, so that none of them is written anywhere."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from connecteam_sync.errors import ConnecteamSyncError

_SECRETS = ("API_KEY", "CLIENT_ID", "CLIENT_SECRET", "DATABASE_URL")


def known_secrets() -> Iterator[str]:
    """Every secret that the configuration has, the database's URL with its password among them."""
    from connecteam_sync.config import secret

    for name in _SECRETS:
        with suppress(ConnecteamSyncError, OSError, ValueError):
            found = secret(name, os.environ)
            if found:
                yield found
