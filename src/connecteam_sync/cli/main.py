"""The command `connecteam-sync`, from its first line on."""

from __future__ import annotations

import sys

from connecteam_sync.cli.streams import Streams
from connecteam_sync.version import __version__


def main() -> None:
    """Run the command. Asked for nothing but the version, it answers without loading anything else."""
    streams = Streams()
    try:
        if sys.argv[1:] == ["--version"]:
            sys.stdout.write(f"connecteam-sync {__version__}\n")
            return
        from connecteam_sync.cli.startup import loading

        with loading():
            from connecteam_sync.cli.commands import app
        app()
    except Exception as error:  # noqa: BLE001 - the last resort: whatever it is, one line and an exit code
        from connecteam_sync.cli.unforeseen import tell

        raise SystemExit(tell(error, answered=streams.answered)) from None
    finally:
        streams.end()
