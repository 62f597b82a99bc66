"""Acting for a person: what they did goes on record in the transaction of what it did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.web.failures import NotAllowed
from connecteam_sync.web.page import Ask


def who(ask: Ask) -> str:
    """The name under which an action goes on record. Raises NotAllowed for whoever has none."""
    if ask.visitor.name is None:
        raise NotAllowed(
            "nobody is signed in, so nothing can be done here",
            next_step="on the machine of the service: connecteam-sync console user add NAME --role admin",
        )
    return ask.visitor.name


@contextmanager
def acting(
    ask: Ask, action: str, subject: str, detail: str = "", *, client: ConnecteamSync | None = None
) -> Iterator[ConnecteamSync]:
    """What `client` (by default that of the request) does in this block is done by who asks, and goes on record so."""
    doer = client or ask.client
    with doer.acting(by=who(ask), action=action, subject=subject, detail=detail):
        yield doer
