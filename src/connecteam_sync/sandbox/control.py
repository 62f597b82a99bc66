"""The control address: whatever can happen in the company or on the line is made to happen from outside.

`GET /sandbox` says what there is, `POST /sandbox/ACT` does it. Calls do not count and meet no faults.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connecteam_sync.sandbox.acts import (
    Act,
    Add,
    Announce,
    Approve,
    Assign,
    ClockIn,
    ClockOut,
    Delete,
    Duplicate,
    Edit,
    Fault,
    Lock,
    OfActivity,
    OfPerson,
    ReplaceId,
    SetTime,
    Spoil,
    Submit,
    TimeOff,
    When,
    Who,
)
from connecteam_sync.sandbox.company import LUNCH, Activity
from connecteam_sync.sandbox.moments import instant_of
from connecteam_sync.sandbox.settings import SandboxSettings
from connecteam_sync.sandbox.subscriptions import NEWER_EVENTS, TIME_ACTIVITY_EVENTS, USER_EVENTS

if TYPE_CHECKING:
    from connecteam_sync.sandbox.app import Handlers

_MINUTE = 60
_LATEST = 253_402_214_400
_LAST_YEAR = 9000
_FARTHEST = 3660 * 86_400
"""How far the company's time is set ahead in one act, in seconds."""


class Unusable(Exception):  # noqa: N818 - named for what was wrong
    """An act cannot be done; its message says why."""


@dataclass(frozen=True)
class ActForm:
    """An act: the fields of its body and what it does."""

    body: type[msgspec.Struct]
    do: Callable[[Any], object]


class Control:
    """The acts on one simulated Connecteam."""

    def __init__(self, handlers: Handlers) -> None:
        self.handlers, self.company = handlers, handlers.company
        self.acts: dict[str, ActForm] = {
            "add": ActForm(Add, self._add),
            "clock-in": ActForm(ClockIn, self._clock_in),
            "clock-out": ActForm(ClockOut, self._clock_out),
            "edit": ActForm(Edit, self._edit),
            "reopen": ActForm(OfActivity, self._reopen),
            "delete": ActForm(Delete, self._delete),
            "duplicate": ActForm(Duplicate, self._duplicate),
            "replace-id": ActForm(ReplaceId, self._replace_id),
            "event": ActForm(Announce, self._event),
            "spoil": ActForm(Spoil, self._spoil),
            "assign": ActForm(Assign, self._assign),
            "unassign": ActForm(OfPerson, self._unassign),
            "archive": ActForm(OfPerson, self._archive),
            "lock": ActForm(Lock, self._lock),
            "submit": ActForm(Submit, self._submit),
            "approve": ActForm(Approve, self._approve),
            "time-off": ActForm(TimeOff, self._time_off),
            "fault": ActForm(Fault, self._fault),
            "clear-faults": ActForm(Act, self._clear_faults),
            "time": ActForm(SetTime, self._time),
            "settings": ActForm(SandboxSettings, self._settings),
        }

    def routes(self) -> list[Route]:
        """The paths of the control address."""
        return [
            Route("/sandbox", self.state, methods=["GET"]),
            Route("/sandbox/activities", self.activities, methods=["GET"]),
            Route("/sandbox/deliveries", self.deliveries, methods=["GET"]),
            Route("/sandbox/{act}", self.act, methods=["POST"]),
        ]

    # -- the paths -----------------------------------------------------------------------------------------------------

    async def state(self, request: Request) -> Response:
        """What the company has, what time it is there, and the acts with their fields."""
        if refused := self.handlers.unauthorized(request):
            return refused
        return JSONResponse(
            {
                "now": self.company.time.now(),
                "speed": self.company.time.speed,
                "timezone": self.company.timezone,
                "people": [
                    {"user": p.id, "name": f"{p.first_name} {p.last_name}", "clocks": sorted(p.clocks)}
                    for p in self.company.people.values()
                ],
                "activities": len(self.company.activities),
                "calls": self.handlers.calls,
                "faults_served": self.handlers.faults.served,
                "settings": msgspec.to_builtins(self.handlers.settings),
                "acts": {name: list(doing.body.__struct_fields__) for name, doing in self.acts.items()},
            }
        )

    async def activities(self, request: Request) -> Response:
        """The shifts and breaks that begin between two instants (`from`, `to`; by default all), by start."""
        if refused := self.handlers.unauthorized(request):
            return refused
        query = request.query_params
        try:
            low, high = self._instant(query.get("from", 0)), self._instant(query.get("to", _LATEST))
        except Unusable as error:
            return JSONResponse({"error": str(error)}, 400)
        found = sorted(self.company.activities.values(), key=lambda item: (item.start, item.id))
        return JSONResponse({"activities": [_shown(item) for item in found if low <= item.start < high]})

    async def deliveries(self, request: Request) -> Response:
        """The last deliveries of webhooks, oldest first."""
        if refused := self.handlers.unauthorized(request):
            return refused
        return JSONResponse({"deliveries": [one.shown() for one in list(self.handlers.deliveries.log)]})

    async def act(self, request: Request) -> Response:
        """Do one act; the body is JSON, whatever its content type says."""
        if refused := self.handlers.unauthorized(request):
            return refused
        doing = self.acts.get(request.path_params["act"])
        if doing is None:
            known = ", ".join(self.acts)
            return JSONResponse({"error": f"there is no act {request.path_params['act']!r}; there are: {known}"}, 404)
        try:
            result = doing.do(self._read(doing.body, await request.body()))
        except (msgspec.DecodeError, Unusable) as error:
            return JSONResponse({"error": str(error), "fields": list(doing.body.__struct_fields__)}, 400)
        return JSONResponse(result)

    def _read(self, kind: type[msgspec.Struct], body: bytes) -> msgspec.Struct:
        """The body as the act's fields; settings that are not named stay as they are."""
        if kind is SandboxSettings:
            given = msgspec.json.decode(body or b"{}", type=dict[str, Any])
            return msgspec.convert(msgspec.to_builtins(self.handlers.settings) | given, SandboxSettings)
        return msgspec.json.decode(body or b"{}", type=kind)

    # -- what the fields name ------------------------------------------------------------------------------------------

    def _instant(self, when: When) -> int:
        try:
            instant = instant_of(when, self.company.timezone)
        except (ValueError, OverflowError) as error:
            msg = f"{when!r} is no time: write epoch seconds, or 2025-12-09 08:15 for a local time"
            raise Unusable(msg) from error
        if not 0 <= instant <= _LATEST:
            msg = f"{when!r} is no time between 1970 and 9999"
            raise Unusable(msg)
        return instant

    def _moment(self, when: When | None) -> int | None:
        return None if when is None else self._instant(when)

    def _user(self, who: Who) -> int:
        people = self.company.people.values()
        if isinstance(who, int):
            found = [p.id for p in people if p.id == who]
        else:
            found = [p.id for p in people if f"{p.first_name} {p.last_name}".casefold() == who.casefold()]
        if len(found) != 1:
            msg = f"{len(found) or 'no'} people are named {who!r}"
            raise Unusable(msg)
        return found[0]

    def _clock(self, clock: int | None, user_id: int) -> int:
        if clock is None:
            assigned = self.company.people[user_id].clocks
            if not assigned:
                msg = "the person is on no time clock: name a `clock`"
                raise Unusable(msg)
            return min(assigned)
        if clock not in self.company.clocks:
            msg = f"there is no time clock {clock}"
            raise Unusable(msg)
        return clock

    def _item(self, body: OfActivity, *, open_only: bool = False) -> Activity:
        """The one activity that the body names."""
        if body.id is not None:
            found = [item for item in (self.company.activities.get(body.id),) if item is not None]
        elif body.user is None or (body.begun is None and not open_only):
            msg = "name the activity by `id`, or by `user` and `begun`"
            raise Unusable(msg)
        else:
            user_id, begun = self._user(body.user), self._moment(body.begun)
            found = [
                item
                for item in self.company.activities.values()
                if item.user_id == user_id
                and (begun is None or item.start // _MINUTE == begun // _MINUTE)
                and (begun is not None or (item.kind == "shift" and item.end is None))
            ]
        if len(found) != 1:
            msg = f"{len(found) or 'no'} activities are named by that"
            raise Unusable(msg)
        return found[0]

    # -- acts on activities --------------------------------------------------------------------------------------------

    def _ordered(self, start: int, end: int | None) -> None:
        if end is not None and end < start:
            msg = "the end lies before the start"
            raise Unusable(msg)

    def _add(self, body: Add) -> object:
        user_id = self._user(body.user)
        start, end, clock = self._instant(body.start), self._moment(body.end), self._clock(body.clock, user_id)
        self._ordered(start, end)
        if body.kind == "manual_break":
            return _shown(self.company.take_break(user_id, start, end, clock=clock, break_type=LUNCH))
        event, now = self._known(body.event), self.company.time.now()
        return _shown(self.company.add(user_id, start, end, clock=clock, created_at=now, event=event))

    def _clock_in(self, body: ClockIn) -> object:
        user_id = self._user(body.user)
        at = self.company.time.now() if body.at is None else self._instant(body.at)
        return _shown(self.company.add(user_id, at, clock=self._clock(body.clock, user_id)))

    def _clock_out(self, body: ClockOut) -> object:
        item = self._item(body, open_only=True)
        at = self.company.time.now() if body.at is None else self._instant(body.at)
        self._ordered(item.start, at)
        self.company.clock_out(item.id, at, auto=body.auto, event=self._known(body.event))
        return _shown(item)

    def _edit(self, body: Edit) -> object:
        item, start, end = self._item(body), self._moment(body.start), self._moment(body.end)
        self._ordered(item.start if start is None else start, item.end if end is None else end)
        self._known(body.event)
        self.company.edit(item.id, start=start, end=end, event=body.event)
        return _shown(item)

    def _reopen(self, body: OfActivity) -> object:
        item = self._item(body)
        self.company.reopen(item.id)
        return _shown(item)

    def _delete(self, body: Delete) -> object:
        item = self._item(body)
        self._known(body.event)
        self.company.delete(item.id, event=body.event)
        return _shown(item)

    def _event(self, body: Announce) -> object:
        if body.event in USER_EVENTS:
            if body.user is None:
                msg = "name the person by `user`"
                raise Unusable(msg)
            self.company.tell_of_person(body.event, self._user(body.user))
        else:
            self._known(body.event)
            self.company.tell(body.event, self._item(body))
        return {"event": body.event}

    def _known(self, event: str | None) -> str | None:
        """The event, if activities have it."""
        known = [*TIME_ACTIVITY_EVENTS, *(name for name in NEWER_EVENTS if name.endswith("_request"))]
        if event is not None and event not in known:
            msg = f"there is no event {event!r} of activities; there are: {', '.join(known)}"
            raise Unusable(msg)
        return event

    def _duplicate(self, body: Duplicate) -> object:
        return [_shown(item) for item in self.company.duplicate(self._item(body).id, times=body.times)]

    def _replace_id(self, body: ReplaceId) -> object:
        item, end = self._item(body), self._moment(body.end)
        self._ordered(item.start, end)
        self._known(body.event)
        return _shown(self.company.replace_id(item.id, end=end, event=body.event))

    def _spoil(self, body: Spoil) -> object:
        item = self._item(body)
        item.spoiled |= body.members
        return _shown(item)

    # -- acts on people ------------------------------------------------------------------------------------------------

    def _assign(self, body: Assign) -> object:
        user_id = self._user(body.user)
        self.company.people[user_id].clocks.add(self._clock(body.clock, user_id))
        return self._person(user_id)

    def _unassign(self, body: OfPerson) -> object:
        user_id = self._user(body.user)
        self.company.unassign(user_id)
        return self._person(user_id)

    def _archive(self, body: OfPerson) -> object:
        user_id = self._user(body.user)
        self.company.archive(user_id, at=self.company.time.now())
        return self._person(user_id)

    def _lock(self, body: Lock) -> object:
        return self._marked(body, "locked", on=body.locked)

    def _submit(self, body: Submit) -> object:
        return self._marked(body, "submitted", on=body.submitted)

    def _approve(self, body: Approve) -> object:
        return self._marked(body, "approved", on=body.approved)

    def _marked(self, body: Lock | Submit | Approve, name: str, *, on: bool) -> dict[str, Any]:
        user_id = self._user(body.user)
        day = (self._clock(body.clock, user_id), user_id, body.day)
        self.company.mark(name, day, on=on)
        return {"clock": day[0], "user": user_id, "day": body.day.isoformat(), name: on}

    def _time_off(self, body: TimeOff) -> object:
        user_id = self._user(body.user)
        if body.last < body.first or body.last.year > _LAST_YEAR:
            msg = "the last day lies before the first, or too far ahead"
            raise Unusable(msg)
        clock = self._clock(body.clock, user_id)
        return _shown(self.company.take_time_off(user_id, body.first, body.last, clock=clock))

    def _person(self, user_id: int) -> dict[str, Any]:
        person = self.company.people[user_id]
        return {"user": user_id, "clocks": sorted(person.clocks), "archived": person.is_archived}

    # -- acts on the line and on time ----------------------------------------------------------------------------------

    def _fault(self, body: Fault) -> object:
        call = None if body.call is None else self.handlers.calls + body.call
        try:
            self.handlers.faults.add(body.name, call=call, path=body.path, times=body.times)
        except ValueError as error:
            raise Unusable(str(error)) from error
        return {"fault": body.name, "call": call, "path": body.path, "times": body.times}

    def _clear_faults(self, _body: Act) -> object:
        self.handlers.faults.clear()
        return {}

    def _time(self, body: SetTime) -> object:
        at = self._moment(body.now)
        if at is not None and at > self.company.time.now() + _FARTHEST:
            msg = "that is more than ten years ahead"
            raise Unusable(msg)
        self.company.time.set(at, body.speed)
        self.handlers.advance()
        return {"now": self.company.time.now(), "speed": self.company.time.speed}

    def _settings(self, body: SandboxSettings) -> object:
        try:
            ZoneInfo(body.timezone)
        except (ValueError, ZoneInfoNotFoundError) as error:
            msg = f"there is no time zone {body.timezone!r}"
            raise Unusable(msg) from error
        for name in SandboxSettings.__struct_fields__:
            setattr(self.handlers.settings, name, getattr(body, name))
        return msgspec.to_builtins(self.handlers.settings)


def _shown(item: Activity) -> dict[str, Any]:
    """An activity as the control address shows it."""
    return {
        "id": item.id,
        "kind": item.kind,
        "user": item.user_id,
        "clock": item.clock_id,
        "start": item.start,
        "end": item.end,
    }
