"""docs/reference.md documents everything there is, and everything that it documents is there: cell by cell."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import typer.main

import connecteam_sync
from connecteam_sync import errors
from connecteam_sync.cli.commands import app
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import FLEET, KEYS, Settings, load_settings
from connecteam_sync.config_secrets import SECRETS
from connecteam_sync.core.adopt import SHAPES
from connecteam_sync.core.anomalies import ANOMALY_KINDS
from connecteam_sync.core.change import HOLD_REASONS, ChangeKind, Refusal
from connecteam_sync.core.compare import DamageKind
from connecteam_sync.core.people import Evidence
from connecteam_sync.core.progress import Progress
from connecteam_sync.core.run import RUN_KINDS, SEVERITY, Check, Status
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.tables.host import ClockTimesNames, EmployeesNames
from connecteam_sync.store.tables.own import KINDS as OWN_TABLES
from connecteam_sync.store.tables.own import OwnNames
from reference_page import PAGE, named, rows, sections

SECTIONS = sections()
SOURCE = Path(connecteam_sync.__file__).parent
ACCOUNTS = {"--account", "--all-accounts"}
EVERYWHERE = {"--json", "--config"} | ACCOUNTS
"""Options that the page names once, for all commands."""
NO_CONFIG = {"sandbox", "demo", "connecteam-sync", "support-bundle replay", "workers"}


def tree(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - typer carries its own copy of click
    """Every command by its words, subcommands included; what stands above all of them by the program's name."""
    yield path or "connecteam-sync", command
    for name, below in getattr(command, "commands", {}).items():
        yield from tree(below, f"{path} {name}".strip())


COMMANDS = dict(tree(typer.main.get_command(app)))


def options(command: Any) -> set[str]:  # noqa: ANN401 - see above
    """As the page writes them: `--from-prefix`, `--totals/--no-totals`."""
    found = (param for param in command.params if param.param_type_name == "option")
    return {"/".join([*param.opts, *param.secondary_opts]) for param in found}


def documented() -> dict[str, set[str]]:
    """The options of the page's rows, by the command each is of; a cell may name arguments and an option too."""
    found: dict[str, set[str]] = {}
    for cells in rows(SECTIONS["commands"]):
        (said,) = named(cells[0])
        words = [word for word in said.split() if word == word.lower() and not word.startswith("--")]
        of = found.setdefault(" ".join(words), set())
        of |= {word for word in said.split() if word.startswith("--")} | {cell.split()[0] for cell in named(cells[1])}
    return found


def test_every_command_and_option_is_documented_and_is_there() -> None:
    """A row for each command, with each of its options; no row and no option that is not."""
    real = {name: options(command) - EVERYWHERE for name, command in COMMANDS.items()}
    assert documented() == real
    for name, command in COMMANDS.items():
        without = (
            {"--config"} | ACCOUNTS
            if name in NO_CONFIG
            else ACCOUNTS
            if name.split()[0] in {"accounts", "worker"}
            else set()
        )
        expected = ACCOUNTS if name == "connecteam-sync" else EVERYWHERE - without
        assert options(command) & EVERYWHERE == expected, name


def test_the_arguments_of_commands_are_documented() -> None:
    """In the first cell, as the help writes them, in order."""
    said: dict[str, list[str]] = {}
    for cells in rows(SECTIONS["commands"]):
        words = named(cells[0])[0].split()
        arguments = [word for word in words if word.isupper()]
        if arguments:
            said[" ".join(word for word in words if word.islower())] = arguments
    real = {
        name: [param.metavar for param in command.params if param.param_type_name == "argument"]
        for name, command in COMMANDS.items()
    }
    assert said == {name: arguments for name, arguments in real.items() if arguments}


def test_every_command_answers_in_json_that_is_documented() -> None:
    """Every command has a row among the answers, and every row there is of a command with these options."""
    said = [command.split() for cells in rows(SECTIONS["json"]) for command in named(cells[0])]
    commands = {" ".join(word for word in words if not word.startswith("--")) for words in said}
    assert commands == set(COMMANDS) - {"connecteam-sync"}
    for words in said:
        name = " ".join(word for word in words if not word.startswith("--"))
        assert {word for word in words if word.startswith("--")} <= options(COMMANDS[name])


def test_every_key_is_documented_with_its_default() -> None:
    """The table of the configuration is the fields of Settings."""
    table = {named(cells[0])[0]: cells[1] for cells in rows(SECTIONS["configuration"])}
    assert set(table) == set(KEYS)
    said_otherwise = {"timezone", "time_clocks", "employees", "log_file", "cadence_seconds", "state_dir", "public_url"}
    said_otherwise |= {"trusted_proxies", "proxy_user_header"}
    said_otherwise |= {"alerts_email_to", "alerts_email_from", "alerts_webhook_url", "alerts_quiet_hours"}
    for name in set(KEYS) - said_otherwise:
        default = getattr(Settings(timezone="UTC"), name)
        said = table[name].strip("`")
        assert said == default if isinstance(default, str) else float(said) == default, name


def test_every_variable_is_documented() -> None:
    """Those that configure, and those that any module reads by itself; each that is documented is known."""
    table = {named(cells[0])[0] for cells in rows(SECTIONS["environment"])}
    read: set[str] = {"NO_COLOR"}  # read by rich
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("environ.get"):
                found = node.args[0]
                # One that is made of parts is checked below, by what the configuration takes.
                read |= {str(found.value)} if isinstance(found, ast.Constant) else set()
    ours = {name for name in table if name.startswith("CONNECTEAM_SYNC_")}
    assert table - ours == read
    for name in sorted(ours):
        load_settings(environ={"CONNECTEAM_SYNC_TIMEZONE": "UTC", name: __file__ if name.endswith("_FILE") else "a"})
    known = {f"CONNECTEAM_SYNC_{key.upper()}" for key in KEYS} | ours
    with pytest.raises(ConfigurationError) as caught:
        load_settings(environ={"CONNECTEAM_SYNC_Q1Z1": "1"})
    told = re.findall(r"CONNECTEAM_SYNC_[A-Z_]+", caught.value.next_step)
    assert set(told) <= known
    assert {f"CONNECTEAM_SYNC_{key.upper()}" for key in KEYS} <= set(told)
    secrets = {f"CONNECTEAM_SYNC_{name}{tail}" for name in SECRETS for tail in ("", "_FILE")}
    own = {f"CONNECTEAM_SYNC_TABLE_{name.upper()}" for name in OwnNames.__struct_fields__}
    files = {f"CONNECTEAM_SYNC_{name}_FILE" for name in ("DATABASE_URL", "CERTIFICATE_KEY")}
    assert ours == secrets | own | files | FLEET


def test_every_name_of_a_table_or_column_can_be_configured_as_the_page_shows() -> None:
    """The examples hold every key of `[tables]`, once, and are taken as they are."""
    text = SECTIONS["names-of-tables-and-columns"]
    blocks = re.findall(r"((?:^    .*\n|^\n)+)", text, flags=re.MULTILINE)
    said = tomllib.loads("\n".join(re.sub("^    ", "", block, flags=re.MULTILINE) for block in blocks))["tables"]
    assert set(said.pop("clock_times")) == set(ClockTimesNames.__struct_fields__)
    assert set(said.pop("employees")) == set(EmployeesNames.__struct_fields__)
    assert set(said) == set(OwnNames.__struct_fields__)


def test_every_error_is_documented_as_it_is() -> None:
    """Name, class, the class above it, exit code, and whether it may pass; each is exported."""
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, Exception)]
    real = {
        (
            str(kind.name.fget(kind.__new__(kind))),  # type: ignore[attr-defined]
            kind.__name__,
            kind.__mro__[1].__name__,
            str(kind.exit_code),
            "yes" if kind.retryable else "no",
        )
        for kind in kinds
        if issubclass(kind, errors.ConnecteamSyncError)
    }
    table = {tuple(cell.strip("`") for cell in cells[:5]) for cells in rows(SECTIONS["errors"])}
    assert table == real
    assert all(hasattr(connecteam_sync, name) for _, name, *_ in table)


def test_what_errors_carry_is_documented() -> None:
    """The attributes that a class adds stand in its row."""
    for cells in rows(SECTIONS["errors"]):
        kind = getattr(errors, cells[1].strip("`"))
        taken = set(inspect.signature(kind.__init__).parameters) - {"self", "message", "next_step", "move"}
        if kind is not errors.ConnecteamSyncError:
            assert taken == set(named(cells[5])) - {"init"}, kind


@pytest.mark.parametrize(
    ("section", "real"),
    [
        ("exit-codes", tuple(map(str, SEVERITY))),
        ("hold-reasons", HOLD_REASONS),
        ("anomalies", ANOMALY_KINDS),
        ("tables", (*(f"connecteam_sync_{kind}" for kind in OWN_TABLES), "connecteam_sync_backup_RUN")),
    ],
)
def test_a_closed_list_is_the_table_of_its_section(section: str, real: tuple[str, ...]) -> None:
    """A row for each, once, and no other."""
    assert sorted(cells[0].strip("`") for cells in rows(SECTIONS[section])) == sorted(real)


@pytest.mark.parametrize(
    ("shape", "field", "words"),
    [
        ("run", "kind", RUN_KINDS),
        ("run", "status", get_args(Status)),
        ("change", "kind", get_args(ChangeKind)),
        ("harm", "kind", get_args(DamageKind)),
        ("refusal", "guard", get_args(inspect.get_annotations(Refusal, eval_str=True)["guard"])),
        ("check", "state", get_args(inspect.get_annotations(Check, eval_str=True)["state"])),
        ("likeness", "evidence", get_args(Evidence)),
        ("suggestion", "evidence", get_args(Evidence)),
        ("doubles", "shapes", SHAPES),
    ],
)
def test_the_words_of_a_field_are_documented(shape: str, field: str, words: tuple[str, ...]) -> None:
    """Every value that a field of JSON may have, where there are few."""
    (cells,) = [cells for cells in rows(SECTIONS[shape]) if cells[0] == f"`{field}`"]
    assert set(named(cells[2])) - {"verify", "employees create"} == set(words) - {"verify", "employees create"}


def member(name: str, found: object) -> tuple[str, str] | None:
    """A public member of the client as the page writes it, and what it returns."""
    if isinstance(found, property):
        return name, str(found.fget.__annotations__["return"]) if found.fget else ""
    if isinstance(found, (staticmethod, classmethod)):
        found = found.__func__
    if not inspect.isfunction(found):
        return None
    taken = [
        parameter.replace(annotation=inspect.Parameter.empty)
        for parameter in inspect.signature(found).parameters.values()
        if parameter.name not in {"self", "cls"}
    ]
    return f"{name}{inspect.Signature(taken)}", str(found.__annotations__["return"])


def test_every_method_is_documented_with_what_it_takes_and_returns() -> None:
    """Each public method and property, with its parameters and their defaults; and no other."""
    real = {
        said
        for kind in ConnecteamSync.__mro__[:-1]
        for name, found in vars(kind).items()
        if not name.startswith("_") and (said := member(name, found)) is not None
    }
    taken = member("ConnecteamSync", ConnecteamSync.__init__)
    assert taken is not None
    real.add((taken[0], "ConnecteamSync"))
    table = {(named(cells[0])[0], named(cells[1])[0].replace("\\|", "|")) for cells in rows(SECTIONS["library"])}
    assert table == real


def test_the_fields_of_progress_are_documented() -> None:
    """They stand in the prose of the library."""
    assert set(Progress.__struct_fields__) <= set(named(SECTIONS["library"]))


def test_every_link_within_a_type_leads_to_a_heading() -> None:
    """Of all pages, this is the one that is read by machines."""
    assert set(re.findall(r"\(#([\w-]+)\)", PAGE)) <= set(SECTIONS)
