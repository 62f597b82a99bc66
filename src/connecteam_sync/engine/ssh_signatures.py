"""SSH signatures (SSHSIG, Ed25519) by `ssh-keygen`: the same program that an auditor checks them with (decision 19).

A key is a file that only its owner may read, or the `.pub` file of one that an agent holds. It is in no database,
in no argument of a command and in no message.
"""

from __future__ import annotations

import base64
import binascii
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import msgspec

from connecteam_sync.core.certificate_chain import AllowedKey
from connecteam_sync.errors import ConfigurationError

IDENTITY = NAMESPACE = "connecteam-sync"
"""Who signs, as `allowed_signers` names them, and what for: a signature made for anything else is none of ours."""
_ED25519 = "ssh-ed25519"
_SECONDS = 120
"""An agent may ask a person."""
_MAKE = "ssh-keygen -t ed25519 -N '' -C connecteam-sync -f KEYFILE"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that signs: its file, and its public half as `ssh-ed25519 AAAA…`. `in_agent`: an agent has the other."""

    file: Path
    public: str
    in_agent: bool = False


def signing_key(path: str) -> SigningKey:
    """The key of a file. Raises ConfigurationError if it cannot be used, others may read it, or it has a passphrase."""
    file = Path(path).expanduser()
    try:
        found = file.stat()
        content = file.read_text(encoding="utf-8") if file.suffix == ".pub" else ""
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else None) or "it is no text"
        raise ConfigurationError(
            f"the certificate key {file} cannot be read: {why}",
            next_step=f"correct [payroll] certificate_key or CONNECTEAM_SYNC_CERTIFICATE_KEY_FILE; a new key: {_MAKE}",
        ) from error
    if file.suffix == ".pub":
        return SigningKey(file=file, public=_public(content, file), in_agent=True)
    if not stat.S_ISREG(found.st_mode):
        raise ConfigurationError(
            f"the certificate key {file} is no ordinary file", next_step=f"name the file of a key; a new one: {_MAKE}"
        )
    if os.name == "posix" and found.st_mode & _OTHERS:
        raise ConfigurationError(
            f"others may read or write the certificate key {file} (mode {found.st_mode & 0o777:o}): it is not used",
            next_step=f"chmod 600 {file}; if somebody may have copied it, make a new one and run connecteam-sync"
            " certificate rotate-key",
        )
    done = _ssh_keygen(["-y", "-P", "", "-f", str(file)], agent=False)
    if done.returncode == 0:
        return SigningKey(file=file, public=_public(done.stdout.decode(errors="replace"), file))
    if "passphrase" in _said(done):
        raise ConfigurationError(
            f"the certificate key {file} has a passphrase, which nobody is asked for here",
            next_step=f"load it into an agent (ssh-add {file}), and name its public half instead: {file}.pub",
        )
    raise ConfigurationError(
        f"the certificate key {file} cannot be used: {_said(done)}",
        next_step=f"name an Ed25519 key; a new one: {_MAKE}",
    )


def _public(text: str, file: Path) -> str:
    """The type and the key of a public key, without its comment."""
    words = text.split()
    if words[:1] != [_ED25519] or len(words) < 2:  # noqa: PLR2004 - the type and the key
        raise ConfigurationError(
            f"the certificate key {file} is no Ed25519 key (it is {words[0][:40] if words else 'empty'})",
            next_step=f"name one; a new one: {_MAKE}",
        )
    return f"{words[0]} {words[1]}"


def fingerprint(public: str) -> str:
    """The fingerprint of a public key as OpenSSH shows it: `SHA256:…`."""
    try:
        blob = base64.b64decode(public.split()[1], validate=True)
    except (IndexError, binascii.Error):
        return "unreadable"
    return f"SHA256:{base64.b64encode(sha256(blob).digest()).decode().rstrip('=')}"


def sign(key: SigningKey, content: bytes) -> str:
    """The signature of a content, armored. Raises ConfigurationError if the key or its agent does not give one."""
    done = _ssh_keygen(["-Y", "sign", "-f", str(key.file), "-n", NAMESPACE], content=content, agent=key.in_agent)
    if done.returncode:
        agent = "see that ssh-agent runs (SSH_AUTH_SOCK) and has the key: ssh-add -l lists its keys, ssh-add adds one"
        raise ConfigurationError(
            f"nothing was signed: {_said(done)}",
            next_step=agent if key.in_agent else f"try it: ssh-keygen -Y sign -f {key.file} -n {NAMESPACE} FILE",
        )
    return done.stdout.decode()


def refusal(content: bytes, signature: str, allowed: Iterable[AllowedKey], *, at: int) -> str | None:
    """Why a signature does not hold for a content, by the keys that were allowed at an instant; None: it holds.

    Raises ConfigurationError without `ssh-keygen`, or where its temporary files cannot be written.
    """
    with _scratch() as folder:
        signers, file = Path(folder, "allowed_signers"), Path(folder, "signature")
        signers.write_text(allowed_signers(allowed, marks_utc=False), encoding="utf-8")
        file.write_text(signature, encoding="utf-8", newline="")
        moment = datetime.fromtimestamp(at, UTC).strftime(_MOMENT)
        words = ["-Y", "verify", "-f", str(signers), "-I", IDENTITY, "-n", NAMESPACE, "-s", str(file)]
        done = _ssh_keygen([*words, f"-Overify-time={moment}"], content=content, agent=False)
    return None if done.returncode == 0 else _said(done).replace(f"{folder}{os.sep}", "")


def is_whole(content: bytes, signature: str) -> bool:
    """Whether a signature is one of a content by any key at all: neither of the two was altered since it was made.

    Raises ConfigurationError without `ssh-keygen`, or where its temporary files cannot be written.
    """
    with _scratch() as folder:
        file = Path(folder, "signature")
        file.write_text(signature, encoding="utf-8", newline="")
        words = ["-Y", "check-novalidate", "-n", NAMESPACE, "-s", str(file)]
        return _ssh_keygen(words, content=content, agent=False).returncode == 0


@contextmanager
def _scratch() -> Iterator[str]:
    """A folder for the files that `ssh-keygen` reads, which goes with them."""
    try:
        with tempfile.TemporaryDirectory(prefix="connecteam-sync-") as folder:
            yield folder
    except OSError as error:
        raise ConfigurationError(
            "the signature cannot be checked, since the temporary files for it cannot be written to the folder for such"
            f" files (TMPDIR): {error.strerror or error}",
            next_step="make room there, or name another folder in the variable TMPDIR, and run the command again",
        ) from error


_MOMENT = "%Y%m%d%H%M%S"


def allowed_signers(keys: Iterable[AllowedKey], *, marks_utc: bool = True) -> str:
    """A file of allowed signers, the newest key first. Without `marks_utc` its times are those of the reader's zone.

    The key that is in use has no end, so that what it signed is still good years later.
    """
    zone = "Z" if marks_utc else ""

    def bound(name: str, at: int | None) -> str:
        return "" if at is None else f',{name}="{datetime.fromtimestamp(at, UTC).strftime(_MOMENT)}{zone}"'

    return "".join(
        f'{IDENTITY} namespaces="{NAMESPACE}"{bound("valid-after", key.since)}{bound("valid-before", key.until)}'
        f" {key.public}\n"
        for key in reversed(list(keys))
    )


def _ssh_keygen(words: list[str], *, agent: bool, content: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run `ssh-keygen` where it can ask nobody; with the agent only if the key is there."""
    program = shutil.which("ssh-keygen")
    if program is None:
        raise ConfigurationError(
            "ssh-keygen is not installed, and certificates are signed and checked by it",
            next_step="install OpenSSH's client (apt install openssh-client, apk add openssh-keygen), 8.9 or newer",
        )
    kept = ("PATH", "HOME", "SYSTEMROOT", *(("SSH_AUTH_SOCK",) if agent else ()))
    environment: Mapping[str, str] = {name: os.environ[name] for name in kept if name in os.environ} | {
        "LC_ALL": "C",
        "TZ": "UTC",
        "SSH_ASKPASS_REQUIRE": "never",
    }
    try:
        return subprocess.run(  # noqa: S603 - a fixed program, without a shell; no secret is among the words
            [program, *words],
            input=content,
            capture_output=True,
            env=environment,
            timeout=_SECONDS,
            check=False,
            start_new_session=True,
        )
    except subprocess.TimeoutExpired as error:
        raise ConfigurationError(
            f"ssh-keygen did not end within {_SECONDS} seconds",
            next_step="see whether the agent waits for a person, and try again",
        ) from error
    except OSError as error:
        raise ConfigurationError(
            f"ssh-keygen could not be run: {error.strerror}", next_step=f"see what is wrong with {program}"
        ) from error


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    """What it said, on one line."""
    lines = (done.stderr or done.stdout).decode(errors="replace").splitlines()
    return " ".join(line.strip() for line in lines if line.strip()) or f"it ended with {done.returncode}"
