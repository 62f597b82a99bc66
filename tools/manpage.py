"""Writes the man page from the help of the command: `make man`. A test compares the page with what this writes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from connecteam_sync.cli.commands import app
from connecteam_sync.version import __version__

PAGE = Path(__file__).parent.parent / "docs" / "connecteam-sync.1"

_BEGIN = r""".\" Made by `make man` from the help of the command. Do not edit.
.TH CONNECTEAM-SYNC 1 "" "connecteam-sync {version}" "User Commands"
.SH NAME
connecteam-sync \- keep the SQL table clock_times an exact mirror of the Connecteam time clock
.SH SYNOPSIS
.B connecteam-sync
.I COMMAND
.RI [ OPTIONS ]
.br
.B connecteam-sync \-\-version
.SH DESCRIPTION
{help}
Every command takes
.BR \-h " or " \-\-help .
.SH OPTIONS
"""
_END = r""".SH ENVIRONMENT
.TP
.BR CONNECTEAM_SYNC_API_KEY " or " CONNECTEAM_SYNC_API_KEY_FILE
The API key of Connecteam, or a file that holds it.
.TP
.BR CONNECTEAM_SYNC_DATABASE_URL " or " CONNECTEAM_SYNC_DATABASE_URL_FILE
The database, or a file that holds its URL; else an SQLite file in the working directory.
.TP
.B CONNECTEAM_SYNC_TIMEZONE
The business time zone, such as America/Chicago.
.PP
Every other key of the configuration file may be set likewise: CONNECTEAM_SYNC_ and the key in capitals.
.SH FILES
.TP
.I connecteam-sync.toml
The configuration, in the working directory unless
.B \-\-config
names another file.
.SH SEE ALSO
The tutorial, the how-to and the reference in the folder
.I docs
of the source.
"""


def escaped(text: str) -> str:
    """Text as troff takes it literally."""
    line = text.replace("\\", r"\e").replace("-", r"\-").replace("…", "...").replace("'", r"\(aq")
    return rf"\&{line}" if line.startswith(".") else line


def paragraphs(text: str) -> str:
    """The help of a command: its lines joined, its paragraphs apart."""
    each = (escaped(" ".join(part.split())) for part in text.split("\n\n") if part.strip())
    return "\n.PP\n".join(each)


def options_of(command: Any) -> Iterator[str]:  # noqa: ANN401 - typer carries its own copy of click
    """Each argument and option of a command with its help."""
    context = typer.Context(command)
    for parameter in command.params:
        shown = parameter.get_help_record(context)
        if shown is None:
            shown = (parameter.human_readable_name, getattr(parameter, "help", "") or "")
        yield f".TP\n.B {escaped(shown[0])}\n{escaped(' '.join(shown[1].split()))}\n"


def sections(command: Any, name: str) -> Iterator[str]:  # noqa: ANN401 - as above
    """A section for each command that does something, subcommands included."""
    inner = getattr(command, "commands", {})
    if name and (not inner or command.invoke_without_command):
        yield f".SS {escaped(name)}\n{paragraphs(command.help or '')}\n"
        yield from options_of(command)
    for word, below in inner.items():
        yield from sections(below, f"{name} {word}".strip())


def page() -> str:
    """The whole page."""
    command: Any = typer.main.get_command(app)
    codes = command.epilog.removeprefix("Exit codes: ").rstrip(".")
    return "".join(
        [
            _BEGIN.format(version=escaped(__version__), help=paragraphs(command.help)),
            *options_of(command),
            ".SH COMMANDS\n",
            *sections(command, ""),
            f".SH EXIT STATUS\n{escaped(codes[0].upper() + codes[1:])}.\n",
            _END,
        ]
    )


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE.name}: {len(page().splitlines())} lines\n")
