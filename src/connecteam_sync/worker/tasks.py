"""The worker: processes that do turns, and one that says that they are there."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from celery import Celery, signals
from celery.exceptions import Reject
from kombu.exceptions import OperationalError

from connecteam_sync.config import Settings
from connecteam_sync.core.fleet import Worker
from connecteam_sync.errors import ConnecteamSyncError, NotInitialised
from connecteam_sync.service.turns import TurnRunner
from connecteam_sync.service.units import attempted
from connecteam_sync.store.control.database import ControlDatabase
from connecteam_sync.store.control.workers import Workers
from connecteam_sync.version import __version__
from connecteam_sync.worker.app import DEAD, QUEUES, TASK, dead_letters
from connecteam_sync.worker.lines import OfAccount
from connecteam_sync.worker.message import understood

_BEAT = 10.0
_PATIENCE = 5.0
_LOOKS_EVERY = 1.0
"""Seconds between two looks whether the control database has tables of this version, before anything was begun."""
_ELSEWHERE = 3.0
"""Seconds until a message that this worker must not do goes back to its queue: meanwhile others are free for it."""
_OTHER = -1.0


class FleetWorker:
    """`concurrency` processes that read the queues of `app`, while the control database has tables of this version;
    else they wait, and say so. `load` gives the settings of an account, and raises
    ConfigurationError; `tell` is given what a person has to know, and `begun` its id once it reads the queues.
    """

    def __init__(
        self,
        app: Celery,
        control_url: str,
        load: Callable[[str], Settings],
        *,
        concurrency: int,
        tell: Callable[[str], None],
        begun: Callable[[str], None],
    ) -> None:
        self._app, self._control_url, self._load, self._tell = app, control_url, load, tell
        self._begun = begun
        host, pid = socket.gethostname(), os.getpid()
        self._me = Worker(
            id=f"{host}:{pid}",
            host=host,
            pid=pid,
            version=__version__,
            slots=concurrency,
            began_at=0,
            beat_at=0,
        )
        # Processes are forked from this one, and share it.
        self._stop = multiprocessing.get_context("fork").Event()
        self._runner: TurnRunner | None = None
        self._lines = OfAccount()
        self._worker: Any = None
        self._reads, self._trouble = True, ""
        self._ended = threading.Event()
        self._beats = threading.Thread(target=self._beat_until_the_end, name="beats", daemon=True)
        app.task(name=TASK, bind=False)(self._turn)
        app.finalize()

    def run(self) -> int:
        """Work until SIGTERM or Ctrl-C, and end after what is in hand; the exit code.

        Raises ConfigurationError, DatabaseError.
        """
        if not self._waits_for_its_tables():
            return 0
        signals.worker_ready.connect(self._begin, weak=False)
        signals.worker_shutting_down.connect(self._stopping, weak=False)
        signals.worker_process_shutdown.connect(self._process_ends, weak=False)
        logging.getLogger("connecteam_sync").addFilter(self._lines)
        logging.getLogger("celery").setLevel(logging.WARNING)
        # A message that goes back to its queue is nothing to tell, least of all with a traceback.
        logging.getLogger("celery.app.trace").setLevel(logging.ERROR)
        worker = self._worker = self._app.Worker(
            concurrency=self._me.slots,
            pool_cls="prefork",
            queues=list(QUEUES.values()),
            hostname=f"connecteam-sync-{self._me.pid}@{self._me.host}",
            loglevel="WARNING",
            without_gossip=True,
            without_mingle=True,
            quiet=True,
        )
        try:
            worker.start()
        finally:
            self._ended.set()
            if self._beats.is_alive():
                self._beats.join(_PATIENCE)
        return int(worker.exitcode or 0)

    def _waits_for_its_tables(self) -> bool:
        """Wait while the control database has tables of another version; False if the worker is to end."""
        control, said, told = ControlDatabase(self._control_url), "", threading.Event()
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(number, lambda *_: told.set()) for number in numbers]
        try:
            while not told.is_set():
                try:
                    control.init()
                except NotInitialised as error:
                    if error.message != said:
                        self._tell(f"{error.message}; this worker waits until they fit; {error.next_step}")
                    said = error.message
                    told.wait(_LOOKS_EVERY)
                else:
                    return True
            return False
        finally:
            control.close()
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)

    # -- in this process ----------------------------------------------------------------------------------------------

    def _begin(self, **_: Any) -> None:  # noqa: ANN401 - as Celery calls it
        self._beats.start()
        self._begun(self._me.id)

    def _stopping(self, **_: Any) -> None:  # noqa: ANN401 - as Celery calls it
        """What is in hand ends between two slices."""
        self._stop.set()

    def _beat_until_the_end(self) -> None:
        control = ControlDatabase(self._control_url)

        def beat() -> float:
            with control.writing("saying that a worker is there") as connection:
                control.require_version(connection)
                Workers(control.dialect).beat(connection, self._me)
            self._read_queues(True)
            if self._trouble:
                self._tell("this worker works again")
            self._trouble = ""
            return _BEAT

        while not self._ended.wait(attempted(beat, self._beat_failed)):
            pass
        attempted(lambda: self._leave(control), lambda _: 0.0)
        control.close()

    def _beat_failed(self, error: Exception) -> float:
        said = error.message if isinstance(error, ConnecteamSyncError) else type(error).__name__
        if isinstance(error, NotInitialised):
            self._read_queues(False)
            said = f"{said}; this worker takes no more turns until they fit; {error.next_step}"
        if said != self._trouble:
            self._tell(said)
        self._trouble = said
        return _BEAT

    def _read_queues(self, reads: bool) -> None:  # noqa: FBT001 - the one thing that it is about
        """Have the queues read, or leave all messages to others. Celery does it between two events of its loop."""
        consumer = self._worker.consumer
        if reads != self._reads and consumer is not None:
            self._reads = reads
            for name in QUEUES.values():
                consumer.call_soon(consumer.add_task_queue if reads else consumer.cancel_task_queue, name)

    def _leave(self, control: ControlDatabase) -> float:
        with control.writing("saying that a worker ends") as connection:
            Workers(control.dialect).leave(connection, self._me.id)
        return 0.0

    # -- in each process that works -----------------------------------------------------------------------------------

    def _turn(self, *words: Any, **members: Any) -> None:  # noqa: ANN401 - whatever a message says
        """One turn. Where the control database does not answer, its lease runs out, and somebody else has it."""
        message = understood(members)
        if isinstance(message, str):
            self._put_with_the_dead({"args": words, "kwargs": members}, message)
            return
        account, slot, token = message.account, message.slot, message.token
        with self._lines.about(account):
            done = attempted(
                lambda: float(self._runner_here().run(account, slot, token)),
                lambda error: self._turn_failed(account, error),
            )
        if done == _OTHER:
            time.sleep(_ELSEWHERE)
            raise Reject(requeue=True)

    def _turn_failed(self, account: str, error: Exception) -> float:
        """What the process that says that the worker is there tells of other versions is enough."""
        if isinstance(error, NotInitialised):
            return _OTHER
        said = error.message if isinstance(error, ConnecteamSyncError) else type(error).__name__
        self._tell(f"account {account}: {said}")
        return 0.0

    def _put_with_the_dead(self, said: dict[str, Any], reason: str) -> None:
        """Keep a message that cannot be read, with the reason, for people to look at."""
        self._tell(f"a message cannot be read: {reason}; it is in {DEAD}, and its turn is given out again")
        try:
            with self._app.producer_or_acquire() as producer:
                producer.publish(
                    said,
                    exchange="",
                    routing_key=DEAD,
                    declare=[dead_letters()],
                    headers={"reason": reason},
                    serializer="json",
                    retry=False,
                )
        except (OperationalError, OSError) as error:
            raise Reject(requeue=True) from error

    def _runner_here(self) -> TurnRunner:
        if self._runner is None:
            control = ControlDatabase(self._control_url)
            self._runner = TurnRunner(control, self._load, stop=self._stop, tell=self._tell, holder=self._me.id)
            self._runner.begin()
        return self._runner

    def _process_ends(self, **_: Any) -> None:  # noqa: ANN401 - as Celery calls it
        if self._runner is not None:
            self._runner.close()
