"""Time stamps of certificates (RFC 3161): asked of an authority over HTTP, made and checked by `openssl`, the same
program that an auditor checks them with (decision 19). The authority sees a hash, and nothing else.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from connecteam_sync.api.time_stamps import WITHOUT, asked
from connecteam_sync.core.payroll_settings import TimeStampSettings
from connecteam_sync.errors import CertificateRefused, ConfigurationError

_SECONDS = 30.0
_ERROR = re.compile(r"[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]*):[^:]*:\d+:(?:Verify error:)?(.*)")
"""A line of openssl's: the reason, and what it says of it."""
_GIVEN = re.compile(rb"^Time stamp: (\w{3} +\d{1,2} \d\d:\d\d:\d\d(?:\.\d+)? \d{4}) GMT\r?$", re.MULTILINE)


class Stamped(NamedTuple):
    """What came of checking a time stamp: `at` in epoch seconds where it holds, else why it does not."""

    at: int | None
    why: str = ""


def time_stamp(signature: bytes, settings: TimeStampSettings) -> bytes | None:
    """The time stamp (TimeStampResp in DER) of a signature; None if no authority is configured.

    It is checked before it is believed. Raises CertificateRefused if the authority gives none that holds,
    ConfigurationError if it cannot be asked or checked here.
    """
    if settings.time_stamp_url is None:
        return None
    with tempfile.TemporaryDirectory(prefix="connecteam-sync-") as name:
        folder = Path(name)
        data, query = folder / "signature", folder / "query"
        data.write_bytes(signature)
        made = _openssl(["-query", "-data", str(data), "-sha256", "-cert", "-out", str(query)])
        if made.returncode:
            raise ConfigurationError(
                f"openssl made no request for a time stamp: {_said(made, folder)}", next_step="see: openssl ts -help"
            )
        answer = asked(settings.time_stamp_url, query.read_bytes())
        found = _checked(folder, answer, ["-queryfile", str(query)], settings.time_stamp_ca)
    if found.at is None:
        raise CertificateRefused(
            f"the authority's time stamp does not hold, so nothing was certified: {found.why}",
            next_step=f"see that time_stamp_ca of [payroll] has the authority's root certificate; {WITHOUT}",
        )
    return answer


def stamped(signature: bytes, stamp: bytes, settings: TimeStampSettings) -> Stamped:
    """Whether a time stamp holds for a signature, and the moment that it names. Raises ConfigurationError."""
    with tempfile.TemporaryDirectory(prefix="connecteam-sync-") as name:
        data = Path(name, "signature")
        data.write_bytes(signature)
        return _checked(Path(name), stamp, ["-data", str(data)], settings.time_stamp_ca)


def _checked(folder: Path, stamp: bytes, of_what: list[str], authority: str | None) -> Stamped:
    """By the authority's certificates as they were at the moment that it names: they run out, and it stays good."""
    if authority is None or not Path(authority).is_file():
        raise ConfigurationError(
            f"the certificates of the time stamp authority, {authority or 'time_stamp_ca of [payroll]'}, are not there",
            next_step="name the PEM file with the root certificate that it publishes: time_stamp_ca of [payroll]",
        )
    file = folder / "stamp"
    file.write_bytes(stamp)
    # Of the signed part alone: what stands around it is nobody's word.
    shown = _openssl(["-reply", "-in", str(file), "-token_out", "-text"])
    given = _GIVEN.search(shown.stdout)
    if given is None:
        return Stamped(None, "there is no time stamp in it")
    text = re.sub(r"\.\d+", "", given[1].decode())
    at = int(datetime.strptime(text, "%b %d %H:%M:%S %Y").replace(tzinfo=UTC).timestamp())
    words = ["-verify", *of_what, "-in", str(file), "-CAfile", authority, "-attime", str(at)]
    done = _openssl(words)
    return Stamped(at) if done.returncode == 0 else Stamped(None, _said(done, folder))


def _openssl(words: list[str]) -> subprocess.CompletedProcess[bytes]:
    """Run `openssl ts`, which asks nobody."""
    program = shutil.which("openssl")
    if program is None:
        raise ConfigurationError(
            "openssl is not installed, and time stamps are asked for and checked by it",
            next_step="install it (apt install openssl, apk add openssl), 3.0 or newer",
        )
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT") if name in os.environ}
    try:
        return subprocess.run(  # noqa: S603 - a fixed program, without a shell; no secret is among the words
            [program, "ts", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={**kept, "LC_ALL": "C"},
            timeout=_SECONDS,
            check=False,
            start_new_session=True,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        why = error.strerror if isinstance(error, OSError) else f"it did not end within {_SECONDS:.0f} seconds"
        raise ConfigurationError(
            f"openssl could not be run: {why}", next_step=f"see what is wrong with {program}"
        ) from error


def _said(done: subprocess.CompletedProcess[bytes], folder: Path) -> str:
    """What openssl has against it, on one line and without its numbers."""
    lines = done.stderr.decode(errors="replace").replace(f"{folder}{os.sep}", "").splitlines()
    found = (match for line in lines if (match := _ERROR.match(line)))
    return ", ".join(": ".join(filter(None, one.groups())) for one in found) or f"openssl ended with {done.returncode}"
