"""The command `connecteam-sync`, from its first line on."""

from __future__ import annotations

import sys

from connecteam_sync.version import __version__


def main() -> None:
    """Run the command. Asked for nothing but the version, it answers without loading anything else."""
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"connecteam-sync {__version__}\n")
        return
    from connecteam_sync.cli.loading import loading

    with loading():
        from connecteam_sync.cli.commands import app
    app()
