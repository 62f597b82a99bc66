"""A pay period exported from its page: the file of the command, with the same entry of the ledger."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import pytest

from connecteam_sync.core.exports import EXPORT_FORMATS, file_name
from connecteam_sync.core.roles import Role
from connecteam_sync.core.window import Window
from support.operated import HOSTILE, JSON, Operated, act, operated, page, shown

P, NAME = "2025-12-01..2025-12-07", "2025-12-01-to-2025-12-07"


@pytest.fixture
def console(initialised: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operated]:
    """A console over a company of one shift, which is in the table, in a period that is closed."""
    with operated(initialised, monkeypatch) as made:
        made.world.work(2, "08:00", "16:00")
        made.world.sync()
        made.mirror.payroll.close(P, by="Pia")
        yield made


def test_it_is_what_the_command_writes(console: Operated, tmp_path: Path) -> None:
    """Byte for byte; both are in the ledger, and the act of the person in the audit."""
    with console.by("payroll", "Pia") as pia:
        answer = act(pia, f"/periods/{P}/export", format="csv")
        assert answer.status_code == 200
        assert answer.headers["content-disposition"] == f'attachment; filename="hours-{NAME}.csv"'
        assert (answer.headers["content-type"], answer.headers["cache-control"]) == (
            "application/octet-stream",
            "no-store",
        )
        [first] = console.mirror.payroll.exports()
        assert (first.by, first.format, first.lines, first.minutes, first.reason) == ("Pia", "csv", 1, 480, "")
        assert (first.file_name, first.file_hash) == (
            f"hours-{NAME}.csv",
            hashlib.sha256(answer.content).hexdigest(),
        )
        done = console.mirror.payroll.export(P, "csv", tmp_path / "a.csv", again="to compare", by="Pia")
        assert (tmp_path / "a.csv").read_bytes() == answer.content
        assert done.export.replaces == first.number
        text = page(pia, f"/periods/{P}")
        assert f"hours-{NAME}.csv, 1 line, 8:00 hours; export 2 counts instead" in text
        assert "Why once more" in text
    [act_] = console.mirror.audit()
    assert (act_.action, act_.subject, act_.detail, act_.by) == ("export a pay period", P, "csv", "Pia")


@pytest.mark.parametrize("draft", ["", "yes"])
def test_a_zip_has_the_manifest_too(console: Operated, draft: str) -> None:
    """The very files that the command writes, side by side: the manifest says the hash of the other one."""
    with console.by("payroll", "Pia") as pia:
        assert "With its manifest" in page(pia, f"/periods/{P}")
        answer = act(pia, f"/periods/{P}/export", format="csv", draft=draft, manifest="yes")
    name = file_name("csv", Window(date(2025, 12, 1), date(2025, 12, 7), "America/Chicago"), is_draft=bool(draft))
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}.zip"'
    with ZipFile(io.BytesIO(answer.content)) as packed:
        assert packed.namelist() == [name, f"{name}.manifest.json"]
        file, manifest = (packed.read(one) for one in packed.namelist())
    said = json.loads(manifest)
    assert (said["sha256"], said["file"], said["draft"]) == (hashlib.sha256(file).hexdigest(), name, bool(draft))
    assert [one["minutes"] for one in said["totals"]] == [480]
    assert [one.file_hash for one in console.mirror.payroll.exports()] == ([] if draft else [said["sha256"]])


def test_a_second_one_wants_a_reason(console: Operated) -> None:
    """409 with the words of the command, on the page and as JSON; with the reason it takes the other's place."""
    with console.by("payroll", "Pia") as pia:
        assert act(pia, f"/periods/{P}/export", format="csv", again="why?").status_code == 409
        assert act(pia, f"/periods/{P}/export", format="csv").status_code == 200
        answer = act(pia, f"/periods/{P}/export", format="xlsx")
        assert answer.status_code == 409
        assert f"was exported already: hours-{NAME}.csv by Pia" in shown(answer)
        said = pia.post(f"/periods/{P}/export", data={"format": "xlsx"}, headers=JSON)
        assert (said.status_code, said.json()["error"]) == (409, "export_refused")
        assert len(console.mirror.payroll.exports()) == 1
        assert act(pia, f"/periods/{P}/export", format="xlsx", again=HOSTILE).content[:2] == b"PK"
        second = console.mirror.payroll.exports()[1]
        assert (second.format, second.replaces, "alert(1)" in second.reason) == ("xlsx", 1, True)
        assert "alert(1)" in page(pia, "/audit")


def test_a_draft_is_in_no_ledger(console: Operated) -> None:
    """Of a period in any state, and each line says so; an open one is offered nothing else."""
    with console.by("admin", "Ada") as ada:
        assert b"draft" in act(ada, f"/periods/{P}/export", format="csv", draft="yes").content
        other = "2025-12-08..2025-12-09"
        text = page(ada, f"/periods/{other}")
        assert f"Download a draft of {other}" in text
        answer = act(ada, f"/periods/{other}/export", format="csv", draft="yes")
        assert answer.headers["content-disposition"].endswith('"draft-hours-2025-12-08-to-2025-12-09.csv"')
        assert act(ada, f"/periods/{other}/export", format="csv").status_code == 409
        assert act(ada, f"/periods/{P}/export", format="csv", draft="yes", again="x").status_code == 422
    assert console.mirror.payroll.exports() == ()
    assert console.mirror.audit() == ()


def test_who_is_not_settled_is_named_or_left_out(console: Operated) -> None:
    """By the name as it is; without them the ledger has who was left out."""
    console.mirror.payroll.reopen(P, reason="a mistake", by="Pia")
    console.world.work(3, "08:00", None)
    console.world.sync()
    console.mirror.payroll.close(P, by="Pia", anyway="a trial")
    console.world.execute("UPDATE employees SET name = :name", name=HOSTILE)
    with console.by("payroll", "Pia") as pia:
        answer = act(pia, f"/periods/{P}/export", format="csv")
        assert answer.status_code == 409
        assert "nobody clocked out on Wed 3 Dec 2025" in shown(answer)
        assert act(pia, f"/periods/{P}/export", format="csv", without_blocked="yes").status_code == 200
    [done] = console.mirror.payroll.exports()
    assert len(done.left_out) == 1


@pytest.mark.parametrize("role", ["viewer", "operator"])
def test_who_is_not_of_payroll_exports_nothing(console: Operated, role: Role) -> None:
    """Not even a draft; the page shows the command instead."""
    with console.by(role) as jo:
        for draft in ("", "yes"):
            assert act(jo, f"/periods/{P}/export", format="csv", draft=draft).status_code == 403
        text = page(jo, f"/periods/{P}")
        assert f"connecteam-sync export {P} --format csv --out FILE" in text
        assert "Export as" not in text
    assert console.mirror.payroll.exports() == ()


def test_what_no_export_is_made_of(console: Operated) -> None:
    """A format that is none or lacks its keys, none at all, and an action of somebody else's page."""
    with console.by("payroll") as pia:
        for format_ in ("", "../../etc", "adp", "doc"):
            assert act(pia, f"/periods/{P}/export", format=format_).status_code == 422
        elsewhere = {"origin": "https://elsewhere.example", "sec-fetch-site": "cross-site"}
        answer = pia.post(f"/periods/{P}/export", data={"format": "csv"}, headers=elsewhere)
        assert answer.status_code == 403
        assert pia.get(f"/periods/{P}/export").status_code in {404, 405}
    assert console.mirror.payroll.exports() == ()


@pytest.mark.parametrize("format_", EXPORT_FORMATS)
def test_the_names_of_files_are_plain(format_: str) -> None:
    """Nothing in them could end a header or leave a folder."""
    window = Window(date(2025, 12, 1), date(2025, 12, 7), "America/Chicago")
    name = file_name(format_, window, is_draft=True, company_code="a/b")
    assert name.startswith("draft-")
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")


def test_the_name_that_adp_takes() -> None:
    """With the code of the company; where it is not known, and of a draft, an ordinary one."""
    window = Window(date(2025, 12, 1), date(2025, 12, 7), "America/Chicago")
    assert file_name("adp", window, is_draft=False, company_code="ab") == "PRAB_EPI.csv"
    assert file_name("adp", window, is_draft=False) == f"adp-{NAME}.csv"
    assert file_name("quickbooks", window, is_draft=False) == f"quickbooks-{NAME}.iif"
    assert file_name("../x", window, is_draft=False) == f"hours-{NAME}.csv"
