"""An account is added to the configuration: text at the end of its file, or a file in its folder."""

from __future__ import annotations

import json
import os
import tempfile
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from connecteam_sync.config import FILE, account_names, load_settings
from connecteam_sync.config_accounts import require_name
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.sql.urls import parsed

_OF_ONE = ("database_url", "time_clocks")
"""Keys of the file's one account that would be every account's."""


def add_account(name: str, given: Mapping[str, str | None], path: str | Path | None = None) -> Path:
    """Add an account with these keys; the file that has it now. None stands for a key that is not given.

    Nothing is written unless the account, and each that was there, can be read then. Raises ConfigurationError.
    """
    file = Path(path) if path is not None else Path(FILE)
    require_name(name, str(file))
    _require_ordinary(file)
    text = _text(file)
    there = tomllib.loads(text) if text else {}
    if name in (account_names(file) if "accounts" in there else ()):
        raise ConfigurationError(f"there is an account {name} already", next_step="edit its section, or choose a name")
    if "accounts" not in there and (shared := [key for key in _OF_ONE if key in there]):
        raise ConfigurationError(
            f"{file} is the file of one account: its {' and '.join(shared)} would be every account's",
            next_step=f"move {' and '.join(shared)} under [accounts.NAME] first, then add another",
        )
    if (url := given.get("database_url")) and parsed(url).password:
        raise ConfigurationError(
            "the database URL holds a password, which other people of this machine can read while a command runs",
            next_step="write the URL into a file that only you can read, and name it: --database-url-file FILE",
        )
    values = {key: value for key, value in given.items() if value is not None}
    for key, value in values.items():
        if not value.isprintable() and any(not one.isprintable() and one not in "\n\t" for one in value):
            raise ConfigurationError(
                f"{key} holds characters that cannot be written into {file}; nothing was added",
                next_step="type it again, or give the file another name",
            )
    # A TOML basic string is a JSON string but for the delete character, which no value here holds.
    lines = "".join(f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in values.items())
    if isinstance(there.get("accounts"), str):
        place = file.parent / there["accounts"] / f"{name}.toml"
        return _placed(place, lines, file, name)
    end = "\r\n" if "\r\n" in text else "\n"
    section = f"[accounts.{json.dumps(name, ensure_ascii=False)}]\n{lines}"
    return _placed(file, f"{text.rstrip()}{end}{end}{section}" if text else section, file, name)


def _require_ordinary(file: Path) -> None:
    """Raises ConfigurationError for a device, a pipe or a folder, which no file may take the place of."""
    if file.exists() and not file.is_file():
        raise ConfigurationError(
            f"{file} is no ordinary file; nothing was added", next_step="name the file of the configuration: --config"
        )


def _text(file: Path) -> str:
    try:
        text = file.read_bytes().decode()
        tomllib.loads(text)
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(
            f"{file} cannot be read: {error}; nothing was added", next_step="correct the file; its format is TOML"
        ) from error
    return text


def _placed(place: Path, text: str, file: Path, name: str) -> Path:
    """Write the text in the file's place; it is as before if an account cannot be read then."""
    _require_ordinary(place)
    before = place.read_bytes() if place.is_file() else None
    try:
        _write(place, text.encode())
        try:
            for each in {*account_names(file), name}:
                load_settings(file, account=each)
        except (ConfigurationError, OSError, KeyboardInterrupt):
            if before is None:
                place.unlink()
            else:
                _write(place, before)
            raise
    except OSError as error:
        raise ConfigurationError(
            f"{place} cannot be written: {error.strerror or error}; nothing was added",
            next_step="cure that, or write the section by hand",
        ) from error
    return place


def _write(place: Path, text: bytes) -> None:
    """Replace the file as a whole: who reads it meanwhile finds the one or the other.

    Whose it is and who may read it stays, and a link to it stays one.
    """
    place = place.resolve()
    before = place.stat() if place.exists() else None
    number, made = tempfile.mkstemp(prefix=f".{place.name}.", dir=place.parent)
    try:
        with os.fdopen(number, "wb") as opened:
            opened.write(text)
        if before is not None and hasattr(os, "chown"):
            with suppress(PermissionError):
                os.chown(made, before.st_uid, before.st_gid)
        Path(made).chmod(before.st_mode & 0o777 if before is not None else 0o644)
        Path(made).replace(place)
    finally:
        Path(made).unlink(missing_ok=True)
