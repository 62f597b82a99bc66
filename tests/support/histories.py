"""Histories on the pure core: one company damaged twice, then edited at random, looked at, planned and applied.

One damaged copy is Connecteam, the other the table, so both begin related, as in practice. The table enforces a
database's rules; `oracle.py` has the rows it must hold, and shares no code with the planner.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from itertools import count
from typing import Literal

import msgspec

from connecteam_sync.core.change import Hold, Policy, SlicePlan
from connecteam_sync.core.clocktime import ClockTime, StoredState, clock_time_of
from connecteam_sync.core.keys import RowId
from support.closed_days import closed_days_add_up
from support.hardships import Hardships
from support.in_memory_runs import InMemoryRuns
from support.in_memory_table import CUTS, WINDOW, Table, values
from support.oracle import AWAY, HOME, Fact, begins_on, wanted

LOCKABLE = tuple(f"2025-03-{day:02} {HOME}" for day in (8, 9, 10))
LOCKABLE_ABROAD = (LOCKABLE[0], *(f"2025-03-{day:02} {AWAY}" for day in (9, 10)))
"""For a company that moved: one day closed in the zone of the business, two in another zone, which has other hours."""
OPEN_GUARDS = Policy(max_deletes=10**6, max_deletes_of_person=10**6, max_users_gone_share=1.0)
RESYNC = msgspec.structs.replace(OPEN_GUARDS, orphans="delete")
PEOPLE = {101: 1, 102: 2, 103: 3}
"""Employee ids by user; 104 is unmapped until a history maps it."""
STRANGER = (104, 4)
_START = WINDOW.start_utc
_SLOT = 9 * 3600
_SLOTS = 7
_LEAST, _MOST, _MEAN = 30, 200, 24
"""Edits and looks of a life: the least, the most, and the mean above the least."""
_MEDDLING, _HIDING, _RESYNCING, _SPLITTING = 0.3, 0.2, 0.3, 0.06
_LOCKING, _TWO_CLOCKS, _DAMAGED, _UNMAPPING, _MOVING = 0.5, 0.12, 0.35, 0.25, 0.3
_FAILING, _FORGETTING = 0.25, 0.5
Meddling = Literal["enter", "stray", "alter", "move", "remove", "forget"]
DEEDS: tuple[Meddling, ...] = ("enter", "stray", "alter", "move", "remove", "forget")


class History(InMemoryRuns):
    """One company's life from a seed: thirty to two hundred edits and looks.

    Companies with different `number` share no person and no shift, so that many may live in one table; those leave the
    closing of days to whoever keeps the table, and have one time clock. `on_plan` is shown every plan. A `calm` life
    has no hardships: it is as lives were before.
    """

    def __init__(
        self,
        seed: int,
        number: int | None = None,
        on_plan: Callable[[SlicePlan], object] = lambda _: None,
        *,
        calm: bool = False,
    ) -> None:
        super().__init__()
        self.on_plan = on_plan
        self.chance = random.Random(seed)  # noqa: S311 - repeatable, no secrets
        self.is_alone = number is None
        self.number = number or 0
        self.people = {user + self.number * 1000: employee + self.number * 10 for user, employee in PEOPLE.items()}
        self.stranger = (STRANGER[0] + self.number * 1000, STRANGER[1] + self.number * 10)
        self.table = Table(dict(self.people))
        self.names = count()
        self.forgotten: set[RowId | None] = set()
        """Rows whose shift has been forgotten since the last look began: they may belong to any shift."""
        self.heirs: dict[str, str] = {}
        """The old ids of shifts that got a new id since the last look, by the new id."""
        self.in_parts = False
        """Whether the last look was made a part of the window at a time."""
        self.known: dict[str, Fact] = {}
        """The shifts of the last complete look."""
        self.left = min(_MOST, _LEAST + int(self.chance.expovariate(1 / _MEAN)))
        self.clocks = (7, 8) if self.is_alone and self.chance.random() < _TWO_CLOCKS else (7,)
        self.locks = self.is_alone and self.chance.random() < _LOCKING
        # A generator of its own, so that seeds that once failed keep their lives.
        self.unmaps = random.Random(seed * 100 + 7).random() < _UNMAPPING  # noqa: S311 - repeatable, no secrets
        has_moved = random.Random(seed * 100 + 11).random() < _MOVING  # noqa: S311 - repeatable, no secrets
        self.lockable = LOCKABLE_ABROAD if has_moved else LOCKABLE
        self.hard = Hardships(seed, clocks=self.clocks, calm=calm or not self.is_alone)
        self.clocks = self.hard.clocks

    @property
    def everybody(self) -> frozenset[int]:
        """Every user."""
        return frozenset({*self.people, self.stranger[0]})

    def live(self) -> None:
        """Run the life. Raises AssertionError if the table differs from the oracle."""
        self.begin()
        self._look(self.everybody)
        for deed, row in self.damage():
            self._touch(deed, row)
        while self.left > 0:
            self.edit()
            touched = self.meddle()
            if touched is not None:
                self._touch(*touched)
            self._look(self._listed())
            self.left -= 1

    # -- what happens --------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """The company before its two copies are damaged."""
        for _ in range(self.chance.randint(4, 10)):
            self._add()

    def edit(self) -> None:
        """Change shifts in Connecteam, and close or open days."""
        for _ in range(self.chance.randint(1, 6)):
            self._edit()
            self.left -= 1
        for _ in range(self.hard.chance.randrange(4) if self.hard.moves and self.facts else 0):
            self._change_clocks()
        if self.is_alone:
            self.hard.befall(self.people, self.table.employees, self.table.stored.rows)
            self.table.children, self.table.ambiguous = self.hard.children, self.hard.twice
        if self.locks and self.chance.random() < _MEDDLING:
            self.locked = frozenset(day for day in self.lockable if self.chance.random() < _MEDDLING)

    def _instant(self) -> int:
        return _START + self.chance.randrange(_SLOTS) * _SLOT

    def _add(self) -> None:
        name, start = f"{self.number}s{next(self.names)}", self._instant()
        user = self.chance.choice([*self.people, self.stranger[0]])
        created = self.chance.choice([None, 1, 2, 3])
        self.facts[name] = Fact(name, user, start, self._end(start), created, self.chance.choice(self.clocks))

    def _edit(self) -> None:
        kind = self.chance.choice(["add", "add", "start", "end", "open", "delete", "swap", "replace", "person", "map"])
        if kind == "add" or not self.facts:
            self._add()
            return
        fact = self.facts[self.chance.choice(sorted(self.facts))]
        if kind == "start":
            start = self._instant()
            self._put(fact._replace(start=start, end=None if fact.end is None else self._end(start)))
        elif kind == "end":
            self._put(fact._replace(end=self._end(fact.start)))
        elif kind == "open":
            self._put(fact._replace(end=None))
        elif kind == "delete":
            del self.facts[fact.name]
        elif kind == "swap":
            other = self.facts[self.chance.choice(sorted(self.facts))]
            self._put(fact._replace(start=other.start, end=other.end))
            self._put(other._replace(start=fact.start, end=fact.end))
        elif kind == "replace":
            # Connecteam gives an approved shift a new id and keeps the rest.
            self._replace(fact, fact.clock)
        elif kind == "person":
            self._put(fact._replace(user=self.chance.choice([*self.people])))
        elif self.unmaps and self.stranger[0] in self.table.employees:
            del self.table.employees[self.stranger[0]]
        else:
            self.table.employees[self.stranger[0]] = self.stranger[1]

    def _change_clocks(self) -> None:
        """Move a shift to the other time clock, under its id or a new one, or swap the clocks of two shifts."""
        chance = self.hard.chance
        one, two = (self.facts[chance.choice(sorted(self.facts))] for _ in range(2))
        other = next(clock for clock in self.clocks if clock != one.clock)
        kind = chance.choice(["move", "move", "replace", "replace", "swap"])
        if kind == "move":
            self._put(one._replace(clock=other))
        elif kind == "replace":
            self._replace(one, other)
        elif kind == "swap":
            self._put(one._replace(start=two.start, end=two.end, clock=two.clock))
            if one.name != two.name:
                self._put(two._replace(start=one.start, end=one.end, clock=one.clock))

    def _replace(self, fact: Fact, clock: int) -> None:
        """Give a shift a new id."""
        del self.facts[fact.name]
        name = f"{self.number}s{next(self.names)}"
        self._put(fact._replace(name=name, clock=clock))
        self.heirs[name] = self.heirs.pop(fact.name, fact.name)

    def _put(self, fact: Fact) -> None:
        self.facts[fact.name] = fact

    def _end(self, start: int) -> int | None:
        minutes = self.chance.choice([None, 0, 1, 59, 240, 480, 900])
        return None if minutes is None else start + minutes * 60 + self.chance.choice([0, 0, 59])

    def damage(self) -> list[tuple[Meddling, ClockTime]]:
        """Damage the table: rows altered, moved, missing or not remembered, and rows without a shift."""
        found: list[tuple[Meddling, ClockTime]] = []
        for row in self.table.stored.rows:
            if self.chance.random() < _DAMAGED:
                deed = self._deed(self.chance.choice(DEEDS[2:]), row)
                # Each key is used once: a second edit must not put another row on it.
                keys = {given.key for _, given in found}
                if deed is not None and (deed[0] != "move" or deed[1].key not in keys):
                    found.append(deed)
        return found

    def meddle(self) -> tuple[Meddling, ClockTime] | None:
        """Perhaps edit the table without the program: returns the edit, and the row it made or removed."""
        if self.chance.random() >= _MEDDLING:
            return None
        kind = self.chance.choice(DEEDS)
        ours = [row for row in self.table.stored.rows if row.source == "connecteam"]
        return self._deed(kind, self.chance.choice(ours) if ours else None)

    def _deed(self, kind: Meddling, row: ClockTime | None) -> tuple[Meddling, ClockTime] | None:
        employee: RowId = self.chance.choice([*self.people.values()])
        start = self._instant()
        if kind in {"enter", "stray", "move"}:
            employee = row.employee_id if row is not None and kind == "move" else employee
            if (employee, start) in {other.key for other in self.table.stored.rows}:
                return None
        if kind in {"enter", "stray"}:
            fresh = ClockTime(
                id=None,
                employee_id=employee,
                clock_in=start,
                clock_out=start + 100,
                total_minutes=7,
                is_active=True,
                source="manual" if kind == "enter" else "connecteam",
            )
            return kind, fresh
        if row is None:
            return None
        if kind in {"remove", "forget"}:
            self.homes = {name: home for name, home in self.homes.items() if home != row.id}
            return kind, row
        if kind == "move":
            return kind, msgspec.structs.replace(row, clock_in=start)
        return kind, msgspec.structs.replace(row, clock_out=row.clock_in + 777, total_minutes=-3)

    def _touch(self, deed: Meddling, row: ClockTime) -> None:
        stored = self.table.stored
        if deed == "forget":
            self.forgotten.add(row.id)
            mirrors = tuple(mirror for mirror in stored.mirrors if mirror.clock_time_id != row.id)
            self.table.stored = msgspec.structs.replace(stored, mirrors=mirrors)
            return
        rows = [other for other in stored.rows if other.id != row.id]
        if deed != "remove":
            rows.append(row if row.id is not None else msgspec.structs.replace(row, id=next(self.table.ids)))
        self.table.stored = msgspec.structs.replace(stored, rows=tuple(sorted(rows, key=lambda row: row.id or 0)))

    # -- a look --------------------------------------------------------------------------------------------------------

    def _listed(self) -> frozenset[int]:
        """The users that a look lists: at times one is left out with all shifts."""
        hidden = self.chance.choice(sorted(self.everybody)) if self.chance.random() < _HIDING else None
        return self.everybody - {hidden}

    def seen(self, listed: frozenset[int] | None = None) -> tuple[list[Fact], frozenset[int]]:
        """The shifts of a look, in any order, and the users it lists."""
        listed = self._listed() if listed is None else listed
        shown = [fact for fact in self.facts.values() if fact.user in listed]
        self.chance.shuffle(shown)
        return shown, listed

    def _look(self, listed: frozenset[int]) -> None:
        shown, listed = self.seen(listed)
        if not all(any(fact.clock == clock for fact in shown) for clock in self.clocks):
            return
        before = self.table.stored
        self.forgotten.clear()
        self.in_parts = False
        policy = RESYNC if self.chance.random() < _RESYNCING else OPEN_GUARDS
        if self.hard.fails and self.hard.chance.random() < _FAILING:
            ours = [row for row in before.rows if row.source == "connecteam"]
            if ours and self.hard.chance.random() < _FORGETTING:
                self._touch("forget", self.hard.chance.choice(ours))
            self._partly(shown, listed, RESYNC if self.hard.chance.random() < _FORGETTING else policy)
        if (len(self.clocks) == 1 and self.chance.random() < _SPLITTING) or (
            self.hard.moves and self.hard.chance.random() < _SPLITTING
        ):
            parts = list(self.chance.choice(CUTS))
            self.chance.shuffle(parts)
            self.in_parts = True
            of_parts = self.come_to_rest_in(parts, shown, listed, policy)
            self.homes = {}
            rows = self.table.stored.rows
            holds = self.come_to_rest(shown, listed, policy)
            # A large share of a person's hours in a part may be a small one in the whole: held there, written here.
            if not any(hold.reason == "old_rows_stay" for hold in of_parts):
                assert self.table.stored.rows == rows, "parts of the window in any order"
                self.reach["parts of the window in any order"] += 1
            self.reach["parts and time clocks in one run"] += len(self.clocks) > 1
        else:
            holds = self.come_to_rest(shown, listed, policy)
        self.judge(shown, listed, holds, before)
        if self.is_alone and len(self.clocks) == 1:
            self.reach["rows and corrections are what Connecteam says"] += closed_days_add_up(
                self, shown, listed, policy, holds
            )

    # -- what must be --------------------------------------------------------------------------------------------------

    def judge(self, shown: list[Fact], listed: frozenset[int], holds: list[Hold], before: StoredState) -> None:
        """Compare the table after a look with the oracle."""
        hand = [row for row in before.rows if row.source != "connecteam"]
        after = self.table.stored
        assert [row for row in after.rows if row.source != "connecteam"] == hand, "manual rows never change"
        self.reach["manual rows never change"] += bool(hand)
        closed = [row for row in before.rows if begins_on(row.clock_in, self.locked)]
        still = [row for row in after.rows if begins_on(row.clock_in, self.locked)]
        assert still == closed, "locked days do not move"
        self.reach["locked days do not move"] += bool(closed)
        self.reach["a day closed in another zone keeps its hours"] += self.lockable != LOCKABLE and bool(closed)
        self._twice_mapped(before)
        if listed == self.everybody:
            self._converged(shown, holds, before, {row.key for row in hand})
            self._same_homes(shown, before, after)
        else:
            self.homes = {}

    def _twice_mapped(self, before: StoredState) -> None:
        """The rows of a person who is mapped twice do not change."""
        rows = {row.id: row for row in self.table.stored.rows}
        for mirror in before.mirrors if self.hard.twice else ():
            row = next((row for row in before.rows if row.id == mirror.clock_time_id), None)
            if row is not None and row.id in self.forgotten:
                continue
            now = self.facts.get(mirror.shift.id)
            user = mirror.shift.user_id
            if row is not None and user in self.hard.twice and not mirror.is_gone and (now is None or now.user == user):
                assert rows.get(row.id) == row, "a person mapped twice moves nothing"
                self.reach["a person mapped twice moves nothing"] += 1

    def _converged(
        self, seen: list[Fact], holds: list[Hold], before: StoredState, taken: set[tuple[RowId, int]]
    ) -> None:
        """Our rows are those of the oracle, except that a held shift's row, and so its key, stays as it was."""
        standing = {hold.clock_time_id for hold in holds}
        rows = [row for row in self.table.stored.rows if row.source == "connecteam"]
        left = {values(row) for row in rows if row.id in standing}
        # With two clocks one look may correct a row that the next look holds.
        # The same with parts, if one of them leaves a row to a shift that the table refuses, or that cannot leave its
        # own row, at which others point: a later part then finds who comes first.
        in_turns = len(self.clocks) > 1 or self.hard.limit is not None or (self.in_parts and bool(self.hard.children))
        assert in_turns or left <= {values(row) for row in before.rows}, "what is held is not written"
        found = {values(row) for row in rows}
        owners = wanted(seen, self.table.employees, taken)
        wished = {row for _, row in owners.values()}
        assert found - wished <= left, f"convergence: too much {found - wished - left}"
        if not {hold.reason for hold in holds} - {"duplicate_clock_in", "unmapped_user"}:
            # Nothing but double clock-ins and strangers: every shift that comes first on its key has its row, and a row
            # too many is one that a stranger left when they were still mapped.
            unmapped = {hold.clock_time_id for hold in holds if hold.reason == "unmapped_user"}
            theirs = {values(row) for row in rows if row.id in unmapped}
            assert wished <= found <= wished | theirs, f"missing {wished - found}, too much {found - wished - theirs}"
            self.reach["convergence"] += 1
            return
        keys = {row[:2] for row in found}
        excused = self._closed(seen, holds) | self._refused(seen, holds) | self._with_children(holds)
        excused |= self._beside_old_rows(seen, holds)
        for row in wished - found:
            name, _ = owners[row[:2]]
            assert row[:2] in keys or name in excused, f"convergence: {name} is nowhere, {row}"
        self.reach["what is held is not written"] += 1

    def _closed(self, seen: list[Fact], holds: list[Hold]) -> set[str | None]:
        """The shifts held as `locked_day`; each of them, or its row, begins on a closed day."""
        starts = {fact.name: fact.start for fact in seen}
        homes = {row.id: row.clock_in for row in self.table.stored.rows}
        found = [hold for hold in holds if hold.reason == "locked_day"]
        for hold in found:
            about = [starts[hold.shift_id]] if hold.shift_id in starts else []
            about += [homes[hold.clock_time_id]] if hold.clock_time_id in homes else []
            assert any(begins_on(start, self.locked) for start in about), f"held without a closed day: {hold}"
            self.reach["a closed day is held for a reason"] += 1
        return {hold.shift_id for hold in found}

    def _refused(self, seen: list[Fact], holds: list[Hold]) -> set[str | None]:
        """The shifts held as `refused_by_database`; the table really refuses each of them."""
        facts = {fact.name: fact for fact in seen}
        found = {hold.shift_id for hold in holds if hold.reason == "refused_by_database"}
        for name in found:
            fact = facts[name or ""]
            image = clock_time_of(0, fact.start, fact.end)
            assert self.hard.is_refused(image), f"held as refused, and nobody refuses {fact}"
            self.reach["a refused record harms only itself"] += 1
        return found

    def _beside_old_rows(self, seen: list[Fact], holds: list[Hold]) -> set[str | None]:
        """The shifts held because rows of the person without a shift stay, with about as many hours or more."""
        facts = {fact.name: fact for fact in seen}
        found = {hold.shift_id for hold in holds if hold.reason == "old_rows_stay"}
        linked = {mirror.clock_time_id for mirror in self.table.stored.mirrors}
        for name in found:
            employee = self.table.employees[facts[name or ""].user]
            stay = [row for row in self.table.stored.rows if row.employee_id == employee and row.id not in linked]
            assert stay, f"held beside nothing: {facts[name or '']}"
            self.reach["new rows wait for old ones of the same person"] += 1
        return {*found}

    def _with_children(self, holds: list[Hold]) -> set[str | None]:
        """The shifts held as `child_row`: the row exists, and so do its children."""
        found = [hold for hold in holds if hold.reason == "child_row"]
        present = {row.id for row in self.table.stored.rows}
        for hold in found:
            assert hold.clock_time_id in self.hard.children, f"held without children: {hold}"
            assert hold.clock_time_id in present, f"its row is gone: {hold}"
            self.reach["a row with children stays"] += 1
        return {hold.shift_id for hold in found}

    def _same_homes(self, seen: list[Fact], before: StoredState, after: StoredState) -> None:
        """A shift alone on its key, before and now, keeps its row through every correction, between clocks as well.

        So does one that was given another id and is the same else: the new one has the row of the old one.
        """
        keys = Counter((self.table.employees.get(fact.user), fact.start) for fact in seen)
        linked = {m.shift.id: m.clock_time_id for m in after.mirrors if m.clock_time_id is not None and not m.is_gone}
        # A row that somebody moved to just what another shift says is that one's (`give_up_stale_links`).
        right: dict[tuple[RowId | None, int, int | None], str] = {
            (self.table.employees.get(fact.user), fact.start, fact.end): fact.name for fact in seen
        }
        moved_to = {row.id: right.get((row.employee_id, row.clock_in, row.clock_out)) for row in before.rows}
        present, stood = {row.id for row in after.rows}, {row.id: row.key for row in before.rows}
        homes: dict[str, RowId] = {}
        for fact in seen:
            row = linked.get(fact.name, 0)
            if row not in present or keys[self.table.employees.get(fact.user), fact.start] > 1:
                continue
            was = self.known.get(fact.name)
            if fact.name in self.homes and moved_to.get(self.homes[fact.name]) in {None, fact.name}:
                assert self.homes[fact.name] == row, "a shift keeps its row"
                self.reach["a shift keeps its row"] += 1
                self.reach["a shift keeps its row from clock to clock"] += was is not None and was.clock != fact.clock
            homes[fact.name] = row
            old = self.heirs.get(fact.name, "")
            was = self.known.get(old)
            # Where it stood on another key, held, another gone shift's row may be nearer.
            on_its_key = stood.get(self.homes.get(old)) == (self.table.employees.get(fact.user), fact.start)
            if on_its_key and was is not None and (was.user, was.start) == (fact.user, fact.start):
                assert self.homes[old] == row, "a new id keeps the row"
                self.reach["a new id keeps the row"] += 1
                self.reach["a new id on another clock keeps the row"] += was.clock != fact.clock
        self.homes = homes
        self.known = {fact.name: fact for fact in seen}
        self.heirs = {}
