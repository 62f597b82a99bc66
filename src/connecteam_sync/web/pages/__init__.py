"""The pages by what they are about. `PLACES` are their addresses, `NAVIGATION` what the head of each page links to."""

from __future__ import annotations

from connecteam_sync.web.page import Place
from connecteam_sync.web.pages import audit, clocks, doorbells, health, locks, overview, plan, runs, undo, work

PLACES: tuple[Place, ...] = (
    *overview.PLACES,
    *runs.PLACES,
    *undo.PLACES,
    *plan.PLACES,
    *locks.PLACES,
    *clocks.PLACES,
    *doorbells.PLACES,
    *work.PLACES,
    *health.PLACES,
    *audit.PLACES,
)
NAVIGATION: tuple[tuple[str, str], ...] = (
    ("/", "Overview"),
    ("/runs", "Runs"),
    ("/plan", "Plan"),
    ("/locks", "Locks"),
    ("/clocks", "Clocks"),
    ("/doorbells", "Doorbells"),
    ("/work", "Work"),
    ("/health", "Health"),
    ("/audit", "Audit"),
)
