"""A large mirror: the product writes the last two days of a company, and statements copy them into years before.

Everybody works once a day. Each day has twenty runs; today has one every five minutes. Some shifts are far too long;
some users count for nobody: their shifts are held.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, TextClause, create_engine, inspect, make_url, text

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.keys import RowId
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.store.service.bells import Bells

DAY, HOUR, EIGHT = 86_400, 3_600, 28_800
NOBODY, RUNS_A_DAY, VISITS = 60, 20, 288
"""Users without an employee, runs with changes of each day, visits of today."""
_STANDING, _RESOLVED, _BELLS, _ACTS, _SHEETS = 3_000, 50_000, 100_000, 20_000, 28
_FIRST_ROW, _FIRST_RUN = 10_000_000, 1_000
_BATCH = 10_000


class Filled(NamedTuple):
    """What there are pages of."""

    person: RowId
    waiting: int
    hold: int
    run: int
    plan: str
    bell: str


@contextmanager
def filled(database: str, rows: int, people: int) -> Iterator[tuple[Settings, str, Filled]]:
    """A mirror with so many shifts, rows and entries, made unless the database has one; while its company answers."""
    company = _company(people)
    with Sandbox(company, SandboxSettings(minute_limit=10**9, day_limit=10**9)) as sandbox:
        settings = Settings(
            timezone=company.timezone, database_url=database, base_url=sandbox.url, employees="create", older_days=0
        )
        with ConnecteamSync(sandbox.key, settings=settings) as mirror:
            if not _is_filled(mirror):
                began = time.perf_counter()
                _fill(mirror, company, rows)
                print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)
            known = _known(mirror)
        yield settings, sandbox.key, known


def _company(people: int) -> Company:
    """Everybody but a few worked yesterday and is at work today."""
    company = Company(0, people=people)
    now = int(time.time())
    for number, user in enumerate(sorted(company.people)[NOBODY:]):
        start = now - DAY - 8 * HOUR - number % 60 * 60
        company.add(user, start, start + EIGHT, created_at=start)
        company.add(user, start + DAY + 4 * HOUR, None if number % 3 else now - 600, created_at=start + DAY + 4 * HOUR)
    return company


def _backend(mirror: ConnecteamSync) -> str:
    return make_url(mirror.settings.database_url).get_backend_name()


def _is_filled(mirror: ConnecteamSync) -> bool:
    engine = create_engine(mirror.settings.database_url)
    try:
        return bool(inspect(engine).has_table("bench_people"))
    finally:
        engine.dispose()


def _fill(mirror: ConnecteamSync, company: Company, rows: int) -> None:
    mirror.init()
    mirror.sync()
    _keep_plan(mirror, company)
    own, today = mirror.store.own, mirror.today()
    with mirror.store.own_rows("filling") as connection:
        # Created last of all, it also says that everything is there.
        people = connection.execute(
            text(f"SELECT user_id, min(applied_employee_id) FROM {own.shifts} GROUP BY user_id ORDER BY user_id")
        ).all()
    days = rows // len(people)
    with mirror.store.own_rows("filling") as connection:
        connection.execute(text("CREATE TABLE bench_made (number BIGINT, user_id BIGINT, employee_id BIGINT)"))
        _put(connection, "bench_made", [
            {"number": number, "user_id": user, "employee_id": employee}
            for number, (user, employee) in enumerate(people)
        ])  # fmt: skip
        sample, run, slice_ = (_sample(connection, name) for name in (own.changes, own.runs, own.slices))
    receipt = _receipt(slice_["receipt"], len(people) // RUNS_A_DAY)
    for number in range(days):
        with mirror.store.own_rows("filling") as connection:
            _day(mirror, connection, number, today - timedelta(days + 1 - number), len(people), sample["row_after"])
    runs, slices = [], []
    for number in range(days * RUNS_A_DAY):
        day = today - timedelta(days + 1 - number // RUNS_A_DAY)
        at = _midnight(day) + 13 * HOUR + number % RUNS_A_DAY * 1_800
        runs.append(_run(run, _FIRST_RUN + number, at, day))
        slices.append(
            {**slice_, "id": _FIRST_RUN + number, "run_id": _FIRST_RUN + number, "receipt": receipt, "employees": None}
        )
    first, now = _FIRST_RUN + days * RUNS_A_DAY, int(time.time())
    few = _receipt(slice_["receipt"], 3)
    nothing = _receipt(slice_["receipt"], 0).replace('"applied"', '"nothing"')
    for number in range(VISITS):
        runs.append(_run(run, first + number, now - (VISITS - number) * 150, today))
        status, text_ = ("nothing", nothing) if number % 3 else ("applied", few)
        one = {"id": first + number, "run_id": first + number, "status": status, "receipt": text_, "employees": None}
        slices.append({**slice_, **one})
    _write(mirror, own.runs, runs)
    _write(mirror, own.slices, slices)
    _others(mirror, [int(user) for user, _ in people], sorted(company.people)[:NOBODY], days)
    _analyse(mirror)
    with mirror.store.own_rows("filling") as connection:
        connection.execute(text("CREATE TABLE bench_people (number BIGINT)"))


def _sample(connection: Connection, table: str) -> dict[str, Any]:
    """What the product wrote first."""
    return dict(connection.execute(text(f"SELECT * FROM {table} ORDER BY id")).mappings().all()[0])


def _keep_plan(mirror: ConnecteamSync, company: Company) -> None:
    """A plan with a change for each of a hundred people."""
    now = int(time.time())
    for user in sorted(company.people)[-100:]:
        company.add(user, now - 3 * DAY, now - 3 * DAY + EIGHT)
    mirror.keep_plan(mirror.plan(), by="benchmark")


def _midnight(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY


def _run(run: dict[str, Any], number: int, at: int, day: date) -> dict[str, Any]:
    first, last = (day - timedelta(14)).isoformat(), day.isoformat()
    return {**run, "id": number, "started_at": at, "finished_at": at + 1, "first_day": first, "last_day": last}


def _receipt(receipt: str, count: int) -> str:
    """The same receipt with so many new rows."""
    made = msgspec.json.decode(receipt)
    made["counts"] |= {"created": count, "total_shifts": count}
    made["minutes"]["after"] = made["minutes"]["before"] + 480 * count
    return msgspec.json.encode(made).decode()


def _day(mirror: ConnecteamSync, connection: Connection, number: int, day: date, people: int, row_after: str) -> None:
    """The shifts of everybody on a day, their rows, and the entries of the journal."""
    d, own = mirror.store.dialect, mirror.store.own
    first = f"{_midnight(day) + 14 * HOUR} + p.number % 180 * 60"
    length = f"(CASE WHEN p.number % 97 = {number % 97} THEN 61200 ELSE {EIGHT} END)"
    last, row = f"{first} + {length}", f"{_FIRST_ROW + number * people} + p.number"
    run = f"{_FIRST_RUN + number * RUNS_A_DAY} + p.number % {RUNS_A_DAY}"
    shift, no = f"CONCAT('bench-{number}-', p.user_id)", "FALSE" if _backend(mirror) == "postgresql" else "0"
    connection.execute(_literal(
        "INSERT INTO clock_times (id, employee_id, clock_in, clock_out, total_minutes, is_active, source)"
        f" SELECT {row}, p.employee_id, {d.moment(first)}, {d.moment(last)}, {length} / 60, {no}, 'connecteam'"
        " FROM bench_made p"
    ))  # fmt: skip
    connection.execute(_literal(
        f"INSERT INTO {own.shifts} (id, user_id, time_clock_id, start_at, start_timezone, end_at, end_timezone,"
        " is_auto_clock_out, clock_time_id, applied_employee_id, applied_clock_in, applied_clock_out, is_gone,"
        f" changed_in_run) SELECT {shift}, p.user_id, 4100001, {first}, 'America/Chicago', {last}, 'America/Chicago',"
        f" 0, {row}, p.employee_id, {first}, {last}, 0, {run} FROM bench_made p"
    ))  # fmt: skip
    change = (
        f"""CONCAT('{{"after":{{"id":', {row}, ',"employee_id":', p.employee_id, ',"clock_in":', {first},"""
        f""" ',"clock_out":', {last}, ',"total_minutes":480,"is_active":false,"source":"connecteam"}},"user_id":',"""
        """ p.user_id, '}')"""
    )
    connection.execute(_literal(
        f"INSERT INTO {own.changes} (run_id, at, kind, clock_time_id, shift_id, employee_id, first_day, last_day, why,"
        f" change_json, row_after, memory_before) SELECT {run}, {last} + 60, 'create', {row}, {shift}, p.employee_id,"
        f" '{day}', '{day}', 'new shift', {change}, '{row_after}', CONCAT('{{\"', {shift}, '\":null}}')"
        " FROM bench_made p ORDER BY p.number % 20"
    ))  # fmt: skip


def _literal(sql: str) -> TextClause:
    """A statement without values: its colons are of JSON."""
    return text(sql.replace(":", r"\:"))


def _others(mirror: ConnecteamSync, users: list[int], nobody: list[int], days: int) -> None:
    """Holds, doorbells, acts, proofs, closed days, totals of timesheets."""
    own, today, now = mirror.store.own, mirror.today(), int(time.time())
    with mirror.store.own_rows("filling") as connection:
        newest: int = connection.execute(text(f"SELECT max(id) FROM {own.changes}")).scalar_one()
        made = connection.execute(text("SELECT user_id, employee_id FROM bench_made"))
        employee = {int(user): key for user, key in made}
    holds = []
    for number in range(_STANDING + _RESOLVED):
        is_nobody = number % 3 > 0
        user = nobody[number % len(nobody)] if is_nobody else users[number % len(users)]
        at = now - number % 400 * HOUR
        day = date.fromordinal(today.toordinal() - number % 400 // 24).isoformat()
        reason = "unmapped_user" if is_nobody else ("manual_row", "locked_day")[number % 2]
        holds.append({
            "time_clock_id": 4100001, "reason": reason,
            "subject": f"shift bench-hold-{number}", "detail": f"Connecteam user {user} counts for no employee" * 2,
            "shift_id": f"bench-hold-{number}", "user_id": user,
            "employee_id": None if is_nobody else employee[user], "instant": at, "minutes": 480,
            "first_day": day, "last_day": day, "first_run": _FIRST_RUN, "first_seen": at,
            "resolved_run": None if number < _STANDING else _FIRST_RUN + 1,
        })  # fmt: skip
    _write(mirror, own.holds, holds)
    bells = [
        {"bell_key": f"bench-{number}", "number": number + 1, "state": "heard", "kind": "shift",
         "event_type": "clock_in", "time_clock_id": 4100001, "user_id": users[number % len(users)],
         "event_at": now - number * 60, "received_at": now - (_BELLS - number) * 60, "deliveries": 1, "looks": 1,
         "fitted": "secret", "heard_at": now - (_BELLS - number) * 60 + 11, "run_id": _FIRST_RUN, "found": "change"}
        for number in range(_BELLS)
    ]  # fmt: skip
    _write(mirror, own.doorbells, bells)
    announced = [
        {"change_id": newest - number, "time_clock_id": 4100001, "shift_id": f"bench-{number}", "kind": "create",
         "at": now - number * 60, "is_announced": 1}
        for number in range(200)
    ]  # fmt: skip
    _write(mirror, own.announced, announced)
    with mirror.store.own_rows("filling") as connection:
        Bells(mirror.store.dialect, own).expect(connection)
    acts = [
        {"at": now - (_ACTS - number) * 600, "by_whom": "Opal", "trigger_kind": "console", "action": "acknowledge",
         "subject": f"hold {number}", "detail": "known", "run_id": None}
        for number in range(_ACTS)
    ]  # fmt: skip
    _write(mirror, own.audit, acts)
    zone = mirror.settings.timezone
    past = [(today - timedelta(number)).isoformat() for number in range(1, days + 1)]
    proofs = [
        {"day": day, "timezone": zone, "proven_at": now - HOUR, "run_id": _FIRST_RUN, "exit_code": 0,
         "seen_change": newest}
        for day in past
    ]  # fmt: skip
    _write(mirror, own.proofs, proofs)
    closed = [
        {"day": day, "timezone": zone, "locked_at": now} for day in past if day < (today - timedelta(30)).isoformat()
    ]
    _write(mirror, own.locked_days, closed)
    sheets = [
        {"user_id": user, "day": day, "timezone": zone, "time_clock_id": 4100001, "minutes": 480,
         "run_id": _FIRST_RUN, "seen_at": now}
        for day in past[:_SHEETS] for user in users
    ]  # fmt: skip
    _write(mirror, own.timesheets, sheets)


def _write(mirror: ConnecteamSync, table: str, lines: list[dict[str, Any]]) -> None:
    for begin in range(0, len(lines), _BATCH):
        with mirror.store.own_rows("filling") as connection:
            _put(connection, table, lines[begin : begin + _BATCH])


def _put(connection: Connection, table: str, lines: list[dict[str, Any]]) -> None:
    words = ", ".join(f":{column}" for column in lines[0])
    connection.execute(text(f"INSERT INTO {table} ({', '.join(lines[0])}) VALUES ({words})"), lines)


def _analyse(mirror: ConnecteamSync) -> None:
    """Let the server count, as it does by itself in time."""
    own, table = mirror.store.own, "TABLE " if _backend(mirror) == "mysql" else ""
    names = (own.shifts, own.changes, own.runs, own.slices, own.holds, own.doorbells, own.timesheets, "clock_times")
    for name in names:
        with mirror.store.own_rows("filling") as connection:
            connection.execute(text(f"ANALYZE {table}{name}"))


def _known(mirror: ConnecteamSync) -> Filled:
    own = mirror.store.own
    with mirror.store.connection() as connection:

        def one(sql: str) -> Any:  # noqa: ANN401 - a value of any type
            return connection.execute(text(sql)).scalar()

        return Filled(
            person=one("SELECT min(employee_id) FROM bench_made"),
            waiting=one(f"SELECT min(user_id) FROM {own.holds} WHERE reason = 'unmapped_user'"),
            hold=one(f"SELECT min(id) FROM {own.holds} WHERE reason = 'unmapped_user'"),
            run=one(f"SELECT max(id) - 400 FROM {own.runs}"),
            plan=one(f"SELECT max(fingerprint) FROM {own.kept_plans}"),
            bell="bench-500",
        )
