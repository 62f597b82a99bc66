"""Each error knows its exit code and whether trying again may help, as its tree says."""

from __future__ import annotations

import inspect
import re
from datetime import date

import pytest

from connecteam_sync import errors
from connecteam_sync.core.run import SEVERITY, Run
from connecteam_sync.core.window import Window
from connecteam_sync.engine.receipts import failed_slice
from connecteam_sync.errors import ConnecteamSyncError, DatabaseUnavailable, Rejected, Unavailable

DAY = Window(date(2025, 12, 1), date(2025, 12, 1), "America/Chicago")
KINDS = {
    name: kind for name, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, ConnecteamSyncError)
}
TREE = {
    found["name"]: (len(found["depth"]) // 4, int(found["code"]), bool(found["again"]))
    for found in re.finditer(
        r"^(?P<depth>[│├└─ ]*)(?P<name>[A-Z]\w+) +(?P<code>\d+) ?(?P<again>\*)?", errors.__doc__ or "", re.MULTILINE
    )
}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_an_error_is_what_its_tree_says(kind: str) -> None:
    """Its exit code, whether trying again may help, and how deep it stands; the code is one that a run may end with."""
    made = KINDS[kind]
    depth, code, again = TREE[kind]
    assert (made.exit_code, made.retryable) == (code, again)
    assert len([one for one in made.__mro__ if one.__name__ in KINDS]) - 1 == depth
    assert made.exit_code in SEVERITY
    assert isinstance(made.__dict__.get("retryable", made.retryable), bool)


def test_a_run_is_worth_another_try_if_all_that_failed_worst_is() -> None:
    """A time clock that may not be read and a database that was away end it with 1 both: only the second passes."""
    refused, away, busy = (failed_slice(7, DAY, kind("no")) for kind in (Rejected, DatabaseUnavailable, Unavailable))
    for slices, is_worth in (((refused, away), False), ((away, busy), True), ((busy, refused), False)):
        run = Run(id=1, kind="sync", window=DAY, started_at=0, slices=slices, version="", host="")
        assert run.retryable == is_worth, [each.error_name for each in slices]


def test_what_says_to_try_again_means_it() -> None:
    """Exit codes 6 and 75 are those of what passes by itself: no error has one of them that does not."""
    for kind, made in KINDS.items():
        passes = kind in {"BrokerUnavailable", "DatabaseUnavailable"}
        assert made.retryable == (made.exit_code in {6, 75} or passes), kind
