"""What undo gives back to the byte, and what a trigger owns."""

from __future__ import annotations

from condition import MYSQLS, Condition

_OWNED = 'trigger_columns = ["version"]'
_TOLD = (
    "A column that a trigger writes with every change is named in `trigger_columns`; undo leaves it alone and says so."
)
_ONCE, _COUNT = "NEW.version = OLD.version", "UPDATE clock_times SET version = OLD.version + 1"
_BUMP = "NEW.version = OLD.version + 1"

UNDONE = (
    Condition(
        "a trigger's column on SQLite",
        "served",
        _TOLD,
        databases=("sqlite",),
        columns={"version": "INTEGER NOT NULL DEFAULT 0"},
        extra=(f"CREATE TRIGGER bump AFTER UPDATE ON clock_times WHEN {_ONCE} BEGIN {_COUNT} WHERE id = NEW.id; END",),
        settings=(_OWNED,),
        moves=("version",),
    ),
    Condition(
        "a trigger's column on MySQL and MariaDB",
        "served",
        _TOLD,
        databases=MYSQLS,
        columns={"version": "INTEGER NOT NULL DEFAULT 0"},
        extra=(f"CREATE TRIGGER bump BEFORE UPDATE ON clock_times FOR EACH ROW SET {_BUMP}",),
        settings=(_OWNED,),
        moves=("version",),
    ),
    Condition(
        "a trigger's column on PostgreSQL",
        "served",
        _TOLD,
        databases=("postgresql",),
        columns={"version": "INTEGER NOT NULL DEFAULT 0"},
        extra=(
            f"CREATE FUNCTION bump() RETURNS trigger AS $$ BEGIN {_BUMP}; RETURN NEW; END $$ LANGUAGE plpgsql",
            "CREATE TRIGGER bump BEFORE UPDATE ON clock_times FOR EACH ROW EXECUTE FUNCTION bump()",
        ),
        settings=(_OWNED,),
        moves=("version",),
    ),
    Condition(
        "names of columns",
        "served",
        "A column may have any name that the database allows, whether it is ours to write or not.",
        columns={
            "worker's note": "VARCHAR(20) DEFAULT 'it''s'",
            "Emp. No.": "INTEGER DEFAULT 7",
            "t": "INTEGER DEFAULT 1",
            'both "quotes" and `ticks`': "INTEGER",
            ":name {0} \\": "VARCHAR(9) DEFAULT ':x'",
        },
    ),
    Condition(
        "values that JSON cannot hold",
        "served",
        "Bytes, documents as they are spelled, shapes, infinity and dates of zeros come back with undo.",
        columns={
            "bytes": {
                "sqlite": "BLOB DEFAULT x'00ff'",
                "mariadb": "VARBINARY(9) DEFAULT x'00ff'",
                "mysql": "VARBINARY(9) DEFAULT x'00ff'",
                "postgresql": "BYTEA DEFAULT '\\x00ff'",
            },
            "odd": {
                "sqlite": "REAL DEFAULT 9e999",
                "mariadb": "POINT DEFAULT ST_GeomFromText('POINT(1 2)')",
                "mysql": "POINT DEFAULT (ST_GeomFromText('POINT(1 2)'))",
                "postgresql": 'JSON DEFAULT \'{"a":   1, "a": 2}\'',
            },
        },
    ),
)
