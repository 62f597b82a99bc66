"""The pages by what they are about. `PLACES` are their addresses, `NAVIGATION` what the head of each page links to."""

from __future__ import annotations

from connecteam_sync.web.page import Place
from connecteam_sync.web.pages import (
    attention,
    audit,
    clocks,
    corrections,
    doorbells,
    health,
    locks,
    mapping,
    overview,
    people,
    periods,
    person_day,
    plan,
    runs,
    timesheet,
    undo,
    work,
)

PLACES: tuple[Place, ...] = (
    *overview.PLACES,
    *attention.PLACES,
    *runs.PLACES,
    *undo.PLACES,
    *people.PLACES,
    *timesheet.PLACES,
    *person_day.PLACES,
    *mapping.PLACES,
    *plan.PLACES,
    *locks.PLACES,
    *periods.PLACES,
    *corrections.PLACES,
    *clocks.PLACES,
    *doorbells.PLACES,
    *work.PLACES,
    *health.PLACES,
    *audit.PLACES,
)
NAVIGATION: tuple[tuple[str, str], ...] = (
    ("/", "Overview"),
    ("/attention", "Attention"),
    ("/runs", "Runs"),
    ("/people", "People"),
    ("/map", "Map"),
    ("/plan", "Plan"),
    ("/locks", "Locks"),
    ("/periods", "Periods"),
    ("/corrections", "Corrections"),
    ("/clocks", "Clocks"),
    ("/doorbells", "Doorbells"),
    ("/in-hand", "Work"),
    ("/health", "Health"),
    ("/audit", "Audit"),
)
