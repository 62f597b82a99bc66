"""Tables as most people have them, and small differences."""

from __future__ import annotations

from condition import MYSQLS, Condition

PLAIN = (
    Condition(
        "plain tables", "served", "Datetimes, whole minutes, a truth value, and a key over employee and clock-in."
    ),
    Condition(
        "timestamps",
        "served",
        "TIMESTAMP columns are read and written in UTC, whatever the server's zone.",
        databases=MYSQLS,
        columns={"clock_in": "TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP", "clock_out": "TIMESTAMP NULL"},
    ),
    Condition(
        "a column of the host's own",
        "served",
        "Columns that are not ours keep their defaults, and come back with undo.",
        columns={"cost_centre": "VARCHAR(9) NOT NULL DEFAULT 'main'"},
    ),
    Condition(
        "a column that wants a value",
        "refused",
        "A column that is NOT NULL without a default, and is none of ours, leaves no row to write.",
        databases=("sqlite", "postgresql"),
        columns={"cost_centre": "VARCHAR(9) NOT NULL"},
        names=("cost_centre",),
    ),
)
