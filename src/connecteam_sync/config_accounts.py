"""Accounts: several companies in one configuration, each with the keys of a single one.

`[accounts.NAME]` in the configuration's file, or `accounts = "FOLDER"` there, with a file NAME.toml for each. What an
account does not say itself, the rest of the file says for all. Secrets are never in these files: a key like
`api_key_file` names a file that holds one, and CONNECTEAM_SYNC_ACCOUNT_NAME_API_KEY, or any other variable with the
account's name in it, is that account's alone. Keys of Connecteam and databases are no two accounts' own.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from connecteam_sync.config_names import PREFIX, require_known
from connecteam_sync.config_secrets import SECRETS, Environ
from connecteam_sync.errors import ConfigurationError

_NAME = re.compile("[a-z][a-z0-9_-]{0,39}")
_LARGEST_FILE, _MOST = 1 << 20, 2_000
_OF_ONE = ("API_KEY", "CLIENT_ID", "CLIENT_SECRET", "DATABASE_URL", "WEBHOOK_TOKEN")
"""What no two accounts share: without the account's name in it, such a variable is no account's."""
_ACCOUNT = f"{PREFIX}ACCOUNT_"
_FILES = {f"{name.lower()}_file": f"{PREFIX}{name}_FILE" for name in (*sorted(SECRETS), "DATABASE_URL")}
"""Keys of an account that name a file with a secret, and the variable each stands for."""
_WITHIN = {
    "CERTIFICATE_KEY_FILE": ("payroll", "certificate_key"),
    "TABLE_PREFIX": ("tables", "prefix"),
    "TABLE_SCHEMA": ("tables", "schema"),
}
"""Variables that stand for a key in a section of the file."""


class AccountValues(NamedTuple):
    """What one account is configured by: values by key, the place of each, and the variables that are its own."""

    values: dict[str, Any]
    places: dict[str, str]
    environ: Environ


class Section(NamedTuple):
    """What a file says of one account."""

    values: Mapping[str, Any]
    place: str
    file: Path | None = None


class Accounts:
    """The accounts of a configuration's file: `accounts` is the value of that key, `shared` all other values.

    Raises ConfigurationError for names or files that cannot be used.
    """

    def __init__(self, accounts: object, shared: Mapping[str, Any], file: Path) -> None:
        self._shared, self._file = shared, file
        self._sections = _sections(accounts, file)
        self.names = tuple(sorted(self._sections))

    def values(self, name: str | None, environ: Mapping[str, str], keys: Iterable[str]) -> AccountValues:
        """What one account is configured by. `keys` are those of a single account.

        The account's own variables come before its section, that before variables for all, those before the rest of
        the file. Raises ConfigurationError.
        """
        if name is None:
            raise ConfigurationError(
                f"{self._file} has several accounts, and none was named",
                next_step=f"--account NAME, one of: {', '.join(self.names)}",
            )
        section = self._sections.get(name)
        if section is None:
            raise ConfigurationError(
                f"there is no account {name[:60]!r} in {self._file}", next_step=f"use one of: {', '.join(self.names)}"
            )
        own = {key: value for key, value in section.values.items() if key not in _FILES}
        for key, path in section.values.items():
            if key not in _FILES:
                continue
            if not isinstance(path, str) or not path.strip():
                raise ConfigurationError(
                    f"{section.place}: {key} must be the path of a file", next_step="write it in quotes"
                )
        if {"database_url", "database_url_file"} <= section.values.keys():
            raise ConfigurationError(
                f"{section.place}: both database_url and database_url_file are given",
                next_step="leave one of them out",
            )
        for key in own:
            if key.upper() in SECRETS:
                variable = f"{_ACCOUNT}{_variable(name)}_{key.upper()}"
                raise ConfigurationError(
                    f"{section.place}: {key} is a secret and does not belong into this file",
                    next_step=f'name a file that holds it: {key}_file = "…"; or set {variable}',
                )
            require_known(key, (*keys, *_FILES), section.place)
        places = dict.fromkeys(self._shared, str(self._file)) | dict.fromkeys(own, section.place)
        return AccountValues(
            {**self._shared, **own}, places, _variables(name, self.names, section, tuple(keys), environ)
        )


def _sections(accounts: object, file: Path) -> dict[str, Section]:
    if isinstance(accounts, str):
        found = _of_folder(file.parent / accounts, f"{file}: accounts")
    elif isinstance(accounts, dict):
        found = {name: Section(values, f"{file}, [accounts.{name}]") for name, values in accounts.items()}
    else:
        raise ConfigurationError(
            f"{file}: accounts must be sections, or a folder",
            next_step='write [accounts.NAME] for each, or accounts = "FOLDER" with a file NAME.toml for each',
        )
    if not found:
        raise ConfigurationError(
            f"{file}: accounts names no account",
            next_step="write [accounts.NAME], or remove accounts: then there is the one account of the file",
        )
    by_variable: dict[str, str] = {}
    for name, section in found.items():
        require_name(name, section.place)
        if not isinstance(section.values, dict):
            raise ConfigurationError(f"{section.place} must be a section", next_step=f"write [accounts.{name}]")
        other = by_variable.setdefault(_variable(name), name)
        if other != name:
            raise ConfigurationError(
                f"the accounts {other} and {name} have the same variables, {_ACCOUNT}{_variable(name)}_…",
                next_step="give one of them another name",
            )
    return found


def require_name(name: str, place: str) -> None:
    """Raises ConfigurationError for what is no name of an account."""
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{place}: {name[:60]!r} is no name of an account",
            next_step="use small letters, digits, - and _, at most 40, a letter first",
        )


def _variables(
    name: str, found: Iterable[str], section: Section, keys: Iterable[str], environ: Mapping[str, str]
) -> Environ:
    """The environment as this account alone would have it."""
    prefixes = {other: f"{_ACCOUNT}{_variable(other)}_" for other in found}
    known = {*map(str.upper, keys), *SECRETS, *(f"{one}_FILE" for one in (*SECRETS, "DATABASE_URL")), *_WITHIN}
    given = {_FILES[key]: str(path) for key, path in section.values.items() if key in _FILES}
    names = {_FILES[key]: f"{section.place}: {key}" for key in section.values if key in _FILES}
    section_says = {_bare(variable) for variable in given} | {
        _bare(f"{PREFIX}{key.upper()}") for key in section.values if key not in _FILES
    }
    for said, (part, key) in _WITHIN.items():
        section_says |= {said} if key in (section.values.get(part) or ()) else set()
    mine, rest = dict[str, str](), dict[str, str]()
    for variable, text in environ.items():
        if not variable.startswith(PREFIX):
            rest[variable] = text
        elif variable.startswith(_ACCOUNT):
            # The longest name: a variable of north_east is none of north. But NORTH_API_KEY is no KEY of north_api.
            whose = max(
                (one for one in found if variable.startswith(prefixes[one])),
                key=lambda one: (variable.removeprefix(prefixes[one]) in known, len(one)),
                default=None,
            )
            if whose is None:
                raise ConfigurationError(
                    f"the environment: {variable[:200]} is of no account that is configured",
                    next_step=f"accounts are: {', '.join(sorted(found))}; correct the name, or remove the variable",
                )
            if whose == name:
                short = f"{PREFIX}{variable.removeprefix(prefixes[name])}"
                mine[short], names[short] = text, variable
        elif _bare(variable) not in {*_OF_ONE, *section_says}:
            rest[variable] = text
    # What the environment says of this account alone takes the place of its section's file, and the other way round.
    said_alone = {_bare(variable) for variable in mine}
    files = {variable: path for variable, path in given.items() if _bare(variable) not in said_alone}
    return Environ(rest | files | mine, names, prefixes[name], section.file)


def _bare(variable: str) -> str:
    """The name of what a variable says, whether it says it or names a file."""
    name = variable.removeprefix(PREFIX)
    return name.removesuffix("_FILE") if name.removesuffix("_FILE") in {*SECRETS, "DATABASE_URL"} else name


def _variable(name: str) -> str:
    return name.upper().replace("-", "_")


def _of_folder(folder: Path, place: str) -> dict[str, Section]:
    """A file for each account; other files of the folder are nobody's."""
    try:
        found = (path for path in folder.iterdir() if path.suffix == ".toml" and not path.name.startswith("."))
        files = sorted(path for path in found if path.is_file())
        if len(files) > _MOST:
            raise ConfigurationError(
                f"{place}: {folder} has {len(files):,} files", next_step=f"at most {_MOST:,} accounts are possible"
            )
        return {path.stem: Section(_read(path), str(path), path) for path in files}
    except OSError as error:
        raise ConfigurationError(
            f"{place}: {folder} cannot be read: {error.strerror or error}",
            next_step="name a folder with a file NAME.toml for each account",
        ) from error


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as opened:
            content = opened.read(_LARGEST_FILE + 1)
        if len(content) > _LARGEST_FILE:
            raise ConfigurationError(f"{file} is larger than 1 MiB", next_step="it holds the keys of one account")
        return tomllib.loads(content.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(
            f"{file} cannot be read: {error}", next_step="correct the file; its format is TOML"
        ) from error
