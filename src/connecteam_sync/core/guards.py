"""May this plan be applied? Guards refuse a whole window on signs that the answer, not the company, has changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

from connecteam_sync.core.change import Change, Policy, Refusal, fingerprint_of_stopped
from connecteam_sync.core.clocktime import ClockTime, StoredState, TrackedShift
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.same_minute import without_seconds
from connecteam_sync.core.shift import Snapshot, User
from connecteam_sync.core.text import many, named
from connecteam_sync.core.window import Window, local_day

_ONE_PERSON = 1
"""A single person who is gone is never suspicious, however small the company."""
_DOUBLED_PEOPLE, DOUBLED_SHARE = 3, 0.8
"""Of at least so many people, more than half would get so much of their hours a second time."""


def too_many_deletes(deletes: Sequence[Change], rows: int, policy: Policy, clock: int = 0) -> Refusal | None:
    """Refuse more deletes than a fixed number or a share of the window's rows, whichever is more."""
    limit = _limit(rows, policy)
    if len(deletes) <= limit:
        return None
    people = len({change.image.employee_id for change in deletes})
    span = _days(change.days[0] for change in deletes)
    return Refusal(
        guard="too_many_deletes",
        message=(
            f"{len(deletes):,} of {many(rows, 'row')}, of {many(people, 'person', 'people')} {span}, would be deleted;"
            f" without a person's word at most {limit:,} may be"
        ),
        fingerprint=_name_of_linked(deletes, clock),
        stopped=tuple(deletes),
    )


def too_many_orphans(deletes: Sequence[Change], rows: int, policy: Policy) -> Refusal | None:
    """Refuse too many deletes of rows without a shift, which belong to no time clock: `rows` is of every clock.

    `deletes` are all that would go; those of shifts count too, but are only mentioned as a number.
    """
    limit = _limit(rows, policy)
    orphans = [change for change in deletes if change.shift_id is None]
    if not orphans or len(deletes) <= limit:
        return None
    people = many(len({change.image.employee_id for change in orphans}), "person", "people")
    span, others = _days(change.days[0] for change in orphans), len(deletes) - len(orphans)
    beside = f" beside {many(others, 'other')}" if others else ""
    return Refusal(
        guard="too_many_deletes",
        message=(
            f"{many(len(orphans), 'row')} without a shift, of {people} {span}, would be deleted"
            f"{beside}, of {many(rows, 'row')} of every time clock; without a person's word at most {limit:,} may be"
        ),
        fingerprint=_name_of_orphans(orphans),
        stopped=tuple(orphans),
    )


def _limit(rows: int, policy: Policy) -> int:
    """How many of so many rows may go without a person's consent."""
    return max(policy.max_deletes, int(policy.max_deletes_share * rows))


def _days(touched: Iterable[date]) -> str:
    days = sorted(touched)
    return f"on {days[0]}" if days[0] == days[-1] else f"from {days[0]} to {days[-1]}"


def empty_answer(window: Window, snapshot: Snapshot, held: Sequence[TrackedShift]) -> Refusal | None:
    """Refuse an answer without any shift if we have rows of some: an empty answer is more likely a fault."""
    if snapshot.shifts or not held:
        return None
    people = many(len({m.shift.user_id for m in held}), "person", "people")
    days = _days(local_day(m.shift.start, window.zone) for m in held)
    rows = [(m.clock_time_id or 0, m.shift.user_id, m.shift.start) for m in held]
    invalid = sum(invalid_record.kind == "shift" for invalid_record in snapshot.invalid_records)
    content = f"no shift that can be believed ({invalid} cannot)" if invalid else "no shift at all"
    return Refusal(
        guard="empty_answer",
        message=f"Connecteam's answer has {content}, and the table holds {many(len(rows), 'row')} of {people} {days}",
        fingerprint=fingerprint_of_stopped("empty_answer", snapshot.time_clock_id, rows),
    )


def users_gone(
    known: frozenset[int],
    listed: frozenset[int],
    policy: Policy,
    *,
    where: str,
    names: Mapping[int, User],
    clock: int = 0,
) -> Refusal | None:
    """Refuse if more than a share of the known users are missing from a list that should name them."""
    gone = known - listed
    if len(gone) <= max(_ONE_PERSON, policy.max_users_gone_share * len(known)):
        return None
    return Refusal(
        guard="users_gone",
        message=(
            f"{len(gone):,} of {many(len(known), 'known person', 'known people')} are missing from {where}:"
            f" {named(names[user].name if user in names else f'user {user}' for user in gone)}"
        ),
        fingerprint=fingerprint_of_stopped(f"users_gone {where}", clock, ((user,) for user in gone)),
    )


def doubled_hours(creates: Iterable[Change], unlinked: Iterable[ClockTime], clock: int) -> Refusal | None:
    """Refuse new rows about as long as existing rows of ours without a shift, for most of the people.

    If a table with other times than Connecteam's is taken over, every hour would be there twice.
    """
    creates, unlinked = tuple(creates), tuple(unlinked)
    had: dict[RowId, int] = defaultdict(int)
    for row in unlinked:
        had[row.employee_id] += row.minutes
    new: dict[RowId, int] = defaultdict(int)
    rows = []
    for change in creates:
        if change.image.employee_id in had:
            new[change.image.employee_id] += change.image.minutes
            rows.append((change.image.employee_id, change.image.clock_in))
    doubled = [person for person, minutes in had.items() if new[person] and new[person] >= DOUBLED_SHARE * minutes]
    if len(had) < _DOUBLED_PEOPLE or len(doubled) <= len(had) / 2:
        return None
    seconds = without_seconds(creates, unlinked)
    why = (
        f"{seconds}: connecteam-sync adopt shows and links them"
        if seconds
        else "(a time zone? times that were rounded?)"
    )
    return Refusal(
        guard="doubled_hours",
        message=(
            f"{len(doubled)} of {len(had)} people with rows of ours that match no shift would get as many hours again:"
            f" the rows may be the same shifts at other times{';' if seconds else ''} {why}"
        ),
        fingerprint=fingerprint_of_stopped("doubled_hours", clock, rows),
        lacks_seconds=bool(seconds),
    )


def rows_of_listed(rows: Iterable[ClockTime], stored: StoredState, snapshot: Snapshot) -> tuple[ClockTime, ...]:
    """The rows of people whom the time clock lists: it creates no rows for others."""
    people = {stored.employees.get(user) for user in snapshot.listed}
    return tuple(row for row in rows if row.employee_id in people)


def refusals(
    window: Window,
    snapshot: Snapshot,
    stored: StoredState,
    policy: Policy,
    *,
    rows: int,
    rows_of_all: int,
    deletes: Sequence[Change],
    changes: Iterable[Change] = (),
    deferred: Sequence[Change] = (),
    unlinked: Sequence[ClockTime] = (),
    orphans_go: bool = False,
) -> tuple[Refusal, ...]:
    """The refusals of all guards.

    `rows` counts those of the plan's time clock, `rows_of_all` those of every clock; `deferred` are new rows that wait
    for old ones to go.
    """
    start, end, clock = window.start_utc, window.end_utc, snapshot.time_clock_id
    present = {row.id for row in stored.rows}
    inside = [m for m in stored.mirrors if m.shift.time_clock_id == clock and start <= m.shift.start < end]
    mine = frozenset(mirror.shift.user_id for mirror in inside if mirror.clock_time_id is not None)
    names = {**stored.users, **{user.id: user for user in snapshot.users}}
    doubled = None
    # Rows without a shift double nothing if they go at the end of the run and no guard stops that.
    if not orphans_go or len(unlinked) > _limit(rows_of_all, policy):
        creates, beside = [c for c in changes if c.kind == "create"], rows_of_listed(unlinked, stored, snapshot)
        doubled = doubled_hours((*creates, *deferred), beside, clock)
        # If the old rows go first, no hours are there twice; but rows that lack only the seconds should be linked.
        if doubled is not None and deferred and not doubled.lacks_seconds:
            doubled = doubled_hours(creates, beside, clock)
    found = (
        too_many_deletes([change for change in deletes if change.shift_id is not None], rows, policy, clock),
        too_many_orphans(deletes, rows_of_all, policy),
        empty_answer(window, snapshot, [mirror for mirror in inside if mirror.clock_time_id in present]),
        users_gone(mine, snapshot.listed, policy, where="the time clock's answer", names=names, clock=clock),
        users_gone(
            stored.known_users,
            frozenset(user.id for user in snapshot.users),
            policy,
            where="Connecteam's list of users",
            names=names,
        ),
        doubled,
    )
    return tuple(r for r in found if r is not None)


def let_through(deletes: Sequence[Change], clock: int, policy: Policy) -> set[RowId]:
    """The rows of deletes that a person has accepted, all of them together."""
    if not policy.accepted:
        return set()
    linked, orphans = (
        [c for c in deletes if c.shift_id is not None],
        [c for c in deletes if c.shift_id is None],
    )
    names = {_name_of_linked(linked, clock): linked, _name_of_orphans(orphans): orphans}
    return {c.image.id or 0 for name, group in names.items() if name in policy.accepted for c in group}


def _name_of_linked(deletes: Iterable[Change], clock: int) -> str:
    return fingerprint_of_stopped("too_many_deletes", clock, map(_row, deletes))


def _name_of_orphans(deletes: Iterable[Change]) -> str:
    return fingerprint_of_stopped("too_many_orphans", 0, map(_row, deletes))


def days_at_stake(window: Window, refused: Sequence[Refusal]) -> str:
    """The days of refusals as options of a command: those of the stopped rows, else the whole window."""
    stopped = [change.days[0] for refusal in refused for change in refusal.stopped]
    first, last = window.first, window.last
    if stopped and all(refusal.stopped for refusal in refused):
        first, last = min(stopped), max(stopped)
    return f"--from {first} --to {last}"


def accept_command(window: Window, refused: Sequence[Refusal], *, resync: bool, accepted: Iterable[str] = ()) -> str:
    """The command that lets through exactly what these guards stopped.

    `accepted` are fingerprints that were accepted before: without them the same would be stopped again.
    """
    return (
        _link_command([window], refused)
        or f"{_command(resync=resync)} {days_at_stake(window, refused)} {accept_options(refused, accepted)}"
    )


def accept_all_command(
    stopped: Sequence[tuple[Window, Sequence[Refusal]]],
    asked: Window | None,
    *,
    resync: bool,
    accepted: Iterable[str] = (),
) -> str | None:
    """The one command that lets through all that guards stopped in a run: `stopped` has the slices with their refusals.

    It names the days at stake if they are of one slice. Else it names the days `asked` for (None: a default run), since
    other days make other slices, in which guards would stop other rows.
    """
    if not stopped:
        return None
    refused = [refusal for _, of_slice in stopped for refusal in of_slice]
    accepted = sorted(accepted)
    windows = {window for window, _ in stopped}
    if linking := _link_command(windows, refused):
        return linking
    if len(windows) == 1 and not accepted:
        return accept_command(windows.pop(), refused, resync=resync)
    days = f" --from {asked.first} --to {asked.last}" if asked is not None else ""
    return f"{_command(resync=resync)}{days} {accept_options(refused, accepted)}"


def _link_command(windows: Collection[Window], refused: Iterable[Refusal]) -> str | None:
    """The command that links rows that lack only the seconds: accepting the new rows would count each hour twice."""
    if not any(refusal.lacks_seconds for refusal in refused):
        return None
    first, last = min(window.first for window in windows), max(window.last for window in windows)
    return f"connecteam-sync adopt --apply --link-minutes --from {first} --to {last}"


def accept_options(refused: Iterable[Refusal], accepted: Iterable[str] = ()) -> str:
    """The options that let refusals through, each once, after those accepted before."""
    names = dict.fromkeys((*sorted(accepted), *(refusal.fingerprint for refusal in refused)))
    return " ".join(f"--accept {name}" for name in names)


def _command(*, resync: bool) -> str:
    return f"connecteam-sync {'resync' if resync else 'sync'}"


def _row(change: Change) -> tuple[RowId, RowId, int]:
    """The parts of a delete's fingerprint: row, employee, clock-in."""
    image = change.image
    return (image.id or 0, image.employee_id, image.clock_in)
