"""The members of Connecteam's answers as its contract has them, and those of an answer that are not among them.

An unknown member is ignored by everything else; here it is noticed, so that somebody is told that the API has grown.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

import msgspec

from connecteam_sync.api.invalid_records import UNREADABLE

Members = dict[str, "Members"]
"""The members of an object, each with those of the objects in it; a list stands for its elements. Without any: a plain
value, or one that may be anything, like that of a custom field.
"""
SAMPLE = 25
"""So many elements of each list are looked at, the first ones: what is new is in many of them, and soon in all."""
MOST = 20
"""New members that one answer is said to have, at most."""
_NAME = re.compile(r"[A-Za-z_]\w{0,63}", re.ASCII)


def _of(names: str, **inner: Members) -> Members:
    """Plain members by their names, and others by what is in them."""
    return {**{name: {} for name in names.split()}, **inner}


_PAGING = _of("offset total")
_POINT = _of(
    "timestamp timezone geofenceId",
    locationData=_of("address latitude longitude"),
    source=_of("id mode name type"),
)
_ACTIVITY = _of("id managerNote employeeNote createdAt modifiedAt", start=_POINT, end=_POINT)
_ATTACHMENT = _of("itemId freeText number fileName fileUrl images image", files=_of("fileName fileUrl"))
_SHIFT = _ACTIVITY | _of(
    "jobId subJobId schedulerShiftId isAutoClockOut",
    shiftAttachments=_of("shiftAttachmentId", attachment=_ATTACHMENT),
)
_BREAK = _ACTIVITY | _of("manualBreakId isAutoClockOut")
_TIME_OFF = _ACTIVITY | _of("policyTypeId isAllDay", duration=_of("value units"))
_DAY = _of(
    "date dailyTotalHours dailyTotalWorkHours dailyTotalPaidBreakHours dailyTotalUnpaidBreakHours isApproved"
    " isSubmitted isLocked",
    payItems=_of("hours actualPayRate totalPay", payRule=_of("id code type")),
    records=_of("timeActivityId basePayRate", start=_POINT, end=_POINT, resources=_of("resourceId subResourceId")),
    dailyScheduledDetails=_of(
        "dailyScheduledHours dailyScheduledDifferenceHours dailyScheduledShifts", shifts=_of("id")
    ),
)
KNOWN: Members = {
    "me": _of("companyId companyName"),
    "users": _of(
        "",
        users=_of(
            "userId firstName lastName phoneNumber userType email isArchived kioskCode createdAt modifiedAt archivedAt"
            " lastLogin smartGroupsIds invitedToBeManager profilePictureUrl mobileDevice osVersion appVersion"
            " mobileDeviceId",
            customFields=_of("customFieldId name type value"),
        ),
        # It is in `data` or next to it (API, section 4).
        paging=_PAGING,
    ),
    "assignments": _of("", smartGroups=_of("id"), assets=_of("id type")),
    "time-clocks": _of("", timeClocks=_of("id name isArchived")),
    "time-activities": _of(
        "",
        timeActivitiesByUsers=_of(
            "userId",
            shifts=_SHIFT,
            manualBreaks=_BREAK,
            manualbreaks=_BREAK,  # as requests spell it
            timeOffs=_TIME_OFF,
        ),
    ),
    "manual-breaks": _of("areManualBreaksEnabled", manualBreaks=_of("id name isPaid duration")),
    "timesheet": _of("startDate endDate", users=_of("userId", dailyRecords=_DAY)),
}
"""What `data` of an answer has, by the last word of the path (API, sections 1, 6 to 10, 12, 21)."""


def unknown_members(path: str, body: bytes) -> frozenset[str]:
    """What an answer has and the contract has not, like `time-activities: shifts.overtime`; never a value.

    Empty for paths of which no member is read, and for a body that is no JSON: others say so.
    """
    name = path.rpartition("/")[2]
    data = KNOWN.get(name)
    if data is None or not body:
        return frozenset()
    found: set[str] = set()
    for unknown in _unknown(body, _of("requestId", data=data, paging=_PAGING), ()):
        found.add(f"{name}: {unknown}")
        if len(found) == MOST:
            break
    return frozenset(found)


def what_it_says(body: bytes) -> int:
    """A number that is the same, within this process, for answers that say the same; each has an id of its own."""
    try:
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except UNREADABLE:
        return hash(body)
    # Checksums of views: the data may be megabytes, which would be copied to be hashed.
    said = ((name, memoryview(value)) for name, value in members.items() if name != "requestId")
    return hash(tuple((name, len(value), zlib.crc32(value)) for name, value in said))


def _unknown(raw: bytes | msgspec.Raw, known: Members, within: tuple[str, ...]) -> Iterator[str]:
    """The unknown members of an object, or of the first objects of a list, and of the known objects in them."""
    try:
        if memoryview(raw)[0] == ord("["):
            for element in msgspec.json.decode(raw, type=list[msgspec.Raw])[:SAMPLE]:
                yield from _unknown(element, known, within)
            return
        members = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except UNREADABLE:  # null, a plain value, or nothing that can be read
        return
    for name, value in members.items():
        inner = known.get(name)
        if inner is None:
            yield ".".join((*within, name if _NAME.fullmatch(name) else "?"))
        elif inner:
            yield from _unknown(value, inner, within if name == "data" else (*within, name))
