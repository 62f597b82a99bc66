"""Loaded by each process of the virtual day as it starts: it counts what the process sends, and times it where asked.

FLEET_COUNTS is a folder: each process writes there every two seconds how many statements, commits and connections each
database had from it. FLEET_PROFILE is a folder: a worker's process profiles its turns, and writes them there.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

_EVERY = 2.0
_COLD = 30
"""Turns of a process before they are profiled: by then it has what it keeps."""


def count(folder: Path) -> None:
    """Count statements, commits and connections by database."""
    from sqlalchemy import Engine, event  # noqa: PLC0415 - only what a process needs

    found: Counter[str] = Counter()

    def of(connection: Any) -> str:  # noqa: ANN401 - SQLAlchemy's connection
        return "control" if "control" in str(connection.engine.url.database) else "accounts"

    def seen(connection: Any, *_: object) -> None:  # noqa: ANN401 - SQLAlchemy's connection
        found[f"{of(connection)} statements"] += 1

    def ended(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's connection
        found[f"{of(connection)} transactions"] += 1

    event.listen(Engine, "after_cursor_execute", seen)
    event.listen(Engine, "commit", ended)
    event.listen(Engine, "rollback", ended)
    event.listen(Engine, "connect", lambda *_: found.update(("connections",)))

    def write() -> None:
        while True:
            time.sleep(_EVERY)
            part = folder / f"{os.getpid()}.part"
            part.write_text(json.dumps(found))
            part.replace(folder / f"{os.getpid()}.json")

    def begin() -> None:
        found.clear()
        threading.Thread(target=write, daemon=True).start()

    os.register_at_fork(after_in_child=begin)
    begin()


def profile(folder: Path) -> None:
    """Profile the turns of this process; the file is written anew after every fifth."""
    import cProfile  # noqa: PLC0415 - only what a process needs

    from connecteam_sync.service.turns import TurnRunner  # noqa: PLC0415 - only what a process needs

    run, made, turns = TurnRunner.run, cProfile.Profile(), Counter[str]()

    def profiled(self: TurnRunner, account: str, slot: int, token: str) -> bool:
        if turns["all"] < _COLD:
            turns["all"] += 1
            return run(self, account, slot, token)
        try:
            return made.runcall(run, self, account, slot, token)
        finally:
            turns["all"] += 1
            if turns["all"] % 5 == 0:
                made.dump_stats(folder / f"{os.getpid()}.prof")

    TurnRunner.run = profiled  # type: ignore[method-assign]


if said := os.environ.get("FLEET_COUNTS"):
    count(Path(said))
if said := os.environ.get("FLEET_PROFILE"):
    profile(Path(said))
