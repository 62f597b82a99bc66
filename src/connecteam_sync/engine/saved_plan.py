"""Plans in a file: private, with a checksum, and not trusted until every field is checked."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from connecteam_sync.core.change import Change, Losses, SlicePlan
from connecteam_sync.core.clocktime import ClockTime, StoredState
from connecteam_sync.core.columns import ROW
from connecteam_sync.core.keys import RowId, ordered, provisional_user
from connecteam_sync.core.run import Plan
from connecteam_sync.core.shift import User
from connecteam_sync.core.text import many
from connecteam_sync.core.window import MAX_WINDOW_DAYS, Window
from connecteam_sync.errors import ConfigurationError, StalePlan

_AGAIN = "make one: connecteam-sync plan --out FILE"
_NEW, _DIGITS = "make a new plan: in the console, or connecteam-sync plan", 32
_DAYS = (date(1971, 1, 1), date(2200, 1, 1))
_INSTANTS = (0, 10_000_000_000)
"""The range of epoch seconds of a punch: up to the year 2286."""
_NUMBER = 2**63 - 1
_LONGEST_KEY = 1_000
"""The longest key of a row, in characters."""


class _Saved(msgspec.Struct, frozen=True):
    """A plan as it is in the file: its JSON, and the digest of that."""

    plan: msgspec.Raw
    sha256: str


def save_plan(proposal: Plan, path: str | Path) -> None:
    """Write a plan to a file only its owner can read: it names people and hours. Raises ConfigurationError.

    The file replaces an older one atomically. A symbolic link is not followed, and only an ordinary file is replaced.
    Snapshot, tracked shifts and policy are not saved: `apply` looks again.
    """
    from connecteam_sync.engine.private_file import write_private

    text = text_of(proposal)
    whole = msgspec.json.encode(_Saved(msgspec.Raw(text), hashlib.sha256(text).hexdigest()))
    write_private(path, whole, what="plan")


def text_of(proposal: Plan) -> bytes:
    """All of a plan that `apply` needs, as JSON."""
    bare = msgspec.structs.replace(proposal, plans=tuple(_bare(plan) for plan in proposal.plans), failures=())
    return msgspec.json.encode(bare)


def fingerprint_of(text: bytes) -> str:
    """What tells a plan apart from every other one: a digest of its whole text."""
    return hashlib.sha256(text).hexdigest()[:_DIGITS]


def kept_plan_of(text: bytes, fingerprint: str, *, timezone: str) -> Plan:
    """The plan of a text that was kept. Raises ConfigurationError if it is none of this version, or was altered."""
    what = f"the plan {fingerprint}"
    if fingerprint_of(text) != fingerprint:
        raise ConfigurationError(f"{what} is not as it was kept; nothing was written", next_step=_NEW)
    try:
        proposal = msgspec.json.decode(text, type=Plan)
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        raise ConfigurationError(f"{what} is no plan of this version: {error}", next_step=_NEW) from error
    odd = next(_oddities(proposal, timezone), None)
    if odd is not None:
        raise ConfigurationError(f"{what} cannot be applied: {odd}; nothing was written", next_step=_NEW)
    return proposal


def _bare(plan: SlicePlan) -> SlicePlan:
    """Without what a look saw, but for the names of people who are held: they are shown with the plan."""
    held = {hold.user_id for hold in plan.holds}
    users = tuple(
        User(id=user.id, first_name=user.first_name, last_name=user.last_name)
        for user in plan.snapshot.users
        if user.id in held
    )
    snapshot = msgspec.structs.replace(
        plan.snapshot, users=users, listed=frozenset(), shifts=(), breaks=(), invalid_records=()
    )
    bare = msgspec.structs.replace(plan, snapshot=snapshot, mirrors=(), breaks=(), breaks_gone=())
    return msgspec.structs.replace(bare, at_risk=(), losses=Losses())


def read_plan(path: str | Path, *, timezone: str) -> Plan:
    """A plan written by `save_plan`. Raises ConfigurationError if it is none, or was altered since."""
    try:
        saved = msgspec.json.decode(Path(path).read_bytes(), type=_Saved)
        proposal = msgspec.json.decode(saved.plan, type=Plan)
    except OSError as error:
        raise ConfigurationError(f"the plan {path} cannot be read: {error.strerror}", next_step=_AGAIN) from error
    except (msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        raise ConfigurationError(f"{path} is no plan of this version: {error}", next_step=_AGAIN) from error
    if hashlib.sha256(saved.plan).hexdigest() != saved.sha256:
        raise ConfigurationError(
            f"the plan {path} is not as it was saved: its checksum differs; nothing was written", next_step=_AGAIN
        )
    odd = next(_oddities(proposal, timezone), None)
    if odd is not None:
        raise ConfigurationError(f"the plan {path} cannot be applied: {odd}; nothing was written", next_step=_AGAIN)
    return proposal


def _oddities(proposal: Plan, timezone: str) -> Iterator[str]:
    """Contents that no plan of ours has, a sentence each."""
    if not proposal.plans:
        yield "it holds no plan"
    for window in (proposal.window, *(plan.window for plan in proposal.plans)):
        yield from odd_window(window, timezone)
    for plan in proposal.plans:
        if not 0 < plan.time_clock_id <= _NUMBER:
            yield f"there is no time clock {plan.time_clock_id}"
        for change in plan.changes:
            yield from _odd_change(change)


def odd_window(window: Window, timezone: str) -> Iterator[str]:
    """What is wrong with a window that was read from a file, a sentence each."""
    if window.timezone != timezone:
        yield f"it was made for the time zone {window.timezone[:60]!r}, and this is {timezone}"
    try:
        ZoneInfo(window.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield f"there is no time zone {window.timezone[:60]!r}"
    if not (_DAYS[0] <= window.first <= window.last <= _DAYS[1]) or window.days > MAX_WINDOW_DAYS:
        yield f"its window {window} is not one of at most {MAX_WINDOW_DAYS} days of this age"


def _odd_change(change: Change) -> Iterator[str]:
    images = {"create": (False, True), "update": (True, True), "link": (True, True), "delete": (True, False)}
    if (change.before is not None, change.after is not None) != images[change.kind]:
        yield f"a change ({change.kind}) is without its row"
        return
    for image in (change.before, change.after):
        if image is not None:
            yield from _odd_image(image, is_new=image is change.after and change.before is None)


def _odd_image(image: ClockTime, *, is_new: bool) -> Iterator[str]:
    low, high = _INSTANTS
    # A row that an earlier plan of the proposal creates has a provisional id below zero.
    if (image.id is None and not is_new) or not (image.id is None or (image.id != 0 and _is_key(image.id))):
        yield f"there is no row {image.id}"
    values = [(column, getattr(image, column.field)) for column in ROW]
    times = (value or 1 if column.may_be_empty else value for column, value in values if column.kind == "moment")
    if not all(low < at < high for at in times):
        yield f"row {image.id} has times that no shift has"
    people = (value for column, value in values if column.kind == "person")
    minutes = (value or 0 for column, value in values if column.kind == "minutes")
    if not all(map(_is_key, people)) or any(abs(number) > _NUMBER for number in minutes):
        yield f"row {image.id} has numbers that no column takes"
    if not image.is_ours:
        yield f"row {image.id} is not ours: its source is {image.source[:60]!r}"


def _is_key(key: RowId) -> bool:
    """Whether a database may have a row of this key."""
    return 0 < len(key) <= _LONGEST_KEY if isinstance(key, str) else abs(key) <= 2 * _NUMBER + 1


# -- as it was shown, or not at all ------------------------------------------------------------------------------------


def _with_employee(change: Change, employees: Mapping[int, RowId]) -> Change:
    """A saved change; the id of an employee that an earlier slice of the plan has created since is filled in."""
    after = change.after
    user = provisional_user(after.employee_id) if after is not None else None
    known = employees.get(user) if user is not None else None
    if after is None or known is None:
        return change
    return msgspec.structs.replace(change, after=msgspec.structs.replace(after, employee_id=known))


def require_same(decision: SlicePlan, saved: SlicePlan, stored: StoredState) -> None:
    """A saved plan is applied exactly, or not at all. Raises StalePlan naming the rows that differ.

    The changes themselves are compared: they are what a person was shown, and a fingerprint in the file proves nothing
    about them.
    """
    fresh = set(decision.changes)
    old = {_with_employee(change, stored.employees) for change in saved.changes}
    if fresh != old:
        raise stale(fresh ^ old)


def stale(differing: Collection[Change]) -> StalePlan:
    """The error of a saved plan that no longer fits, naming the rows."""
    moved = sorted({c.image.id for c in differing if c.image.id is not None}, key=ordered)
    named = f": rows {', '.join(map(str, moved[:20]))}" if moved else ": shifts without a row yet"
    return StalePlan(
        f"the saved plan no longer fits, {many(len(differing), 'change differs', 'changes differ')}{named}",
        rows=tuple(moved),
        next_step="make a new plan: connecteam-sync plan --out FILE",
    )
