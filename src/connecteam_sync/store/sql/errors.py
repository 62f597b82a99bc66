"""Why a statement failed, and the cure: by the database's codes, or by its message if it gives no code."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError

from connecteam_sync.store.sql.urls import database_of

_URL = "CONNECTEAM_SYNC_DATABASE_URL"


class FailureKind(NamedTuple):
    """A kind of failure: the codes and words of the databases' errors, and the cure."""

    codes: frozenset[object]
    words: tuple[str, ...]
    cure: str


def _kind(codes: set[object], words: tuple[str, ...], cure: str) -> FailureKind:
    return FailureKind(frozenset(codes), words, cure)


CONNECTING: tuple[FailureKind, ...] = (
    _kind(
        {2005},
        (
            "name or service not known",
            "name resolution",
            "failed to resolve host",
            "could not translate host name",
            "nodename nor servname",
            "no address associated",
            "label empty or too long",
            "unknown mysql server host",
        ),
        f"no machine is known by the name of the host in {_URL}: correct it, or see that names can be looked up here",
    ),
    _kind(
        set(),
        ("connection refused", "actively refused"),
        f"see that the server runs: nothing answers at that port; or correct the port in {_URL}",
    ),
    _kind(
        set(),
        ("no such file or directory",),
        f"there is no such socket: start the database, or correct the path in {_URL}; then run the command again",
    ),
    _kind(
        set(),
        ("timed out", "timeout expired", "no route to host", "network is unreachable"),
        f"the host in {_URL} does not answer: see that it is the right one, runs, and that no firewall is between",
    ),
)
"""Why there is no connection, by words alone: drivers have one code for all of it."""
DENIED: frozenset[object] = frozenset({1044, 1142, 1143, 1227, 1370, "42501"})
"""The codes by which a database says that its user lacks a right."""
_READ_ONLY: frozenset[object] = frozenset({1290, 1792, 1836, "25006"})
"""The codes of a server, user, session or file that is read-only: no right would help."""
FAILURES: tuple[FailureKind, ...] = (
    _kind(
        {1045, 1698, "28P01", "28000"},
        ("password authentication failed", "no password supplied", "no pg_hba.conf entry", 'role "'),
        f"correct user and password in {_URL} (special characters are percent-encoded), and whether that user may"
        " connect from this machine",
    ),
    _kind(
        {4151, 3118},
        ("account is locked",),
        f"the account is locked: ALTER USER … ACCOUNT UNLOCK lets it in; or name another user in {_URL}",
    ),
    _kind(
        {1862, 1820},
        ("password has expired",),
        f"give that user a new password (ALTER USER … IDENTIFIED BY …), and say it in {_URL}",
    ),
    _kind(
        {1049, 1046, "3D000"},
        ("unknown database", '" does not exist'),
        f"create that database, or correct its name in {_URL}; then: connecteam-sync init",
    ),
    _kind(
        {1044},
        ("permission denied for database",),
        f"correct the name of the database in {_URL}, or let the user in: grant it rights on that database",
    ),
    _kind(
        {*DENIED},
        ("permission denied",),
        "grant the database user that right; `connecteam-sync doctor` lists all it needs once it can connect",
    ),
    _kind(
        {1021, 1041, 1114, 1037, 1038, "53100", "53200"},
        ("database or disk is full", "no space left", "disk full", "error 28"),
        "make room on the disk of the database (or in its memory), then run the command again",
    ),
    _kind(
        {*_READ_ONLY},
        ("readonly database", "read-only", "read only"),
        "the database takes no writes: use the primary and not a replica, and a user and a file that may be written",
    ),
    _kind(
        {1969, 3024, "57014"},
        ("statement timeout", "max_statement_time", "maximum statement execution time"),
        "give the database user more time for a statement (statement_timeout of PostgreSQL, max_statement_time of"
        " MariaDB, max_execution_time of MySQL), or see who ends its statements; then run the command again",
    ),
    _kind(
        {1040, 1203, 1226, "53300"},
        ("too many connections", "too many clients"),
        "wait until other programs have closed connections, or let the database allow more",
    ),
    _kind(
        {1064, 1305, "42601", "42883"},
        ("syntax error", "no such function"),
        "the database may be too old; `connecteam-sync doctor` shows its version and the oldest that serves",
    ),
    _kind(
        {1146, "42P01"},
        ("no such table",),
        "a table is missing; connecteam-sync init creates ours, [tables] in connecteam-sync.toml names yours",
    ),
    _kind(
        {1054, "42703"},
        ("no such column",),
        "a column is missing; `connecteam-sync doctor` compares the columns with what is needed",
    ),
    _kind({1153, 1301}, ("packet",), "raise max_allowed_packet of the server to 16 MB or more"),
    _kind(
        {126, 127, 144, 145, 1194, 1712, 1877, "XX001", "XX002"},
        ("malformed", "not a database", "corrupt"),
        "the database is damaged: bring it back from a backup, or name another one; what Connecteam has can be"
        " mirrored again",
    ),
    _kind(
        set(),
        ("unable to open database file",),
        f"correct the path in {_URL}, and the rights of the file and its folder",
    ),
    _kind(
        set(),
        ("invalid connection option", "invalid integer value", "invalid sslmode value", "invalid uri query"),
        f"correct or remove the options behind the `?` of {_URL}; TLS is asked for with ?sslmode=require",
    ),
    _kind(set(), ("disk i/o error",), "look at the disk of the database, then run the command again"),
    _kind(
        {2002, 2003, 2005, 2006, 2013, 2055, 1053, 1927, 4031, 3168, "57P01", "57P02", "57P03"},
        (
            "connection failed",
            "could not connect",
            "can't connect",
            "connection refused",
            "server closed the connection",
            "connection is closed",
            "lost connection",
            "connection timeout",
            "consuming input failed",
            "could not receive data",
            "terminating connection",
            "name or service not known",
            "name resolution",
        ),
        f"see that the server runs, that host and port in {_URL} are right, and that no firewall is between; then run"
        " the command again",
    ),
)
"""In the order of the search: messages of earlier kinds contain words of later ones."""
NEEDS: dict[str, str] = {
    "creating the tables": "run connecteam-sync init with a user that may create tables (GRANT CREATE, ALTER, INDEX,"
    " REFERENCES and the four rights of daily work on the database; of PostgreSQL CREATE and USAGE on the schema);"
    " daily runs need less",
    **dict.fromkeys(
        (
            "adopting the table",
            "adding the unique key",
            "making the backup table",
            "dropping the unique key",
            "dropping the backup",
            "removing doubles",
        ),
        "run connecteam-sync adopt with a user that may ALTER and INDEX the table and CREATE another beside it (of"
        " PostgreSQL its owner); what it had begun it goes on with",
    ),
}
"""The cure for a missing right, by the action that failed."""
OTHERWISE = "what the database said is its own; ask its administrator, then run the command again"


def cure_of(error: DBAPIError, codes: set[object], *, doing: str = "", is_away: bool = False) -> str:
    """What a person can do about a failure of the database, by `codes` (see `causes.codes_of`) and its message.

    `doing` is the action that failed; `is_away`: there is no connection.
    """
    words = str(error.orig).lower()
    if is_away:
        for failure in CONNECTING:
            if failure.codes & codes or any(word in words for word in failure.words):
                return failure.cure
    for failure in FAILURES:
        if failure.codes & codes:
            return NEEDS.get(doing, failure.cure) if failure.codes & DENIED else failure.cure
    return next((f.cure for f in FAILURES if any(word in words for word in f.words)), OTHERWISE)


def takes_no_writes(error: DBAPIError, codes: set[object]) -> bool:
    """Whether nothing at all may be written, whatever the rights: a replica, a setting, a file opened for reading."""
    return bool(codes & _READ_ONLY) or "readonly database" in str(error.orig).lower()


def named(url: URL) -> str:
    """The database of a URL, for people: its kind, user, server, port and name, never the password; for SQLite the
    absolute path of the file.
    """
    served = database_of(url)
    if served.is_file:
        file = file_of(url)
        return f"{served.title} file {file}" if file else f"{served.title} in memory, which is gone with this process"
    host = url.host or _first(url.query.get("host")) or _first(url.query.get("unix_socket")) or "localhost"
    port = url.port or _first(url.query.get("port")) or served.port
    user = f"{url.username}@" if url.username else ""
    shown = f"[{host}]" if ":" in host else host
    return f"{served.kind}://{user}{shown}:{port}/{url.database or ''}"


FILE_TAILS = ("", "-journal", "-wal", "-shm")
"""What the names of the files of a SQLite database end with."""


def file_of(url: URL) -> Path | None:
    """The absolute path of a SQLite database; None for one in memory."""
    path = (url.database or "").removeprefix("file:")
    return None if path in {"", ":memory:"} else Path(path).absolute()


def _first(value: str | tuple[str, ...] | None) -> str | None:
    return value[0] if isinstance(value, tuple) else value
