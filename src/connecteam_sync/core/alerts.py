"""Alerts: what is told when trouble begins and when it ends, to whom, and when it is tried again.

Pure. Each problem has a row: its state, the number of its trouble, and what each receiver was told of it. A message is
due where these differ; it is claimed before it is sent, so that two processes do not send it twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.cadence import SET_BACK
from connecteam_sync.core.looks import GOOD_LOOKS
from connecteam_sync.core.problems import MEANS, NEVER_LOOKED, UNTOLD, Problem, ProblemName
from connecteam_sync.core.status import MirrorStatus
from connecteam_sync.core.text import of_account
from connecteam_sync.core.window import local_time

AlertState = Literal["trouble", "well"]
CLAIM_SECONDS = 60
"""For so long nobody else sends a message that was claimed; whoever claimed it has long sent it, or was killed."""
ATTEMPTS = 8
"""So often a message is tried within an hour, and then every six hours: a receiver may be away for longer than that."""
_FIRST_WAIT, _LONGEST_WAIT, _LATER = 30, 1800, 6 * 3600


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a receiver was told last of a problem, and the message that is on its way. Instants are epoch seconds.

    `number` is that of the trouble. `attempts` failed so far, the next is due at `next_try`; `until` the claim of
    `token` holds.
    """

    state: AlertState = "well"
    number: int = 0
    at: int | None = None
    attempts: int = 0
    trying: tuple[AlertState, int] | None = None
    next_try: int = 0
    token: str | None = None
    until: int = 0
    error: str = ""


class AlertRow(msgspec.Struct, frozen=True, kw_only=True):
    """A problem as alerts know it. `number` counts its troubles, `began_at` is of the last one.

    `is_counted`: it ends by looks in a row that were counted before. Else `good` counts the evaluations without it that
    each had new looks (`looks`: how many there were by then).
    """

    name: ProblemName
    state: AlertState = "well"
    number: int = 0
    began_at: int = 0
    changed_at: int = 0
    is_counted: bool = False
    good: int = 0
    looks: int = 0
    message: str = ""
    next_step: str = ""
    told: Mapping[str, Told] = {}


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message, the same for every receiver. `since` is when the trouble began, `ended` when it ended; `account` is
    whose it is, where there are several.
    """

    name: str
    state: AlertState
    number: int
    since: int
    ended: int | None
    message: str
    means: str
    next_step: str
    is_test: bool = False
    account: str | None = None

    @property
    def id(self) -> str:
        """The same for each attempt, and within one mirror no other message's."""
        return f"{self.name}-{self.number}-{self.since}-{self.state}"

    def of(self, account: str | None) -> Message:
        """The same, about one of several accounts."""
        step = of_account(self.next_step, account)
        return msgspec.structs.replace(self, account=account, next_step=step)


class Due(NamedTuple):
    """A message that was claimed for a receiver."""

    channel: str
    message: Message


def evaluated(
    rows: Iterable[AlertRow], status: MirrorStatus, channels: Sequence[str], *, token: str, quiet: bool
) -> tuple[list[AlertRow], list[Due]]:
    """The rows that change, and the messages that were claimed under `token`.

    `channels` are the receivers by name. While it is `quiet` nothing becomes due: what is still so afterwards is told
    then, and what came and went in between is not.
    """
    known = {row.name: row for row in rows}
    now, looks = status.at, status.looks
    # Nobody is told that the first look has not begun: if it fails, that is trouble of its own.
    found = {
        problem.name: problem
        for problem in status.problems
        if problem.name not in UNTOLD and problem.message != NEVER_LOOKED
    }
    changed: list[AlertRow] = []
    due: list[Due] = []
    for name in dict.fromkeys((*known, *found)):
        before = known.get(name, AlertRow(name=name))
        row = _moved(before, found.get(name), now=now, looks=looks)
        for channel in () if quiet else channels:
            told = row.told.get(channel, Told())
            wanted = _wanted(row, told)
            if wanted is None or not _is_free(told, wanted, now):
                continue
            attempts = told.attempts if told.trying == wanted else 0
            claimed = msgspec.structs.replace(
                told, trying=wanted, attempts=attempts, token=token, until=now + CLAIM_SECONDS
            )
            row = msgspec.structs.replace(row, told={**row.told, channel: claimed})
            due.append(Due(channel, _message(row)))
        if row != before or name not in known:
            changed.append(row)
    return changed, due


def _moved(row: AlertRow, problem: Problem | None, *, now: int, looks: int) -> AlertRow:
    """The row after one more evaluation."""
    change = msgspec.structs.replace
    if problem is not None:
        said = change(
            row,
            is_counted=problem.is_counted or (row.is_counted and row.state == "trouble"),
            good=0,
            looks=looks,
            message=problem.message,
            next_step=problem.next_step,
        )
        if row.state == "trouble":
            # How long it has lasted, and how many there are, is not news: the row is written where the words matter.
            return row if (row.good, row.is_counted) == (0, said.is_counted) else said
        return change(said, state="trouble", number=row.number + 1, began_at=problem.since, changed_at=now)
    if row.state == "well":
        return row
    good = row.good + (looks != row.looks)
    if row.is_counted or good >= GOOD_LOOKS:
        return change(row, state="well", changed_at=now, good=0, looks=looks)
    return change(row, good=good, looks=looks)


def _wanted(row: AlertRow, told: Told) -> tuple[AlertState, int] | None:
    """What a receiver is to be told; None if they know. An end is told to whoever was told of the beginning, also where
    another trouble came and went since of which they heard nothing.
    """
    if row.state == "trouble":
        return None if (told.state, told.number) == ("trouble", row.number) else ("trouble", row.number)
    return ("well", row.number) if told.state == "trouble" else None


def _is_free(told: Told, wanted: tuple[AlertState, int], now: int) -> bool:
    """Whether a message may be sent now: nobody is at it, and it has not failed too often or just now."""
    if told.trying != wanted:
        return told.token is None or _has_come(told.until, now, CLAIM_SECONDS)
    return _has_come(told.until, now, CLAIM_SECONDS) and has_come(told.next_try, now, attempts=told.attempts)


def retry_in(attempts: int) -> int:
    """Seconds until a message is tried again, of which so many attempts had failed before this one."""
    return min(_FIRST_WAIT << attempts, _LONGEST_WAIT) if attempts < ATTEMPTS - 1 else _LATER


def has_come(next_try: int, now: int, *, attempts: int) -> bool:
    """Whether it is time to try a message again, of which so many attempts failed."""
    return _has_come(next_try, now, retry_in(max(0, attempts - 1)))


def _has_come(at: int, now: int, longest: int) -> bool:
    """Whether a moment has come. What lies further ahead than is ever waited for was noted before the clock was set
    back.
    """
    return not now < at <= now + longest + SET_BACK


def sent(row: AlertRow, channel: str, *, token: str, now: int, error: str | None) -> AlertRow:
    """The row after a message was sent, or failed (`error`); as it was if the claim is not ours any more."""
    told = row.told.get(channel, Told())
    if told.token != token or told.trying is None:
        return row
    if error is None:
        state, number = told.trying
        done = Told(state=state, number=number, at=now)
    else:
        later = now + retry_in(told.attempts)
        done = msgspec.structs.replace(
            told, attempts=told.attempts + 1, next_try=later, token=None, until=0, error=error
        )
    return msgspec.structs.replace(row, told={**row.told, channel: done})


def _message(row: AlertRow) -> Message:
    return Message(
        name=row.name,
        state=row.state,
        number=row.number,
        since=row.began_at,
        ended=row.changed_at if row.state == "well" else None,
        message=row.message,
        means=MEANS[row.name],
        next_step=row.next_step,
    )


def trial(now: int) -> Message:
    """What `alerts test` sends."""
    return Message(
        name="test",
        state="trouble",
        number=now,
        since=now,
        ended=None,
        message="this is a test: alerts of connecteam-sync arrive here",
        means="nothing: all is as it was",
        next_step="none is needed",
        is_test=True,
    )


# -- words -------------------------------------------------------------------------------------------------------------


def title(message: Message, zone: ZoneInfo) -> str:
    """One line: what, and since when."""
    whose = f"connecteam-sync, account {message.account}" if message.account is not None else "connecteam-sync"
    if message.is_test:
        return f"{whose}: a test"
    if message.ended is not None:
        return f"{whose}: {message.name} is over ({_moment(message.ended, zone)})"
    return f"{whose}: {message.name} since {_moment(message.since, zone)}"


def body(message: Message, zone: ZoneInfo) -> str:
    """The whole message for people."""
    lines = [title(message, zone), "", f"what:   {message.message}"]
    lines.append(f"since:  {_moment(message.since, zone)}")
    if message.ended is not None:
        return "\n".join([*lines, f"ended:  {_moment(message.ended, zone)}", ""])
    status = of_account("connecteam-sync status", message.account)
    lines += [f"means:  {message.means}", f"next:   {message.next_step}", "", f"{status} shows all of it."]
    return "\n".join([*lines, ""])


def _moment(at: int, zone: ZoneInfo) -> str:
    return f"{local_time(at, zone):%Y-%m-%d %H:%M %Z}"


def payload(message: Message) -> dict[str, object]:
    """The message for programs, by the names of standard-webhooks: instants are ISO 8601 in UTC."""
    data = {
        "account": message.account,
        "name": message.name,
        "state": message.state,
        "since": iso(message.since),
        "ended": iso(message.ended) if message.ended is not None else None,
        "message": message.message,
        "means": message.means,
        "next_step": message.next_step,
    }
    kind = "test" if message.is_test else message.state
    return {"type": f"connecteam_sync.{kind}", "timestamp": iso(message.ended or message.since), "data": data}


def iso(at: int) -> str:
    """`2025-12-02T14:00:00Z`."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """A problem as alerts know it, for people: its state, since when, and what became of each receiver's message.

    `told` are the instants at which each receiver was told of that state, `failed` why the last attempt of one failed.
    """

    name: ProblemName
    state: AlertState
    since: int
    message: str
    next_step: str
    told: Mapping[str, int]
    failed: Mapping[str, str]


def shown(row: AlertRow) -> Alert:
    """The row for people."""
    return Alert(
        name=row.name,
        state=row.state,
        since=row.began_at if row.state == "trouble" else row.changed_at,
        message=row.message,
        next_step=row.next_step,
        told={
            channel: told.at
            for channel, told in sorted(row.told.items())
            if told.at is not None and (told.state, told.number) == (row.state, row.number)
        },
        failed={channel: told.error for channel, told in sorted(row.told.items()) if told.error},
    )
