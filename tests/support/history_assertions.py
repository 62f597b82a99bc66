"""The assertions about histories, and how often each has to be reached."""

from __future__ import annotations

ASSERTIONS = (
    "convergence",
    "idempotence",
    "manual rows never change",
    "what is held is not written",
    "a shift keeps its row",
    "a function of its inputs",
    "locked days do not move",
    "a closed day is held for a reason",
    "a day closed in another zone keeps its hours",
    "rows and corrections are what Connecteam says",
    "parts of the window in any order",
    "parts and time clocks come to rest",
    "absences are decided last",
    "no delete without evidence",
    "nobody has their hours twice",
    "a shift keeps its row from clock to clock",
    "a new id keeps the row",
    "a new id on another clock keeps the row",
    "a refused record harms only itself",
    "a row with children stays",
    "a person mapped twice moves nothing",
    "a time clock is not looked at",
    "people are skipped",
    "people are skipped beside changes",
    "parts and time clocks in one run",
    "new rows wait for old ones of the same person",
)
SELDOM = ASSERTIONS[-1:]
"""Assertions that one life in a hundred and fifty reaches."""
RARE = ASSERTIONS[ASSERTIONS.index("a shift keeps its row from clock to clock") : -len(SELDOM)]
"""Assertions that only some lives can reach."""
