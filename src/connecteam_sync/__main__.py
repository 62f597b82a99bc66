"""`python -m connecteam_sync` is the command, too: where the folder of scripts is not on the path."""

from __future__ import annotations

from connecteam_sync.cli.main import main

main()
