"""MariaDB, as far as it differs from MySQL."""

from __future__ import annotations

from sqlalchemy import Connection

from connecteam_sync.store.sql.mysql import OLD_MODES, MySQL
from connecteam_sync.store.sql.quoting import run


class MariaDB(MySQL):
    """The dialect of MariaDB."""

    kind = "mariadb"
    oldest = (10, 6)
    invisible = "INVISIBLE"

    def as_stored(self, sql: str) -> str:
        """With a setting, for this statement alone."""
        return f"SET STATEMENT sql_mode = '{OLD_MODES}' FOR {sql}"

    def locking(self, alias: str = "") -> str:
        """It cannot be limited to one table."""
        del alias
        return " FOR UPDATE"

    def alter(self, connection: Connection, statement: str, *, wait: int, lock_wait: int) -> None:
        """A table with system versioning accepts no ALTER otherwise. Historical rows stay as they are."""
        del wait
        run(connection, f"SET SESSION lock_wait_timeout = {lock_wait}")
        run(connection, "SET SESSION system_versioning_alter_history = KEEP")
        run(connection, statement)
