"""The views, compared with a count in Python that walks through time instead of computing with intervals."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.anomalies import AnomalyLimits, anomalies
from connecteam_sync.core.clocktime import ClockTime
from connecteam_sync.core.window import Window
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.host import ClockTimesNames, EmployeesNames, HostTables
from support.keyed_host import TEXT, ddl
from support.refusing_tables import kind_of

ZONE = ZoneInfo("America/Chicago")
STEP = 20
"""Every time is a multiple of so many seconds, which the count in Python takes as one step."""
CLOCK, PAID, UNPAID = 7, "rest", "lunch"
MAPPED = HostTables(
    clock_times=ClockTimesNames(
        table="Payroll Times",
        id="key",
        employee_id="who",
        clock_in="from",
        clock_out="to",
        clock_in_unit="epoch_milliseconds",
    ),
    employees=EmployeesNames(table="staff", id="who"),
)


def at(day: str, clock: str, fold: int = 0) -> int:
    """The instant of a local time; `fold` 1 is the second of two."""
    return int(datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZONE, fold=fold).timestamp())


class Span(NamedTuple):
    """A row of the table, and the breaks that its person took: type, begin, end."""

    key: int
    employee: int
    start: int
    end: int | None
    breaks: tuple[tuple[str, int, int | None], ...] = ()
    is_manual: bool = False


NOW = int(time.time()) // STEP * STEP
SPANS = (
    # The night that the hour from one to two happens twice, and the one that it is missing: two layouts of breaks.
    Span(
        1,
        1,
        at("2025-11-01", "22:00"),
        at("2025-11-02", "06:00:40"),
        ((UNPAID, at("2025-11-02", "01:10"), at("2025-11-02", "01:20", 1)),),
    ),
    Span(
        2,
        1,
        at("2026-03-07", "22:00"),
        at("2026-03-08", "01:30"),
        ((UNPAID, at("2026-03-08", "01:30"), at("2026-03-08", "03:30")),),
    ),
    Span(
        3,
        1,
        at("2026-03-08", "03:30"),
        at("2026-03-08", "09:00"),
        ((PAID, at("2026-03-08", "05:00"), at("2026-03-08", "05:10")),),
    ),
    # To midnight exactly, and from it; over two midnights; no time at all; two that overlap.
    Span(4, 2, at("2025-11-01", "16:00"), at("2025-11-02", "00:00")),
    Span(5, 2, at("2025-11-02", "00:00"), at("2025-11-02", "00:30:20")),
    Span(
        6,
        2,
        at("2025-11-03", "20:00"),
        at("2025-11-05", "02:00"),
        (
            (UNPAID, at("2025-11-03", "19:00"), at("2025-11-03", "20:15:40")),
            (UNPAID, at("2025-11-05", "01:50"), at("2025-11-05", "02:40")),
        ),
    ),
    Span(7, 2, at("2025-11-06", "08:00"), at("2025-11-06", "08:00")),
    Span(8, 2, at("2025-11-06", "08:05"), at("2025-11-06", "16:00")),
    Span(9, 2, at("2025-11-06", "12:00"), at("2025-11-06", "21:00"), is_manual=True),
    # Breaks that overlap, lie within another, touch; one of an unknown type; one that was never ended.
    Span(
        10,
        3,
        at("2025-11-04", "08:00"),
        at("2025-11-04", "16:00"),
        (
            (UNPAID, at("2025-11-04", "10:00"), at("2025-11-04", "10:40:20")),
            (UNPAID, at("2025-11-04", "10:20"), at("2025-11-04", "10:50")),
            (UNPAID, at("2025-11-04", "10:25"), at("2025-11-04", "10:30")),
            (UNPAID, at("2025-11-04", "10:50"), at("2025-11-04", "11:00")),
            ("gone-type", at("2025-11-04", "12:00"), at("2025-11-04", "12:20")),
            (UNPAID, at("2025-11-04", "15:30"), None),
        ),
    ),
    # The last hour of a day of 25, and the first after a day of 23.
    Span(14, 4, at("2025-11-02", "23:10"), at("2025-11-02", "23:50")),
    Span(15, 4, at("2026-03-09", "00:10"), at("2026-03-09", "00:50")),
    # Still open: since yesterday, and since long ago; one with a break that goes on.
    Span(11, 3, NOW - 30 * 3600, None, ((UNPAID, NOW - 20 * 3600, NOW - 19 * 3600),)),
    Span(12, 4, NOW - 70 * 3600, None),
    Span(13, 5, NOW - 4 * 3600, None, ((UNPAID, NOW - 1800, None),)),
)


@pytest.fixture(params=["plain", "mapped"])
def mirror(request: pytest.FixtureRequest, database: str) -> Iterator[ConnecteamSync]:
    """Tables as `init` makes them; or the host's, with other names, keys of text and times in milliseconds."""
    host = HostTables()
    if request.param == "mapped":
        kind, quote = kind_of(database), "`" if kind_of(database) == "mysql" else '"'
        key = TEXT[kind]
        table, key_column, began, ended = (f"{quote}{name}{quote}" for name in ("Payroll Times", "key", "from", "to"))
        flag = "BOOLEAN" if kind == "postgresql" else "SMALLINT"
        ddl(
            database,
            f"CREATE TABLE staff (who {key} PRIMARY KEY, name VARCHAR(191) NOT NULL, email VARCHAR(191),"
            " connecteam_user_id VARCHAR(32))",
            f"CREATE TABLE {table} ({key_column} {key} PRIMARY KEY, who {key} NOT NULL,"
            f" {began} BIGINT NOT NULL, {ended} BIGINT, total_minutes INTEGER, is_active {flag} NOT NULL,"
            " source VARCHAR(32) NOT NULL)",
        )
        host = MAPPED
    settings = Settings(
        timezone=ZONE.key, database_url=database, base_url="http://127.0.0.1:9", tables=host, total_seconds=0.1
    )
    made = ConnecteamSync("none", settings=settings)
    made.init()
    write(made.store, is_text=request.param == "mapped")
    yield made
    made.close()


def write(store: Store, *, is_text: bool) -> None:
    """Write the rows, with their shifts and breaks, as runs would have."""
    d, own, names = store.dialect, store.own, store.host.clock_times
    host = d.table(names.table)

    def moment(instant: int) -> str:
        return d.moment(f"CAST({instant} AS {d.bigint})")

    columns = ", ".join(
        d.name(getattr(names, field))
        for field in ("id", "employee_id", "clock_in", "clock_out", "total_minutes", "is_active", "source")
    )
    with store.own_rows("writing the rows of a test") as connection:
        for span in SPANS:
            key, who = (f"'row-{span.key}'", f"'e-{span.employee}'") if is_text else (span.key, span.employee)
            out = "NULL" if span.end is None else moment(span.end)
            minutes = "NULL" if span.end is None else (span.end - span.start) // 60
            source = "manual" if span.is_manual else "connecteam"
            run(
                connection,
                f"INSERT INTO {host} ({columns}) VALUES ({key}, {who}, {moment(span.start)}, {out}, {minutes},"
                f" {d.flag(str(int(span.end is None)))}, '{source}')",
            )
            if not span.is_manual:
                run(
                    connection,
                    f"INSERT INTO {own.shifts} (id, user_id, time_clock_id, start_at, end_at, is_auto_clock_out,"
                    f" clock_time_id, is_gone, changed_in_run) VALUES ('s{span.key}', {span.employee}, {CLOCK},"
                    f" {span.start}, {'NULL' if span.end is None else span.end}, {int(span.key == 8)}, {key}, 0, 1)",
                )
            # A break of another time clock, and one that is gone, must not count.
            others = ((UNPAID, span.start, span.start + 600, CLOCK + 1, 0), (UNPAID, span.start, None, CLOCK, 1))
            breaks = [*((*pause, CLOCK, 0) for pause in span.breaks), *others]
            for number, (kind, begin, end, clock, is_gone) in enumerate(breaks):
                run(
                    connection,
                    f"INSERT INTO {own.breaks} (id, user_id, time_clock_id, break_type_id, start_at, end_at,"
                    f" is_auto_clock_out, is_gone) VALUES ('b{span.key}-{number}', {span.employee}, {clock}, '{kind}',"
                    f" {begin}, {'NULL' if end is None else end}, 0, {is_gone})",
                )
        for kind, paid in ((PAID, 1), (UNPAID, 0)):
            for clock in (CLOCK, CLOCK + 1):
                run(
                    connection,
                    f"INSERT INTO {own.break_types} (time_clock_id, id, name, is_paid, is_listed, seen_at)"
                    f" VALUES ({clock}, '{kind}', '{kind}', {paid}, 1, 1)",
                )


def rows(mirror: ConnecteamSync, view: str) -> list[dict[str, Any]]:
    """The rows of a view, keys as numbers."""
    with mirror.store.own_rows("reading a view") as connection:
        found = run(connection, f"SELECT * FROM {mirror.store.dialect.own(mirror.store.names.full(view))}")
        return [
            {
                name: int(str(value).rpartition("-")[2])
                if name in {"clock_time_id", "employee_id"} and value
                else value
                for name, value in row.items()
            }
            for row in found.mappings()
        ]


def local(instant: int) -> str:
    """The local day of an instant."""
    return datetime.fromtimestamp(instant, ZONE).date().isoformat()


def counted() -> dict[tuple[str, int], tuple[int, int, int, int]]:
    """Shifts, open ones, minutes by clock-in and minutes split at midnight, by local day and employee."""
    shifts, opened, minutes, steps = Counter[Any](), Counter[Any](), Counter[Any](), Counter[Any]()
    for span in SPANS:
        key = (local(span.start), span.employee)
        shifts[key] += 1
        opened[key] += span.end is None
        if span.end is not None:
            minutes[key] += (span.end - span.start) // 60
            steps.update((local(instant), span.employee) for instant in range(span.start, span.end, STEP))
    return {
        key: (shifts[key], opened[key], minutes[key], steps[key] * STEP // 60) for key in shifts.keys() | steps.keys()
    }


def net(span: Span, now: int) -> tuple[int, int, int, int]:
    """Gross, unpaid, unknown and net minutes of a row, step by step."""
    worked = set(range(span.start, now if span.end is None else span.end, STEP))
    taken: dict[str, set[int]] = {UNPAID: set(), "gone-type": set(), PAID: set()}
    for kind, begin, end in () if span.is_manual else _taken_by(span):
        taken[kind] |= set(range(begin, now if end is None else end, STEP)) & worked
    gross, unpaid, unknown = (len(part) * STEP for part in (worked, taken[UNPAID], taken["gone-type"]))
    return gross // 60, unpaid // 60, unknown // 60, (gross - unpaid) // 60


def _taken_by(span: Span) -> list[tuple[str, int, int | None]]:
    """Every break of the person, wherever it was noted: one that was never ended goes on for a week."""
    every = (pause for other in SPANS if other.employee == span.employee for pause in other.breaks)
    return [pause for pause in every if span.start - pause[1] < 7 * 86_400]


def test_values_are_those_of_an_independent_count(mirror: ConnecteamSync) -> None:
    """Both nights of a changed clock, midnight, open shifts, breaks of both layouts; and the table stays as it was."""
    with mirror.store.own_rows("reading") as connection:
        table = mirror.store.dialect.table(mirror.store.host.clock_times.table)
        before = sorted(map(str, run(connection, f"SELECT * FROM {table}")))
    done = mirror.init(views=True)
    assert any("7,305 local days of America/Chicago" in line for line in done)
    days = {(row["day"], row["employee_id"]): row for row in rows(mirror, "v_hours_daily")}
    names = ("shifts", "open_shifts", "minutes", "split_minutes")
    assert {key: tuple(row[name] for name in names) for key, row in days.items()} == counted()
    earliest = int(time.time())
    live = {row["clock_time_id"]: row for row in rows(mirror, "v_live_minutes")}
    opened = {row["clock_time_id"]: row for row in rows(mirror, "v_open_shifts")}
    paid = {row["clock_time_id"]: row for row in rows(mirror, "v_net_minutes")}
    latest = int(time.time())
    assert live.keys() == paid.keys() == {span.key for span in SPANS}
    assert opened.keys() == {11, 12, 13}
    for span in SPANS:
        ends = [span.end] if span.end is not None else list(range(earliest, latest + 1))
        assert live[span.key]["minutes"] in {(end - span.start) // 60 for end in ends}
        assert (live[span.key]["start_at"], live[span.key]["end_at"]) == (span.start, span.end)
        mine = paid[span.key]
        found = tuple(mine[f"{name}_minutes"] for name in ("gross", "unpaid", "unknown", "net"))
        steps = (
            {net(span, now) for now in range(earliest - STEP, latest + STEP + 1, STEP)}
            if span.end is None
            else {net(span, NOW)}
        )
        assert found in steps, span
        if span.key in opened:
            row = opened[span.key]
            assert (row["shift_id"], row["time_clock_id"], row["day"]) == (f"s{span.key}", CLOCK, local(span.start))
    with mirror.store.own_rows("reading") as connection:
        assert sorted(map(str, run(connection, f"SELECT * FROM {table}"))) == before


def test_anomalies_are_those_of_the_command(mirror: ConnecteamSync) -> None:
    """Kind, day, row and minutes of each."""
    mirror.init(views=True)
    now = int(time.time())
    table = [
        ClockTime(
            span.key,
            span.employee,
            span.start,
            span.end,
            None if span.end is None else (span.end - span.start) // 60,
            span.end is None,
        )
        for span in SPANS
    ]
    window = Window(datetime(2025, 10, 1, tzinfo=ZONE).date(), datetime.now(ZONE).date(), ZONE.key)
    wanted = {
        (odd.kind, odd.employee_id, odd.day.isoformat(), None if odd.kind == "long_day" else odd.rows[-1].id)
        for odd in anomalies(window, table, auto_clock_outs={8}, now=now, limits=AnomalyLimits())
    }
    assert {kind for kind, *_ in wanted} == {
        "auto_clock_out", "long_day", "long_shift", "near_double", "open_too_long", "overlap", "zero_minutes",
    }  # fmt: skip
    found = rows(mirror, "v_anomalies")
    assert len(found) == len(wanted)
    assert {tuple(row[name] for name in ("kind", "employee_id", "day", "clock_time_id")) for row in found} == wanted


def test_changes_of_closed_days_are_shown(mirror: ConnecteamSync) -> None:
    """Those written after the day was closed, and those that wait; nothing else."""
    mirror.init(views=True)
    own = mirror.store.own
    key = "'row-1'" if mirror.store.host is MAPPED else "1"
    columns = "run_id, at, kind, clock_time_id, employee_id, first_day, last_day, why, change_json, memory_before"
    with mirror.store.own_rows("writing") as connection:
        run(
            connection,
            f"INSERT INTO {own.locked_days} (day, timezone, locked_at) VALUES ('2025-11-02', '{ZONE.key}', 1000)",
        )
        for instant, first, last in ((999, "01", "02"), (1000, "01", "02"), (2000, "03", "03")):
            run(
                connection,
                f"INSERT INTO {own.changes} ({columns}) VALUES (3, {instant}, 'update', {key}, {key},"
                f" '2025-11-{first}', '2025-11-{last}', 'because', '{{}}', '{{}}')",
            )
        for reason, resolved in (("locked_day", "NULL"), ("locked_day", "5"), ("manual_row", "NULL")):
            run(
                connection,
                f"INSERT INTO {own.holds} (time_clock_id, reason, subject, detail, clock_time_id, employee_id, minutes,"
                f" first_day, last_day, first_run, first_seen, resolved_run) VALUES ({CLOCK}, '{reason}', 'x', 'waits',"
                f" {key}, {key}, 5, '2025-11-02', '2025-11-02', 4, 3000, {resolved})",
            )
    shown = {
        (row["state"], row["changed_at"], row["run_id"], row["detail"]) for row in rows(mirror, "v_changes_after_close")
    }
    assert shown == {("written", 1000, 3, "because"), ("waiting", 3000, 4, "waits")}


def test_a_view_of_another_program_is_left_alone(mirror: ConnecteamSync) -> None:
    """It is named, and nothing is made."""
    name = mirror.store.dialect.own(mirror.store.names.full("v_open_shifts"))
    with mirror.store.own_rows("making a view of somebody else") as connection:
        run(connection, f"CREATE VIEW {name} AS SELECT 1 AS theirs")
    with pytest.raises(ConfigurationError, match="v_open_shifts"):
        mirror.init(views=True)
    assert [row["theirs"] for row in rows(mirror, "v_open_shifts")] == [1]
    with mirror.store.own_rows("reading") as connection:
        assert run(connection, f"SELECT count(*) FROM {mirror.store.own.days}").scalar_one() == 0


def test_views_are_replaced_and_doctor_tells(mirror: ConnecteamSync) -> None:
    """Nothing without being asked; once made, `init` keeps them up to date; `--sql` prints what makes the same."""

    def told() -> list[tuple[str, str]]:
        return [(check.state, check.detail) for check in mirror.doctor() if check.name == "views"]

    own, d = mirror.store.own, mirror.store.dialect
    assert told() == []
    assert mirror.init() == ()
    printed = mirror.init_sql(views=True)
    with mirror.store.own_rows("making the views by hand") as connection:
        for statement in printed[printed.index("DELETE FROM") :].split(";\n"):
            if statement.strip() and statement != "COMMIT":
                run(connection, statement)
    assert [state for state, _ in told()] == ["ok"]
    assert mirror.init(views=True) == ()
    with mirror.store.own_rows("damaging") as connection:
        run(connection, f"DROP VIEW {d.own(own.names.full('v_net_minutes'))}")
        run(connection, f"DELETE FROM {own.days} WHERE day > '2026-01-01'")
    [(state, detail)] = told()
    assert (state, detail) == ("warning", f"not there: {own.names.full('v_net_minutes')}")
    done = mirror.init()
    assert len(done) == 2
    assert "made 6 views" in done[1]
    with mirror.store.own_rows("making it older") as connection:
        value = run(connection, f"SELECT value FROM {own.service} WHERE name = 'views'").scalar_one()
        older = value.replace('"digest":"', '"digest":"0')
        run(connection, f"UPDATE {own.service} SET value = :value WHERE name = 'views'", {"value": older})
    [(state, detail)] = told()
    assert state == "warning"
    assert "older version" in detail
    assert len(mirror.init()) == 1
    assert [state for state, _ in told()] == ["ok"]
