"""Secrets: of the environment, or of files that it names; never of the configuration's own file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from connecteam_sync.api.credentials import ApiKey, ClientCredentials
from connecteam_sync.config_names import PREFIX
from connecteam_sync.errors import ConfigurationError

SECRETS = {
    *("API_KEY", "CLIENT_ID", "CLIENT_SECRET"),
    *("WEBHOOK_SECRET", "WEBHOOK_SECRET_PREVIOUS", "WEBHOOK_TOKEN"),
    *("SMTP_URL", "ALERTS_WEBHOOK_SECRET", "ALERTS_APPRISE_URLS", "ALERTS_PING_URL"),
}
"""The names of secrets, in the environment after CONNECTEAM_SYNC_, and with _FILE the file that holds one."""


class Environ(Mapping[str, str]):
    """Variables that hold secrets. Printing it shows none.

    `names` says where a variable of an account comes from, and `prefix` what its variables begin with; `file` is that
    of the account, where it has one.
    """

    def __init__(
        self,
        values: Mapping[str, str],
        names: Mapping[str, str] | None = None,
        prefix: str = PREFIX,
        file: Path | None = None,
    ) -> None:
        self._values, self.names, self.prefix, self.file = dict(values), dict(names or {}), prefix, file

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Environ({len(self._values)} variables)"


def named(variable: str, environ: Mapping[str, str]) -> str:
    """What a person wrote that a variable stands for: of an account that is a longer name, or a key of its section."""
    return environ.names.get(variable, variable) if isinstance(environ, Environ) else variable


def loose_files(environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """Warnings about files of secrets that others may write to: they could put a key of their own into them."""
    environ = os.environ if environ is None else environ
    warnings = []
    for name in (*sorted(SECRETS), "DATABASE_URL"):
        path = environ.get(f"{PREFIX}{name}_FILE", "").strip()
        try:
            mode = Path(path).stat().st_mode if path and os.name == "posix" else 0
        except (OSError, ValueError):
            continue
        if stat.S_ISREG(mode) and mode & (stat.S_IWGRP | stat.S_IWOTH):
            said = named(f"{PREFIX}{name}_FILE", environ)
            warnings.append(f"others may write to {path}, the file of {said}: chmod go-w {path}")
    return tuple(warnings)


Mark = tuple[str, int, int, int]
"""A file as it was: its path, when it was written (nanoseconds), its size (bytes) and its number; 0 if it is away."""


def marks_of(environ: Mapping[str, str], file: Path | None) -> tuple[Mark, ...]:
    """The files of a configuration as they are now, without reading them: `file`, that of the account, and those of
    secrets. Others than before mean that what was read may no longer hold.
    """
    names = [environ.get(f"{PREFIX}{name}_FILE", "").strip() for name in (*sorted(SECRETS), "DATABASE_URL")]
    own = environ.file if isinstance(environ, Environ) else None
    paths = [*(str(one) for one in (file, own) if one is not None), *filter(None, names)]
    return tuple(_mark(path) for path in paths)


def _mark(path: str) -> Mark:
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return path, 0, 0, 0
    return path, found.st_mtime_ns, found.st_size, found.st_ino


def secret(name: str, environ: Mapping[str, str]) -> str | None:
    """The value of a variable, or the content of the file that `…_FILE` names; None without either.

    Raises ConfigurationError if that file cannot be read or is empty.
    """
    variable = f"{PREFIX}{name}"
    value = environ.get(variable, "").strip()
    path = environ.get(f"{variable}_FILE", "").strip()
    if value or not path:
        return value or None
    try:
        text = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"{named(f'{variable}_FILE', environ)} names a file that cannot be read: {path}",
            next_step="correct the path or the rights of the file",
        ) from error
    if not text:
        raise ConfigurationError(
            f"{named(f'{variable}_FILE', environ)} names an empty file: {path}",
            next_step="write the value into the file, or name another one",
        )
    return text


def credentials(environ: Mapping[str, str] | None = None) -> ApiKey | ClientCredentials:
    """The API key, or the OAuth client. Raises ConfigurationError if there is neither, or one that cannot be sent."""
    environ = os.environ if environ is None else environ
    prefix = environ.prefix if isinstance(environ, Environ) else PREFIX
    key, client, password = (secret(name, environ) for name in ("API_KEY", "CLIENT_ID", "CLIENT_SECRET"))
    for text in (key, client, password):
        if text and not (text.isascii() and text.isprintable()):
            raise ConfigurationError(
                "the API key or client secret holds characters no key has",
                next_step=f"copy it again into {prefix}API_KEY (or {prefix}CLIENT_ID and {prefix}CLIENT_SECRET)",
            )
    if key:
        return ApiKey(key)
    if client and password:
        return ClientCredentials(client, password)
    raise ConfigurationError(
        "there is no API key",
        next_step=f"set {prefix}API_KEY, or {prefix}API_KEY_FILE to a file that holds it",
    )
