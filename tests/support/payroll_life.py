"""Payroll in the life of a company: periods closed and opened, corrections decided, hours exported and certified."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import tempfile
from collections import Counter
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from connecteam_sync.core.window import Window
from connecteam_sync.errors import CorrectionRefused, ExportRefused
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from support import payroll_invariants
from support.company_life import ZONE, CompanyLife, days, picks, slots
from support.invariants import Row, Rows, seconds

PERIODS = (
    "2025-12-01..2025-12-03",
    "2025-12-04..2025-12-06",
    "2025-12-07..2025-12-09",
    "2025-12-10..2025-12-11",
    "2025-12-12..2025-12-25",
)
"""The pay periods of a life; the last one has no shifts, and takes corrections."""
ANYWAY = "as it is"


@cache
def signing_key() -> str | None:
    """A key that signs certificates, made once; None where there is no ssh-keygen."""
    if shutil.which("ssh-keygen") is None:
        return None
    file = Path(tempfile.mkdtemp(prefix="connecteam-sync-machine-key-")) / "key"
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "tests", "-f", str(file)]
    subprocess.run(words, check=True, timeout=60)  # noqa: S603 - of this machine
    return str(file)


def window_of(period: str) -> Window:
    """The days of a period."""
    first, _, last = period.partition("..")
    return Window(date.fromisoformat(first), date.fromisoformat(last), ZONE.key)


class PayrollLife(CompanyLife):
    """A company whose hours are paid while it goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.files = 0
        self.certified: list[tuple[Path, Window, list[tuple[Any, ...]]]] = []

    def more_options(self) -> dict[str, Any]:
        """The key of the certificates."""
        return {"certificate_key": signing_key()}

    # -- periods -------------------------------------------------------------------------------------------------------

    @rule(pick=picks)
    def close_period(self, pick: int) -> None:
        """A period is closed, whatever stands in its way; no row and no correction changes by that."""
        period = PERIODS[pick % (len(PERIODS) - 1)]
        self.undoable = None
        before = self._paid()
        done = self.world.mirror.payroll.close(period, by="Pia", anyway=ANYWAY)
        assert done.period.state == "closed"
        assert self._paid() == before, "closing a period wrote"

    @precondition(lambda self: self._closed())
    @rule(pick=picks)
    def reopen_period(self, pick: int) -> None:
        """A closed period is opened again; the next look writes its days."""
        closed = self._closed()
        self.undoable = None
        before = self._paid()
        done = self.world.mirror.payroll.reopen(closed[pick % len(closed)], reason="a mistake", by="Pia")
        assert done.period.state == "open"
        assert self._paid() == before, "opening a period wrote"

    def _closed(self) -> list[str]:
        if not hasattr(self, "world"):
            return []
        found = (one for one in self.world.mirror.payroll.periods() if one.state == "closed")
        return [f"{one.window.first}..{one.window.last}" for one in found]

    def _paid(self) -> dict[str, list[dict[str, Any]]]:
        """What payroll rests on, and no step of it alters but by its own rules."""
        names = ("clock_times", "connecteam_sync_shifts", "connecteam_sync_changes", "connecteam_sync_corrections")
        return {name: self.world.table(name) for name in names}

    # -- corrections ---------------------------------------------------------------------------------------------------

    @precondition(lambda self: self._undecided())
    @rule(pick=picks, into=st.integers(0, len(PERIODS) - 1), several=st.booleans())
    def accept(self, pick: int, into: int, *, several: bool) -> None:
        """Corrections are accepted into a period: where that is settled, none of them; else all."""
        every = self._undecided()
        chosen = every if several else [every[pick % len(every)]]
        period = window_of(PERIODS[into])
        is_settled = PERIODS[into] in self._closed() or any(
            one.window == period for one in self.world.mirror.payroll.exports()
        )
        before = self._paid()
        try:
            done = self.world.mirror.payroll.accept_corrections(chosen, into=period, by="Pia")
        except CorrectionRefused:
            assert is_settled, f"{period} is open, and nothing could be accepted into it"
            assert self._paid() == before
            return
        assert not is_settled, f"accepted into {period}, which is settled"
        assert [(one.number, one.state, one.effective) for one in done] == [
            (number, "accepted", (period.first, period.last)) for number in sorted(chosen)
        ]
        assert self.world.table() == before["clock_times"]

    @precondition(lambda self: self._undecided())
    @rule(pick=picks)
    def dismiss(self, pick: int) -> None:
        """A correction is dismissed: nobody is paid for it."""
        every = self._undecided()
        number = every[pick % len(every)]
        [done] = self.world.mirror.payroll.dismiss_corrections([number], reason="not worked", by="Pia")
        assert (done.number, done.state, done.effective) == (number, "dismissed", None)

    def _undecided(self) -> list[int]:
        """The numbers of those that may still be decided, once or again."""
        if not hasattr(self, "world"):
            return []
        found = self.world.mirror.payroll.corrections()
        return [one.number for one in found if one.state != "cancelled" and not one.is_final]

    @precondition(lambda self: self._unsettled())
    @rule(pick=picks, several=st.booleans())
    def pay(self, pick: int, *, several: bool) -> None:
        """An ordinary payday: what waits is accepted into the next period, which is closed and exported."""
        number = self._unsettled()[0]
        if self._undecided():
            self.accept(pick, number, several=several)
        self.close_period(number)
        self.export(self._closed().index(PERIODS[number]))
        if several:
            self.export(self._closed().index(PERIODS[number]))

    def _unsettled(self) -> list[int]:
        """The periods with shifts, by place, that are neither closed nor exported."""
        if not hasattr(self, "world"):
            return []
        exported = {f"{one.window.first}..{one.window.last}" for one in self.world.mirror.payroll.exports()}
        return [n for n, one in enumerate(PERIODS[:-1]) if one not in exported and one not in self._closed()]

    # -- exports and certificates --------------------------------------------------------------------------------------

    @precondition(lambda self: self._closed())
    @rule(pick=picks)
    def export(self, pick: int) -> None:
        """A closed period is exported, or once more; its file has each row, and each correction accepted into it."""
        closed = self._closed()
        window = window_of(closed[pick % len(closed)])
        payroll = self.world.mirror.payroll
        earlier = [one for one in payroll.exports() if one.window == window]
        self.files += 1
        file = Path(self.folder) / f"hours{self.files}.csv"
        before = self._paid()
        try:
            done = payroll.export(
                window, "csv", file, again="the file was lost" if earlier else None, without_blocked=True, by="Pia"
            )
        except ExportRefused:
            # Somebody whose hours are not settled by now has a correction that an earlier file carried.
            assert earlier
            assert any(one.corrections for one in earlier)
            assert self._paid() == before
            assert not file.exists()
            return
        rows = self._rows_of(window)
        out = set(done.export.left_out)
        wanted = Counter((row[1], row[4] or 0, "") for row in rows if row[1] not in out)
        for one in before["connecteam_sync_corrections"]:
            is_in = (one["effective_first_day"], one["effective_last_day"]) == (str(window.first), str(window.last))
            if one["state"] == "accepted" and is_in and one["employee_id"] not in out:
                wanted[one["employee_id"], one["delta_minutes"], str(one["id"])] += 1
        with file.open(encoding="utf-8", newline="") as opened:
            lines = [
                (int(line["employee_id"]), int(line["minutes"]), line["correction_of"])
                for line in csv.DictReader(opened)
            ]
        assert Counter(lines) == wanted, "a file has other lines than its period"
        assert done.export.minutes == sum(minutes for _, minutes, _ in lines)
        assert self.world.table() == before["clock_times"]
        payroll_invariants.ledger_counts_once(payroll.exports(), self.world.table("connecteam_sync_corrections"))

    @precondition(lambda self: self._closed() and signing_key() is not None)
    @rule(pick=picks)
    def certify(self, pick: int) -> None:
        """A closed period is certified: what is listed is the table of this moment."""
        closed = self._closed()
        window = window_of(closed[pick % len(closed)])
        folder = Path(self.folder) / f"proof{len(list(Path(self.folder).glob('proof*'))) + 1}"
        self.world.mirror.payroll.certify(window, out=folder, by="Pia")
        payload = json.loads((folder / "certificate.json").read_bytes())
        rows = self._rows_of(window)
        by_person: Counter[int] = Counter()
        for row in rows:
            by_person[row[1]] += row[4] or 0
        payroll_invariants.certificate_is_the_table(payload, by_person, len(rows))
        self.certified.append((folder, window, rows))
        self._look_back(len(self.certified) - 1)

    @precondition(lambda self: self.certified)
    @rule(pick=picks)
    def look_back(self, pick: int) -> None:
        """A certificate is checked against the table of now: it differs exactly where a row does."""
        self._look_back(pick % len(self.certified))

    def _look_back(self, number: int) -> None:
        folder, window, rows = self.certified[number]
        found = self.world.mirror.payroll.verify_certificate(folder / "certificate.json", table=True)
        now = {row[0]: row for row in self._rows_of(window)}
        then = {row[0]: row for row in rows}
        differ = {key for key in now.keys() | then.keys() if now.get(key) != then.get(key)}
        payroll_invariants.differences_are_named(found, differ)

    def _rows_of(self, window: Window) -> list[tuple[Any, ...]]:
        """(id, employee, clock-in, clock-out, minutes, source) of each row that begins in a window."""
        return [
            (row["id"], row["employee_id"], begun, row["clock_out"], row["total_minutes"], row["source"])
            for row in self.world.table()
            if row["employee_id"] is not None
            and window.start_utc <= (begun := seconds(row["clock_in"])) < window.end_utc
        ]

    # -- Connecteam's own locks ----------------------------------------------------------------------------------------

    @rule(name=st.sampled_from(["locked", "approved"]), pick=picks, day=days, slot=slots, on=st.booleans())
    def mark(self, name: str, pick: int, day: int, slot: int, *, on: bool) -> None:
        """A manager locks or approves the days of two people, or takes that back: of a shift, and of any day."""
        self.company.mark(
            name,
            (WAREHOUSE if slot % 3 else OFFICE, self.people[slot % len(self.people)], date(2025, 12, 1 + day)),
            on=on,
        )
        if shifts := self.company.shifts():
            # Mostly a day with hours: closing an empty day proves little.
            shift = shifts[pick % len(shifts)]
            when = datetime.fromtimestamp(shift.start, ZONE).date()
            self.company.mark(name, (shift.clock_id, shift.user_id, when), on=on)

    @rule()
    def verify(self) -> None:
        """A look that imports Connecteam's locks: what a person closed stays closed, and no row changes."""
        before, closed = self._paid(), self._closed_by_people()
        self.world.mirror.verify(self.world.window)
        assert self._paid() == before, "a verification wrote"
        payroll_invariants.nothing_opened(closed, self._closed_by_people())

    def _closed_by_people(self) -> set[tuple[date, str, str]]:
        with self.world.mirror.store.reading() as session:
            return {(one.day, one.timezone, one.source) for one in session.locked(ZONE.key)}


def person_days(locks: Rows, shifts: Rows, rows: Rows) -> set[int]:
    """The rows that begin on a day on which Connecteam locked or approved the person of their shift."""
    closed = {(lock["time_clock_id"], lock["user_id"], lock["day"], lock["timezone"]) for lock in locks}
    linked = {shift["clock_time_id"]: (shift["time_clock_id"], shift["user_id"]) for shift in shifts}
    zones = {lock["timezone"] for lock in locks}
    return {
        row["id"]
        for row in rows
        if row["id"] in linked
        for zone in zones
        if (*linked[row["id"]], _day(row, zone), zone) in closed
    }


def _day(row: Row, zone: str) -> str:
    return datetime.fromtimestamp(seconds(row["clock_in"]), ZoneInfo(zone)).date().isoformat()
