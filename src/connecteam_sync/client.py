"""The library: everything that the command does, for programs. One client is used by one thread at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.api.client import Connecteam
from connecteam_sync.api.credentials import ApiKey
from connecteam_sync.api.limits import SharedBudget
from connecteam_sync.client_account import Accounts
from connecteam_sync.client_acts import Acts
from connecteam_sync.client_bells import Doorbells
from connecteam_sync.client_console import Console
from connecteam_sync.client_locks import Locks
from connecteam_sync.client_pages import Pages
from connecteam_sync.client_people import People
from connecteam_sync.client_service import Visits
from connecteam_sync.client_status import Statuses
from connecteam_sync.client_support import Support, kept_inputs
from connecteam_sync.config import Settings, load_settings
from connecteam_sync.config_secrets import credentials
from connecteam_sync.core.adopt import Survey
from connecteam_sync.core.compare import Comparison
from connecteam_sync.core.events import Waiting
from connecteam_sync.core.progress import Progress
from connecteam_sync.core.run import Check, Plan, Run, Verification
from connecteam_sync.core.window import Window, local_day
from connecteam_sync.engine import saved_plan
from connecteam_sync.engine.account import AccountCheck, region_of
from connecteam_sync.engine.context import Context
from connecteam_sync.engine.decide import now
from connecteam_sync.engine.events import Emit, Listeners, log
from connecteam_sync.engine.lists import ListMemory, Lists
from connecteam_sync.engine.one_thread import InUse, one_thread
from connecteam_sync.engine.progress import ProgressListener
from connecteam_sync.engine.propose import propose
from connecteam_sync.engine.run import run as run_slices
from connecteam_sync.engine.scope import ScopeChooser
from connecteam_sync.engine.slices import checked_window
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.store import Store

if TYPE_CHECKING:
    from connecteam_sync.client_payroll import Payroll
    from connecteam_sync.client_retention import Retentions
    from connecteam_sync.core.foreseen import ForeseenUndo
    from connecteam_sync.engine.adopt import Adopter


@one_thread
class ConnecteamSync(Statuses, Accounts, Visits, Support, Doorbells, People, Console, Acts, Pages, Locks):
    """Keep `clock_times` a mirror of the Connecteam time clock. A context manager; `close` closes the connections.

    Use one client for each thread: a method that is called while another thread is in one raises ClientInUse before it
    does anything. Clients share no state, and each run has its own counts. Listeners are called in the thread that
    called the method.

    Anything not given is read from the environment, `api_key` too (see `load_settings`). Days are local days of
    `timezone`, times are epoch seconds. Every method raises ConnecteamSyncError, whose `exit_code` and `next_step` are
    those of the command.
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
        on_event: Emit | None = None,
        remember_lists: float = 0,
    ) -> None:
        clocks = (clock_id,) if clock_id is not None else tuple(time_clocks)
        if settings is None:
            settings = load_settings(
                timezone=timezone, database_url=database_url, base_url=base_url, time_clocks=clocks or None
            )
        if api_key is not None and not api_key.strip():
            raise ConfigurationError(
                "the API key is empty", next_step="give one, or leave it out to read that of the environment"
            )
        self.settings, self._key = settings, api_key
        self.store = Store(settings.database_url, settings.tables, own=settings.own, lock_wait=settings.lock_wait)
        self._emit: Emit = Listeners(ProgressListener(on_progress) if on_progress is not None else None, on_event, log)
        self._in_use = InUse(self._emit)
        self._made_context: Context | None = None
        self._lists = Lists(self._client, ListMemory(seconds=remember_lists))
        self._belonging = AccountCheck(
            self.store,
            self._client,
            region=region_of(settings.base_url),
            timezone=settings.timezone,
            time_clocks=settings.time_clocks,
            lists=self._lists,
        )
        self._connecteam: Connecteam | None = None
        self.budget: SharedBudget | None = None
        """Asked before each call, where other processes share the account's calls; set before the first."""

    @classmethod
    def from_config(
        cls,
        path: str | Path | None = None,
        *,
        account: str | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        on_event: Emit | None = None,
    ) -> Self:
        """A client configured by a file and the environment; `account` names one of several (`[accounts.NAME]`)."""
        return cls(settings=load_settings(path, account=account), on_progress=on_progress, on_event=on_event)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection. A later call opens new ones."""
        if self._connecteam is not None:
            self._connecteam.close()
            self._connecteam = None
        self.store.close()

    def _client(self) -> Connecteam:
        """The client of Connecteam, made when first needed."""
        if self._connecteam is None:
            s = self.settings
            self._connecteam = Connecteam(
                ApiKey(self._key) if self._key else credentials(s.secrets),
                base_url=s.base_url,
                request_timeout=s.request_timeout,
                total_seconds=s.total_seconds,
                day_reserve_share=s.day_reserve_share,
                on_wait=lambda seconds, why: self._emit(Waiting(seconds=round(seconds, 1), why=why)),
                budget=self.budget,
            )
        return self._connecteam

    @property
    def _context(self) -> Context:
        """The context of every use case, made when first needed."""
        if self._made_context is None:
            s = self.settings
            self._made_context = Context(
                self.store,
                self._client,
                belonging=self._belonging,
                timezone=s.timezone,
                choosing=ScopeChooser(
                    self.store,
                    belonging=self._belonging,
                    timezone=s.timezone,
                    time_clocks=s.time_clocks,
                    slice_days=s.slice_days,
                    lookback_days=s.lookback_days,
                    older_days=s.older_days,
                ),
                policy=lambda: s.policy(made_employees=self.store.made_employees()),
                by_digest=s.unchanged != "read",
                by_person=s.unchanged == "digest",
                http_calls=lambda: self.http_calls,
                emit=self._emit,
                lists=self._lists,
                kept=kept_inputs(s, self.store),
            )
        return self._made_context

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
        """The current day in the business time zone."""
        return local_day(now(), ZoneInfo(self.settings.timezone))

    def window(self, first: date, last: date) -> Window:
        """The local days `first..last`. Raises WindowError if they are reversed, over 366 days, or out of reach."""
        return checked_window(first, last, self.settings.timezone)

    def recent(self) -> Window:
        """The last days, today included: those of an ordinary look."""
        return self._context.choosing.last()

    def default_windows(self) -> tuple[Window, ...]:
        """The default windows of `sync`: the last days, today, older days with open rows, and one slice of the past."""
        return self._context.choosing.default_windows()

    # -- plan, sync, verify, undo ------------------------------------------------------------------------------------

    def plan(self, window: Window | Iterable[Window] | None = None, *, resync: bool = False) -> Plan:
        """The plan of a `sync` (or `resync`). Nothing is written."""
        plan, _ = propose(self._context, self._windows(window), resync=resync)
        return msgspec.structs.replace(plan, is_resync=resync)

    def sync(self, window: Window | Iterable[Window] | None = None, *, accept: Iterable[str] = ()) -> Run:
        """Make the window's rows equal to Connecteam's shifts; by default in `default_windows`."""
        return run_slices(self._context, "sync", self._windows(window), accept=accept)

    def visit(self, time_clock: int, window: Window | Iterable[Window] | None = None) -> Run:
        """`sync` of one time clock. The others are looked at only before a row would go, for the days concerned.

        By default the last days, today, and the days of its open rows.
        """
        return run_slices(self._context.of_one_clock(time_clock), "sync", self._windows(window))

    def mirrored_clocks(self) -> dict[int, str]:
        """The time clocks that are mirrored and in use: names by id. Raises UpstreamError, ConfigurationError."""
        return self._context.choosing.in_use()

    def resync(self, window: Window, *, accept: Iterable[str] = ()) -> Run:
        """As `sync`; also deletes rows of ours that never had a shift and match none."""
        return run_slices(self._context, "resync", [window], accept=accept)

    def apply(self, plan: Plan, *, accept: Iterable[str] = ()) -> Run:
        """Apply a plan exactly as it was made; slices that no longer fit are refused (StalePlan), naming the rows."""
        return run_slices(self._context, "apply", [plan.window], wanted=plan, accept=accept)

    def verify(self, window: Window, *, totals: bool = True) -> Verification:
        """Compare a fresh look with the table. Nothing is written except the receipt, a run of kind `verify`.

        If the receipt cannot be written (another run holds the lock, the user may only read), `not_recorded` says why.
        """
        from connecteam_sync.engine.verify_receipt import on_record

        return on_record(self._context, window, lambda: self._verify(window, totals=totals), with_jobs=totals)

    def _verify(self, window: Window, *, totals: bool) -> Verification:
        from connecteam_sync.engine.verify import verify

        return verify(self._context, window, rules=self.settings.payroll if totals else None)

    def compare(self, window: Window) -> Comparison:
        """The shifts that the old algorithm would lose, overwrite, double or leave wrong. Nothing is written."""
        from connecteam_sync.engine.compare import compare

        return compare(self._context, window)

    def undo(self, run: int) -> Run:
        """Take a run back: its exact inverse as a new run. Raises NotFound, UndoRefused."""
        from connecteam_sync.engine.undo import undo

        return undo(self._context, run)

    def foreseen_undo(self, run: int) -> ForeseenUndo:
        """What `undo` would do to rows and hours, and why it would be refused. Nothing is written. Raises NotFound.

        It sees rows that changed since and closed days; only `undo` itself finds what else speaks against it.
        """
        from connecteam_sync.engine.undo import foreseen

        return foreseen(self._context, run)

    @staticmethod
    def _windows(window: Window | Iterable[Window] | None) -> tuple[Window, ...] | None:
        if window is None:
            return None
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
        """The state of `clock_times` before it is adopted, with rows at a time zone's offset from a shift in `window`.

        Nothing is written. By default the window is the newest four weeks of the table.
        """
        return self._adopting.survey(window)

    def adopt(self, *, link_minutes: Window | None = None) -> Run:
        """Back up and remove doubles, add the unique key. If it is killed, the next call continues.

        Rows in the window `link_minutes` that differ from a shift only in the seconds are linked to it. While a double
        needs a person (`holds`), the key is not added. Raises AdoptRefused, LockHeld, UpstreamError.
        """
        self.require_account()
        return self._adopting.apply(link_minutes)

    def undo_adopt(self) -> tuple[Run, ...]:
        """Undo every adoption to the byte, newest first. Raises UndoRefused if a later run touched its rows."""
        return self._adopting.undo()

    def adopt_sql(self) -> str:
        """The statements that add and drop the key and restore a backup, for a DBA."""
        return self._adopting.sql()

    @property
    def _adopting(self) -> Adopter:
        from connecteam_sync.engine.adopt import Adopter

        return Adopter(self._context)

    # -- saved plans -------------------------------------------------------------------------------------------------

    @staticmethod
    def save_plan(plan: Plan, path: str | Path) -> None:
        """Write a plan to a file only its owner can read: it names people and hours. Raises ConfigurationError."""
        saved_plan.save_plan(plan, path)

    def read_plan(self, path: str | Path) -> Plan:
        """A plan written by `save_plan`. Raises ConfigurationError if it is none, or was altered since."""
        return saved_plan.read_plan(path, timezone=self.settings.timezone)

    # -- payroll -----------------------------------------------------------------------------------------------------

    @property
    def payroll(self) -> Payroll:
        """Pay periods: checked, closed and opened again."""
        from connecteam_sync.client_payroll import payroll_of

        return payroll_of(self._context, self.settings, self._in_use)

    @property
    def retention(self) -> Retentions:
        """How long records are kept: purges of old days, legal holds, erasing a person."""
        from connecteam_sync.client_retention import retention_of

        return retention_of(self._context, self.settings, self._in_use)

    # -- setup -------------------------------------------------------------------------------------------------------

    def init(
        self, *, from_prefix: str | None = None, beside: bool = False, moved: bool = False, views: bool = False
    ) -> tuple[str, ...]:
        """Create the tables that are absent and upgrade ours; a sentence for each thing done.

        If our tables exist under another prefix, `from_prefix` renames them, and `beside` makes new ones that know
        nothing of them. `moved`: the table of clock times, rows included, now has another schema or name.
        `views`: make our views, too; once made, each `init` keeps them up to date.
        Raises ConfigurationError if one of these is needed and not given, or if a table or view of another program has
        our name.
        """
        from connecteam_sync.store.tables.ownership import Former

        done = self.store.init(Former(from_prefix, beside, moved))
        return (*done, *self.store.make_views(self.settings.timezone, asked=views))

    def init_sql(self, *, views: bool = False) -> str:
        """The statements `init` would run to create our tables, with keys of the same types as in the host's tables."""
        return self.store.init_sql() + (self.store.views_sql(self.settings.timezone) if views else "")

    def doctor(self) -> tuple[Check, ...]:
        """Check everything that a run needs; each failure has its cure."""
        from connecteam_sync.engine import doctor

        where = self.settings.file or "environment"
        configuration = Check(name="configuration", state="ok", detail=f"{where}, time zone {self.settings.timezone}")
        return doctor.examine(
            self.store,
            self._client,
            belonging=self._belonging,
            time_clocks=self.settings.time_clocks,
            employees=self.settings.employees,
            zone=ZoneInfo(self.settings.timezone),
            configuration=configuration,
        )


def counts_of(run: Run) -> dict[str, int]:
    """The counts of a run by their documented names."""
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
