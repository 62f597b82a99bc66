"""Webhooks as Connecteam has them, and which requests make them those that this database needs.

Pure: what is registered, the time clocks that are mirrored and our address are arguments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

import msgspec

from connecteam_sync.core.bells import SHIFT_EVENTS, USER_EVENTS

PATH = "/hooks/connecteam/"
Feature = Literal["time_activity", "users"]


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """A registered webhook. `time_clock_id` is None for one about people.

    `is_ours`: its address ends in the path and token of this database. Of the address of any other program only the
    scheme and the host are known here, since the rest may be a secret.
    """

    id: int
    name: str
    feature: str
    time_clock_id: int | None
    url: str
    events: tuple[str, ...]
    is_disabled: bool
    is_ours: bool


class Wanted(NamedTuple):
    """A webhook that ought to be there."""

    feature: Feature
    time_clock_id: int | None
    name: str

    @property
    def events(self) -> tuple[str, ...]:
        """The events that it is told of."""
        return tuple(sorted(SHIFT_EVENTS if self.feature == "time_activity" else USER_EVENTS))


class Registering(NamedTuple):
    """What is to be done: webhooks to make, to change (which, into what), to remove, and those that are as they ought
    to be.
    """

    make: tuple[Wanted, ...]
    change: tuple[tuple[Webhook, Wanted], ...]
    remove: tuple[Webhook, ...]


def address(root: str, token: str) -> str | None:
    """The address of the webhooks below a public root (https, or http of this machine); None if it is none."""
    try:
        parts = urlsplit(root.strip())
        is_one = bool(parts.hostname) and parts.port != 0 and not (parts.query or parts.fragment or "@" in parts.netloc)
    except ValueError:
        return None
    is_here = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if not is_one or not (parts.scheme == "https" or (parts.scheme == "http" and is_here)) or not root.isprintable():
        return None
    return f"{root.strip().rstrip('/')}{PATH}{token}"


def is_ours(url: str, token: str) -> bool:
    """Whether a webhook's address is one of this database, at whatever host."""
    return url.rstrip("/").endswith(f"{PATH}{token}")


def shown_url(url: str) -> str:
    """The scheme and host of another program's address."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return ""
    return f"{parts.scheme}://{host}"


def registering(known: Iterable[Webhook], clocks: Mapping[int, str]) -> Registering:
    """What makes the webhooks of this database one for each time clock and one for people.

    Those that are there are changed, whatever they are like, since nobody is shown their secret. Further ones of the
    same time clock would ring twice, those of other time clocks for nothing: they are removed.
    """
    wanted: dict[tuple[str, int | None], Wanted] = {
        ("time_activity", clock): Wanted("time_activity", clock, f"connecteam-sync {name}".strip()[:100])
        for clock, name in clocks.items()
    }
    wanted["users", None] = Wanted("users", None, "connecteam-sync people")
    change: list[tuple[Webhook, Wanted]] = []
    remove: list[Webhook] = []
    for webhook in known:
        if not webhook.is_ours:
            continue
        one = wanted.pop((webhook.feature, webhook.time_clock_id), None)
        if one is None:
            remove.append(webhook)
        else:
            change.append((webhook, one))
    return Registering(tuple(wanted.values()), tuple(change), tuple(remove))
