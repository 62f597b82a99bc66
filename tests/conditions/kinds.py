"""The conditions, by subject; each list in a file of its own."""

from __future__ import annotations

from condition import Condition
from keys import KEYS
from plain import PLAIN
from pointing import POINTING
from triggers import TRIGGERS
from types_of import TYPES
from undone import UNDONE

CONDITIONS: tuple[Condition, ...] = (*PLAIN, *KEYS, *POINTING, *TYPES, *TRIGGERS, *UNDONE)
