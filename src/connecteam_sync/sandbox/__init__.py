"""A simulated Connecteam: a seeded company behind the paths and shapes of the real API, on loopback only."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from connecteam_sync.sandbox.company import Company
    from connecteam_sync.sandbox.server import Sandbox
    from connecteam_sync.sandbox.settings import SandboxSettings
else:
    # Imported on first use: every command loads the sandbox's settings, only two need its web server.
    _HOMES = {"Company": "company", "Sandbox": "server", "SandboxSettings": "settings"}

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=None)
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


__all__ = ["Company", "Sandbox", "SandboxSettings"]
