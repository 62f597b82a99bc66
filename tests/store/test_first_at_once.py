"""Rows of the service that two threads or processes make at the same moment: the second one finds them there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from connecteam_sync.store.service.bells import Bells, Transaction
from connecteam_sync.store.service.due import Due
from connecteam_sync.store.service.looks import Looks
from connecteam_sync.store.service.proofs import nightly_proof
from connecteam_sync.store.service.token import webhook_token
from connecteam_sync.store.sql.pipeline import send
from connecteam_sync.store.store import Store


@pytest.fixture
def stores(initialised: str) -> Iterator[tuple[Store, Store]]:
    """Two processes over one database."""
    with closing(Store(initialised)) as one, closing(Store(initialised)) as other:
        one.columns()
        other.columns()
        yield one, other


Writes = Callable[[Store, Transaction], object]


def drift(store: Store, connection: Transaction) -> object:
    """A member of an answer that is new."""
    return send(connection, Looks(store.dialect, store.own).noting_new({"users: one", "users: two"}))


def calls(store: Store, connection: Transaction) -> object:
    """What the first answer said of the day's calls."""
    return send(connection, Looks(store.dialect, store.own).noting_calls(left=9_000, limit=10_000, reserved=0))


def since(store: Store, connection: Transaction) -> None:
    """Since when doorbells are expected."""
    Bells(store.dialect, store.own).expect(connection)


def clocks(store: Store, connection: Transaction) -> None:
    """The time clocks of a first start."""
    Due(store.dialect, store.own).enrol(connection, {1: "One", 2: "Two"}, cadence=300)


def token(store: Store, connection: Transaction) -> object:
    """The address of webhooks."""
    return webhook_token(connection, store.dialect, store.own)


def night(store: Store, connection: Transaction) -> object:
    """The work of the night, for whoever comes first."""
    held = nightly_proof(store.dialect, store.own).claim(connection, seconds=60)
    return "nobody" if held is None else "held"


@pytest.mark.parametrize("writes", [drift, calls, since, clocks, token, night], ids=lambda one: one.__name__)
def test_what_two_make_at_once_is_made_once(stores: tuple[Store, Store], writes: Writes) -> None:
    """Neither fails, and both know the same."""
    one, other = stores
    with one.own_rows("none is there") as connection:
        connection.exec_driver_sql("DELETE FROM connecteam_sync_service")
    found: list[object] = []
    begun = threading.Event()

    def second() -> None:
        begun.set()
        with other.own_rows("the second") as connection:
            found.append(writes(other, connection))

    thread = threading.Thread(target=second, daemon=True)
    with one.own_rows("the first") as connection:
        first = writes(one, connection)
        thread.start()
        assert begun.wait(5)
        thread.join(0.3)
        assert thread.is_alive(), "the second does not wait for the first"
    thread.join(10)
    assert len(found) == 1, "the second failed"
    if writes is token:
        assert found == [first]
    if writes is night:
        assert (first, found) == ("held", ["nobody"])
