"""The receivers that are configured, and what they need: read once, checked before anything runs."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Callable, Mapping
from typing import TypeVar
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.alerts.receiver import Receiver
from connecteam_sync.config import Settings
from connecteam_sync.config_names import PREFIX
from connecteam_sync.config_secrets import secret
from connecteam_sync.core import receivers as read
from connecteam_sync.core.receivers import QuietHours
from connecteam_sync.errors import ConfigurationError

T = TypeVar("T")


class Receivers(msgspec.Struct, frozen=True, kw_only=True):
    """Everybody who is told, and the hours in which nobody is. `ping_url` is fetched while all is well."""

    every: tuple[Receiver, ...] = ()
    ping_url: str | None = None
    quiet: QuietHours | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The receivers by name."""
        return tuple(one.name for one in self.every)


def receivers_of(
    settings: Settings, environ: Mapping[str, str] | None = None, *, command: str | None = None
) -> Receivers:
    """The receivers of a configuration, and a command (`--on-trouble`).

    Raises ConfigurationError where something is missing or cannot be used; nothing is contacted.
    """
    environ = settings.secrets if environ is None else environ
    zone = ZoneInfo(settings.timezone)
    found = [
        _email(settings, environ, zone),
        _webhook(settings, environ),
        _apprise(environ, zone),
        _command(command, zone),
    ]
    ping = secret("ALERTS_PING_URL", environ)
    quiet = settings.alerts_quiet_hours
    return Receivers(
        every=tuple(one for one in found if one is not None),
        ping_url=_checked("ALERTS_PING_URL", read.receiver_url, ping) if ping else None,
        quiet=read.quiet_hours(quiet) if quiet else None,
    )


def _email(settings: Settings, environ: Mapping[str, str], zone: ZoneInfo) -> Receiver | None:
    url, to = secret("SMTP_URL", environ), settings.alerts_email_to
    if url is None and to is None:
        return None
    if url is None or to is None:
        raise ConfigurationError(
            f"alerts by e-mail need both: {'alerts_email_to' if to is None else f'{PREFIX}SMTP_URL'} is not set",
            next_step=f"set {PREFIX}SMTP_URL (or …_FILE) and alerts_email_to, or neither",
        )
    from connecteam_sync.alerts.email import Email  # noqa: PLC0415 - only those who have it load it

    server = _checked("SMTP_URL", read.smtp_server, url)
    return Email(server, read.addresses(to), settings.alerts_email_from, zone, mirror=_mirror(settings))


def _mirror(settings: Settings) -> str:
    """A word for the mirror: of its database, without a password, and of our tables in that.

    Raises ConfigurationError if the URL cannot be read.
    """
    from connecteam_sync.store.sql.errors import named  # noqa: PLC0415 - only those who have it load it
    from connecteam_sync.store.sql.urls import parsed  # noqa: PLC0415 - as above

    name = f"{named(parsed(settings.database_url))} {settings.own}"
    return hashlib.sha256(name.encode(errors="replace")).hexdigest()[:12]


def _webhook(settings: Settings, environ: Mapping[str, str]) -> Receiver | None:
    url, key = settings.alerts_webhook_url, secret("ALERTS_WEBHOOK_SECRET", environ)
    if url is None and key is None:
        return None
    if url is None or key is None:
        missing = "alerts_webhook_url" if url is None else f"{PREFIX}ALERTS_WEBHOOK_SECRET"
        raise ConfigurationError(
            f"alerts by webhook need both: {missing} is not set",
            next_step=f"set alerts_webhook_url and {PREFIX}ALERTS_WEBHOOK_SECRET (or …_FILE), or neither",
        )
    from connecteam_sync.alerts.webhook import Webhook  # noqa: PLC0415 - only those who have it load it

    return Webhook(url, _checked("ALERTS_WEBHOOK_SECRET", read.webhook_key, key), mirror=_mirror(settings))


def _apprise(environ: Mapping[str, str], zone: ZoneInfo) -> Receiver | None:
    urls = secret("ALERTS_APPRISE_URLS", environ)
    if urls is None:
        return None
    from connecteam_sync.alerts.others import ByApprise  # noqa: PLC0415 - only those who have it load it

    return ByApprise(_checked("ALERTS_APPRISE_URLS", read.apprise_urls, urls), zone)


def _command(command: str | None, zone: ZoneInfo) -> Receiver | None:
    if command is None:
        return None
    try:
        words = shlex.split(command)
    except ValueError:
        words = []
    if not words or "\0" in command:
        raise ConfigurationError(
            "--on-trouble names no command", next_step="name a program and its arguments, quoted as in a shell"
        )
    from connecteam_sync.alerts.others import ByCommand  # noqa: PLC0415 - only those who have it load it

    return ByCommand(words, zone)


def _checked(name: str, reader: Callable[[str], T], value: str) -> T:
    try:
        return reader(value)
    except ValueError as error:
        raise ConfigurationError(f"{PREFIX}{name} cannot be used", next_step=str(error)) from None
