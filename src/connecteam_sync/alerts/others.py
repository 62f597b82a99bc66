"""Alerts by Apprise (Slack, Teams and a hundred others), and by a command of one's own."""

from __future__ import annotations

import importlib.util
import logging
import os
import subprocess
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.alerts.receiver import NotSent
from connecteam_sync.config import PREFIX
from connecteam_sync.core.alerts import Message, body, payload, title
from connecteam_sync.errors import ConfigurationError

INSTALL = "pip install 'connecteam-sync[alerts]'"


def require_apprise() -> None:
    """Raises ConfigurationError if the extra is missing."""
    if not ByApprise.is_there():
        raise ConfigurationError("alerts by Apprise need the package apprise", next_step=INSTALL)


class ByApprise:
    """URLs of Apprise; each gets every message."""

    name = "apprise"

    def __init__(self, urls: Sequence[str], zone: ZoneInfo) -> None:
        self._urls, self._zone = urls, zone

    @staticmethod
    def is_there() -> bool:
        """Whether the extra is installed."""
        return importlib.util.find_spec("apprise") is not None

    def send(self, message: Message, seconds: float) -> None:  # noqa: ARG002 - each of its services has its own limits
        """Send it to all. Raises NotSent if one of them did not take it, or the extra is missing."""
        if not self.is_there():
            raise NotSent(f"Apprise is not installed: {INSTALL}")
        import apprise  # noqa: PLC0415 - an extra, and large

        # It would log URLs, which hold keys.
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        everybody = apprise.Apprise()
        known = [everybody.add(url) for url in self._urls]
        if not all(known):
            raise NotSent(f"Apprise does not know {known.count(False)} of {len(known)} URLs")
        kind = apprise.NotifyType.FAILURE if message.state == "trouble" else apprise.NotifyType.SUCCESS
        taken = everybody.notify(title=title(message, self._zone), body=body(message, self._zone), notify_type=kind)
        if not taken:
            raise NotSent("one of the services of Apprise does not take it")


class ByCommand:
    """A program of one's own (`--on-trouble`): the message as JSON on stdin, its words in the environment."""

    name = "command"

    def __init__(self, words: Sequence[str], zone: ZoneInfo) -> None:
        self._words, self._zone = list(words), zone

    def send(self, message: Message, seconds: float) -> None:
        """Run it. Raises NotSent if it fails, or takes longer than so many seconds: then it is killed."""
        words = {
            "ALERT_NAME": message.name,
            "ALERT_STATE": message.state,
            "ALERT_TITLE": title(message, self._zone),
            "ALERT_MESSAGE": message.message,
            "ALERT_NEXT_STEP": message.next_step,
        }
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own command, without a shell
                self._words,
                input=msgspec.json.encode(payload(message)),
                env={**_without_secrets(os.environ), **words},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise NotSent("the command took too long") from None
        except (OSError, ValueError) as error:
            raise NotSent(f"the command cannot be run ({type(error).__name__})") from None
        if done.returncode:
            raise NotSent(f"the command ended with {done.returncode}")


def _without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment without our own variables: a program that tells people needs no key of Connecteam."""
    return {name: value for name, value in environ.items() if not name.startswith(PREFIX)}
