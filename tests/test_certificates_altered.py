"""Certificates, their chain and their keys in the hands of somebody else: every alteration is found and named."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.engine.ssh_signatures import signing_key
from connecteam_sync.errors import CertificateRefused, ConfigurationError
from connecteam_sync.sandbox import Company, Sandbox
from support.certified import (
    FIRST,
    LAST,
    MANY,
    certified_folder,
    certified_world,
    certify,
    close,
    details,
    execute,
    found,
    key,
    key_in,
    notes,
    payload_of,
    signed_by,
    stock,
)
from support.scenario import World

__all__ = ["certified_folder", "certified_world", "key"]
NEXT = LAST + timedelta(days=1)


# -- the chain ---------------------------------------------------------------------------------------------------------


def test_certifying_again_names_the_one_before(certified_world: World, certified_folder: Path, tmp_path: Path) -> None:
    """Both hold; the older one says that there is a newer one."""
    again = certify(certified_world.mirror, tmp_path / "c2")
    first = certified_world.mirror.payroll.certificates()[1]
    assert again.previous == first.hash
    assert payload_of(tmp_path / "c2")["chain"] == {"breaks": [], "position": 2, "previous": first.hash}
    assert (
        found(certified_world, certified_folder, table=True)
        == found(certified_world, tmp_path / "c2", table=True)
        == []
    )
    assert "a newer certificate of this period" in notes(certified_world, certified_folder)
    assert notes(certified_world, tmp_path / "c2") == ""
    close(certified_world.mirror, state="open")
    assert "opened again since" in notes(certified_world, tmp_path / "c2")
    close(certified_world.mirror)
    assert "opened and closed again since" in notes(certified_world, tmp_path / "c2")


def another_period(certified_world: World, certified_folder: Path) -> None:
    """The certificate of the days behind, closed as well."""
    close(certified_world.mirror, NEXT, NEXT + timedelta(days=13))
    certify(certified_world.mirror, certified_folder, NEXT)


def test_periods_are_not_exchanged(certified_world: World, certified_folder: Path, tmp_path: Path) -> None:
    """The signature of one under the JSON of the other; the rows of one beside the other; the days on record."""
    other = tmp_path / "c2"
    another_period(certified_world, other)
    swapped = tmp_path / "swapped"
    shutil.copytree(certified_folder, swapped)
    shutil.copy(other / "certificate.json.sig", swapped)
    assert stock(swapped) is not None
    assert found(certified_world, swapped) == ["signature"]
    shutil.copytree(certified_folder, swapped, dirs_exist_ok=True)
    shutil.copy(other / "rows.csv", swapped)
    assert stock(swapped) is None
    assert found(certified_world, swapped) == ["rows.csv"]
    assert found(certified_world, swapped, table=True) == ["rows.csv"]
    execute(
        certified_world,
        "UPDATE connecteam_sync_certificates SET first_day = '2025-12-15', last_day = '2025-12-28' WHERE id = 1",
    )
    assert found(certified_world, certified_folder) == ["chain"]
    assert "of other days than its record says" in details(certified_world, certified_folder)


def test_a_certificate_on_record_twice_is_found(certified_world: World, certified_folder: Path, tmp_path: Path) -> None:
    """The old one is played once more, with its own or with the right name of the one before."""
    columns = "first_day, last_day, timezone, at, actor, payload, payload_hash, signature, public_key"
    head = certified_world.mirror.payroll.certificates()[0].hash
    execute(
        certified_world,
        f"INSERT INTO connecteam_sync_certificates ({columns}, previous_hash)"
        f" SELECT {columns}, :head FROM connecteam_sync_certificates WHERE id = 1",
        head=head,
    )
    assert found(certified_world, certified_folder) == ["chain"]
    assert "certificate 2 is on record twice" in details(certified_world, certified_folder)
    with pytest.raises(CertificateRefused, match="is broken: certificate 2 is on record twice"):
        certify(certified_world.mirror, tmp_path / "c2")
    execute(certified_world, "UPDATE connecteam_sync_certificates SET previous_hash = NULL WHERE id = 2")
    assert "does not name the one before it" in details(certified_world, certified_folder)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM connecteam_sync_certificates WHERE id = 1", "does not name the one before it"),
        ("DELETE FROM connecteam_sync_certificates WHERE id = 2", "does not name the one before it"),
        ("UPDATE connecteam_sync_certificates SET payload = '{}' WHERE id = 1", "1 is not what was signed"),
        ("UPDATE connecteam_sync_certificates SET previous_hash = 'x' WHERE id = 2", "does not name the one before"),
        (
            "UPDATE connecteam_sync_certificates SET public_key = 'ssh-ed25519 AAAA' WHERE id = 2",
            "no certificate names",
        ),
        ("UPDATE connecteam_sync_certificates SET at = at + 1 WHERE id = 3", "and its record"),
        ("UPDATE connecteam_sync_certificates SET at = 5 WHERE id = 2", "is older than the one before"),
    ],
)
def test_a_broken_chain_is_found(certified_world: World, tmp_path: Path, statement: str, said: str) -> None:
    """Whatever is taken out, put in or altered of it."""
    for name in ("c1", "c2", "c3"):
        certify(certified_world.mirror, tmp_path / name)
    assert found(certified_world, tmp_path / "c3") == []
    execute(certified_world, statement)
    assert "chain" in found(certified_world, tmp_path / "c3")
    assert said in details(certified_world, tmp_path / "c3")


def test_a_certificate_that_is_on_no_record(certified_world: World, certified_folder: Path) -> None:
    """It may be signed well, and was removed from the record, or is of another database."""
    execute(certified_world, "DELETE FROM connecteam_sync_certificates")
    assert "chain" in found(certified_world, certified_folder)
    assert "no certificate on record has its hash" in details(certified_world, certified_folder)


def test_two_who_certify_at_once_make_one_chain(certified_world: World, tmp_path: Path) -> None:
    """Each names the one that was there before it; nobody forks it."""
    failed: list[BaseException] = []

    def run(number: int) -> None:
        mine = World.mirror_of(
            certified_world.sandbox,
            certified_world.mirror.settings.database_url,
            certificate_key=certified_world.mirror.settings.certificate_key,
        )
        try:
            certify(mine, tmp_path / f"t{number}")
        except BaseException as error:  # noqa: BLE001 - told in the test
            failed.append(error)
        finally:
            mine.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    made = certified_world.mirror.payroll.certificates()
    assert [one.previous for one in made] == [*(one.hash for one in made[1:]), None]
    assert len(made) + len(failed) == 3
    for number in range(3):
        there = (tmp_path / f"t{number}").exists()
        assert not there or found(certified_world, tmp_path / f"t{number}", table=True) == []


# -- another company ---------------------------------------------------------------------------------------------------


def test_a_certificate_of_another_company_is_refused(
    certified_world: World, certified_folder: Path, tmp_path: Path
) -> None:
    """By its id; where a key may not read that, by its time clocks. Nothing is compared."""
    other = tmp_path / "other"
    other.mkdir()
    with Sandbox(Company(10), MANY) as sandbox:
        theirs = World(sandbox, f"sqlite:///{other}/hours.db", certificate_key=str(key_in(other)))
        theirs.sync(theirs.mirror.window(FIRST, LAST))
        execute(theirs, "UPDATE connecteam_sync_account SET company_id = '4711'")
        with pytest.raises(
            ConfigurationError, match=r"of another company: it is of company .* of company 4711"
        ) as error:
            theirs.mirror.payroll.verify_certificate(certified_folder / "certificate.json", table=True)
        assert error.value.exit_code == 2
        assert "VERIFY.txt" in error.value.next_step
        execute(theirs, "UPDATE connecteam_sync_account SET company_id = NULL, time_clocks = '[99]'")
        with pytest.raises(ConfigurationError, match=r"of time clocks .* of 99"):
            theirs.mirror.payroll.verify_certificate(certified_folder / "certificate.json")
        execute(theirs, "UPDATE connecteam_sync_account SET company_id = NULL, region = 'au'")
        with pytest.raises(ConfigurationError, match="another company"):
            theirs.mirror.payroll.verify_certificate(certified_folder / "certificate.json")
        theirs.mirror.close()
    assert found(certified_world, certified_folder) == []


def test_another_time_zone_is_refused(certified_world: World, tmp_path: Path) -> None:
    """Its days would be other hours: nothing is certified until somebody says that it is right."""
    settings = msgspec.structs.replace(certified_world.mirror.settings, timezone="Europe/Berlin")
    with ConnecteamSync(settings=settings) as other:
        with pytest.raises(ConfigurationError, match="Europe/Berlin"):
            certify(other, tmp_path / "c")
        with pytest.raises(ConfigurationError, match="Europe/Berlin"):
            other.payroll.rotate_certificate_key(lost="x")
    assert not (tmp_path / "c").exists()


def test_what_is_no_certificate(certified_world: World, certified_folder: Path, tmp_path: Path) -> None:
    """A file that is not there is a mistake of the command; one that says something else is not what was signed."""
    for path in (tmp_path / "nowhere.json", tmp_path):
        with pytest.raises(ConfigurationError, match="cannot be read"):
            certified_world.mirror.payroll.verify_certificate(path)
    for content in (b"", b"{}", b"[1]", b"\xff\xfe", b'{"schema": 2}', b"[" * 100_000):
        (certified_folder / "certificate.json").write_bytes(content)
        assert found(certified_world, certified_folder, table=True) == ["signature"]


def test_without_a_signature_nothing_is_compared(certified_world: World, certified_folder: Path) -> None:
    """The table is not compared with what nobody signed."""
    (certified_folder / "certificate.json.sig").unlink()
    checked = certified_world.mirror.payroll.verify_certificate(certified_folder / "certificate.json", table=True)
    assert [one.what for one in checked.differences] == ["signature"]
    assert checked.rows is None


# -- keys --------------------------------------------------------------------------------------------------------------


def with_key(certified_world: World, key: str | None) -> World:
    """The same mirror with another key configured."""
    url = certified_world.mirror.settings.database_url
    certified_world.mirror.close()
    certified_world.mirror = World.mirror_of(certified_world.sandbox, url, certificate_key=key)
    return certified_world


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o666])
def test_a_key_that_others_may_read_is_refused(certified_world: World, key: Path, tmp_path: Path, mode: int) -> None:
    """It says how to mend it, and that it may have been copied; nothing is written."""
    key.chmod(mode)
    with pytest.raises(ConfigurationError, match=f"others may read or write .* {mode:o}") as error:
        certify(certified_world.mirror, tmp_path / "c")
    assert f"chmod 600 {key}" in error.value.next_step
    assert not (tmp_path / "c").exists()
    key.chmod(0o400)
    assert certify(certified_world.mirror, tmp_path / "c").number == 1


def test_keys_that_cannot_sign(certified_world: World, tmp_path: Path) -> None:
    """Each is refused in words of its own, with the next step."""
    keys = tmp_path / "keys"
    secret, rsa = key_in(keys, "secret", passphrase="secret words"), key_in(keys, "rsa", kind="rsa")
    (keys / "text").write_text("no key\n")
    (keys / "text").chmod(0o600)
    cases: tuple[tuple[str | None, str, str], ...] = (
        (None, "no key for certificates is configured", "ssh-keygen -t ed25519"),
        (str(keys / "nowhere"), "cannot be read: No such file", "certificate_key"),
        (str(keys), "is no ordinary file", "ssh-keygen"),
        (str(keys / "text"), "cannot be used", "ssh-keygen"),
        (str(rsa), "is no Ed25519 key", "ssh-keygen"),
        (f"{rsa}.pub", "is no Ed25519 key", "ssh-keygen"),
        (str(secret), "has a passphrase", f"ssh-add {secret}"),
        (f"{secret}.pub", "nothing was signed", "ssh-add"),
    )
    for number, (name, said, step) in enumerate(cases):
        with pytest.raises(ConfigurationError, match=said) as error:
            certify(with_key(certified_world, name).mirror, tmp_path / f"c{number}")
        assert step in error.value.next_step, error.value.next_step
        assert "secret words" not in error.value.message
        assert not (tmp_path / f"c{number}").exists()
    assert certified_world.mirror.payroll.certificates() == ()


def test_an_agent_signs_with_a_key_that_has_a_passphrase(
    certified_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named by its public half; the other one is known to the agent alone."""
    secret = key_in(tmp_path / "keys", passphrase="secret words")
    answer = tmp_path / "answer"
    answer.write_text("#!/bin/sh\necho secret words\n")
    answer.chmod(0o700)
    agent = subprocess.run(["ssh-agent", "-s"], capture_output=True, text=True, check=True, timeout=60)  # noqa: S607
    variables = dict(re.findall(r"(SSH_\w+)=([^;]+);", agent.stdout))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    try:
        asking = os.environ | {"SSH_ASKPASS": str(answer), "SSH_ASKPASS_REQUIRE": "force"}
        adding = ["ssh-add", "-q", str(secret)]
        subprocess.run(adding, env=asking, check=True, timeout=60, stdin=subprocess.DEVNULL)  # noqa: S603
        secret.unlink()
        certify(with_key(certified_world, f"{secret}.pub").mirror, tmp_path / "c")
    finally:
        subprocess.run(["ssh-agent", "-k"], capture_output=True, check=True, timeout=60)  # noqa: S607
    assert stock(tmp_path / "c") is None
    assert found(certified_world, tmp_path / "c", table=True) == []


def test_another_key_needs_the_word_of_the_one_before(
    certified_world: World, certified_folder: Path, key: Path, tmp_path: Path
) -> None:
    """A new key does not sign by itself; certified by the old one it does, and older certificates stay good."""
    new = key_in(tmp_path, "new")
    with pytest.raises(CertificateRefused, match="is not the one of the certificate before") as error:
        certify(with_key(certified_world, str(new)).mirror, tmp_path / "c2")
    assert "rotate-key --old" in error.value.next_step
    made = certified_world.mirror.payroll.rotate_certificate_key(old=key, by="Pia")
    assert made.period is None
    certify(certified_world.mirror, tmp_path / "c2")
    assert stock(certified_folder) is None
    assert stock(tmp_path / "c2") is None
    assert found(certified_world, certified_folder) == found(certified_world, tmp_path / "c2", table=True) == []
    # Whoever trusts the old key can follow: it signed the new one, and is listed until then.
    signers = (tmp_path / "c2" / "allowed_signers").read_text()
    assert signers.count("valid-after=") == signers.count("valid-before=") == 1
    certified = (tmp_path / "c2" / "key-2.json").read_bytes()
    moment = re.sub(r"\D", "", json.loads(certified)["certified_at"]) + "Z"
    assert json.loads(certified)["new_key"] == signing_key(str(new)).public
    signature = (tmp_path / "c2" / "key-2.json.sig").read_text()
    assert stock(tmp_path / "c2", f"-Overify-time={moment}", content=certified, signature=signature) is None
    listed = certified_world.mirror.payroll.certificates()
    assert [one.period is None for one in listed] == [False, True, False]
    assert (listed[1].new_key, listed[1].key) == (listed[0].key, listed[2].key)


def test_a_key_whose_time_is_over_signs_nothing_more(certified_world: World, key: Path, tmp_path: Path) -> None:
    """Whoever still has the old one makes a certificate with it."""
    certify(certified_world.mirror, tmp_path / "c1")
    new = key_in(tmp_path, "new")
    with_key(certified_world, str(new)).mirror.payroll.rotate_certificate_key(old=key)
    certify(certified_world.mirror, tmp_path / "c2")
    forged = (tmp_path / "c2" / "certificate.json").read_bytes()
    later = forged.replace(b'"certified_at": "20', b'"certified_at": "21', 1)
    signature = signed_by(key, later)
    (tmp_path / "c2" / "certificate.json").write_bytes(later)
    (tmp_path / "c2" / "certificate.json.sig").write_text(signature)
    assert "key has expired" in str(stock(tmp_path / "c2", "-Overify-time=21000101"))
    assert found(certified_world, tmp_path / "c2")[:1] == ["signature"]
    assert "has expired" in details(certified_world, tmp_path / "c2")


def test_a_signature_for_something_else_is_none_of_ours(
    certified_world: World, certified_folder: Path, key: Path
) -> None:
    """Of the same key and the same bytes, but of another namespace: a commit, a file."""
    content = (certified_folder / "certificate.json").read_bytes()
    for namespace in ("file", "git", "connecteam-sync2"):
        (certified_folder / "certificate.json.sig").write_text(signed_by(key, content, namespace))
        assert stock(certified_folder) is not None
        assert found(certified_world, certified_folder) == ["signature"]


def test_a_key_that_nobody_certified_is_found(certified_world: World, certified_folder: Path, tmp_path: Path) -> None:
    """A well-made signature by a stranger's key, with their own list of signers beside it."""
    stranger = key_in(tmp_path, "stranger")
    content = (certified_folder / "certificate.json").read_bytes()
    (certified_folder / "certificate.json.sig").write_text(signed_by(stranger, content))
    public = signing_key(str(stranger)).public
    (certified_folder / "allowed_signers").write_text(f"connecteam-sync {public}\n")
    assert stock(certified_folder) is None
    assert found(certified_world, certified_folder) == ["signature"]


def test_a_lost_key_leaves_a_break_that_everybody_sees(
    certified_world: World, certified_folder: Path, tmp_path: Path
) -> None:
    """Nobody vouches for the next key; every later certificate says so, and older ones stay good."""
    new = key_in(tmp_path, "new")
    with_key(certified_world, str(new)).mirror.payroll.rotate_certificate_key(lost="the disk died", by="Pia")
    certify(certified_world.mirror, tmp_path / "c2")
    (shown,) = payload_of(tmp_path / "c2")["chain"]["breaks"]
    assert (shown["position"], shown["reason"]) == (2, "the disk died")
    assert stock(tmp_path / "c2") is None
    for one in (certified_folder, tmp_path / "c2"):
        assert found(certified_world, one, table=True) == []
        assert "the key was lost (the disk died)" in notes(certified_world, one)
    # What was signed of the key itself is in the folder, too, and is checked like any certificate.
    of_key = certified_world.mirror.payroll.verify_certificate(tmp_path / "c2" / "key-2.json", table=True)
    assert (of_key.differences, of_key.period, of_key.rows) == ((), None, None)
    # A break that is hidden afterwards is found.
    execute(certified_world, "DELETE FROM connecteam_sync_certificates WHERE id = 2")
    assert "chain" in found(certified_world, tmp_path / "c2")


def test_keys_are_replaced_only_for_a_reason(certified_world: World, key: Path, tmp_path: Path) -> None:
    """Nothing certified yet; the key in use; a file that is not the key in use; neither or both options."""
    payroll = certified_world.mirror.payroll
    with pytest.raises(CertificateRefused, match="nothing is certified yet"):
        payroll.rotate_certificate_key(old=key)
    certify(certified_world.mirror, tmp_path / "c1")
    with pytest.raises(CertificateRefused, match="is in use already"):
        payroll.rotate_certificate_key(old=key)
    for given in ({}, {"old": str(key), "lost": "x"}):
        with pytest.raises(ConfigurationError, match="either there or lost"):
            payroll.rotate_certificate_key(**given)
    new, other = key_in(tmp_path, "new"), key_in(tmp_path, "other")
    with pytest.raises(CertificateRefused, match="and in use is"):
        with_key(certified_world, str(new)).mirror.payroll.rotate_certificate_key(old=other)
    with pytest.raises(ConfigurationError, match="the reason is missing"):
        certified_world.mirror.payroll.rotate_certificate_key(lost=" ")
    assert len(certified_world.mirror.payroll.certificates()) == 1


def test_without_ssh_keygen_the_next_step_is_named(
    certified_world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without OpenSSH: what is missing, and how to get it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="ssh-keygen is not installed") as error:
        certify(certified_world.mirror, tmp_path / "c")
    assert "openssh-client" in error.value.next_step
    assert not (tmp_path / "c").exists()
