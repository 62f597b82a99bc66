"""Histories on the pure core: a company edited at random, looked at, planned, applied by a database's rules.

`oracle` says what the table must hold afterwards. It is a naive mirror that shares no code with the planner.
"""

from __future__ import annotations

import random
from collections import Counter
from datetime import date
from itertools import count
from typing import Literal

import msgspec

from connecteam_sync.core.change import Plan, Policy
from connecteam_sync.core.clocktime import ClockTime, Stored
from connecteam_sync.core.order import steps
from connecteam_sync.core.plan import plan
from connecteam_sync.core.shift import Shift, Snapshot
from connecteam_sync.core.window import Window

WINDOW = Window(date(2025, 3, 8), date(2025, 3, 10), "America/Chicago")
"""Three days around a night the clocks change."""
OPEN_GUARDS = Policy(max_deletes=10**6, max_users_gone_share=1.0)
PEOPLE = {101: 1, 102: 2, 103: 3}
"""Employee ids by user; 104 counts for nobody until a history maps them."""
STRANGER = (104, 4)
_SLOT = 6 * 3600
_SLOTS = 6
_MEDDLING, _HIDING = 0.3, 0.2
Meddling = Literal["enter", "alter", "remove"]
Row = tuple[int, int, int | None, int | None, bool, str]
Fact = tuple[str, int, int, int | None, int | None]
"""A shift as the oracle knows it: id, user, start, end, created."""


class Table:
    """`clock_times` and the memory, kept by the rules a database enforces: one row per (employee, clock-in)."""

    def __init__(self, employees: dict[int, int]) -> None:
        self.employees = employees
        self.stored = Stored(employees=employees)
        self.ids = count(1)

    def current(self) -> Stored:
        """What is stored, with the mapping as it is now."""
        return msgspec.structs.replace(self.stored, employees=dict(self.employees))

    def apply(self, decision: Plan) -> None:
        """Execute the ordered steps; fail where a write meets a taken key or a row that is not as planned."""
        rows = {row.id: row for row in self.stored.rows}
        made: dict[str | None, int] = {}
        for step in steps(decision.changes):
            for move in step:
                before, after = move.change.before, move.change.after
                taken = {row.key: row.id for row in rows.values()}
                if before is not None and move.from_parked is None:
                    assert rows[before.id] == before
                if after is None:
                    assert before is not None
                    del rows[before.id]
                    continue
                row_id = after.id if after.id is not None else next(self.ids)
                made[move.change.shift_id] = row_id
                image = msgspec.structs.replace(after, id=row_id, clock_in=move.parked or after.clock_in)
                assert taken.get(image.key, row_id) == row_id, "the unique key would have refused this write"
                rows[row_id] = image
        memory = {mirror.shift.id: mirror for mirror in self.stored.mirrors}
        for mirror in decision.mirrors:
            link = mirror.clock_time_id
            if link is None and mirror.applied is not None:
                link = made[mirror.shift.id]
            memory[mirror.shift.id] = msgspec.structs.replace(mirror, clock_time_id=link)
        ordered = tuple(sorted(rows.values(), key=lambda row: row.id or 0))
        self.stored = msgspec.structs.replace(self.stored, rows=ordered, mirrors=tuple(memory.values()))


def look(answer: list[Shift], listed: frozenset[int]) -> Snapshot:
    """A complete look that names these people."""
    padded = WINDOW.padded()
    return Snapshot(
        time_clock_id=7,
        first=padded.first,
        last=padded.last,
        users=(),
        listed=listed,
        shifts=tuple(answer),
    )


def shifts_of(facts: list[Fact]) -> list[Shift]:
    """Facts as the planner gets them."""
    return [
        Shift(id=name, user_id=user, time_clock_id=7, start=start, end=end, created_at=created)
        for name, user, start, end, created in facts
    ]


class History:
    """One company's life from a seed: thirty edits and more, a look after every few.

    Companies with different `number` share no person and no shift, so that many may live in one table.
    """

    def __init__(self, seed: int, number: int = 0) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - repeatable, no secrets
        self.number = number
        self.people = {user + number * 1000: employee + number * 10 for user, employee in PEOPLE.items()}
        self.stranger = (STRANGER[0] + number * 1000, STRANGER[1] + number * 10)
        self.table = Table(dict(self.people))
        self.facts: dict[str, Fact] = {}
        self.names = count()
        self.expected: set[Row] = set()
        self.reach: Counter[str] = Counter()
        self.homes: dict[str, int] = {}

    @property
    def everybody(self) -> frozenset[int]:
        """Every user."""
        return frozenset({*self.people, self.stranger[0]})

    def live(self) -> None:
        """Edits and looks. Raises AssertionError where the table is not what the oracle says."""
        for _ in range(self.chance.randint(8, 20)):
            self.edit()
            touched = self.meddle()
            if touched is not None:
                self._touch(*touched)
            self._look()

    # -- what happens --------------------------------------------------------------------------------------------------

    def edit(self) -> None:
        """Some things happen upstream."""
        for _ in range(self.chance.randint(1, 6)):
            self._edit()

    def _edit(self) -> None:
        kind = self.chance.choice(["add", "add", "start", "end", "open", "delete", "swap", "replace", "person", "map"])
        chosen = self.chance.choice(sorted(self.facts)) if self.facts else None
        if kind == "add" or chosen is None:
            name = f"{self.number}s{next(self.names)}"
            start = WINDOW.start_utc + self.chance.randrange(_SLOTS) * _SLOT
            user = self.chance.choice([*self.people, self.stranger[0]])
            self.facts[name] = (name, user, start, self._end(start), self.chance.choice([None, 1, 2, 3]))
            return
        name, user, start, end, created = self.facts[chosen]
        if kind == "start":
            start = WINDOW.start_utc + self.chance.randrange(_SLOTS) * _SLOT
            self.facts[name] = (name, user, start, None if end is None else self._end(start), created)
        elif kind == "end":
            self.facts[name] = (name, user, start, self._end(start), created)
        elif kind == "open":
            self.facts[name] = (name, user, start, None, created)
        elif kind == "delete":
            del self.facts[name]
        elif kind == "swap":
            other = self.facts[self.chance.choice(sorted(self.facts))]
            self.facts[name] = (name, user, other[2], other[3], created)
            self.facts[other[0]] = (other[0], other[1], start, end, other[4])
        elif kind == "replace":
            # Connecteam gives an approved shift a new id and keeps the rest.
            del self.facts[name]
            fresh = f"{self.number}s{next(self.names)}"
            self.facts[fresh] = (fresh, user, start, end, created)
        elif kind == "person":
            self.facts[name] = (name, self.chance.choice([*self.people]), start, end, created)
        else:
            self.table.employees[self.stranger[0]] = self.stranger[1]

    def _end(self, start: int) -> int | None:
        minutes = self.chance.choice([None, 0, 1, 59, 240, 480, 900])
        return None if minutes is None else start + minutes * 60 + self.chance.choice([0, 0, 59])

    def meddle(self) -> tuple[Meddling, ClockTime] | None:
        """What somebody does to the table behind our back, if anything: the deed, and the row it leaves or takes."""
        if self.chance.random() >= _MEDDLING:
            return None
        rows = self.table.stored.rows
        kind = self.chance.choice(["alter", "remove", "enter"])
        ours = [row for row in rows if row.source == "connecteam"]
        if kind == "enter" or not ours:
            key = (
                self.chance.choice([*self.people.values()]),
                WINDOW.start_utc + self.chance.randrange(_SLOTS) * _SLOT,
            )
            if key in {row.key for row in rows}:
                return None
            return "enter", ClockTime(
                id=None,
                employee_id=key[0],
                clock_in=key[1],
                clock_out=key[1] + 100,
                total_minutes=7,
                is_active=True,
                source="manual",
            )
        row = self.chance.choice(ours)
        if kind == "remove":
            self.homes = {name: home for name, home in self.homes.items() if home != row.id}
            return "remove", row
        return "alter", msgspec.structs.replace(row, clock_out=row.clock_in + 777, total_minutes=-3)

    def _touch(self, deed: Meddling, row: ClockTime) -> None:
        rows = [other for other in self.table.stored.rows if other.id != row.id]
        if deed != "remove":
            rows.append(row if row.id is not None else msgspec.structs.replace(row, id=next(self.table.ids)))
        self.table.stored = msgspec.structs.replace(
            self.table.stored, rows=tuple(sorted(rows, key=lambda row: row.id or 0))
        )

    # -- what must be --------------------------------------------------------------------------------------------------

    def seen(self) -> tuple[list[Fact], frozenset[int]]:
        """What a look shows, in any order, and whom it lists: at times one is left out, with all of theirs."""
        hidden = self.chance.choice(sorted(self.everybody)) if self.chance.random() < _HIDING else None
        listed = self.everybody - {hidden}
        shown = [fact for fact in self.facts.values() if fact[1] in listed]
        self.chance.shuffle(shown)
        return shown, listed

    def _look(self) -> None:
        shown, listed = self.seen()
        if not shown:
            return
        before = self.table.stored
        shifts = shifts_of(shown)
        decision = plan(WINDOW, look(shifts, listed), self.table.current(), OPEN_GUARDS)
        same = plan(WINDOW, look(shifts[::-1], listed), self.table.current(), OPEN_GUARDS)
        assert (same.changes, same.holds, same.mirrors) == (decision.changes, decision.holds, decision.mirrors), "order"
        self.reach["a function of its inputs"] += 1
        self.table.apply(decision)
        self.judge(shown, listed, decision, before)
        again = plan(WINDOW, look(shifts, listed), self.table.current(), OPEN_GUARDS)
        assert (again.changes, again.mirrors) == ((), ()), "idempotence"
        self.reach["idempotence"] += 1

    def judge(self, shown: list[Fact], listed: frozenset[int], decision: Plan, before: Stored) -> None:
        """The table after a look, against the oracle."""
        hand = [row for row in before.rows if row.source != "connecteam"]
        after = self.table.stored
        assert [row for row in after.rows if row.source != "connecteam"] == hand, "manual rows never change"
        self.reach["manual rows never change"] += bool(hand)
        if listed == self.everybody:
            self._converged(shown, decision, before, {row.key for row in hand})
            self._same_homes(shown, after)
        else:
            self.homes = {}

    def _converged(self, seen: list[Fact], decision: Plan, before: Stored, taken: set[tuple[int, int]]) -> None:
        """The rows of ours are what the oracle says; but the row of a held shift stays as it was, and so its key."""
        standing = {hold.clock_time_id for hold in decision.holds}
        rows = [row for row in self.table.stored.rows if row.source == "connecteam"]
        left = {values(row) for row in rows if row.id in standing}
        assert left <= {values(row) for row in before.rows}, "what is held is not written"
        found = {values(row) for row in rows}
        wanted = oracle(seen, self.table.employees, taken)
        if left:
            assert found <= wanted | left, f"too much: {found - wanted - left}"
            assert {row[:2] for row in wanted} <= {row[:2] for row in found}, "a key without a row"
            self.reach["what is held is not written"] += 1
            return
        assert found == wanted, f"convergence: too much {found - wanted}, missing {wanted - found}"
        self.reach["convergence"] += 1

    def _same_homes(self, seen: list[Fact], after: Stored) -> None:
        """A shift alone on its key, before and now, keeps its row through every correction."""
        keys = Counter((self.table.employees.get(user), start) for _, user, start, _, _ in seen)
        linked = {m.shift.id: m.clock_time_id for m in after.mirrors if m.clock_time_id is not None and not m.is_gone}
        present = {row.id for row in after.rows}
        homes: dict[str, int] = {}
        for name, user, start, _, _ in seen:
            row = linked.get(name, 0)
            if row not in present or keys[self.table.employees.get(user), start] > 1:
                continue
            if name in self.homes:
                assert self.homes[name] == row, "a shift keeps its row"
                self.reach["a shift keeps its row"] += 1
            homes[name] = row
        self.homes = homes


def values(row: ClockTime) -> Row:
    """A row without its key."""
    return (row.employee_id, row.clock_in, row.clock_out, row.total_minutes, row.is_active, row.source)


def oracle(facts: list[Fact], employees: dict[int, int], taken: set[tuple[int, int]]) -> set[Row]:
    """What the table must hold of ours: the first created of each contested key, none where a hand-entered row is."""
    best: dict[tuple[int, int], Fact] = {}
    for fact in facts:
        name, user, start, end, created = fact
        if user not in employees or (end is not None and end < start):
            continue
        key = (employees[user], start)
        rival = best.get(key)
        # A creation that is not told counts as the latest.
        mine = (created is None, created or 0, name)
        if rival is None or mine < (rival[4] is None, rival[4] or 0, rival[0]):
            best[key] = fact
    return {
        (who, begin, end, None if end is None else (end - begin) // 60, end is None, "connecteam")
        for (who, begin), (_, _, _, end, _) in best.items()
        if (who, begin) not in taken
    }
