"""Several accounts in one configuration: how each is, and whether it can work without getting in another's way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import msgspec

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings, account_names, load_settings
from connecteam_sync.config_fleet import FleetSettings, fleet_settings
from connecteam_sync.config_secrets import credentials
from connecteam_sync.core.fleet import Aside
from connecteam_sync.core.run import Check
from connecteam_sync.core.status import MirrorState
from connecteam_sync.errors import ConfigurationError, ConnecteamSyncError
from connecteam_sync.store.control.looking import accounts_aside
from connecteam_sync.store.sql.urls import database_of, parsed, place_of

WORKERS = "connecteam-sync workers"
"""The command that says what is wrong with the control database."""


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
    """How each account of a configuration is, by name, and whether the fleet has put it aside; Connecteam is not asked.

    One that cannot be read harms no other. Raises ConfigurationError if the file has no accounts.
    """
    names, aside, why = _names(path), dict[str, Aside](), ""
    try:
        aside |= accounts_aside(fleet_settings().control_database_url)
    except ConnecteamSyncError as error:
        why = f"whether it is put aside is not known: {error.message}"
    found = (_state(name, path) for name in names)
    return tuple(_as_the_fleet_has_it(one, aside.get(one.name), why) for one in found)


def check_accounts(path: str | Path | None = None) -> tuple[AccountCheck, ...]:
    """What a run of each account needs, by name: what `doctor` looks at, and that no two accounts share a database's
    tables, a key, a company or a time clock; where workers do the visits, that all of them find the same databases.
    Connecteam and the databases are asked; nothing is written.

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
    examined = {name: _examined(chosen) for name, chosen in settings.items()}
    companies = {name: company for name, (_, company) in examined.items() if company is not None}
    shared, fleet = _shared(settings, companies), fleet_settings()
    return tuple(
        AccountCheck(
            name=name,
            checks=(_failure("configuration", failed[name]),)
            if name in failed
            else (*examined[name][0], *shared.get(name, ()), *_of_workers(settings[name], fleet)),
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


def _as_the_fleet_has_it(one: AccountState, aside: Aside | None, why: str) -> AccountState:
    """An account that is put aside is not well, whatever its mirror says; `why` that is not known is said last."""
    if aside is None:
        message = one.message or why
        return msgspec.structs.replace(one, message=message, next_step=one.next_step or (WORKERS if message else ""))
    message = "; ".join(filter(None, (aside.message, one.message)))
    state = "not_well" if one.state is not None else None
    return msgspec.structs.replace(one, state=state, message=message, next_step=aside.next_step)


def _examined(settings: Settings) -> tuple[tuple[Check, ...], str | None]:
    """The checks of `doctor`, and the id of the company that Connecteam named meanwhile."""
    try:
        with ConnecteamSync(settings=settings) as mirror:
            return mirror.doctor(), mirror.company_id
    except ConnecteamSyncError as error:
        return (_failure("configuration", error),), None


def _failure(name: str, error: ConnecteamSyncError) -> Check:
    return Check(name=name, state="failed", detail=error.message, cure=error.next_step)


# -- what workers have to find -----------------------------------------------------------------------------------------


def _of_workers(settings: Settings, fleet: FleetSettings) -> Iterator[Check]:
    """Where workers do the visits: that a database is the same one wherever a worker was started."""
    if fleet.executor != "celery":
        return
    for name, of_whom, url, variable in (
        ("database of all workers", "the mirror", settings.database_url, "database_url"),
        ("control database", "the turns", fleet.control_database_url, "CONNECTEAM_SYNC_CONTROL_DATABASE_URL"),
    ):
        with _ignored():
            database = parsed(url)
            if not database_of(database).is_file:
                continue
            is_whole = Path(database.database or "").is_absolute()
            yield Check(
                name=name,
                state="warning" if is_whole else "failed",
                detail=f"{of_whom} would be in an SQLite file, which workers on other machines do not see"
                if is_whole
                else f"{of_whom} would be in another SQLite file wherever a worker is started",
                cure=f"name a database on a server: {variable}"
                + ("" if is_whole else "; with all workers on this machine, the file by its whole path"),
            )


# -- what no two accounts may share ------------------------------------------------------------------------------------


def _shared(settings: Mapping[str, Settings], companies: Mapping[str, str]) -> dict[str, list[Check]]:
    """A failed check for each account that has what another one has, too; `companies` are those that are known: two
    accounts of one company are a warning, since each may have time clocks of its own.
    """
    found: dict[str, list[Check]] = {}
    pairs: set[tuple[str, str, str]] = set()
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
                    pairs.add((what, other, name))
                    _add(found, what, (other, name), f"the accounts {other} and {name} {detail}", next_step)
    known: dict[object, str] = {}
    for name, company in companies.items():
        # An id is of one region: what answers at another address is another company.
        other = known.setdefault((settings[name].base_url, company), name)
        if other != name and ("own key", other, name) not in pairs:
            detail = f"the keys of the accounts {other} and {name} are of one company: its hours may be fetched twice"
            cure = "give each time clocks of its own (time_clocks), or one of them the key of another company"
            _add(found, "own company", (other, name), detail, cure, state="warning")
    clocks: dict[int, str] = {}
    for name, chosen in settings.items():
        for clock in chosen.time_clocks:
            other = clocks.setdefault(clock, name)
            if other != name:
                detail = f"the accounts {other} and {name} both look at time clock {clock}"
                _add(found, "own time clocks", (other, name), detail, "take it out of time_clocks of one of them")
    return found


def _add(
    found: dict[str, list[Check]],
    what: str,
    names: tuple[str, str],
    detail: str,
    next_step: str,
    *,
    state: Literal["warning", "failed"] = "failed",
) -> None:
    for name in names:
        found.setdefault(name, []).append(Check(name=what, state=state, detail=detail, cure=next_step))


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
