"""The library's door: everything the command does, for programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync import doctor
from connecteam_sync.adopt import Adopting
from connecteam_sync.attempt import now
from connecteam_sync.config import Settings, credentials, load_settings
from connecteam_sync.connecteam import ApiKey, Connecteam
from connecteam_sync.core.adopt import Survey
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.compare import Comparison
from connecteam_sync.core.run import Check, Entry, Person, Proposal, Run, StandingHold, Verification
from connecteam_sync.core.window import Window, local_day, start_of_day
from connecteam_sync.errors import ConfigurationError, NotFound
from connecteam_sync.progress import Progress
from connecteam_sync.store import people, receipts
from connecteam_sync.store.store import Store
from connecteam_sync.sync import Syncing, checked_window

_EVER = (date(1971, 1, 1), date(2200, 1, 1))


class ConnecteamSync:
    """Keep `clock_times` a mirror of the Connecteam time clock. A context manager; `close` gives back connections.

    `api_key` is read from the environment where it is not given, like everything else (see `load_settings`); days are
    local days of `timezone`, instants epoch seconds. Every method raises ConnecteamSyncError, whose `exit_code` and
    `next_step` are those of the command.
    """

    def __init__(
        self,
        api_key: str | None = None,
        clock_id: int | None = None,
        *,
        time_clocks: Iterable[int] = (),
        database_url: str | None = None,
        timezone: str | None = None,
        base_url: str | None = None,
        settings: Settings | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        clocks = (clock_id,) if clock_id is not None else tuple(time_clocks)
        if settings is None:
            settings = load_settings(
                timezone=timezone, database_url=database_url, base_url=base_url, time_clocks=clocks or None
            )
        self.settings = settings
        self._key = api_key
        self.store = Store(settings.database_url, settings.tables, lock_wait=settings.lock_wait)
        self._on_progress = on_progress
        self._syncing: Syncing | None = None
        self._connecteam: Connecteam | None = None

    @classmethod
    def from_config(
        cls, path: str | Path | None = None, *, on_progress: Callable[[Progress], None] | None = None
    ) -> Self:
        """Configured by a file and the environment."""
        return cls(settings=load_settings(path), on_progress=on_progress)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection; what is called afterwards opens its own."""
        if self._connecteam is not None:
            self._connecteam.close()
            self._connecteam = None
        self.store.close()

    def _client(self) -> Connecteam:
        """A client; the same for every use."""
        if self._connecteam is None:
            s = self.settings
            self._connecteam = Connecteam(
                ApiKey(self._key) if self._key else credentials(),
                base_url=s.base_url,
                request_timeout=s.request_timeout,
                total_seconds=s.total_seconds,
                day_reserve_share=s.day_reserve_share,
                on_wait=lambda seconds, why: self._tell(Progress(step=f"waiting {seconds:.0f} s", detail=why)),
            )
        return self._connecteam

    def _tell(self, progress: Progress) -> None:
        if self._on_progress is not None:
            self._on_progress(progress)

    @property
    def _job(self) -> Syncing:
        """The main job; made when first needed."""
        if self._syncing is None:
            s = self.settings
            self._syncing = Syncing(
                self.store,
                self._client,
                timezone=s.timezone,
                policy=lambda: s.policy(made_employees=self.store.made_employees()),
                time_clocks=s.time_clocks,
                slice_days=s.slice_days,
                lookback_days=s.lookback_days,
                by_digest=s.unchanged == "digest",
                on_progress=self._tell,
            )
        return self._syncing

    @property
    def statements(self) -> int:
        """SQL statements sent so far."""
        return self.store.statements

    @property
    def http_calls(self) -> int:
        """Requests sent so far."""
        return self._connecteam.http_calls if self._connecteam else 0

    # -- windows -----------------------------------------------------------------------------------------------------

    def today(self) -> date:
        """The business's day."""
        return local_day(now(), ZoneInfo(self.settings.timezone))

    def window(self, first: date, last: date) -> Window:
        """The local days `first..last`. Raises WindowError where reversed or over 366 days."""
        return checked_window(first, last, self.settings.timezone)

    def default_windows(self) -> tuple[Window, ...]:
        """What `sync` looks at by itself: the last days, today, and the day of every open row."""
        return self._job.default_windows()

    # -- the five verbs ----------------------------------------------------------------------------------------------

    def plan(self, window: Window | Iterable[Window] | None = None) -> Proposal:
        """What `sync` would do. Nothing is written."""
        return self._job.propose(self._windows(window))[0]

    def sync(self, window: Window | Iterable[Window] | None = None, *, accept: Iterable[str] = ()) -> Run:
        """Make the window's rows equal to Connecteam; by default those of `default_windows`."""
        return self._job.run("sync", self._windows(window), accept=accept)

    def resync(self, window: Window, *, accept: Iterable[str] = ()) -> Run:
        """`sync`, and rows of ours that never had a shift and match none are deleted."""
        policy = msgspec.structs.replace(self._job.policy, orphans="delete")
        return self._job.run("resync", [window], policy=policy, accept=accept)

    def apply(self, proposal: Proposal, *, accept: Iterable[str] = ()) -> Run:
        """Apply a plan exactly as it was shown; slices that no longer fit are refused (StalePlan), naming the rows."""
        return self._job.run("apply", [proposal.window], wanted=proposal, accept=accept)

    def verify(self, window: Window, *, totals: bool = True) -> Verification:
        """A fresh look against the table. Nothing is written."""
        return self._job.verify(window, totals=totals)

    def compare(self, window: Window) -> Comparison:
        """Which shifts the old algorithm would lose, overwrite, double or leave wrong. Nothing is written."""
        return self._job.compare(window)

    def undo(self, run: int) -> Run:
        """The exact inverse of a run. Raises NotFound, UndoRefused."""
        return self._job.undo(run)

    def _windows(self, window: Window | Iterable[Window] | None) -> tuple[Window, ...]:
        if window is None:
            return self.default_windows()
        return (window,) if isinstance(window, Window) else tuple(window)

    def sync_todays_shifts(self) -> dict[str, int]:
        """Mirror today; counts by name: total_shifts, created, updated, unchanged, deleted, held, errors."""
        return self.sync_shifts_for_date(self.today())

    def sync_shifts_for_date(self, day: date | str) -> dict[str, int]:
        """Mirror one local day; counts by name. Slices that failed are counted in `errors`, not raised."""
        chosen = date.fromisoformat(day) if isinstance(day, str) else day
        return counts_of(self.sync(self.window(chosen, chosen)))

    # -- taking over a table that exists -----------------------------------------------------------------------------

    def survey(self, window: Window | None = None) -> Survey:
        """What `clock_times` is like before it is adopted; rows at a zone's offset are looked for in `window`.

        Nothing is written. By default the window is the newest four weeks of the table.
        """
        return self._adopting.look(window)

    def adopt(self) -> Run:
        """Back up and remove doubles, add the unique key. Killed, it goes on when called again.

        While a double needs a person (`holds`), the key is not added. Raises AdoptRefused, LockHeld.
        """
        return self._adopting.apply()

    def undo_adopt(self) -> tuple[Run, ...]:
        """Take every adoption back, to the byte, newest first. Raises UndoRefused where a later run touched rows."""
        return self._adopting.undo()

    def adopt_sql(self) -> str:
        """The statements that add and drop the key and restore a backup, for a DBA."""
        return self._adopting.sql()

    @property
    def _adopting(self) -> Adopting:
        return Adopting(self.store, lambda: self._job, timezone=self.settings.timezone, on_progress=self._tell)

    # -- saved plans -------------------------------------------------------------------------------------------------

    @staticmethod
    def save_proposal(proposal: Proposal, path: str | Path) -> None:
        """Write a plan to a file only its owner can read: it names people and hours."""
        file = Path(path)
        try:
            file.touch(mode=0o600)
            file.chmod(0o600)
            file.write_bytes(msgspec.json.encode(proposal))
        except OSError as error:
            raise ConfigurationError(
                f"the plan cannot be written to {file}: {error.strerror}", next_step="choose another path"
            ) from error

    @staticmethod
    def read_proposal(path: str | Path) -> Proposal:
        """A plan written by `save_proposal`. Raises ConfigurationError."""
        try:
            return msgspec.json.decode(Path(path).read_bytes(), type=Proposal)
        except OSError as error:
            raise ConfigurationError(
                f"the plan {path} cannot be read: {error.strerror}",
                next_step="make one: connecteam-sync plan --out FILE",
            ) from error
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise ConfigurationError(
                f"{path} is no plan of this version: {error}", next_step="make one: connecteam-sync plan --out FILE"
            ) from error

    # -- receipts, journal, holds ------------------------------------------------------------------------------------

    def runs(self, limit: int = 20) -> tuple[Run, ...]:
        """The newest runs."""
        with self.store.reading() as session:
            return receipts.runs(session, limit=limit)

    def show(self, run: int) -> tuple[Run, tuple[Entry, ...]]:
        """A run and each of its changes. Raises NotFound."""
        with self.store.reading() as session:
            return receipts.run(session, run), receipts.entries_of(session, run)

    def history(self, employee: int | str, day: date | None = None) -> tuple[tuple[ClockTime, ...], tuple[Entry, ...]]:
        """The rows an employee (id or exact name) has, of a day where given, and all that ever happened to them."""
        zone = ZoneInfo(self.settings.timezone)
        first, last = (day, day + timedelta(days=1)) if day else _EVER
        with self.store.reading() as session:
            found = [e for e in session.employees() if str(e.id) == str(employee) or e.name == employee]
            if len(found) != 1:
                many = f"{len(found)} employees are called" if found else "there is no employee"
                raise NotFound(f"{many} {employee!r}", next_step="name the employee by id; `employees` lists them")
            rows = session.rows_of(found[0].id, start_of_day(first, zone), start_of_day(last, zone))
            return rows, receipts.history(session, found[0].id, day)

    def changes(self, after: int = 0, limit: int = 1000) -> tuple[Entry, ...]:
        """The journal behind entry `after`: a feed for programs that follow."""
        with self.store.reading() as session:
            return receipts.entries_after(session, after, limit)

    def holds(self, reason: str | None = None) -> tuple[StandingHold, ...]:
        """What is deliberately not written, until its cause is gone."""
        with self.store.reading() as session:
            return receipts.standing_holds(session, reason)

    # -- people and payroll ------------------------------------------------------------------------------------------

    def employees(self, *, unmapped: bool = False) -> tuple[Person, ...]:
        """Connecteam users and the employees they count for."""
        with self.store.reading() as session:
            return people.people(session, unmapped=unmapped)

    def map_employee(self, user: int, employee: int) -> Person:
        """Let a user's shifts count for an employee from the next run on. Raises NotFound."""
        with self.store.writing("mapping a user") as session:
            return people.map_user(session, user, employee)

    def unmap_employee(self, user: int) -> Person:
        """Forget a mapping made with `map_employee`. Raises NotFound."""
        with self.store.writing("unmapping a user") as session:
            return people.unmap_user(session, user)

    def names(self) -> Mapping[int, str]:
        """Employee names by id."""
        with self.store.reading() as session:
            return {e.id: e.name for e in session.employees() if e.name}

    def lock(self, first: date, last: date) -> int:
        """Close local days for payroll: no run changes them. How many were open."""
        window = self.window(first, last)
        with self.store.writing("locking days") as session:
            return people.lock(session, window.first, window.last, now=now())

    def unlock(self, first: date, last: date) -> int:
        """Open local days again. How many were closed."""
        window = self.window(first, last)
        with self.store.writing("unlocking days") as session:
            return people.unlock(session, window.first, window.last)

    def locked_days(self) -> tuple[date, ...]:
        """The days that are closed."""
        with self.store.reading() as session:
            return tuple(session.locked_days())

    # -- the house ---------------------------------------------------------------------------------------------------

    def init(self) -> tuple[str, ...]:
        """Create what is absent, upgrade our tables; what was done, a sentence each."""
        return self.store.init()

    def init_sql(self) -> str:
        """What `init` would run on an empty database."""
        return self.store.init_sql()

    def doctor(self) -> tuple[Check, ...]:
        """Everything a run needs, looked at; each failure with its cure."""
        where = self.settings.file or "environment"
        configuration = Check(name="configuration", state="ok", detail=f"{where}, time zone {self.settings.timezone}")
        return doctor.examine(
            self.store,
            self._client,
            time_clocks=self.settings.time_clocks,
            employees=self.settings.employees,
            configuration=configuration,
        )


def counts_of(run: Run) -> dict[str, int]:
    """The counts of a run by the names of the contract."""
    c = run.counts
    return {
        "total_shifts": c.total_shifts,
        "created": c.created,
        "updated": c.updated,
        "unchanged": c.unchanged,
        "deleted": c.deleted,
        "held": c.held,
        "errors": run.errors,
    }
