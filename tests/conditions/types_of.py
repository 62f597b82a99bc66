"""Types of columns, engines and values: what the table is understood by before it is written."""

from __future__ import annotations

from condition import ALL, MYSQLS, Condition

_NUMBERS = {"clock_in": "BIGINT NOT NULL", "clock_out": "BIGINT", "created_at": "BIGINT", "updated_at": "BIGINT"}
_UNIX = {"clock_in": "clock_in", "clock_out": "clock_out"}
_MILLI = {"clock_in": "clock_in / 1000", "clock_out": "clock_out / 1000"}


def row(clock_in: str, clock_out: str, minutes: str = "540", active: str = "FALSE", source: str = "manual") -> str:
    """A row from before: nine hours of the first person."""
    return (
        "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
        f" VALUES (1, {clock_in}, {clock_out}, {minutes}, {active}, '{source}')"
    )


TYPES = (
    Condition(
        "times as numbers, nothing said",
        "refused",
        "Times that are whole numbers are served once `clock_in_unit` says what they count.",
        columns=_NUMBERS,
        names=("clock_in",),
    ),
    Condition(
        "times in epoch seconds",
        "served",
        'With `clock_in_unit = "epoch_seconds"` all four times are whole numbers.',
        columns=_NUMBERS,
        settings=('clock_in_unit = "epoch_seconds"',),
        rows=(row("1733040000", "1733072400"),),
        reads=_UNIX,
    ),
    Condition(
        "times in epoch milliseconds",
        "served",
        'With `clock_in_unit = "epoch_milliseconds"`.',
        columns=_NUMBERS,
        settings=('clock_in_unit = "epoch_milliseconds"',),
        rows=(row("1733040000000", "1733072400000"),),
        reads=_MILLI,
    ),
    *(
        Condition(
            f"times in {unit}, some in the years 1 and 9999",
            "served",
            "What other programs write for times that nobody knows fits every unit.",
            columns=_NUMBERS,
            settings=(f'clock_in_unit = "{unit}"',),
            rows=(
                row("1733040000" + noughts, "253402300799" + noughts),
                row("-62135596800" + noughts, "1733072400" + noughts),
            ),
            reads=reads,
        )
        for unit, noughts, reads in (("epoch_seconds", "", _UNIX), ("epoch_milliseconds", "000", _MILLI))
    ),
    Condition(
        "milliseconds, and seconds are said",
        "refused",
        "Values that do not fit the unit are not taken for it.",
        columns=_NUMBERS,
        settings=('clock_in_unit = "epoch_seconds"',),
        rows=(row("1733040000000", "1733072400000"),),
        names=("clock_in", "milliseconds"),
    ),
    Condition(
        "seconds, and milliseconds are said",
        "refused",
        "The same the other way round: every shift would lie in 1970.",
        columns=_NUMBERS,
        settings=('clock_in_unit = "epoch_milliseconds"',),
        rows=(row("1733040000", "1733072400"),),
        names=("clock_in", "epoch seconds"),
    ),
    Condition(
        "clock-out in another unit than clock-in",
        "refused",
        "Each of the columns is looked at.",
        columns=_NUMBERS,
        settings=('clock_in_unit = "epoch_seconds"',),
        rows=(row("1733040000", "1733072400000"),),
        names=("clock_out", "milliseconds"),
    ),
    Condition(
        "clock-in a number, `updated_at` a datetime",
        "refused",
        "All four times are counted, or none is.",
        columns={"clock_in": "BIGINT NOT NULL", "clock_out": "BIGINT", "created_at": "BIGINT"},
        settings=('clock_in_unit = "epoch_seconds"',),
        databases=("mariadb", "mysql", "postgresql"),
        names=("updated_at", "epoch_seconds"),
    ),
    *(
        Condition(
            f"SQLite: {kind}",
            "refused",
            "SQLite stores anything anywhere: the values of a column decide too.",
            databases=("sqlite",),
            rows=(row(clock_in, clock_out),),
            names=("clock_in", word),
        )
        for kind, clock_in, clock_out, word in (
            ("unix seconds in a column of datetimes", "1733040000", "1733072400", "epoch seconds"),
            ("milliseconds in a column of datetimes", "1733040000000", "1733072400000", "milliseconds"),
            ("Julian days", "2460645.5", "2460645.9", "Julian"),
            ("days written like 12/01/2025", "'12/01/2025 08:00 AM'", "'12/01/2025 05:00 PM'", "00/00/0000 00:00 AM"),
            ("times with a T and a Z", "'2025-12-01T08:00:00Z'", "'2025-12-01T17:00:00Z'", "0000-00-00T00:00:00Z"),
            ("times without seconds", "'2025-12-01 08:00'", "'2025-12-01 17:00'", "0000-00-00 00:00"),
        )
    ),
    Condition(
        "SQLite: times with fractions of a second",
        "served",
        "`2025-12-01 08:00:00.000000`, as some libraries write them.",
        databases=("sqlite",),
        rows=(row("'2024-12-01 08:00:00.000000'", "'2024-12-01 17:00:00.000000'"),),
    ),
    Condition(
        "times as text",
        "refused",
        "Text is no datetime on a server.",
        databases=("mariadb", "mysql", "postgresql"),
        columns={"clock_in": "VARCHAR(32) NOT NULL"},
        names=("clock_in", "32"),
    ),
    Condition(
        "days without times",
        "refused",
        "A DATE forgets when somebody came.",
        databases=("mariadb", "mysql", "postgresql"),
        columns={"clock_out": "DATE"},
        names=("clock_out", "date"),
    ),
    *(
        Condition(
            f"engine {engine}",
            "refused",
            "An engine without transactions takes nothing back: every command that writes refuses it.",
            databases=databases,
            table_options=f"ENGINE={engine}",
            names=("clock_times", engine),
        )
        for engine, databases in (("MyISAM", MYSQLS), ("MEMORY", MYSQLS), ("Aria", ("mariadb",)))
    ),
    Condition(
        "a view",
        "refused",
        "Name the table behind it.",
        databases=ALL,
        extra=("ALTER TABLE clock_times RENAME TO punches", "CREATE VIEW clock_times AS SELECT * FROM punches"),
        names=("clock_times", "view"),
    ),
    Condition(
        "minutes with fractions",
        "served",
        "DECIMAL minutes like 160.90 are compared exactly and corrected to whole ones.",
        columns={"total_minutes": "DECIMAL(10,2)"},
    ),
    Condition(
        "minutes as FLOAT",
        "served",
        "The same of FLOAT.",
        columns={"total_minutes": {"sqlite": "REAL", "mariadb": "FLOAT", "mysql": "FLOAT", "postgresql": "REAL"}},
    ),
    Condition(
        "minutes as an interval",
        "refused",
        "An interval is no number of minutes.",
        databases=("postgresql",),
        columns={"total_minutes": "INTERVAL"},
        names=("total_minutes", "interval"),
    ),
    Condition(
        "minutes as text",
        "refused",
        "Text is no number of minutes.",
        columns={"total_minutes": "VARCHAR(10)"},
        names=("total_minutes", "10"),
    ),
    Condition(
        "flags that are words, nothing said",
        "refused",
        "Which word is which is said by `is_active_words`.",
        columns={"is_active": "CHAR(1) NOT NULL"},
        names=("is_active",),
    ),
    Condition(
        "flags that are words",
        "served",
        'With `is_active_words = ["N", "Y"]`, the word of a shift that is over first.',
        columns={"is_active": "CHAR(1) NOT NULL"},
        settings=('is_active_words = ["N", "Y"]',),
        rows=(row("'2024-12-01 08:00:00'", "'2024-12-01 17:00:00'", active="'N'"),),
        reads={"is_active": "CASE is_active WHEN 'Y' THEN 1 WHEN 'N' THEN 0 END"},
    ),
    Condition(
        "flags of a word or nothing",
        "served",
        'With `is_active_words = ["", "Y"]`: one of the two words may be the empty one.',
        columns={"is_active": "CHAR(1) NOT NULL"},
        settings=('is_active_words = ["", "Y"]',),
        rows=(row("'2024-12-01 08:00:00'", "'2024-12-01 17:00:00'", active="''"),),
        reads={"is_active": "CASE is_active WHEN 'Y' THEN 1 ELSE 0 END"},
    ),
    Condition(
        "SQLite: flags that are numbers in one row and words in another",
        "refused",
        "SQLite takes any word for 0, also beside numbers.",
        databases=("sqlite",),
        rows=(
            row("'2024-12-01 08:00:00'", "'2024-12-01 17:00:00'", active="0"),
            row("'2024-12-02 08:00:00'", "'2024-12-02 17:00:00'", active="'Y'"),
        ),
        names=("is_active", "words"),
    ),
    Condition(
        "flags of an ENUM",
        "served",
        "The same of an ENUM; nothing said, it is refused.",
        databases=("mariadb", "mysql", "postgresql"),
        columns={
            "is_active": {
                "mariadb": "ENUM('N','Y') NOT NULL",
                "mysql": "ENUM('N','Y') NOT NULL",
                "postgresql": "TEXT NOT NULL",
            }
        },
        settings=('is_active_words = ["N", "Y"]',),
        reads={"is_active": "CASE is_active WHEN 'Y' THEN 1 WHEN 'N' THEN 0 END"},
    ),
    Condition(
        "flags of an ENUM, nothing said",
        "refused",
        "`ENUM('N','Y')`.",
        databases=MYSQLS,
        columns={"is_active": "ENUM('N','Y') NOT NULL"},
        names=("is_active",),
    ),
    Condition(
        "flags of an ENUM, one word said that it does not have",
        "refused",
        "Both words must be those of the column: MySQL without strict mode would write an empty one.",
        databases=MYSQLS,
        columns={"is_active": "ENUM('N','Y') NOT NULL"},
        settings=('is_active_words = ["N", "J"]',),
        names=("is_active", "names others"),
    ),
    Condition(
        "flags that are small numbers",
        "served",
        "0 and 1 in a column of numbers.",
        columns={"is_active": "SMALLINT NOT NULL"},
        reads={"is_active": "is_active"},
    ),
    Condition(
        "flags that are bits",
        "served",
        "0 and 1 in a BIT(1).",
        databases=("mariadb", "mysql", "postgresql"),
        columns={"is_active": "BIT(1) NOT NULL"},
        reads={"is_active": "CASE WHEN is_active = b'1' THEN 1 ELSE 0 END"},
    ),
    Condition(
        "source of CHAR",
        "served",
        "Blanks that fill a CHAR are none of its word.",
        columns={"source": "CHAR(20) NOT NULL"},
    ),
    Condition(
        "source of an ENUM",
        "served",
        "An ENUM that allows the word `connecteam`.",
        databases=MYSQLS,
        columns={"source": "ENUM('manual','connecteam') NOT NULL"},
    ),
    Condition(
        "source of an ENUM without our word",
        "refused",
        "An ENUM has to allow the word `connecteam`.",
        databases=MYSQLS,
        columns={"source": "ENUM('manual','import') NOT NULL"},
        names=("source", "connecteam"),
    ),
    Condition(
        "source too short",
        "refused",
        "A word that does not fit would be cut.",
        databases=("mariadb", "mysql", "postgresql"),
        columns={"source": "VARCHAR(5) NOT NULL"},
        names=("source", "connecteam"),
    ),
    Condition(
        "other collations",
        "served",
        "Text in `utf8mb4_0900_bin`, `utf8mb4_nopad_bin` or utf16.",
        databases=MYSQLS,
        columns={
            "source": {
                "mysql": "VARCHAR(32) COLLATE utf8mb4_0900_bin NOT NULL",
                "mariadb": "VARCHAR(32) COLLATE utf8mb4_nopad_bin NOT NULL",
            }
        },
    ),
    Condition(
        "utf16",
        "served",
        "Text in utf16.",
        databases=MYSQLS,
        columns={"source": "VARCHAR(32) CHARACTER SET utf16 NOT NULL", "note": "VARCHAR(32) CHARACTER SET utf16"},
    ),
    Condition(
        "a column of vectors",
        "served",
        "VECTOR columns come back with undo.",
        databases=("mysql",),
        columns={"likeness": "VECTOR(3) DEFAULT NULL"},
    ),
    Condition(
        "a key that SQLite does not make by itself",
        "refused",
        "SQLite makes keys of an `INTEGER PRIMARY KEY` only; `INT PRIMARY KEY` stays NULL.",
        databases=("sqlite",),
        columns={"id": "INT PRIMARY KEY"},
        names=("id",),
    ),
    Condition(
        "SQLite: a key of a table WITHOUT ROWID",
        "refused",
        "There an `INTEGER PRIMARY KEY` is not made by SQLite either.",
        databases=("sqlite",),
        columns={"id": "INTEGER PRIMARY KEY"},
        table_options="WITHOUT ROWID",
        names=("clock_times.id",),
    ),
    Condition(
        "PostgreSQL: source of an ENUM",
        "served",
        "A type of the database that allows the word `connecteam`.",
        databases=("postgresql",),
        extra=(
            "CREATE TYPE source_kind AS ENUM ('manual', 'connecteam')",
            "ALTER TABLE clock_times ALTER source TYPE source_kind USING source::source_kind",
        ),
    ),
    Condition(
        "PostgreSQL: source of an ENUM without our word",
        "refused",
        "A type of the database that does not.",
        databases=("postgresql",),
        extra=(
            "CREATE TYPE source_kind AS ENUM ('manual', 'import')",
            "ALTER TABLE clock_times ALTER source TYPE source_kind USING source::source_kind",
        ),
        names=("source", "connecteam"),
    ),
    Condition(
        "PostgreSQL: flags of an ENUM",
        "served",
        "With `is_active_words`; nothing said, it is refused.",
        databases=("postgresql",),
        columns={"is_active": "VARCHAR(8) NOT NULL"},
        extra=(
            "CREATE TYPE presence AS ENUM ('gone', 'here')",
            "ALTER TABLE clock_times ALTER is_active TYPE presence USING is_active::presence",
        ),
        settings=('is_active_words = ["gone", "here"]',),
        reads={"is_active": "CASE is_active WHEN 'here' THEN 1 WHEN 'gone' THEN 0 END"},
    ),
    Condition(
        "PostgreSQL: flags of an ENUM, one word said that it does not have",
        "refused",
        "Both words must be those of the type.",
        databases=("postgresql",),
        columns={"is_active": "VARCHAR(8) NOT NULL"},
        extra=(
            "CREATE TYPE presence AS ENUM ('gone', 'here')",
            "ALTER TABLE clock_times ALTER is_active TYPE presence USING is_active::presence",
        ),
        settings=('is_active_words = ["gone", "there"]',),
        names=("is_active", "names others"),
    ),
    Condition(
        "PostgreSQL: flags of an ENUM, nothing said",
        "refused",
        "Which word is which is said by `is_active_words`.",
        databases=("postgresql",),
        columns={"is_active": "VARCHAR(8) NOT NULL"},
        extra=(
            "CREATE TYPE presence AS ENUM ('gone', 'here')",
            "ALTER TABLE clock_times ALTER is_active TYPE presence USING is_active::presence",
        ),
        names=("is_active",),
    ),
    Condition(
        "PostgreSQL: source of CITEXT",
        "served",
        "Text that knows no capitals; ours is told by its very letters.",
        databases=("postgresql",),
        extra=("CREATE EXTENSION citext", "ALTER TABLE clock_times ALTER source TYPE citext"),
    ),
    Condition(
        "PostgreSQL: domains",
        "served",
        "A domain is what it is made of.",
        databases=("postgresql",),
        extra=(
            "CREATE DOMAIN moment AS TIMESTAMP(0)",
            "CREATE DOMAIN word AS VARCHAR(20)",
            "ALTER TABLE clock_times ALTER clock_in TYPE moment, ALTER clock_out TYPE moment, ALTER source TYPE word",
        ),
    ),
    Condition(
        "PostgreSQL: times with a zone",
        "served",
        "TIMESTAMPTZ is read and written as the instant that it is.",
        databases=("postgresql",),
        columns={"clock_in": "TIMESTAMPTZ NOT NULL", "clock_out": "TIMESTAMPTZ", "updated_at": "TIMESTAMPTZ"},
    ),
)
