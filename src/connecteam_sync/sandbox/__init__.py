"""A Connecteam that runs on this machine: a seeded company behind the real paths and shapes, on loopback only."""

from connecteam_sync.sandbox.company import Company
from connecteam_sync.sandbox.server import Sandbox
from connecteam_sync.sandbox.settings import Settings

__all__ = ["Company", "Sandbox", "Settings"]
