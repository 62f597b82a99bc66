"""The account of a database and its time clocks: the part of the library that is about the account."""

from __future__ import annotations

from collections.abc import Iterable

from connecteam_sync.config import Settings
from connecteam_sync.core.account import Acceptance, Account, ClockReport, Part, Region, Vouch
from connecteam_sync.core.text import one_line
from connecteam_sync.engine.account import AccountCheck, now
from connecteam_sync.engine.operator import operator_text
from connecteam_sync.errors import NotFound
from connecteam_sync.store.mirror import account as remembered
from connecteam_sync.store.store import Store


class Accounts:
    """The account that a database mirrors. Every method raises what `Store` raises."""

    settings: Settings
    store: Store
    _belonging: AccountCheck

    @property
    def region(self) -> Region:
        """The configured region: `global`, `au`, or `local` for any URL of this machine."""
        return self._belonging.region

    @property
    def company_id(self) -> str | None:
        """The id of the company that Connecteam has named for the key to this client, `doctor` or a run of a new key;
        None where it was not asked, or the key may not read it.
        """
        answered = self._belonging.answered
        return answered.id if answered is not None else None

    def account(self) -> Account | None:
        """The account that the database belongs to; None if no run has written yet. Connecteam is not asked."""
        with self.store.reading() as session:
            return remembered.account(session)

    def account_history(self) -> tuple[Account, ...]:
        """Every entry about the account, by runs and by people, newest first."""
        with self.store.reading() as session:
            return remembered.account_history(session)

    def require_account(self) -> None:
        """Raises ConfigurationError, naming both sides, if the configured region or zone is not the database's."""
        self._belonging.check_stored()

    def proposed_account(self, parts: Iterable[Part]) -> Acceptance:
        """What accepting the configured company, region or time zone would change and mean.

        Nothing is written. Raises NotFound if the database belongs to no account yet, and UpstreamError.
        """
        return self._belonging.proposed(parts)

    def accept_account(self, proposed: Acceptance, *, by: str) -> Account:
        """Accept what `proposed_account` returned; `by` is the person who does, and is stored.

        Raises ConfigurationError if another run or person has stored an entry since.
        """
        return self._belonging.accept(proposed, by=operator_text("by", by))

    # -- time clocks ---------------------------------------------------------------------------------------------------

    def clocks(self) -> tuple[ClockReport, ...]:
        """Every time clock that Connecteam lists or the database remembers, sorted by id. Raises UpstreamError."""
        from connecteam_sync.store.service.due import Due  # noqa: PLC0415 - not needed at start

        with self.store.reading("looking at the time clocks") as session:
            known = remembered.account(session)
            looks, shifts = remembered.clock_counts(session)
            vouched = {vouch.time_clock_id: vouch for vouch in remembered.vouches(session)}
            due = Due(session.dialect, session.own)
            visited = {one.time_clock_id: one.schedule for one in due.all(session.connection)}
        listed = {clock.id: clock for clock in self._belonging.fresh_time_clocks()}
        wanted = self.settings.time_clocks
        ids = {*listed, *looks, *shifts, *vouched, *wanted, *(known.time_clocks if known else ())}
        return tuple(
            ClockReport(
                id=clock,
                name=one_line(listed[clock].name, 191) if clock in listed else "",
                is_archived=clock in listed and listed[clock].is_archived,
                is_listed=clock in listed,
                is_looked_at=clock in wanted if wanted else clock in listed and not listed[clock].is_archived,
                shifts=shifts.get(clock, (0, 0))[0],
                rows=shifts.get(clock, (0, 0))[1],
                last_looked_at=looks.get(clock),
                vouched=vouched.get(clock),
                schedule=visited.get(clock),
            )
            for clock in sorted(ids)
        )

    def vouch_clock(self, clock: int, reason: str, *, by: str) -> Vouch:
        """Record that a person (`by`) vouches for a time clock that cannot be read: it has none of the shifts in
        question. It replaces an earlier vouch for that time clock.

        Raises NotFound for an unknown time clock, ConfigurationError without a reason; UpstreamError if Connecteam has
        to be asked for its list.
        """
        vouch = Vouch(
            time_clock_id=clock,
            at=now(),
            by=operator_text("by", by),
            reason=operator_text("reason", reason),
        )
        with self.store.reading("looking at the time clocks") as session:
            known = remembered.account(session)
            ours = remembered.clocks_ever(session) | (known.time_clocks if known else frozenset())
        if clock not in ours and clock not in {listed.id for listed in self._belonging.fresh_time_clocks()}:
            raise NotFound(f"there is no time clock {clock}", next_step="connecteam-sync clocks lists them")
        with self.store.writing("vouching for a time clock") as session:
            remembered.vouch(session, vouch)
        return vouch

    def unvouch_clock(self, clock: int, *, by: str) -> Vouch:
        """Withdraw the vouch for a time clock; `by` is the person who does. Raises NotFound if there is none."""
        who = operator_text("by", by)
        with self.store.writing("withdrawing a word for a time clock") as session:
            return remembered.unvouch(session, clock, by=who, now=now())
