"""The fleet, for people and for programs."""

from __future__ import annotations

from connecteam_sync.core.fleet import FleetState, Worker
from connecteam_sync.core.text import many, of_account
from connecteam_sync.present import json_shapes

_LOOK = "connecteam-sync doctor"
"""The next step for an account whose turns fail: it names what a run lacks."""
_BY_THREADS = "there are no workers, and none is needed: threads of serve do the turns (CONNECTEAM_SYNC_EXECUTOR)"


def fleet_json(state: FleetState) -> json_shapes.Json:
    """The workers, and what waits for them."""
    return {
        "workers": [_worker_json(one) for one in state.workers],
        "due": state.waiting.due,
        "due_seconds_max": state.waiting.seconds,
        "leases_lost": state.waiting.lost,
        "versions": list(state.versions),
        "put_aside": [
            {
                "account": one.account,
                "seconds": one.seconds,
                "since": json_shapes.instant(one.since),
                "message": one.message,
                "next_step": of_account(one.next_step, one.account),
            }
            for one in state.aside
        ],
        "failing": [
            {
                "account": one.account,
                "failures": one.failures,
                "message": one.error or "",
                "next_step": of_account(_LOOK, one.account),
            }
            for one in state.failing
        ],
    }


def fleet_lines(state: FleetState, *, is_by_threads: bool = False) -> list[str]:
    """A line for each worker; what waits; each account that is put aside, or whose turns fail, with its error.

    `is_by_threads`: threads of `serve` do the turns, so that no worker is missing.
    """
    none = _BY_THREADS if is_by_threads else "no worker gives a sign"
    lines = [_worker_line(one) for one in state.workers] or [none]
    if state.waiting.due:
        lines.append(f"{many(state.waiting.due, 'turn')} due, the longest for {state.waiting.seconds} s")
    if len(state.versions) > 1:
        lines.append(f"workers of several versions: {', '.join(state.versions)}; next: upgrade those that are behind")
    for one in state.aside:
        lines += [f"account {one.account}: {one.message}", f"  next: {of_account(one.next_step, one.account)}"]
    for turn in state.failing:
        lines += [f"account {turn.account}: {turn.error}", f"  next: {of_account(_LOOK, turn.account)}"]
    return lines


def _worker_json(one: Worker) -> json_shapes.Json:
    return {
        "id": one.id,
        "host": one.host,
        "pid": one.pid,
        "version": one.version,
        "slots": one.slots,
        "began_at": json_shapes.instant(one.began_at),
        "beat_at": json_shapes.instant(one.beat_at),
        "is_alive": one.is_alive,
        "running": list(one.running),
    }


def _worker_line(one: Worker) -> str:
    does = ", ".join(one.running) or "nothing in hand"
    sign = "" if one.is_alive else "; gives no sign any more"
    return f"{one.host}  pid {one.pid}, version {one.version}, {many(one.slots, 'turn')} at a time: {does}{sign}"
