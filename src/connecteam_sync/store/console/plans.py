"""Plans that are kept for people: by a digest of all that is in them, until somebody applies or discards them."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from connecteam_sync.core.console import KeptPlan
from connecteam_sync.errors import ConfigurationError, NotFound, StalePlan
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import Answer, Query, fits, room
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.tables.own import OwnTables

KEPT_PLANS, KEPT_SECONDS = 100, 30 * 86_400
"""So many plans are kept, and none for longer."""
_PACKED, _LONGEST = "packed:", 1 << 20
"""A server takes no statement above its packet: a longer text is packed, to about a tenth."""
_AROUND = 4_096
"""More bytes than the statement around it has."""
_REMOVED_AT_ONCE = 1000
_SHOWN = (
    "k.fingerprint, k.made_at, k.made_by, k.state, k.run_id,"
    " CASE WHEN r.id IS NOT NULL AND r.finished_at IS NULL THEN 1 ELSE 0 END"
)
_AGAIN = "make a new plan: in the console, or connecteam-sync plan"


def keep(
    connection: Connection, dialect: Dialect, own: OwnTables, *, fingerprint: str, text: bytes, by: str, now: int
) -> None:
    """Keep a plan, and remove old ones. One that is kept already is open again, and new.

    Raises ConfigurationError, before anything is written, for a plan that the server does not take in one packet.
    """
    packed = _packed(text, room(connection) - _AROUND)
    values = {"fingerprint": fingerprint, "at": now, "by": by}
    # Inserted first: two who keep one plan at once wait for each other, and neither for ever.
    run(
        connection,
        f"INSERT INTO {own.kept_plans} (fingerprint, made_at, made_by, state, plan)"
        f" VALUES (:fingerprint, :at, :by, 'open', :plan) {dialect.unless_there('fingerprint')}",
        {**values, "plan": packed},
    )
    run(
        connection,
        f"UPDATE {own.kept_plans} SET made_at = :at, made_by = :by, state = 'open', run_id = NULL"
        " WHERE fingerprint = :fingerprint",
        values,
    )
    run(connection, f"DELETE FROM {own.kept_plans} WHERE made_at < :oldest", {"oldest": now - KEPT_SECONDS})
    older = run(
        connection,
        f"SELECT fingerprint FROM {own.kept_plans} ORDER BY made_at DESC, fingerprint"
        f" LIMIT {_REMOVED_AT_ONCE} OFFSET {KEPT_PLANS}",
    )
    for (one,) in older.all():
        run(connection, f"DELETE FROM {own.kept_plans} WHERE fingerprint = :one", {"one": one})


def kept(connection: Connection, own: OwnTables, *, limit: int) -> tuple[KeptPlan, ...]:
    """The newest first, without what is in them."""
    found = run(
        connection,
        f"SELECT {_SHOWN} FROM {_with_run(own)} ORDER BY k.made_at DESC, k.fingerprint LIMIT :limit",
        {"limit": limit},
    )
    return tuple(map(_kept, found))


def _with_run(own: OwnTables) -> str:
    return f"{own.kept_plans} k LEFT JOIN {own.runs} r ON r.id = k.run_id"


def _kept(row: Sequence[Any]) -> KeptPlan:
    fingerprint, made_at, made_by, state, number, is_unfinished = row
    return KeptPlan(
        fingerprint=fingerprint,
        made_at=made_at,
        made_by=made_by,
        state=state,
        run=number,
        is_unfinished=bool(is_unfinished),
    )


def find(connection: Connection, own: OwnTables, fingerprint: str) -> tuple[KeptPlan, bytes]:
    """One of them without its plan, and the text of that. Raises NotFound."""
    found = run(
        connection,
        f"SELECT {_SHOWN}, k.plan FROM {_with_run(own)} WHERE k.fingerprint = :fingerprint",
        {"fingerprint": fingerprint},
    ).first()
    if found is None:
        raise NotFound(
            f"there is no plan {fingerprint[:64]!r}",
            next_step=f"old ones are removed after 30 days, or beyond the newest 100; {_AGAIN}",
        )
    *fields, text = found
    return _kept(fields), _unpacked(text)


def require_open(plan: KeptPlan) -> None:
    """Raises StalePlan if it was applied, also in part, or discarded."""
    if plan.state != "open":
        done = f"was applied by run {plan.run}" if plan.state == "applied" else "was discarded"
        if plan.is_unfinished:
            done += ", which has no end on record: it still writes, or it was stopped between two slices"
        raise StalePlan(f"this plan {done}; nothing was written", next_step=_AGAIN)


def discard(connection: Connection, own: OwnTables, fingerprint: str) -> None:
    """Let nobody apply it any more. Raises StalePlan if somebody did, or discarded it."""
    touched = run(
        connection,
        f"UPDATE {own.kept_plans} SET state = 'discarded' WHERE fingerprint = :fingerprint AND state = 'open'",
        {"fingerprint": fingerprint},
    ).rowcount
    _require_one(touched)


def forget(connection: Connection, own: OwnTables, names: Callable[[str], bool]) -> int:
    """Remove the plans in whose text somebody is named, whatever became of them; how many."""
    found = run(connection, f"SELECT fingerprint FROM {own.kept_plans} ORDER BY fingerprint").scalars().all()
    removed = 0
    for one in found:
        text = run(connection, f"SELECT plan FROM {own.kept_plans} WHERE fingerprint = :one", {"one": one}).scalar()
        if text is not None and names(_unpacked(text).decode()):
            removed += 1
            run(connection, f"DELETE FROM {own.kept_plans} WHERE fingerprint = :one", {"one": one})
    return removed


def take(session: Session, fingerprint: str, number: int) -> None:
    """Note that this run applies the plan, in the transaction that writes its rows: no other run does.

    Raises StalePlan, when the statement is sent, if another run has applied it or somebody has discarded it.
    """
    session.later(
        Query(
            f"UPDATE {session.own.kept_plans} SET state = 'applied', run_id = :run WHERE fingerprint = :fingerprint"
            " AND (state = 'open' OR (state = 'applied' AND run_id = :run))",
            {"run": number, "fingerprint": fingerprint},
        ),
        _taken,
    )


def _taken(answer: Answer) -> None:
    _require_one(answer.touched)


def _require_one(touched: int) -> None:
    if touched != 1:
        raise StalePlan("somebody else has applied or discarded this plan; nothing was written", next_step=_AGAIN)


def _packed(text: bytes, limit: int) -> str:
    """The text as it is kept: packed if it is long, or longer than the server takes. Raises ConfigurationError."""
    plain = text.decode()
    if len(text) <= _LONGEST and fits(plain, limit):
        return plain
    packed = _PACKED + base64.b85encode(zlib.compress(text, 1)).decode()
    if not fits(packed, limit):
        raise ConfigurationError(
            f"the plan cannot be kept: it has {_megabytes(len(packed))} MB, and the database takes at most"
            f" {_megabytes(limit)} MB at once (max_allowed_packet)",
            next_step="plan fewer days at a time, or have max_allowed_packet of the server raised; nothing was kept,"
            " and nothing was written",
        )
    return packed


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f}"


def _unpacked(text: str) -> bytes:
    packed = text.removeprefix(_PACKED)
    return text.encode() if packed == text else zlib.decompress(base64.b85decode(packed))
