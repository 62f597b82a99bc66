"""Text about holds: a line for each person and reason, with the next step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo

from connecteam_sync.core.change import Hold
from connecteam_sync.core.holds import NEED_A_MAPPING, HoldGroup, grouped
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.run import StandingHold
from connecteam_sync.core.text import called, hours, many, one_line, stamp

SHOWN = 40
"""Lines that are shown; the rest becomes a count."""


def worked(holds: Sequence[Hold]) -> str:
    """` (+8:00 h)`: hours that would be added; ` (8:00 h kept)`: hours of rows that stay."""
    parts = worked_minutes(
        sum(hold.minutes for hold in holds if hold.minutes > 0),
        -sum(hold.minutes for hold in holds if hold.minutes < 0),
    )
    return f" ({parts})" if parts else ""


def worked_minutes(added: int, kept: int) -> str:
    """`+8:00 h, 8:00 h kept`; empty if there are neither."""
    parts = [f"{hours(added, signed=True)} h"] * bool(added) + [f"{hours(kept)} h kept"] * bool(kept)
    return ", ".join(parts)


def hold_line(hold: Hold, zone: ZoneInfo, who: str) -> str:
    """`! 2025-12-02 08:00  Ana  unmapped_user: … (+8:00 h)`."""
    at = stamp(hold.instant, zone) if hold.instant is not None else "day not known"
    affected = "" if hold.reason == "locked_day" else worked([hold])  # its detail has the minutes already
    return f"  ! {at:<16}  {who:<24} {hold.reason}: {hold.detail}{affected}"


def group_line(group: HoldGroup, zone: ZoneInfo, who: str, *, on_record: bool = True) -> str:
    """`  ! 2025-12-01..2025-12-11  Ana  unmapped_user: 13 shifts (+101:30 h): …; next: …`; one hold as `hold_line`.

    If the holds are `on_record` and no command cures them, the next step is to look at each.
    """
    if len(group.holds) == 1:
        line, step = hold_line(group.holds[0], zone, who), group.next_step(zone)
        return f"{line}; next: {step}" if step and (group.reason in NEED_A_MAPPING or group.lacks_employee) else line
    days = group.days(zone)
    at = "day not known" if days is None else f"{days[0]}" if days[0] == days[1] else f"{days[0]}..{days[1]}"
    noun = "shift" if all(hold.shift_id for hold in group.holds) else "record"
    step = group.next_step(zone) or (group.show_command() if on_record else "")
    step = f"; next: {step}" if step and step not in group.detail else ""
    counted = f"{many(len(group.holds), noun)}{worked(group.holds)}"
    return f"  ! {at:<16}  {who:<24} {group.reason}: {counted}: {group.detail}{step}"


def who_is_held(hold: Hold, names: Mapping[RowId, str], users: Mapping[int, str]) -> str:
    """The person a hold is about, by name if it is known, else by id."""
    name = names.get(hold.employee_id or 0) or users.get(hold.user_id or 0)
    return _person(hold, name)


def _person(hold: Hold, name: str | None) -> str:
    if name and (shown := called(name)):
        return shown
    if hold.employee_id is not None:
        return f"employee {hold.employee_id}"
    return f"Connecteam user {hold.user_id}" if hold.user_id is not None else "nobody known"


def hold_lines(
    holds: Iterable[Hold],
    zone: ZoneInfo,
    names: Mapping[RowId, str],
    users: Mapping[int, str],
    *,
    elsewhere: str | None = None,
) -> list[str]:
    """Holds under a headline, then a count of the acknowledged ones; no line if there are none.

    `elsewhere` is the command that shows each hold if no run has recorded them, since `holds` lists recorded ones only.
    """
    every = list(holds)
    waiting = [hold for hold in every if not hold.acknowledged]
    more = elsewhere or "connecteam-sync holds"
    known = [f"{many(len(every) - len(waiting), 'record')} held and acknowledged: {more}"]
    known = known if len(every) > len(waiting) else []
    if not waiting:
        return known
    groups = grouped(waiting)
    people = len({(group.employee_id, group.user_id) for group in groups})
    of = f" of {many(people, 'person', 'people')}" if len(groups) < len(waiting) else ""
    lines = [f"Held, waiting for a person or for its cause to go ({many(len(waiting), 'record')}{of}):"]
    lines += [
        group_line(group, zone, who_is_held(group.holds[0], names, users), on_record=elsewhere is None)
        for group in groups[:SHOWN]
    ]
    if len(groups) > SHOWN:
        left = sum(len(group.holds) for group in groups[SHOWN:])
        lines.append(f"  … and {many(left, 'more hold')}: {more}")
    elif elsewhere is not None and len(groups) < len(waiting):
        lines.append(f"  each of them: {elsewhere}")
    return lines + _the_same_hours(groups) + known


def _the_same_hours(groups: Iterable[HoldGroup]) -> list[str]:
    """A note if shifts without an employee and rows without a user are both held: they may be the same hours."""
    if not {group.reason for group in groups} >= {"unmapped_user", "no_connecteam_user"}:
        return []
    return [
        "  shifts of unmapped_user may be rows of no_connecteam_user: once the user is mapped, they are linked to them"
    ]


def holds_text(
    standing: Iterable[StandingHold], zone: ZoneInfo, *, each: bool = True, nothing: str = "nothing is held"
) -> list[str]:
    """Standing holds, oldest shift first, then the acknowledged ones and by whom.

    A line for `each` hold, or one for each person and reason; the text `nothing` if there is none.
    """
    waiting: list[str] = []
    known: list[str] = []
    standing = list(standing)
    single = {id(g.holds[0]) for g in grouped(i.hold for i in standing if not i.acknowledged) if len(g.holds) == 1}
    if not each:
        open_ = [item for item in standing if item.acknowledged is None and id(item.hold) not in single]
        names = {id(item.hold): _person(item.hold, item.employee_name or item.user_name) for item in open_}
        waiting = [group_line(g, zone, names[id(g.holds[0])]) for g in grouped(item.hold for item in open_)]
        waiting += _the_same_hours(grouped(item.hold for item in open_))
        waiting += ["each of them, with its id: connecteam-sync holds --all"] if waiting else []
        standing = [item for item in standing if item.acknowledged is not None or id(item.hold) in single]
    for item in standing:
        who = _person(item.hold, item.employee_name or item.user_name)
        since = stamp(item.first_seen, zone)[:10]
        line = f"{hold_line(item.hold, zone, who)}  hold {item.id}, since {since}, run {item.first_run}"
        if (acknowledged := item.acknowledged) is None:
            waiting.append(line)
            continue
        by, why = called(acknowledged.by), one_line(acknowledged.reason)
        known += [line.replace("  ! ", "  = ", 1), f"    acknowledged by {by}, {stamp(acknowledged.at, zone)}: {why}"]
    if known:
        known.insert(0, "Acknowledged, until anything about them changes:")
    return waiting + known or [nothing]
