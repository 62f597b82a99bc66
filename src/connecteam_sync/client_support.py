"""Reports for support: a bundle without names, and its decisions planned again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from connecteam_sync.config import Settings
from connecteam_sync.core.run import Check
from connecteam_sync.engine.context import Context
from connecteam_sync.store.store import Store

if TYPE_CHECKING:
    from connecteam_sync.core.support import Replay, SupportBundle
    from connecteam_sync.engine.kept_inputs import KeptInputs


class Support:
    """Support bundles."""

    settings: Settings

    @property
    def _context(self) -> Context:
        raise NotImplementedError  # `ConnecteamSync` has it; this class is a part of it and is never made alone

    def doctor(self) -> tuple[Check, ...]:
        """Check everything that a run needs; each failure has its cure."""
        raise NotImplementedError  # the same

    def support_bundle(self, run: int | None = None) -> SupportBundle:
        """A bundle of a run's decisions, or of a fresh look at the default days; nothing is written.

        All ids and names are replaced by invented ones. What fails, or is no longer kept, is said in it. Raises
        NotFound if there is no such run.
        """
        from connecteam_sync.engine import support_bundle

        return support_bundle.make(
            self._context, run, configuration=_without_secrets(self.settings), doctor=self.doctor
        )

    @staticmethod
    def save_bundle(bundle: SupportBundle, path: str | Path) -> None:
        """Write a bundle to a file only its owner can read. Raises ConfigurationError."""
        from connecteam_sync.engine.private_file import write_private

        write_private(path, bundle.data, what="bundle")

    @staticmethod
    def replay(path: str | Path) -> Replay:
        """The decisions of a bundle, planned again; neither database nor Connecteam is needed, nothing is written.

        Raises ConfigurationError if the file is no bundle.
        """
        from connecteam_sync.engine.replay import replay

        return replay(path)


def kept_inputs(settings: Settings, store: Store) -> Callable[[], KeptInputs] | None:
    """Makes the files of this database's runs when they are first needed; None if the inputs are not kept."""
    folder = settings.state_folder
    if not settings.keep_inputs or folder is None:
        return None

    def made() -> KeptInputs:
        from connecteam_sync.engine.kept_inputs import KeptInputs, folder_of

        return KeptInputs(folder_of(folder, store), last=settings.keep_inputs)

    return made


def _without_secrets(settings: Settings) -> dict[str, str]:
    """The settings: numbers and choices as they are, of texts only whether they are the default."""
    found: dict[str, str] = {}
    defaults = Settings(timezone="UTC")
    for name in settings.__struct_fields__:
        value, default = getattr(settings, name), getattr(defaults, name)
        is_plain = isinstance(value, bool | int | float) or value is None or name in _CHOSEN
        if name == "tables":
            found |= _names(msgspec.to_builtins(value), msgspec.to_builtins(default), name)
        else:
            found[name] = str(value) if is_plain else "the default" if value == default else "set"
    return found


def _names(value: dict[str, dict[str, object]], default: dict[str, dict[str, object]], where: str) -> dict[str, str]:
    """The names of the host's tables and columns that are not the default: only that they are set."""
    return {
        f"{where}.{table}.{name}": "set"
        for table, names in value.items()
        for name, said in names.items()
        if said != default[table].get(name)
    }


_CHOSEN = {"timezone", "employees", "orphans", "local_edits", "unchanged", "log", "planner"}
"""Texts that are one of a closed list, so that nothing personal is in them."""
