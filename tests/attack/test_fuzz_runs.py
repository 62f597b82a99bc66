"""What is almost right, through whole runs: answers by way of HTTP into the table, and saved plans that are applied."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from connecteam_sync.errors import ConfigurationError, NotOurs
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support import invariants
from support.scenario import FIRST, LAST, World

SOME = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
ODD = [
    r'"\ud83d"',  # half an emoji
    r'"Ana \ude00"',
    '"' + "é" * 191 + '"',  # the longest id that fits, and ids that do not
    '"' + "é" * 192 + '"',
    '"' + "x" * 100_000 + '"',
    '"😀' * 1 + '😀"',
    '""',
    r'"\u0000"',
    '" a"',
    "null",
    "true",
    "[]",
    "{}",
    "-1",
    "0",
    "1764600000000",
    "9223372036854775807",
    "9223372036854775808",
    "1e400",
    "NaN",
]
"""JSON of values that an answer may have in any place."""
MEMBERS = ("id", "start", "end", "createdAt", "modifiedAt", "isAutoClockOut", "jobId", "subJobId", "employeeNote")


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A mirrored company, whose table is exact between any two tries."""
    with Sandbox(Company(40), SandboxSettings(minute_limit=10**9, day_limit=10**9)) as sandbox:
        world = World(sandbox, f"sqlite:///{tmp_path_factory.mktemp('fuzz')}/runs.db", max_deletes=999)
        assert world.sync().exit_code == 0
        yield world
        world.mirror.close()


def people_rows(world: World) -> dict[object, list[dict[str, Any]]]:
    """The rows of each employee."""
    found: dict[object, list[dict[str, Any]]] = {}
    for row in world.table():
        found.setdefault(row["employee_id"], []).append(row)
    return found


@SOME
@given(member=st.sampled_from(MEMBERS), odd=st.sampled_from(ODD), inner=st.booleans(), pick=st.integers(0, 39))
@example(member="id", odd=r'"\ud83d"', inner=False, pick=0)
@example(member="id", odd='"' + "é" * 191 + '"', inner=False, pick=1)
@example(member="id", odd='"' + "é" * 192 + '"', inner=False, pick=2)
@example(member="id", odd='"' + "x" * 100_000 + '"', inner=False, pick=3)
@example(member="employeeNote", odd=r'"\ud83d"', inner=False, pick=4)
def test_an_odd_value_in_one_shift_through_a_whole_run(
    life: World, member: str, odd: str, *, inner: bool, pick: int
) -> None:
    """Everybody else's rows are as before, to the byte; the run ends in our words; the next one makes all exact."""
    shift = life.company.shifts()[pick]
    mark = json.dumps("here it goes").encode()
    before = people_rows(life)
    (row,) = [each for each in life.table("connecteam_sync_shifts") if each["id"] == shift.id]
    mine = {row["applied_employee_id"]}
    value: Any = {"timestamp": "here it goes", "timezone": "UTC"} if inner and member in {"start", "end"} else None
    shift.spoiled = {member: "here it goes" if value is None else value}
    life.sandbox.faults.rewrite(lambda body: body.replace(mark, odd.encode()), path="time-activities", times=99)
    run = life.sync()
    served = life.sandbox.faults.served[-1:]
    life.sandbox.faults.clear()
    shift.spoiled = {}
    assert served == ["rewritten"], "no answer had it"
    assert run.exit_code in {0, 3, 75}, run
    after = people_rows(life)
    assert {who: rows for who, rows in after.items() if who not in mine} == {
        who: rows for who, rows in before.items() if who not in mine
    }
    invariants.journal_gives(life.table("connecteam_sync_changes"), life.table())
    assert life.sync().exit_code == 0
    assert life.rows() == life.company.truth(FIRST, LAST)


# -- saved plans -------------------------------------------------------------------------------------------------------


class Planned:
    """A company with a new shift, a corrected one and a deleted one, the plan of that, and what it would lead to."""

    def __init__(self, folder: Path, sandbox: Sandbox) -> None:
        self.world = World(sandbox, f"sqlite:///{folder}/plan.db", max_deletes=999)
        self.world.sync()
        first, second = self.world.company.shifts()[:2]
        self.world.company.edit(first.id, start=first.start + 900)
        self.world.company.delete(second.id)
        self.world.work(9, "03:00", "04:00")
        self.file = folder / "plan.json"
        proposal = self.world.mirror.plan(self.world.window)
        assert {change.kind for change in proposal.changes} == {"create", "update", "delete"}
        self.world.mirror.save_plan(proposal, self.file)
        self.plan = json.loads(self.file.read_bytes())["plan"]
        self.before = self.facts()
        self.database, self.kept = folder / "plan.db", folder / "kept.db"
        self.world.mirror.close()
        shutil.copy(self.database, self.kept)
        assert self.apply(self.plan, is_true=True) == "applied"

    def facts(self) -> list[tuple[object, ...]]:
        """Rows without the times at which they were written."""
        names = ("id", "employee_id", "clock_in", "clock_out", "total_minutes", "is_active", "source")
        return [tuple(row[name] for name in names) for row in self.world.table()]

    def apply(self, plan: Any, *, is_true: bool = False) -> str:  # noqa: ANN401 - any JSON
        """Apply a plan with a checksum that fits, to the table as it was: what came of it."""
        self.world.mirror.close()
        for file in self.database.parent.glob(f"{self.database.name}-*"):
            file.unlink()
        shutil.copy(self.kept, self.database)
        assert self.facts() == self.before
        text = msgspec.json.encode(plan)
        self.file.write_bytes(
            msgspec.json.encode({"plan": msgspec.Raw(text), "sha256": hashlib.sha256(text).hexdigest()})
        )
        journal = self.world.table("connecteam_sync_changes")
        try:
            run = self.world.mirror.apply(self.world.mirror.read_plan(self.file))
        except (ConfigurationError, NotOurs):
            run = None
        if is_true:
            self.done = self.facts()
        if self.facts() == self.before:
            assert run is None or run.exit_code not in {0, 3} or not run.slices, run
            assert self.world.table("connecteam_sync_changes") == journal
            return "refused"
        # Whole time clocks of a plan may be left out; what is left in it is done as it was shown.
        assert set(self.facts()) <= {*self.done, *self.before}, run
        assert run is not None
        if self.facts() == self.done:
            return "applied"
        assert run.exit_code not in {0, 3}, run
        return "in part"


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planned]:
    """A plan that can be applied again and again."""
    with Sandbox(Company(40), SandboxSettings(minute_limit=10**9, day_limit=10**9)) as sandbox:
        made = Planned(tmp_path_factory.mktemp("plans"), sandbox)
        yield made
        made.world.mirror.close()


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:  # noqa: ANN401 - any JSON
    """Where anything stands in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, item in inner for path in places(item, (*at, key)))]


def tampered(plan: Any, path: tuple[Any, ...], how: str) -> Any:  # noqa: ANN401 - any JSON
    """The plan with a value that is a little off, of another kind, or gone."""
    found = copy.deepcopy(plan)
    spot = found
    for key in path[:-1]:
        spot = spot[key]
    was = spot[path[-1]]
    if how == "gone":
        del spot[path[-1]]
    elif how == "more" and isinstance(was, list):
        spot[path[-1]] = was * 2
    elif isinstance(was, bool):
        spot[path[-1]] = not was
    elif isinstance(was, int):
        spot[path[-1]] = was + (1 if how == "near" else 86_400)
    elif isinstance(was, str):
        spot[path[-1]] = was + "x" if how == "near" else "manual"
    else:
        spot[path[-1]] = None
    return found


@SOME
@given(data=st.data())
def test_a_tampered_plan_that_is_applied(planned: Planned, data: st.DataObject) -> None:
    """It is refused with nothing written, or does what the true plan was shown to do, whatever its checksum says."""
    path = data.draw(st.sampled_from([path for path in places(planned.plan) if path]))
    planned.apply(tampered(planned.plan, path, data.draw(st.sampled_from(["near", "far", "gone", "more"]))))


TIMES = ("clock_in", "clock_out", "total_minutes", "employee_id")


@pytest.mark.parametrize("name", TIMES)
@pytest.mark.parametrize("kind", ["create", "update", "delete"])
@pytest.mark.parametrize("side", ["before", "after"])
def test_no_other_hours_than_those_of_connecteam_are_written(planned: Planned, kind: str, side: str, name: str) -> None:
    """Each value of each change, made greater: its time clock's slice is refused; the true plan is applied after it."""
    plan = copy.deepcopy(planned.plan)
    (change,) = [change for slice_ in plan["plans"] for change in slice_["changes"] if change["kind"] == kind] or [{}]
    if not change.get(side):
        assert (kind, side) in {("create", "before"), ("delete", "after")}
        return
    change[side][name] = (change[side][name] or 0) + 60
    assert planned.apply(plan) == ("in part" if kind == "delete" else "refused")
    assert planned.apply(planned.plan) == "applied"
