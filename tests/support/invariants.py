"""Invariants, a named function for each: raises AssertionError if it is violated.

They read tables and responses only, never the planner. Each counts how often it had something to check (`REACH`), so
that a suite can tell a proof from an empty check.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connecteam_sync.core.change import Hold

REACH: Counter[str] = Counter()
Row = Mapping[str, Any]
Rows = Sequence[Row]
Fact = tuple[int, int, int | None, int | None]
"""A shift as its row should be: user, clock-in, clock-out, whole minutes."""
_OURS = "connecteam"
_STAMPS = {"created_at", "updated_at"}


def seconds(value: Any) -> int:  # noqa: ANN401 - a moment as any driver gives it
    """Epoch seconds of a stored moment."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _by_id(rows: Rows) -> dict[int, Row]:
    return {row["id"]: row for row in rows}


def converged(rows: set[Fact], truth: set[Fact], explained: Collection[tuple[int, int]]) -> None:
    """Convergence: our rows are the shifts upstream, except for keys (user, clock-in) that a hold explains."""
    left = {(user, start) for user, start, _, _ in rows ^ truth} - set(explained)
    assert not left, f"differ without a hold: {sorted(left)}"
    REACH["convergence"] += len(truth) or 1


def wrote_nothing(before: object, after: object) -> None:
    """Idempotence: the same look again changes nothing."""
    assert before == after, "the second run wrote"
    REACH["idempotence"] += 1


def isolated(before: Rows, after: Rows, *, first: int, end: int, seen_rows: Collection[int]) -> None:
    """Isolation: rows outside `first..end` (instants) that no shift of the look is linked to are byte-identical."""
    old, new = _by_id(before), _by_id(after)
    for key in old.keys() | new.keys():
        row = old.get(key) or new[key]
        if not first <= seconds(row["clock_in"]) < end and key not in seen_rows:
            assert old.get(key) == new.get(key), f"row {key} lies outside of the window"
            REACH["isolation"] += 1


def manual_rows_unchanged(before: Rows, after: Rows) -> None:
    """Rows of other sources never change, appear or disappear."""
    old, new = ([dict(row) for row in rows if row["source"] != _OURS] for rows in (before, after))
    assert old == new, "a row entered by hand was touched"
    REACH["manual rows never change"] += len(old)


def deletes_have_evidence(
    journal: Rows,
    upstream: Mapping[str, tuple[int, int]],
    listed: Collection[int],
    *,
    kind: str,
    users: Mapping[object, Collection[int]],
) -> None:
    """A row is deleted only if its user is listed and its shift is gone, or has the same clock-in as another shift.

    One without a shift goes only by `resync`, if each user of its employee is listed and none of them has a shift that
    begins there. `upstream`: (user, start) of every shift of the days asked for, by id; one moved further away is gone
    from them. `kind` is the run's, `users` are those who count for each employee.
    """
    for entry in journal:
        if entry["kind"] != "delete":
            continue
        change = json.loads(entry["change_json"])
        if entry["shift_id"] is None:
            row = json.loads(entry["row_before"])
            assert kind == "resync", f"{kind} deleted a row without a shift: {row}"
            its = users.get(row["employee_id"], ())
            assert its, f"nobody counts for the employee of {row}"
            assert set(its) <= set(listed), f"not all users of {row} were listed"
            at = seconds(row["clock_in"])
            assert not [name for name, (user, start) in upstream.items() if user in its and start == at], row
            REACH["no row without a shift goes without evidence"] += 1
            continue
        if entry["shift_id"] in upstream:
            # By clock-in alone: two users may be mapped to one employee.
            duplicate_groups = [
                name for name, (_, start) in upstream.items() if start == upstream[entry["shift_id"]][1]
            ]
            assert len(duplicate_groups) > 1, f"shift exists: {dict(entry)}, {upstream}"
        else:
            assert change["user_id"] in listed, f"user {change['user_id']} was not listed"
        REACH["no delete without evidence"] += 1


def children_kept(before: Rows, after: Rows, rows: Rows) -> None:
    """Rows of other tables that point at ours are unchanged, and the rows they point at exist."""
    assert before == after, "a row that points at ours was touched"
    present = {row["id"] for row in rows}
    for child in after:
        assert child["clock_time_id"] in present, f"its row is gone: {dict(child)}"
        REACH["what rows of others point at stays"] += 1


def journal_gives(journal: Rows, rows: Rows, edited: Collection[int] = ()) -> None:
    """The journal replayed from its beginning gives our present rows; `edited` ones were altered by others."""
    replayed: dict[int, Any] = {}
    for entry in sorted(journal, key=lambda entry: entry["id"]):
        key = entry["clock_time_id"]
        if key not in edited and key in replayed:
            assert replayed[key] == _image(entry["row_before"]), f"entry {entry['id']} did not find row {key} as left"
        if entry["row_after"] is None:
            replayed.pop(key, None)
        else:
            replayed[key] = _image(entry["row_after"])
        _says_what_it_did(entry)
        REACH["the journal gives the table"] += 1
    present = {row["id"]: row for row in rows}
    for key, image in replayed.items():
        if key in edited:
            continue
        assert key in present, f"row {key} of the journal is not there"
        kept, found = ({name: _plain(value) for name, value in one.items()} for one in (image, present[key]))
        assert kept == found, f"row {key} is not as the journal left it: {kept.items() ^ found.items()}"
    for key, row in present.items():
        assert row["source"] != _OURS or key in edited or key in replayed, f"row {key} is in no journal"


def _says_what_it_did(entry: Row) -> None:
    """What an entry shows to people and programs is what its images of the whole row have."""
    said = json.loads(entry["change_json"])
    for shown, image in ((said.get("before"), entry["row_before"]), (said.get("after"), entry["row_after"])):
        row = _image(image)
        assert (shown is None) == (row is None), f"entry {entry['id']} shows another side than it keeps"
        if row is None:
            continue
        ends = [None if row[name] is None else seconds(row[name]) for name in ("clock_in", "clock_out")]
        assert [shown["clock_in"], shown["clock_out"]] == ends, f"entry {entry['id']}: {shown}, {row}"
        assert shown["total_minutes"] == row["total_minutes"], f"entry {entry['id']}: {shown}, {row}"
        assert str(shown["employee_id"]) == str(row["employee_id"]), f"entry {entry['id']}: {shown}, {row}"
        assert shown["source"] == row["source"], f"entry {entry['id']}: {shown}, {row}"


def _image(text: str | None) -> Any:  # noqa: ANN401 - a row as JSON
    return None if text is None else json.loads(text)


def _plain(value: object) -> str | None:
    """A value of a row, or of its image as JSON, in one spelling; moments to the second."""
    if value is None:
        return None
    if isinstance(value, bool):
        return str(int(value))
    text = f"{value:%Y-%m-%d %H:%M:%S}" if isinstance(value, datetime) else str(value)
    return f"{text[:10]} {text[11:19]}" if _MOMENT.match(text) else text


_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(\.0+)?$")


def keys_unique(rows: Rows) -> None:
    """One row for each (employee, clock-in)."""
    keys = Counter((row["employee_id"], row["clock_in"]) for row in rows)
    assert all(times == 1 for times in keys.values()), [key for key, times in keys.items() if times > 1]
    REACH["the unique key"] += len(keys)


def minutes_right(rows: Rows) -> None:
    """Minutes are the elapsed time rounded down, computed by the calendar; `is_active` is true if the row is open."""
    for row in rows:
        if row["source"] != _OURS or row["id"] is None:
            continue
        start, end = row["clock_in"], row["clock_out"]
        assert bool(row["is_active"]) == (end is None), f"the flag of row {row['id']}"
        if end is None:
            assert row["total_minutes"] is None
        else:
            elapsed = datetime.fromtimestamp(seconds(end), UTC) - datetime.fromtimestamp(seconds(start), UTC)
            assert row["total_minutes"] == elapsed // timedelta(minutes=1), f"the minutes of row {row['id']}"
        REACH["minutes are right"] += 1


def rows_kept(homes: Mapping[str, int], shifts: Rows, rows: Rows) -> dict[str, int]:
    """A shift keeps its row through every correction; the rows by shift now, for the next time.

    It may get a new one only if its row was deleted (by hand, or as a duplicate), or was taken over by a shift of
    another time clock that was looked at before this shift was known to have moved.
    """
    present = {row["id"] for row in rows}
    known = {shift["id"]: shift for shift in shifts}
    owners = {s["clock_time_id"]: s for s in shifts if s["clock_time_id"] in present and not s["is_gone"]}
    now: dict[str, int] = {owner["id"]: row for row, owner in owners.items()}
    for name, row in homes.items():
        if name not in now or row not in present:
            continue
        owner = owners.get(row)
        if owner is not None and owner["time_clock_id"] != known[name]["time_clock_id"]:
            continue
        assert now[name] == row, f"shift {name} went from row {row} to {now[name]}"
        REACH["a shift keeps its row"] += 1
    return now


def every_shift_somewhere(
    shifts: Rows, rows: Rows, holds: Rows, *, seen: Collection[str], covered: tuple[int, int]
) -> None:
    """Every shift that was seen is tracked, and is in a row or held if its days were looked at."""
    present = {row["id"] for row in rows}
    held = {hold["shift_id"] for hold in holds if hold["resolved_run"] is None}
    known = {shift["id"] for shift in shifts}
    assert set(seen) <= known, f"forgotten: {sorted(set(seen) - known)}"
    for shift in shifts:
        if shift["is_gone"] or not covered[0] <= shift["start_at"] < covered[1]:
            continue
        assert (shift["clock_time_id"] in present) or shift["id"] in held, f"nowhere: {dict(shift)}"
        REACH["every shift is live or held"] += 1


def locked_days_unmoved(before: Rows, after: Rows, locked: Collection[tuple[date, str]]) -> None:
    """No row that begins on a day closed in its zone is made, altered or removed."""

    def beginning(rows: Rows) -> list[Row]:
        return [row for row in rows if any(_begins_on(row, *day) for day in locked)]

    assert beginning(before) == beginning(after), "a locked day moved"
    REACH["locked days do not move"] += len(beginning(before))


def corrections_say_what_is_held(holds: Rows, corrections: Rows) -> None:
    """The live corrections of a shift sum up to what its hold on a closed day keeps back; without any hold, to nothing.

    A shift that is held for another reason keeps its corrections, and who is no employee yet has none.
    """
    sums: Counter[str] = Counter()
    for row in corrections:
        if row["state"] != "cancelled":
            sums[row["subject"]] += row["delta_minutes"]
    standing = [hold for hold in holds if hold["resolved_run"] is None]
    others = {hold["subject"] for hold in standing if hold["reason"] != "locked_day" or hold["employee_id"] is None}
    # A time clock that the shift has left, and that was not looked at since, may still hold it.
    kept: dict[str, set[int]] = {}
    for hold in standing:
        if hold["reason"] == "locked_day":
            kept.setdefault(hold["subject"], set()).add(hold["minutes"])
    for subject in sums.keys() | kept.keys():
        if subject not in others and not subject.startswith("row:"):
            assert sums[subject] in kept.get(subject, {0}), (subject, sums[subject], kept.get(subject))
            REACH["corrections say what is held"] += 1


def _begins_on(row: Row, day: date, timezone: str) -> bool:
    return datetime.fromtimestamp(seconds(row["clock_in"]), ZoneInfo(timezone)).date() == day


def counts_are_true(
    counts: Mapping[str, int], before: Rows, after: Rows, journal: Rows, *, holds: int, unchanged: int | None
) -> None:
    """A report's counts and its sum of minutes agree with the journal and with a comparison of the tables.

    `counts` also has `minutes`, by how much the hours of our rows grew. `holds` is how many the report lists,
    `unchanged` how many shifts of the days looked at are not written; None if any is held or was not looked at. A row
    that a run writes twice (one time clock's shift takes it over from another's) counts twice.
    """
    kinds = Counter(entry["kind"] for entry in journal)
    said = {name: counts[name] for name in ("created", "updated", "deleted")}
    assert said == {"created": kinds["create"], "updated": kinds["update"], "deleted": kinds["delete"]}
    assert counts["held"] == holds, (counts, holds)
    assert unchanged is None or counts["unchanged"] == unchanged, (counts, unchanged)
    REACH["what a run left alone is counted"] += unchanged is not None
    moved = _minutes(after) - _minutes(before)
    assert counts["minutes"] == moved, (counts, moved)
    REACH["reports equal a count"] += 1
    written = Counter(entry["clock_time_id"] for entry in journal)
    if written and max(written.values()) > 1:
        return
    old, new = _by_id(before), _by_id(after)
    changed = sum(_values(old[key]) != _values(new[key]) for key in old.keys() & new.keys())
    counted = {"created": len(new.keys() - old.keys()), "updated": changed, "deleted": len(old.keys() - new.keys())}
    assert counted == said, (counted, said)


def _minutes(rows: Rows) -> int:
    return sum(int(row["total_minutes"] or 0) for row in rows if row["source"] == _OURS)


def _values(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _STAMPS}


def images_as_planned(planned: Iterable[Any], journal: Rows) -> None:
    """What was shown is what was done: kind, shift, and the times before and after (a dry run equals its apply)."""

    def image(row: Any) -> object:  # noqa: ANN401 - a row image of either
        return row and (row["clock_in"], row["clock_out"], row["total_minutes"])

    shown = Counter((p["kind"], p["shift_id"], image(p["before"]), image(p["after"])) for p in planned)
    done = Counter(
        (entry["kind"], entry["shift_id"], image(images.get("before")), image(images.get("after")))
        for entry, images in ((entry, json.loads(entry["change_json"])) for entry in journal)
    )
    assert shown == done, (shown - done, done - shown)
    REACH["a dry run equals its apply"] += sum(shown.values())


def refused_for_a_reason(holds: Iterable[Hold], is_refused: Callable[[Hold], bool]) -> None:
    """Everything held as refused is really refused by the host's table; convergence checks all other shifts."""
    for hold in holds:
        if hold.reason == "refused_by_database":
            assert is_refused(hold), f"held as refused, and nobody refuses it: {hold}"
            REACH["a refused record harms only itself"] += 1


def no_secret(text: str, secrets: Collection[str]) -> None:
    """No key, password, phone number or place is shown or stored."""
    for secret in secrets:
        assert secret not in text, "a secret came out"
    REACH["no secret in any output"] += 1


def one_way_or_the_other(now: Mapping[str, Rows], before: Mapping[str, Rows], after: Mapping[str, Rows]) -> None:
    """Atomicity: exactly as before, or exactly as planned."""
    assert now in (before, after), "half a run came through"
    REACH["whole or not at all"] += sum(map(len, now.values()))
