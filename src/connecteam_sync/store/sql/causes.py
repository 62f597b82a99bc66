"""Why a statement failed: the database's own message, and the error of ours that stands for it.

A server's error is one of four things. The server is away; others were in the way (a lock, a deadlock); the record
itself is refused (a constraint, a column too small, a trigger); or the statement was wrong, whatever the record.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import msgspec
from sqlalchemy.exc import DBAPIError

from connecteam_sync.errors import RecordRefused, RowMoved
from connecteam_sync.store.sql.quoting import split
from connecteam_sync.store.sql.urls import that_raised
from connecteam_sync.store.tables.host import ClockTimesNames

LOCK_CODES = {1205, 3572, "55P03"}
"""Lock wait timed out: MySQL and MariaDB, MySQL NOWAIT, PostgreSQL."""
ENDED_CODES = {1969, 3024, "57014"}
"""A statement was given too little time, or somebody ended it: MariaDB, MySQL, PostgreSQL."""
UNKNOWN_TABLE_CODES = {1146, "42P01"}
RETRY_CODES = {1213, 1020, "40P01", "40001"}
"""Deadlock or serialization failure: the server rolled back one of two; that one may simply start again."""
_AWAY = {
    # Too many connections (in all, of this user), shutdown, killed, the network in between, an idle one ended.
    *(1040, 1053, 1152, 1158, 1159, 1160, 1161, 1203, 1927, 3169, 4031),
    # The client's own: no server there, an unknown host, gone away, lost while asking, lost otherwise.
    *(2002, 2003, 2005, 2006, 2013, 2055),
    # Ended by an administrator, by a crash, not ready yet, the database is gone, idle too long, too many connections.
    *("57P01", "57P02", "57P03", "57P04", "57P05", "53300"),
}
_DUPLICATES = {1062, 1586, "23505"}
_REFUSALS = {
    *_DUPLICATES,
    1048,  # a column cannot be NULL
    1364,  # a field has no default
    *(1216, 1217, 1451, 1452, 1761, 1762),  # foreign keys, either way
    *(3819, 4025),  # CHECK: MySQL, MariaDB
    *(
        1264,
        1265,
        1292,
        1366,
        1367,
        1406,
        1411,
        1416,
        1690,
        3140,
        3141,
        3156,
        4161,
    ),  # a value that a column cannot hold
    *(1365, 1369, 3105, 1906),  # division by zero, a view's check option, a computed column
    *(1526, 1748, 1863),  # no partition for the row
    *(1644, 1643, 1645),  # SIGNAL of a trigger
    "44000",  # a view's check option
    "428C9",  # a column that is always computed
}
_NAMES = (
    r"for key '([^']+)'",
    r"CONSTRAINT `([^`]+)`",
    r"constraint '([^']+)'",
    r"column '([^']+)'",
    r"column `(?:[^`]*`\.`)*([^`]+)`",
    r"Field '([^']+)'",
    r"constraint failed: (.+)",
)
_LONGEST = 200
"""The most characters of the database's message that are shown."""


class Cause(msgspec.Struct, frozen=True):
    """Why a record was refused: the database's message, and the constraint or column that it names."""

    words: str
    name: str | None = None

    @property
    def message(self) -> str:
        """The database's message, and the name if it lacks it."""
        return self.words if self.name is None or self.name in self.words else f"{self.words} ({self.name})"


def codes_of(error: DBAPIError) -> set[object]:
    """The database's own numbers for an error: SQLSTATE, and MySQL's."""
    original = error.orig
    codes: set[object] = {_sqlstate(error)}
    if original is not None and original.args:
        codes.add(original.args[0])
    return codes


def _sqlstate(error: DBAPIError) -> str | None:
    """SQLSTATE, if the driver gives one: always for PostgreSQL, for some drivers of MySQL."""
    state = getattr(error.orig, "sqlstate", None)
    return None if state is None else str(state)


def message_of(error: DBAPIError) -> str:
    """The database's message, without the statement and its values."""
    words = " ".join(str(part) for part in (error.orig.args if error.orig else ()))
    return words.split("\n")[0][:_LONGEST] or type(error.orig).__name__


def is_unknown_table(error: DBAPIError) -> bool:
    """Whether a statement named a table that is not there."""
    return bool(codes_of(error) & UNKNOWN_TABLE_CODES) or "no such table" in str(error.orig)


def is_in_the_way(error: DBAPIError) -> bool:
    """Whether others hold what is needed, or the server chose this transaction to give way."""
    return bool(codes_of(error) & (LOCK_CODES | RETRY_CODES)) or "database is locked" in str(error.orig)


def is_away(error: DBAPIError) -> bool:
    """Whether there is no connection, or no longer: the server restarts, is full, or cannot be reached."""
    served = that_raised(error)
    if served.is_file:
        return False
    return error.connection_invalidated or bool(codes_of(error) & _AWAY) or served.is_away(error)


NO_NUMBERS: frozenset[object] = frozenset({167, 1467, "2200H"})
"""The codes of a sequence that is exhausted: no record is at fault."""


def refusal(error: DBAPIError) -> Cause | None:
    """Why a record was refused; None if the error is about something else."""
    return Cause(message_of(error), _named(error)) if _is_refusal(error) else None


def _is_refusal(error: DBAPIError) -> bool:
    served, codes = that_raised(error), codes_of(error)
    if not served.is_file and (is_away(error) or is_in_the_way(error) or codes & NO_NUMBERS):
        return False
    return served.refuses(error, is_known=bool(codes & _REFUSALS))


def _named(error: DBAPIError) -> str | None:
    """The constraint or the column that an error names."""
    diag = getattr(error.orig, "diag", None)
    if diag is not None:
        name: str | None = diag.constraint_name or diag.column_name
        return name
    words = message_of(error)
    return next((found[1] for pattern in _NAMES if (found := re.search(pattern, words))), None)


def is_clock_in_taken(error: DBAPIError, names: ClockTimesNames, keys: Collection[str]) -> bool:
    """Whether `clock_times` already has a row with the same employee and clock-in. `keys` are the names of the unique
    keys over the two (SQLite names the columns instead).
    """
    if not that_raised(error).names_keys:
        table = split(names.table)[1]
        both = [f"{table}.{names.employee_id}", f"{table}.{names.clock_in}"]
        words = str(error.orig)
        return words.startswith("UNIQUE") and words.partition(": ")[2] in {", ".join(both), ", ".join(reversed(both))}
    if not codes_of(error) & _DUPLICATES:
        return False
    name = _named(error) or ""
    # MySQL puts the table in front of the key.
    return name in keys or name.rpartition(".")[2] in keys


def refused(doing: str, cause: Cause) -> RecordRefused:
    """The error for a record that was refused."""
    return RecordRefused(
        f"{doing}: the database refuses it: {cause.message}",
        words=cause.words,
        constraint=cause.name,
        next_step="cure what the database names, or correct the record; nothing was written",
    )


def clock_in_taken(doing: str) -> RowMoved:
    """The error for a key that another program has taken meanwhile."""
    return RowMoved(
        f"{doing}: another program wrote a row with that employee and clock-in meanwhile; nothing was written",
        next_step="run the command again; it reads the table again",
    )
