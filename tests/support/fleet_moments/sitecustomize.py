"""Loaded by each process of the fleet's failure matrix as it starts: it ends, or sleeps, at a named moment.

The moments are those of SQLAlchemy, of the HTTP client and of the broker's client; nothing of the program is replaced
but the length of a lease. FLEET_MOMENT is `stage:before|after:how:nth`: `how` is one of ACTS, and the nth passing of
the stage counts. When that was is written to FLEET_MARK, in seconds of the real clock. FLEET_LEASE are the seconds of a
lease, FLEET_CLOCK those by which this process's clock is wrong.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STATEMENTS = {
    "claim": "UPDATE connecteam_fleet_turns SET due_at",
    "take": "UPDATE connecteam_fleet_turns SET taken_at",
    "finish": "done = done + 1",
    "reserve": "next_ms = CASE",
    "write": "clock_times",
    "note": "last_good = ",
}
"""What the statements have in common whose commit is a stage, but those that only read."""
ACTS = {"kill": signal.SIGKILL, "kill-child": signal.SIGKILL, "stop": signal.SIGSTOP}
real_time = time.time


class Moment:
    """What a process does at its moment, once."""

    def __init__(self, said: str, mark: Path) -> None:
        self.stage, self.when, self.how, nth = said.split(":")
        self._left = int(nth)
        self._mark, self._seen = mark, threading.local()

    def pass_by(self, stage: str, when: str) -> None:
        """Pass a moment; another process may have acted before."""
        if (stage, when) != (self.stage, self.when):
            return
        self._left -= 1
        if self._left > 0:
            return
        try:
            file = os.open(self._mark, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return
        os.write(file, str(real_time()).encode())
        os.close(file)
        if self.how == "kill-child":
            os.kill(os.getpid(), ACTS[self.how])
        else:
            os.killpg(os.getpgid(0), ACTS[self.how])
            time.sleep(0.2)  # the others of the group are signalled one by one: this one may still run for a moment

    def around(self, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """A call with a moment before it, and one after it."""

        def passing(*words: Any, **more: Any) -> Any:  # noqa: ANN401 - any call
            self.pass_by(stage, "before")
            found = call(*words, **more)
            self.pass_by(stage, "after")
            return found

        return passing

    def watch(self) -> None:
        """Have the moments come by here."""
        if self.stage in STATEMENTS:
            self._watch_commits()
        elif self.stage == "look":
            import httpx2  # noqa: PLC0415 - only what a process needs

            send, around = httpx2.Client.send, self.around("look", httpx2.Client.send)
            httpx2.Client.send = lambda client, request, **more: (  # type: ignore[method-assign]
                around if "time-activities" in str(request.url) else send
            )(client, request, **more)
        else:
            import amqp  # noqa: PLC0415 - only what a process needs

            name = {"publish": "basic_publish_confirm", "ack": "basic_ack"}[self.stage]
            setattr(amqp.Channel, name, self.around(self.stage, getattr(amqp.Channel, name)))

    def _watch_commits(self) -> None:
        from sqlalchemy import Engine, event  # noqa: PLC0415 - only what a process needs
        from sqlalchemy.engine.default import DefaultDialect  # noqa: PLC0415 - only what a process needs

        words = STATEMENTS[self.stage]

        def seen(_: object, __: object, statement: str, *___: object) -> None:
            if words in statement and not statement.lstrip().upper().startswith("SELECT"):
                self._seen.stage = self.stage

        event.listen(Engine, "after_cursor_execute", seen)
        commit, rollback = DefaultDialect.do_commit, DefaultDialect.do_rollback

        def do_commit(dialect: DefaultDialect, connection: Any) -> None:  # noqa: ANN401 - a driver's own connection
            stage = self._seen.__dict__.pop("stage", "")
            self.pass_by(stage, "before")
            commit(dialect, connection)  # type: ignore[no-untyped-call]
            self.pass_by(stage, "after")

        def do_rollback(dialect: DefaultDialect, connection: Any) -> None:  # noqa: ANN401 - a driver's own connection
            self._seen.__dict__.clear()
            rollback(dialect, connection)  # type: ignore[no-untyped-call]

        DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]
        DefaultDialect.do_rollback = do_rollback  # type: ignore[method-assign]


def begin() -> None:
    """Do what the environment says."""
    if seconds := os.environ.get("FLEET_LEASE"):
        from connecteam_sync.service import clock  # noqa: PLC0415 - only what a process needs

        clock.LEASE = int(seconds)
    if wrong := os.environ.get("FLEET_CLOCK"):
        import time_machine  # noqa: PLC0415 - only what a process needs

        time_machine.travel(time.time() + int(wrong), tick=True).start()
    if said := os.environ.get("FLEET_MOMENT"):
        Moment(said, Path(os.environ["FLEET_MARK"])).watch()


begin()
