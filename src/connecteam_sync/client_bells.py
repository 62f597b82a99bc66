"""Webhooks and their deliveries (doorbells): the part of the library that is about being told at once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from connecteam_sync.api.client import Connecteam
from connecteam_sync.config import Settings
from connecteam_sync.config_names import PREFIX
from connecteam_sync.config_secrets import secret
from connecteam_sync.engine.account import AccountCheck
from connecteam_sync.engine.lists import Lists
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.store import Store

if TYPE_CHECKING:
    from connecteam_sync.core.bells import BellState, Doorbell, Reliability
    from connecteam_sync.core.webhooks import Webhook
    from connecteam_sync.engine.webhooks import Registrations
    from connecteam_sync.store.service.bells import Bells

_TOKEN = re.compile("[A-Za-z0-9_-]{8,128}")


def webhook_secrets(environ: Mapping[str, str] | None = None) -> tuple[str, str | None] | None:
    """The secret that webhooks bring, and the one before it; None without one. Raises ConfigurationError."""
    environ = os.environ if environ is None else environ
    current, previous = secret("WEBHOOK_SECRET", environ), secret("WEBHOOK_SECRET_PREVIOUS", environ)
    if not all(text is None or text.isprintable() for text in (current, previous)):
        raise ConfigurationError(
            "the secret of the webhooks holds characters that no header can",
            next_step=f"choose another one for {PREFIX}WEBHOOK_SECRET, for instance with: openssl rand -hex 32",
        )
    return None if current is None else (current, previous)


def webhook_token(environ: Mapping[str, str] | None = None) -> str | None:
    """The token in the address of the webhooks, if the environment names one. Raises ConfigurationError."""
    token = secret("WEBHOOK_TOKEN", os.environ if environ is None else environ)
    if token is not None and not _TOKEN.fullmatch(token):
        raise ConfigurationError(
            f"{PREFIX}WEBHOOK_TOKEN is no part of an address",
            next_step="use 8 to 128 letters, digits, - and _; or leave it out: `init` makes one",
        )
    return token


class Doorbells:
    """The webhooks of an account and what they delivered. Every method raises what `Store` raises."""

    settings: Settings
    store: Store
    _belonging: AccountCheck
    _lists: Lists

    if TYPE_CHECKING:

        def _client(self) -> Connecteam: ...

        def mirrored_clocks(self) -> dict[int, str]:  # noqa: D102 - the client's
            ...

    # -- deliveries ----------------------------------------------------------------------------------------------------

    def doorbells(
        self, *, state: BellState | None = None, clock: int | None = None, after: str | None = None, limit: int = 100
    ) -> tuple[Doorbell, ...]:
        """What webhooks delivered, newest first; of one state or time clock, or received before the one with the key
        `after`. Raises NotFound for a key that is not there.
        """
        with self.store.connection() as connection:
            return self._bells().listed(connection, state=state, clock=clock, after=after, limit=limit)

    def doorbell(self, key: str) -> Doorbell:
        """A delivery by its key. Raises NotFound."""
        with self.store.connection() as connection:
            return self._bells().of(connection, key)

    def doorbell_repeats(self) -> tuple[int, int]:
        """How many of the newest deliveries were counted (a thousand at most), and how often those came again."""
        with self.store.connection() as connection:
            return self._bells().repeats(connection)

    def replay_doorbell(self, key: str) -> Doorbell:
        """Have a delivery looked at by `serve` as if it had just come. Raises NotFound, ConfigurationError."""
        with self.store.own_rows("replaying a doorbell") as connection:
            return self._bells().replay(connection, key)

    def doorbell_counts(self) -> dict[str, int]:
        """How many deliveries there ever were, by state."""
        with self.store.connection() as connection:
            return self._bells().counts(connection)

    def doorbell_reliability(self) -> dict[int, Reliability]:
        """How reliably deliveries come, by time clock: judged by the newest changes that were found."""
        from connecteam_sync.store.service.announced import Announcements

        self.store.columns()
        with self.store.connection() as connection:
            return Announcements(self.store.dialect, self.store.own).reliability(connection)

    def webhook_token(self) -> str:
        """The token in the address of this database's webhooks: that of the environment, else the one that is kept."""
        from connecteam_sync.store.service.token import webhook_token as kept

        named = webhook_token(self.settings.secrets)
        if named is not None:
            return named
        self.store.columns()  # says so where there are no tables of ours
        with self.store.own_rows("reading the token of webhooks") as connection:
            return kept(connection, self.store.dialect, self.store.own)

    def _bells(self) -> Bells:
        from connecteam_sync.store.service.bells import Bells

        self.store.columns()  # says so where there are no tables of ours
        return Bells(self.store.dialect, self.store.own)

    # -- webhooks ------------------------------------------------------------------------------------------------------

    def webhooks(self) -> tuple[Webhook, ...]:
        """The account's webhooks, those of other programs too. Raises UpstreamError."""
        return self._registrations().all()

    def register_webhooks(self, url: str | None = None) -> tuple[Webhook, ...]:
        """Have Connecteam deliver every event of the mirrored time clocks and of people to `serve`; what there is then.

        `url` is the public root, by default `public_url`; path and token are appended. Calling it again makes nothing
        twice. Raises ConfigurationError without an address or a secret, UpstreamError.
        """
        root = url if url is not None else self.settings.public_url
        if root is None:
            raise ConfigurationError(
                "the address at which Connecteam reaches this machine is not known",
                next_step=f"name it with --url https://…, or set {PREFIX}PUBLIC_URL",
            )
        current = _required(self.settings)
        self._belonging.check_stored()
        self._belonging.check_company()
        found = self._registrations().register(root, current, self.mirrored_clocks())
        with self.store.own_rows("expecting doorbells") as connection:
            self._bells().expect(connection)
        return found

    def rotate_webhooks(self) -> tuple[Webhook, ...]:
        """Have this database's webhooks bring the secret that is configured now; which.

        Raises ConfigurationError without one, UpstreamError.
        """
        return self._registrations().rotate(_required(self.settings))

    def remove_webhooks(self) -> tuple[Webhook, ...]:
        """Remove this database's webhooks; which. Raises UpstreamError."""
        return self._registrations().remove()

    def _registrations(self) -> Registrations:
        from connecteam_sync.engine.webhooks import Registrations

        return Registrations(self._client, token=self.webhook_token())

    # -- lists ---------------------------------------------------------------------------------------------------------

    def expect_users(self, users: Iterable[int], *, again: bool = False) -> None:
        """Ask for the people again where one of these is not listed (once per user and hour), or with `again`.

        Raises UpstreamError.
        """
        if again:
            self._lists.forget_users()
        self._lists.users_with(users, self._lists.users())

    def forget_time_clocks(self) -> None:
        """Ask for the time clocks again when they are next needed."""
        self._lists.forget_time_clocks()
        self._belonging.listed = None


def _required(settings: Settings) -> str:
    known = webhook_secrets(settings.secrets)
    if known is None:
        raise ConfigurationError(
            "there is no secret for the webhooks",
            next_step=f"make one (openssl rand -hex 32) and set {PREFIX}WEBHOOK_SECRET, or {PREFIX}WEBHOOK_SECRET_FILE",
        )
    return known[0]
