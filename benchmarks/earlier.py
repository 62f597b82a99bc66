"""Shifts of earlier years next to what a benchmark does, made by the database: a million takes about a minute."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import make_url, text

from connecteam_sync.client import ConnecteamSync

PEOPLE, DAYS_AT_ONCE = 100, 500
_FIRST = 1_400_000_000
_MOMENT: Mapping[str, str] = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S', {}, 'unixepoch')",
    "mysql": "timestampadd(SECOND, {}, '1970-01-01')",
    "postgresql": "to_timestamp({}) AT TIME ZONE 'UTC'",
}
_NAME: Mapping[str, str] = {
    "sqlite": "'earlier-' || number",
    "mysql": "concat('earlier-', number)",
    "postgresql": "'earlier-' || number",
}
_DIGIT = " UNION ALL ".join(f"SELECT {n} AS d" for n in range(10))
_NUMBERS = (
    "SELECT who, day, who + 100 * day AS number, {first} - 86400 * day AS begins FROM"
    " (SELECT p.d + 10 * q.d AS who, :day + a.d + 10 * b.d + 100 * c.d AS day"
    " FROM ({digit}) p, ({digit}) q, ({digit}) a, ({digit}) b, ({digit}) c) every"
    " WHERE day < :end AND who + 100 * day < :rows"
)


def fill(mirror: ConnecteamSync, rows: int, *, begin: int = 0) -> None:
    """Shifts of earlier years and their rows, as many as `rows`: of a hundred people who left, one a day.

    `begin` of them are there already, a multiple of the people.
    """
    kind = make_url(mirror.settings.database_url).get_backend_name()
    kind = "mysql" if kind == "mariadb" else kind
    numbers = _NUMBERS.format(first=_FIRST, digit=_DIGIT)
    begins, ends = _MOMENT[kind].format("begins"), _MOMENT[kind].format("begins + 28800")
    tables = ("clock_times", mirror.store.own.shifts)
    rows_of_theirs = (
        f"INSERT INTO {tables[0]} (id, employee_id, clock_in, clock_out, total_minutes, is_active, source)"
        f" SELECT 10000000 + number, 1000000 + who, {begins}, {ends}, 480, FALSE, 'connecteam'"
        f" FROM ({numbers}) n ORDER BY number"
    )
    shifts = (
        f"INSERT INTO {tables[1]} (id, user_id, time_clock_id, start_at, end_at, is_auto_clock_out, clock_time_id,"
        " applied_employee_id, applied_clock_in, applied_clock_out, is_gone, changed_in_run)"
        f" SELECT {_NAME[kind]}, 1000000 + who, 1, begins, begins + 28800, 0, 10000000 + number, 1000000 + who, begins,"
        f" begins + 28800, 0, 1 FROM ({numbers}) n ORDER BY number"
    )
    for day in range(begin // PEOPLE, -(-rows // PEOPLE), DAYS_AT_ONCE):
        with mirror.store.own_rows("filling the tables") as connection:
            for insert in (rows_of_theirs, shifts):
                connection.execute(text(insert), {"day": day, "end": day + DAYS_AT_ONCE, "rows": rows})
    if rows:
        # A server counts its rows by itself, but not at once: until then it may read tables instead of indexes.
        with mirror.store.own_rows("counting the rows") as connection:
            for table in tables:
                connection.exec_driver_sql(f"ANALYZE {'TABLE ' if kind == 'mysql' else ''}{table}")
