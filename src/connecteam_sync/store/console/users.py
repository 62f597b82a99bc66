"""The people of the console: their names, roles and the hashes of their secrets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from connecteam_sync.core.console import LONGEST_NAME, ConsoleUser, name_key
from connecteam_sync.core.roles import Role
from connecteam_sync.errors import ConfigurationError, NotFound
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.tables.own import OwnTables

_SHOWN = "name, role, made_at, changed_at, generation, secret_hash"


class KeptUser(NamedTuple):
    """A person, and the hash of their secret."""

    user: ConsoleUser
    secret_hash: str


class ConsoleUsers:
    """The rows of one database. Every method works in the transaction it is given, and `at` is in microseconds."""

    def __init__(self, dialect: Dialect, own: OwnTables) -> None:
        self._dialect, self._table = dialect, own.console_users

    def all(self, connection: Connection) -> tuple[ConsoleUser, ...]:
        """Everybody, by name."""
        found = run(connection, f"SELECT {_SHOWN} FROM {self._table} ORDER BY name_key")
        return tuple(_kept(row).user for row in found.mappings())

    def find(self, connection: Connection, name: str, *, lock: bool = False) -> KeptUser | None:
        """One of them, however their name is spelled. Raises ConfigurationError if it is no name."""
        locking = self._dialect.locking() if lock else ""
        sql = f"SELECT {_SHOWN} FROM {self._table} WHERE name_key = :key{locking}"
        found = run(connection, sql, {"key": required_key(name)}).mappings().first()
        return None if found is None else _kept(found)

    def add(self, connection: Connection, name: str, role: Role, secret_hash: str, at: int) -> None:
        """Let a person sign in. Raises ConfigurationError if there is one of this name."""
        key, seconds = required_key(name), at // 1_000_000
        run(
            connection,
            f"INSERT INTO {self._table} (name_key, {_SHOWN}) VALUES (:key, :name, :role, :made, :changed, :at, :hash)"
            f" {self._dialect.unless_there('name_key')}",
            {
                "key": key, "name": name, "role": role, "made": seconds, "changed": seconds, "at": at,
                "hash": secret_hash,
            },
        )  # fmt: skip
        found = self.find(connection, name, lock=True)
        # No two hashes are equal: another one was there before, or came first.
        if found is None or found.secret_hash != secret_hash:
            raise ConfigurationError(
                f"there is a person {name!r} of the console already",
                next_step="connecteam-sync console user secret NAME gives a new secret, console user role NAME --role"
                " R another role",
            )

    def renew(self, connection: Connection, name: str, secret_hash: str, at: int) -> None:
        """Replace the secret, and end the sessions of the old one. Raises NotFound."""
        found = self._require(connection, name)
        self._set(
            connection, name, at, "secret_hash = :hash, generation = :generation",
            hash=secret_hash, generation=max(found.user.generation + 1, at),
        )  # fmt: skip

    def change_role(self, connection: Connection, name: str, role: Role, at: int) -> None:
        """Give a person another role. Raises NotFound."""
        self._require(connection, name)
        self._set(connection, name, at, "role = :role", role=role)

    def remove(self, connection: Connection, name: str) -> None:
        """Let a person sign in no more. Raises NotFound."""
        self._require(connection, name)
        run(connection, f"DELETE FROM {self._table} WHERE name_key = :key", {"key": required_key(name)})

    def _set(self, connection: Connection, name: str, at: int, what: str, **values: object) -> None:
        run(
            connection,
            f"UPDATE {self._table} SET {what}, changed_at = :changed WHERE name_key = :key",
            {**values, "changed": at // 1_000_000, "key": required_key(name)},
        )

    def _require(self, connection: Connection, name: str) -> KeptUser:
        found = self.find(connection, name, lock=True)
        if found is None:
            raise NotFound(
                f"there is no person {name!r} of the console",
                next_step="connecteam-sync console user list shows who there is",
            )
        return found


def required_key(name: str) -> str:
    """What tells the person apart. Raises ConfigurationError if it is no name."""
    key = name_key(name)
    if key is None:
        raise ConfigurationError(
            f"{name[:80]!r} cannot be the name of a person of the console",
            next_step=f"use 1 to {LONGEST_NAME} printable characters on one line, without blanks around them",
        )
    return key


def _kept(row: Mapping[str, Any]) -> KeptUser:
    user = ConsoleUser(
        name=row["name"],
        role=row["role"],
        made_at=row["made_at"],
        changed_at=row["changed_at"],
        generation=row["generation"],
    )
    return KeptUser(user, row["secret_hash"])
