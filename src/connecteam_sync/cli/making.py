"""Commands that are loaded and made when one is asked for by its name: making all takes longer than many a run."""

from __future__ import annotations

from collections import UserDict
from importlib import import_module
from typing import Any

import typer

from connecteam_sync.cli.chosen import with_accounts
from connecteam_sync.cli.startup import loading


class MadeOnce(UserDict[str, Any]):
    """Commands by name, in the order of the help. Given is where each is defined: `module.function`, or
    `module.group`, of `cli/`.
    """

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - typer carries its own copy of click
        """The command or group, ready to be run, with the options --account and --all-accounts where they belong."""
        if isinstance(self.data[name], str):
            self.data[name] = _made(name, self.data[name])
        return self.data[name]


def _made(name: str, place: str) -> Any:  # noqa: ANN401 - see above
    module, _, attribute = place.partition(".")
    with loading():
        defined = getattr(import_module(f"connecteam_sync.cli.{module}"), attribute)
    around = typer.Typer(add_completion=False, rich_markup_mode=None)
    around.callback()(_nothing)  # so that a single command stays one among others
    if isinstance(defined, typer.Typer):
        around.add_typer(defined, name=name)
    else:
        around.command(name)(defined)
    made = {name: typer.main.get_group(around).commands[name]}
    with_accounts(made)
    return made[name]


def _nothing() -> None: ...
