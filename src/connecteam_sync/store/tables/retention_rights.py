"""The rights that purges, erasures and legal holds need besides those of a run, tried by statements that touch no row.

A run never needs them: whoever keeps the journal from its user lets another one purge.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.exc import DBAPIError

from connecteam_sync.core.retention import RETENTION_ACTS, MissingRight, RetentionAct
from connecteam_sync.store.sql.causes import codes_of, message_of
from connecteam_sync.store.sql.errors import DENIED
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.privileges import SEQUENCE, statements_of
from connecteam_sync.store.tables.schema import tables_of

_READ, _REMOVE = ("SELECT",), ("SELECT", "DELETE")
NEEDED_FOR: Mapping[RetentionAct, Mapping[str, tuple[str, ...]]] = {
    "purge": {
        "guard": ("SELECT", "UPDATE"),
        "purges": ("SELECT", "INSERT", "UPDATE"),
        **dict.fromkeys(("changes", "shifts", "breaks", "timesheets", "holds", "inputs", "slices", "runs"), _REMOVE),
        **dict.fromkeys(("legal_holds", "corrections", "periods", "account", "users"), _READ),
    },
    "erase": {
        "guard": ("SELECT", "UPDATE"),
        "erasures": ("SELECT", "INSERT"),
        **dict.fromkeys(("users", "holds", "slices", "period_events", "lock_events"), ("SELECT", "UPDATE")),
        **dict.fromkeys(("corrections", "exports"), ("SELECT", "UPDATE")),
        "kept_plans": _REMOVE,
        "legal_holds": ("SELECT", "UPDATE"),
        **dict.fromkeys(("shifts", "changes", "account"), _READ),
    },
    "hold": {"guard": ("SELECT", "UPDATE"), "legal_holds": ("SELECT", "INSERT", "UPDATE"), "users": _READ},
}
"""By act and kind of table. `clock_times` and `employees` are not among them: a run needs as much of these."""


def missing(store: Store, *acts: RetentionAct) -> tuple[MissingRight, ...]:
    """The rights that the database user lacks for these acts (without any: for each), one entry for each table, with
    the database's words and the statement that grants them. A file has no rights on single tables.

    Raises the driver's error for one that is about something else.
    """
    if not store.dialect.has_rights:
        return ()
    wanted: dict[str, dict[str, set[RetentionAct]]] = {}
    for act in acts or RETENTION_ACTS:
        for kind, rights in NEEDED_FOR[act].items():
            for right in rights:
                wanted.setdefault(kind, {}).setdefault(right, set()).add(act)
    with store.connection() as connection:
        who = str(run(connection, "SELECT CURRENT_USER").scalar())
        connection.rollback()
    found = (_of_table(store, kind, rights, who) for kind, rights in wanted.items())
    return tuple(one for one in found if one is not None)


def _of_table(store: Store, kind: str, rights: Mapping[str, set[RetentionAct]], who: str) -> MissingRight | None:
    d, table = store.dialect, tables_of(store.names)[kind]
    name, columns = d.own(table.fullname), [column.name for column in table.columns]
    lacking: dict[str, str] = {}
    for right, _, statement in statements_of(name, columns, tuple(rights)):
        if words := _denied(store, statement):
            lacking[right] = words
    if "INSERT" in rights and "id" in columns:
        draws = d.sequence_right(table.fullname, "id")
        if draws is not None and _denied(store, draws):
            lacking[SEQUENCE] = f"permission denied for sequence of {table.fullname}"
    if not lacking:
        return None
    acts = {act for right in lacking for act in rights.get(right, rights.get("INSERT", set()))}
    return MissingRight(
        acts=tuple(act for act in RETENTION_ACTS if act in acts),
        table=table.fullname,
        rights=tuple(lacking),
        words=next(iter(lacking.values())),
        grant=d.grant(
            table.fullname,
            [right for right in lacking if right != SEQUENCE],
            who,
            database=store.url.database or "",
            draws=SEQUENCE in lacking,
        ),
    )


def _denied(store: Store, statement: str) -> str:
    """The database's words if the user may not run a statement; empty if they may."""
    with store.connection() as connection:
        try:
            answer = run(connection, statement)
            return "permission denied" if answer.returns_rows and answer.scalar() is False else ""
        except DBAPIError as error:
            if not codes_of(error) & DENIED:
                raise
            return message_of(error)
        finally:
            connection.rollback()
