"""The Celery application. Its settings are part of the design: the defaults lose work, or freeze it.

Each priority has a durable quorum queue. A message is confirmed when the broker has it, acknowledged when the turn is
done, and delivered again if its worker dies, a few times at most; then it lies among the dead letters, as does one that
nobody can read. Nobody needs it there: the turn's lease runs out, and it is given out again. There is no message that
waits for its time: what is due, and when, is in the control database.
"""

from __future__ import annotations

from celery import Celery
from kombu import Exchange, Queue

from connecteam_sync.core.fleet import Priority

PREFIX = "connecteam-sync."
DEAD = f"{PREFIX}dead"
TASK = f"{PREFIX}turn"
_DELIVERIES = 5
_SILENCE = 10
"""Seconds that the broker may take to answer."""
_MOST_DEAD = 10_000
QUEUES = {
    Priority.BELL: f"{PREFIX}bell",
    Priority.PERIOD: f"{PREFIX}open-period",
    Priority.CADENCE: f"{PREFIX}cadence",
    Priority.BACKFILL: f"{PREFIX}backfill",
}
"""The queue of each priority."""


def queues() -> tuple[Queue, ...]:
    """Every queue that a worker reads, the most urgent first."""
    exchange = Exchange("connecteam-sync", type="direct", durable=True)
    arguments = {
        "x-queue-type": "quorum",
        "x-delivery-limit": _DELIVERIES,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": DEAD,
    }
    return tuple(
        Queue(name, exchange, routing_key=name, durable=True, queue_arguments=arguments) for name in QUEUES.values()
    )


def dead_letters() -> Queue:
    """The queue of messages that no worker could finish or read; of too many the oldest go."""
    arguments = {"x-queue-type": "quorum", "x-max-length": _MOST_DEAD, "x-overflow": "drop-head"}
    return Queue(DEAD, Exchange(""), routing_key=DEAD, durable=True, queue_arguments=arguments)


def application(broker_url: str) -> Celery:
    """The application of one broker; a virtual host in its address is honoured. Connects to nothing yet."""
    app = Celery("connecteam-sync", broker=broker_url, set_as_current=False)
    app.conf.update(
        task_queues=queues(),
        task_default_queue=QUEUES[Priority.CADENCE],
        task_default_queue_type="quorum",
        task_default_exchange="connecteam-sync",
        task_default_exchange_type="direct",
        task_default_routing_key=QUEUES[Priority.CADENCE],
        task_create_missing_queues=False,
        task_acks_late=True,
        task_acks_on_failure_or_timeout=False,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_store_errors_even_if_ignored=False,
        task_serializer="json",
        accept_content=["json"],
        result_backend=None,
        worker_prefetch_multiplier=1,
        worker_consumer="connecteam_sync.worker.consumer:PlainConsumer",
        # Commands from whoever reaches the broker, in queues of their own kind: none are taken.
        worker_enable_remote_control=False,
        worker_send_task_events=True,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_soft_shutdown_timeout=0.0,
        broker_connection_retry=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_heartbeat=10,
        # Whoever waits for a word of the broker waits for no longer: a line may fall silent without breaking.
        broker_transport_options={"confirm_publish": True, "read_timeout": _SILENCE, "write_timeout": _SILENCE},
        enable_utc=True,
    )
    return app
