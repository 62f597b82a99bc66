"""What must hold of payroll whatever happens: nothing is paid twice, nothing is lost, nothing closed moves.

They read tables, files and responses only. Each counts how often it had something to check: `REACH` of
`support.invariants`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from connecteam_sync.core.certificates import CertificateCheck
from connecteam_sync.core.exports import Export
from support.invariants import REACH, Row, Rows, seconds


def ledger_counts_once(exports: Iterable[Export], corrections: Rows) -> None:
    """The newest export of each period counts. Together these carry each exported correction once, in the period that
    it was accepted into, and nothing that was cancelled or dismissed.
    """
    counting = {one.window: one for one in sorted(exports, key=lambda one: one.number)}
    carried = Counter(number for one in counting.values() for number in one.corrections)
    by_number = {row["id"]: row for row in corrections}
    assert carried == Counter(row["id"] for row in corrections if row["export_id"] is not None)
    for window, export in counting.items():
        for number in export.corrections:
            row = by_number[number]
            assert row["state"] == "accepted", row
            assert (row["effective_first_day"], row["effective_last_day"]) == (str(window.first), str(window.last))
            REACH["each correction is counted once"] += 1


def rows_and_corrections_are_the_truth(
    tables: Mapping[str, Rows],
    truth: Iterable[tuple[int, int, int | None, int | None]],
    employees: Mapping[int, int],
    unsure: Collection[int],
    zone: ZoneInfo,
) -> None:
    """Rows of ours and live corrections of a person and day together are what Connecteam says now.

    `employees` has the employee of each user, `unsure` those of whom something is held for another reason than a closed
    day, or was edited by hand. Where a day was closed in another zone, the person's days are one sum.
    """
    live = [row for row in tables["connecteam_sync_corrections"] if row["state"] != "cancelled"]
    abroad = {row["employee_id"] for row in live if row["timezone"] != zone.key}
    found: Counter[tuple[int, date | None]] = Counter()
    wanted: Counter[tuple[int, date | None]] = Counter()

    def key(employee: int, day: date) -> tuple[int, date | None]:
        return (employee, None if employee in abroad else day)

    for row in tables["clock_times"]:
        if row["source"] == "connecteam":
            found[key(row["employee_id"], _day(seconds(row["clock_in"]), zone))] += int(row["total_minutes"] or 0)
    for row in live:
        found[key(row["employee_id"], date.fromisoformat(row["day"]))] += row["delta_minutes"]
    for user, start, _, minutes in truth:
        if user in employees:
            wanted[key(employees[user], _day(start, zone))] += minutes or 0
    of_live = {row["employee_id"] for row in live}
    for employee, day in found.keys() | wanted.keys():
        if employee not in unsure:
            pair = (found[employee, day], wanted[employee, day])
            assert pair[0] == pair[1], f"employee {employee}, {day}: rows and corrections {pair[0]}, truth {pair[1]}"
            REACH["rows and corrections are the truth"] += employee in of_live


def _day(instant: int, zone: ZoneInfo) -> date:
    return datetime.fromtimestamp(instant, zone).date()


def certificate_is_the_table(payload: Mapping[str, Any], minutes: Mapping[int, int], rows: int) -> None:
    """A certificate lists the minutes of each person as the table has them; who has no row there, with none."""
    listed = {person["employee_id"]: person["minutes"] for person in payload["people"] if person["shifts"]}
    assert listed == dict(minutes), (listed, minutes)
    assert not any(person["minutes"] for person in payload["people"] if not person["shifts"])
    assert sum(person["shifts"] for person in payload["people"]) == rows
    REACH["a certificate is the table of its moment"] += len(listed) or 1


def differences_are_named(check: CertificateCheck, differ: Collection[int]) -> None:
    """A later check names each row that differs, and no other."""
    assert {one.clock_time_id for one in check.differences} == set(differ), (check.differences, differ)
    REACH["a certificate names what differs"] += 1


def nothing_opened(before: Collection[Any], after: Collection[Any]) -> None:
    """What people closed is closed after an import of Connecteam's locks as before it."""
    assert set(before) == set(after), "an import opened or closed a day of a person"
    REACH["imported locks open nothing"] += len(before)


def person_days_unmoved(before: Rows, after: Rows, closed: Collection[int]) -> None:
    """No row on a day that is closed for its person alone is altered or removed."""
    now: dict[int, Row] = {row["id"]: row for row in after}
    for row in before:
        if row["id"] in closed:
            assert now.get(row["id"]) == row, "a day closed for one person moved"
            REACH["days of one person do not move"] += 1
