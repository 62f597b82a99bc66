"""Retention, as text and as JSON: what has to be kept, what a purge takes and leaves, legal holds, erasures."""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.core.retention import (
    ACT_TEXTS,
    Erasure,
    LegalHold,
    MissingRight,
    Purge,
    PurgeCounts,
    RetentionCheck,
    StayReason,
)
from connecteam_sync.core.text import called, many, one_line, stamp
from connecteam_sync.present import json_shapes

# -- for programs ------------------------------------------------------------------------------------------------------


def purge_json(purge: Purge) -> json_shapes.Json:
    """A purge; what stays is known of one that is foreseen only."""
    return {
        "id": purge.number or None,
        "first": purge.window.first.isoformat(),
        "last": purge.window.last.isoformat(),
        "timezone": purge.window.timezone,
        "state": purge.state,
        "with_rows": purge.with_rows,
        "begun_at": json_shapes.instant(purge.begun_at),
        "done_at": json_shapes.instant(purge.done_at),
        "by": purge.by,
        "counts": msgspec.to_builtins(purge.counts),
        "stays": None if purge.stays is None else msgspec.to_builtins(purge.stays),
    }


def legal_hold_json(hold: LegalHold) -> json_shapes.Json:
    """A legal hold."""
    return {
        "id": hold.number,
        "employee_id": hold.employee_id,
        "employee": hold.employee_name,
        "at": json_shapes.instant(hold.at),
        "by": hold.by,
        "reason": hold.reason,
        "released_at": json_shapes.instant(hold.released_at),
        "released_by": hold.released_by,
        "released_reason": hold.released_reason,
    }


def check_json(found: RetentionCheck) -> json_shapes.Json:
    """The members of `retention check --json`."""
    return {
        "years": found.years,
        "keep_from": found.floor.isoformat(),
        "oldest": None if found.oldest is None else found.oldest.isoformat(),
        "due": None
        if found.due is None
        else {"first": found.due.first.isoformat(), "last": found.due.last.isoformat(), "timezone": found.due.timezone},
        "waiting": found.waiting,
        "foreseen": None if found.foreseen is None else purge_json(found.foreseen),
        "purges": [purge_json(one) for one in found.purges],
        "legal_holds": [legal_hold_json(one) for one in found.legal_holds],
        "missing_rights": [
            {
                "acts": list(one.acts),
                "table": one.table,
                "rights": list(one.rights),
                "database_said": one.words,
                "grant": one.grant,
            }
            for one in found.missing
        ],
    }


def erasure_json(done: Erasure) -> json_shapes.Json:
    """The members of `retention erase --json`."""
    return {
        "id": done.number,
        "employee_id": done.employee_id,
        "at": json_shapes.instant(done.at),
        "by": done.by,
        "users": done.users,
        "receipts": done.receipts,
        "holds": done.holds,
        "plans": done.plans,
        "files": done.files,
        "files_left": list(done.files_left),
    }


# -- for people --------------------------------------------------------------------------------------------------------

_STAYS: dict[StayReason, str] = {
    "manual": "rows entered by hand",
    "child_row": "rows that rows of other tables point at",
    "legal_hold": "of people on a legal hold",
    "not_closed": "rows on days of no closed pay period within these days",
    "across": "that reach beyond these days",
}


def counts_text(counts: PurgeCounts) -> str:
    """`1,204 journal entries, 602 tracked shifts, 31 receipts`; `nothing`."""
    parts = (
        (counts.rows, "row", "rows"),
        (counts.entries, "journal entry", "journal entries"),
        (counts.shifts, "tracked shift", "tracked shifts"),
        (counts.breaks, "break", "breaks"),
        (counts.totals, "timesheet total", "timesheet totals"),
        (counts.holds, "hold", "holds"),
        (counts.receipts, "receipt", "receipts"),
    )
    return ", ".join(many(count, one, several) for count, one, several in parts if count) or "nothing"


def foreseen_lines(purge: Purge) -> list[str]:
    """What a purge would remove, and what stays, by reason."""
    rows = "" if purge.with_rows else "; rows stay (--rows)"
    lines = [f"{purge.name} ({purge.window.timezone}): {counts_text(purge.counts)} would go{rows}"]
    if purge.stays is not None:
        kept = msgspec.structs.asdict(purge.stays)
        lines += [f"  stays: {kept[reason]:,} {words}" for reason, words in _STAYS.items() if kept[reason]]
    return lines


def purged_lines(purge: Purge) -> list[str]:
    """What a purge removed."""
    what = counts_text(purge.counts)
    return [f"{purge.name} ({purge.window.timezone}) is purged: {what} went; its days are closed for good"]


def check_lines(found: RetentionCheck, zone: ZoneInfo) -> list[str]:
    """What has to be kept, what may go, and what is on record."""
    lines = [f"records are kept for {many(found.years, 'year')}: {found.floor} and later days stay"]
    oldest = "nothing is on record yet" if found.oldest is None else f"the oldest day on record is {found.oldest}"
    lines.append(oldest)
    if found.foreseen is not None:
        lines += foreseen_lines(found.foreseen)
    elif found.oldest is not None:
        lines.append("nothing is old enough to be purged")
    if found.waiting:
        lines.append(f"{many(found.waiting, 'correction')} of these days to be decided before a purge")
    lines += missing_lines(found.missing)
    lines += legal_hold_lines(found.legal_holds, zone)
    for one in found.purges:
        at = "" if one.begun_at is None else stamp(one.begun_at, zone)
        state = "purged" if one.state == "done" else "purge broken off"
        rows = ", with rows" if one.with_rows else ""
        lines.append(f"{one.name}  {state} {at} by {called(one.by)}{rows}: {counts_text(one.counts)}")
    return lines


def missing_lines(missing: Iterable[MissingRight]) -> list[str]:
    """What the database user may not do, and the statements that let it; a run needs none of it."""
    every = tuple(missing)
    acts = [words for act, words in ACT_TEXTS.items() if any(act in one.acts for one in every)]
    if not acts:
        return []
    may = acts[0] if len(acts) == 1 else f"{', '.join(acts[:-1])} or {acts[-1]}"
    lines = [f"the database user may not {may} (runs need no more rights); its administrator lets it by"]
    return [*lines, *(f"  {one_line(one.grant)};" for one in every)]


def legal_hold_lines(holds: Iterable[LegalHold], zone: ZoneInfo) -> list[str]:
    """A line for each legal hold."""
    lines = []
    for one in holds:
        who = f"{called(one.employee_name)} (employee {one.employee_id})".strip()
        line = (
            f"legal hold {one.number}: {who}, since {stamp(one.at, zone)} by {called(one.by)}: {one_line(one.reason)}"
        )
        if one.released_at is not None:
            line += f"; released {stamp(one.released_at, zone)} by {called(one.released_by)}: "
            line += one_line(one.released_reason)
        lines.append(line)
    return lines


def erased_lines(done: Erasure) -> list[str]:
    """What an erasure blanked."""
    what = f"{many(done.users, 'user')}, {many(done.receipts, 'receipt')}, {many(done.holds, 'hold')}"
    lines = [f"employee {done.employee_id} is erased: {what} blanked"]
    if done.plans or done.files:
        gone = f"{many(done.plans, 'kept plan')} and {many(done.files, 'file')} of keep_inputs"
        lines.append(f"removed, since the person is named in them: {gone}")
    lines += [f"still names the person: {one_line(one)} could not be removed: do it by hand" for one in done.files_left]
    lines.append(
        "your own table of employees is yours: blank the name there, too; so are exports, timesheets, saved plans and"
        " backups, and files of keep_inputs on other machines"
    )
    return lines
