"""The secrets of the command's configuration, to be taken out of logs and reports."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress

from connecteam_sync.cli.opened import OPENED
from connecteam_sync.errors import ConnecteamSyncError

_SECRETS = (
    *("API_KEY", "CLIENT_ID", "CLIENT_SECRET", "DATABASE_URL", "WEBHOOK_SECRET", "WEBHOOK_SECRET_PREVIOUS"),
    *("SMTP_URL", "ALERTS_WEBHOOK_SECRET", "ALERTS_APPRISE_URLS", "ALERTS_PING_URL"),
)


_ACCOUNT = "CONNECTEAM_SYNC_ACCOUNT_"


def _of_accounts() -> Iterator[dict[str, str]]:
    """What variables with the name of an account say, whichever account that is: also before one is opened."""
    for variable, text in os.environ.items():
        if variable.startswith(_ACCOUNT):
            yield from (
                {f"CONNECTEAM_SYNC_{name}{tail}": text}
                for name in _SECRETS
                for tail in ("", "_FILE")
                if variable.endswith(f"_{name}{tail}")
            )


def known_secrets() -> Iterator[str]:
    """Every secret of the configuration, including the database's URL with its password; of the account, too, that the
    command is about.
    """
    from connecteam_sync.config_secrets import secret

    for environ in (os.environ, *_of_accounts(), *(mirror.settings.secrets for mirror in OPENED)):
        for name in _SECRETS:
            with suppress(ConnecteamSyncError, OSError, ValueError):
                value = secret(name, environ)
                if value:
                    yield value
                    yield from value.split() if name == "ALERTS_APPRISE_URLS" else ()
