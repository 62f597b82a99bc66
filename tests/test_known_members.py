"""The members of answers that are known, against the publisher's contract."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from connecteam_sync.api.members import KNOWN, Members
from test_sandbox_contract import CONTRACT

DOCUMENT: dict[str, Any] = json.loads(CONTRACT.read_text())
PATHS = {
    path.rpartition("/")[2]: operations["get"]
    for path, operations in DOCUMENT["paths"].items()
    if "get" in operations and path.rpartition("/")[2] in KNOWN
}
MORE = {
    "users.paging",
    "users.paging.offset",
    "users.paging.total",
    "time-activities.timeActivitiesByUsers.manualbreaks",
    "timesheet.users.dailyRecords.records.start.geofenceId",
    "timesheet.users.dailyRecords.records.end.geofenceId",
}
"""What is known beyond the contract's snapshot (API, sections 4 and 9)."""


def described(schema: dict[str, Any], seen: frozenset[str] = frozenset()) -> Members:
    """The members that a schema of the contract has, at every depth."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {} if name in seen else described(DOCUMENT["components"]["schemas"][name], seen | {name})
    found: Members = {}
    for inner in (part for key in ("anyOf", "oneOf", "allOf") for part in schema.get(key, ())):
        found |= described(inner, seen)
    found |= described(schema["items"], seen) if "items" in schema else {}
    for name, value in schema.get("properties", {}).items():
        found[name] = found.get(name, {}) | described(value, seen)
    return found


def places(members: Members, within: str) -> Iterator[str]:
    """Every member with where it stands."""
    for name, inner in members.items():
        yield f"{within}.{name}"
        yield from places(inner, f"{within}.{name}")


def test_the_known_members_are_those_of_the_contract() -> None:
    """And a few more, each for a reason. `assignments` is not in the snapshot."""
    assert KNOWN.keys() - PATHS.keys() == {"assignments"}
    ours, theirs = set[str](), set[str]()
    for name, operation in PATHS.items():
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        theirs |= set(places(described(schema)["data"], name))
        ours |= set(places(KNOWN[name], name))
    assert theirs - ours == set()
    assert {place for place in ours - theirs if not place.startswith(tuple(MORE - {place}))} | (MORE & ours) == MORE
