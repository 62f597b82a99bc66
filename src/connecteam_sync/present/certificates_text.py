"""Certificates, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from zoneinfo import ZoneInfo

from connecteam_sync.core.certificates import Certificate, CertificateCheck, CertificateMismatch
from connecteam_sync.core.certified_rows import CertificateDifference
from connecteam_sync.core.text import called, many, one_line, stamp
from connecteam_sync.present.json_shapes import Json, instant
from connecteam_sync.present.text import SHOWN

# -- for programs ------------------------------------------------------------------------------------------------------


def certificate_json(one: Certificate) -> Json:
    """A certificate on record."""
    return {
        "number": one.number,
        "at": instant(one.at),
        "by": one.by,
        "hash": one.hash,
        "previous": one.previous,
        "key": one.key,
        "new_key": one.new_key,
        "period": _period_json(one.period),
        "mismatch": None if one.mismatch is None else _mismatch_json(one.mismatch),
    }


def _period_json(period: tuple[str, str, str] | None) -> Json | None:
    if period is None:
        return None
    first, last, timezone = period
    return {"first": first, "last": last, "timezone": timezone}


def _mismatch_json(found: CertificateMismatch) -> Json:
    return {"since": instant(found.since), "people": found.people, "employees": list(found.employees)}


def check_json(found: CertificateCheck) -> Json:
    """What came of a verification."""
    return {
        "differences": [_difference_json(one) for one in found.differences],
        "period": _period_json(found.period),
        "certified_at": found.certified_at,
        "hash": found.hash,
        "rows": found.rows,
        "notes": [one_line(note) for note in found.notes],
        "exit_code": found.exit_code,
    }


def _difference_json(one: CertificateDifference) -> Json:
    return {
        "employee_id": one.employee_id,
        "shift_id": one.shift_id,
        "clock_time_id": one.clock_time_id,
        "what": one.what,
        "detail": one_line(one.detail),
    }


# -- for people --------------------------------------------------------------------------------------------------------


def certificate_lines(every: Iterable[Certificate], zone: ZoneInfo) -> list[str]:
    """A line for each certificate: number, when, of what, by whom, its hash; and one for what differs by now."""
    lines: list[str] = []
    for one in every:
        lines.append(f"{one.number}  {stamp(one.at, zone)}  {_of_what(one)}; by {called(one.by)}; {one.hash[:16]}")
        if one.mismatch is not None:
            since = f"since {stamp(one.mismatch.since, zone)} at least"
            lines.append(f"   not what is in the table, {since}: {_people(one.mismatch)}")
    return lines or ["nothing is certified"]


def _of_what(one: Certificate) -> str:
    if one.period is None:
        return f"key {one.new_key} in the place of the one before"
    first, last, timezone = one.period
    return f"{first}..{last} ({timezone}), key {one.key}"


def _people(found: CertificateMismatch) -> str:
    if not found.people:
        return "what is on record is not what was signed"
    named = ", ".join(str(employee) for employee in found.employees)
    more = found.people - len(found.employees)
    return f"employees {named}" + (f" and {many(more, 'more', 'more')}" if more else "")


def check_lines(found: CertificateCheck, *, table: bool) -> Iterator[str]:
    """What holds, and each difference."""
    if found.period is not None:
        first, last, timezone = found.period
        yield f"certificate of {first}..{last} ({timezone}), made {found.certified_at}"
    rows = [one for one in found.differences if one.what in {"changed", "missing", "additional"}]
    others = [one for one in found.differences if one not in rows]
    yield from (f"{one.what}: {one.detail}" for one in others)
    if not others:
        yield "signature and chain: good"
    yield from _of_rows(found, rows, table=table)
    yield from (f"note: {note}" for note in found.notes)


def _of_rows(found: CertificateCheck, rows: list[CertificateDifference], *, table: bool) -> Iterator[str]:
    if found.rows is not None:
        told = f"{many(len(rows), 'difference')}" if rows else "as certified"
        yield f"table: {told} ({many(found.rows, 'row')} on these days)"
    elif table:
        yield "table: not compared"
    for one in rows[:SHOWN]:
        yield f"  {one.what}: {_named(one)}: {one.detail}"
    if len(rows) > SHOWN:
        yield f"  and {len(rows) - SHOWN:,} more (--json lists all)"


def _named(one: CertificateDifference) -> str:
    row = "" if one.clock_time_id is None else f", row {one.clock_time_id}"
    shift = "" if one.shift_id is None else f", shift {called(one.shift_id)}"
    return f"employee {one.employee_id}{row}{shift}"
