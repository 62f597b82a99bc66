"""Makes `docs/databases.md` of the conditions that are tested. Run it to write the page again."""

from __future__ import annotations

from pathlib import Path

from condition import ALL, Condition
from kinds import CONDITIONS

PAGE = Path(__file__).parents[2] / "docs" / "databases.md"
_SHOWN = {"sqlite": "SQLite", "mariadb": "MariaDB", "mysql": "MySQL", "postgresql": "PostgreSQL"}
_MARKS = {"served": "served", "refused": "refused", "held": "held"}
_HEAD = """# Which tables and servers are served

Made from the tests (`tests/conditions/`): every line below is tried on the databases it names, through the command,
with the table compared before and after. **Served** means exact rows, a quiet second run, `verify` without a
difference and undo to the byte. **Refused** means that `doctor` and every command that writes name the column, table or
setting, end with exit code 2 (`not_served`), and write nothing. **Held** means that single records stay out with a
reason, and the rest is served.

"""


def page() -> str:
    """The page as it must be."""
    return _HEAD + "\n".join(line for line in _lines()) + "\n"


def _lines() -> list[str]:
    lines = [f"| condition | {' | '.join(_SHOWN.values())} | what becomes of it |", f"|---|{'---|' * len(ALL)}---|"]
    return [*lines, *(_line(condition) for condition in CONDITIONS)]


def _line(condition: Condition) -> str:
    marks = " | ".join(_MARKS[condition.outcome] if name in condition.databases else "" for name in ALL)
    return f"| {condition.name} | {marks} | {condition.told} |"


if __name__ == "__main__":
    PAGE.write_text(page())
