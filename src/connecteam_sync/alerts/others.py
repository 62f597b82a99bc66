"""Alerts by Apprise (Slack, Teams and a hundred others), and by a command of one's own."""

from __future__ import annotations

import importlib.util
import logging
import os
import subprocess
from collections.abc import Mapping, Sequence
from multiprocessing.pool import ThreadPool
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.alerts.receiver import NotSent, PartlySent
from connecteam_sync.config_names import PREFIX
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
    grace = 0.0

    def __init__(self, urls: Sequence[str], zone: ZoneInfo) -> None:
        self._urls, self._zone = urls, zone

    @staticmethod
    def is_there() -> bool:
        """Whether the extra is installed."""
        return importlib.util.find_spec("apprise") is not None

    def send(self, message: Message, seconds: float) -> None:  # noqa: ARG002 - each of its services has its own limits
        """Send it to all, at the same time. Raises NotSent if none took it, PartlySent if some did not."""
        if not self.is_there():
            raise NotSent(f"Apprise is not installed: {INSTALL}")
        import apprise  # noqa: PLC0415 - an extra, and large

        # It would log URLs, which hold keys.
        logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
        several = [apprise.Apprise() for _ in self._urls]
        known = [one for one, url in zip(several, self._urls, strict=True) if one.add(url)]
        kind = apprise.NotifyType.FAILURE if message.state == "trouble" else apprise.NotifyType.SUCCESS
        words, text = title(message, self._zone), body(message, self._zone)
        taken: list[bool] = []
        if known:
            with ThreadPool(len(known)) as pool:
                taken = pool.map(lambda one: bool(one.notify(title=words, body=text, notify_type=kind)), known)
        strange, refusing = len(several) - len(known), taken.count(False)
        if strange or refusing:
            why = [f"Apprise does not know {strange} of {len(several)} URLs"] if strange else []
            why += [f"{refusing} of {len(several)} services of Apprise do not take it"] if refusing else []
            raise (PartlySent if any(taken) else NotSent)("; ".join(why))


class ByCommand:
    """A program of one's own (`--on-trouble`): the message as JSON on stdin, its words in the environment."""

    name = "command"
    grace = 0.0

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
