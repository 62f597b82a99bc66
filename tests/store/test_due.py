"""When each time clock is looked at next: claims, leases and days that are asked for, on every database."""

from __future__ import annotations

from datetime import date

import msgspec
import pytest

from connecteam_sync.core.cadence import SET_BACK
from connecteam_sync.core.deliveries import read_bell
from connecteam_sync.core.window import Window
from connecteam_sync.errors import NotFound
from connecteam_sync.store.service.bells import Bells
from connecteam_sync.store.service.due import Due, DueClock, LookError, Outcome
from connecteam_sync.store.service.proofs import nightly_proof
from connecteam_sync.store.store import Store
from support.bell_site import body_of

ZONE = "America/Chicago"
DAY = Window(date(2026, 3, 2), date(2026, 3, 3), ZONE)


def due(store: Store, ahead: int = 0) -> Due:
    """The rows as somebody sees them whose clock is this far ahead."""
    return Due(store.dialect, store.own, ahead=ahead)


def claim(store: Store, ahead: int = 0) -> DueClock | None:
    """What is due then, for a minute."""
    with store.own_rows("claiming") as connection:
        return due(store, ahead).claim(connection, seconds=60)


@pytest.fixture
def enrolled(store: Store) -> Store:
    """Three time clocks that are due."""
    with store.own_rows("enrolling") as connection:
        due(store).enrol(connection, {1: "Warehouse", 2: "Office", 3: "Yard"}, cadence=300)
    return store


def finish(store: Store, held: DueClock, outcome: Outcome, ahead: int = 0) -> bool:
    """Note how it went."""
    with store.own_rows("finishing") as connection:
        return due(store, ahead).finish(connection, held, outcome)


def well(**more: object) -> Outcome:
    """A look that came about."""
    return Outcome(**{"waits": 300, "cadence": 300, **more})  # type: ignore[arg-type]


def test_each_is_claimed_once_and_again_when_its_time_comes(enrolled: Store) -> None:
    """Three claims, each of another time clock; then nothing is due until the interval has passed."""
    held = [claim(enrolled) for _ in range(4)]
    assert sorted(one.time_clock_id for one in held if one) == [1, 2, 3]
    assert held[3] is None
    for one in held[:3]:
        assert one
        assert finish(enrolled, one, well())
    assert claim(enrolled, ahead=290) is None
    again = claim(enrolled, ahead=305)
    assert again is not None
    assert (again.successes, again.failures) == (1, 0)
    assert again.last_good


def test_what_is_looked_at_is_due_when_its_lease_ends(enrolled: Store) -> None:
    """Whoever waits for the next one waits for no longer: of a process that was killed nobody renews it."""
    first = claim(enrolled)
    assert first
    with enrolled.own_rows("resting") as connection:
        due(enrolled).extend(connection, first, seconds=20)
        for clock in {1, 2, 3} - {first.time_clock_id}:
            due(enrolled).pause(connection, [clock], by="Pia", reason="closed")
        bells = Bells(enrolled.dialect, enrolled.own)
        wait, _ = bells.next_in(connection, 0)
        assert wait is not None
        assert 18 <= wait <= 20
        bells.record(connection, [read_bell(msgspec.json.encode(body_of(clock=first.time_clock_id)))], settle_seconds=0)
        wait, _ = bells.next_in(connection, 0)
        assert wait is not None
        assert 18 <= wait <= 20
    assert finish(enrolled, first, well())
    with enrolled.own_rows("resting") as connection:
        assert bells.next_in(connection, 0)[0] == 0


def test_who_waits_longest_comes_first(enrolled: Store) -> None:
    """Whatever its number; of those that wait alike the lowest."""
    for wait in (300, 200, 100):
        held = claim(enrolled)
        assert held
        assert finish(enrolled, held, well(waits=wait))
    order = [one.time_clock_id for _ in range(3) if (one := claim(enrolled, ahead=400))]
    assert order == [3, 2, 1]


def test_a_lease_that_ran_out_is_somebody_elses(enrolled: Store) -> None:
    """Whoever lost it can note nothing, and the one who has it can."""
    first = claim(enrolled)
    assert first
    others = [claim(enrolled), claim(enrolled)]
    assert all(others)
    second = claim(enrolled, ahead=61)
    assert second
    assert second.time_clock_id == first.time_clock_id
    assert not finish(enrolled, first, well())
    with enrolled.own_rows("extending") as connection:
        assert not due(enrolled).extend(connection, first, seconds=60)
        assert due(enrolled).extend(connection, second, seconds=60)
    assert finish(enrolled, second, well())


def test_days_that_are_asked_for_come_sooner_and_are_done_once(enrolled: Store) -> None:
    """Also where they were asked for while somebody was looking: that look did not see what they are about."""
    for _ in range(3):
        held = claim(enrolled)
        assert held
        finish(enrolled, held, well())
    with enrolled.own_rows("ringing") as connection:
        due(enrolled).want(connection, 2, [DAY], seconds=100)
    assert claim(enrolled, ahead=60) is None  # a busy machine may need seconds
    held = claim(enrolled, ahead=102)
    assert held
    assert (held.time_clock_id, held.days_wanted) == (2, ((DAY.first, DAY.last),))
    later = Window(DAY.last, DAY.last, ZONE)
    with enrolled.own_rows("ringing") as connection:
        due(enrolled, 102).want(connection, 2, [later, later], seconds=1)
    finish(enrolled, held, well(), ahead=102)
    again = claim(enrolled, ahead=103)
    assert again
    assert (again.time_clock_id, again.days_wanted) == (2, ((later.first, later.last),))
    finish(enrolled, again, well(), ahead=103)
    assert claim(enrolled, ahead=200) is None


def test_a_failure_keeps_the_days_and_counts(enrolled: Store) -> None:
    """In a row: a look that comes about begins anew."""
    with enrolled.own_rows("ringing") as connection:
        due(enrolled).enrol(connection, {1: "Warehouse"}, cadence=300)
        due(enrolled).want(connection, 1, [DAY], seconds=0)
    error = LookError(name="unavailable", message="no answer")
    for number in (0, 1):
        held = claim(enrolled, ahead=number)
        assert held
        assert (held.time_clock_id, held.failures) == (1, number)
        assert held.days_wanted == ((DAY.first, DAY.last),)
        finish(enrolled, held, well(waits=0, error=error), ahead=number)
    with enrolled.own_rows("reading") as connection:
        [one] = due(enrolled).all(connection)
    assert (one.failures, one.successes, one.last_error, one.last_good) == (2, 0, error, None)
    held = claim(enrolled, ahead=5)
    assert held
    finish(enrolled, held, well(changed=True), ahead=5)
    with enrolled.own_rows("reading") as connection:
        [one] = due(enrolled).all(connection)
    assert (one.failures, one.successes, one.days_wanted) == (0, 1, ())
    assert one.last_change


def test_a_visit_that_was_asked_for_during_a_look_that_failed_waits_like_any_other(enrolled: Store) -> None:
    """Or who is asked again and again would be asked without a pause; after a good look it is due at once."""
    for error, due_then in ((LookError(name="unavailable", message="503"), False), (None, True)):
        held = claim(enrolled)
        assert held is not None
        with enrolled.own_rows("asking") as connection:
            due(enrolled).want(connection, held.time_clock_id, [DAY], seconds=0)
        assert finish(enrolled, held, well(waits=120, error=error))
        with enrolled.own_rows("reading") as connection:
            known = due(enrolled).of(connection, held.time_clock_id)
        assert (known.next_due <= held.next_due - 300 + 5) is due_then
        assert known.days_wanted == ((DAY.first, DAY.last),)


def test_paused_and_refused_ones_are_left_alone(enrolled: Store) -> None:
    """Until they are resumed, or the service starts again; who paused it and why is kept."""
    with enrolled.own_rows("pausing") as connection:
        assert due(enrolled).active(connection) == 3
        due(enrolled).pause(connection, [1, 2], by="ann", reason="stocktaking")
        assert due(enrolled).active(connection) == 1
    held = claim(enrolled)
    assert held
    assert held.time_clock_id == 3
    finish(enrolled, held, well(error=LookError(name="rejected", message="Invalid API key"), refuses=True))
    assert claim(enrolled, ahead=10_000) is None
    with enrolled.own_rows("reading") as connection:
        first, _, third = due(enrolled).all(connection)
        assert due(enrolled).active(connection) == 0
    assert (first.state, first.paused_by, first.paused_reason, third.state) == (
        "paused",
        "ann",
        "stocktaking",
        "refused",
    )
    with enrolled.own_rows("resuming") as connection:
        due(enrolled).resume(connection, [2])
        due(enrolled).restart(connection)
    assert sorted(held.time_clock_id for held in (claim(enrolled), claim(enrolled)) if held) == [2, 3]


def test_only_those_that_are_listed_are_visited(enrolled: Store) -> None:
    """A name follows; a time clock that is not there is told as such."""
    with enrolled.own_rows("enrolling") as connection:
        due(enrolled).enrol(connection, {2: "Front office", 4: "Shop"}, cadence=300)
        assert [(one.time_clock_id, one.name) for one in due(enrolled).all(connection)] == [
            (2, "Front office"),
            (4, "Shop"),
        ]
    with pytest.raises(NotFound, match="time clock 9"), enrolled.own_rows("pausing") as connection:
        due(enrolled).pause(connection, [9], by="ann", reason="none")


def test_two_who_claim_at_once_get_two(enrolled: Store) -> None:
    """Neither waits for the other on a server; SQLite lets one write at a time."""
    if enrolled.dialect.is_file:
        return
    other = Store(enrolled.url.render_as_string(hide_password=False), lock_wait=1)
    with enrolled.own_rows("claiming") as first, other.own_rows("claiming") as second:
        held = [due(enrolled).claim(connection, seconds=60) for connection in (first, second)]
    other.close()
    assert {one.time_clock_id for one in held if one} == {1, 2}


# -- the clock of the database is set back -----------------------------------------------------------------------------


def test_a_clock_that_is_set_back_keeps_no_time_clock_waiting(enrolled: Store) -> None:
    """What was looked at in the future is due now, also under a lease; a minute is no reason."""
    for _ in range(3):
        held = claim(enrolled, ahead=7200)
        assert held is not None
        assert finish(enrolled, held, well(waits=86_400), ahead=7200)
    held = claim(enrolled, ahead=7200 - SET_BACK - 10)
    assert held is not None
    again = {one.time_clock_id for _ in range(5) if (one := claim(enrolled)) is not None}
    assert again == {1, 2, 3}
    assert claim(enrolled) is None
    with enrolled.own_rows("reading") as connection:
        assert {one.failures for one in due(enrolled).all(connection)} == {0}


def test_a_clock_that_goes_a_little_back_breaks_no_lease(enrolled: Store) -> None:
    """Servers are corrected by seconds every day."""
    for _ in range(3):
        assert claim(enrolled, ahead=SET_BACK - 10) is not None
    assert claim(enrolled) is None


def test_a_clock_that_is_set_back_keeps_no_night_waiting(store: Store) -> None:
    """Neither a lease nor a wait that was noted in the future counts."""

    def claimed(ahead: int) -> bool:
        with store.own_rows("a test") as connection:
            return nightly_proof(store.dialect, store.own, ahead=ahead).claim(connection, seconds=600) is not None

    assert claimed(7200)
    assert not claimed(7200 - SET_BACK + 10)
    assert claimed(0)
    assert not claimed(0)
