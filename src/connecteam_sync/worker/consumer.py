"""Celery's consumer without what would wait for a time: Celery adds it wherever it sees quorum queues.

A message whose body is no JSON goes to the dead letters, as one of an unknown kind does; Celery's own would lose it,
and an envelope that it cannot unpack would end the worker, and the next one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, ClassVar

from celery.worker.consumer import Consumer
from kombu.exceptions import ContentDisallowed, DecodeError

from connecteam_sync.worker.app import TASK
from connecteam_sync.worker.message import strange

_log = logging.getLogger("celery.worker")
_DELAYED = "celery.worker.consumer.delayed_delivery:DelayedDelivery"


class PlainConsumer(Consumer):  # type: ignore[misc]
    """No queues for delayed messages, some thirty of them, are declared: this program sends none."""

    class Blueprint(Consumer.Blueprint):  # type: ignore[misc]
        """The parts of a consumer."""

        default_steps: ClassVar[list[str]] = [step for step in Consumer.Blueprint.default_steps if step != _DELAYED]

    def create_task_handler(self, *args: Any, **options: Any) -> Callable[[Any], object]:  # noqa: ANN401 - as Celery calls it
        """What is done with a message: only envelopes that `serve` sends reach Celery."""
        received = super().create_task_handler(*args, **options)

        def only_ours(message: Any) -> object:  # noqa: ANN401 - as Celery calls it
            try:
                why = strange(TASK, message.headers, message.payload)
            except (ContentDisallowed, DecodeError) as error:
                self.on_decode_error(message, error)
                return None
            if why is None:
                return received(message)
            _log.critical("a message is not of this program (%s): it is among the dead letters", why)
            return message.reject()

        return only_ours

    def on_decode_error(self, message: Any, exc: Exception) -> None:  # noqa: ANN401 - as Celery calls it
        """Leave it to the broker, which puts it among the dead letters."""
        _log.critical("a message cannot be read (%s): it is among the dead letters", type(exc).__name__)
        message.reject()
