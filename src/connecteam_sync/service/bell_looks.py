"""The looks that follow doorbells: which days they concern, what they found, and how reliably doorbells come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.bells import Doorbell, Reliability, found_for
from connecteam_sync.core.run import Run
from connecteam_sync.core.window import EARLIEST, Window, local_day
from connecteam_sync.store.service.announced import Announcements
from connecteam_sync.store.service.bells import Bells, Hearing, RememberedBreak, Transaction
from connecteam_sync.store.service.due import DueClock

FURTHER_DAYS = 31
"""The most days outside of an ordinary look that the doorbells of one look may ask for."""
AROUND = timedelta(days=5)
"""The days around are looked at in the same call: by one day alone the guards could not tell a deletion from an answer
in which everything is missing.
"""
_DAY = timedelta(days=1)


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """The doorbells that a look answers, the instants that they are about, and how reliably they come.

    `breaks` is what was remembered of the breaks among them before the look: a change of one is in no journal.
    """

    bells: tuple[Doorbell, ...] = ()
    breaks: Mapping[str, RememberedBreak] = {}
    instants: frozenset[int] = frozenset()
    reliability: Reliability = Reliability()

    @property
    def users(self) -> frozenset[int]:
        """The users of activities: some may be new."""
        return frozenset(bell.user_id for bell in self.bells if bell.user_id is not None and bell.is_of_a_shift)

    @property
    def is_of_people(self) -> bool:
        """Whether something of the people themselves may have changed."""
        return any(not bell.is_of_a_shift for bell in self.bells)


class BellLooks:
    """The doorbells of one client's database. `ahead` is by how many seconds a simulation is ahead of that."""

    def __init__(self, client: ConnecteamSync, *, ahead: Callable[[], int]) -> None:
        self._client, self._store, self._ahead = client, client.store, ahead
        s = client.settings
        self._recheck, self._zone = s.recheck_seconds, ZoneInfo(s.timezone)

    @property
    def rows(self) -> Bells:
        """The doorbells on record, at this moment."""
        return Bells(self._store.dialect, self._store.own, ahead=self._ahead())

    @property
    def announcements(self) -> Announcements:
        """The changes that are judged, at this moment."""
        return Announcements(self._store.dialect, self._store.own, ahead=self._ahead())

    def take(self, connection: Transaction, held: DueClock) -> Taken:
        """What the look under this lease answers, in the transaction of the claim."""
        bells = self.rows.take(connection, held.time_clock_id, str(held.lease_token))
        known = self.rows.starts_of(connection, {bell.activity_id for bell in bells if bell.activity_id is not None})
        breaks = self.rows.breaks_of(connection, _breaks(bells))
        instants = {bell.starts_at for bell in bells} | set(known.values()) | {begins for begins, *_ in breaks.values()}
        reliability = self.announcements.reliability(connection, held.time_clock_id)
        return Taken(
            bells=bells,
            breaks=breaks,
            instants=frozenset(at for at in instants if at is not None),
            reliability=reliability.get(held.time_clock_id, Reliability()),
        )

    def days(self, taken: Taken) -> tuple[Window, ...]:
        """The days outside of an ordinary look that doorbells are about, the newest 31; none in the future.

        A shift that was moved is looked for on the day of the event and on the day that is remembered.
        """
        recent = self._client.recent()
        days = {local_day(at, self._zone) for at in taken.instants}
        before = sorted(day for day in days if EARLIEST + AROUND < day < recent.first)[-FURTHER_DAYS:]
        found = [self._client.window(day - AROUND, min(day + AROUND, recent.first - _DAY)) for day in before]
        tomorrow = recent.last + _DAY
        return (*found, *([self._client.window(tomorrow, tomorrow)] if tomorrow in days else ()))

    def prepare(self, taken: Taken) -> None:
        """Have people asked for again where a doorbell is about one who is not listed, or about a person's own data.

        Raises UpstreamError.
        """
        if taken.bells:
            self._client.expect_users(taken.users, again=taken.is_of_people)

    def note(self, connection: Transaction, held: DueClock, taken: Taken, runs: Sequence[Run] | None) -> None:
        """Note what came of a look, in the transaction in which the visit is noted; None: it did not come about."""
        rows, announcements = self.rows, self.announcements
        if runs is None:
            rows.let_go(connection, str(held.lease_token))
            return
        numbers = [run.id for run in runs if run.id is not None and run.status == "applied"]
        clock = held.time_clock_id
        changes = announcements.changes_of(connection, numbers, clock)
        remembered = rows.breaks_of(connection, _breaks(taken.bells))
        changed = {change.shift_id for change in changes}
        changed |= {one for one, values in remembered.items() if values != taken.breaks.get(one)}
        of_holds: set[str | int | None] = {
            part for run in runs for hold in run.holds for part in (hold.shift_id, hold.user_id)
        }
        last = next((run.id for run in reversed(runs) if run.id is not None), None)
        hearings = [
            self._hearing(
                bell,
                Hearing(
                    bell=bell,
                    found=found_for(
                        bell,
                        changed=changed,
                        held=frozenset(one for one in of_holds if one is not None),
                        any_change=bool(numbers),
                    ),
                    run=last,
                    wants=None,
                ),
            )
            for bell in taken.bells
        ]
        rows.heard(connection, hearings)
        first = rows.since(connection) if changes or taken.bells else None
        # What was found by the first look since doorbells are expected may have happened before.
        if first is not None and held.last_good is not None and held.last_good >= first:
            events = [change for change in changes if change.is_event]
            announcements.judge(connection, clock, events, since=held.last_good)
        announcements.announce(connection, taken.bells)

    def _hearing(self, bell: Doorbell, heard: Hearing) -> Hearing:
        is_to_be_repeated = heard.found == "nothing" and bell.looks == 0
        return msgspec.structs.replace(heard, wants=self._recheck) if is_to_be_repeated else heard


def _breaks(bells: Iterable[Doorbell]) -> frozenset[str]:
    """The ids that may be those of breaks."""
    return frozenset(bell.activity_id for bell in bells if bell.activity_id is not None and bell.kind != "shift")


def lag(bells: Iterable[Doorbell]) -> list[int]:
    """Seconds from each delivery to the end of its look, sorted."""
    return sorted(bell.heard_at - bell.received_at for bell in bells if bell.heard_at is not None)
