"""Keys of both tables: whole numbers, text and UUIDs, given by the database or by us."""

from __future__ import annotations

from condition import MYSQLS, Condition

_UUID = {
    "sqlite": "TEXT PRIMARY KEY DEFAULT (lower(hex(randomblob(16))))",
    "mariadb": "UUID PRIMARY KEY DEFAULT UUID()",
    "mysql": "CHAR(36) PRIMARY KEY DEFAULT (uuid())",
    "postgresql": "UUID PRIMARY KEY DEFAULT gen_random_uuid()",
}
_PERSON = {
    "sqlite": "TEXT NOT NULL",
    "mariadb": "UUID NOT NULL",
    "mysql": "CHAR(36) NOT NULL",
    "postgresql": "UUID NOT NULL",
}
_NUMBERED = {
    "sqlite": "VARCHAR(20) PRIMARY KEY DEFAULT ('E-00' || abs(random() % 1000000000))",
    "mariadb": "VARCHAR(20) PRIMARY KEY DEFAULT (concat('E-00', floor(rand() * 1000000000)))",
    "mysql": "VARCHAR(20) PRIMARY KEY DEFAULT (concat('E-00', floor(rand() * 1000000000)))",
    "postgresql": "VARCHAR(20) PRIMARY KEY DEFAULT 'E-00' || floor(random() * 1000000000)",
}
_DRAW = (
    "CREATE FUNCTION draw() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " NEW.id := coalesce(NEW.id, 'T-' || nextval('drawn')); RETURN NEW; END $$"
)

KEYS = (
    Condition(
        "UUIDs as keys",
        "served",
        "Both tables have UUIDs that the database gives (a uuid column, or CHAR(36)); in JSON they are text.",
        columns={"id": _UUID, "employee_id": _PERSON},
        people={"id": _UUID},
    ),
    Condition(
        "UUIDs as keys, without a default",
        "served",
        "Where the database gives a new row no key, and a UUID fits, we give it a random one.",
        columns={
            "id": {
                "sqlite": "CHAR(36) PRIMARY KEY",
                "mariadb": "UUID PRIMARY KEY",
                "mysql": "CHAR(36) PRIMARY KEY",
                "postgresql": "UUID PRIMARY KEY",
            }
        },
    ),
    Condition(
        "text as the key of rows",
        "served",
        "Text of at most 255 characters (MySQL, MariaDB), any text elsewhere; numbers in it stay text (`0017`).",
        columns={
            "id": {
                "sqlite": "VARCHAR(64) PRIMARY KEY DEFAULT ('00' || abs(random()))",
                "mariadb": "VARCHAR(255) CHARACTER SET latin1 PRIMARY KEY DEFAULT (concat('00', floor(rand() * 1e12)))",
                "mysql": "VARCHAR(255) CHARACTER SET latin1 PRIMARY KEY DEFAULT (concat('00', floor(rand() * 1e12)))",
                "postgresql": "TEXT PRIMARY KEY DEFAULT '00' || floor(random() * 1e12)",
            }
        },
    ),
    Condition(
        "employees by number of personnel",
        "served",
        "`employees.id` is text such as `E-0017`, and so is `clock_times.employee_id`.",
        columns={"employee_id": "VARCHAR(20) NOT NULL"},
        people={"id": _NUMBERED},
    ),
    Condition(
        "text of other letters in each table",
        "served",
        "Key columns whose character sets or collations differ.",
        databases=MYSQLS,
        columns={
            "id": "CHAR(36) CHARACTER SET ascii PRIMARY KEY DEFAULT (uuid())",
            "employee_id": "VARCHAR(20) CHARACTER SET latin1 NOT NULL",
        },
        people={"id": _NUMBERED},
    ),
    Condition(
        "text by the order of its bytes",
        "served",
        "Keys of a binary collation, of utf8mb4_0900_bin (MySQL) or utf8mb4_nopad_bin (MariaDB) too, and of UTF-16.",
        databases=MYSQLS,
        columns={
            "id": {
                "mariadb": "VARCHAR(40) COLLATE utf8mb4_nopad_bin PRIMARY KEY",
                "mysql": "VARCHAR(40) COLLATE utf8mb4_0900_bin PRIMARY KEY",
            },
            "employee_id": "CHAR(20) CHARACTER SET utf16 NOT NULL",
        },
        people={"id": _NUMBERED},
    ),
    Condition(
        "keys padded with blanks",
        "served",
        "CHAR(n) keys; the blanks at their end are no part of them.",
        databases=("postgresql",),
        columns={"id": "CHAR(40) PRIMARY KEY DEFAULT gen_random_uuid()", "employee_id": "CHAR(30) NOT NULL"},
        people={"id": "CHAR(30) PRIMARY KEY DEFAULT 'E-00' || floor(random() * 1000000000)"},
    ),
    Condition(
        "keys above 2^63",
        "served",
        "BIGINT UNSIGNED, up to 2^64 - 1.",
        databases=MYSQLS,
        columns={"id": "BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY"},
        table_options="AUTO_INCREMENT = 9223372036854775900",
    ),
    Condition(
        "a trigger that draws every key",
        "refused",
        "A BEFORE INSERT trigger that gives a key to rows with one too: none could come back under its own.",
        databases=("mysql",),
        columns={"id": "VARCHAR(30) PRIMARY KEY"},
        extra=(
            "CREATE TRIGGER draws BEFORE INSERT ON clock_times FOR EACH ROW SET NEW.id = concat('T-', uuid_short())",
        ),
        rows=(
            (
                "INSERT INTO clock_times (employee_id, clock_in, clock_out, total_minutes, is_active, source)"
                " VALUES (1, '2024-12-01 08:00:00', '2024-12-01 17:00:00', 540, 0, 'connecteam')"
            ),
        ),
        names=("draws", "clock_times"),
    ),
    Condition(
        "mysql: a trigger that draws the key where it is absent",
        "served",
        "A BEFORE INSERT trigger gives the key to rows that bring none.",
        databases=("mysql",),
        columns={"id": "VARCHAR(30) PRIMARY KEY"},
        extra=(
            (
                "CREATE TRIGGER draws BEFORE INSERT ON clock_times FOR EACH ROW"
                " SET NEW.id = IF(coalesce(NEW.id, '') = '', concat('T-', uuid_short()), NEW.id)"
            ),
        ),
    ),
    Condition(
        "a trigger that draws the key where it is absent",
        "served",
        "A BEFORE INSERT trigger gives the key to rows that bring none.",
        databases=("postgresql",),
        columns={"id": "VARCHAR(30) PRIMARY KEY"},
        extra=(
            "CREATE SEQUENCE drawn",
            _DRAW,
            "CREATE TRIGGER draws BEFORE INSERT ON clock_times FOR EACH ROW EXECUTE FUNCTION draw()",
        ),
    ),
    Condition(
        "short text as the key, without a default",
        "refused",
        "Text shorter than a UUID that the database does not fill: nobody gives a new row its key.",
        columns={"id": "VARCHAR(8) PRIMARY KEY"},
        names=("clock_times.id",),
    ),
    Condition(
        "text as the key, one character shorter than a UUID",
        "refused",
        "`VARCHAR(35)`, without a default: the same, by a character.",
        columns={"id": "VARCHAR(35) PRIMARY KEY"},
        names=("clock_times.id",),
    ),
    Condition(
        "bytes as a key",
        "refused",
        "BINARY(16), BLOB and bytea: give the column a uuid or text type.",
        columns={
            "id": {
                "sqlite": "BLOB PRIMARY KEY",
                "mariadb": "BINARY(16) PRIMARY KEY",
                "mysql": "BINARY(16) PRIMARY KEY",
                "postgresql": "BYTEA PRIMARY KEY",
            }
        },
        names=("clock_times.id",),
    ),
    Condition(
        "an INT PRIMARY KEY of SQLite",
        "refused",
        "Only INTEGER PRIMARY KEY draws numbers; beside INT a new row would have no key.",
        databases=("sqlite",),
        columns={"id": "INT PRIMARY KEY"},
        names=("clock_times.id",),
    ),
    Condition(
        "employees of another kind than their key",
        "refused",
        "`clock_times.employee_id` is a number and `employees.id` text.",
        people={"id": _NUMBERED},
        names=("clock_times.employee_id", "employees.id"),
    ),
)
