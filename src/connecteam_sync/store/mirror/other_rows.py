"""Side effects: whether other rows of the host's table came, went or changed when ours were written.

A trigger may make, alter or remove other rows, or cause it by a cascade from another table. The database does not
report it, so rows are compared before and after; if the table has no trigger, nothing is read. To tell it from writes
of another program, our writes are rolled back: if the rows are then as before, it was an effect of ours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from connecteam_sync.core.change import Change
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.keys import RowId, by_key
from connecteam_sync.core.text import many
from connecteam_sync.errors import NotServed, RowMoved
from connecteam_sync.store.history.row_images import differing
from connecteam_sync.store.session import Session, images_of
from connecteam_sync.store.sql.pipeline import Answer, Query
from connecteam_sync.store.sql.statements import batched
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.triggers import CURE, LATEST, triggers_text

_POINT = "connecteam_sync_beside"
_NEAR = 31 * 86_400
"""Seconds around a row in which rows of the same person are compared to the byte, or counted."""


def may_have_triggers(session: Session) -> bool:
    """Whether the table has a trigger or a rule, or may have one that this database user cannot see."""
    if session.columns.definition.triggers:
        return True
    table = session.host.clock_times.table
    return not session.dialect.shows_triggers(session.connection, table)


def side_effect_error(session: Session, what: str) -> NotServed:
    """The error for a table whose triggers write other rows."""
    return NotServed(
        f"table {session.host.clock_times.table!r}: {what}; {triggers_text(session)}; nothing was written",
        next_step=f"{CURE}; then connecteam-sync doctor",
    )


def _whole(row: Sequence[Any]) -> tuple[RowId, rows.Image]:
    """A row by its id; without its whole image if that is larger than the server can send."""
    clock_time = rows.clock_time(row[:-1])
    return clock_time.id or 0, (clock_time, row[-1] or "")


# -- around the one row of a probe -------------------------------------------------------------------------------------


class Neighbours:
    """The number of rows of the table, and all rows of the same person near a row, whole."""

    def __init__(self, session: Session, row: ClockTime, *, counts: bool) -> None:
        self._session, self._counts = session, counts
        d, names = session.dialect, session.host.clock_times
        clock_in = f"t.{d.name(names.clock_in)}"
        self._near = Query(
            f"SELECT {session.image_columns} FROM {session.clock_times} t"
            f" WHERE t.{d.name(names.employee_id)} = :employee AND {d.between(clock_in)}",
            {"employee": row.employee_id, "start": row.clock_in - _NEAR, "end": row.clock_in + _NEAR},
            _whole,
        )
        self._before = self._read()

    def _read(self) -> tuple[int, Mapping[RowId, rows.Image]]:
        counting = Query(f"SELECT count(*) FROM {self._session.clock_times}")
        *counted, near = self._session.fetch(*([counting] if self._counts else []), self._near)
        return int(counted[0][0][0]) if counted else 0, images_of([near])

    def side_effects(self, own: RowId, *, more: int) -> str:
        """What happened to other rows, given that there are `more` rows of ours than before; empty if nothing did."""
        (count, near), (count_now, near_now) = self._before, self._read()
        others = {key: image for key, image in near_now.items() if key != own}
        effects = [f"row {key} of the same person would go" for key, _ in by_key(near) if key not in others]
        effects += [f"row {key} would come beside it" for key, _ in by_key(others) if key not in near]
        effects += [
            f"row {key} of the same person would change in {', '.join(map(repr, columns))}"
            for key, (_, then) in by_key(near)
            if key in others and (columns := differing(self._session, then, others[key][1]))
        ]
        extra = count_now - count - more
        if self._counts and extra and not effects:
            effects.append(f"{many(abs(extra), 'other row')} would {'come' if extra > 0 else 'go'}")
        return "; ".join(effects[:3])

    def is_as_before(self) -> bool:
        """Whether all is as before, after our writes were rolled back: then no other program wrote."""
        return self._read() == self._before


# -- around the rows of a run ------------------------------------------------------------------------------------------


class PersonRowCounts:
    """The number of rows of each person written to, counted in round trips that are made anyway."""

    def __init__(self, session: Session, changes: Sequence[Change]) -> None:
        self._session = session
        images = [image for c in changes if c.kind != "link" for image in (c.before, c.after) if image is not None]
        self._more = sum((c.after is not None) - (c.before is not None) for c in changes)
        self._counts: list[int] = []
        self.queries: list[Query] = []
        """Queries that count the rows; sent before anything is written."""
        if not images:
            return
        d, names = session.dialect, session.host.clock_times
        instants = [image.clock_in for image in images]
        people = ({"employee_id": key} for key in dict.fromkeys(image.employee_id for image in images))
        counting = f"SELECT count(*) FROM {d.rowset({'employee_id': 'person'})} {d.lookup} {session.clock_times} t"
        counting += f" ON t.{d.name(names.employee_id)} = d.employee_id"
        first, last = min(instants), max(instants)
        if first >= 0 and last <= LATEST:
            near = {"start": first - _NEAR, "end": last + _NEAR}
            self.queries += batched(f"{counting} AND {d.between(f't.{d.name(names.clock_in)}')}", people, near)
        else:
            self.queries += batched(counting, people, {})

    def begin(self, counted: Iterable[Sequence[Sequence[int]]]) -> None:
        """Set a savepoint. `counted` are the rows of `queries`."""
        self._before = sum(int(result[0][0]) for result in counted)
        if self.queries:
            self._session.later(Query(f"SAVEPOINT {_POINT}"))

    def count(self) -> None:
        """Count again, behind all writes; sent with the next statement."""
        self._counts.clear()
        for query in self.queries:
            self._session.later(query, self._counted)

    def _counted(self, answer: Answer) -> None:
        self._counts.append(int(answer.rows[0][0]))

    def require_same(self) -> None:
        """Raises NotServed if our writes made other rows come or go, RowMoved if another program did."""
        if not self.queries:
            return
        session = self._session
        session.flush()  # the counting may still wait, if no row was read back
        extra = sum(self._counts) - self._before - self._more
        if not extra:
            return
        session.forget()
        session.later(Query(f"ROLLBACK TO SAVEPOINT {_POINT}"))
        effect = f"{many(abs(extra), 'row')} {'came' if extra > 0 else 'went'} beside those that were written"
        if sum(int(result[0][0]) for result in session.fetch(*self.queries)) != self._before:
            raise RowMoved(
                f"{effect}: another program wrote them meanwhile; nothing was written",
                next_step="run the command again; it reads the table again",
            )
        raise side_effect_error(session, effect)
