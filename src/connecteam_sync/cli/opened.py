"""The client of this command, for the report of an unexpected error."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connecteam_sync.client import ConnecteamSync

OPENED: list[ConnecteamSync] = []
"""The client, once it is made."""
