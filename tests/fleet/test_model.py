"""The fleet's protocol, checked in every order of its steps: docs/model/*.pml by spin. `make model` prints the figures.

Each property holds in the whole state space, and each planted flaw is found. Needs Debian's packages spin and gcc.
"""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest

from connecteam_sync.store.control.budgets import Budgets
from connecteam_sync.store.control.turns import Turns
from support.assertion_counts import tell

MODELS = Path(__file__).parent.parent.parent / "docs" / "model"
MISSING = [name for name in ("spin", "gcc") if shutil.which(name) is None]
needs_spin = pytest.mark.skipif(
    bool(MISSING), reason=f"NOT TESTED: the fleet's model, without {' and '.join(MISSING)} (Debian has both)"
)
SAFETY = "safety"
CHECKS = (
    ("turns", SAFETY, ()),
    ("turns", SAFETY, ("CADENCE",)),
    ("turns", "bells_are_heard", ()),
    ("turns", "turns_go_on", ("CADENCE",)),
    ("budget", SAFETY, ()),
    ("budget", SAFETY, ("LIMIT=12",)),
)
FLAWS = (
    ("turns", SAFETY, "FLAW_CLAIM_IN_TWO_STEPS", ()),
    ("turns", SAFETY, "FLAW_UNDER_ANY_TOKEN", ()),
    ("turns", SAFETY, "FLAW_TAKE_TWICE", ()),
    ("turns", SAFETY, "FLAW_COMMIT_WHATEVER_IS_NEWER", ()),
    ("turns", "bells_are_heard", "FLAW_FINISH_FORGETS_A_CALL", ()),
    ("turns", "bells_are_heard", "FLAW_REST_WITHOUT_BELLS", ()),
    ("turns", "bells_are_heard", "FLAW_CALL_BEFORE_THE_RECORD", ()),
    ("turns", "turns_go_on", "FLAW_PUT_ASIDE_FOR_EVER", ("CADENCE",)),
    ("budget", SAFETY, "FLAW_RESERVE_IN_TWO_STEPS", ()),
    ("budget", SAFETY, "FLAW_NOTE_WHATEVER_COMES", ()),
    ("budget", SAFETY, "FLAW_GIVE_BACK_WHAT_WAS_MADE", ()),
)


def run(folder: Path, *words: str) -> str:
    """What a program prints."""
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, timeout=300)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def checked(folder: Path, model: str, prop: str, *defined: str) -> tuple[int, int]:
    """How many errors an exhaustive search finds, at most one, and in how many states."""
    defines = [f"-D{name}" for name in defined]
    shutil.copy(MODELS / f"{model}.pml", folder / "model.pml")
    run(folder, "spin", *defines, "-a", "model.pml")
    how = ["-DSAFETY", "-DNOCLAIM"] if prop == SAFETY else ["-DNFAIR=3"]
    run(folder, "gcc", "-O2", "-w", *how, "-o", "pan", "pan.c")
    told = run(folder, "./pan", "-m100000", *(() if prop == SAFETY else ("-a", "-f", "-N", prop)))
    # Spin says so where a search was cut off: then nothing is proven.
    assert "max search depth too small" not in told
    assert "out of memory" not in told
    assert "invalid end state (" not in told
    assert "(new<=" not in told  # too few tokens: the flaw that was found would be the model's own
    errors, states = re.search(r"errors: (\d+)", told), re.search(r"(\d\S*) states, stored", told)
    assert errors is not None, told
    assert states is not None, told
    return int(errors[1]), int(float(states[1]))


@needs_spin
@pytest.mark.parametrize(("model", "prop", "defined"), CHECKS, ids=lambda value: str(value) or "plain")
def test_the_protocol_holds_in_every_order(model: str, prop: str, defined: tuple[str, ...], tmp_path: Path) -> None:
    """Whoever is killed, sleeps or hears twice."""
    began = time.monotonic()
    errors, states = checked(tmp_path, model, prop, *defined)
    tell(f"{model} {prop} {' '.join(defined)}: {states:,} states in {time.monotonic() - began:.1f} s", Counter())
    assert errors == 0
    assert states > 100


@needs_spin
@pytest.mark.parametrize(("model", "prop", "flaw", "defined"), FLAWS, ids=lambda value: str(value) or "plain")
def test_a_flaw_is_found(model: str, prop: str, flaw: str, defined: tuple[str, ...], tmp_path: Path) -> None:
    """A protocol with one mistake in it breaks its property: the model is able to tell."""
    errors, _ = checked(tmp_path, model, prop, flaw, *defined)
    assert errors == 1


def test_every_planted_flaw_is_tried() -> None:
    """None stands in a model that no test looks for."""
    planted = {
        (path.stem, name) for path in MODELS.glob("*.pml") for name in re.findall(r"FLAW_[A-Z_]+", path.read_text())
    }
    assert {(model, flaw) for model, _, flaw, _ in FLAWS} == planted - {("turns", "FLAW_"), ("budget", "FLAW_")}


@pytest.mark.parametrize("model", ["turns", "budget"])
def test_the_steps_are_those_of_the_code(model: str) -> None:
    """Each step of the model names a method that exists."""
    named = re.findall(r"/\* is: (\S+) \*/", (MODELS / f"{model}.pml").read_text())
    assert len(named) >= 3
    for name in named:
        module, kind, method = name.rsplit(".", 2)
        assert callable(getattr(getattr(importlib.import_module(module), kind), method)), name


def test_whatever_changes_a_turn_is_in_the_model() -> None:
    """A new step of the protocol has to be thought through there; those named here are a person's, or only read."""
    text = "".join(path.read_text() for path in MODELS.glob("*.pml"))
    named = set(re.findall(r"/\* is: \S+\.(?:Turns|Budgets)\.(\w+) \*/", text))
    steps = {name for kind in (Turns, Budgets) for name in vars(kind) if not name.startswith("_")}
    assert steps - named == {"all", "aside", "enrol", "known", "resume", "waiting", "left"}
