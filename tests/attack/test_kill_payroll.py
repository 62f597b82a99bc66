"""Payroll killed with SIGKILL before or after any statement or commit: done or not, and once more ends well."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.payroll_life import signing_key
from support.process_kill import CLOSED, NEXT, killed
from support.scenario import World

_POINTS = 1000
_OWN = ("corrections", "periods", "period_events", "exports", "certificates", "holds")


class Scene:
    """A closed and exported period, two corrections of its days, and the period that pays them; on SQLite."""

    def __init__(self, sandbox: Sandbox, folder: Path) -> None:
        self.sandbox, self.folder = sandbox, folder
        self.file = folder / "hours.db"
        key = signing_key()
        if key is None:
            pytest.skip("there is no ssh-keygen")
        shutil.copy(key, folder / "key")
        shutil.copy(f"{key}.pub", folder / "key.pub")
        (folder / "key").chmod(0o600)
        self.options: dict[str, Any] = {"certificate_key": str(folder / "key"), "employees": "create"}
        self.database = f"sqlite:///{self.file}"
        self.world = world = World(sandbox, self.database, **self.options)
        shifts = [world.work(day, "08:00", "16:00") for day in (2, 3, 6)]
        world.sync()
        world.mirror.payroll.close(CLOSED, by="Pia")
        world.mirror.payroll.export(CLOSED, "csv", folder / "closed.csv", by="Pia")
        for shift in shifts[:2]:
            sandbox.company.edit(shift.id, end=(shift.end or 0) + 1800)
        world.sync()
        world.mirror.verify(world.window)

    def prepare(self, act: str) -> None:
        """Everything that comes before an act."""
        payroll = self.world.mirror.payroll
        if act in {"close", "export", "certify"}:
            payroll.accept_corrections([1, 2], into=NEXT, by="Pia")
        if act in {"export", "certify"}:
            payroll.close(NEXT, by="Pia")
        self.world.mirror.close()
        shutil.copy(self.file, self.folder / "kept.db")

    def restore(self) -> None:
        """The database and the folder as they were."""
        self.world.mirror.close()
        for leftover in (*self.folder.glob("hours.db*"), *self.folder.glob("*next.csv*"), *self.folder.glob("*proof*")):
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        shutil.copy(self.folder / "kept.db", self.file)

    def facts(self) -> tuple[object, ...]:
        """Every row of payroll and of the table, without moments and signatures."""
        found = [tuple(sorted(map(str, row.items()))) for row in self.world.table()]
        moments = {
            "at",
            "decided_at",
            "changed_at",
            "payload",
            "payload_hash",
            "signature",
            "checked",
            "acknowledged_at",
        }
        for name in _OWN:
            rows = self.world.table(f"connecteam_sync_{name}") if name != "periods" else self._periods()
            found += [tuple(sorted(f"{k}={v}" for k, v in row.items() if k not in moments)) for row in rows]
        return tuple(found)

    def _periods(self) -> list[dict[str, Any]]:
        with self.world.mirror.store.reading() as session:
            return [dict(row) for row in session.read("SELECT * FROM connecteam_sync_periods ORDER BY first_day")]

    def papers_are_true(self) -> None:
        """Each entry of the ledger has its file, byte by byte; each certificate on record has its folder."""
        payroll = self.world.mirror.payroll
        for entry in payroll.exports():
            content = (self.folder / entry.file_name).read_bytes()
            assert hashlib.sha256(content).hexdigest() == entry.file_hash
        for _ in payroll.certificates():
            assert payroll.verify_certificate(self.folder / "proof" / "certificate.json", table=True).differences == ()

    def once_more(self, act: str) -> None:
        """The same act by hand after it was killed: it is done, or it says that it was."""
        payroll = self.world.mirror.payroll
        acts: dict[str, Callable[[], object]] = {
            "accept": lambda: payroll.accept_corrections([1, 2], into=NEXT, by="Pia"),
            "close": lambda: payroll.close(NEXT, by="Pia"),
            "reopen": lambda: payroll.reopen(CLOSED, reason="a mistake", by="Pia"),
            "export": lambda: payroll.export(NEXT, "csv", self.folder / "next.csv", by="Pia"),
            "certify": lambda: payroll.certify(NEXT, out=self.folder / "proof", by="Pia"),
        }
        is_done = {
            "reopen": lambda: payroll.period(CLOSED).state == "open",
            "export": lambda: len(payroll.exports()) == 2,
            "certify": lambda: len(payroll.certificates()) == 1,
        }.get(act, lambda: False)()
        if is_done:
            return
        proof = self.folder / "proof"
        if act == "certify" and proof.exists():
            # Signed, and never on record: the check says so, and the next one wants a folder of its own.
            found = payroll.verify_certificate(proof / "certificate.json", table=True)
            assert "chain" in {one.what for one in found.differences}
            shutil.rmtree(proof)
        acts[act]()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """One company on SQLite, whose file is copied back before each kill."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=10**9, day_limit=10**9)) as sandbox:
        made = Scene(sandbox, tmp_path)
        yield made
        made.world.mirror.close()


@pytest.mark.parametrize("act", ["accept", "close", "reopen", "export", "certify"])
def test_every_point_of_an_act(scene: Scene, act: str) -> None:
    """It is done whole or not at all, no paper is without its entry, and the same act again ends as an unbroken one."""
    scene.prepare(act)
    before = scene.facts()
    scene.once_more(act)
    after = scene.facts()
    scene.papers_are_true()
    assert before != after
    states = set()
    # Closing asks Connecteam in between, and takes long: there every third point is tried, and the last ones.
    step, at = (3 if act == "close" else 1), 1
    while at < _POINTS:
        scene.restore()
        if not killed(act, scene.sandbox.url, scene.database, scene.options, at):
            if step == 1:
                break
            step, at = 1, at - step + 1
            continue
        now = scene.facts()
        assert now in {before, after}, f"half of it came through at point {at}"
        states.add(now == after)
        scene.papers_are_true()
        scene.once_more(act)
        assert scene.facts() == after, f"killed at point {at}, and once more"
        scene.papers_are_true()
        at += step
    assert states == {False, True}, "it was not killed before and after its commit"
