"""What commands read in the control database, and wake there. Nothing is made: there may be no fleet at all."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

from connecteam_sync.core.fleet import Aside
from connecteam_sync.store.control.database import ControlDatabase
from connecteam_sync.store.control.turns import Turns


def accounts_aside(url: str) -> Mapping[str, Aside]:
    """The accounts that are put aside, by name.

    Raises ConfigurationError, DatabaseError, LockHeld; NotInitialised where its tables are of another version.
    """
    with closing(ControlDatabase(url)) as control:
        if not control.has_tables():
            return {}
        with control.writing("looking which accounts are put aside") as connection:
            control.require_version(connection)
            return {one.account: one for one in Turns(control.dialect).aside(connection)}


def resume_account(url: str, account: str) -> bool:
    """Have an account work at once; whether it was put aside.

    Raises ConfigurationError, DatabaseError, LockHeld; NotInitialised where its tables are of another version.
    """
    with closing(ControlDatabase(url)) as control:
        if not control.has_tables():
            return False
        with control.writing("having an account work at once") as connection:
            control.require_version(connection)
            turns = Turns(control.dialect)
            was_aside = any(one.account == account for one in turns.aside(connection))
            turns.resume(connection, account)
            return was_aside
