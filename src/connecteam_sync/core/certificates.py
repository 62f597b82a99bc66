"""Certificates of closed pay periods: what is signed, and its one encoding. Pure.

What is signed is readable JSON: sorted keys, indented, whole numbers and strings only, no names of people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Literal

import msgspec

from connecteam_sync.core.certified_rows import (
    IN_THE_TREE,
    CertificateDifference,
    CertifiedRow,
    KeyKinds,
    PersonRows,
    csv_of,
    in_order,
    moment,
    people_of,
    root_of,
)
from connecteam_sync.core.keys import RowId, by_key

FORMAT = "connecteam-sync certificate"
SCHEMA = 1
NOT_RECORDED = "not recorded"
"""The verdict of a person of whom the closing of the period recorded none."""
CHANGED_SINCE = "changed since closing"
"""The verdict of a person whose rows had other minutes when the period was closed."""
YesNo = Literal["yes", "no"]
STATEMENT = (
    (
        "The holder of the signing key says that, at certified_at, the table of clock times held exactly the rows of"
        " rows.csv on the days of this period: every row, of any source, with an employee and a clock-in on these days."
    ),
    (
        "minutes are elapsed minutes from clock-in to clock-out; unpaid breaks are part of them. The minutes of"
        " corrections are not in the rows."
    ),
    (
        "time_clocks names the looks at Connecteam by which the table was written or compared. Where a look has an"
        " inputs_hash, it was made of Connecteam's answer together with the people and settings that it was judged by;"
        " where it has none, only that there was such a look is said."
    ),
    "verdict is what the closing of the period found of Connecteam's own timesheet of that person.",
    "It does not prove that the punches are true, nor that Connecteam's answers were.",
    (
        "It does not prove when it was signed: without a time stamp of somebody else, certified_at is the word of the"
        " key's holder."
    ),
)
KEY_STATEMENT = (
    "The holder of the old key says that certificates after this one are signed with the new key.",
    (
        "Where reason says that the old key was lost, nobody but the holder of the new key says so: whoever needs"
        " certainty asks the company by another way."
    ),
)


class Payload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A part of what is signed: None, and nothing else, is left out."""


class CertifiedAccount(Payload, frozen=True, kw_only=True):
    """Whose hours they are. Where the key may not read the company, its time clocks stand in for it."""

    company_id: str | None = None
    region: str | None = None
    time_clocks: tuple[int, ...]

    def is_other(self, other: CertifiedAccount) -> str | None:
        """What tells two companies apart, as a sentence; None if nothing does."""
        if self.company_id and other.company_id:
            if self.company_id != other.company_id:
                return f"it is of company {self.company_id}, and this database of company {other.company_id}"
        elif self.time_clocks and other.time_clocks and not {*self.time_clocks} & {*other.time_clocks}:
            clocks = [", ".join(map(str, clocks)) for clocks in (self.time_clocks, other.time_clocks)]
            return f"it is of time clocks {clocks[0]}, and this database of {clocks[1]}"
        if self.region and other.region and self.region != other.region:
            return f"it is of the region {self.region}, and this database of {other.region}"
        return None


class PassedOver(Payload, frozen=True, kw_only=True):
    """What was not well when the period was closed all the same."""

    name: str
    count: int


class CertifiedPeriod(Payload, frozen=True, kw_only=True):
    """The closed period. `event` is the number of its closing, `anyway` whether obstacles were passed over."""

    first: str
    last: str
    timezone: str
    workweek_start: str | None = None
    event: int
    closed_at: str
    anyway: YesNo
    obstacles: tuple[PassedOver, ...]


class CertifiedLook(Payload, frozen=True, kw_only=True):
    """A complete look at a time clock: its days, when it ended, and what its receipt says.

    `inputs_hash` is that of its inputs, where it is kept: of Connecteam's answer, people and settings together.
    """

    first: str
    last: str
    at: str
    run: int
    status: str
    inputs_hash: str | None = None


class CertifiedClock(Payload, frozen=True, kw_only=True):
    """A time clock with, for each day of the period, the newest complete look at it, and the newest with a hash."""

    time_clock_id: int
    looks: tuple[CertifiedLook, ...]


class CertifiedPerson(Payload, frozen=True, kw_only=True):
    """A person's rows, and the three counts of the closing: the two others are None where it recorded none."""

    employee_id: RowId
    shifts: int
    minutes: int
    root: str
    verdict: str
    minutes_activities: int | None = None
    minutes_timesheet: int | None = None


class CertifiedCorrection(Payload, frozen=True, kw_only=True):
    """A correction of a day of the period, or accepted into it."""

    id: int
    employee_id: RowId
    day: str
    kind: str
    minutes_before: int
    minutes_after: int
    delta_minutes: int
    state: str
    shift_id: str | None = None
    effective_period: str | None = None
    counter_of: int | None = None


class CertifiedHold(Payload, frozen=True, kw_only=True):
    """A hold that touched the period while it was certified."""

    id: int
    reason: str
    first: str
    last: str
    minutes: int
    acknowledged: YesNo
    employee_id: RowId | None = None
    shift_id: str | None = None
    clock_time_id: RowId | None = None


class JournalHead(Payload, frozen=True, kw_only=True):
    """The newest entry of the journal: its number, and the hash of which its cursor has the first six digits."""

    number: int
    hash: str | None = None


class Break(Payload, frozen=True, kw_only=True):
    """Where the chain of keys is broken: another key began with nobody's word but its own."""

    position: int
    at: str
    reason: str


class Link(Payload, frozen=True, kw_only=True):
    """The place in the chain: 1 for the first; `previous` is the SHA-256 of the certificate before."""

    position: int
    previous: str | None = None
    breaks: tuple[Break, ...]


class RowsFile(Payload, frozen=True, kw_only=True):
    """`rows.csv`: its SHA-256 and lines, without the first, and the cells that the hash of a row is made of."""

    sha256: str
    lines: int
    in_the_tree: tuple[str, ...]
    keys: KeyKinds


class Totals(Payload, frozen=True, kw_only=True):
    """The sums over all people."""

    people: int
    shifts: int
    minutes: int


class Tool(Payload, frozen=True, kw_only=True):
    """What made the certificate."""

    name: str
    version: str


class PeriodPayload(Payload, frozen=True, kw_only=True, tag_field="kind", tag="period"):
    """What is signed of a closed period."""

    schema: int = msgspec.field(default_factory=lambda: SCHEMA)
    format: str = msgspec.field(default_factory=lambda: FORMAT)
    account: CertifiedAccount
    certified_at: str
    chain: Link
    configuration_hash: str
    corrections: tuple[CertifiedCorrection, ...]
    holds: tuple[CertifiedHold, ...]
    journal: JournalHead
    people: tuple[CertifiedPerson, ...]
    period: CertifiedPeriod
    root: str
    rows_csv: RowsFile
    statement: tuple[str, ...] = msgspec.field(default_factory=lambda: STATEMENT)
    time_clocks: tuple[CertifiedClock, ...]
    tool: Tool
    totals: Totals

    @property
    def by_person(self) -> dict[RowId, PersonRows]:
        """The rows of each person, as they were certified."""
        return {p.employee_id: PersonRows(shifts=p.shifts, minutes=p.minutes, root=p.root) for p in self.people}


class KeyPayload(Payload, frozen=True, kw_only=True, tag_field="kind", tag="key"):
    """What is signed of another key: by the old one, or, where that was lost (`reason`), by the new one."""

    schema: int = msgspec.field(default_factory=lambda: SCHEMA)
    format: str = msgspec.field(default_factory=lambda: FORMAT)
    account: CertifiedAccount
    certified_at: str
    chain: Link
    new_key: str
    old_key: str
    reason: str | None = None
    statement: tuple[str, ...] = msgspec.field(default_factory=lambda: KEY_STATEMENT)
    tool: Tool


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """What the closing of a period recorded of a person."""

    employee_id: RowId | None
    verdict: str | None = None
    minutes_table: int | None = None
    minutes_activities: int | None = None
    minutes_timesheet: int | None = None

    def verdict_on(self, minutes: int) -> str:
        """What a certificate says of this person: no verdict of the closing stands beside other minutes than it saw."""
        if self.minutes_table not in {None, minutes}:
            return CHANGED_SINCE
        return self.verdict or NOT_RECORDED


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate on record. `at` is in epoch seconds, `key` the fingerprint of the key that signed it.

    `period` is its first day, last day and time zone; of a certificate of another key it is None, and `new_key` is the
    fingerprint of that. `mismatch` says how the table differs from it by now, as the last comparison found.
    """

    number: int
    at: int
    by: str
    hash: str
    previous: str | None
    key: str
    period: tuple[str, str, str] | None = None
    new_key: str | None = None
    mismatch: CertificateMismatch | None = None


class CertificateMismatch(msgspec.Struct, frozen=True, kw_only=True):
    """How the table differs from the newest certificate of a period, as the last comparison found.

    `since` is when that was found first (epoch seconds); `people` how many have other rows than were certified, and
    `employees` the first of them.
    """

    since: int
    people: int
    employees: tuple[RowId, ...]

    @property
    def text(self) -> str:
        """As it is kept."""
        return msgspec.json.encode(self).decode()


def mismatch_of(text: str) -> CertificateMismatch:
    """The mismatch that is kept as this text."""
    return msgspec.json.decode(text, type=CertificateMismatch)


class CertificateCheck(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a verification: `differences`, and `notes` that are no fault, a sentence each.

    `rows` is how many rows of the table were compared; None if they were not.
    """

    period: tuple[str, str, str] | None
    certified_at: str | None
    hash: str
    differences: tuple[CertificateDifference, ...]
    notes: tuple[str, ...] = ()
    rows: int | None = None

    @property
    def exit_code(self) -> int:
        """0, or 5 if anything is not as it was certified."""
        return 5 if self.differences else 0


def period_payload(
    rows: Sequence[CertifiedRow],
    *,
    account: CertifiedAccount,
    at: int,
    chain: Link,
    configuration_hash: str,
    corrections: tuple[CertifiedCorrection, ...],
    counted: Mapping[RowId, Counted],
    holds: tuple[CertifiedHold, ...],
    journal: JournalHead,
    period: CertifiedPeriod,
    time_clocks: tuple[CertifiedClock, ...],
    tool: Tool,
) -> tuple[PeriodPayload, bytes]:
    """What is signed of a period, and its `rows.csv`. `at` is in epoch seconds; `counted` are the counts of the closing
    by employee.
    """
    rows = in_order(rows)
    content = csv_of(rows)
    found = people_of(rows)
    every = by_key({**dict.fromkeys(counted, PersonRows()), **found})
    people = tuple(_person(employee, theirs, counted.get(employee)) for employee, theirs in every)
    return PeriodPayload(
        account=account,
        certified_at=moment(at),
        chain=chain,
        configuration_hash=configuration_hash,
        corrections=corrections,
        holds=holds,
        journal=journal,
        people=people,
        period=period,
        root=root_of(person.root for person in people),
        rows_csv=RowsFile(
            sha256=sha256(content).hexdigest(), lines=len(rows), in_the_tree=IN_THE_TREE, keys=KeyKinds.of(rows)
        ),
        time_clocks=time_clocks,
        tool=tool,
        totals=Totals(
            people=len(found),
            shifts=sum(theirs.shifts for theirs in found.values()),
            minutes=sum(theirs.minutes for theirs in found.values()),
        ),
    ), content


def _person(employee: RowId, rows: PersonRows, counted: Counted | None) -> CertifiedPerson:
    return CertifiedPerson(
        employee_id=employee,
        shifts=rows.shifts,
        minutes=rows.minutes,
        root=rows.root,
        verdict=NOT_RECORDED if counted is None else counted.verdict_on(rows.minutes),
        minutes_activities=None if counted is None else counted.minutes_activities,
        minutes_timesheet=None if counted is None else counted.minutes_timesheet,
    )


# -- the one encoding --------------------------------------------------------------------------------------------------


def encoded(payload: PeriodPayload | KeyPayload) -> bytes:
    """The bytes that are signed."""
    return _canonical(msgspec.to_builtins(payload))


def decoded(content: bytes) -> PeriodPayload | KeyPayload:
    """The payload of these bytes. Raises ValueError if they are not the one encoding of a certificate of ours."""
    try:
        if _canonical(msgspec.json.decode(content)) != content:
            msg = "its JSON is not written as ours is: it was altered, or made by another program"
            raise ValueError(msg)
        found = msgspec.json.decode(content, type=PeriodPayload | KeyPayload)
    except (msgspec.DecodeError, RecursionError, OverflowError, UnicodeDecodeError) as error:
        msg = f"it is no certificate of this version: {error}"
        raise ValueError(msg) from error
    if (found.schema, found.format) != (SCHEMA, FORMAT):
        msg = f"it is a certificate of schema {found.schema}, and this version knows schema {SCHEMA}"
        raise ValueError(msg)
    return found


def _canonical(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, order="sorted"), indent=2) + b"\n"


def hash_of(content: bytes) -> str:
    """SHA-256 of what is signed: a certificate's name in the chain."""
    return sha256(content).hexdigest()
