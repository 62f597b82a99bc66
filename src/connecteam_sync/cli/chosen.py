"""Which of several accounts a command is about: an option of each command, added in one place."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import Any

import typer
from typer.core import TyperOption

from connecteam_sync.cli.opened import OPENED, Chosen
from connecteam_sync.cli.output import Report, reporting
from connecteam_sync.cli.startup import loading
from connecteam_sync.core.run import worst
from connecteam_sync.errors import ConfigurationError

READS = frozenset(
    {
        *("doctor", "plan", "verify", "compare", "status", "runs", "show", "history", "changes", "anomalies", "locks"),
        *("holds", "alerts", "employees", "account", "clocks", "doorbells", "webhooks", "webhooks list"),
        *("exports", "certificates", "certificate", "certificate verify", "console", "console user"),
        *("retention", "retention check", "retention hold", "retention hold list"),
        *("console user list", "periods", "periods list", "corrections", "corrections list", "hours"),
    }
)
"""Commands that change nothing: without an account named they are run for each."""
_OF_ALL = frozenset({"accounts", "worker"})
"""Commands about every account at once."""
_EVERY = "--all-accounts"
_FILES = ("out", "output", "metrics_file")
"""The options that name a file to be written."""


def with_accounts(commands: Any, before: str = "") -> None:  # noqa: ANN401 - what typer makes of the commands
    """Give each command that has --config the options --account and --all-accounts, and have it heed them.

    Then a command ends with ConfigurationError if it wants an account and none is named.
    """
    for name, command in commands.items():
        words = f"{before}{name}"
        if words.partition(" ")[0] in _OF_ALL:
            command.callback = _about_all(words, command.callback)
        elif any("--config" in each.opts for each in command.params):
            command.params += account_options()
            command.callback = _heeding(words, command.callback)
        with_accounts(getattr(command, "commands", {}), f"{words} ")


def account_options() -> list[TyperOption]:
    """The two options; what is not given leaves what the group in front of a command was given."""

    def take_name(_: object, __: object, value: str | None) -> None:
        if value is not None and Chosen.name not in {None, value}:
            raise typer.BadParameter(
                f"{value[:60]!r} is given, and {Chosen.name!r} in front of it; leave one of them out"
            )
        Chosen.name = Chosen.name if value is None else value

    def take_every(context: object, _: object, value: bool) -> None:  # noqa: FBT001 - as the parser calls it
        Chosen.is_every, Chosen.context = Chosen.is_every or value, context

    return [
        TyperOption(
            param_decls=["--account"],
            metavar="NAME",
            callback=take_name,
            expose_value=False,
            help="One of several accounts of the configuration.",
        ),
        TyperOption(
            param_decls=[_EVERY], is_flag=True, callback=take_every, expose_value=False, help="Every account, in turn."
        ),
    ]


def _heeding(words: str, command: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(command)
    def run(**options: Any) -> Any:  # noqa: ANN401 - a command's own
        if Chosen.context.invoked_subcommand is not None:
            return command(**options)  # of a group: it is the command behind it that works
        as_json = bool(options.get("as_json"))
        with reporting(as_json=as_json):
            names = _names(words, options.get("config"))
            if len(names) > 1:
                _require_no_file(words, options)
        if not names:
            return command(**options)
        return _run_for_each(names, lambda: command(**options), as_json=as_json)

    return run


def _about_all(words: str, command: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(command)
    def run(**options: Any) -> Any:  # noqa: ANN401 - a command's own
        with reporting(as_json=bool(options.get("as_json"))):
            if Chosen.name is not None or Chosen.is_every:
                Chosen.name = None
                raise ConfigurationError(
                    f"{words} is about every account of the configuration",
                    next_step=f"leave out --account and {_EVERY}",
                )
        return command(**options)

    return run


def _require_no_file(words: str, options: Mapping[str, Any]) -> None:
    """Raises ConfigurationError if each account would write the one file, so that the last one's remains."""
    if words == "support-bundle" or any(options.get(name) is not None for name in _FILES):
        raise ConfigurationError(
            f"{words} writes a file, and each account would replace that of the one before; nothing was done",
            next_step="--account NAME, and a file for each",
        )


def _names(words: str, config: Any) -> tuple[str, ...]:  # noqa: ANN401 - a path
    """The accounts that the command is run for, one after the other; none: as it stands. Raises ConfigurationError."""
    if Chosen.name is not None and Chosen.is_every:
        raise ConfigurationError(
            f"both --account {Chosen.name[:60]} and {_EVERY} are given", next_step="leave one of them out"
        )
    if Chosen.name is not None:
        return ()
    with loading():
        from connecteam_sync.config import account_names

    names = account_names(config)
    if not names:
        if Chosen.is_every:
            raise ConfigurationError("no accounts are configured", next_step=f"leave out {_EVERY}")
        return ()
    one = f"--account NAME, one of: {', '.join(names)}"
    if words == "serve":
        return ()  # one service for all of them
    if words not in READS and not Chosen.is_every:
        raise ConfigurationError(
            f"several accounts are configured, and {words} may change something; nothing was done",
            next_step=f"{one}; or {_EVERY}",
        )
    return names


def _run_for_each(names: Iterable[str], command: Callable[[], object], *, as_json: bool) -> None:
    """Run it for one account after the other: one that fails harms no other. Ends with the worst code."""
    from connecteam_sync.cli.log import end_log
    from connecteam_sync.service.units import attempted

    codes, answers = [0], list[dict[str, Any]]()
    OPENED.clear()
    Chosen.secret = None
    for name in names:
        Chosen.name, Chosen.is_in_turn = name, True
        found = list[dict[str, Any]]()
        Report.collected = found if as_json else None
        if not as_json:
            Report(as_json=False).print_lines([f"== {name}"])
        try:
            code = int(attempted(lambda: _code_of(command), lambda error: _report(error, as_json=as_json)))
        finally:
            Chosen.name, Chosen.is_in_turn, Report.collected = None, False, None
            end_log()
        codes.append(code)
        answers += [{"account": name, **members, "exit_code": code} for members in found]
    code = worst(*codes)
    Report(as_json=as_json).print_json({"accounts": answers, "exit_code": code})
    if code:
        raise typer.Exit(code)


def _code_of(command: Callable[[], object]) -> int:
    """Run it; its exit code."""
    try:
        command()
    except typer.Exit as ended:
        return ended.exit_code
    return 0


def _report(error: Exception, *, as_json: bool) -> int:
    """Report what nobody foresaw as this account's answer; returns its exit code. The command line is not its own."""
    if isinstance(error, typer.Abort | typer.BadParameter):
        raise error
    from connecteam_sync.cli.unforeseen import EXIT, failure

    members, report = failure(error), Report(as_json=as_json)
    report.print_json(members)
    report.note(f"{members['message']}; {members['next_step']}")
    return EXIT
