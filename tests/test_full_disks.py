"""Files beside the database that cannot be written: the message names them, not the database, and nothing is left."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from connecteam_sync.core.certificate_chain import AllowedKey
from connecteam_sync.engine.certificate_pack import Pack
from connecteam_sync.engine.ssh_signatures import is_whole, refusal, sign, signing_key
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support.certified import key
from support.scenario import World

__all__ = ["key"]
CLOSED = "2025-12-01..2025-12-04"


@pytest.fixture
def world(initialised: str) -> Iterator[World]:
    """A shift of Tuesday from 8 to 16, in a closed period."""
    with Sandbox(Company(0), SandboxSettings(minute_limit=100_000)) as sandbox:
        made = World(sandbox, initialised)
        made.work(2, "08:00", "16:00")
        made.sync()
        made.mirror.payroll.close(CLOSED, by="Pia")
        yield made
        made.mirror.close()


def test_a_draft_whose_manifest_cannot_be_written_is_none(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was exported, says the message: so the file is not there either."""
    folder = tmp_path / "exports"
    folder.mkdir()
    replace = Path.replace

    def full(path: Path, target: Path) -> Path:
        if target.name.endswith(".manifest.json"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ConfigurationError, match=r"the manifest .* No space left on device; nothing was exported"):
        world.mirror.payroll.export(CLOSED, "csv", folder / "draft.csv", draft=True)
    assert list(folder.iterdir()) == []


def placed_while_keeping(world: World, place: Path) -> None:
    """Somebody puts a file into the folder before the certificate is there."""
    with Pack(place) as pack:
        pack.write({"a": b"1"})
        (place / "another").touch()
        with world.mirror.store.writing("keeping a certificate"):
            pack.place()


def test_a_folder_that_cannot_be_written_is_not_the_database(world: World, tmp_path: Path) -> None:
    """The message names the folder and the system's reason, and nothing else as what is at fault."""
    place = tmp_path / "taken"
    place.mkdir()
    with pytest.raises(ConfigurationError) as caught:
        placed_while_keeping(world, place)
    assert caught.value.message == f"a certificate is not written to {place}: Directory not empty"
    assert [file.name for file in place.iterdir()] == ["another"]


def test_a_signature_that_cannot_be_checked_says_why(
    tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a folder for temporary files nobody knows whether it holds: that is told, and where to make room."""
    signed = signing_key(str(key))
    signature = sign(signed, b"content")
    keys = [AllowedKey(public=signed.public)]
    assert refusal(b"content", signature, keys, at=1_700_000_000) is None
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "absent"))
    for check in (
        lambda: refusal(b"content", signature, keys, at=1_700_000_000),
        lambda: is_whole(b"content", signature),
    ):
        with pytest.raises(ConfigurationError, match=r"cannot be checked.*\(TMPDIR\): No such file or directory"):
            check()
