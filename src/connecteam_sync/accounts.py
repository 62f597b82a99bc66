"""Several accounts in one configuration: how each is, and whether it can work without getting in another's way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings, account_names, load_settings
from connecteam_sync.config_secrets import credentials
from connecteam_sync.core.run import Check
from connecteam_sync.core.status import MirrorState
from connecteam_sync.errors import ConfigurationError, ConnecteamSyncError
from connecteam_sync.store.sql.urls import place_of


class AccountState(msgspec.Struct, frozen=True, kw_only=True):
    """How the mirror of one account is. `state` is None if that cannot be known; `message` then says why.

    `clocks` are the time clocks that are looked at, `calls_left` those of today; None until Connecteam has said it.
    """

    name: str
    state: MirrorState | None
    clocks: int = 0
    calls_left: int | None = None
    message: str = ""
    next_step: str = ""


class AccountCheck(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a run of one account needs, as `doctor` has it, and whether another account has it, too."""

    name: str
    checks: tuple[Check, ...]

    @property
    def is_ok(self) -> bool:
        """Whether a run will work."""
        return all(check.state != "failed" for check in self.checks)


def account_states(path: str | Path | None = None) -> tuple[AccountState, ...]:
    """How each account of a configuration is, by name; Connecteam is not asked.

    One that cannot be read harms no other. Raises ConfigurationError if the file has no accounts.
    """
    return tuple(_state(name, path) for name in _names(path))


def check_accounts(path: str | Path | None = None) -> tuple[AccountCheck, ...]:
    """What a run of each account needs, by name: what `doctor` looks at, and that no two accounts share a database's
    tables, a key or a time clock. Connecteam and the databases are asked; nothing is written.

    Raises ConfigurationError if the file has no accounts.
    """
    names = _names(path)
    settings: dict[str, Settings] = {}
    failed: dict[str, ConnecteamSyncError] = {}
    for name in names:
        try:
            settings[name] = load_settings(path, account=name)
        except ConnecteamSyncError as error:
            failed[name] = error
    shared = _shared(settings)
    return tuple(
        AccountCheck(
            name=name,
            checks=(_failure("configuration", failed[name]),)
            if name in failed
            else (*_examined(settings[name]), *shared.get(name, ())),
        )
        for name in names
    )


def _names(path: str | Path | None) -> tuple[str, ...]:
    names = account_names(path)
    if not names:
        raise ConfigurationError(
            "no accounts are configured: there is the one of the file and the environment",
            next_step="connecteam-sync status says how it is; for several: connecteam-sync accounts add NAME",
        )
    return names


def _state(name: str, path: str | Path | None) -> AccountState:
    try:
        with ConnecteamSync.from_config(path, account=name) as mirror:
            found = mirror.status(anomalies=False)
    except ConnecteamSyncError as error:
        return AccountState(name=name, state=None, message=error.message, next_step=error.next_step)
    problem = next(iter(found.problems), None)
    return AccountState(
        name=name,
        state=found.state,
        clocks=found.clocks,
        calls_left=found.calls_left,
        message=problem.message if problem is not None else "",
        next_step=problem.next_step if problem is not None else "",
    )


def _examined(settings: Settings) -> tuple[Check, ...]:
    try:
        with ConnecteamSync(settings=settings) as mirror:
            return mirror.doctor()
    except ConnecteamSyncError as error:
        return (_failure("configuration", error),)


def _failure(name: str, error: ConnecteamSyncError) -> Check:
    return Check(name=name, state="failed", detail=error.message, cure=error.next_step)


# -- what no two accounts may share ------------------------------------------------------------------------------------


def _shared(settings: Mapping[str, Settings]) -> dict[str, list[Check]]:
    """A failed check for each account that has what another one has, too."""
    found: dict[str, list[Check]] = {}
    for what, thing_of, detail, next_step in (
        ("own tables", _tables_of, "write to the same tables", "give each a database_url of its own"),
        ("own records", _records_of, "keep their records in the same tables", "give each a database_url of its own"),
        ("own key", _key_of, "have the same key, and so one company", "give each its own: api_key_file in its section"),
    ):
        taken: dict[object, str] = {}
        for name, chosen in settings.items():
            with _ignored():
                other = taken.setdefault(thing_of(chosen), name)
                if other != name:
                    _add(found, what, (other, name), f"the accounts {other} and {name} {detail}", next_step)
    clocks: dict[int, str] = {}
    for name, chosen in settings.items():
        for clock in chosen.time_clocks:
            other = clocks.setdefault(clock, name)
            if other != name:
                detail = f"the accounts {other} and {name} both look at time clock {clock}"
                _add(found, "own time clocks", (other, name), detail, "take it out of time_clocks of one of them")
    return found


def _add(found: dict[str, list[Check]], what: str, names: tuple[str, str], detail: str, next_step: str) -> None:
    for name in names:
        found.setdefault(name, []).append(Check(name=what, state="failed", detail=detail, cure=next_step))


@contextmanager
def _ignored() -> Iterator[None]:
    """What cannot be read is named by its own account's check."""
    try:
        yield
    except ConnecteamSyncError:
        return


def _tables_of(settings: Settings) -> object:
    return (*place_of(settings.database_url), settings.tables.clock_times.table, settings.tables.clock_times.schema)


def _records_of(settings: Settings) -> object:
    """Our own tables: another name of the table of clock times makes them no other ones."""
    return (*place_of(settings.database_url), settings.own)


def _key_of(settings: Settings) -> object:
    return credentials(settings.secrets)
