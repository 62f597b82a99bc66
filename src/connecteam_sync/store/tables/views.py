"""Our views, for people who live in SQL: made and replaced where asked for, and compared with what this version makes.

What was made is noted in `service`: the views by name, and a digest of their queries. A view reads and writes nothing
by itself, and the host's tables stay as they are.
"""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime

import msgspec
from sqlalchemy import Connection

from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.sql.connect import inspector
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.quoting import run, split
from connecteam_sync.store.tables import days
from connecteam_sync.store.tables.host import HostTables
from connecteam_sync.store.tables.own import OwnTables
from connecteam_sync.store.tables.view_queries import Queries

_NOTE = "views"
"""The row of `service` that says which views there are."""


class MadeViews(msgspec.Struct, frozen=True):
    """What was made: full names of views as configured, and the digest of their queries."""

    names: tuple[str, ...]
    digest: str


class Views:
    """The views of one choice of names, for the business time zone `zone`."""

    def __init__(self, dialect: Dialect, host: HostTables, own: OwnTables, zone: str) -> None:
        self._dialect, self._own, self._zone = dialect, own, zone
        queries = Queries(dialect, host, own, zone).all()
        self.queries = {own.names.full(kind): query for kind, query in queries.items()}
        """The query of each view, by its full name."""
        self.digest = hashlib.sha256("\n".join(f"{n}\n{q}" for n, q in self.queries.items()).encode()).hexdigest()

    def noted(self, connection: Connection) -> MadeViews | None:
        """What was made last; None if there are none."""
        rows = run(connection, f"SELECT value FROM {self._own.service} WHERE name = '{_NOTE}'").all()
        return msgspec.json.decode(rows[0][0], type=MadeViews) if rows else None

    def absent(self, connection: Connection) -> list[str]:
        """The views that are not there."""
        present = set(inspector(connection).get_view_names(schema=self._own.names.schema))
        return [name for name in self.queries if split(name)[1] not in present]

    def make(self, connection: Connection, *, asked: bool) -> tuple[str, ...]:
        """Make the views, or replace those of another version, and fill `days`; a sentence for each thing done.

        Unless they are `asked` for, only views that were made before are kept up to date. Raises ConfigurationError if
        something else has the name of one.
        """
        noted = self.noted(connection)
        if noted is None and not asked:
            return ()
        self._require_free(connection, noted.names if noted else ())
        done = []
        zones = days.zones_of(connection, self._own, self._zone)
        if filled := days.fill(connection, self._dialect, self._own, zones, datetime.now(UTC).year):
            done.append(f"{filled:,} local days of {', '.join(zones)} are filled in")
        if noted is None or noted.digest != self.digest or self.absent(connection):
            former = noted.names if noted else ()
            for statement in self.statements(former):
                run(connection, statement)
            done.append(f"made {len(self.queries)} views: {', '.join(self.queries)}")
        return tuple(done)

    def _require_free(self, connection: Connection, former: tuple[str, ...]) -> None:
        """No other program's table or view has a name of ours."""
        known, schema = inspector(connection), self._own.names.schema
        for name in self.queries.keys() - former:
            if known.has_table(split(name)[1], schema=schema):
                raise ConfigurationError(
                    f"{name!r} exists, and this program did not make it: no view was made",
                    next_step='give it another name, or choose another [tables] prefix = "…" for our tables and views',
                )

    def statements(self, former: tuple[str, ...] = ()) -> list[str]:
        """The statements that make or replace the views, and note it. `former`: views that were made before."""
        own, d = self._own, self._dialect
        note = msgspec.json.encode(MadeViews(tuple(self.queries), self.digest)).decode()
        gone = [name for name in former if name not in self.queries]
        made = [statement for name, query in self.queries.items() for statement in _made(d, d.own(name), query)]
        return [
            *(f"DROP VIEW IF EXISTS {d.own(name)}" for name in gone),
            *made,
            f"DELETE FROM {own.service} WHERE name = '{_NOTE}'",
            f"INSERT INTO {own.service} (name, value, at) VALUES ('{_NOTE}', {d.literal(note)}, {int(time.time())})",
        ]

    def printed(self) -> list[str]:
        """The statements of `make` for a person to read and run."""
        year = datetime.now(UTC).year
        return [*days.printed(self._own, self._dialect, [self._zone], year), *self.statements()]


def _made(dialect: Dialect, name: str, query: str) -> tuple[str, ...]:
    """The statements that make or replace a view: one, where a change of tables cannot be taken back."""
    if dialect.commits_tables:
        return (f"CREATE OR REPLACE VIEW {name} AS {query}",)
    return f"DROP VIEW IF EXISTS {name}", f"CREATE VIEW {name} AS {query}"
