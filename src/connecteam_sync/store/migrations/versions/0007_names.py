"""Our tables bear the names that were chosen.

What older versions had made is renamed before any step is taken (`store/tables/rename`), for the steps know these names
only; this one says that it is done: from here on a table of an old name is not ours.
"""

from __future__ import annotations

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Nothing is left to do."""
