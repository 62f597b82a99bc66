"""The facts that `status`, the metrics and the alerts are made of: one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from connecteam_sync.core.facts import BellFacts, Facts, Mismatched, NewMember, Waiting
from connecteam_sync.store.service.announced import reliability_by_clock
from connecteam_sync.store.service.bells import BELLS_REMOVED, BELLS_SINCE, Bells, counts_of, lags_of
from connecteam_sync.store.service.drift import IS_NEW
from connecteam_sync.store.service.looks import DAY_CALLS, calls, looked
from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.tables.own import OwnTables

_PAGE = 500
"""People that one call of the list gives."""
_NEWEST = 3000
"""So many of the newest runs are asked what they spent in the last 24 hours: more than a cron job makes in them."""
_DAY = 86_400


_LOOKS = (
    "time_clock_id", "first_look", "last_look", "last_good", "fresh", "looks", "bad", "good", "bad_since",
    "trouble_since", "cadence", "next_due",
)  # fmt: skip
_PARTS = ("look", "visited", "held", "said", "rung", "lag", "change", "mismatch", "sums")
_Parts = dict[str, list[tuple[list[Any], list[Any]]]]
_SAID = ("error", "name", "mode")
"""Of each time clock that was looked at: numbers, then texts."""


def facts_query(
    dialect: Dialect, own: OwnTables, *, last_proven: Query, ahead: int = 0, counts_doorbells: bool = True
) -> Query:
    """One query for what is on record; its rows are for `facts_of`.

    Each row says in front which part it is of, has as many numbers as the widest part, then three texts. `last_proven`
    is the query for a day, `ahead` is by how many seconds a simulation is ahead of the database's clock. To count the
    doorbells by state the database reads each that is kept.
    """
    now = f"({dialect.epoch_now} + {int(ahead)})"

    def whole(number: str) -> str:
        return f"CAST({number} AS {dialect.bigint})"

    def part(name: str, numbers: Sequence[str], texts: Sequence[str], rest: str) -> str:
        wide = (*numbers, *(whole("NULL") for _ in range(len(_LOOKS) - len(numbers))))
        columns = (f"'{name}'", *wide, *texts, *("''" for _ in range(len(_SAID) - len(texts))))
        return f"SELECT {', '.join(columns)}{rest}"

    looks = [f"{'c' if name in {'cadence', 'next_due'} else 'l'}.{name}" for name in _LOOKS]
    spent = (
        f"(SELECT COALESCE(SUM(http_calls), 0) FROM {own.runs} WHERE started_at > {now} - {_DAY}"
        f" AND id > (SELECT COALESCE(MAX(id), 0) - {_NEWEST} FROM {own.runs}))"
    )
    people = f"(SELECT COUNT(*) FROM {own.users} WHERE is_listed = 1)"
    parts = (
        part(
            "look",
            looks,
            ["l.error", "c.name", "c.state"],
            f" FROM {own.looks} l LEFT JOIN {own.clocks} c ON c.time_clock_id = l.time_clock_id",
        ),
        part("visited", ["time_clock_id", "cadence"], [], f" FROM {own.clocks} WHERE state = 'active'"),
        part(
            "held",
            [whole("COUNT(*)"), whole("COALESCE(SUM(minutes), 0)"), "MIN(first_seen)"],
            ["reason"],
            f" FROM {own.holds} WHERE resolved_run IS NULL AND acknowledged_at IS NULL GROUP BY reason",
        ),
        part(
            "said",
            ["at"],
            ["name", "value"],
            f" FROM {own.service} WHERE name IN ('{DAY_CALLS}', '{BELLS_SINCE}', '{BELLS_REMOVED}') OR {IS_NEW}",
        ),
        *([part("rung", [whole("COUNT(*)")], ["state"], f" FROM {own.doorbells} GROUP BY state")] * counts_doorbells),
        part("lag", ["seconds"], [], f" FROM ({Bells(dialect, own, ahead=ahead).lags_sql()}) h"),
        part("change", ["change_id", "time_clock_id", "at", "is_announced"], ["kind"], f" FROM {own.announced}"),
        part(
            "mismatch",
            ["id"],
            ["first_day", "last_day", "mismatch"],
            f" FROM {own.certificates} WHERE mismatch IS NOT NULL",
        ),
        part("sums", [whole(now), whole(people), whole(spent)], [f"({last_proven.sql})"], ""),
    )
    return Query(" UNION ALL ".join(parts), last_proven.values)


def facts_of(fetched: Rows, *, today: date, cadence: int, slice_days: int, counts_doorbells: bool = True) -> Facts:
    """What is on record. `today` is the business's day, `slice_days` are days of one call; `counts_doorbells` is that
    of `facts_query`.
    """
    of: _Parts = {name: [] for name in _PARTS}
    for name, *columns in fetched:
        numbers = [None if one is None else int(one) for one in columns[: len(_LOOKS)]]
        of[name].append((numbers, columns[len(_LOOKS) :]))
    [((moment, people, spent, *_), (proven, *_))] = of["sums"]
    said = {name: (value, at) for (at, *_), (name, value, _) in of["said"]}
    return Facts(
        now=moment,
        today=today,
        clocks=tuple(
            looked(dict(zip((*_LOOKS, *_SAID), (*row, *texts), strict=True))) for row, texts in sorted(of["look"])
        ),
        visited=tuple(every for _, every in sorted(row[:2] for row, _ in of["visited"])),
        waiting=tuple(
            Waiting(reason=reason, count=count, minutes=minutes, since=since)
            for (count, minutes, since, *_), (reason, *_) in sorted(of["held"], key=lambda one: one[1])
        ),
        calls=calls(*said[DAY_CALLS]) if DAY_CALLS in said else None,
        new_members=tuple(NewMember(*said[name]) for name in sorted(said) if name not in _OTHERS),
        mismatched=tuple(_mismatched(*texts) for _, texts in sorted(of["mismatch"])),
        bells=_bells(of, said, moment, is_counted=counts_doorbells) if BELLS_SINCE in said else None,
        last_proven=date.fromisoformat(proven) if proven else None,
        spent=spent,
        people_pages=max(1, -(-people // _PAGE)),
        slice_days=slice_days,
        cadence=cadence,
    )


_OTHERS = {DAY_CALLS, BELLS_SINCE, BELLS_REMOVED}
"""Of the rows of `service` that are read, those that are no new member."""


def _mismatched(first: str, last: str, text: str) -> Mismatched:
    from connecteam_sync.core.certificates import mismatch_of  # noqa: PLC0415 - hardly ever needed

    found = mismatch_of(text)
    return Mismatched(first=first, last=last, since=found.since, people=found.people)


def _bells(of: _Parts, said: Mapping[str, tuple[str, int]], now: int, *, is_counted: bool) -> BellFacts:
    """What is known of doorbells, where they are expected."""
    newest_first = sorted(of["change"], reverse=True, key=lambda one: one[0])
    removed, _ = said.get(BELLS_REMOVED, (None, 0))
    return BellFacts(
        reliability=reliability_by_clock(
            ((clock, kind, at, told) for (_, clock, at, told, *_), (kind, *_) in newest_first), now
        ),
        counts=counts_of(removed, ((state, n) for (n, *_), (state, *_) in of["rung"])) if is_counted else None,
        lags=lags_of(seconds for (seconds, *_), _ in of["lag"]),
    )
