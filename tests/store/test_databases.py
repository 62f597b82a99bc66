"""Which class a database has, by its URL and by what its server says of itself."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.sql import urls
from connecteam_sync.store.sql.connect import database_url
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.host import ClockTimesNames, HostTables
from connecteam_sync.store.tables.keys import KeyColumn, Keys

UUIDS = Keys(row=KeyColumn(type="uuid", is_text=True, is_uuid=True, rowset="VARCHAR(36)"))
COUNTED = HostTables(clock_times=ClockTimesNames(clock_in_unit="epoch_milliseconds"))


def test_a_server_is_what_it_says_it_is(database: str, request: pytest.FixtureRequest) -> None:
    """A URL of MySQL may be one of MariaDB; what is known of keys and of times goes along."""
    store = Store(database, COUNTED)
    store.dialect.keys = UUIDS
    with store.connection() as connection:
        found = store.dialect.of_server(connection)
        assert found.of_server(connection) is found, "and it stays so"
    store.close()
    assert f"[{found.kind}]" in request.node.name
    assert found.keys == UUIDS
    assert found.rowset({"id": "row"}) == store.dialect.rowset({"id": "row"})
    assert found.instant(2) == 2000


@pytest.mark.parametrize(
    ("url", "kind", "shown"),
    [
        ("mysql://h/d", "mysql", "mysql+"),
        ("mariadb://h/d", "mariadb", "mariadb+"),
        ("postgres://h/d", "postgresql", "postgresql+psycopg"),
        ("postgresql://h/d", "postgresql", "postgresql+psycopg"),
        ("sqlite://", "sqlite", "sqlite"),
    ],
)
def test_the_class_of_a_url(url: str, kind: str, shown: str) -> None:
    """The word in front says it, and a driver is chosen where none is named."""
    whole = database_url(url)
    assert whole.drivername.startswith(shown)
    assert urls.database_of(whole).kind == kind


@pytest.mark.parametrize("url", ["oracle://h/d", "postgres+psycopg://h/d"])
def test_a_database_that_is_not_served(url: str) -> None:
    """It is said at once, and without a class."""
    with pytest.raises(ConfigurationError, match="is not supported"):
        urls.database_of(make_url(url))
