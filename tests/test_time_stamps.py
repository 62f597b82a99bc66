"""Time stamps of certificates: by an authority of stock openssl, checked by stock openssl and by us."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connecteam_sync.config import load_settings
from connecteam_sync.core.payroll_settings import TimeStampSettings
from connecteam_sync.engine.time_stamps import time_stamp
from connecteam_sync.errors import CertificateRefused, ConfigurationError
from support.certified import FILES, certified_world, certify, commands_of, found, key, notes, shell
from support.scenario import World
from support.stamp_authority import StampAuthority, stamp_authority

__all__ = ["certified_world", "key"]
STAMP = "certificate.json.sig.tsr"


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[StampAuthority]:
    """An authority that answers."""
    with stamp_authority(tmp_path / "authority") as made:
        yield made


def asking(world: World, authority: StampAuthority | None, **instead: Any) -> World:  # noqa: ANN401 - a key of [payroll]
    """The same mirror, which asks the authority."""
    settings = world.mirror.settings
    chosen = {} if authority is None else {"time_stamp_url": authority.url, "time_stamp_ca": str(authority.root)}
    world.mirror.close()
    world.mirror = World.mirror_of(
        world.sandbox,
        settings.database_url,
        certificate_key=settings.certificate_key,
        time_stamps=TimeStampSettings(**{**chosen, **instead}),
    )
    return world


def test_stock_openssl_says_when_it_was_signed(
    certified_world: World, authority: StampAuthority, tmp_path: Path
) -> None:
    """What the text in the folder says to type; the authority has seen a hash and no hours."""
    before = int(time.time())
    made = certify(asking(certified_world, authority).mirror, tmp_path / "c1")
    folder = tmp_path / "c1"
    assert {file.name for file in folder.iterdir()} == FILES | {STAMP}
    assert (len(authority.asked), authority.types) == (1, ["application/timestamp-query"])
    assert len(authority.asked[0]) < 100  # a hash, a nonce and what they are
    commands = commands_of((folder / "VERIFY.txt").read_text())[7].partition("Years later")[0]
    said = shell(commands.partition("here:")[2].replace("AUTHORITY.pem", str(authority.root)), folder)
    assert (said.returncode, "Verification: OK" in said.stdout) == (0, True)
    given = re.search(r"Time stamp: (.*) GMT", said.stdout)
    assert given is not None
    at = datetime.strptime(given[1], "%b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    assert before <= at.timestamp() <= time.time()
    assert made.at <= at.timestamp()
    assert found(certified_world, folder, table=True) == []
    assert f"it was signed by {at:%Y-%m-%dT%H:%M:%SZ} (time stamp)" in notes(certified_world, folder)


def test_a_stamp_of_another_signature_is_told(
    certified_world: World, authority: StampAuthority, tmp_path: Path
) -> None:
    """It was moved from another folder; so is one that is damaged, or of an authority that nobody knows."""
    world = asking(certified_world, authority)
    folder, other = tmp_path / "c1", tmp_path / "c2"
    certify(world.mirror, folder)
    certify(world.mirror, other)
    good = (folder / STAMP).read_bytes()
    (folder / STAMP).write_bytes((other / STAMP).read_bytes())
    checked = world.mirror.payroll.verify_certificate(folder / "certificate.json")
    [one] = checked.differences
    assert (one.what, one.detail, checked.exit_code) == ("time_stamp", "message imprint mismatch", 5)
    (folder / STAMP).write_bytes(good[:-20])
    assert found(world, folder) == ["time_stamp"]
    (folder / STAMP).write_bytes(good)
    assert found(world, folder) == []
    with stamp_authority(tmp_path / "stranger") as stranger:
        asking(world, authority, time_stamp_ca=str(stranger.root))
        checked = world.mirror.payroll.verify_certificate(folder / "certificate.json")
    assert [(one.what, "certificate verify error" in one.detail) for one in checked.differences] == [
        ("time_stamp", True)
    ]


def test_rows_are_compared_whatever_the_stamp_says(
    certified_world: World, authority: StampAuthority, tmp_path: Path
) -> None:
    """The signature alone says whose word the rows are; when it was there is another question."""
    world = asking(certified_world, authority)
    certify(world.mirror, tmp_path / "c1")
    (tmp_path / "c1" / STAMP).write_bytes(b"")
    world.execute("UPDATE clock_times SET total_minutes = 7 WHERE id = (SELECT min(id) FROM clock_times)")
    assert found(world, tmp_path / "c1", table=True) == ["time_stamp", "changed"]


@pytest.mark.parametrize("place", range(40, 4000, 331))
def test_a_stamp_that_was_altered_gives_no_other_moment(
    certified_world: World, authority: StampAuthority, tmp_path: Path, place: int
) -> None:
    """Whichever byte: it does not hold, or it still says what it said."""
    world = asking(certified_world, authority)
    certify(world.mirror, tmp_path / "c1")
    said = notes(world, tmp_path / "c1")
    stamp = bytearray((tmp_path / "c1" / STAMP).read_bytes())
    stamp[place % len(stamp)] ^= 1
    (tmp_path / "c1" / STAMP).write_bytes(stamp)
    assert found(world, tmp_path / "c1") == ["time_stamp"] or notes(world, tmp_path / "c1") == said


def test_it_stays_good_when_the_authority_s_certificate_has_run_out(certified_world: World, tmp_path: Path) -> None:
    """It counts as it was at that moment. Stock openssl says so where it is told the moment, and else not."""
    with stamp_authority(tmp_path / "authority", seconds=4) as authority:
        world = asking(certified_world, authority)
        certify(world.mirror, tmp_path / "c1")
        ends = time.time() + 4
    said = notes(world, tmp_path / "c1")
    while time.time() <= ends + 1:
        time.sleep(0.2)
    stock = f"openssl ts -verify -data {STAMP.removesuffix('.tsr')} -in {STAMP} -CAfile {authority.root}"
    assert "certificate has expired" in shell(stock, tmp_path / "c1").stderr
    assert shell(f"{stock} -attime {int(ends) - 4}", tmp_path / "c1").returncode == 0
    assert (found(world, tmp_path / "c1"), notes(world, tmp_path / "c1")) == ([], said)


def test_the_moment_is_that_of_the_signed_part(
    certified_world: World, authority: StampAuthority, tmp_path: Path
) -> None:
    """The words beside it are nobody's: they may look like a moment."""
    world = asking(certified_world, authority)
    certify(world.mirror, tmp_path / "c1")
    said, stamp = notes(world, tmp_path / "c1"), tmp_path / "c1" / STAMP
    granted, token = b"\x30\x03\x02\x01\x00", stamp.read_bytes()[4:]
    assert token.startswith(granted)
    later = datetime.fromtimestamp(time.time() + 600, UTC).strftime("x\nTime stamp: %b %d %H:%M:%S %Y GMT")
    words = _der(0x30, b"\x02\x01\x00" + _der(0x30, _der(0x0C, later.encode())))
    stamp.write_bytes(_der(0x30, words + token.removeprefix(granted)))
    shown = shell(f"openssl ts -reply -in {STAMP} -text", tmp_path / "c1").stdout
    assert shown.count("\nTime stamp: ") == 2
    assert (found(world, tmp_path / "c1"), notes(world, tmp_path / "c1")) == ([], said)


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def test_without_an_authority_nothing_is_asked(
    certified_world: World, authority: StampAuthority, tmp_path: Path
) -> None:
    """The folder is what it always was; a stamp in it that nobody can check is told, and so is none where one is meant
    to be.
    """
    certify(certified_world.mirror, tmp_path / "c1")
    assert {file.name for file in (tmp_path / "c1").iterdir()} == FILES
    assert "time stamp (RFC 3161)" not in (tmp_path / "c1" / "VERIFY.txt").read_text()
    assert "time stamp" not in notes(certified_world, tmp_path / "c1")
    assert authority.asked == []
    asking(certified_world, authority)
    assert "there is no time stamp beside it" in notes(certified_world, tmp_path / "c1")
    certify(certified_world.mirror, tmp_path / "c2")
    asking(certified_world, None)
    assert "was not checked: no authority is known (time_stamp_ca" in notes(certified_world, tmp_path / "c2")
    assert found(certified_world, tmp_path / "c2") == []


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((503, b""), "it answers 503"),
        ((302, b""), "it answers 302"),
        ((200, b"<html>welcome</html>"), "there is no time stamp in it"),
        ((200, b"\x30\x03\x02\x01\x02"), "there is no time stamp in it"),
        ((200, b"\x30" * 1_100_000), "its answer has more than 1,048,576 bytes"),
    ],
)
def test_without_a_stamp_that_holds_nothing_is_certified(
    certified_world: World, authority: StampAuthority, tmp_path: Path, answer: tuple[int, bytes], why: str
) -> None:
    """No folder, nothing on record; the reason is told, and the way on without one."""
    authority.answers.append(answer)
    world = asking(certified_world, authority)
    before = world.everything()
    with pytest.raises(CertificateRefused, match=why) as error:
        certify(world.mirror, tmp_path / "c1")
    assert "take time_stamp_url out of [payroll]" in error.value.next_step
    assert (len(authority.asked), (tmp_path / "c1").exists()) == (1, False)
    assert (world.everything(), world.mirror.payroll.certificates()) == (before, ())
    assert certify(world.mirror, tmp_path / "c1").number == 1


def test_a_stamp_for_another_request_is_refused(
    certified_world: World, authority: StampAuthority, tmp_path: Path
) -> None:
    """An answer that was given to somebody else before, played again."""
    world = asking(certified_world, authority)
    certify(world.mirror, tmp_path / "c1")
    authority.answers.append((200, (tmp_path / "c1" / STAMP).read_bytes()))
    with pytest.raises(CertificateRefused, match="does not hold"):
        certify(world.mirror, tmp_path / "c2")
    assert not (tmp_path / "c2").exists()
    signature, settings = (tmp_path / "c1" / "certificate.json.sig").read_bytes(), world.mirror.settings.time_stamps
    authority.answers.append((200, (tmp_path / "c1" / STAMP).read_bytes()))
    with pytest.raises(CertificateRefused, match="nonce"):
        time_stamp(signature, settings)
    assert time_stamp(signature, settings) is not None


def test_an_authority_that_is_away_or_unknown(
    certified_world: World, authority: StampAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is certified; each with its reason."""
    cases = (
        ({"time_stamp_url": "http://127.0.0.1:1/tsr"}, CertificateRefused, "does not answer"),
        ({"time_stamp_ca": str(tmp_path / "nowhere.pem")}, ConfigurationError, "nowhere.pem, are not there"),
        ({"time_stamp_ca": __file__}, CertificateRefused, "does not hold"),
    )
    for instead, kind, why in cases:
        with pytest.raises(kind, match=why):
            certify(asking(certified_world, authority, **instead).mirror, tmp_path / "c1")
    asking(certified_world, authority)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "ssh-keygen").symlink_to(_of_this_machine("ssh-keygen"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(ConfigurationError, match="openssl is not installed"):
        certify(certified_world.mirror, tmp_path / "c1")
    assert not (tmp_path / "c1").exists()


def _of_this_machine(program: str) -> str:
    found = shutil.which(program)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('time_stamp_url = "https://tsa.example"', "time_stamp_ca is missing"),
        ('time_stamp_ca = "/etc/root.pem"', "time_stamp_url is missing"),
        ('time_stamp_url = "https://tsa.example"\ntime_stamp_ca = " "', "time_stamp_ca is missing"),
        ('time_stamp_url = "ftp://tsa.example"\ntime_stamp_ca = "/x"', "no address"),
        ('time_stamp_url = "https://me:secret@tsa.example"\ntime_stamp_ca = "/x"', "without a user"),
        ('time_stamp_url = 7\ntime_stamp_ca = "/x"', "time_stamp_url"),
        ('time_stamp_uri = "https://tsa.example"', "time_stamp_uri"),
    ],
)
def test_what_may_be_configured(tmp_path: Path, text: str, why: str) -> None:
    """Both keys or none; no password, which a message would show."""
    file = tmp_path / "x.toml"
    file.write_text(f'timezone = "UTC"\n[payroll]\n{text}\n')
    with pytest.raises(ConfigurationError, match=why) as error:
        load_settings(file, {})
    assert "secret" not in str(error.value)
    file.write_text(
        'timezone = "UTC"\n[payroll]\ntime_stamp_url = "http://tsa.example:318/x"\ntime_stamp_ca = "/etc/root.pem"\n'
    )
    assert load_settings(file, {}).time_stamps == TimeStampSettings(
        time_stamp_url="http://tsa.example:318/x", time_stamp_ca="/etc/root.pem"
    )
