"""The people of the console: the part of the library that says who may sign in, and what their role is."""

from __future__ import annotations

import time
from collections.abc import MutableMapping
from typing import TYPE_CHECKING

from connecteam_sync.core.roles import ROLES, Role
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.store import Store

if TYPE_CHECKING:
    from connecteam_sync.core.console import ConsoleUser, NewSecret
    from connecteam_sync.store.console.users import ConsoleUsers, KeptUser


class Console:
    """People who sign in to the console of `serve`. Every method raises what `Store` raises.

    Names are 1 to 64 printable characters on one line; upper and lower case do not matter. Secrets are made here, are
    shown once, and only their hashes are kept: that needs the extra `service`, else ConfigurationError is raised.
    """

    store: Store

    def console_users(self) -> tuple[ConsoleUser, ...]:
        """Everybody who may sign in, by name."""
        users = self._console_users()
        with self.store.reading("reading who may sign in") as session:
            return users.all(session.connection)

    def console_user(self, name: str) -> ConsoleUser | None:
        """A person who may sign in; None if nobody has that name."""
        found = self._found_console_user(name)
        return None if found is None else found.user

    @staticmethod
    def new_console_secret() -> NewSecret:
        """A new secret, for `add_console_user` of several accounts: one secret that signs in to all of them."""
        from connecteam_sync.core.console import NewSecret
        from connecteam_sync.store.console.passwords import hashed, new_secret

        secret = new_secret()
        return NewSecret(secret=secret, secret_hash=hashed(secret))

    def add_console_user(self, name: str, role: Role, *, secret: NewSecret | None = None) -> str:
        """Let a person sign in with the secret that is returned: `secret`, else a new one. Raises ConfigurationError
        for a name that is none or is taken, and for an unknown role.
        """
        from connecteam_sync.store.console.users import required_key

        required_key(name)
        _require_role(role)
        users, chosen = self._console_users(), secret or self.new_console_secret()
        with self.store.own_rows("adding a person of the console") as connection:
            users.add(connection, name, role, chosen.secret_hash, _microseconds())
        return chosen.secret

    def renew_console_secret(self, name: str, *, secret: NewSecret | None = None) -> str:
        """Replace a person's secret by the one that is returned: `secret`, else a new one; sessions of the old one end.
        Raises NotFound.
        """
        from connecteam_sync.store.console.users import required_key

        required_key(name)
        users, chosen = self._console_users(), secret or self.new_console_secret()
        with self.store.own_rows("renewing a secret") as connection:
            users.renew(connection, name, chosen.secret_hash, _microseconds())
        return chosen.secret

    def change_console_role(self, name: str, role: Role) -> None:
        """Give a person another role. Raises NotFound, ConfigurationError for an unknown role."""
        _require_role(role)
        users = self._console_users()
        with self.store.own_rows("changing a role") as connection:
            users.change_role(connection, name, role, _microseconds())

    def remove_console_user(self, name: str) -> None:
        """Let a person sign in no more; their sessions end. Raises NotFound."""
        users = self._console_users()
        with self.store.own_rows("removing a person of the console") as connection:
            users.remove(connection, name)

    def check_console_secret(
        self, name: str, secret: str, *, tried: MutableMapping[str | None, bool] | None = None
    ) -> ConsoleUser | None:
        """The person whose name and secret these are, else None: after the same time, whether the name is known or not.

        No transaction is open while the secret is tried. A secret of more than 1 kB is nobody's, and is not tried.
        `tried` has what came of trying this secret on hashes before, and gets what comes of it now: several accounts
        that keep the same hash then try it once.
        """
        from connecteam_sync.store.console.passwords import fits

        found = self._found_console_user(name)
        kept, known = None if found is None else found.secret_hash, {} if tried is None else tried
        if kept not in known:
            known[kept] = fits(secret, kept)
        return found.user if found is not None and known[kept] else None

    def _found_console_user(self, name: str) -> KeptUser | None:
        from connecteam_sync.core.console import name_key

        users = self._console_users()
        if name_key(name) is None:
            return None
        with self.store.reading("looking for a person of the console") as session:
            return users.find(session.connection, name)

    def _console_users(self) -> ConsoleUsers:
        from connecteam_sync.store.console.users import ConsoleUsers

        self.store.columns()  # says so if there are no tables of ours
        return ConsoleUsers(self.store.dialect, self.store.own)


def _microseconds() -> int:
    """Now: finer than seconds, so that a person who is removed and comes back at once has another generation."""
    return time.time_ns() // 1000


def _require_role(role: str) -> None:
    """Raises ConfigurationError if there is no such role."""
    if role not in ROLES:
        raise ConfigurationError(f"there is no role {role[:60]!r}", next_step=f"use one of: {', '.join(ROLES)}")
