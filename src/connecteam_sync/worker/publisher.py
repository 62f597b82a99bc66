"""Gives out turns by way of the broker."""

from __future__ import annotations

from contextlib import suppress

from amqp.exceptions import AMQPError, MessageNacked
from celery import Celery
from kombu import Connection, Producer
from kombu.exceptions import OperationalError

from connecteam_sync.core.fleet import Priority, Turn, Waiting
from connecteam_sync.errors import BrokerUnavailable
from connecteam_sync.store.control.database import ControlDatabase
from connecteam_sync.store.control.workers import Workers
from connecteam_sync.worker.app import QUEUES, TASK, dead_letters
from connecteam_sync.worker.message import written

_AHEAD = 2
"""Turns that are given out for each that the workers can do at a time: they never wait for the next message."""
_PATIENCE = 10.0
"""Seconds within which the broker confirms a message. A line that has fallen silent would keep one for ever."""
_SENDING = {"retry": False, "timeout": _PATIENCE, "confirm_timeout": _PATIENCE}
_TROUBLE = (OperationalError, OSError, AMQPError, MessageNacked)


class BrokerHands:
    """Workers that read the broker's queues. What is published and never done is given out again by its lease.

    It has a connection of its own, which is given up whenever anything fails on it.
    """

    def __init__(self, app: Celery, control: ControlDatabase) -> None:
        self._app, self._control = app, control
        self._producer: Producer | None = None

    def free(self, waiting: Waiting) -> int:
        """As many as the workers that give signs can begin soon. Raises DatabaseError, LockHeld."""
        with self._control.writing("counting the workers") as connection:
            slots = Workers(self._control.dialect).slots(connection)
        return max(0, _AHEAD * slots - waiting.given_out)

    def give(self, turn: Turn) -> None:
        """Publish a turn, and wait until the broker has it. Raises BrokerUnavailable."""
        try:
            self._producer = self._producer or self._connected()
            self._app.send_task(
                TASK,
                kwargs=written(turn),
                queue=QUEUES[Priority(turn.priority)],
                producer=self._producer,
                **_SENDING,
            )
        except _TROUBLE as error:
            self._give_up()
            raise BrokerUnavailable(
                f"the broker does not answer ({type(error).__name__})",
                next_step="see whether RabbitMQ runs, and CONNECTEAM_SYNC_BROKER_URL",
            ) from error

    def _connected(self) -> Producer:
        """A new connection, on which every queue is declared: the broker may have lost them."""
        connection: Connection = self._app.connection_for_write()
        try:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=5)
            with connection.channel() as channel:
                for queue in (*self._app.conf.task_queues, dead_letters()):
                    queue(channel).declare()
            return self._app.amqp.Producer(connection, auto_declare=False)
        except _TROUBLE:
            connection.collect()
            raise

    def _give_up(self) -> None:
        """Forget the connection, without a word to whoever may not answer."""
        producer, self._producer = self._producer, None
        if producer is not None and producer.connection is not None:
            with suppress(*_TROUBLE):
                producer.connection.collect()
