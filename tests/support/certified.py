"""Keys of certificates, closed periods, and what stock programs say of a certificate's folder."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import pytest
from sqlalchemy import delete, insert, text

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.certificates import Certificate
from connecteam_sync.engine.ssh_signatures import IDENTITY
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.scenario import World

FIRST, LAST = date(2025, 12, 1), date(2025, 12, 14)
MANY = SandboxSettings(minute_limit=10**9)
FILES = {"certificate.json", "certificate.json.sig", "allowed_signers", "rows.csv", "VERIFY.txt"}


def key_in(folder: Path, name: str = "key", *, kind: str = "ed25519", passphrase: str = "") -> Path:
    """A new key of ssh-keygen's."""
    if shutil.which("ssh-keygen") is None:
        pytest.skip("NOT TESTED: ssh-keygen is not here")
    folder.mkdir(exist_ok=True)
    file = folder / name
    words = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "tests", "-f", str(file)]
    subprocess.run(words, check=True, timeout=60)  # noqa: S603 - of this machine
    return file


def close(mirror: ConnecteamSync, first: date = FIRST, last: date = LAST, **values: Any) -> int:  # noqa: ANN401 - columns
    """A period is closed, as `periods close` notes it (or is in another `state`); the number of its event."""
    state = values.pop("state", "closed")
    zone = mirror.settings.timezone
    days = {"first_day": first.isoformat(), "last_day": last.isoformat(), "timezone": zone}
    event = {"kind": "close", "at": 1_766_000_000, "actor": "Pia Payer", "reason": "", "anyway": 0, "checked": None}
    with mirror.store.writing("closing a period") as session:
        periods, connection = session.tables.periods, session.connection
        key = connection.execute(insert(session.tables.period_events).values(**days, **{**event, **values}))
        assert key.inserted_primary_key is not None
        number = int(key.inserted_primary_key[0])
        connection.execute(delete(periods).where(periods.c.first_day == days["first_day"]))
        connection.execute(insert(periods).values(**days, state=state, changed_at=event["at"], event_id=number))
    return number


def certify(mirror: ConnecteamSync, folder: Path, first: date = FIRST) -> Certificate:
    """The certificate of a closed period, in a new folder."""
    return mirror.payroll.certify(first.isoformat(), out=folder, by="Pia Payer")


def stock(folder: Path, *more: str, content: bytes | None = None, signature: str | None = None) -> str | None:
    """What stock ssh-keygen has against a folder's certificate; None: it says good. Nothing of ours takes part."""
    sig = folder / "certificate.json.sig"
    if signature is not None:
        sig = folder.parent / f"{folder.name}.other.sig"
        sig.write_text(signature)
    words = ["ssh-keygen", "-Y", "verify", "-f", str(folder / "allowed_signers"), "-I", IDENTITY, "-n", IDENTITY]
    done = subprocess.run(  # noqa: S603 - same
        [*words, "-s", str(sig), *more],
        input=(folder / "certificate.json").read_bytes() if content is None else content,
        capture_output=True,
        check=False,
        timeout=60,
    )
    if done.returncode == 0:
        assert b'Good "connecteam-sync" signature for connecteam-sync with ED25519 key' in done.stdout
        return None
    return done.stderr.decode()


def signed_by(key: Path, content: bytes, namespace: str = IDENTITY) -> str:
    """A signature by stock ssh-keygen."""
    words = ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", namespace]
    done = subprocess.run(words, input=content, capture_output=True, check=True, timeout=60)  # noqa: S603 - same
    return done.stdout.decode()


def commands_of(text: str) -> dict[int, str]:
    """The commands of a VERIFY.txt by the number of their paragraph, as somebody would copy them into a shell."""
    found: dict[int, str] = {}
    number = 0
    for line in text.splitlines():
        head = line.partition(".")[0]
        if head.isdigit() and line.startswith(f"{head}. "):
            number = int(head)
        elif line.startswith("   ") and number:
            found[number] = found.get(number, "") + line.removeprefix("   ") + "\n"
    return found


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command in a folder by the plainest shell there is."""
    return subprocess.run(  # noqa: S603 - as an auditor would
        ["/bin/sh", "-c", command], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


# -- a certified company, for tests that alter something ---------------------------------------------------------------


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """The key that signs."""
    return key_in(tmp_path)


@pytest.fixture
def certified_world(tmp_path: Path, key: Path) -> Iterator[World]:
    """Some days of a small company, mirrored and closed, on SQLite: other databases are in tests/store."""
    with Sandbox(Company(30), MANY) as sandbox:
        made = World(sandbox, f"sqlite:///{tmp_path}/hours.db", certificate_key=str(key))
        made.sync(made.mirror.window(FIRST, LAST))
        close(made.mirror)
        yield made
        made.mirror.close()


@pytest.fixture
def certified_folder(certified_world: World, tmp_path: Path) -> Path:
    """The folder of a certificate."""
    certify(certified_world.mirror, tmp_path / "c1")
    return tmp_path / "c1"


def found(world: World, folder: Path, *, table: bool = False) -> list[str]:
    """What a verification has against a certificate."""
    return [
        one.what
        for one in world.mirror.payroll.verify_certificate(folder / "certificate.json", table=table).differences
    ]


def details(world: World, folder: Path) -> str:
    """The same in words."""
    checked = world.mirror.payroll.verify_certificate(folder / "certificate.json")
    return "\n".join(one.detail for one in checked.differences)


def notes(world: World, folder: Path) -> str:
    """What a verification notes that is no fault."""
    return "\n".join(world.mirror.payroll.verify_certificate(folder / "certificate.json").notes)


def payload_of(folder: Path) -> dict[str, Any]:
    """What is signed."""
    found: dict[str, Any] = json.loads((folder / "certificate.json").read_bytes())
    return found


def execute(world: World, statement: str, **values: object) -> None:
    """What somebody does who may write to the database."""
    with world.mirror.store.own_rows("tampering") as connection:
        connection.execute(text(statement), values)


# -- the story of certificates for `tests/test_json.py` ----------------------------------------------------------------


class CheckedCommand(Protocol):
    """A command in a folder, whose every answer is checked against the reference."""

    folder: Path

    def __call__(self, command: str, *words: str, fails: str | None = None, **environment: str) -> dict[str, Any]:
        """The answer."""

    def sql(self, statement: str, *values: object) -> list[Any]:
        """A statement of another program."""


def certified(run: CheckedCommand) -> None:
    """Certificates: made, listed, checked, altered, and of another key."""
    run("init")
    run("sync", "--from", "2025-12-01", "--to", "2025-12-11")
    run("periods close", "2025-12-01..2025-12-11")
    old, key = key_in(run.folder, "old"), "CONNECTEAM_SYNC_CERTIFICATE_KEY_FILE"
    run("certify", "2025-12-15", "--out", "no", fails="failure", **{key: str(old)})
    assert run("certify", "2025-12-01", "--out", "proof", **{key: str(old)})["certificate"]["previous"] is None
    verify = ("proof/certificate.json", "--table")
    assert run("certificate verify", *verify)["rows"] == 60
    assert run("timesheet", "1", "2025-12-01..2025-12-11")["timesheet"]["certificate"]["agrees"]
    run.sql("UPDATE clock_times SET total_minutes = 1 WHERE id = 7")
    assert run("certificate verify", *verify)["differences"][0]["shift_id"]
    (run.folder / "proof" / "rows.csv").unlink()
    assert run("certificate verify", *verify)["differences"][0]["clock_time_id"] is None
    assert run("certificate verify", *verify)["notes"]
    run("certificate rotate-key", "--old", str(old), **{key: str(key_in(run.folder, "new"))})
    run.sql(
        """UPDATE connecteam_sync_certificates SET mismatch = '{"since":1,"people":1,"employees":[7]}' WHERE id = 1"""
    )
    assert run("certificates")["certificates"][1]["mismatch"]["people"] == 1
    assert run("certificate")["certificates"][0]["new_key"]
    (run.folder / "proof" / "certificate.json").write_text("{}")
    assert run("certificate verify", *verify)["certified_at"] is None
