"""The pages by what they are about. `PLACES` are their addresses, `NAVIGATION` what the head of each page links to."""

from __future__ import annotations

from connecteam_sync.web.page import Place
from connecteam_sync.web.pages import overview, runs

PLACES: tuple[Place, ...] = (*overview.PLACES, *runs.PLACES)
NAVIGATION: tuple[tuple[str, str], ...] = (("/", "Overview"), ("/runs", "Runs"))
