"""The console on record: who may sign in, who did what, and plans that are kept for people to look at."""

from __future__ import annotations

import unicodedata
from typing import Literal

import msgspec

from connecteam_sync.core.roles import Role
from connecteam_sync.core.run import Plan, Trigger

PlanState = Literal["open", "applied", "discarded"]
LONGEST_NAME = 64
"""The longest name of a person of the console, in characters."""
_LONGEST_KEY = 191
"""What a column takes: few letters become two or three when they are folded."""


class ConsoleUser(msgspec.Struct, frozen=True, kw_only=True):
    """A person who may sign in to the console. `made_at` and `changed_at` are epoch seconds.

    `generation` grows with each new secret, also if a person was removed and comes back: a session of an older one has
    ended.
    """

    name: str
    role: Role
    made_at: int
    changed_at: int
    generation: int


class NewSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret that is shown once, and the hash that is kept of it: the same one in several databases, where a person
    is to sign in to all of them with it.
    """

    secret: str
    secret_hash: str

    def __repr__(self) -> str:
        """Without the secret: what is printed or logged holds none."""
        return "NewSecret(...)"


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What a person did: `at` in epoch seconds, `run` the run that it became, if it became one.

    `number` grows with every entry. Entries are only ever added, in the transaction of what they tell of.
    """

    number: int
    at: int
    by: str
    trigger: Trigger
    action: str
    subject: str
    detail: str
    run: int | None = None


class KeptPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that is kept until somebody applies or discards it. `made_at` is in epoch seconds.

    `fingerprint` is of the whole plan; `plan` is None in lists. `run` is the run that applied it, and
    `is_unfinished` whether that has no end on record: it still writes, or it was killed between two slices.
    """

    fingerprint: str
    made_at: int
    made_by: str
    state: PlanState
    plan: Plan | None = None
    run: int | None = None
    is_unfinished: bool = False


def name_key(name: str) -> str | None:
    """What tells people of the console apart: "Ana" and "ANA" are one. None if it is no name."""
    key = unicodedata.normalize("NFC", name).casefold()
    is_name = name.strip() == name and name.isprintable() and 0 < len(name) <= LONGEST_NAME
    return key if is_name and len(key) <= _LONGEST_KEY else None
