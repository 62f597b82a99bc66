"""What an exit code of connecteam-sync asks of a scheduler. Put this file beside your flows; it needs nothing else."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

Outcome = Literal["done", "warn", "again", "failed"]
SECONDS = 900


class Ran(NamedTuple):
    """One command: what to do about it, its exit code, and the object that it answered with (None: it answered none)."""

    outcome: Outcome
    code: int
    answer: dict[str, Any] | None

    @property
    def text(self) -> str:
        """For a log. It has no names: the answer itself, which has some, stays out of it."""
        found = self.answer or {}
        known = {name: found[name] for name in ("run", "status", "error", "counts") if name in found}
        return f"connecteam-sync ended with {self.code}: {json.dumps(known)}"


def outcome(code: int, answer: Mapping[str, Any] | None) -> Outcome:
    """6 and 75 are tried again, and 1 if the answer says that it is worth it; 3 warns; all else but 0 has failed."""
    if code in {6, 75} or (code == 1 and answer is not None and answer.get("retryable") is True):
        return "again"
    return {0: "done", 3: "warn"}.get(code, "failed")  # type: ignore[return-value]


def run(
    *words: str, command: Sequence[str] = ("connecteam-sync",), environment: Mapping[str, str] | None = None
) -> Ran:
    """Run the command with these words and --json. One that takes longer than a quarter of an hour is tried again."""
    try:
        done = subprocess.run(
            [*command, *words, "--json"], capture_output=True, text=True, check=False, timeout=SECONDS, env=environment
        )
    except subprocess.TimeoutExpired:
        return Ran("again", -1, None)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = None
    return Ran(outcome(done.returncode, answer if isinstance(answer, dict) else None), done.returncode, answer)
