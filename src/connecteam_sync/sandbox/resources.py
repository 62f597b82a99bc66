"""The paths next to the time clock: attachments, geofences, pay rates, assignments and time off.

Those under UNPROVEN are not in the publisher's document that the sandbox is checked against (API, section 21): their
responses are built from what is said about them, and carry a header that says so.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from connecteam_sync.sandbox.answers import POLICY_TYPES, domain_error, enveloped, model_error
from connecteam_sync.sandbox.company import JOB, WAREHOUSE, Company
from connecteam_sync.sandbox.query import choice, days, whole

UNPROVEN = ("/users/v1/users/{user:int}/assignments", "/time-off/v1/requests", "/time-off/v1/policy-types")
"""Paths whose responses nobody of us has seen."""
_RATE_DAYS = 366
_MAX_PAGE = 500
ATTACHMENTS: tuple[dict[str, Any], ...] = (
    {"id": "c0ffee01-remarks", "type": "freeText", "name": "Remarks", "isRequired": False, "isEnabled": True},
    {"id": "c0ffee02-boxes", "type": "number", "name": "Boxes", "isRequired": False, "isEnabled": True},
    {
        "id": "c0ffee03-gate",
        "type": "dropdownList",
        "name": "Gate",
        "isRequired": False,
        "isEnabled": True,
        "items": [
            {"id": "north", "name": "North", "isEnabled": True},
            {"id": "south", "name": "South", "isEnabled": False},
        ],
    },
)
"""The fields that a punch may have."""


class Location(msgspec.Struct):
    """Where a fence is; numbers are texts here."""

    address: str
    longitude: str
    latitude: str


class Geofence(msgspec.Struct):
    """A geofence to create."""

    name: Annotated[str, msgspec.Meta(min_length=1)]
    location: Location
    isEnabled: bool = True  # noqa: N815 - the API's spelling
    fenceSize: Annotated[int, msgspec.Meta(ge=75, le=1524)] = 150  # noqa: N815 - the API's spelling
    jobIds: Annotated[list[str], msgspec.Meta(max_length=100)] = []  # noqa: N815 - the API's spelling
    onGeofenceExitAction: Literal["noAction", "sendNotification", "autoClockOut"] = "noAction"  # noqa: N815


class Geofences(msgspec.Struct):
    """The body of POST geofences."""

    geofences: Annotated[list[Geofence], msgspec.Meta(max_length=1000)]


class Resources:
    """Handlers of what is next to the time clock."""

    def __init__(self, company: Company, no_clock: Callable[[Request], Response | None]) -> None:
        self.company, self._no_clock = company, no_clock
        self._made = 0
        gate = Geofence("Gate", Location("1 Invented Way", "-87.0", "41.0"), jobIds=[JOB])
        self.geofences: dict[int, dict[str, Geofence]] = {WAREHOUSE: {"fence-gate": gate}}

    async def attachments(self, request: Request) -> Response:
        """The fields that a punch may have."""
        return self._no_clock(request) or enveloped({"shiftAttachments": list(ATTACHMENTS)})

    # -- geofences -----------------------------------------------------------------------------------------------------

    async def list_geofences(self, request: Request) -> Response:
        """Every geofence of a clock."""
        fences = self.geofences.get(request.path_params["clock"], {})
        shown = [{"id": name, **msgspec.to_builtins(fence)} for name, fence in fences.items()]
        return self._no_clock(request) or enveloped({"geofences": shown})

    async def create_geofences(self, request: Request) -> Response:
        """Create geofences; a repeated request creates them again."""
        if missing := self._no_clock(request):
            return missing
        try:
            body = msgspec.json.decode(await request.body(), type=Geofences)
        except msgspec.DecodeError as error:
            return model_error("", str(error), request.url.path, body=True)
        fences = self.geofences.setdefault(request.path_params["clock"], {})
        made: list[dict[str, str]] = []
        for fence in body.geofences:
            self._made += 1
            fences[f"fence-{self._made}"] = fence
            made.append({"fenceId": f"fence-{self._made}", "name": fence.name})
        return enveloped({"geofences": made})

    async def one_geofence(self, request: Request) -> Response:
        """A geofence by id, or its deletion."""
        if missing := self._no_clock(request):
            return missing
        name, fences = request.path_params["fence"], self.geofences.get(request.path_params["clock"], {})
        if name not in fences:
            return domain_error(404, "geofence not found", request.url.path)
        if request.method == "DELETE":
            del fences[name]
            return enveloped({})
        return enveloped({"id": name, **msgspec.to_builtins(fences[name])})

    # -- people --------------------------------------------------------------------------------------------------------

    async def pay_rates(self, request: Request) -> Response:
        """A page of the invented pay of people: one hourly rate each."""
        days(request, _RATE_DAYS)
        kind = choice(request, "rateType", {"hourly", "monthly", "yearly"})
        limit, offset = whole(request, "limit", 100, low=1, high=_MAX_PAGE), whole(request, "offset", 0)
        wanted = set(request.query_params.getlist("userIds"))
        people = [p for p in sorted(self.company.people.values(), key=lambda p: p.id) if not p.is_archived]
        chosen = [p for p in people if (not wanted or str(p.id) in wanted) and kind in {None, "hourly"}]
        page = chosen[offset : offset + limit]
        rates = [
            {
                "userId": person.id,
                "payRate": {
                    "effectiveDate": datetime.fromtimestamp(person.created_at, UTC).date().isoformat(),
                    "rateType": "hourly",
                    "isDefaultRateEnabled": True,
                    "defaultRate": 18.0 + person.id % 12,
                    "isResourceRateEnabled": False,
                    "isApplyDefaultRateToNewResource": True,
                    "createdBy": min(self.company.people),
                    "createdAt": person.created_at,
                },
            }
            for person in page
        ]
        return enveloped({"payRatesByUsers": rates}, paging={"offset": offset + len(page), "total": len(chosen)})

    async def assignments(self, request: Request) -> Response:
        """The time clocks a person is on (unproven)."""
        person = self.company.people.get(request.path_params["user"])
        if person is None:
            return domain_error(404, f"User with ID {request.path_params['user']} not found", request.url.path)
        wanted = request.query_params.getlist("assetTypes")
        clocks = sorted(person.clocks) if not wanted or "timeClock" in wanted else []
        return enveloped({"smartGroups": [], "assets": [{"id": clock, "type": "timeClock"} for clock in clocks]})

    # -- time off ------------------------------------------------------------------------------------------------------

    async def time_off_requests(self, request: Request) -> Response:
        """A page of the approved time off that touches the days (unproven)."""
        first, last = days(request, _RATE_DAYS)
        limit, offset = whole(request, "limit", 10, low=1, high=_MAX_PAGE), whole(request, "offset", 0)
        status = choice(request, "status", {"approved", "pending", "declined"}) or "approved"
        clock = whole(request, "timeClockId", 0)
        zone = ZoneInfo(self.company.timezone)

        def touches(start: int, end: int) -> bool:
            begins, ends = (datetime.fromtimestamp(at, zone).date() for at in (start, end - 1))
            return begins <= last and ends >= first

        found = [
            item
            for item in sorted(self.company.activities.values(), key=lambda item: (item.start, item.id))
            if item.kind == "time_off"
            and status == "approved"
            and clock in {0, item.clock_id}
            and touches(item.start, item.end or item.start + 1)
        ]
        shown = [
            {
                "id": item.id,
                "userId": item.user_id,
                "policyTypeId": item.policy_type,
                "status": "approved",
                "timeClockId": item.clock_id,
                "isAllDay": True,
                "startDate": datetime.fromtimestamp(item.start, zone).date().isoformat(),
                "endDate": datetime.fromtimestamp((item.end or item.start + 1) - 1, zone).date().isoformat(),
                "duration": {"units": "days", "amount": item.days_off},
            }
            for item in found[offset : offset + limit]
        ]
        return enveloped({"requests": shown}, paging={"offset": offset + len(shown), "total": len(found)})

    async def policy_types(self, _request: Request) -> Response:
        """The kinds of time off (unproven)."""
        return enveloped({"policyTypes": list(POLICY_TYPES)})
