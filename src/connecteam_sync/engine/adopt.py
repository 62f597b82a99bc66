"""Take over a table that exists: inspect, back up, remove doubles, add the unique key online; and undo all of it.

Everything happens under the writer's lock, in steps that commit separately and stay whole if a run is killed: the run's
number, the backup table, the removal of doubles (one transaction), the key. The next call continues the same run.
On SQLite all of it is one transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy.exc import DBAPIError

from connecteam_sync.core.adopt import Offset, Survey, offset_rows
from connecteam_sync.core.change import Counts, Hold
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.events import Working
from connecteam_sync.core.keys import RowId, ordered
from connecteam_sync.core.run import Run, RunKind, Slice
from connecteam_sync.core.same_minute import ByMinute, by_minute
from connecteam_sync.core.shift import Shift
from connecteam_sync.core.text import many, one_line
from connecteam_sync.core.window import Window, local_day
from connecteam_sync.engine.context import Context, fresh_run
from connecteam_sync.engine.decide import now
from connecteam_sync.engine.events import run_ended
from connecteam_sync.engine.evidence import gather_evidence
from connecteam_sync.errors import AdoptRefused, ConnecteamSyncError, DatabaseError, RowMoved, UndoRefused
from connecteam_sync.store.adopt import backup, catalog, dedupe, inspect, link_minutes, unique_key
from connecteam_sync.store.adopt.dedupe import Adoption
from connecteam_sync.store.history import runs
from connecteam_sync.store.history.undo import require_kept, require_undoable, undo
from connecteam_sync.store.session import Session
from connecteam_sync.store.store import Lock
from connecteam_sync.store.tables import contents, probe
from connecteam_sync.store.tables.columns import require_served
from connecteam_sync.store.tables.init import UNIQUE_KEY
from connecteam_sync.store.tables.keys import row_id
from connecteam_sync.store.tables.support import require_table

ROUNDS = 10
"""How often doubles are removed if another program writes one before the key is added."""
_UNSEEN = 3
"""How often the database may find a double that we do not, before its own message is reported."""
EVIDENCE_DAYS = 28
"""How many of the table's newest days are compared with Connecteam by default."""
_AGAIN = "connecteam-sync adopt --apply"


class Adopter:
    """`adopt` on one store. Connecteam is only asked for evidence."""

    def __init__(self, context: Context) -> None:
        self._context, self.store, self.timezone = context, context.store, context.timezone
        self._zone = ZoneInfo(context.timezone)

    def _emit_working(self, what: str) -> None:
        self._context.emit(Working(what=what))

    # -- survey --------------------------------------------------------------------------------------------------------

    def survey(self, window: Window | None) -> Survey:
        """The state of the table, what `apply` would do, and rows at a time zone's offset from a shift in `window`."""
        self._emit_working("looking at the table")
        with self.store.reading("looking at the table") as session:
            require_table(session.host, session.columns, session.dialect)
            survey = inspect.survey(session, self.store.url, zone=self._zone, now=now())
        newest = survey.last_clock_in
        if window is None and newest is not None:
            last = min(local_day(newest, self._zone), local_day(now(), self._zone))
            window = Window(last - timedelta(days=EVIDENCE_DAYS - 1), last, self.timezone)
        if window is None:
            return survey
        try:
            offsets, minutes = self._compared(window)
        except ConnecteamSyncError as error:
            # The table can be surveyed without Connecteam; the survey says why this part is missing.
            return msgspec.structs.replace(survey, offsets_error=error.message)
        return msgspec.structs.replace(
            survey, offsets=offsets, offsets_days=(window.first, window.last), minutes=minutes
        )

    def _compared(self, window: Window) -> tuple[tuple[Offset, ...], ByMinute]:
        """Rows at a time zone's offset from a shift, and rows that differ from one only in the seconds."""
        self._emit_working("comparing with Connecteam")
        offsets: dict[RowId, Offset] = {}
        minutes = ByMinute()
        for seen in gather_evidence(self._context, window):
            rows = tuple(seen.rows.values())
            offsets |= {item.row.id or 0: item for item in offset_rows(rows, seen.shifts, seen.employees, self._zone)}
            start, end = seen.window.start_utc, seen.window.end_utc
            by = by_minute(
                (row for row in rows if start <= row.clock_in < end),
                (shift for shift in seen.shifts if start <= shift.start < end),
                seen.employees,
                linked={mirror.clock_time_id for mirror in seen.mirrors.values()},
                unchanged={name for name, mirror in seen.mirrors.items() if mirror.clock_time_id in seen.rows},
            )
            days = (seen.window.first, seen.window.last)
            minutes = minutes.merged(msgspec.structs.replace(by, days=days))
        return tuple(offsets[key] for key in sorted(offsets, key=ordered)), minutes

    # -- apply ---------------------------------------------------------------------------------------------------------

    def apply(self, link: Window | None = None) -> Run:
        """Back up, remove doubles, add the key; in the window `link`, also link rows that differ from a shift only in
        seconds. The receipt's `holds` are the doubles that need a person; while there are any, the key is not added.

        Raises AdoptRefused and NotServed before anything is written, LockHeld, UpstreamError; DatabaseError if the key
        is not valid in the end, or doubles are left although it is.
        """
        before = self.store.statements
        # Connecteam is asked before the lock is taken, so that others need not wait for its response.
        pairs = self._compared(link)[1].links if link is not None else ()
        with self.store.locked("adopting the table") as lock:
            begun = self._begin(lock, pairs)
            if isinstance(begun, Run):
                return begun
            number, window = begun
            slice_ = self._add_key(lock, number, window)
            with lock.session("finishing the run") as session:
                if pairs:
                    self._context.belonging.remember(session)  # `gather_evidence` has checked the account
                    linked = link_minutes.link(session, pairs, run=number, zone=self._zone, now=now())
                    slice_ = _and_linked(slice_, linked, len(pairs))
                runs.record_slice(session, number, slice_)
                spent = self.store.statements + session.waiting - before + 1
                runs.finish_run(session, number, now=now(), statements=spent, http_calls=0)
                run = runs.run(session, number)
        self._context.emit(run_ended(run))
        return run

    def _today(self) -> Window:
        today = local_day(now(), self._zone)
        return Window(today, today, self.timezone)

    def _fresh(
        self, kind: RunKind, window: Window, *, undoes: int | None = None, slices: tuple[Slice, ...] = ()
    ) -> Run:
        return msgspec.structs.replace(fresh_run(self.store, kind, window, undoes=undoes), slices=slices)

    def _begin(self, lock: Lock, pairs: Sequence[tuple[ClockTime, Shift]] = ()) -> tuple[int, Window] | Run:
        """The run to continue: one that was killed, or a new one; an unrecorded run if nothing can be done."""
        self._drop_backups_of_undone(lock)
        with lock.session("looking at the table") as session:
            require_served(session.host, session.columns, creates_employees=False)
            contents.require_contents(session)
            keys = catalog.foreign_keys(session)
            doubles = dedupe.doubles(session, keys, zone=self._zone, lock=False)
            key = catalog.unique_key(session.connection, session.dialect, session.host)
            has_key = key is not None and key.is_valid
            obstacles = inspect.obstacles(session, self.store.url, keys, doubles, has_key=has_key)
            if obstacles:
                raise AdoptRefused(obstacles[0], next_step="cure that, then look again: connecteam-sync adopt")
            probe.require_probed(session, now=now())
            newest = runs.runs(session, limit=1, without="verify")
            if any(a.run == newest[0].id and not a.is_finished for a in dedupe.adoptions(session)):
                return newest[0].id or 0, newest[0].window
            window = dedupe.days_of_ours(session, dedupe.span(doubles, self._today()))
            holds = doubles.decision.holds
            if holds and not pairs and not doubles.decision.changes:
                return self._fresh("adopt", window, slices=(_waiting(window, holds),))
            if has_key and not holds and not pairs and not doubles.decision.changes:
                return self._fresh("adopt", window)
            number = runs.begin_run(session, self._fresh("adopt", window)).value
            dedupe.begin_adoption(session, number, had_key=has_key)
            return number, window

    def _add_key(self, lock: Lock, number: int, window: Window) -> Slice:
        """Remove doubles and add the key, again if another program writes a double in between; the final receipt."""
        end = Slice(time_clock_id=None, window=window, status="applied")
        unseen = 0
        for _ in range(ROUNDS):
            try:
                removed, holds = self._remove(lock, number, window)
            except RowMoved:
                continue
            if holds:
                return _waiting(window, holds)
            self._emit_working("adding the unique key")
            try:
                with lock.changing_tables("adding the unique key") as connection:
                    unique_key.add(
                        connection,
                        self.store.dialect,
                        self.store.host,
                        wait=self.store.lock_wait,
                        waiting=self._emit_working,
                    )
            except unique_key.DoublesAppeared as error:
                unseen = 0 if removed else unseen + 1
                if unseen == _UNSEEN:
                    return self._not_seen(end, error)
                self._emit_working("the database finds a double: looking again")
                continue
            self._prove(lock, number)
            return msgspec.structs.replace(
                end, note=f"the unique key {UNIQUE_KEY} is there, valid, and no double is left"
            )
        return msgspec.structs.replace(
            end,
            status="failed",
            exit_code=1,
            error=f"another program wrote doubles faster than the key could be added ({ROUNDS} times tried)",
            error_name="doubles_appear",
            next_step=f"stop that program for a minute, then: {_AGAIN}",
        )

    def _not_seen(self, end: Slice, error: unique_key.DoublesAppeared) -> Slice:
        """The receipt if the database finds equal rows that we do not see as doubles."""
        names, cause = self.store.host.clock_times, error.__cause__
        # PostgreSQL names the rows after the first line of its message.
        reason = one_line(str(cause.orig), 300) if isinstance(cause, DBAPIError) else "two rows are alike"
        return msgspec.structs.replace(
            end,
            status="failed",
            exit_code=1,
            error=f"the database refuses the unique key and no double is seen: {reason}",
            error_name="doubles_appear",
            next_step="correct or remove the rows that it names (connecteam-sync adopt tells each"
            f" {names.clock_in} that is no time, such as infinity); then: {_AGAIN}",
        )

    def _remove(self, lock: Lock, number: int, window: Window) -> tuple[bool, tuple[Hold, ...]]:
        """Remove doubles once: whether there were any, and those left to a person. Raises RowMoved."""
        self._emit_working("looking for doubles")
        with lock.session("looking for doubles") as session:
            keys = catalog.foreign_keys(session)
            decision = dedupe.doubles(session, keys, zone=self._zone, lock=False).decision
            mine = next(a for a in dedupe.adoptions(session) if a.run == number)
            columns = session.columns
        if not decision.changes:
            return False, decision.holds
        name = self.store.names.backup(number)
        if mine.backup_table is None:
            with lock.changing_tables("making the backup table") as connection:
                backup.create(connection, self.store.dialect, self.store.host, columns, name)
        self._emit_working(f"removing {len(decision.survivors)} doubles")
        with lock.session("removing doubles") as session:
            doubles = dedupe.doubles(session, keys, zone=self._zone, lock=True)
            window = dedupe.span(doubles, window)
            slice_ = dedupe.remove(session, doubles, keys, run=number, table=name, window=window, now=now())
            runs.record_slice(session, number, slice_)
        return True, doubles.decision.holds

    def _prove(self, lock: Lock, number: int) -> None:
        """Check the result: the key is valid, no double is left, the backup is as written. Raises DatabaseError."""
        self._emit_working("proving it")
        with lock.session("proving it") as session:
            key = catalog.unique_key(session.connection, session.dialect, session.host)
            left = dedupe.doubles(session, (), zone=self._zone, lock=False).groups
            mine = next(a for a in dedupe.adoptions(session) if a.run == number)
            if key is None or not key.is_valid or left:
                raise DatabaseError(
                    f"the unique key is not valid, or {len(left)} doubles are left although it is",
                    next_step=f"look at the table's clock-in column (fractions of a second?), then: {_AGAIN}",
                )
            if mine.backup_table is not None:
                backup.prove(session, mine.backup_table, mine.backup_rows, mine.backup_checksum)

    # -- undo ----------------------------------------------------------------------------------------------------------

    def undo(self) -> tuple[Run, ...]:
        """Undo every adoption, newest first: key, rows, references of other tables, backup; a run for each.

        Raises UndoRefused if there is none, or if a later run or another program touched its rows,
        or its days were purged; LockHeld.
        """
        done: list[Run] = []
        with self.store.locked("taking the adoption back") as lock:
            self._drop_backups_of_undone(lock)
            with lock.session("looking at the adoption") as session:
                standing = [adoption for adoption in dedupe.adoptions(session) if not adoption.is_undone]
            if not standing:
                raise UndoRefused(
                    "there is no adoption to take back", next_step="connecteam-sync adopt shows the table"
                )
            for adoption in reversed(standing):
                done.append(self._take_back(lock, adoption))
                self._drop_backups_of_undone(lock)
        for run in done:
            self._context.emit(run_ended(run))
        return tuple(done)

    def _take_back(self, lock: Lock, mine: Adoption) -> Run:
        before, started = self.store.statements, now()
        with lock.session("looking at the adoption") as session:
            run = runs.run(session, mine.run)
            window = run.window
            entries, _ = require_undoable(session, mine.run, self._zone)
            if not mine.had_key:
                _require_nothing_on_key(session)
            if mine.backup_table is not None:
                # Before the key is dropped: rows are only restored if the backup proves them.
                backup.require_there(session, mine.backup_table)
                rows = backup.prove(session, mine.backup_table, mine.backup_rows, mine.backup_checksum)
                stayed = rows.keys() - {row_id(entry["clock_time_id"]) for entry in entries}
                if stayed:
                    require_kept(session, run)
                    backup.require_unchanged(session, {row: rows[row] for row in stayed})
        if not mine.had_key:
            self._emit_working("dropping the unique key")
            with lock.changing_tables("dropping the unique key") as connection:
                unique_key.drop(
                    connection,
                    self.store.dialect,
                    self.store.host,
                    mine.indexes,
                    wait=self.store.lock_wait,
                    waiting=self._emit_working,
                )
        self._emit_working("bringing the rows back")
        try:
            return self._bring_back(lock, mine, window, started, before)
        except ConnecteamSyncError as error:
            if not mine.had_key:
                self._make_key_again(lock, error)
            raise

    def _make_key_again(self, lock: Lock, error: ConnecteamSyncError) -> None:
        """Add the key again after its rows could not be restored; the message of `error` says whether that worked."""
        self._emit_working("making the unique key again")
        try:
            with lock.changing_tables("making the unique key again") as connection:
                unique_key.add(
                    connection,
                    self.store.dialect,
                    self.store.host,
                    wait=self.store.lock_wait,
                    waiting=self._emit_working,
                    ignore_host_keys=True,
                )
            outcome = "the unique key is there as before"
        except (ConnecteamSyncError, unique_key.DoublesAppeared):
            outcome = f"the unique key is dropped: make it again with {_AGAIN}"
        error.message = f"{error.message} ({outcome})"
        error.args = (error.message,)

    def _bring_back(self, lock: Lock, mine: Adoption, window: Window, started: int, before: int) -> Run:
        """Restore the rows, references and links of an adoption whose key is dropped; the run that did it."""
        with lock.session("bringing the rows back") as session:
            keys = catalog.foreign_keys(session)
            by = runs.begin_run(session, self._fresh("undo", window, undoes=mine.run)).value
            done = undo(session, mine.run, window, by=by, now=started)
            left = dedupe.move_pointers_back(session, keys, mine.run)
            if mine.backup_table is not None:
                backup.prove_restored(session, mine.backup_table, mine.backup_rows, mine.backup_checksum)
            runs.record_slice(
                session, by, msgspec.structs.replace(done.slice, status="applied", holds=_left_behind(left))
            )
            spent = self.store.statements + session.waiting - before + 1
            runs.finish_run(session, by, now=now(), statements=spent, http_calls=0)
            return runs.run(session, by)

    def _drop_backups_of_undone(self, lock: Lock) -> None:
        """Drop backups whose rows are proven to be back in the table, also those of a killed undo."""
        with lock.session("looking for old backups") as session:
            done = [a for a in dedupe.adoptions(session) if a.is_undone and a.backup_table is not None]
        for adoption in done:
            with lock.changing_tables("dropping the backup") as connection:
                backup.drop(connection, self.store.dialect, adoption.backup_table or "")
            with lock.session("noting that the backup is dropped") as session:
                dedupe.note_backup(session, adoption.run, None)

    # -- statements for a DBA ------------------------------------------------------------------------------------------

    def sql(self) -> str:
        """The statements of `--apply` and `--undo`, except the removal of doubles, for a person to read and run."""
        d, host = self.store.dialect, self.store.host
        with self.store.reading("reading the columns") as session:
            columns = list(session.columns.clock_times)
        name = self.store.names.backup("RUN")
        return "\n".join(
            (
                "-- Is there a double? The key cannot be added while this finds any row.",
                unique_key.terminated([unique_key.doubles_statement(d, host)]),
                "-- Add the key while other programs go on; not in a transaction. If it meets a double, start over.",
                unique_key.terminated(unique_key.add_statements(d, host)),
                "-- Drop it again.",
                unique_key.terminated(unique_key.drop_statements(d, host)),
                "-- Bring the rows of a backup back by hand (RUN is the number of the run), once the key is dropped.",
                unique_key.terminated(backup.restore_statements(d, host, columns, name)),
            )
        )


def _waiting(window: Window, holds: tuple[Hold, ...]) -> Slice:
    """The final receipt of a run with doubles that a person has to decide."""
    return Slice(
        time_clock_id=None,
        window=window,
        status="nothing",
        counts=Counts(held=len(holds)),
        holds=holds,
        error=f"{many(len(holds), 'double waits', 'doubles wait')} for a person; till then no unique key can be added",
        error_name="doubles_held",
        next_step=f"decide about each double, then: {_AGAIN}",
        exit_code=3,
    )


def _and_linked(slice_: Slice, linked: Sequence[ClockTime], wanted: int) -> Slice:
    """The receipt with the rows that were linked to their shift, out of `wanted`."""
    text = f"{many(len(linked), 'row')} that agree with a shift but for the seconds are linked to it"
    if len(linked) < wanted:
        text += f", {wanted - len(linked):,} moved meanwhile and are left"
    note = "; ".join(filter(None, (slice_.note, f"{text}; the next sync corrects the seconds")))
    counts = msgspec.structs.replace(slice_.counts, linked=slice_.counts.linked + len(linked))
    status = "applied" if linked and slice_.status == "nothing" else slice_.status
    return msgspec.structs.replace(slice_, counts=counts, note=note, status=status)


def _require_nothing_on_key(session: Session) -> None:
    """Raises UndoRefused if a foreign key points at the unique key that is to be dropped."""
    names = session.host.clock_times
    for key in catalog.foreign_keys(session):
        if set(key.pointer.targets) == {names.employee_id, names.clock_in}:
            raise UndoRefused(
                f"{key.pointer.place} points at the unique key that would be dropped",
                next_step="drop that foreign key first, then: connecteam-sync adopt --undo",
            )


def _left_behind(pointers: int) -> tuple[Hold, ...]:
    if not pointers:
        return ()
    detail = f"{pointers} rows of other tables were pointed elsewhere or removed since, and are left as they are"
    return (Hold(reason="child_row", subject="references", detail=detail),)
