"""What a message of the broker says: whose turn it is. It names rows of the control database, and has their version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from connecteam_sync.core.fleet import Turn
from connecteam_sync.store.control.schema import VERSION


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A turn that was given out; it is done only by whoever shows the `token` of its lease."""

    version: int
    account: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9_-]{0,39}\\Z")]
    slot: Annotated[int, msgspec.Meta(ge=0, lt=1 << 31)]
    token: Annotated[str, msgspec.Meta(pattern="^[ -~]{1,64}\\Z")]


def written(turn: Turn) -> dict[str, Any]:
    """The members of the message that gives out a turn."""
    token = str(turn.lease_token)
    return msgspec.to_builtins(Message(version=VERSION, account=turn.account, slot=turn.slot, token=token))  # type: ignore[no-any-return]


def strange(task: str, headers: object, body: object) -> str | None:
    """Why an envelope is none of those that `serve` sends for `task`; None if it is one.

    Celery works by what an envelope asks for, of whoever reaches the broker: what it cannot unpack ends the worker, a
    time to wait for is kept in its memory, and a task to follow is published.
    """
    if not isinstance(headers, Mapping) or headers.get("task") != task:
        return "it names another task, or none"
    if not isinstance(headers.get("id"), str):
        return "it has no id"
    asked = [name for name in _ASKS_FOR if headers.get(name)]
    limits = headers.get("timelimit")
    if asked or (limits is not None and limits != [None, None]):
        return f"it asks for what no turn needs: {', '.join(asked) or 'timelimit'}"
    match body:
        case [list(), dict() as members, None | dict() as follows] if all(isinstance(name, str) for name in members):
            return "it asks for tasks that follow" if any((follows or {}).values()) else None
    return "its body is not that of a task"


_ASKS_FOR = ("eta", "expires", "group", "stamps", "stamped_headers", "retries", "replaced_task_nesting")
"""Headers that have Celery do more than the turn."""


def understood(members: Mapping[str, Any]) -> Message | str:
    """The message, or why it cannot be read: then nobody here knows what its other members would mean."""
    version = members.get("version")
    if version != VERSION:
        return f"it is of version {str(version)[:20]}, and this worker knows {VERSION}"
    try:
        return msgspec.convert(members, Message)
    except msgspec.ValidationError as error:
        return f"it is no message of version {VERSION}: {error}"
