"""Mirror the Connecteam time clock into the SQL table clock_times."""

from importlib import import_module
from typing import TYPE_CHECKING

from connecteam_sync.version import __version__

if TYPE_CHECKING:
    from connecteam_sync.client import ConnecteamSync
    from connecteam_sync.core.change import Plan
    from connecteam_sync.core.progress import Progress
    from connecteam_sync.core.run import Proposal, Run
    from connecteam_sync.core.window import Window
    from connecteam_sync.errors import ConnecteamSyncError
else:
    # Each name is imported when it is first asked for: a command that needs no database starts without SQLAlchemy.
    # Type checkers read the imports above instead, so that a name that is not there stays an error to them.
    _HOMES = {
        "ConnecteamSync": "client",
        "ConnecteamSyncError": "errors",
        "Plan": "core.change",
        "Progress": "core.progress",
        "Proposal": "core.run",
        "Run": "core.run",
        "Window": "core.window",
    }

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=None)
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


__all__ = ["ConnecteamSync", "ConnecteamSyncError", "Plan", "Progress", "Proposal", "Run", "Window", "__version__"]
