"""The checks of `doctor` that ask Connecteam: the company of the key, both clocks, time clocks and users."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from zoneinfo import ZoneInfo

from connecteam_sync.api.client import Connecteam
from connecteam_sync.api.wire import TimeClock
from connecteam_sync.core.run import Check
from connecteam_sync.core.text import called, many
from connecteam_sync.core.window import Window, local_day
from connecteam_sync.engine.account import READABLE, UNREADABLE, VANISHED, AccountCheck
from connecteam_sync.errors import ConfigurationError, ConnecteamSyncError, DatabaseError, NotInitialised, Rejected
from connecteam_sync.store.mirror.assignments import held_though_assigned
from connecteam_sync.store.session import Session

_SKEW = 120
"""Seconds that this machine's clock may be off without a warning."""
_CLOCKS = 20
"""How many time clocks one line names."""


def failed(name: str, error: ConnecteamSyncError) -> Check:
    """The failed check for an error."""
    return Check(name=name, state="failed", detail=error.message, cure=error.next_step)


def _company(belonging: AccountCheck) -> Iterator[Check]:
    """The company of the key, and whether the database belongs to it. An unreadable database was reported before."""
    company = belonging.company()
    if company is None:
        yield Check(name="Connecteam", state="warning", detail=UNREADABLE, cure=READABLE)
    else:
        yield Check(name="Connecteam", state="ok", detail=f"the key is that of {called(company.name)}")
    try:
        known = belonging.check_stored()
    except ConfigurationError as error:
        if not isinstance(error, NotInitialised):
            yield failed("account", error)
        return
    except DatabaseError:
        return
    if known is None:
        yield Check(name="account", state="ok", detail="no run has noted yet whose data this is: the first one will")
        return
    try:
        belonging.require_company(company)
        yield Check(name="account", state="ok", detail=f"{known.company}, {known.region or 'region not known yet'}")
    except ConfigurationError as error:
        yield failed("account", error)


def archived(make: Callable[[], Connecteam], kept: Mapping[int, int], zone: ZoneInfo) -> Iterator[Check]:
    """Whether archived or unlisted time clocks with rows here (`kept`: their number by id) can still be read.

    If not, their hours stay as they are.
    """
    today = local_day(int(time.time()), zone)
    try:
        client = make()
        listed = client.time_clocks()
        vanished = sorted(kept.keys() - {clock.id for clock in listed})
        archived = [clock for clock in listed if clock.is_archived and clock.id in kept]
        for clock in (*archived, *(TimeClock(id=id_, name=VANISHED, is_archived=True) for id_ in vanished)):
            name = f"{clock.id} {called(clock.name)}"
            try:
                client.fetch_activities(clock.id, Window(today, today, zone.key))
            except Rejected as error:
                yield Check(
                    name="archived clock",
                    state="warning",
                    detail=f"time clock {name} cannot be read; its hours stay as they are, held as clock_not_looked_at"
                    f" (rows here: {kept[clock.id]:,}): {error.message}",
                    cure=f"bring it back in Connecteam, or: connecteam-sync clocks vouch {clock.id} --reason R",
                )
            else:
                yield Check(name="archived clock", state="ok", detail=f"time clock {name} can be read")
    except ConnecteamSyncError:
        # The checks before this one reported why Connecteam cannot be asked.
        return


def incomplete(session: Session) -> Iterator[Check]:
    """The time clocks whose answers leave out people who are assigned to them, as far as runs have asked about it."""
    for clock, users in held_though_assigned(session).items():
        shown = ", ".join(map(str, users[:_CLOCKS])) + (f" and {len(users) - _CLOCKS:,} more" * (len(users) > _CLOCKS))
        yield Check(
            name="incomplete answer",
            state="warning",
            detail=f"time clock {clock} leaves out {many(len(users), 'user')} assigned to it ({shown}); their rows are"
            " kept",
            cure="look at these people in Connecteam: whether they are active, and on this time clock; connecteam-sync"
            " holds --kind user_not_listed lists what is kept",
        )


def upstream(make: Callable[[], Connecteam], belonging: AccountCheck, wanted: tuple[int, ...]) -> Iterator[Check]:
    """The company of the key, this machine's clock, the time clocks and the users."""
    try:
        client = make()
        yield from _company(belonging)
    except ConnecteamSyncError as error:
        yield failed("Connecteam", error)
        return
    skew = client.server_clock_skew
    if skew is not None and abs(skew) > _SKEW:
        yield Check(
            name="clock",
            state="warning",
            detail=f"this machine's clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} Connecteam's",
            cure="let it follow a time server",
        )
    else:
        yield Check(name="clock", state="ok", detail="this machine's clock agrees with Connecteam's")
    try:
        clocks = client.time_clocks()
        known = {clock.id for clock in clocks}
        missing = [str(clock) for clock in wanted if clock not in known]
        shown = _clocks(clocks)
        if missing:
            yield Check(
                name="time clocks",
                state="failed",
                detail=f"there is no time clock {', '.join(missing)}",
                cure=f"set CONNECTEAM_SYNC_TIME_CLOCKS to some of: {shown}",
            )
        else:
            yield Check(name="time clocks", state="ok", detail=shown)
        yield Check(name="users", state="ok", detail=f"{many(len(client.users().users), 'user')} can be read")
    except ConnecteamSyncError as error:
        yield failed("time clocks and users", error)


def _clocks(clocks: Sequence[TimeClock]) -> str:
    """The first time clocks with their ids, and how many more there are."""
    shown = [f"{c.id} {called(c.name)}{' (archived)' if c.is_archived else ''}" for c in clocks[:_CLOCKS]]
    return ", ".join(shown) + (f" and {len(clocks) - _CLOCKS:,} more" if len(clocks) > _CLOCKS else "")
