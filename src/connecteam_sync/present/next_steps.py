"""Next steps in answers for programs: commands and variables of one of several accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connecteam_sync.core.text import of_account

_STEPS = frozenset({"next_step", "cure"})
"""Members of an answer for programs that tell a person what to do, often by a command."""


def steps_of_account(value: Any, account: str | None) -> Any:  # noqa: ANN401 - what JSON can hold
    """An answer for programs, in which each next step, however deep it lies, is about an account as `of_account`."""
    if account is None:
        return value
    if isinstance(value, Mapping):
        return {
            key: of_account(inner, account)
            if key in _STEPS and isinstance(inner, str)
            else steps_of_account(inner, account)
            for key, inner in value.items()
        }
    return [steps_of_account(one, account) for one in value] if isinstance(value, (list, tuple)) else value
