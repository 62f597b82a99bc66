"""What every use case works with: a database, Connecteam, the account check, the policy, and listeners."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from copy import copy
from typing import TYPE_CHECKING

from connecteam_sync.api.client import Connecteam
from connecteam_sync.core.change import Policy
from connecteam_sync.core.events import StepName
from connecteam_sync.core.run import Run, RunKind
from connecteam_sync.core.window import Window
from connecteam_sync.engine.account import AccountCheck
from connecteam_sync.engine.decide import now
from connecteam_sync.engine.events import Emit, Step
from connecteam_sync.engine.lists import Lists
from connecteam_sync.engine.other_clocks import OtherClocks
from connecteam_sync.engine.scope import ScopeChooser
from connecteam_sync.store.store import Store
from connecteam_sync.version import __version__

if TYPE_CHECKING:
    from connecteam_sync.engine.kept_inputs import KeptInputs


class Context:
    """One store and its configuration.

    `client` is called when Connecteam is first needed; `choosing` decides which looks a run makes; `policy` is partly
    stored in the database. `http_calls` counts the requests of all runs; `emit` takes the events; `kept` has the inputs
    of decisions (None: they are not kept).
    """

    def __init__(
        self,
        store: Store,
        client: Callable[[], Connecteam],
        *,
        belonging: AccountCheck,
        timezone: str,
        choosing: ScopeChooser,
        policy: Callable[[], Policy],
        by_digest: bool,
        by_person: bool,
        http_calls: Callable[[], int],
        emit: Emit,
        lists: Lists,
        kept: Callable[[], KeptInputs] | None = None,
    ) -> None:
        self.store, self._make_client, self.timezone, self._policy = store, client, timezone, policy
        self.belonging, self.choosing = belonging, choosing
        self.by_digest, self.by_person = by_digest, by_person
        self.http_calls, self.emit = http_calls, emit
        self.lists, self._kept = lists, kept
        self.elsewhere = OtherClocks(store, client, choosing.clocks)

    @property
    def client(self) -> Connecteam:
        """The client, made when first needed: reading the database needs no key."""
        return self._make_client()

    @property
    def keeps_inputs(self) -> bool:
        """Whether the inputs of decisions are kept."""
        return self._kept is not None

    @property
    def kept(self) -> KeptInputs | None:
        """The files with the inputs of decisions; None if they are not kept."""
        return self._kept() if self._kept is not None else None

    @property
    def policy(self) -> Policy:
        """The policy of the user; partly stored in the database."""
        return self._policy()

    def of_one_clock(self, clock: int) -> Context:
        """The same for runs that look at one of the mirrored time clocks, and others only for missing evidence."""
        one = copy(self)
        one.choosing = self.choosing.of_one_clock(clock)
        return one

    def step(self, name: StepName, slices: Iterable[Window] = (), *, counted: bool = True) -> Step:
        """The events of a step, slice by slice."""
        return Step(name, slices, emit=self.emit, calls_left=lambda: self.client.day_calls_left, counted=counted)


def fresh_run(
    store: Store, kind: RunKind, window: Window, *, started_at: int | None = None, undoes: int | None = None
) -> Run:
    """A run of this machine that begins now, or began at `started_at` (epoch seconds), as `store` is asked for it."""
    return Run(
        id=None,
        kind=kind,
        window=window,
        slices=(),
        version=__version__,
        host=socket.gethostname(),
        started_at=now() if started_at is None else started_at,
        undoes=undoes,
        asked_by=store.asked.by,
        trigger=store.asked.trigger,
    )


class Costs:
    """What one run costs: counted from its beginning, without what its client and store did before."""

    def __init__(self, store: Store, http_calls: Callable[[], int] = lambda: 0) -> None:
        self._store, self._http_calls = store, http_calls
        self._statements, self._calls = store.statements, http_calls()

    @property
    def statements(self) -> int:
        """SQL statements sent for it so far."""
        return self._store.statements - self._statements

    @property
    def http_calls(self) -> int:
        """Requests sent for it so far."""
        return self._http_calls() - self._calls
