"""The bodies of the sandbox's responses, in the shapes of Connecteam's published contract."""

from __future__ import annotations

import uuid
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.responses import JSONResponse, Response

from connecteam_sync.sandbox.company import HOLIDAY, JOB, LUNCH, REST, SICK, Activity, Company, Job, Person
from connecteam_sync.sandbox.settings import SandboxSettings

_LONG_SHIFT = 6 * 3600


def enveloped(data: dict[str, Any], **more: Any) -> JSONResponse:  # noqa: ANN401 - any JSON
    """The body of a success."""
    return JSONResponse({"requestId": str(uuid.uuid4()), "data": data, **more})


def domain_error(status: int, message: str, path: str) -> Response:
    """An error of the API's own rules (error shape 1)."""
    return JSONResponse({"error": message, "path": path, "request_id": str(uuid.uuid4())}, status)


def model_error(where: str, message: str, path: str, *, body: bool = False) -> Response:
    """An error about a request that cannot be read (error shape 2)."""
    kind = "body" if body else "query"
    return JSONResponse(
        {
            "details": {"error_message": f"Request {kind} is invalid", "error_code": 1002 if body else 1003},
            "error": {f"{kind}.{where}": {"message": message, "type": "value_error"}},
            "path": path,
            "request_id": str(uuid.uuid4()),
        },
        400,
    )


def user(person: Person) -> dict[str, Any]:
    """One element of the list of users."""
    return {
        "userId": person.id,
        "firstName": person.first_name,
        "lastName": person.last_name,
        "phoneNumber": person.phone,
        "userType": "user",
        **({"email": person.email} if person.email else {}),
        "isArchived": person.is_archived,
        "createdAt": person.created_at,
        "modifiedAt": person.created_at,
        **({"archivedAt": person.archived_at} if person.archived_at else {}),
        "lastLogin": 0,
        "smartGroupsIds": [],
        "customFields": [],
    }


def job(one: Job, company: Company) -> dict[str, Any]:
    """One element of the list of jobs, with its sub jobs in it; jobs are of every time clock."""
    below = [job(inner, company) for inner in company.jobs.values() if inner.parent_id == one.id]
    shown: dict[str, Any] = {
        "jobId": one.id,
        "title": one.title,
        "code": one.code,
        "color": "#4B7AC5",
        "description": "",
        "assign": {"type": "both", "userIds": [], "groupIds": []},
        "isDeleted": one.is_deleted,
    }
    if one.parent_id is not None:
        return shown | {"parentId": one.parent_id, "useParentData": True}
    return shown | {"subJobs": below, "instanceIds": sorted(company.clocks)}


def activity(item: Activity, settings: SandboxSettings) -> dict[str, Any]:
    """One element of time activities: no `end` while it is open; coordinates are invented."""

    def point(instant: int, kind: str) -> dict[str, Any]:
        place = {"address": "1 Invented Way", "latitude": 0.0, "longitude": 0.0}
        return {"timestamp": instant, "timezone": item.timezone, "locationData": place, "source": {"type": kind}}

    shown: dict[str, Any] = {"id": item.id, "start": point(item.start, item.source), "createdAt": item.created_at}
    if item.end is not None:
        shown["end"] = point(item.end, "autoClockOut" if item.is_auto_clock_out else item.source)
    elif settings.open_end == "null":
        shown["end"] = None
    if item.modified_at is not None:
        shown["modifiedAt"] = item.modified_at
    shown |= {name: text for name, text in _texts(item) if text is not None}
    if item.kind == "shift":
        shown |= {"jobId": item.job_id or JOB, "shiftAttachments": []}
    elif item.kind == "manual_break":
        shown["manualBreakId"] = item.break_type
    else:
        duration = {"value": item.days_off, "units": "days"}
        shown |= {"policyTypeId": item.policy_type, "duration": duration, "isAllDay": True}
    if item.kind != "time_off":
        shown["isAutoClockOut"] = item.is_auto_clock_out
    shown |= item.spoiled
    return {name: value for name, value in shown.items() if value is not ...}


def _texts(item: Activity) -> tuple[tuple[str, str | None], ...]:
    """The optional texts of an activity; absent if they are not there."""
    return (
        ("subJobId", item.sub_job_id),
        ("schedulerShiftId", item.scheduler_shift_id),
        ("employeeNote", item.employee_note),
        ("managerNote", item.manager_note),
    )


def selected(
    company: Company, settings: SandboxSettings, clock: int, first: date, last: date, *, users: set[int] | None = None
) -> list[Activity]:
    """The activities of a clock for the requested days; settings decide the zone of a day and what belongs to it."""
    zone = ZoneInfo(settings.timezone) if settings.dates_in == "business" else UTC
    low = int(datetime(first.year, first.month, first.day, tzinfo=zone).timestamp())
    after = last + timedelta(days=1)
    high = int(datetime(after.year, after.month, after.day, tzinfo=zone).timestamp())
    latest = 2**40

    def belongs(item: Activity) -> bool:
        end = latest if item.end is None else item.end
        if settings.selects_by == "overlap":
            return item.start < high and end >= low
        return low <= (end if settings.selects_by == "end" and item.end is not None else item.start) < high

    chosen = [a for a in company.activities.values() if a.clock_id == clock and belongs(a)]
    return [a for a in chosen if users is None or a.user_id in users]


def by_users(
    company: Company,
    settings: SandboxSettings,
    clock: int,
    activities: list[Activity],
    *,
    users: set[int] | None,
    kinds: set[str] | None,
) -> list[dict[str, Any]]:
    """One element for each person of the clock, including those without any activity."""
    listed = {p.id for p in company.people.values() if clock in p.clocks and not p.is_archived}
    if settings.lists_unassigned and users is None:
        listed |= {a.user_id for a in activities}
    if users is not None:
        listed &= users
    shown: dict[int, dict[str, Any]] = {
        user_id: {"userId": user_id, "shifts": [], "manualBreaks": [], "timeOffs": []} for user_id in sorted(listed)
    }
    names = {"shift": "shifts", "manual_break": "manualBreaks", "time_off": "timeOffs"}
    for item in sorted(activities, key=lambda a: (a.start, a.id)):
        if item.user_id in shown and (kinds is None or item.kind in kinds):
            shown[item.user_id][names[item.kind]].append(activity(item, settings))
    return list(shown.values())


def timesheet(company: Company, settings: SandboxSettings, clock: int, first: date, last: date) -> list[dict[str, Any]]:
    """Hours by person and start day; people without entries are left out.

    Work is what is left of shifts without breaks, automatic ones included; the total is work and paid breaks
    (API, section 12).
    """
    zone = ZoneInfo(settings.timezone)
    paid_types = {kind["id"] for kind in BREAK_TYPES if kind["isPaid"]}
    days: dict[int, dict[date, list[Activity]]] = defaultdict(lambda: defaultdict(list))
    pauses: dict[int, list[Activity]] = defaultdict(list)
    for item in company.activities.values():
        if item.kind == "manual_break" and item.clock_id == clock:
            pauses[item.user_id].append(item)
        day = datetime.fromtimestamp(item.start, zone).date()
        if item.kind == "shift" and item.clock_id == clock and first <= day <= last:
            days[item.user_id][day].append(item)

    def record(user_id: int, day: date, items: list[Activity]) -> dict[str, Any]:
        worked = [a.end - a.start for a in items if a.end is not None]
        unpaid = sum(settings.unpaid_break_minutes * 60 for seconds in worked if seconds >= _LONG_SHIFT)
        paid = 0
        for pause in pauses[user_id]:
            seconds = sum(_shared(pause, shift) for shift in items)
            if pause.break_type in paid_types:
                paid += seconds
            else:
                unpaid += seconds
        work = sum(worked) - unpaid - paid
        return {
            "date": day.isoformat(),
            "dailyTotalHours": round((work + paid) / 3600, 2),
            "dailyTotalWorkHours": round(work / 3600, 2),
            "dailyTotalPaidBreakHours": round(paid / 3600, 2),
            "dailyTotalUnpaidBreakHours": round(unpaid / 3600, 2),
            "isApproved": (clock, user_id, day) in company.approved,
            "isSubmitted": (clock, user_id, day) in company.submitted,
            "isLocked": (clock, user_id, day) in company.locked,
            "payItems": [],
            "records": [
                {
                    "timeActivityId": a.id,
                    "start": {"timestamp": a.start, "timezone": a.timezone},
                    "end": {"timestamp": a.end, "timezone": a.timezone} if a.end is not None else {},
                    "resources": [],
                }
                for a in sorted(items, key=lambda a: (a.start, a.id))
            ],
        }

    return [
        {"userId": user_id, "dailyRecords": [record(user_id, day, items) for day, items in sorted(by_day.items())]}
        for user_id, by_day in sorted(days.items())
    ]


def _shared(pause: Activity, shift: Activity) -> int:
    """Seconds of a break within a shift; none of either that is still open."""
    if pause.end is None or shift.end is None:
        return 0
    return max(0, min(pause.end, shift.end) - max(pause.start, shift.start))


BREAK_TYPES = (
    {"id": LUNCH, "name": "Lunch", "isPaid": False, "duration": 30},
    {"id": REST, "name": "Rest", "isPaid": True, "duration": 10},
)
POLICY_TYPES = ({"id": HOLIDAY, "name": "Holiday"}, {"id": SICK, "name": "Sick leave"})
