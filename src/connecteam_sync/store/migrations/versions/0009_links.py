"""One shift for a row, one row for a shift; and the row that a shift had before it was deleted."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from alembic import op
from sqlalchemy import BigInteger, Column, MetaData, String, Table, null, text, update

from connecteam_sync.store.migrations.frozen import (
    add,
    columns,
    given,
    index,
    indexes,
    is_mysql,
    name,
    quoted,
    reading,
    standing,
    standing_quoted,
)

revision = "0009"
down_revision = "0008"

_FORMER = "former_clock_time_id"
_ROW = (
    "coalesce(user_id, 'n'), coalesce(time_clock_id, 'n'), coalesce(start_at, 'n'), coalesce(end_at, 'n'),"
    " coalesce(is_auto_clock_out, 'n'), coalesce(upstream_created_at, 'n'), coalesce(upstream_modified_at, 'n'),"
    " coalesce(clock_time_id, 'n'), coalesce(applied_employee_id, 'n'), coalesce(applied_clock_in, 'n'),"
    " coalesce(applied_clock_out, 'n'), coalesce(is_gone, 'n'), coalesce(former_clock_time_id, 'n'), quote(id),"
    " quote(start_timezone), quote(end_timezone), quote(job_id), quote(sub_job_id), quote(scheduler_shift_id)"
)
_AT_ONCE = 500


def upgrade() -> None:
    """Add the column, to the digest too, and let the index of the link be unique."""
    add("shifts", Column(_FORMER, BigInteger))
    if is_mysql() and "row_digest" in columns("shifts") and _FORMER not in _digest_of():
        start = index("shifts", "start")
        op.execute(
            f"ALTER TABLE {quoted('shifts')} DROP COLUMN row_digest,"
            f" ADD COLUMN row_digest BINARY(32) GENERATED ALWAYS AS (unhex(sha2(concat_ws(',', {_ROW}), 256))) STORED,"
            f" DROP INDEX {start}, ADD INDEX {start} (start_at, row_digest)"
        )
    present = [is_unique for _, served, is_unique in indexes("shifts") if served == ["clock_time_id"]]
    if any(present):
        return
    _give_up_doubles()
    row = index("shifts", "row")
    if is_mysql():
        gone = f" DROP INDEX {row}," if present else ""
        op.execute(f"ALTER TABLE {quoted('shifts')}{gone} ADD UNIQUE INDEX {row} (clock_time_id)")
        return
    if present:
        op.drop_index(row, table_name=name("shifts"), schema=given()["schema"])
    op.create_index(row, name("shifts"), ["clock_time_id"], schema=given()["schema"], unique=True)


def _digest_of() -> str:
    """What MySQL and MariaDB make the digest of; nothing where the digest is not there yet."""
    table, schema = standing("shifts")
    found = reading().execute(
        text(
            "SELECT generation_expression FROM information_schema.columns WHERE table_name = :name"
            " AND table_schema = coalesce(:schema, database()) AND column_name = 'row_digest'"
        ),
        {"name": table, "schema": schema},
    )
    said = found.scalar() or ""
    return said.decode() if isinstance(said, bytes) else str(said)


class _Claim(NamedTuple):
    """A shift that claims a row, and the values it was given when it last was written."""

    shift: str
    applied: tuple[object, object, object]
    is_gone: bool
    run: int


def _give_up_doubles() -> None:
    """Where several shifts claim one row, leave it to the one whose applied values are the row's; where that cannot be
    told, to the shift that was changed last.
    """
    claims: dict[int, list[_Claim]] = defaultdict(list)
    found = reading().execute(
        text(
            "SELECT id, clock_time_id, applied_employee_id, applied_clock_in, applied_clock_out, is_gone,"
            f" changed_in_run FROM {standing_quoted('shifts')} WHERE clock_time_id IN (SELECT clock_time_id FROM"
            f" {standing_quoted('shifts')} WHERE clock_time_id IS NOT NULL GROUP BY clock_time_id HAVING count(*) > 1)"
        )
    )
    for shift, row, employee, clock_in, clock_out, is_gone, run in found:
        claims[row].append(_Claim(shift, (employee, clock_in, clock_out), bool(is_gone), run))
    present = given()["present_rows"](sorted(claims))
    losing = [
        claim.shift
        for row, rivals in claims.items()
        for claim in sorted(rivals, key=lambda c: (c.applied == present.get(row), not c.is_gone, c.run, c.shift))[:-1]
    ]
    link = ("clock_time_id", "applied_employee_id", "applied_clock_in", "applied_clock_out")
    shifts = Table(
        name("shifts"),
        MetaData(),
        Column("id", String(191)),
        *(Column(one, BigInteger) for one in link),
        schema=given()["schema"],
    )
    for at in range(0, len(losing), _AT_ONCE):
        some = shifts.c.id.in_([op.inline_literal(shift) for shift in losing[at : at + _AT_ONCE]])
        op.execute(update(shifts).where(some).values(dict.fromkeys(link, null())))
