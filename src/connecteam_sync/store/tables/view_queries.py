"""The queries behind our views, which read the host's table and ours and write nothing.

Instants are epoch seconds, minutes are whole and rounded down, days are local ones of the business time zone (`days`).
"""

from __future__ import annotations

from collections.abc import Callable

from connecteam_sync.core.anomalies import AnomalyLimits
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.tables import rows
from connecteam_sync.store.tables.host import HostTables
from connecteam_sync.store.tables.own import OwnTables

_LONGEST_DAY = 172_800
"""No local day is longer than this: how far before a shift its day may have begun."""
_LONGEST_BREAK = 7 * 86_400
"""A break is of no row that begins later than this after it: one that was never ended takes out a week at most."""


class Queries:
    """The queries for one choice of names, one database and one business time zone."""

    def __init__(self, dialect: Dialect, host: HostTables, own: OwnTables, zone: str) -> None:
        self._d, self._host, self._own, self._zone = dialect, host, own, zone
        self._now = self._whole(dialect.epoch_of_statement or dialect.epoch_now)

    def all(self) -> dict[str, str]:
        """The query of each view, by the kind of the view."""
        views: tuple[Callable[[], str], ...] = (
            self.v_hours_daily,
            self.v_open_shifts,
            self.v_live_minutes,
            self.v_net_minutes,
            self.v_changes_after_close,
            self.v_anomalies,
        )
        return {view.__name__: view() for view in views}

    # -- parts ---------------------------------------------------------------------------------------------------------

    def _whole(self, number: str) -> str:
        return f"CAST({number} AS {self._d.bigint})"

    def _minutes(self, seconds: str) -> str:
        return f"({seconds}) {self._d.divides} 60"

    def _times(self) -> str:
        """Every row with an employee and a clock-in; `until_at` is its end, or now, and never before its begin."""
        d, names = self._d, self._host.clock_times
        began, ended = (rows.instants(d, names)[field] for field in ("clock_in", "clock_out"))
        out = f"t.{d.name(names.clock_out)}"
        began, ended = self._whole(began), self._whole(ended)
        until = f"CASE WHEN {out} IS NULL THEN {self._now} ELSE {ended} END"
        return (
            f"times AS (SELECT clock_time_id, employee_id, source, start_at, end_at, is_open,"
            f" CASE WHEN found_end < start_at THEN start_at ELSE found_end END AS until_at FROM ("
            f"SELECT t.{d.name(names.id)} AS clock_time_id, t.{d.name(names.employee_id)} AS employee_id,"
            f" t.{d.name(names.source)} AS source, {began} AS start_at, {ended} AS end_at,"
            f" CASE WHEN {out} IS NULL THEN 1 ELSE 0 END AS is_open, {until} AS found_end"
            f" FROM {d.table(names.table)} t WHERE t.{d.name(names.employee_id)} IS NOT NULL) found"
            " WHERE start_at IS NOT NULL AND found_end IS NOT NULL)"
        )

    def _days(self) -> str:
        return (
            "local_days AS (SELECT day, timezone, first_instant, last_instant"
            f" FROM {self._own.days} WHERE timezone = {self._d.literal(self._zone)})"
        )

    @staticmethod
    def _day_of(row: str) -> str:
        """The join of a row with the local day of its clock-in."""
        return (
            f"local_days d ON d.first_instant > {row}.start_at - {_LONGEST_DAY}"
            f" AND d.first_instant <= {row}.start_at AND d.last_instant >= {row}.start_at"
        )

    def _shift(self, row: str) -> str:
        """The join of a row with its shift, if it has one."""
        key = self._d.keys.row.cast.format(f"{row}.clock_time_id")
        return f"LEFT JOIN {self._own.shifts} s ON s.clock_time_id = {key} AND s.is_gone = 0"

    # -- views ---------------------------------------------------------------------------------------------------------

    def v_hours_daily(self) -> str:
        """A row for each local day and employee."""
        began = (
            "SELECT d.day, d.timezone, t.employee_id, 1 AS shifts, t.is_open AS open_shifts,"
            f" CASE WHEN t.is_open = 1 THEN 0 ELSE {self._minutes('t.until_at - t.start_at')} END AS whole_minutes,"
            f" 0 AS seconds FROM times t JOIN {self._day_of('t')}"
        )
        share = (
            "CASE WHEN t.until_at < d.last_instant + 1 THEN t.until_at ELSE d.last_instant + 1 END"
            " - CASE WHEN t.start_at > d.first_instant THEN t.start_at ELSE d.first_instant END"
        )
        split = (
            f"SELECT d.day, d.timezone, t.employee_id, 0, 0, 0, {share} FROM times t JOIN local_days d"
            f" ON d.first_instant > t.start_at - {_LONGEST_DAY} AND d.first_instant < t.until_at"
            " AND d.last_instant >= t.start_at WHERE t.is_open = 0"
        )
        sums = {name: self._whole(f"sum({name})") for name in ("shifts", "open_shifts", "whole_minutes", "seconds")}
        return (
            f"WITH {self._times()}, {self._days()} SELECT day, timezone, employee_id, {sums['shifts']} AS shifts,"
            f" {sums['open_shifts']} AS open_shifts, {sums['whole_minutes']} AS minutes,"
            f" {self._minutes(sums['seconds'])} AS split_minutes"
            f" FROM ({began} UNION ALL {split}) shares GROUP BY day, timezone, employee_id"
        )

    def v_open_shifts(self) -> str:
        """A row for each open row."""
        return (
            f"WITH {self._times()}, {self._days()} SELECT t.clock_time_id, t.employee_id, t.source, t.start_at, d.day,"
            f" {self._minutes('t.until_at - t.start_at')} AS minutes, s.id AS shift_id, s.time_clock_id"
            f" FROM times t LEFT JOIN {self._day_of('t')} {self._shift('t')} WHERE t.is_open = 1"
        )

    def v_live_minutes(self) -> str:
        """A row for each row, open ones with their minutes until now."""
        return (
            f"WITH {self._times()} SELECT t.clock_time_id, t.employee_id, t.source, t.start_at, t.end_at, t.is_open,"
            f" {self._minutes('t.until_at - t.start_at')} AS minutes FROM times t"
        )

    def v_net_minutes(self) -> str:
        """A row for each row, with the unpaid breaks inside it taken out: counted once where they overlap, and clipped.

        The breaks of a row are found by an index, so that those of one person or day are as quick in a large table.
        """
        unpaid, unknown = (self._taken(of) for of in ("= 0", "IS NULL"))
        gross = "w.until_at - w.start_at"
        return (
            f"WITH {self._times()}, worked AS (SELECT t.clock_time_id, t.employee_id, t.source, t.start_at, t.end_at,"
            f" t.is_open, t.until_at, s.user_id, s.time_clock_id FROM times t {self._shift('t')}),"
            f" paused AS (SELECT w.clock_time_id, w.employee_id, w.source, w.start_at, w.end_at, w.is_open,"
            f" {gross} AS gross, {unpaid} AS unpaid, {unknown} AS unsure FROM worked w)"
            " SELECT clock_time_id, employee_id, source, start_at, end_at, is_open,"
            f" {self._minutes('gross')} AS gross_minutes, {self._minutes('unpaid')} AS unpaid_minutes,"
            f" {self._minutes('unsure')} AS unknown_minutes, {self._minutes('gross - unpaid')} AS net_minutes"
            " FROM paused"
        )

    def _taken(self, paid: str) -> str:
        """The seconds of row `w` that breaks of types with this `is_paid` take: the length of their union inside it.

        In the order of their begins, each adds what lies after the latest end before it.
        """
        until = {b: f"coalesce({b}.end_at, {self._now})" for b in ("b", "e")}
        ends = f"CASE WHEN {until['b']} < w.until_at THEN {until['b']} ELSE w.until_at END"
        begins = "CASE WHEN b.start_at > w.start_at THEN b.start_at ELSE w.start_at END"
        is_before = "e.start_at < b.start_at OR (e.start_at = b.start_at AND e.id < b.id)"

        def found(b: str, k: str) -> str:
            return (
                f"FROM {self._own.breaks} {b} LEFT JOIN {self._own.break_types} {k}"
                f" ON {k}.time_clock_id = {b}.time_clock_id AND {k}.id = {b}.break_type_id"
                f" WHERE {b}.user_id = w.user_id AND {b}.time_clock_id = w.time_clock_id AND {b}.is_gone = 0"
                f" AND {b}.start_at > w.start_at - {_LONGEST_BREAK} AND {b}.start_at < w.until_at"
                f" AND {until[b]} > w.start_at AND {k}.is_paid {paid}"
            )

        # Its own begin is among what is compared: the latest end before it may be earlier. Never more than its own end.
        reached = f"CASE WHEN {is_before} THEN {until['e']} ELSE {begins} END"
        covered = (
            f"(SELECT max(CASE WHEN {reached} < {ends} THEN {reached} ELSE {ends} END) {found('e', 'j')}"
            f" AND (({is_before}) OR e.id = b.id))"
        )
        part = f"{ends} - {covered}"
        return self._whole(f"coalesce((SELECT sum({part}) {found('b', 'k')}), 0)")

    def v_changes_after_close(self) -> str:
        """A row for each change of a closed day that was written after it was closed, or that waits."""
        own, columns = self._own, "l.day, l.timezone, l.locked_at"
        closed = (
            "(SELECT e.day, e.timezone, min(e.locked_at) AS locked_at FROM ("
            f"SELECT day, timezone, locked_at FROM {own.locked_days}"
            f" UNION ALL SELECT k.day, k.timezone, p.changed_at FROM {own.periods} p JOIN {own.days} k"
            " ON k.timezone = p.timezone AND k.day >= p.first_day AND k.day <= p.last_day WHERE p.state = 'closed'"
            ") e GROUP BY e.day, e.timezone)"
        )
        return (
            f"SELECT 'written' AS state, {columns}, c.at AS changed_at, c.kind, c.employee_id, c.clock_time_id,"
            f" c.run_id, c.why AS detail FROM {own.changes} c JOIN {closed} l"
            " ON l.day >= c.first_day AND l.day <= c.last_day AND c.at >= l.locked_at"
            f" UNION ALL SELECT 'waiting', {columns}, h.first_seen, 'hold', h.employee_id, h.clock_time_id,"
            f" h.first_run, h.detail FROM {own.holds} h JOIN {closed} l"
            " ON l.day >= h.first_day AND l.day <= h.last_day"
            " WHERE h.reason = 'locked_day' AND h.resolved_run IS NULL"
        )

    def v_anomalies(self) -> str:
        """A row for each oddity of a row, as the command `anomalies` reports them with its usual limits."""
        limits = AnomalyLimits()
        before = "OVER (PARTITION BY t.employee_id ORDER BY t.start_at, t.clock_time_id"
        ordered = (
            "in_turn AS (SELECT t.clock_time_id, t.employee_id, t.start_at, t.end_at, t.is_open,"
            f" {self._minutes('t.until_at - t.start_at')} AS minutes, t.until_at - t.start_at AS seconds,"
            " d.day, s.is_auto_clock_out,"
            f" lag(t.start_at) {before}) AS start_before, lag(t.is_open) {before}) AS open_before,"
            f" max(t.end_at) {before} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS end_before"
            f" FROM times t LEFT JOIN {self._day_of('t')} {self._shift('t')})"
        )
        near = limits.near_minutes * 60
        both = "CASE WHEN end_at IS NOT NULL AND end_at < end_before THEN end_at ELSE end_before END - start_at"
        kinds = {
            "open_too_long": ("minutes", f"is_open = 1 AND seconds > {limits.open_days * 86_400}"),
            "long_shift": ("minutes", f"is_open = 0 AND minutes > {limits.longest_minutes}"),
            "zero_minutes": ("minutes", "is_open = 0 AND minutes = 0"),
            "auto_clock_out": ("minutes", "is_auto_clock_out = 1"),
            "near_double": (self._minutes("start_at - start_before"), f"start_at - start_before <= {near}"),
            "overlap": (
                f"CASE WHEN end_before IS NULL OR end_before <= start_at THEN 0 ELSE {self._minutes(both)} END",
                f"start_at - start_before > {near} AND (open_before = 1 OR start_at < end_before)",
            ),
        }
        parts = [
            f"SELECT '{kind}' AS kind, employee_id, day, clock_time_id, {minutes} AS minutes FROM in_turn"
            f" WHERE {condition}"
            for kind, (minutes, condition) in kinds.items()
        ]
        worked = self._whole("sum(minutes)")
        parts.append(
            f"SELECT 'long_day', employee_id, day, NULL, {worked} FROM in_turn WHERE is_open = 0"
            f" AND day IS NOT NULL GROUP BY employee_id, day HAVING count(*) > 1 AND sum(minutes)"
            f" > {limits.longest_minutes}"
        )
        return f"WITH {self._times()}, {self._days()}, {ordered} " + " UNION ALL ".join(parts)
