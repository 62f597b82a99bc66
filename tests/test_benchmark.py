"""The benchmark's own parts: a company and its truth, and the relay that counts."""

from __future__ import annotations

import json
import socket
import threading
import time
from pathlib import Path

import pytest
from company import CLOCK, write
from relay import Relay
from upstream import file_of


def test_answers_and_truth_agree(tmp_path: Path) -> None:
    """What the bodies tell, without padding, breaks and exact duplicates, is the truth; the changes are as promised."""
    manifest = write(500, tmp_path)
    assert (manifest.changed_clock_outs, manifest.new, manifest.deleted, manifest.corrected_clock_ins) == (5, 2, 1, 1)
    first, last = manifest.windows[0]
    target = f"/time-clock/v1/time-clocks/{CLOCK}/time-activities?endDate={last}&startDate={first}"
    for state, rows in (("before", manifest.rows_before), ("after", manifest.rows_after)):
        body = json.loads((tmp_path / state / file_of(target)).read_bytes())
        people = body["data"]["timeActivitiesByUsers"]
        told = [
            (p["userId"], s["start"]["timestamp"], s.get("end", {}).get("timestamp"))
            for p in people
            for s in p["shifts"]
        ]
        truth = json.loads((tmp_path / f"truth-{state}.json").read_bytes())
        inside = [row for row in told if manifest.start_utc <= row[1] < manifest.end_utc]
        assert {tuple(row[:3]) for row in truth} == set(inside)
        assert len(truth) == rows == len(inside) - manifest.duplicates
        assert len({tuple(row[:2]) for row in truth}) == rows
    assert len(people) == manifest.people


@pytest.mark.parametrize("delay", [0, 0.02])
def test_the_relay_counts_turn_arounds_and_delays_them(delay: float) -> None:
    """A connection is one round trip; what is sent in parts is one; the answers come back whole and late."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            for line in connection.makefile("rb"):
                connection.sendall(line.upper())

    threading.Thread(target=answer, daemon=True).start()
    with Relay("127.0.0.1", listener.getsockname()[1]) as relay, listener:
        relay.start(delay)
        began = time.monotonic()
        with socket.create_connection(("127.0.0.1", relay.port)) as client:
            client.sendall(b"a\n")
            assert client.recv(10) == b"A\n"
            client.sendall(b"b")
            client.sendall(b"c\n")
            assert client.recv(10) == b"BC\n"
        took = time.monotonic() - began
        assert took >= 3 * delay
        assert relay.counts() == (3, 5, 5)
