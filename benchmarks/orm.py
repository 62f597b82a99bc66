"""SQLAlchemy's ORM: `session.merge` for every shift, one commit per answer.

The model is keyed by what is unique in the table, (employee, clock-in). The employees are read once.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import answers
from job import Job, Timer, main
from sqlalchemy import create_engine, event, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    """The models."""


class ClockTime(Base):
    """A row of `clock_times`."""

    __tablename__ = "clock_times"
    employee_id: Mapped[int] = mapped_column(primary_key=True)
    clock_in: Mapped[datetime] = mapped_column(primary_key=True)
    clock_out: Mapped[datetime | None]
    total_minutes: Mapped[int | None]
    is_active: Mapped[bool]
    source: Mapped[str]


def merge(job: Job, timer: Timer) -> dict[str, Any]:
    """Merge every shift of the window."""
    counted = 0

    def count(*_: object) -> None:
        nonlocal counted
        counted += 1

    driver = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}.get(job.kind, "mysql+mysqldb")
    with timer.running():
        engine = create_engine(job.where.set(drivername=driver))
        event.listen(engine, "before_cursor_execute", count)
        with Session(engine) as session:
            employees = {
                int(user): key for user, key in session.execute(text("SELECT connecteam_user_id, id FROM employees"))
            }
            for slice_ in answers.slices(job.port, job.manifest):
                for row in slice_:
                    session.merge(
                        ClockTime(
                            employee_id=employees[row.user],
                            clock_in=_moment(row.clock_in),
                            clock_out=None if row.clock_out is None else _moment(row.clock_out),
                            total_minutes=row.minutes,
                            is_active=row.clock_out is None,
                            source="connecteam",
                        )
                    )
                session.commit()
                session.expunge_all()
        engine.dispose()
    return {"statements": counted}


def _moment(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC).replace(tzinfo=None)


if __name__ == "__main__":
    main({"merge": merge})
