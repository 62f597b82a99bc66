"""All errors. Each has an exit code, the next step for the person who reads it, and whether the same command may
succeed when it is tried again unchanged (`retryable`, marked with * below).

ConnecteamSyncError                    1
├── ConfigurationError                 2   a key, a file, the cure
│   ├── NotInitialised                 2   our tables are absent or of another version
│   └── NotServed                      2   the host's table can take no row of ours at all
├── WindowError                        2   reversed, or too long; nothing was contacted
├── UpstreamError                     75 * nothing was written; try again later
│   ├── Unavailable                   75 * no answer, a timeout, a 5xx, too many requests
│   ├── BadAnswer                     75 * an answer that cannot be trusted to be complete
│   ├── BudgetSpent                   75 * the day's reserve of API calls is reached
│   └── Rejected                       1   trying again cannot help: a bad key, an unknown clock
├── DatabaseError                      1   nothing was written
│   ├── DatabaseUnavailable            1 * no connection, or it was lost: the server is away, restarts or is full
│   ├── RecordRefused                  1   the host's table refuses what was to be written
│   └── RowMoved                       6 * somebody else wrote a row between our reading and our writing
├── BrokerUnavailable                  1 * the broker of a fleet does not answer; what was due stays due
├── Refused                            4   nothing was written
│   ├── GuardRefused                   4
│   ├── StalePlan                      4
│   ├── AdoptRefused                   4
│   ├── FeedReset                      4   the entry a follower read last is not there as it was
│   ├── NotOurs                        4   a plan that would write a row of another source
│   ├── MappingRefused                 4
│   ├── LockRefused                    4
│   ├── PeriodRefused                  4
│   ├── CorrectionRefused              4   its period is closed, or an export has carried it
│   ├── CertificateRefused             4   an open period, or a key that no certificate names
│   ├── ExportRefused                  4   its period is not closed, was exported, or somebody's hours are not settled
│   ├── RetentionRefused               4   days that have to be kept, or that were purged
│   ├── NotConfirmed                   4   a person has to agree, and did not
│   └── UndoRefused                    4
├── NotFound                           2   no such run, user or employee
├── LockHeld                           6 * another run is writing
└── ClientInUse                        6 * another thread is in a method of the same client
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from connecteam_sync.core.keys import RowId
from connecteam_sync.core.text import one_line

if TYPE_CHECKING:
    from connecteam_sync.core.exports import Blocked
    from connecteam_sync.core.lock_check import Verified
    from connecteam_sync.core.periods import PeriodReport


class ConnecteamSyncError(Exception):
    """Something failed and nothing was written. `message` has the fault and its reason, `next_step` the cure."""

    exit_code = 1
    retryable = False
    """Whether the same command may succeed when it is tried again unchanged."""

    def __init__(self, message: str, *, next_step: str = "") -> None:
        # Names and a database's own text are in it: they must not break it into lines.
        self.message, self.next_step = one_line(message), one_line(next_step)
        super().__init__(self.message)

    @property
    def name(self) -> str:
        """The kind of failure as one word for machines, e.g. `bad_answer`."""
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in type(self).__name__).lstrip("_")

    @property
    def facts(self) -> dict[str, object]:
        """Further members for the error's JSON."""
        return {}

    @property
    def members(self) -> dict[str, object]:
        """The members of the error's JSON, without the schema's number."""
        return {
            "status": "refused" if isinstance(self, Refused) else "failed",
            "error": self.name,
            "message": self.message,
            "next_step": self.next_step,
            **self.facts,
            "exit_code": self.exit_code,
            "retryable": self.retryable,
        }


class ConfigurationError(ConnecteamSyncError):
    """A setting is missing, unknown or impossible; the message names the key and its place."""

    exit_code = 2
    is_of_file = False
    """Whether it is about a file beside the database: then the database is not named as what is at fault."""


class NotInitialised(ConfigurationError):  # noqa: N818 - a state, in the field's words
    """The database has no tables of ours, or tables of another version."""


class NotServed(ConfigurationError):  # noqa: N818 - says what happened
    """The host's table can take no row of ours at all; the message names the column. Nothing was written."""


class WindowError(ConnecteamSyncError):
    """The window asked for is reversed or too long. Nothing was contacted."""

    exit_code = 2


class NotFound(ConnecteamSyncError):  # noqa: N818 - says what happened
    """There is no such run, user or employee."""

    exit_code = 2


class UpstreamError(ConnecteamSyncError):
    """Connecteam did not give a complete answer. The client counts the calls made so far (`http_calls`)."""

    exit_code = 75
    retryable = True


class Unavailable(UpstreamError):  # noqa: N818 - says what happened
    """No answer: a network failure, a timeout, a 5xx, or too many requests for too long."""


class BadAnswer(UpstreamError):  # noqa: N818 - says what happened
    """An answer that cannot be trusted to be complete: HTML, truncated, oversized, or without its envelope."""


class BudgetSpent(UpstreamError):  # noqa: N818 - says what happened
    """The account's calls of the day are used up to the reserve kept for its other integrations."""


class Rejected(UpstreamError):  # noqa: N818 - says what happened
    """Connecteam refused the request itself; trying again unchanged cannot help. `status`: 401, 403 or None."""

    exit_code = 1
    retryable = False
    _NO_KEY = "Invalid API key"

    @property
    def is_of_the_key(self) -> bool:
        """Whether the key itself is invalid, for every request."""
        return self.status == 401 or self._NO_KEY in self.message  # noqa: PLR2004 - HTTP's number

    def __init__(self, message: str, *, status: int | None = None, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.status = status


class DatabaseError(ConnecteamSyncError):
    """The database failed; the transaction was rolled back."""


class DatabaseUnavailable(DatabaseError):  # noqa: N818 - says what happened
    """No connection to the database, or it was lost: the server is away, restarts, or is full."""

    retryable = True


class BrokerUnavailable(ConnecteamSyncError):  # noqa: N818 - says what happened
    """The broker of a fleet does not answer, or did not confirm a message. What was due stays due."""

    retryable = True


class RecordRefused(DatabaseError):  # noqa: N818 - says what happened
    """The host's table refuses a row; the transaction was rolled back.

    `words` is the database's own message, `constraint` the constraint or column it names, None if it names none.
    """

    def __init__(self, message: str, *, words: str, constraint: str | None = None, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.words, self.constraint = words, constraint


class RowMoved(DatabaseError):  # noqa: N818 - says what happened
    """Rows changed between our reading and our writing; the transaction was rolled back. `rows`: their ids."""

    exit_code = 6
    retryable = True

    def __init__(self, message: str, *, rows: tuple[RowId, ...] = (), next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.rows = rows


class Refused(ConnecteamSyncError):  # noqa: N818 - says what happened
    """A rule forbids this; nothing was written."""

    exit_code = 4


class GuardRefused(Refused):
    """A guard stops this plan until a person accepts it; `fingerprint` is what to accept."""

    def __init__(self, message: str, *, fingerprint: str, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.fingerprint = fingerprint


class StalePlan(Refused):
    """A saved plan no longer fits the table. `rows`: the ids of the rows that differ."""

    def __init__(self, message: str, *, rows: tuple[RowId, ...] = (), next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.rows = rows

    @property
    def facts(self) -> dict[str, object]:
        """The ids of the rows that are in the way."""
        return {"rows": list(self.rows)}


class AdoptRefused(Refused):
    """The table cannot be adopted as it is; the message names the obstacle. Nothing was written."""


class FeedReset(Refused):
    """The journal is not the one that the program read before: it was restored, or began again. No entry was returned.

    `after` is the cursor to continue from, `newest` the newest one.
    """

    def __init__(self, message: str, *, after: str, newest: str, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.after, self.newest = after, newest

    @property
    def facts(self) -> dict[str, object]:
        """The cursors to continue from."""
        return {"from": self.after, "newest": self.newest}


class NotOurs(Refused):
    """A row whose source is not ours would have been written. `rows`: their ids, None for a new row."""

    def __init__(self, message: str, *, rows: tuple[RowId | None, ...] = (), next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.rows = rows


class MappingRefused(Refused):
    """A mapping to an employee of another name, or away from an employee, has to be confirmed by a person.

    `move` describes the effect of the mapping, for programs.
    """

    def __init__(self, message: str, *, move: Mapping[str, object] | None = None, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self._move = dict(move or {})

    @property
    def facts(self) -> dict[str, object]:
        """The effect of the mapping."""
        return self._move


class LockRefused(Refused):
    """Days are not closed, since something on them is not right; `verified` has the faults. Nothing was written."""

    def __init__(self, message: str, *, verified: Verified, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.verified = verified


class PeriodRefused(Refused):
    """A pay period does not get the state asked for: something in it is not right, or another one is in the way.

    `report` has the period and its checklist; None if no checklist was made. Nothing was written.
    """

    def __init__(self, message: str, *, report: PeriodReport | None = None, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.report = report


class CorrectionRefused(Refused):
    """A correction cannot be decided so: its period is settled, or an export has carried it. Nothing was written."""


class CertificateRefused(Refused):
    """Nothing was certified: the period is not closed, or the key is not the one of the certificates before."""


class ExportRefused(Refused):
    """A period is not exported: it is not closed, was exported before, or somebody's hours are not settled (`blocked`).

    No file was written, and the ledger has no entry.
    """

    def __init__(self, message: str, *, blocked: tuple[Blocked, ...] = (), next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.blocked = blocked

    @property
    def facts(self) -> dict[str, object]:
        """The people whose hours are not settled, and why."""
        return {"blocked": [one.members for one in self.blocked]}


class RetentionRefused(Refused):
    """Records have to be kept, by law or a legal hold; or days were purged, so that nothing can be done with them."""


class NotConfirmed(Refused):
    """A person has to confirm this and did not; nothing was written."""


class UndoRefused(Refused):
    """A later run, or another program, touched rows of the run to be undone. `rows`: their ids."""

    def __init__(self, message: str, *, rows: tuple[RowId, ...] = (), next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.rows = rows

    @property
    def facts(self) -> dict[str, object]:
        """The ids of the rows that are in the way."""
        return {"rows": list(self.rows)}


class LockHeld(ConnecteamSyncError):  # noqa: N818 - says what happened
    """Another run is writing and did not finish within `lock_wait`."""

    exit_code = 6
    retryable = True


class ClientInUse(ConnecteamSyncError):  # noqa: N818 - says what happened
    """Another thread is in a method of the same client; nothing was done. Each thread needs a client of its own."""

    exit_code = 6
    retryable = True
