"""The calls of one account, shared by all workers by way of the control database."""

from __future__ import annotations

import time
from contextlib import suppress

import httpx2

from connecteam_sync.api.limits import Limits
from connecteam_sync.errors import BudgetSpent, ConnecteamSyncError, Unavailable
from connecteam_sync.store.control.budgets import Budgets, Known, Said
from connecteam_sync.store.control.database import ControlDatabase


class AccountBudget:
    """The budget of one account. Nobody waits in a thread: where there is no call left, the turn comes again later.

    `refused_for` are the seconds after which the last refusal ends; 0 if the last call was granted.
    """

    def __init__(self, control: ControlDatabase, account: str) -> None:
        self._control, self._account = control, account
        self.refused_for = 0
        self._known: Known | None = None
        """What the row said once the last call was taken; None if its answer has been heard."""

    def reserve(self, share: float) -> None:
        """Take one call; this share of the day's calls is left. Raises BudgetSpent, Unavailable where there is none,
        DatabaseError.
        """
        with self._control.writing("taking a call from the account's budget") as connection:
            budgets = Budgets(self._control.dialect)
            refusal = budgets.reserve(connection, self._account, reserve_share=share)
            self._known = budgets.known(connection, self._account) if refusal is None else None
        self.refused_for = 0 if refusal is None else max(1, refusal.seconds)
        if refusal is None:
            return
        if refusal.why == "day":
            raise BudgetSpent(
                f"{refusal.left} of the account's {refusal.limit} calls of today are left, and that reserve is for"
                " others",
                next_step="try again after midnight UTC, or run less often",
            )
        why = "the calls of this minute are used up" if refusal.why == "minute" else "Connecteam asked us to slow down"
        raise Unavailable(f"{why} (all workers together)", next_step=f"try again in {self.refused_for} s")

    def give_back(self) -> None:
        """Give back the call that was taken last and never left this machine.

        Where the control database does not answer it is lost until the day ends: that does no harm.
        """
        with (
            suppress(ConnecteamSyncError),
            self._control.writing("giving a call back to the account's budget") as connection,
        ):
            Budgets(self._control.dialect).give_back(connection, self._account)

    def note(self, limits: Limits, too_many: httpx2.Headers | None) -> None:
        """What an answer said of the calls that are left; its headers if it said that they are too many.

        Written only if it is news: most answers say what taking the call has written already. Raises DatabaseError.
        """
        day, minute = limits.day, limits.minute
        wait = None if too_many is None else limits.stay_away(too_many, is_too_many=True)
        if too_many is None and minute is not None and minute.left == 0:
            wait = minute.until - time.time()
        said = Said(
            day_left=None if day is None else day.left,
            day_limit=None if day is None else day.limit,
            day_ends_in=None if day is None else round(day.until - time.time()),
            minute_limit=None if minute is None else minute.limit,
            stays_away=None if wait is None else max(1, round(wait)),
        )
        known, self._known = self._known, None
        if known is not None and not said.is_news(known):
            return
        with self._control.writing("noting what is left of the account's calls") as connection:
            Budgets(self._control.dialect).note(connection, self._account, said)
