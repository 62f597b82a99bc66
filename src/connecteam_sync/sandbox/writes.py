"""The paths that write: activities, live punches, breaks, locked days. Not idempotent, and without an overlap check."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from connecteam_sync.sandbox import answers
from connecteam_sync.sandbox.answers import domain_error, enveloped, model_error
from connecteam_sync.sandbox.company import Activity, Company
from connecteam_sync.sandbox.settings import SandboxSettings

_BACKDATED = 12 * 3600
"""How far back a live punch may be dated, in seconds."""


Instant = Annotated[int, msgspec.Meta(ge=0, le=253_402_214_400)]
"""Epoch seconds up to the year 9999; milliseconds are refused."""


class Point(msgspec.Struct):
    """An instant and where it happened."""

    timestamp: Instant
    timezone: str = "America/Chicago"


class NewShift(msgspec.Struct):
    """A shift to create."""

    start: Point
    end: Point | None = None
    jobId: str | None = None  # noqa: N815 - the API's spelling
    subJobId: str | None = None  # noqa: N815 - the API's spelling
    employeeNote: str | None = None  # noqa: N815 - the API's spelling
    managerNote: str | None = None  # noqa: N815 - the API's spelling


class NewBreak(msgspec.Struct):
    """A break to create; `id` is its type."""

    id: str
    start: Point
    end: Point | None = None
    employeeNote: str | None = None  # noqa: N815 - the API's spelling
    managerNote: str | None = None  # noqa: N815 - the API's spelling


class NewActivities(msgspec.Struct):
    """The activities to create for one person."""

    userId: int  # noqa: N815 - the API's spelling
    shifts: list[NewShift] = []
    manualbreaks: list[NewBreak] = []


class Create(msgspec.Struct):
    """The body of POST time-activities."""

    timeActivities: list[NewActivities]  # noqa: N815 - the API's spelling


class Edit(msgspec.Struct):
    """A change of one activity; absent members stay."""

    id: str
    start: Point | None = None
    end: Point | None = None
    jobId: str | None = None  # noqa: N815 - the API's spelling
    subJobId: str | None = None  # noqa: N815 - the API's spelling
    employeeNote: str | None = None  # noqa: N815 - the API's spelling
    managerNote: str | None = None  # noqa: N815 - the API's spelling
    manualBreakId: str | None = None  # noqa: N815 - the API's spelling


class Edits(msgspec.Struct):
    """The changes for one person."""

    userId: int  # noqa: N815 - the API's spelling
    shifts: list[Edit]
    manualbreaks: list[Edit] = []


class Update(msgspec.Struct):
    """The body of PUT time-activities."""

    timeActivities: list[Edits]  # noqa: N815 - the API's spelling


class Punch(msgspec.Struct):
    """A live clock-in or clock-out."""

    userId: int  # noqa: N815 - the API's spelling
    timestamp: Instant | None = None
    timezone: str | None = None
    jobId: str | None = None  # noqa: N815 - the API's spelling
    schedulerShiftId: str | None = None  # noqa: N815 - the API's spelling
    isResumeShift: bool = True  # noqa: N815 - the API's spelling


class LockDays(msgspec.Struct):
    """The body of PUT lock-days."""

    dates: list[date]
    isLocked: bool = True  # noqa: N815 - the API's spelling


class Writes:
    """Handlers that change the company."""

    def __init__(self, company: Company, settings: SandboxSettings) -> None:
        self.company, self.settings = company, settings

    # -- checks of every write -----------------------------------------------------------------------------------------

    async def _body(self, request: Request, kind: Any) -> Any:  # noqa: ANN401 - a struct of `kind`, or the refusal
        if request.path_params["clock"] not in self.company.clocks:
            return domain_error(400, "time clock id doesn't exist", request.url.path)
        try:
            return msgspec.json.decode(await request.body(), type=kind)
        except msgspec.DecodeError as error:
            return model_error("", str(error), request.url.path, body=True)

    def _locked(self, clock: int, user_id: int, *instants: int | None) -> bool:
        zone = ZoneInfo(self.settings.timezone)
        days = {datetime.fromtimestamp(at, zone).date() for at in instants if at is not None}
        closed = self.company.locked | self.company.approved
        return any((clock, user_id, day) in closed for day in days)

    def _not_assigned(self, request: Request, user_id: int) -> Response | None:
        """The response if a person may not use this clock; None if they may."""
        person = self.company.people.get(user_id)
        if person is None:
            return domain_error(404, f"User with ID {user_id} not found", request.url.path)
        if request.path_params["clock"] not in person.clocks:
            return domain_error(400, "user is not assigned to the time clock", request.url.path)
        return None

    # -- activities ----------------------------------------------------------------------------------------------------

    async def create(self, request: Request) -> Response:
        """Create activities; a repeated request creates them again."""
        body = await self._body(request, Create)
        if isinstance(body, Response):
            return body
        clock = request.path_params["clock"]
        for person in body.timeActivities:
            if refusal := self._not_assigned(request, person.userId):
                return refusal
            ends = [point.timestamp for item in person.shifts for point in (item.start, item.end) if point]
            if self._locked(clock, person.userId, *ends):
                return domain_error(400, "HAS_LOCKED_DAYS: the day is locked", request.url.path)
        made: list[dict[str, Any]] = []
        now = self.company.time.now()
        for person in body.timeActivities:
            shifts = [self._make(clock, person.userId, item, now) for item in person.shifts]
            breaks = [self._make(clock, person.userId, item, now) for item in person.manualbreaks]
            made.append({"userId": person.userId, "shifts": shifts, "manualBreaks": breaks})
        return enveloped({"timeActivitiesByUsers": made})

    def _make(self, clock: int, user_id: int, item: NewShift | NewBreak, now: int) -> dict[str, Any]:
        end = item.end.timestamp if item.end else None
        made = self.company.put(
            user_id, item.start.timestamp, end, clock=clock, created_at=now, timezone=item.start.timezone
        )
        made.source = "api"
        if isinstance(item, NewBreak):
            made.kind, made.break_type, made.job_id = "manual_break", item.id, None
        else:
            made.job_id, made.sub_job_id = item.jobId or made.job_id, item.subJobId
        made.employee_note, made.manager_note = item.employeeNote, item.managerNote
        self.company.tell("admin_add", made)
        return answers.activity(made, self.settings)

    async def update(self, request: Request) -> Response:
        """Change activities by id; absent members stay."""
        body = await self._body(request, Update)
        if isinstance(body, Response):
            return body
        clock = request.path_params["clock"]
        edits: list[tuple[Activity, Edit]] = []
        for person in body.timeActivities:
            for edit in (*person.shifts, *person.manualbreaks):
                item = self.company.activities.get(edit.id)
                if item is None or (item.clock_id, item.user_id) != (clock, person.userId) or item.kind == "time_off":
                    return domain_error(404, "TIME_ACTIVITY_NOT_FOUND: no such activity", request.url.path)
                if self._locked(clock, item.user_id, item.start, item.end):
                    return domain_error(400, "HAS_LOCKED_DAYS: the day is locked", request.url.path)
                edits.append((item, edit))
        for item, edit in edits:
            _describe(item, edit)
            self.company.edit(
                item.id,
                start=edit.start.timestamp if edit.start else None,
                end=edit.end.timestamp if edit.end else None,
            )
        by_user: dict[int, dict[str, Any]] = {}
        for item, _ in edits:
            lists = by_user.setdefault(item.user_id, {"userId": item.user_id, "shifts": [], "manualBreaks": []})
            name = "shifts" if item.kind == "shift" else "manualBreaks"
            lists[name].append(answers.activity(item, self.settings))
        return enveloped({"timeActivitiesByUsers": list(by_user.values())})

    async def delete(self, request: Request) -> Response:
        """Delete a shift or a break without a trace."""
        clock, name = request.path_params["clock"], request.path_params["activity"]
        if clock not in self.company.clocks:
            return domain_error(400, "time clock id doesn't exist", request.url.path)
        item = self.company.activities.get(name)
        if item is None or item.clock_id != clock or item.kind == "time_off":
            return domain_error(404, "TIME_ACTIVITY_NOT_FOUND: no such activity", request.url.path)
        if self._locked(clock, item.user_id, item.start, item.end):
            return domain_error(400, "HAS_LOCKED_DAYS: the day is locked", request.url.path)
        self.company.delete(name)
        return enveloped({})

    # -- live punches --------------------------------------------------------------------------------------------------

    async def clock_in(self, request: Request) -> Response:
        """Clock a person in."""
        return await self._punched(request, self._in)

    async def clock_out(self, request: Request) -> Response:
        """Clock a person out."""
        return await self._punched(request, self._out)

    async def break_in(self, request: Request) -> Response:
        """Begin a person's break, which ends their open shift."""
        return await self._punched(request, self._break_in)

    async def break_out(self, request: Request) -> Response:
        """End a person's break; by default work goes on."""
        return await self._punched(request, self._break_out)

    async def _punched(
        self, request: Request, act: Callable[[Request, Punch, int], Awaitable[Response] | Response]
    ) -> Response:
        body = await self._body(request, Punch)
        if isinstance(body, Response):
            return body
        if refusal := self._not_assigned(request, body.userId):
            return refusal
        now = self.company.time.now()
        at = now if body.timestamp is None else body.timestamp
        if at > now or at < now - _BACKDATED:
            return domain_error(400, "timestamp must not be in the future or over 12 hours ago", request.url.path)
        if self._locked(request.path_params["clock"], body.userId, at):
            return domain_error(400, "HAS_LOCKED_DAYS: the day is locked", request.url.path)
        response = act(request, body, at)
        return response if isinstance(response, Response) else await response

    def _open(self, request: Request, user_id: int, kind: str) -> Activity | None:
        clock = request.path_params["clock"]
        candidates = (a for a in self.company.activities.values() if a.user_id == user_id and a.clock_id == clock)
        return next((a for a in candidates if a.kind == kind and a.end is None), None)

    def _shift(self, item: Activity) -> dict[str, Any]:
        return {**answers.activity(item, self.settings), "userId": item.user_id}

    def _in(self, request: Request, body: Punch, at: int) -> Response:
        if self._open(request, body.userId, "shift"):
            return domain_error(400, "user is already clocked in", request.url.path)
        made = self.company.put(
            body.userId, at, None, clock=request.path_params["clock"], timezone=body.timezone or self.settings.timezone
        )
        made.job_id, made.scheduler_shift_id = body.jobId, body.schedulerShiftId
        self.company.tell("clock_in", made)
        return enveloped({"shift": self._shift(made)})

    def _out(self, request: Request, body: Punch, at: int) -> Response:
        item = self._open(request, body.userId, "shift")
        if item is None or at <= item.start:
            return domain_error(400, "user has no open shift before that time", request.url.path)
        self.company.clock_out(item.id, at)
        return enveloped({"shift": self._shift(item)})

    def _break_in(self, request: Request, body: Punch, at: int) -> Response:
        types = {kind["id"] for kind in answers.BREAK_TYPES}
        if request.path_params["type"] not in types:
            return domain_error(404, "manual break type not found", request.url.path)
        shift = self._open(request, body.userId, "shift")
        pause = self.company.take_break(
            body.userId, at, None, clock=request.path_params["clock"], break_type=request.path_params["type"]
        )
        data: dict[str, Any] = {
            "id": pause.id,
            "start": answers.activity(pause, self.settings)["start"],
            "isSwitchFromShift": shift is not None,
        }
        if shift is not None:
            self.company.clock_out(shift.id, at)
            data["closedShift"] = self._shift(shift)
        return enveloped(data)

    def _break_out(self, request: Request, body: Punch, at: int) -> Response:
        pause = self._open(request, body.userId, "manual_break")
        if pause is None or at <= pause.start:
            return domain_error(400, "user has no open break before that time", request.url.path)
        self.company.clock_out(pause.id, at)
        data: dict[str, Any] = {
            "id": pause.id,
            "end": answers.activity(pause, self.settings)["end"],
            "isResumeShift": body.isResumeShift,
        }
        if body.isResumeShift:
            data["resumedShift"] = self._shift(self._resumed(body.userId, pause, at))
        return enveloped(data)

    def _resumed(self, user_id: int, pause: Activity, at: int) -> Activity:
        """The shift after a break: a new one, or the one before the break opened again."""
        before = [a for a in self.company.shifts(clock=pause.clock_id) if a.user_id == user_id and a.end == pause.start]
        if before and self.settings.resumes_with == "same_id":
            self.company.reopen(before[-1].id, event="clock_in")
            return before[-1]
        made = self.company.put(user_id, at, None, clock=pause.clock_id)
        made.job_id = before[-1].job_id if before else made.job_id
        self.company.tell("clock_in", made)
        return made

    # -- payroll -------------------------------------------------------------------------------------------------------

    async def lock_days(self, request: Request) -> Response:
        """Lock or unlock days of a person; idempotent."""
        body = await self._body(request, LockDays)
        if isinstance(body, Response):
            return body
        clock, user_id = request.path_params["clock"], request.path_params["user"]
        if not self.settings.lock_days_enabled:
            return domain_error(403, "LOCK_DAYS_DISABLED: days cannot be locked", request.url.path)
        if user_id not in self.company.people:
            return domain_error(404, f"User with ID {user_id} not found", request.url.path)
        today = datetime.now(ZoneInfo(self.settings.timezone)).date()
        if not body.dates or max(body.dates) >= today + timedelta(days=1):
            return model_error("dates.0", "future days cannot be locked", request.url.path, body=True)
        days = {(clock, user_id, day) for day in body.dates}
        if not body.isLocked and days & self.company.approved:
            return domain_error(409, "DAYS_IN_APPROVED_PERIOD: the days are approved", request.url.path)
        for day in body.dates:
            self.company.mark("locked", (clock, user_id, day), on=body.isLocked)
        return JSONResponse(
            {
                "requestId": "sandbox",
                "data": {
                    "userId": user_id,
                    "isLocked": body.isLocked,
                    "dates": [day.isoformat() for day in body.dates],
                },
            }
        )


def _describe(item: Activity, edit: Edit) -> None:
    """Take over the texts of an edit; absent ones stay."""
    item.sub_job_id = edit.subJobId or item.sub_job_id
    item.employee_note = item.employee_note if edit.employeeNote is None else edit.employeeNote
    item.manager_note = item.manager_note if edit.managerNote is None else edit.managerNote
    if item.kind == "shift":
        item.job_id = edit.jobId or item.job_id
    else:
        item.break_type = edit.manualBreakId or item.break_type
