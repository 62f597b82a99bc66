"""Settings: a file, overridden by the environment. Secrets come only from the environment or from files it names."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from connecteam_sync.api.credentials import HOSTS, require_host
from connecteam_sync.config_names import PREFIX, require_column, require_known, require_words, time_clock_ids
from connecteam_sync.config_secrets import SECRETS, marks_of, named, secret
from connecteam_sync.core.change import Planner, Policy
from connecteam_sync.core.payroll_settings import LayoutSettings, PaySchedule, TimeStampSettings
from connecteam_sync.core.proxies import CHECKS as PROXY_CHECKS
from connecteam_sync.core.receivers import CHECKS as RECEIVER_CHECKS
from connecteam_sync.core.timesheets import TimesheetRules
from connecteam_sync.core.window import MAX_SLICE_DAYS, PADDING_DAYS, SLICE_DAYS
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.tables.host import ClockTimesNames, EmployeesNames, HostTables
from connecteam_sync.store.tables.own import OwnNames

FILE = "connecteam-sync.toml"
SQLITE = "sqlite:///connecteam-sync.db"
_Employees = Literal["create", "match"]
_Orphans = Literal["report", "delete"]
_LocalEdits = Literal["restore", "keep"]
_Unchanged = Literal["digest", "slice", "read"]
_Log = Literal["off", "text", "json"]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """All settings; `docs/reference.md` lists them, and a test keeps the two equal.

    `timezone` is the business time zone (IANA); `lookback_days` the days before today that `sync` looks at by default;
    `slice_days` the days of one request, padding included. `lock_wait` and other times are in seconds.
    """

    timezone: str
    database_url: str = SQLITE
    base_url: str = HOSTS[0]
    time_clocks: tuple[int, ...] = ()
    employees: _Employees | None = None
    """None: `create` if `init` made the table of employees, else `match`."""
    orphans: _Orphans = "report"
    local_edits: _LocalEdits = "restore"
    unchanged: _Unchanged = "digest"
    """How a slice with nothing to do is recognised: by digests of all its inputs, or by reading every row."""
    max_deletes: int = 3
    max_deletes_share: float = 0.10
    max_deletes_of_person: int = 3
    max_users_gone_share: float = 0.30
    lookback_days: int = 14
    older_days: int = 92
    """How far back a default run looks at one further slice, each time the one looked at longest ago; 0 for none."""
    open_too_long_days: int = 2
    """`anomalies` reports rows that are open for longer."""
    slice_days: int = SLICE_DAYS
    cadence_seconds: int | None = None
    """How often `serve` visits each time clock, at every hour; None: every 5 minutes, less often while it is quiet."""
    keep_quiet_receipts: int = 14
    """Days after which receipts of runs with nothing are folded to one row for each time clock and day; 0: never."""
    settle_seconds: int = 10
    """How long `serve` waits after a doorbell before it looks: Connecteam may not show the change at once."""
    recheck_seconds: int = 90
    """After how long it looks once more if that look found nothing."""
    public_url: str | None = None
    """The address at which `serve` is reached from outside: https, without a path of ours."""
    trusted_proxies: str | None = None
    """IP addresses, separated by commas, whose forwarding headers the console believes."""
    proxy_user_header: str | None = None
    """The header in which they name the person who is signed in."""
    lock_wait: float = 10.0
    request_timeout: float = 30.0
    total_seconds: float = 300.0
    day_reserve_share: float = 0.1
    alerts_email_to: str | None = None
    """E-mail addresses, separated by commas."""
    alerts_email_from: str | None = None
    alerts_webhook_url: str | None = None
    alerts_quiet_hours: str | None = None
    """Hours of the business's clock in which nobody is told, like 22:00-06:00."""
    log: _Log = "off"
    """The command logs events as text or JSON lines; the library never sets up a log by itself."""
    log_file: str | None = None
    """The file of the command's log; None for stderr."""
    state_dir: str | None = None
    """The folder of what is kept on this machine, also while the database does not answer; None: see `state_folder`."""
    keep_inputs: int = 20
    """Of how many runs the inputs of their decisions are kept, for `support-bundle --run`; 0 for none."""
    planner: Planner = "batch"
    """`legacy` if the environment has the rollback flag USE_BATCH_SYNC=false."""
    tables: HostTables = HostTables()
    own: OwnNames = OwnNames()
    """The names of our own tables: `[tables] prefix` and `schema`."""
    payroll: TimesheetRules = TimesheetRules()
    """What the time clocks do to Connecteam's own timesheets: `[payroll]`."""
    pay_schedule: PaySchedule = PaySchedule()
    """When pay periods begin and end, and who closes them: `[payroll]`, too."""
    layouts: LayoutSettings = LayoutSettings()
    """What the layouts of payroll systems want: `[payroll]`, too, and its sections."""
    certificate_key: str | None = None
    """The file of the key that signs certificates, or the .pub file of one in an agent: `[payroll]`, too."""
    time_stamps: TimeStampSettings = TimeStampSettings()
    """Who says when certificates were signed: `[payroll]`, too."""
    retention_years: int = 3
    """How long records are kept: `years` of `[retention]`; the law wants three at least."""
    file: Path | None = None
    account: str | None = None
    """The name of the account, where several are configured."""
    environ: Mapping[str, str] | None = None
    """The variables of that account, of which its secrets are read; None: those of the process."""

    @property
    def secrets(self) -> Mapping[str, str]:
        """Where secrets are read."""
        return os.environ if self.environ is None else self.environ

    def marks(self) -> tuple[object, ...]:
        """The files that it was read from as they are now: others than before mean that it may no longer hold."""
        return marks_of(self.secrets, self.file)

    @property
    def state_folder(self) -> Path | None:
        """`state_dir`, else the folder that systemd gives the service, else that of the user for such things.

        None if the user has no home.
        """
        if self.state_dir is not None:
            return Path(self.state_dir)
        if given := os.environ.get("STATE_DIRECTORY", "").partition(":")[0]:
            return Path(given)
        home = os.environ.get("XDG_STATE_HOME", "")
        try:
            return (Path(home) if Path(home).is_absolute() else Path("~/.local/state").expanduser()) / "connecteam-sync"
        except RuntimeError:  # no home
            return None

    def policy(self, *, made_employees: bool) -> Policy:
        """The settings that the planner needs. `made_employees`: `init` made the table of employees."""
        return Policy(
            planner=self.planner,
            employees=self.employees or ("create" if made_employees else "match"),
            orphans=self.orphans,
            local_edits=self.local_edits,
            max_deletes=self.max_deletes,
            max_deletes_share=self.max_deletes_share,
            max_deletes_of_person=self.max_deletes_of_person,
            max_users_gone_share=self.max_users_gone_share,
        )


_CHOICES: dict[str, tuple[str, ...]] = {
    "employees": get_args(_Employees),
    "orphans": get_args(_Orphans),
    "local_edits": get_args(_LocalEdits),
    "unchanged": get_args(_Unchanged),
    "log": get_args(_Log),
}
_RANGES: dict[str, tuple[float, float]] = {
    "max_deletes": (0, 1_000_000),
    "max_deletes_share": (0, 1),
    "max_deletes_of_person": (0, 1_000_000),
    "max_users_gone_share": (0, 1),
    "lookback_days": (0, 365),
    "older_days": (0, 366),
    "open_too_long_days": (0, 365),
    "slice_days": (2 * PADDING_DAYS + 1, MAX_SLICE_DAYS),
    "cadence_seconds": (30, 86_400),
    "keep_inputs": (0, 1_000),
    "keep_quiet_receipts": (0, 36_500),
    "settle_seconds": (1, 600),
    "recheck_seconds": (1, 3600),
    "lock_wait": (1, 3600),
    "request_timeout": (1, 600),
    "total_seconds": (1, 3600),
    "day_reserve_share": (0, 0.9),
}
_SECTIONS = {
    *("tables", "own", "payroll", "pay_schedule", "layouts", "certificate_key", "time_stamps"),
    *("retention_years", "file", "planner", "account", "environ"),
}
_TABLES = ("tables", "payroll", "retention")
"""What is a section of the file."""
KEYS = tuple(name for name in Settings.__struct_fields__ if name not in _SECTIONS)
"""The keys of the file; in the environment, in capitals after CONNECTEAM_SYNC_."""
_OWN = OwnNames.__struct_fields__
"""The keys of `[tables]` that name our own tables; in the environment TABLE_PREFIX and TABLE_SCHEMA."""
_CERTIFICATE_KEY = f"{PREFIX}CERTIFICATE_KEY_FILE"
FLEET = frozenset(
    f"{PREFIX}{name}"
    for name in ("EXECUTOR", "BROKER_URL", "BROKER_URL_FILE", "CONTROL_DATABASE_URL", "CONTROL_DATABASE_URL_FILE")
)
"""Variables about all accounts together: `config_fleet` reads them."""
_WHOLE = {name for name in _RANGES if Settings.__annotations__[name].startswith("int")}
"""The keys that are whole numbers."""


def load_settings(
    path: str | Path | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    account: str | None = None,
    **given: object,
) -> Settings:
    """The settings of a file (by default connecteam-sync.toml of the working directory), overridden by the environment.

    `given` are values from a program, which override both. `account` names one where the file has several (see
    `config_accounts`). Raises ConfigurationError with the key, its place and the cure.
    """
    environ = os.environ if environ is None else environ
    file = _file(path)
    values = _read(file) if file else {}
    places = dict.fromkeys(values, str(file))
    own_environ: Mapping[str, str] | None = None
    accounts = values.pop("accounts", None)
    if file is not None and accounts is not None:
        from connecteam_sync.config_accounts import Accounts

        values, places, own_environ = Accounts(accounts, values, file).values(account, environ, (*KEYS, *_TABLES))
        environ = own_environ
    elif account is not None:
        raise ConfigurationError(
            f"no accounts are configured, and so none of the name {account[:60]!r}",
            next_step=f"leave out --account, or write [accounts.{account[:60]}] into {FILE}",
        )
    for name, value in _from_environment(environ).items():
        values[name], places[name] = value, named(f"{PREFIX}{name.upper()}", environ)
    for name, value in given.items():
        if value is not None:
            values[name], places[name] = value, "the call"
    own = {name: values.pop(f"table_{name}") for name in _OWN if f"table_{name}" in values}
    tables, prefixes = _tables(values.pop("tables", {}), places.get("tables", str(file)))
    rules = _payroll(values.pop("payroll"), places["payroll"]) if "payroll" in values else {}
    rules |= {"certificate_key": environ[_CERTIFICATE_KEY].strip()} if _CERTIFICATE_KEY in environ else {}
    rules |= _retention(values.pop("retention"), places["retention"]) if "retention" in values else {}
    checked = {name: _checked(name, value, places[name]) for name, value in values.items()}
    if "timezone" not in checked:
        raise ConfigurationError(
            "the business time zone is not set",
            next_step=f'set {PREFIX}TIMEZONE (e.g. America/Chicago), or timezone = "…" in {FILE}',
        )
    return Settings(
        **checked,
        **rules,
        planner=_planner(environ),
        tables=tables,
        own=_own(prefixes | own),
        file=file,
        account=account,
        environ=own_environ,
    )


def account_names(path: str | Path | None = None) -> tuple[str, ...]:
    """The accounts that a file has, in the order of their names; none where it is the file of a single one.

    Raises ConfigurationError.
    """
    file = _file(path)
    accounts = _read(file).get("accounts") if file is not None else None
    if file is None or accounts is None:
        return ()
    from connecteam_sync.config_accounts import Accounts

    return Accounts(accounts, {}, file).names


def _file(path: str | Path | None) -> Path | None:
    """The configuration's file; None if none was named and there is none."""
    if path is not None:
        return Path(path)
    return Path(FILE) if Path(FILE).is_file() else None


def _payroll(value: object, place: str) -> dict[str, Any]:
    """Imported only where there is that section, to keep the start of the program fast."""
    from connecteam_sync.config_payroll import payroll_rules

    return payroll_rules(value, place)


def _retention(value: object, place: str) -> dict[str, Any]:
    from connecteam_sync.config_payroll import retention_years

    return {"retention_years": retention_years(value, place)}


def _planner(environ: Mapping[str, str]) -> Planner:
    """The planner according to the rollback flag USE_BATCH_SYNC, which is true by default."""
    flag = environ.get("USE_BATCH_SYNC", "true").strip().lower()
    if flag in {"true", "1", "yes", "on"}:
        return "batch"
    if flag in {"false", "0", "no", "off"}:
        return "legacy"
    raise ConfigurationError(f"USE_BATCH_SYNC is {flag!r}", next_step="set it to true or false, or remove it")


def _read(file: Path) -> dict[str, Any]:
    """The values of a file by key. Raises ConfigurationError; for an unknown key it names the nearest known one."""
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"there is no file {file}", next_step="name an existing file with --config, or leave it out"
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigurationError(
            f"{file} cannot be read: {error}", next_step="correct the file; its format is TOML"
        ) from error
    for name in values:
        if name.upper() in SECRETS:
            raise ConfigurationError(
                f"{file}: {name} is a secret and does not belong into this file",
                next_step=f"set {PREFIX}{name.upper()} or {PREFIX}{name.upper()}_FILE in the environment",
            )
        require_known(name, (*KEYS, *_TABLES, "accounts"), str(file))
    return values


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    """The environment's values. Raises ConfigurationError for an unknown variable with our prefix or an empty one."""
    values: dict[str, Any] = {}
    known = tuple(f"{PREFIX}{name.upper()}" for name in (*KEYS, *(f"table_{name}" for name in _OWN)))
    other = {f"{PREFIX}{name}{tail}" for name in SECRETS for tail in ("", "_FILE")} | {_CERTIFICATE_KEY}
    other |= {f"{PREFIX}DATABASE_URL_FILE", *FLEET}
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable == f"{PREFIX}TEST_DATABASES":
            continue
        if variable not in other:
            require_known(variable, known, "the environment", also=(*sorted(other), "USE_BATCH_SYNC"))
        text = environ[variable].strip()
        if not text:
            # An empty variable is a mistake. The default in its place might be a SQLite file instead of a server.
            raise ConfigurationError(
                f"the environment: {named(variable, environ)} is set but empty",
                next_step="give it a value, or remove the variable",
            )
        if variable not in other:
            values[variable.removeprefix(PREFIX).lower()] = text
    url = secret("DATABASE_URL", environ)
    if url:
        values["database_url"] = url
    return values


def _checked(name: str, value: Any, place: str) -> Any:  # noqa: ANN401 - any TOML value, checked here
    """One value, checked for type and range. Raises ConfigurationError."""
    where = f"{place}: {name}"
    if name in _CHOICES:
        if value not in _CHOICES[name]:
            raise ConfigurationError(f"{where} is {value!r}", next_step=f"choose one of: {', '.join(_CHOICES[name])}")
        return value
    if name in _RANGES:
        return _number(name, value, where)
    if name == "time_clocks":
        return time_clock_ids(value, where)
    if not isinstance(value, str):
        raise ConfigurationError(f"{where} must be text", next_step="write it in quotes")
    if not value.strip():
        raise ConfigurationError(f"{where} is empty", next_step="give it a value, or remove it")
    if name == "timezone":
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ConfigurationError(
                f"{where} is {value!r}, which is no time zone", next_step="use an IANA name like America/Chicago"
            ) from error
    if name == "base_url":
        return require_host(value)
    _require_form(name, value, where)
    return value


def _require_form(name: str, value: str, where: str) -> None:
    """A text of one form. Raises ConfigurationError, without the text: a URL may hold a key."""
    try:
        (RECEIVER_CHECKS | PROXY_CHECKS).get(name, str)(value)
    except ValueError as error:
        raise ConfigurationError(f"{where} cannot be used", next_step=str(error)) from None


def _number(name: str, value: object, where: str) -> float:
    low, high = _RANGES[name]
    try:
        number: float = int(str(value)) if name in _WHOLE else float(str(value))
    except ValueError as error:
        raise ConfigurationError(
            f"{where} is {value!r}, which is no {'whole ' if name in _WHOLE else ''}number",
            next_step=f"use a number from {low:g} to {high:g}",
        ) from error
    if not low <= number <= high:
        raise ConfigurationError(f"{where} is {value}", next_step=f"use a number from {low:g} to {high:g}")
    return number


def _own(named: Mapping[str, object]) -> OwnNames:
    """The names of our tables. Raises ConfigurationError."""
    try:
        return msgspec.convert(named, OwnNames)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"[tables]: {error}", next_step="names are text in quotes") from error


def _tables(value: object, place: str) -> tuple[HostTables, dict[str, object]]:
    """`[tables.clock_times]` and `[tables.employees]`; and the keys of `[tables]` about our own tables."""
    if not isinstance(value, dict):
        raise ConfigurationError(f"{place}: tables must be a section", next_step="write [tables.clock_times]")
    kinds: dict[str, type[ClockTimesNames | EmployeesNames]] = {
        "clock_times": ClockTimesNames,
        "employees": EmployeesNames,
    }
    own = {name: value[name] for name in _OWN if name in value}
    value = {name: section for name, section in value.items() if name not in own}
    for name, section in value.items():
        require_known(name, (*kinds, *_OWN), f"{place}, [tables]")
        for key in section if isinstance(section, dict) else ():
            require_known(key, kinds[name].__struct_fields__, f"{place}, [tables.{name}]")
    try:
        tables = msgspec.convert(value, HostTables)
    except msgspec.ValidationError as error:
        raise ConfigurationError(
            f"{place}, [tables]: {error}",
            next_step="names are text in quotes; clock_in_unit is epoch_seconds or epoch_milliseconds,"
            ' is_active_words two words like ["N", "Y"]',
        ) from error
    for name, names in (("clock_times", tables.clock_times), ("employees", tables.employees)):
        section = value.get(name, {})
        if "schema" in section and "." in section.get("table", ""):
            raise ConfigurationError(
                f"{place}, [tables.{name}]: both table and schema name a schema",
                next_step=f'say it once: table = "{names.table.rpartition(".")[2]}", and the schema in schema',
            )
    require_words(tables.clock_times.is_active_words, f"{place}, [tables.clock_times] is_active_words")
    for column in tables.clock_times.children:
        require_column(column, f"{place}, [tables.clock_times] child_tables")
    return tables, own
