"""A company of a chosen size: what it clocked, how Connecteam tells it, and what a right mirror of it holds.

    python company.py 10000 FOLDER

writes into FOLDER, the same for the same size every time:

- `before/` and `after/`: the bodies Connecteam answers with, before and after the changes of the incremental scenario
  (1 % clock-outs changed, 0.5 % new shifts, 0.1 % deleted, 0.1 % clock-ins corrected, at least one of each);
- `truth-before.json` and `truth-after.json`: [employee's user, clock-in, clock-out, whole minutes] of every row a right
  table has. Exact duplicates, which the API accepts and the table's key does not, are one row;
- `changed.json`: the keys of what changed, to tell what a wrong table got wrong;
- `employees.json` and `manual.json`: people as the host's table has them, and rows entered by hand;
- `manifest.json`: the window and the numbers.

All names and numbers are invented.
"""

from __future__ import annotations

import random
import sys
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

ZONE = "America/Chicago"
CLOCK = 4_100_001
PAGE = 500
SLICE, PADDING = 27, 2
"""Days of one look, and those asked for with them on either side."""
HOUR = 3600
_JOBS = [f"b7f0c1de-0000-4000-8000-{number:012}" for number in range(1, 7)]
_LUNCH = "a1b2c3d4-lunch"
_FIRST = ["Ana", "Ben", "Chloé", "Dmitri", "Elena", "Farid", "Grace", "Hugo", "Ines", "José", "Kavya", "Liam", "Mei"]
_LAST = ["Álvarez", "Brandt", "Castillo", "Diaz", "Eriksen", "Fuentes", "García", "Haddad", "Ito", "Jensen", "Kowalski"]
_STARTS = (6 * HOUR, 7 * HOUR + HOUR // 2, 8 * HOUR, 14 * HOUR, 22 * HOUR)
_NIGHT = 4
_SHORT, _YEAR, _MONTH = 11, 366, 27
_SMALL, _LARGE = 5_000, 100_000


def midnight(day: date) -> int:
    """The first instant of a local day."""
    return int(datetime.combine(day, time.min, tzinfo=ZoneInfo(ZONE)).timestamp())


class Changed(msgspec.Struct):
    """What the changes did, as keys (user, clock-in) of before; `corrected` has the new clock-in too."""

    clock_outs: list[tuple[int, int]]
    new: list[tuple[int, int]]
    deleted: list[tuple[int, int]]
    corrected: list[tuple[int, int, int]]


class Manifest(msgspec.Struct):
    """What a folder is about. `windows` are the days asked for, padding included; `day` an ordinary one."""

    shifts: int
    first: date
    last: date
    day: date
    windows: list[tuple[date, date]]
    people: int
    rows_before: int
    rows_after: int
    changed_clock_outs: int
    new: int
    deleted: int
    corrected_clock_ins: int
    duplicates: int
    breaks: int
    manual: int
    bytes_before: int

    @property
    def start_utc(self) -> int:
        """First instant of the first day."""
        return midnight(self.first)

    @property
    def end_utc(self) -> int:
        """First instant after the last day."""
        return midnight(self.last + timedelta(days=1))

    @property
    def user_pages(self) -> int:
        """Requests the list of users takes."""
        return self.people // PAGE + 1


class Clocked(NamedTuple):
    """A shift, or a break where `is_break`."""

    id: str
    user: int
    start: int
    end: int | None
    zone: str
    created: int
    modified: int | None
    is_break: bool
    is_auto: bool
    is_mobile: bool
    job: str

    def json(self) -> str:
        """As time activities show it: no `end` while it is open, a place where a telephone was used."""
        number = self.created % 9973
        place = (
            f'"locationData":{{"address":"{number} Invented Way, Springfield","latitude":41.{number:04},'
            f'"longitude":-87.{number:04}}},'
            if self.is_mobile
            else ""
        )

        def point(instant: int, kind: str) -> str:
            return f'{{"timestamp":{instant},"timezone":"{self.zone}",{place}"source":{{"type":"{kind}"}}}}'

        kind = "mobile" if self.is_mobile else "kiosk"
        end = "" if self.end is None else f'"end":{point(self.end, "autoClockOut" if self.is_auto else kind)},'
        modified = "" if self.modified is None else f'"modifiedAt":{self.modified},'
        rest = f'"manualBreakId":"{_LUNCH}"' if self.is_break else f'"jobId":"{self.job}","shiftAttachments":[]'
        return (
            f'{{"id":"{self.id}","start":{point(self.start, kind)},"createdAt":{self.created},{end}{modified}'
            f'"isAutoClockOut":{"true" if self.is_auto else "false"},{rest}}}'
        )


class Company:
    """The company: `before`, `after`, and everything a folder is written from."""

    def __init__(self, shifts: int) -> None:
        self.shifts = shifts
        self._random = random.Random(shifts)  # noqa: S311 - repeatable inventions, no secrets
        days = _SHORT if shifts <= _SMALL else _MONTH if shifts < _LARGE else _YEAR
        self.first = date(2024, 12, 1) if days == _YEAR else date(2025, 12, 1)
        self.last = self.first + timedelta(days=days - 1)
        self.day = self.first + timedelta(days=4)
        numbers = range(-PADDING, days + PADDING)
        self._midnights = {number: midnight(self.first + timedelta(days=number)) for number in numbers}
        self.days = days
        self.people = max(40, int(shifts / days * 1.25))
        self._keys: set[tuple[int, int]] = set()
        self._made = 0
        self.duplicates = max(1, shifts // 2000)
        inside, self._outside = self._work(shifts - 2 * self.duplicates)
        self._next_to = self._add_duplicates_and_overlaps(inside)
        self.breaks = [self._break(shift) for shift in inside if self._random.random() < 0.05]  # noqa: PLR2004 - 5 %
        self.before = inside
        self.after, self.changed = self._change()

    def user(self, number: int) -> int:
        """The Connecteam id of the person with a number."""
        return 8_000_000 + number * 37

    def _id(self, created: int) -> str:
        self._made += 1
        return f"{created:08x}{self._random.getrandbits(40):010x}{self._made:06x}"

    def _clocked(self, user: int, start: int, end: int | None, *, created: int | None = None) -> Clocked:
        chance = self._random.random()
        self._keys.add((user, start))
        return Clocked(
            id=self._id(created or start),
            user=user,
            start=start,
            end=end,
            zone="America/New_York" if chance < 0.03 else ZONE,  # noqa: PLR2004 - 3 % travel
            created=created or start,
            modified=None,
            is_break=False,
            is_auto=end is not None and 0.5 < chance < 0.53,  # noqa: PLR2004 - 3 % forget to clock out
            is_mobile=chance > 0.7,  # noqa: PLR2004 - 30 % use their telephone
            job=_JOBS[user % len(_JOBS)],
        )

    def _work(self, wanted: int) -> tuple[list[Clocked], list[Clocked]]:
        """Shifts of the window's days, `wanted` in all, and those of the days of padding on either side."""
        inside: list[Clocked] = []
        outside: list[Clocked] = []
        for number in range(-PADDING, self.days + PADDING):
            within = 0 <= number < self.days
            count = wanted * (number + 1) // self.days - wanted * number // self.days if within else wanted // self.days
            once = max(1, min(self.people, count - count * 15 // 100))
            for place, person in enumerate(self._random.sample(range(self.people), once)):
                parts = 2 if place < count - once else 1
                (inside if within else outside).extend(self._day(number, person, parts))
        return inside, outside

    def _day(self, number: int, person: int, parts: int) -> list[Clocked]:
        """One shift, or two that begin six hours apart, which old code took for one; the last nights are open."""
        kind = person % len(_STARTS)
        begin = self._midnights[number] + _STARTS[kind] + person * 31 % 1080 - 540 + self._random.randrange(60)
        if parts == 1:
            end: int | None = begin + 8 * HOUR + self._random.randrange(900)
            if number == self.days - 1 and kind == _NIGHT:
                end = None
            return [self._clocked(self.user(person), begin, end)]
        second = begin + (-6 if kind == _NIGHT else 6) * HOUR
        return [
            self._clocked(self.user(person), start, start + 5 * HOUR + self._random.randrange(900))
            for start in (begin, second)
        ]

    def _add_duplicates_and_overlaps(self, inside: list[Clocked]) -> set[tuple[int, int]]:
        """The same POST twice, and a shift inside another; the keys that are in this, which nothing changes later."""
        closed = [shift for shift in inside if shift.end is not None]
        chosen = self._random.sample(closed, 2 * self.duplicates)
        for shift in chosen[: self.duplicates]:
            created = shift.created + 1
            inside.append(shift._replace(id=self._id(created), created=created))
        inside += [
            self._clocked(shift.user, self._free(shift.user, shift.start + HOUR), shift.end)
            for shift in chosen[self.duplicates :]
        ]
        return {(shift.user, shift.start) for shift in chosen}

    def _free(self, user: int, start: int) -> int:
        """The first instant from `start` at which nobody else's row stands."""
        while (user, start) in self._keys:
            start += 1
        return start

    def _break(self, shift: Clocked) -> Clocked:
        start = shift.start + 2 * HOUR
        return shift._replace(id=self._id(start), start=start, end=start + HOUR // 2, created=start, is_break=True)

    def _change(self) -> tuple[list[Clocked], Changed]:
        """The shifts after a busy hour, and what changed."""
        shuffled = self._random.sample(range(len(self.before)), len(self.before))
        picks = [n for n in shuffled if (self.before[n].user, self.before[n].start) not in self._next_to]
        outs, new, gone, ins = (max(1, self.shifts * part // 1000) for part in (10, 5, 1, 1))
        after: list[Clocked | None] = list(self.before)
        changed = Changed([], [], [], [])
        for place in picks[:outs]:
            shift = self.before[place]
            end = (shift.end or shift.start + 8 * HOUR) + self._random.randrange(60, 900)
            after[place] = shift._replace(end=end)
            changed.clock_outs.append((shift.user, shift.start))
        for place in picks[outs : outs + gone]:
            after[place] = None
            changed.deleted.append((self.before[place].user, self.before[place].start))
        for place in picks[outs + gone : outs + gone + ins]:
            shift = self.before[place]
            start = self._free(shift.user, shift.start + self._random.randrange(60, 1200))
            self._keys.add((shift.user, start))
            after[place] = shift._replace(start=start, modified=shift.start + 12 * HOUR)
            changed.corrected.append((shift.user, shift.start, start))
        for place in picks[-new:]:
            shift = self.before[place]
            start = self._free(shift.user, max(self._midnights[0], shift.start - self._random.randrange(HOUR)))
            after.append(self._clocked(shift.user, start, start + HOUR // 3, created=shift.start + 10 * HOUR))
            changed.new.append((shift.user, start))
        return [shift for shift in after if shift is not None], changed

    # -- what is written down ------------------------------------------------------------------------------------------

    def windows(self) -> list[tuple[date, date]]:
        """The days asked for: each slice, and the ordinary day, with the padding on either side."""
        pad = timedelta(days=PADDING)
        cuts = [self.first + timedelta(days=number) for number in range(0, self.days, SLICE)]
        asked = [(cut - pad, min(self.last, cut + timedelta(days=SLICE - 1)) + pad) for cut in cuts]
        return [*asked, (self.day - pad, self.day + pad)]

    def bodies(self, shifts: list[Clocked]) -> dict[str, bytes]:
        """The answer for each window, by file name."""
        by_day: dict[int, list[Clocked]] = defaultdict(list)
        days = sorted(self._midnights)
        edges = [self._midnights[number] for number in days]
        for item in (*shifts, *self.breaks, *self._outside):
            guess = (item.start - edges[0]) // (24 * HOUR)
            while guess + 1 < len(edges) and edges[guess + 1] <= item.start:
                guess += 1
            while edges[guess] > item.start:
                guess -= 1
            by_day[days[guess]].append(item)
        told = {number: [(item.user, item.is_break, item.json()) for item in by_day[number]] for number in days}
        users = [self.user(person) for person in range(self.people)]
        found: dict[str, bytes] = {}
        for first, last in self.windows():
            work: dict[int, tuple[list[str], list[str]]] = {user: ([], []) for user in users}
            for number in range((first - self.first).days, (last - self.first).days + 1):
                for user, is_break, text in told.get(number, ()):
                    work[user][is_break].append(text)
            people = ",".join(
                f'{{"userId":{user},"shifts":[{",".join(kept)}],"manualBreaks":[{",".join(pauses)}],"timeOffs":[]}}'
                for user, (kept, pauses) in work.items()
            )
            text = (
                f'{{"requestId":"00000000-0000-4000-8000-000000000000","data":{{"timeActivitiesByUsers":[{people}]}}}}'
            )
            found[f"activities-{first}-{last}.json"] = text.encode()
        return found

    def people_bodies(self) -> dict[str, bytes]:
        """Whose data it is, the time clocks and their breaks, and every page of users."""
        encode = msgspec.json.encode
        clocks = {"timeClocks": [{"id": CLOCK, "name": "Warehouse", "isArchived": False}]}
        breaks = {"manualBreaks": [{"id": _LUNCH, "name": "Lunch", "isPaid": False, "duration": 30}]}
        whose = {"companyName": "Invented Logistics", "companyId": "9000001"}
        found = {
            name: encode({"requestId": "0", "data": data})
            for name, data in (("clocks.json", clocks), ("breaks.json", breaks), ("me.json", whose))
        }
        for offset in range(0, self.people + 1, PAGE):
            users = [self._user(person) for person in range(offset, min(self.people, offset + PAGE))]
            page = {"requestId": "0", "data": {"users": users}, "paging": {"offset": offset, "total": self.people}}
            found[f"users-{offset}.json"] = encode(page)
        return found

    def _user(self, person: int) -> dict[str, object]:
        _, name, email, user = self.employee(person)
        first, last = name.split(" ")
        created = self._midnights[0] - (400 - person % 300) * 24 * HOUR
        return {
            "userId": user,
            "firstName": first,
            "lastName": last,
            "phoneNumber": f"+1555{person:07}",
            "userType": "user",
            "email": email,
            "isArchived": False,
            "createdAt": created,
            "modifiedAt": created,
            "lastLogin": 0,
            "smartGroupsIds": [],
            "customFields": [],
        }

    def employee(self, person: int) -> tuple[int, str, str, int]:
        """A row of the host's table of people: id, name, e-mail, Connecteam user."""
        name = f"{_FIRST[person % len(_FIRST)]} {_LAST[(person + person // len(_FIRST)) % len(_LAST)]}"
        return (person + 1, name, f"person{person}@invented.example", self.user(person))

    def manual(self) -> list[tuple[int, int, int, int]]:
        """Rows entered by hand: employee, clock-in, clock-out, minutes."""
        found = []
        for _ in range(max(5, self.shifts // 200)):
            person = self._random.randrange(self.people)
            start = self._midnights[self._random.randrange(self.days)] + self._random.randrange(24 * HOUR)
            start = self._free(self.user(person), start)
            self._keys.add((self.user(person), start))
            found.append((person + 1, start, start + HOUR, 60))
        return found


def truth(shifts: list[Clocked]) -> list[tuple[int, int, int | None, int | None]]:
    """What a right table holds, sorted."""
    rows = {(s.user, s.start, s.end, None if s.end is None else (s.end - s.start) // 60) for s in shifts}
    return sorted(rows, key=lambda row: row[:2])


def write(shifts: int, folder: Path) -> Manifest:
    """Make a folder for a size. The manifest comes last: a folder without it is not finished."""
    company = Company(shifts)
    manual = company.manual()
    people = company.people_bodies()
    size = 0
    for name, state in (("before", company.before), ("after", company.after)):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for file, body in {**people, **company.bodies(state)}.items():
            (folder / name / file).write_bytes(body)
            size += len(body) if name == "before" else 0
    rows = {name: truth(state) for name, state in (("before", company.before), ("after", company.after))}
    for name, found in rows.items():
        (folder / f"truth-{name}.json").write_bytes(msgspec.json.encode(found))
    (folder / "employees.json").write_bytes(msgspec.json.encode([company.employee(n) for n in range(company.people)]))
    (folder / "manual.json").write_bytes(msgspec.json.encode(manual))
    (folder / "changed.json").write_bytes(msgspec.json.encode(company.changed))
    manifest = Manifest(
        shifts=len(company.before),
        first=company.first,
        last=company.last,
        day=company.day,
        windows=company.windows()[:-1],
        people=company.people,
        rows_before=len(rows["before"]),
        rows_after=len(rows["after"]),
        duplicates=company.duplicates,
        breaks=len(company.breaks),
        manual=len(manual),
        bytes_before=size,
        changed_clock_outs=len(company.changed.clock_outs),
        new=len(company.changed.new),
        deleted=len(company.changed.deleted),
        corrected_clock_ins=len(company.changed.corrected),
    )
    (folder / "manifest.json").write_bytes(msgspec.json.encode(manifest))
    return manifest


def manifest_of(folder: Path) -> Manifest:
    """The manifest of a finished folder."""
    return msgspec.json.decode((folder / "manifest.json").read_bytes(), type=Manifest)


if __name__ == "__main__":
    print(msgspec.json.encode(write(int(sys.argv[1]), Path(sys.argv[2]))).decode())
