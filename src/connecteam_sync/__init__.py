"""Mirror the Connecteam time clock into the SQL table clock_times."""

from connecteam_sync.core.change import Plan
from connecteam_sync.core.run import Proposal, Run
from connecteam_sync.core.window import Window
from connecteam_sync.door import ConnecteamSync
from connecteam_sync.errors import ConnecteamSyncError
from connecteam_sync.version import __version__

__all__ = ["ConnecteamSync", "ConnecteamSyncError", "Plan", "Proposal", "Run", "Window", "__version__"]
