"""What a command works on, for whoever has to say how far it came."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connecteam_sync.client import ConnecteamSync

OPENED: list[ConnecteamSync] = []
"""The library of this command, once it is made."""
