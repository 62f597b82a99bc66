"""Answers, configuration and plans that are almost right: an error in our words, or something that can be believed.

What ever failed is kept in `tests/corpus/` and runs first.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connecteam_sync.api import wire
from connecteam_sync.config import Settings as Chosen
from connecteam_sync.config import load_settings
from connecteam_sync.core.run import Plan
from connecteam_sync.engine.saved_plan import read_plan
from connecteam_sync.errors import BadAnswer, ConfigurationError
from connecteam_sync.sandbox import Company, SandboxSettings
from connecteam_sync.sandbox import answers as bodies
from connecteam_sync.sandbox.company import FIRST, WAREHOUSE

CORPUS = Path(__file__).parent.parent / "corpus"
MANY = settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
LATEST = 2**40
odd = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=300),
    st.sampled_from(
        ["", "0", "-1", "\0", "null", "é" * 400, "2025-12-01", 1_764_600_000_000, 1e308, [], {}, [[]], {"id": {}}]
    ),
    st.recursive(st.none() | st.integers(), lambda inner: st.lists(inner, max_size=3), max_leaves=5),
)


def _answer() -> dict[str, Any]:
    """A true answer of time activities."""
    company = Company(30)
    found = bodies.selected(company, SandboxSettings(), WAREHOUSE, FIRST, FIRST.replace(day=11))
    shown = bodies.by_users(company, SandboxSettings(), WAREHOUSE, found, users=None, kinds=None)
    return {"requestId": "x", "data": {"timeActivitiesByUsers": shown}}


ANSWER = _answer()


def _paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401 - any JSON
    """Where anything stands in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, item in inner for path in _paths(item, (*at, key)))]


def _changed(value: Any, path: tuple[Any, ...], new: Any, *, remove: bool) -> Any:  # noqa: ANN401 - any JSON
    """The document with another value, or none, at a place."""
    if not path:
        return new
    changed = copy.deepcopy(value)
    spot = changed
    for key in path[:-1]:
        spot = spot[key]
    if remove:
        del spot[path[-1]]
    else:
        spot[path[-1]] = new
    return changed


def _read(body: bytes) -> wire.SnapshotBuilder | None:
    """What the decoder makes of an answer; None where it refuses it in our words."""
    look = wire.SnapshotBuilder(WAREHOUSE)
    try:
        look.read(wire.decoded(body, wire.Envelope, "the clock").data, "the clock")
    except BadAnswer:
        return None
    for shift in look.shifts.values():
        assert 0 < shift.start < LATEST
        assert shift.end is None or shift.start <= shift.end < LATEST
        assert shift.id
        assert shift.id.isprintable()
    for invalid_record in look.invalid_records:
        assert invalid_record.problem
        assert "Invented Way" not in invalid_record.value
    return look


WHOLE = _read(json.dumps(ANSWER).encode())
PLACES = _paths(ANSWER)


@pytest.mark.parametrize("file", sorted((CORPUS / "answers").iterdir()), ids=lambda file: file.name)
def test_answers_of_the_corpus(file: Path) -> None:
    """What once broke the decoder, or might."""
    _read(file.read_bytes())


@MANY
@given(place=st.integers(0, len(PLACES) - 1), new=odd, remove=st.booleans())
def test_a_malformed_record_harms_only_itself(place: int, new: Any, *, remove: bool) -> None:  # noqa: ANN401 - any JSON
    """One value is wrong somewhere: all other people's shifts are read as before, or the whole answer is refused."""
    assert WHOLE is not None
    path = PLACES[place]
    try:
        body = msgspec.json.encode(_changed(ANSWER, path, new, remove=remove))
    except (msgspec.MsgspecError, OverflowError, UnicodeEncodeError):
        body = json.dumps(_changed(ANSWER, path, new, remove=remove)).encode("utf-8", "surrogatepass")
    look = _read(body)
    if look is None:
        assert len(path) <= 3, f"one record refused the whole answer: {path}"
        return
    if len(path) < 4:
        return
    person = ANSWER["data"]["timeActivitiesByUsers"][path[2]]["userId"]
    others = {name: shift for name, shift in WHOLE.shifts.items() if shift.user_id != person}
    assert {name: shift for name, shift in look.shifts.items() if shift.user_id != person and name in others} == others
    if len(path) > 5 and path[3] == "shifts":
        mine = ANSWER["data"]["timeActivitiesByUsers"][path[2]]["shifts"]
        for number, shift in enumerate(mine):
            if number != path[4] and shift["id"] != mine[path[4]]["id"]:
                assert look.shifts.get(shift["id"]) == WHOLE.shifts[shift["id"]]


@MANY
@given(cut=st.integers(0, 4000), junk=st.binary(max_size=20))
def test_a_cut_answer_is_no_answer(cut: int, junk: bytes) -> None:
    """Broken off anywhere, with anything behind."""
    body = json.dumps(ANSWER).encode()[:cut]
    assert _read(body) is None
    _read(body + junk)


# -- configuration -----------------------------------------------------------------------------------------------------


def _load(path: Path) -> None:
    try:
        found = load_settings(path, environ={})
    except ConfigurationError as error:
        said = error.next_step
    else:
        said = found.timezone
        assert found.lock_wait >= 0
        assert found.slice_days > 0
    assert said


@pytest.mark.parametrize("file", sorted((CORPUS / "config").iterdir()), ids=lambda file: file.name)
def test_configuration_of_the_corpus(file: Path) -> None:
    """What once broke the configuration, or might."""
    _load(file)


@MANY
@given(key=st.sampled_from([*Chosen.__struct_fields__, "tables.clock_times", "nonsense"]), value=odd)
def test_any_configuration_is_taken_or_named(tmp_path_factory: pytest.TempPathFactory, key: str, value: Any) -> None:  # noqa: ANN401 - any value
    """A wrong value names its key; nothing else comes out."""
    path = tmp_path_factory.getbasetemp() / "fuzz.toml"
    text = json.dumps(value) if not isinstance(value, dict) else "{}"
    path.write_text(f'timezone = "America/Chicago"\n{key} = {text}\n', encoding="utf-8", errors="replace")
    _load(path)


# -- plan files --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", sorted((CORPUS / "plans").iterdir()), ids=lambda file: file.name)
def test_plans_of_the_corpus(file: Path) -> None:
    """What once broke reading a plan, or might."""
    _read_plan(file)


def _read_plan(file: Path) -> None:
    try:
        found: Plan | str = read_plan(file, timezone="America/Chicago")
    except ConfigurationError as error:
        found = error.next_step
    assert found


@MANY
@given(data=st.data())
def test_a_plan_that_was_tampered_with(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Read, or refused in our words; what it may do is bounded by the look that `apply` takes again."""
    plan = json.loads((CORPUS / "a-plan.json").read_text())
    places = _paths(plan)
    path = places[data.draw(st.integers(0, len(places) - 1))]
    file = tmp_path_factory.getbasetemp() / "fuzz.json"
    tampered = _changed(plan, path, data.draw(odd), remove=data.draw(st.booleans()))
    file.write_text(json.dumps(tampered), encoding="utf-8", errors="replace")
    _read_plan(file)
