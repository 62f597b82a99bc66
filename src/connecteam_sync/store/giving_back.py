"""What an undo wrote is read back before it is committed: exact, to the last column, or it is refused.

A column that a trigger of the host's owns (`trigger_columns`) is left alone, and does not count.
"""

from __future__ import annotations

from collections.abc import Mapping

from connecteam_sync.core.keys import RowId
from connecteam_sync.errors import UndoRefused
from connecteam_sync.store import catalog, rows
from connecteam_sync.store.exact import columns_in
from connecteam_sync.store.session import Session
from connecteam_sync.store.whole_rows import differing

_SHOWN = 5


def demand_given_back(
    session: Session, run: int, whole: Mapping[RowId, str | None], now: Mapping[RowId, rows.Image]
) -> None:
    """Every row must be as its image says, and gone where there is none. Raises UndoRefused, naming columns and
    triggers.
    """
    wrong: dict[RowId, list[str]] = {}
    for key, then in whole.items():
        if (then is None) != (key not in now):
            wrong[key] = []
        elif then is not None and (columns := differing(session, then, now[key][1])):
            wrong[key] = columns
    if not wrong:
        return
    columns = sorted({column for some in wrong.values() for column in some})
    keys = ", ".join(map(str, sorted(wrong)[:_SHOWN])) + (", …" if len(wrong) > _SHOWN else "")
    if columns:
        what = f"row {keys} would not be as before in column {', '.join(map(repr, columns[:_SHOWN]))}"
    else:
        what = f"row {keys} would not be there, or not be gone, as before"
    triggers = catalog.triggers(session.connection, session.dialect, session.host)
    if triggers:
        why = f"a trigger writes there too ({', '.join(triggers[:_SHOWN])})"
    elif session.dialect.family == "mysql":
        why = "a trigger that this database user may not see, or the column itself (ON UPDATE …), writes there too"
    else:
        why = "the column does not take back what it held, or a rule of the table writes there too"
    names = session.host.clock_times
    ours = {getattr(names, field) for field in rows.CANONICAL} | {names.id}
    cure = "have the trigger leave it alone meanwhile"
    if columns and ours.isdisjoint(columns):
        owned = ", ".join(f'"{column}"' for column in (*names.trigger_columns, *columns))
        cure = f"if it may keep what the trigger writes: trigger_columns = [{owned}] under [tables.clock_times]"
        cure += " in connecteam-sync.toml"
    raise UndoRefused(
        f"{what}: {why}; nothing was written",
        rows=tuple(sorted(wrong)),
        next_step=f"{cure}, then: connecteam-sync undo {run}",
    )


def left_alone(session: Session, images: Mapping[RowId, str | None]) -> list[str]:
    """What an undo of these images does not bring back, a sentence each."""
    said = []
    owned = session.host.clock_times.trigger_columns
    if owned and any(images.values()):
        said.append(f"left as the trigger wrote it: {', '.join(owned)}")
    lost = {
        name
        for image in images.values()
        for name, value in columns_in(image).items()
        if value != b"null" and name not in session.columns.clock_times
    }
    if lost:
        said.append(f"not brought back, since the table has no such column any more: {', '.join(sorted(lost))}")
    return said
