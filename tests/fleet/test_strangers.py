"""Messages of strangers in the queues: whoever reaches the broker can neither end a worker nor keep one waiting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connecteam_sync.core.fleet import Priority, Turn
from connecteam_sync.worker.app import DEAD, QUEUES, TASK, application
from connecteam_sync.worker.message import strange, understood, written
from support.fleet_accounts import Fleet, announced, fleet, until, virtual_host

TURN = Turn(account="north", slot=0, next_due=0, due_at=0, priority=2, lease_until=0, lease_token="t")
OURS: dict[str, Any] = {"task": TASK, "id": "a", "eta": None, "expires": None, "timelimit": [None, None], "retries": 0}
BODY: list[Any] = [[], written(TURN), {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]
STRANGE: list[tuple[dict[str, Any], Any, str]] = [
    (OURS, [1, 2], "its body is not that of a task"),
    (OURS, {}, "its body is not that of a task"),
    (OURS, [{}, written(TURN), {}], "its body is not that of a task"),
    (OURS, [[], "x", {}], "its body is not that of a task"),
    (OURS, [[], written(TURN), 7], "its body is not that of a task"),
    (OURS, [[], written(TURN), {"callbacks": [{"task": "x"}]}], "tasks that follow"),
    (OURS, [[], written(TURN), {"chord": {"task": "x"}}], "tasks that follow"),
    ({**OURS, "eta": "2099-01-01T00:00:00+00:00"}, BODY, "what no turn needs: eta"),
    ({**OURS, "expires": "rubbish"}, BODY, "what no turn needs: expires"),
    ({**OURS, "timelimit": [0.001, 0.001]}, BODY, "what no turn needs: timelimit"),
    ({**OURS, "task": "os.system"}, BODY, "another task"),
    ({"id": "a"}, BODY, "another task"),
    ({**OURS, "id": {"a": 1}}, BODY, "no id"),
    ({"task": TASK}, BODY, "no id"),
]
BAD: list[dict[str, Any]] = [
    {"account": "nor\0th"},
    {"account": "north\n"},
    {"account": "\ud800"},
    {"account": "../north"},
    {"account": "n" * 41},
    {"slot": 10**30},
    {"slot": -1},
    {"token": "\0"},
    {"token": "t" * 65},
]
"""Members that no database has to be asked about."""


@pytest.mark.parametrize("bad", BAD)
def test_names_that_no_account_has_are_not_asked_for(bad: dict[str, Any]) -> None:
    """The message cannot be read, as one of another version."""
    assert not isinstance(understood(written(TURN)), str)
    assert "it is no message of version" in str(understood(written(TURN) | bad))


@pytest.mark.parametrize(("headers", "body", "why"), STRANGE)
def test_an_envelope_that_nobody_here_sends_is_told_apart(headers: dict[str, Any], body: object, why: str) -> None:
    """Ours is not strange, nor is one without what Celery leaves out."""
    assert why in str(strange(TASK, headers, body))
    assert strange(TASK, OURS, BODY) is None
    assert strange(TASK, {"task": TASK, "id": "a"}, [[], {}, None]) is None
    assert strange(TASK, None, BODY) is not None


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Fleet, str]]:
    """One account, and a virtual host at the real broker."""
    with virtual_host() as broker, fleet(tmp_path, "north", CONNECTEAM_SYNC_EXECUTOR="celery") as found:
        found.environment["CONNECTEAM_SYNC_BROKER_URL"] = broker
        yield found, broker


def test_no_message_ends_a_worker(site: tuple[Fleet, str]) -> None:
    """All of them lie among the dead letters, and the account is looked at as ever, by the same worker."""
    one, broker = site
    with one.process("serve", "--json", "--port", "0") as serve, one.process("worker", "--json") as worker:
        announced(serve)
        announced(worker)
        until(lambda: one.looked("north"), one)
        queue = QUEUES[Priority.CADENCE]
        sent = [(headers, body) for headers, body, _ in STRANGE]
        sent += [(OURS, [[], written(TURN) | bad, {}]) for bad in BAD]
        with application(broker).producer_or_acquire() as producer:
            for headers, body in sent:
                producer.publish(
                    body, exchange="connecteam-sync", routing_key=queue, serializer="json", headers=headers
                )
        until(lambda: lying(broker) == len(sent), one)
        looked = one.looked("north")
        until(lambda: one.looked("north") > looked, one)
        assert worker.poll() is None, one.errors()


def lying(broker: str) -> int:
    """How many dead letters there are. Reading them again and again would have the broker drop them."""
    with application(broker).connection_for_read() as connection, connection.channel() as channel:
        return int(channel.queue_declare(DEAD, passive=True).message_count)
