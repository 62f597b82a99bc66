"""Looks are counted, and what begins or ends with them is told: claimed, sent, and noted, each in its own transaction.

Whatever fails here is said with a note and disturbs nothing: the run is over and committed by then.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.alerts.away import Absences
from connecteam_sync.alerts.receiver import NotSent, PartlySent, Receiver
from connecteam_sync.alerts.receivers import Receivers
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.alerts import AlertRow, Due, Message, Told, evaluated, has_come, sent, trial
from connecteam_sync.core.looks import BAD_LOOKS, LooksOf
from connecteam_sync.core.status import MirrorStatus, status_of
from connecteam_sync.engine.status import FactsReading, database_is_away
from connecteam_sync.errors import ConnecteamSyncError, DatabaseError, DatabaseUnavailable
from connecteam_sync.store.service.alerts import AlertRows
from connecteam_sync.store.service.looks import EVERY, Looks
from connecteam_sync.store.sql.pipeline import Query, Rows, fetch, send
from connecteam_sync.store.store import Transaction

SECONDS = 10.0
"""All receivers together take no longer, but for the `grace` of each."""
_TRIES = 2
"""A row that two processes insert at the same moment fails one of them, once."""
_REFUSED = 400


class Teller:
    """Counts the looks of one client, and tells `receivers`; `note` is given what a person may want to know.

    `ahead` is by how many seconds a simulation is ahead of the database's clock, `seconds` what all receivers together
    may take, `ping_every` how far apart two pings are at least. One thread at a time.
    """

    def __init__(
        self,
        client: ConnecteamSync,
        receivers: Receivers,
        *,
        note: Callable[[str], None] = lambda _: None,
        ahead: Callable[[], int] = lambda: 0,
        seconds: float = SECONDS,
        ping_every: float = 0,
    ) -> None:
        self._client, self._store, self._receivers = client, client.store, receivers
        self._note, self._ahead, self._seconds = note, ahead, seconds
        self._ping_every, self._pinged, self._is_ping_taken = ping_every, float("-inf"), True
        self._failing: dict[tuple[str, str, str], str] = {}
        self._absences = Absences(client.settings.state_folder, client.store.name)

    def tell(self, looks: LooksOf | None = None, *, remembers: bool = False) -> MirrorStatus | None:
        """Count a look, if there was one, and tell what begins or ends. None if the database cannot say how it is.

        `remembers`: this process goes on, so that one failure of the database is not told yet.
        """
        try:
            status, due, token = self._step(looks)
        except ConnecteamSyncError as error:
            # After a good look the database did answer: what is wrong then is with this alone, such as a right.
            if isinstance(error, DatabaseError) and (looks is None or looks.is_bad):
                return self.away(error.message, remembers=remembers)
            self._note(f"the look could not be counted, and nobody was told: {error.message}")
            return None
        is_well = status.state != "not_well" and not (looks is not None and looks.is_bad)
        is_due = time.monotonic() - self._pinged >= self._ping_every
        results = self._send(due, ping=is_well and is_due)
        if due:
            self._record(results, token, now=status.at)
        return status

    def test(self) -> dict[str, str | None]:
        """Send a test to each receiver: why it did not take it, or None, by name."""
        message = trial(int(time.time()))
        due = [Due(name, message) for name in self._receivers.names]
        return {one.channel: str(error) if error else None for one, error in self._send(due, ping=False).items()}

    # -- what is due ---------------------------------------------------------------------------------------------------

    def _step(self, looks: LooksOf | None) -> tuple[MirrorStatus, list[Due], str]:
        self._store.columns()
        if looks is None and not self._absences.now.bad:
            with self._store.connection() as connection:
                rows, *fetched = fetch(connection, [self._rows.all(), *self._reading.queries])
                status, changed, due = self._evaluated(_by_name(rows), fetched)
            if not changed and not due:
                return status, [], ""
        new = self._client.take_unknown_members()
        for attempt in range(_TRIES):
            token = str(uuid.uuid4())
            try:
                with self._store.own_rows("counting a look") as connection:
                    status, due = self._counted(connection, looks, token, new=new)
            except DatabaseUnavailable:
                raise
            except ConnecteamSyncError:
                if attempt == _TRIES - 1:
                    raise
                continue
            break
        self._absences.end()
        return status, due, token

    def _counted(
        self, connection: Transaction, looks: LooksOf | None, token: str, *, new: Collection[str]
    ) -> tuple[MirrorStatus, list[Due]]:
        """Count looks in this transaction, and claim what is due: three round trips, and one where anything began."""
        counted = Looks(self._store.dialect, self._store.own, ahead=self._ahead())
        absence, reading = self._absences.now, self._reading
        clocks, kept = fetch(connection, [counted.known(), self._rows.all(lock=True)])
        known, rows = frozenset(clocks), _by_name(kept)
        statements: list[Query] = []
        if absence.bad:
            # Whoever was told of it is told of its end after as many good looks as of any trouble.
            bad = max(absence.bad, BAD_LOOKS if absence.told else 0)
            statements += counted.adding(known, bad, absence.since, absence.error)
            known = known or frozenset({EVERY})
            if absence.told:
                row = self._told_before(rows)
                statements += self._rows.writing([row], rows)
                rows[row.name] = row
        if looks is not None:
            statements += counted.noting(known, looks)
            if (calls := self._client.day_calls) is not None:
                limit = self._client.day_calls_limit
                statements += counted.noting_calls(left=calls[0], limit=limit, reserved=calls[1])
        statements += counted.noting_new(new)
        fetched = fetch(connection, [*statements, *reading.queries])[len(statements) :]
        status, changed, due = self._evaluated(rows, fetched, token=token)
        send(connection, self._rows.writing(changed, rows))
        return status, due

    def _told_before(self, rows: Mapping[str, AlertRow]) -> AlertRow:
        """The row of what was told while the database was away."""
        absence = self._absences.now
        row = rows.get("mirror_stale", AlertRow(name="mirror_stale"))
        if row.state == "well":
            row = msgspec.structs.replace(
                row,
                state="trouble",
                number=row.number + 1,
                began_at=absence.since,
                changed_at=absence.since,
                is_counted=True,
                message=f"the database does not answer: {absence.message}",
                next_step="connecteam-sync doctor",
            )
        told = {name: Told(state="trouble", number=row.number, at=absence.since) for name in absence.told}
        return msgspec.structs.replace(row, told={**row.told, **told})

    def _evaluated(
        self, rows: Mapping[str, AlertRow], fetched: Sequence[Rows], *, token: str = ""
    ) -> tuple[MirrorStatus, list[AlertRow], list[Due]]:
        status = status_of(self._reading.facts(fetched))
        names, quiet = self._receivers.names, self._is_quiet(status.at)
        changed, due = evaluated(tuple(rows.values()), status, names, token=token, quiet=quiet)
        return status, changed, due

    @property
    def _reading(self) -> FactsReading:
        s = self._client.settings
        return FactsReading(
            self._store,
            timezone=s.timezone,
            cadence=s.cadence_seconds,
            slice_days=s.slice_days,
            ahead=self._ahead(),
        )

    @property
    def _rows(self) -> AlertRows:
        return AlertRows(self._store.dialect, self._store.own)

    def _is_quiet(self, at: int) -> bool:
        if self._receivers.quiet is None:
            return False
        moment = datetime.fromtimestamp(at, ZoneInfo(self._client.settings.timezone))
        return self._receivers.quiet.has(moment.hour * 60 + moment.minute)

    # -- the database is away ------------------------------------------------------------------------------------------

    def away(self, message: str, *, remembers: bool = False) -> MirrorStatus:
        """The database does not answer: count and tell that without it, remembered as well as can be."""
        now = int(time.time()) + self._ahead()
        absence = self._absences.count(now, message)
        facts = database_is_away(now, timezone=self._client.settings.timezone, message=message, since=absence.since)
        status = status_of(facts)
        is_known = remembers or self._absences.is_remembered
        is_due = has_come(absence.next_try, now, attempts=absence.attempts)
        if (is_known and not absence.is_trouble) or self._is_quiet(now) or not is_due:
            return status
        problem = status.problems[0]
        letter = Message(
            name=problem.name,
            state="trouble",
            number=0,
            since=problem.since,
            ended=None,
            message=problem.message,
            means=problem.means,
            next_step=problem.next_step,
        )
        due = [Due(name, letter) for name in self._receivers.names if name not in absence.told]
        results = self._send(due, ping=False)
        taken = tuple(one.channel for one, error in results.items() if _is_taken(error))
        self._absences.told(taken, at=now, all_of_them=len(taken) == len(results))
        return status

    # -- sending -------------------------------------------------------------------------------------------------------

    def _send(self, due: Iterable[Due], *, ping: bool) -> dict[Due, NotSent | None]:
        """Send these at the same time, each receiver's one after the other: why one was not taken, or None.

        For those that are left out there was no time: they are due again when the claim ends.
        """
        account = self._client.settings.account
        several = [one._replace(message=one.message.of(account)) for one in due]
        url = self._receivers.ping_url if ping else None
        if url is not None:
            self._pinged = time.monotonic()
        if not several and url is None:
            return {}
        ends = time.monotonic() + self._seconds
        results: dict[Due, NotSent | None] = {}
        by_name: Mapping[str, Receiver] = {one.name: one for one in self._receivers.every}
        own = {one.channel: [each for each in several if each.channel == one.channel] for one in several}
        from multiprocessing.pool import ThreadPool  # noqa: PLC0415 - only where there is something to send

        # Its threads are daemons: a receiver that hangs keeps nobody. What one raises, whatever it is, is its result.
        pool = ThreadPool(len(own) + 1)
        waiting = {name: pool.apply_async(_send_all, (by_name[name], own[name], ends, results)) for name in own}
        pinged = pool.apply_async(_ping, (url, ends))
        for name, result in (*waiting.items(), ("", pinged)):
            grace = by_name[name].grace if name else 0.0
            result.wait(max(0.0, ends + grace - time.monotonic()))
        known = dict(results)
        for name, result in waiting.items():
            if result.ready() and not result.successful():
                unforeseen = NotSent("it failed in a way that nobody foresaw")
                known |= {one: unforeseen for one in own[name] if known.get(one) is not None}
        if url is not None:
            self._say_of_the_ping(is_taken=pinged.ready() and pinged.successful())
        pool.terminate()
        for one, error in known.items():
            self._say(one, error)
        return known

    def _say_of_the_ping(self, *, is_taken: bool) -> None:
        """Once when it is not taken any more, and once when it is again."""
        if is_taken != self._is_ping_taken:
            self._note("the dead-man's ping is taken again" if is_taken else "the dead-man's ping was not taken")
        self._is_ping_taken = is_taken

    def _say(self, one: Due, error: NotSent | None) -> None:
        """Why a message was not taken, once until that changes: a receiver may be away for days."""
        key, name = (one.channel, one.message.name, one.message.state), f"alert {one.message.name}"
        before = self._failing.pop(key, None)
        if error is None:
            if before is not None:
                self._note(f"{name} was taken by {one.channel} at last")
            return
        how = "not taken by all of" if isinstance(error, PartlySent) else "not taken by"
        if not isinstance(error, PartlySent):
            self._failing[key] = str(error)
        if str(error) != before:
            self._note(f"{name} was {how} {one.channel}: {error}")

    def _record(self, results: Mapping[Due, NotSent | None], token: str, *, now: int) -> None:
        try:
            with self._store.own_rows("noting who was told") as connection:
                [kept] = fetch(connection, [self._rows.all(lock=True)])
                rows = _by_name(kept)
                changed: dict[str, AlertRow] = {}
                for (channel, message), error in results.items():
                    row = changed.get(message.name, rows.get(message.name))
                    if row is None:
                        continue  # a person deleted it meanwhile: what is still wrong begins again with the next turn
                    why = None if _is_taken(error) else str(error)
                    changed[message.name] = sent(row, channel, token=token, now=now, error=why)
                send(connection, self._rows.writing(changed.values(), rows))
        except ConnecteamSyncError as error:
            self._note(f"who was told could not be noted: {error.message}")


def _by_name(rows: Iterable[AlertRow]) -> dict[str, AlertRow]:
    return {row.name: row for row in rows}


def _is_taken(error: NotSent | None) -> bool:
    return error is None or isinstance(error, PartlySent)


def _send_all(receiver: Receiver, due: Iterable[Due], ends: float, results: dict[Due, NotSent | None]) -> None:
    seconds = ends - time.monotonic()
    for one in due:
        left = ends - time.monotonic()
        if left <= 0:
            return
        results[one] = NotSent(f"it took longer than {seconds + receiver.grace:.0f} seconds")
        try:
            receiver.send(one.message, left)
        except NotSent as error:
            results[one] = error
        else:
            results[one] = None


def _ping(url: str | None, ends: float) -> None:
    """Raises NotSent unless it was taken."""
    if url is None:
        return
    from connecteam_sync.alerts.webhook import requested  # noqa: PLC0415 - only those who have it load it

    status = requested("GET", url, max(0.1, ends - time.monotonic()))
    if status >= _REFUSED:
        raise NotSent(f"the receiver answered {status}")
