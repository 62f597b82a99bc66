"""A plan is a function of its inputs: neither the hash seed of the process, nor its language, nor its zone matters."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import msgspec

from connecteam_sync.core.change import SlicePlan
from support.histories import History

LIVES = 60
PLACES = {
    "Chicago": {"PYTHONHASHSEED": "0", "LC_ALL": "C", "TZ": "America/Chicago"},
    "Tehran": {"PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8", "TZ": "Asia/Tehran"},
    "Istanbul": {"PYTHONHASHSEED": "4242", "LC_ALL": "tr_TR.UTF-8", "TZ": "Europe/Istanbul"},
    "nowhere": {"PYTHONHASHSEED": "random", "LC_ALL": "", "TZ": ""},
}


def decided() -> str:
    """A digest of every plan of some lives: fingerprints, and the plans whole."""
    digest = hashlib.sha256()

    def note(decision: SlicePlan) -> None:
        digest.update(decision.fingerprint.encode())
        digest.update(msgspec.json.encode(decision, order="deterministic"))

    for seed in range(LIVES):
        History(seed, on_plan=note).live()
    return digest.hexdigest()


def test_a_plan_is_the_same_everywhere() -> None:
    """Other processes elsewhere decide the same, to the byte."""
    here = decided()
    command = [sys.executable, "-c", "import test_determinism as t; print(t.decided())"]
    tests = Path(__file__).parent
    path = os.pathsep.join([str(tests), str(tests.parent), os.environ.get("PYTHONPATH", "")])
    running = {
        place: subprocess.Popen(  # noqa: S603 - this very file
            command, env=os.environ | settings | {"PYTHONPATH": path}, stdout=subprocess.PIPE, text=True
        )
        for place, settings in PLACES.items()
    }
    said = {place: process.communicate()[0].strip() for place, process in running.items()}
    assert said == dict.fromkeys(PLACES, here)
