"""Every way it can fail. Each error knows its exit code and the next step for the person who reads it.

ConnecteamSyncError                    1
├── ConfigurationError                 2   a key, a file, the cure
│   └── NotInitialised                 2   our tables are absent or of another version
├── WindowError                        2   reversed, or too long; nothing was contacted
├── UpstreamError                     75   nothing was written; try again later
│   ├── Unavailable                   75   no answer, a timeout, a 5xx, too many requests
│   ├── BadAnswer                     75   an answer that cannot be trusted to be complete
│   ├── BudgetSpent                   75   the day's reserve of API calls is reached
│   └── Rejected                       1   trying again cannot help: a bad key, an unknown clock
├── DatabaseError                      1   nothing was written
│   └── RowMoved                       1   somebody else wrote a row between our reading and our writing
├── Refused                            4   nothing was written
│   ├── GuardRefused                   4
│   ├── StalePlan                      4
│   ├── AdoptRefused                   4
│   └── UndoRefused                    4
├── NotFound                           2   no such run, user or employee
└── LockHeld                           6   another run is writing
"""

from __future__ import annotations


class ConnecteamSyncError(Exception):
    """Something failed and nothing was written. `message` says what and why, `next_step` what to do about it."""

    exit_code = 1

    def __init__(self, message: str, *, next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step

    @property
    def name(self) -> str:
        """The kind of failure as one word for machines, e.g. `bad_answer`."""
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in type(self).__name__).lstrip("_")


class ConfigurationError(ConnecteamSyncError):
    """A setting is missing, unknown or impossible; the message names the key and the file it stands in."""

    exit_code = 2


class NotInitialised(ConfigurationError):  # noqa: N818 - a state, in the field's words
    """The database has no tables of ours, or tables of another version."""


class WindowError(ConnecteamSyncError):
    """The window asked for is reversed or too long. Nothing was contacted."""

    exit_code = 2


class NotFound(ConnecteamSyncError):  # noqa: N818 - says what happened
    """There is no such run, user or employee."""

    exit_code = 2


class UpstreamError(ConnecteamSyncError):
    """Connecteam did not give a complete answer. `http_calls` made so far are on the client."""

    exit_code = 75


class Unavailable(UpstreamError):  # noqa: N818 - says what happened
    """No answer: a network failure, a timeout, a 5xx, or too many requests for too long."""


class BadAnswer(UpstreamError):  # noqa: N818 - says what happened
    """An answer that cannot be trusted to be complete: HTML, truncated, oversized, or without its envelope."""


class BudgetSpent(UpstreamError):  # noqa: N818 - says what happened
    """The account's calls of the day are used up to the reserve kept for its other integrations."""


class Rejected(UpstreamError):  # noqa: N818 - says what happened
    """Connecteam refused the request itself; trying again unchanged cannot help."""

    exit_code = 1


class DatabaseError(ConnecteamSyncError):
    """The database failed; the transaction was rolled back."""


class RowMoved(DatabaseError):  # noqa: N818 - says what happened
    """Rows changed between our reading and our writing; the transaction was rolled back. `rows` names them."""

    def __init__(self, message: str, *, rows: tuple[int, ...] = (), next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.rows = rows


class Refused(ConnecteamSyncError):  # noqa: N818 - says what happened
    """A rule forbids this; nothing was written."""

    exit_code = 4


class GuardRefused(Refused):
    """A guard does not let this plan through without a person's word; `fingerprint` names the plan."""

    def __init__(self, message: str, *, fingerprint: str, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.fingerprint = fingerprint


class StalePlan(Refused):
    """A saved plan no longer fits the table. `rows` are the `clock_times` ids that moved since."""

    def __init__(self, message: str, *, rows: tuple[int, ...] = (), next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.rows = rows


class AdoptRefused(Refused):
    """The table cannot be taken over as it is; the message names the obstacle. Nothing was written."""


class UndoRefused(Refused):
    """A later run, or somebody else, touched rows of the run to be undone. `rows` are their `clock_times` ids."""

    def __init__(self, message: str, *, rows: tuple[int, ...] = (), next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.rows = rows


class LockHeld(ConnecteamSyncError):  # noqa: N818 - says what happened
    """Another run is writing and did not finish within the time we wait."""

    exit_code = 6
