"""The entry point of the command `connecteam-sync`."""

from __future__ import annotations

import sys

from connecteam_sync.cli.streams import Streams
from connecteam_sync.version import __version__


def main() -> None:
    """Run the command. `--version` alone is answered without loading anything else."""
    streams = Streams()
    try:
        if sys.argv[1:] == ["--version"]:
            sys.stdout.write(f"connecteam-sync {__version__}\n")
            return
        from connecteam_sync.cli.startup import loading

        with loading():
            from connecteam_sync.cli.commands import app
        app()
    except Exception as error:  # noqa: BLE001 - the last resort: any error becomes one line and an exit code
        from connecteam_sync.cli.unforeseen import report_unforeseen

        raise SystemExit(report_unforeseen(error, json_written=streams.json_written)) from None
    finally:
        streams.end()
