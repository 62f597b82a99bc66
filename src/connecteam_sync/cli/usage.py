"""A command line that cannot be read: a person gets the parser's text, a program its one object, too."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

from connecteam_sync.cli.chosen import account_options
from connecteam_sync.cli.opened import Chosen
from connecteam_sync.cli.streams import Streams, escaped, is_json_wanted

_USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]
"""Its name is not public: which package it is of differs between versions of typer."""


class Commands(TyperGroup):
    """All commands. The parser raises its errors in one of these two methods, whichever command they are about."""

    def __init__(self, *args: Any, **options: Any) -> None:  # noqa: ANN401 - as typer has it
        super().__init__(*args, **options)
        self.params += account_options()

    def make_context(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as typer has it
        """Read the words in front of the command."""
        Chosen.name, Chosen.is_every = None, False
        with _told_to_programs():
            return super().make_context(*args, **options)

    def invoke(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401 - as typer has it
        """Read the words of the command, and run it."""
        with _told_to_programs():
            return super().invoke(*args, **options)


@contextmanager
def _told_to_programs() -> Iterator[None]:
    try:
        yield
    except _USAGE_ERROR as error:
        if is_json_wanted() and not Streams.json_written:
            _answer(error)
        raise


def _answer(error: Any) -> None:  # noqa: ANN401 - see _USAGE_ERROR
    """The object of a failure."""
    from connecteam_sync.present.json_shapes import SCHEMA, encoded

    failure = {
        "schema": SCHEMA,
        "status": "failed",
        "error": "usage_error",
        "message": error.format_message(),
        "next_step": f"{error.ctx.command_path if error.ctx else 'connecteam-sync'} --help",
        "exit_code": error.exit_code,
        "retryable": False,
    }
    sys.stdout.write(escaped(encoded(failure), sys.stdout) + "\n")
    Streams.json_written = True
