"""How a fleet is: its workers, and what waits for them."""

from __future__ import annotations

from collections.abc import Mapping

from connecteam_sync.core.fleet import Aside, FleetState
from connecteam_sync.store.control import looking
from connecteam_sync.store.control.database import ControlDatabase
from connecteam_sync.store.control.turns import Turns
from connecteam_sync.store.control.workers import Workers


def fleet_state(control_url: str) -> FleetState:
    """How the fleet of a control database is. Raises ConfigurationError, DatabaseError, LockHeld."""
    control = ControlDatabase(control_url)
    try:
        control.init()
        with control.writing("looking at the fleet") as connection:
            turns = Turns(control.dialect)
            return FleetState(
                workers=Workers(control.dialect).all(connection),
                waiting=turns.waiting(connection),
                turns=turns.all(connection),
                aside=turns.aside(connection),
            )
    finally:
        control.close()


def accounts_aside(control_url: str) -> Mapping[str, Aside]:
    """The accounts that are put aside, by name; none where there is no fleet.

    Raises ConfigurationError, DatabaseError, LockHeld.
    """
    return looking.accounts_aside(control_url)


def resume_account(control_url: str, account: str) -> bool:
    """Have an account work at once; whether it was put aside. Raises ConfigurationError, DatabaseError, LockHeld."""
    return looking.resume_account(control_url, account)
