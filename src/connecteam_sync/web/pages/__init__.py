"""The pages by what they are about. `PLACES` are their addresses, `NAVIGATION` what the head of each page links to."""

from __future__ import annotations

from connecteam_sync.web.page import Place
from connecteam_sync.web.pages import attention, mapping, overview, people, person_day, runs

PLACES: tuple[Place, ...] = (
    *overview.PLACES,
    *attention.PLACES,
    *runs.PLACES,
    *people.PLACES,
    *person_day.PLACES,
    *mapping.PLACES,
)
NAVIGATION: tuple[tuple[str, str], ...] = (
    ("/", "Overview"),
    ("/attention", "Attention"),
    ("/runs", "Runs"),
    ("/people", "People"),
    ("/map", "Map"),
)
