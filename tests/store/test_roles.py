"""One column, one role: two keys of the configuration that name the same column are told before anything is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import load_settings
from connecteam_sync.errors import ConfigurationError

NOWHERE = {
    "sqlite": "sqlite:///{}/nothing.db",
    "mariadb": "mariadb+pymysql://nobody@127.0.0.1:1/nothing",
    "mysql": "mysql+pymysql://nobody@127.0.0.1:1/nothing",
    "postgresql": "postgresql+psycopg://nobody@127.0.0.1:1/nothing",
}
"""No database answers there."""


def opened(tmp_path: Path, database: str, *lines: str) -> None:
    """A mirror by a configuration file with these lines."""
    file = tmp_path / "connecteam-sync.toml"
    file.write_text("\n".join(('timezone = "UTC"', *lines)) + "\n")
    settings = load_settings(file, {"CONNECTEAM_SYNC_DATABASE_URL": NOWHERE[database].format(tmp_path)})
    ConnecteamSync("a key", settings=settings).close()
    assert not (tmp_path / "nothing.db").exists()


@pytest.mark.parametrize("database", NOWHERE)
@pytest.mark.parametrize(
    ("table", "line", "keys"),
    [
        ("clock_times", 'clock_out = "clock_in"', ("clock_in", "clock_out")),
        ("clock_times", 'total_minutes = "id"', ("id", "total_minutes")),
        ("clock_times", 'clock_in = "created_at"', ("clock_in", "created_at")),
        ("employees", 'connecteam_user_id = "id"', ("id", "connecteam_user_id")),
        ("employees", 'name = "email"', ("name", "email")),
    ],
)
def test_two_keys_for_one_column(tmp_path: Path, database: str, table: str, line: str, keys: tuple[str, str]) -> None:
    """Both keys are named, and their table; no database is asked."""
    with pytest.raises(ConfigurationError) as caught:
        opened(tmp_path, database, f"[tables.{table}]", line)
    assert f"[tables.{table}]" in caught.value.message
    for key in keys:
        assert key in caught.value.message.split()
        assert f'{key} = "…"' in caught.value.next_step


@pytest.mark.parametrize("database", NOWHERE)
def test_capitals_count_only_where_the_database_minds_them(tmp_path: Path, database: str) -> None:
    """PostgreSQL has `Clock_In` next to `clock_in`, the others do not."""
    lines = ("[tables.clock_times]", 'clock_out = "Clock_In"')
    if database == "postgresql":
        opened(tmp_path, database, *lines)
        return
    with pytest.raises(ConfigurationError, match="'Clock_In'"):
        opened(tmp_path, database, *lines)


@pytest.mark.parametrize("database", NOWHERE)
def test_one_column_says_when_a_row_was_written(tmp_path: Path, database: str) -> None:
    """`created_at` and `updated_at` may be one, or both be lacking; and each table has names of its own."""
    opened(tmp_path, database, "[tables.clock_times]", 'created_at = "touched"', 'updated_at = "touched"')
    opened(tmp_path, database, "[tables.employees]", 'name = "full_name"', "[tables.clock_times]", 'id = "name"')
