"""Replace every id, name and free text of decision inputs by invented ones, so that the same decision is made of them.

Instants, days, counts and known time zones stay. Ids keep their order, names and addresses stay equal, alike or
different as they were. `RULES` says of every field what it is; a field without a rule is an error, so that a new one
cannot slip through.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Container, Iterable
from functools import cache
from typing import Any, Final, TypeVar
from zoneinfo import available_timezones

from connecteam_sync.core.clocktime import CONNECTEAM
from connecteam_sync.core.name_search import folded
from connecteam_sync.core.people import address, words

T = TypeVar("T")
Rule = str | tuple["Rule", ...] | list["Rule"]
"""A kind of value; a tuple of rules for a tuple of that many members; a list of one rule for members without number."""
KEEP: Final = "keep"
_PAIRS: Final[Rule] = [("row", KEEP)]

RULES: dict[str, dict[str, Rule]] = {
    "DecisionInputs": {
        **dict.fromkeys(("window", "snapshot", "stored", "policy", "evidence", "decided"), "walk"),
        "now": KEEP,
    },
    "Window": {"first": KEEP, "last": KEEP, "timezone": "zone"},
    "Snapshot": {
        "time_clock_id": "clock",
        "first": KEEP,
        "last": KEEP,
        "users": "walk",
        "listed": ["user"],
        "shifts": "walk",
        "breaks": "walk",
        "invalid_records": "walk",
    },
    "Shift": {
        "id": "shift",
        "user_id": "user",
        "time_clock_id": "clock",
        "start": KEEP,
        "start_timezone": "zone",
        "end": KEEP,
        "end_timezone": "zone",
        "job_id": "job",
        "sub_job_id": "job",
        "scheduler_shift_id": "planned",
        "is_auto_clock_out": KEEP,
        "created_at": KEEP,
        "modified_at": KEEP,
    },
    "Break": {
        "id": "break",
        "user_id": "user",
        "time_clock_id": "clock",
        "break_type_id": "break_type",
        "start": KEEP,
        "start_timezone": "zone",
        "end": KEEP,
        "end_timezone": "zone",
        "is_auto_clock_out": KEEP,
        "created_at": KEEP,
        "modified_at": KEEP,
    },
    "User": {
        "id": "user",
        "first_name": "name",
        "last_name": "name",
        "email": "email",
        "is_archived": KEEP,
        "phone": "phone",
    },
    "InvalidRecord": {
        "kind": KEEP,
        "problem": "sentence",
        "value": "value",
        "user_id": "user",
        "activity_id": "shift",
        "start": KEEP,
        "end": KEEP,
        "digest": "digest",
        "meant": KEEP,
    },
    "StoredImage": {
        **dict.fromkeys(("rows", "mirrors", "breaks", "breaks_around", "people", "users", "locked"), "walk"),
        "employees": [("user", "employee")],
        "ambiguous": [("user", ["employee"])],
        "users_of": [("employee", ["user"])],
        "names": [("employee", "name")],
        "known_users": ["user"],
        "refused": [("subject", "sentence")],
        "refused_before": [("subject", "sentence")],
        "lacks": [KEEP],
        "optional": [KEEP],
        "job_names": [(("job", "job"), "job_name")],
        "break_types": [(("clock", "break_type"), KEEP)],
        **dict.fromkeys(("skipped_shifts", "skipped_minutes"), KEEP),
        "children": [("row", "walk")],
    },
    "ClockTime": {
        "id": "row",
        "employee_id": "employee",
        "source": "source",
        "job": "job_name",
        **dict.fromkeys(("clock_in", "clock_out", "total_minutes", "is_active", "break_minutes", "net_minutes"), KEEP),
    },
    "TrackedShift": {
        "shift": "walk",
        "clock_time_id": "row",
        "applied": "walk",
        "is_gone": KEEP,
        "former_clock_time_id": "row",
    },
    "AppliedValues": {"employee_id": "employee", "clock_in": KEEP, "clock_out": KEEP},
    "Employee": {
        "id": "employee",
        "name": "name",
        "email": "email",
        "connecteam_user_id": "user_text",
        "phone": "phone",
    },
    "LockedDay": {
        **dict.fromkeys(("day", "start", "end", "source"), KEEP),
        "timezone": "zone",
        "time_clock_id": "clock",
        "user_id": "user",
    },
    "Child": {"table": "table", "count": KEEP, "fields": [KEEP], "follows": KEEP},
    "Policy": dict.fromkeys(
        (
            "planner",
            "employees",
            "orphans",
            "local_edits",
            "max_deletes",
            "max_deletes_share",
            "max_deletes_of_person",
            "max_users_gone_share",
        ),
        KEEP,
    )
    | {"accepted": [KEEP]},
    "EvidenceImage": {
        "stage": KEEP,
        "account": [("clock", "clock_name")],
        "units": [("clock", KEEP, KEEP)],
        "vouched": ["clock"],
        "absent": ["shift"],
        "awaited": [("user", KEEP)],
        "failures": [("clock", KEEP, KEEP, "sentence")],
        "invalid_users": ["user"],
        "invalid_ids": ["shift"],
        "outdated": ["shift"],
        "turned_away": ["clock"],
        "unread": [("clock", "sentence")],
        "unmirrored_shifts": [("user", KEEP, "clock")],
        "unlisted_hours": [("user", KEEP, "clock")],
        "rows_of_people": [(KEEP, KEEP, [("employee", KEEP)])],
        "going": [("employee", _PAIRS)],
        "coming": [(KEEP, KEEP, [("employee", KEEP)])],
        "is_stopped": KEEP,
        "let_through": ["row"],
        "listed_in_refused": [("user", "clock")],
        "listings": [("clock", KEEP, KEEP, ["user"])],
        "unchanged": [("clock", KEEP, KEEP)],
        "skipped": [("clock", KEEP, KEEP, ["user"])],
        "seen": [("clock", ["shift"])],
        "assigned": [("user", ["clock"])],
    },
    "Decided": {
        "fingerprint": "blank",
        **dict.fromkeys(
            ("changes", "holds", "refusals", "new_employees", "mirrors", "breaks", "renames", "counts", "minutes"),
            "walk",
        ),
        "breaks_gone": ["break"],
    },
    "Change": {
        "kind": KEEP,
        "before": "walk",
        "after": "walk",
        "shift_id": "shift",
        "user_id": "user",
        "days": [KEEP],
        "why": "blank",
    },
    "Hold": {
        "reason": KEEP,
        "subject": "subject",
        "detail": "blank",
        "shift_id": "shift",
        "user_id": "user",
        "clock_time_id": "row",
        "employee_id": "employee",
        "instant": KEEP,
        "minutes": KEEP,
        "time_clock_id": "clock",
        "acknowledged": KEEP,
        "change": "walk",
    },
    "Refusal": {"guard": KEEP, "message": "blank", "fingerprint": "blank", "stopped": "walk", "lacks_seconds": KEEP},
    "NewEmployee": {"user_id": "user", "name": "full_name", "email": "email"},
    "Rename": {
        "user_id": "user",
        "employee_id": "employee",
        "before": "blank",
        "after": "blank",
        "has_new_email": KEEP,
    },
    "Counts": dict.fromkeys(("total_shifts", "created", "updated", "unchanged", "deleted", "held", "linked"), KEEP),
    "Minutes": {"before": KEEP, "after": KEEP},
}
"""What each field is, by the name of its type."""
_FIRST = {"user": 1001, "clock": 501}
"""The first invented number of a kind; else 1."""
_RANKED = ("shift", "user", "clock", "employee", "row", "break", "break_type", "job", "planned", "digest")
"""Kinds whose order counts, or may."""
_MAKERS = "connecteam", "user"
"""The words of the name that a user without one has (`User.name`)."""
_LETTERS = "person"
_TOKEN = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}:[0-9]{2}(?::[0-9]{2})?|\d[\d.,:()+-]*\d|\d|[^\W\d_]+")
"""A day, a time, a number with whatever joins its digits, or a word."""
_DAY_OR_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{2}:[0-9]{2}(?::[0-9]{2})?")
_SHORT = 3
"""The most digits of a number that a text keeps: a count, not an id or a part of an address."""


def walked(value: Any, rule: Rule, scalar: Callable[[str, Any], Any]) -> Any:  # noqa: ANN401 - any value of ours
    """The value with each of its scalars replaced by `scalar(kind, value)`, by the rules. None stays None."""
    if value is None:
        return None
    if isinstance(rule, list):
        return type(value)(walked(one, rule[0], scalar) for one in value)
    if isinstance(rule, tuple):
        return tuple(walked(one, of, scalar) for one, of in zip(value, rule, strict=True))
    if rule != "walk":
        return value if rule == KEEP else scalar(rule, value)
    if isinstance(value, tuple):
        return tuple(walked(one, "walk", scalar) for one in value)
    rules = RULES[type(value).__name__]
    return type(value)(
        **{field: walked(getattr(value, field), rules[field], scalar) for field in type(value).__struct_fields__}
    )


def without_texts(value: T) -> T:
    """The value with its texts and fingerprints blank: what two decisions have to agree in."""
    return walked(value, "walk", lambda kind, scalar: "" if kind == "blank" else scalar)  # type: ignore[no-any-return]


class Pseudonyms:
    """Invented ids and names for everything in `values`; the same for the same, within one object of this class.

    `vocabulary` are the words (in small letters) that a text may keep: those of this program's own messages. `names`
    are further names to replace in texts: of people, time clocks, the company.
    """

    def __init__(self, values: Iterable[object], vocabulary: Container[str], names: Iterable[str] = ()) -> None:
        self._vocabulary = vocabulary
        self._found: dict[str, set[Any]] = defaultdict(set)
        for value in values:
            walked(value, "walk", self._note)
        self._ids = {kind: _ranked(self._found[kind], kind) for kind in _RANKED}
        spoken = {word for name in (*self._found["name"], *names) for word in words(name)}
        spoken -= {str(user) for user in self._found["user"]} | set(_MAKERS)
        self.words = {word: f"Name{number:04d}" for number, word in enumerate(sorted(spoken), 1)}
        self._emails = _numbered(map(address, self._found["email"]))
        self._marks = _numbered(mark for phone in self._found["phone"] for mark in phone.split())
        self._sources = _numbered(s for s in self._found["source"] if s.strip().casefold() != CONNECTEAM)
        self._tables = _numbered(self._found["table"])
        self._job_names = _numbered(self._found["job_name"])
        self._zones = _numbered(self._found["zone"])
        self._odd_users = _numbered(self._found["user_text"])
        self._variants = {
            kind: _variants(self._found[kind], self._plain_name if kind == "name" else address)
            for kind in ("name", "email")
        }

        self._replacing: dict[str, Callable[[str], str]] = {
            "name": self._name,
            "full_name": self._name,
            "email": self._email,
            "phone": lambda phone: " ".join(f"mark{self._marks[mark]:04d}" for mark in phone.split()),
            "source": lambda source: f"source {self._sources[source]}" if source in self._sources else source,
            "job_name": lambda name: f"job {self._job_names[name]}",
            "table": lambda table: f"table_{self._tables[table]}",
            "zone": self._zone,
            "user_text": self._user_text,
            "clock_name": lambda _: "a time clock",
            "subject": self._subject,
            "sentence": self.sentence,
            "value": lambda _: "(left out)",
            "blank": lambda _: "",
        }

    def of(self, value: T) -> T:
        """The value, replaced."""
        return walked(value, "walk", self._scalar)  # type: ignore[no-any-return]

    def sentence(self, text: str) -> str:
        """A text with invented names and ids, without every word and long number that is not of this program."""
        return _TOKEN.sub(lambda found: self._token(found[0]), text)

    def _token(self, text: str) -> str:
        if _DAY_OR_TIME.fullmatch(text):
            return text
        if text[0].isdigit():
            known = self._known_id(int(text)) if _is_number(text) else None
            return known or (text if len(text) <= _SHORT and _is_number(text) else "#")
        if invented := self.words.get(folded(text)):
            return invented
        return text if text.casefold() in self._vocabulary else "…"

    def _known_id(self, number: int) -> str | None:
        for kind in ("user", "clock"):
            if (known := self._ids[kind].get(number)) is not None:
                return str(known)
        return None

    def clock(self, clock: int | None) -> int | None:
        """The invented id of a time clock; one that no input names gets 0."""
        return None if clock is None else int(self._ids["clock"].get(clock, 0))

    # -- finding -----------------------------------------------------------------------------------------------------

    def _note(self, kind: str, value: Any) -> Any:  # noqa: ANN401 - any scalar
        if kind == "full_name":
            kind = "name"
        if kind == "employee" and isinstance(value, int) and value < 0:
            kind, value = "user", -value
        if kind == "subject":
            kind, _, key = value.partition(":")
            self._note_subject(kind, key)
        else:
            self._found[kind].add(value)
        return value

    def _note_subject(self, kind: str, key: str) -> None:
        if kind in {"shift", "break"}:
            self._found["shift"].add(key)
        elif kind == "user" and key.isascii() and key.isdecimal():
            self._found["user"].add(int(key))
        elif kind == "record":
            self._found["digest"].add(key)

    # -- replacing ---------------------------------------------------------------------------------------------------

    def _scalar(self, kind: str, value: Any) -> Any:  # noqa: ANN401 - any scalar
        if kind in _RANKED:
            return self._id(kind, value)
        return self._replacing[kind](value)

    def _id(self, kind: str, value: Any) -> Any:  # noqa: ANN401 - a number or a text
        if kind == "employee" and isinstance(value, int) and value < 0:
            return -self._ids["user"][-value]
        # A stand-in for a row or an employee that does not exist yet is made up already.
        return self._ids[kind].get(value, value if isinstance(value, int) and value <= 0 else 0)

    def _zone(self, zone: str) -> str:
        return zone if zone in _zones() else f"Invented/Zone_{self._zones[zone]}"

    def _user_text(self, text: str) -> str:
        known = self._ids["user"].get(int(text)) if _is_number(text) else None
        return str(known) if known is not None else f"other {self._odd_users[text]}"

    def _subject(self, subject: str) -> str:
        kind, _, key = subject.partition(":")
        if kind == "row":
            rows = self._ids["row"]
            return f"row:{rows.get(key) or rows.get(int(key) if _is_number(key) else 0, 0)}"
        ids = {"shift": "shift", "break": "shift", "user": "user", "record": "digest"}.get(kind)
        if ids is None:
            return "other:0"
        return f"{kind}:{self._ids[ids].get(int(key) if ids == 'user' and _is_number(key) else key, 0)}"

    def _plain_name(self, name: str) -> str:
        """The invented name, equal for names that differ in case, accents and punctuation only."""
        spoken = folded(name).replace("'", "").replace("\u2019", "")
        parts = "".join(c if c.isalnum() else " " for c in spoken).split()
        users = self._ids["user"]
        return " ".join(
            self.words.get(part) or (str(users.get(int(part), 0)) if _is_number(part) else part)
            for part in parts
            if part in self.words or part in _MAKERS or _is_number(part)
        )

    def _name(self, name: str) -> str:
        if not name.strip():
            return name
        # The marks at the end are no part of a name in comparisons: they tell apart what differs only in its spelling.
        return f"{self._plain_name(name)}{'.' * self._variants['name'].get(name, 0)}" or "-"

    def _email(self, email: str) -> str:
        plain = address(email)
        if not plain:
            return ""
        number = self._variants["email"].get(email, 0)
        spelt = "".join(c.upper() if number >> place & 1 else c for place, c in enumerate(_LETTERS))
        return f"{spelt}{self._emails[plain]:04d}@example.invalid"


def _ranked(values: set[Any], kind: str) -> dict[Any, Any]:
    """Invented ids in the order of the real ones. Stand-ins (zero and below) stay as they are."""
    numbers = sorted(value for value in values if isinstance(value, int) and value > 0)
    texts = sorted(value for value in values if isinstance(value, str))
    first = _FIRST.get(kind, 1)
    made: dict[Any, Any] = {value: first + place for place, value in enumerate(numbers)}
    return made | {value: f"{kind}-{place:06d}" for place, value in enumerate(texts, 1)}


def _numbered(values: Iterable[str]) -> dict[str, int]:
    return {value: number for number, value in enumerate(sorted({*values}), 1)}


def _variants(values: Iterable[str], plain: Callable[[str], str]) -> dict[str, int]:
    """Numbers that tell apart the spellings of what counts as equal: the first has 0."""
    groups: dict[str, list[str]] = defaultdict(list)
    for value in sorted(values):
        groups[plain(value)].append(value)
    return {value: number for group in groups.values() for number, value in enumerate(group)}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 20  # noqa: PLR2004 - more than 64 bits


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
