"""The web application of the sandbox: keys, limits, faults and the paths that read. An unknown path is a 302."""

from __future__ import annotations

import base64
import email.utils
import time
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from connecteam_sync.sandbox import answers
from connecteam_sync.sandbox.answers import domain_error, enveloped, model_error
from connecteam_sync.sandbox.company import Company
from connecteam_sync.sandbox.control import Control
from connecteam_sync.sandbox.deliveries import Deliveries
from connecteam_sync.sandbox.faults import NAMES, PAGES, Faults
from connecteam_sync.sandbox.life import Life
from connecteam_sync.sandbox.query import BadQuery, choice, days, whole
from connecteam_sync.sandbox.resources import UNPROVEN, Resources
from connecteam_sync.sandbox.settings import SandboxSettings
from connecteam_sync.sandbox.subscriptions import Subscriptions
from connecteam_sync.sandbox.writes import Writes

Handler = Callable[[Request], Awaitable[Response]]
_TIMESHEET_DAYS = 45
_MAX_PAGE = 500


class Handlers:
    """The handlers of one simulated Connecteam: its company, settings, faults, keys and count of calls."""

    def __init__(
        self,
        company: Company,
        settings: SandboxSettings,
        *,
        key: str,
        client_id: str,
        client_secret: str,
        life: Life | None = None,
    ) -> None:
        self.life = life
        self.company, self.settings, self.faults = company, settings, Faults()
        self.key, self.client_id, self.client_secret = key, client_id, client_secret
        self.subscriptions = Subscriptions(company)
        self.deliveries = Deliveries(company, settings, self.subscriptions)
        self.tokens: dict[str, float] = {}
        self.calls = 0
        self.paths: list[str] = []
        self._minute: tuple[int, int] = (0, 0)
        self._day: tuple[int, int] = (0, 0)

    def app(self) -> Starlette:
        """The application."""
        writes = Writes(self.company, self.settings)
        resources = Resources(self.company, self.no_clock)
        clock = "/time-clock/v1/time-clocks/{clock:int}"
        routes: list[tuple[str, str, Handler]] = [
            ("GET", "/me", self.me),
            ("GET", "/users/v1/users", self.users),
            ("GET", "/jobs/v1/jobs", self.jobs),
            ("GET", "/time-clock/v1/time-clocks", self.clocks),
            ("GET", f"{clock}/time-activities", self.activities),
            ("POST", f"{clock}/time-activities", writes.create),
            ("PUT", f"{clock}/time-activities", writes.update),
            ("DELETE", clock + "/time-activities/{activity}", writes.delete),
            ("POST", f"{clock}/clock-in", writes.clock_in),
            ("POST", f"{clock}/clock-out", writes.clock_out),
            ("GET", f"{clock}/manual-breaks", self.break_types),
            ("POST", f"{clock}/manual-breaks/clock-out", writes.break_out),
            ("POST", clock + "/manual-breaks/{type}/clock-in", writes.break_in),
            ("GET", f"{clock}/timesheet", self.timesheet),
            ("PUT", clock + "/users/{user:int}/lock-days", writes.lock_days),
            ("GET", f"{clock}/shift-attachments", resources.attachments),
            ("GET", f"{clock}/geofences", resources.list_geofences),
            ("POST", f"{clock}/geofences", resources.create_geofences),
            *((method, clock + "/geofences/{fence}", resources.one_geofence) for method in ("GET", "DELETE")),
            ("GET", "/pay-rates/v1/pay-rates", resources.pay_rates),
            ("GET", "/settings/v1/webhooks", self.subscriptions.list),
            ("POST", "/settings/v1/webhooks", self.subscriptions.create),
            *(
                (method, "/settings/v1/webhooks/{webhook:int}", self.subscriptions.one)
                for method in ("GET", "PUT", "DELETE")
            ),
        ]
        unproven = (resources.assignments, resources.time_off_requests, resources.policy_types)
        routes += [("GET", path, _unproven(handler)) for path, handler in zip(UNPROVEN, unproven, strict=True)]
        mounted = [Route(path, self._guarded(handler), methods=[method]) for method, path, handler in routes]
        mounted += Control(self).routes()
        mounted.append(Route("/oauth/v1/token", self.token, methods=["POST"]))
        unknown = {404: self._redirected, 405: self._redirected}
        return Starlette(routes=mounted, exception_handlers=unknown)

    def between(self) -> None:
        """What is done between requests: the company lives on, and webhooks are sent."""
        self.advance()
        self.deliveries.deliver()

    def advance(self) -> None:
        """Let the company live up to its present time, if it goes on living."""
        if self.life is not None:
            self.life.advance(self.company.time.now())

    # -- before every handler ------------------------------------------------------------------------------------------

    async def _redirected(self, _request: Request, _error: Exception) -> Response:
        return Response(status_code=302, headers={"location": "https://connecteam.com/"})

    def _guarded(self, handler: Handler) -> Handler:
        async def respond(request: Request) -> Response:
            self.calls += 1
            self.paths.append(request.url.path)
            fault = self.faults.due(self.calls, request.url.path)
            if fault is not None and fault.name in NAMES:
                return NAMES[fault.name]()
            refused = self.unauthorized(request)
            if refused is not None:
                return refused
            headers = self._limits()
            if headers is None:
                return _with_headers(JSONResponse({"error": "Too many requests"}, 429), self._headers())
            request.state.pages_off = PAGES.get(fault.name, 0) if fault is not None else 0
            try:
                response = await handler(request)
            except BadQuery as error:
                response = model_error(str(error.args[0]), str(error.args[1]), request.url.path)
            if fault is not None and fault.change is not None:
                body = self.faults.changed(fault, bytes(response.body))
                response = Response(body, response.status_code, media_type="application/json")
            return _with_headers(response, headers)

        async def guarded(request: Request) -> Response:
            response = await respond(request)
            response.headers["date"] = email.utils.formatdate(self._now(), usegmt=True)
            return response

        return guarded

    def _now(self) -> float:
        return time.time() + self.settings.clock_ahead

    def unauthorized(self, request: Request) -> Response | None:
        """The response to a caller without a valid key; None for a valid one."""
        key, bearer = request.headers.get("x-api-key"), request.headers.get("authorization", "")
        if key is None and not bearer:
            body = {
                "details": None,
                "error": "No authentication provided",
                "path": request.url.path,
                "request_id": "sandbox",
            }
            return JSONResponse(body, 401)
        if key == self.key or self.tokens.get(bearer.partition(" ")[2], 0) > time.time():
            return None
        return JSONResponse({"detail": "Invalid API key"}, 403)

    def _limits(self) -> list[tuple[str, str]] | None:
        """Count this call; the headers of the limits, or None if the call exceeds one."""
        now = int(self._now())
        minute, day = now // 60, now // 86_400
        self._minute = (minute, self._minute[1] + 1 if self._minute[0] == minute else 1)
        self._day = (day, self._day[1] + 1 if self._day[0] == day else 1)
        over = self._minute[1] > self.settings.minute_limit or self._day[1] > self.settings.day_limit
        return None if over else self._headers()

    def _headers(self) -> list[tuple[str, str]]:
        """The headers of the limits: once, twice or unreadable, by the setting `limit_headers`."""
        form = self.settings.limit_headers
        if form == "garbage":
            return [(name, "soon") for name, _ in self._true_headers()]
        if form == "once":
            return self._true_headers()
        better = {"limit": "1", "remaining": "999999", "reset": "1"}
        twice = [(name, better[name.rpartition("-")[2]], value) for name, value in self._true_headers()]
        if form == "doubled":
            return [(name, f"{first}, {second}") for name, first, second in twice]
        return [(name, value) for name, first, second in twice for value in (first, second)]

    def _true_headers(self) -> list[tuple[str, str]]:
        shown: dict[str, str] = {}
        for name, (number, used), limit, seconds in (
            ("minute", self._minute, self.settings.minute_limit, 60),
            ("day", self._day, self.settings.day_limit, 86_400),
        ):
            shown[f"x-ratelimit-{name}-limit"] = str(limit)
            shown[f"x-ratelimit-{name}-remaining"] = str(max(0, limit - used))
            shown[f"x-ratelimit-{name}-reset"] = str((number + 1) * seconds)
        return list(shown.items())

    async def token(self, request: Request) -> Response:
        """OAuth client credentials: a bearer token for a day, without an envelope."""
        self.calls += 1
        self.paths.append(request.url.path)
        fault = self.faults.due(self.calls, request.url.path)
        if fault is not None and fault.name in NAMES:
            return NAMES[fault.name]()
        scheme, _, basic = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(basic).decode()
        except ValueError:
            given = ""
        if scheme.lower() != "basic" or given != f"{self.client_id}:{self.client_secret}":
            return JSONResponse({"detail": "Invalid client"}, 401)
        body = (await request.body()).decode()
        if "grant_type=client_credentials" not in body:
            return JSONResponse({"detail": "Unsupported grant type"}, 400)
        token = f"sandbox-token-{self.company.id}-{len(self.tokens) + 1}"
        self.tokens[token] = time.time() + 86_400
        return JSONResponse({"access_token": token, "token_type": "bearer", "expires_in": 86_400, "scope": None})

    # -- paths that read -----------------------------------------------------------------------------------------------

    async def me(self, _request: Request) -> Response:
        """The company that the key belongs to."""
        return enveloped({"companyName": self.company.name, "companyId": self.company.id})

    async def clocks(self, _request: Request) -> Response:
        """Every time clock, including archived ones."""
        shown = [{"id": c.id, "name": c.name, "isArchived": c.is_archived} for c in self.company.clocks.values()]
        return enveloped({"timeClocks": shown})

    async def users(self, request: Request) -> Response:
        """A page of users; by default ten active ones."""
        limit, offset = whole(request, "limit", 10, low=1, high=_MAX_PAGE), whole(request, "offset", 0)
        status = choice(request, "userStatus", {"active", "archived", "all"}) or "active"
        wanted = set(request.query_params.getlist("userIds"))
        people = [
            p
            for p in sorted(self.company.people.values(), key=lambda p: (p.created_at, p.id))
            if (status == "all" or p.is_archived == (status == "archived")) and (not wanted or str(p.id) in wanted)
        ]
        offset = max(0, offset + request.state.pages_off * limit)
        page = people[offset : offset + limit]
        paging = {"offset": offset + len(page), "total": len(people)}
        shown: dict[str, Any] = {"users": [answers.user(p) for p in page]}
        if self.settings.paging_in == "data":
            return enveloped(shown | {"paging": paging})
        return enveloped(shown, **({"paging": paging} if self.settings.paging_in == "envelope" else {}))

    async def jobs(self, request: Request) -> Response:
        """A page of jobs with their sub jobs; by default ten, deleted ones among them.

        A name or code of a sub job gives the whole job that it lies in; ids are of jobs alone.
        """
        limit, offset = whole(request, "limit", 10, low=1, high=_MAX_PAGE), whole(request, "offset", 0)
        with_deleted = (choice(request, "includeDeleted", {"true", "false"}) or "true") == "true"
        is_sorted = choice(request, "sort", {"title"}) is not None
        order = choice(request, "order", {"asc", "desc"}) or "asc"
        params = request.query_params
        ids, names, codes = (params.getlist(name) for name in ("jobIds", "jobNames", "jobCodes"))
        instances = params.getlist("instanceIds")
        if any(not instance.lstrip("-").isdecimal() for instance in instances):
            raise BadQuery("instanceIds", "value is not a valid integer")
        family = {job.id: [job] for job in self.company.jobs.values() if job.parent_id is None}
        for job in self.company.jobs.values():
            if job.parent_id in family:
                family[job.parent_id].append(job)
        found = [
            whole_job[0]
            for key, whole_job in family.items()
            if (not ids or key in ids)
            and (not names or any(job.title in names for job in whole_job))
            and (not codes or any(job.code in codes for job in whole_job))
            and (not instances or any(int(instance) in self.company.clocks for instance in instances))
            and (with_deleted or not whole_job[0].is_deleted)
        ]
        if is_sorted:
            found.sort(key=lambda job: job.title, reverse=order == "desc")
        page = [answers.job(job, self.company) for job in found[offset : offset + limit]]
        paging = {"offset": offset + len(page), "total": len(found)}
        if self.settings.paging_in == "data":
            return enveloped({"jobs": page, "paging": paging})
        return enveloped({"jobs": page}, **({"paging": paging} if self.settings.paging_in == "envelope" else {}))

    async def break_types(self, request: Request) -> Response:
        """The kinds of manual breaks of a clock."""
        if missing := self.no_clock(request):
            return missing
        return enveloped({"areManualBreaksEnabled": True, "manualBreaks": list(answers.BREAK_TYPES)})

    async def activities(self, request: Request) -> Response:
        """Shifts and breaks of a clock by person, whole, without pages."""
        if missing := self.no_clock(request):
            return missing
        first, last = days(request, self.settings.max_days)
        # Ids joined by commas are one value that matches no user, as in the real API.
        requested = request.query_params.getlist("userIds")
        users = {int(value) if value.isdecimal() else -1 for value in requested} if requested else None
        kinds = set(request.query_params.getlist("activityTypes")) or None
        if kinds and kinds - {"shift", "manual_break", "time_off"}:
            raise BadQuery("activityTypes", "value is not a valid enumeration member")
        clock = request.path_params["clock"]
        activities = answers.selected(self.company, self.settings, clock, first, last, users=users)
        shown = answers.by_users(self.company, self.settings, clock, activities, users=users, kinds=kinds)
        return enveloped({"timeActivitiesByUsers": shown})

    async def timesheet(self, request: Request) -> Response:
        """Totals by person and day."""
        if missing := self.no_clock(request):
            return missing
        first, last = days(request, _TIMESHEET_DAYS)
        shown = answers.timesheet(self.company, self.settings, request.path_params["clock"], first, last)
        return enveloped({"startDate": first.isoformat(), "endDate": last.isoformat(), "users": shown})

    def no_clock(self, request: Request) -> Response | None:
        """The response for an unknown clock, a 400 and no 404; None for a known one."""
        if request.path_params["clock"] in self.company.clocks:
            return None
        return domain_error(400, "time clock id doesn't exist", request.url.path)


def _unproven(handler: Handler) -> Handler:
    """The handler of a path whose true response nobody of us has seen; its response says so."""

    async def respond(request: Request) -> Response:
        return _with_headers(await handler(request), [("x-sandbox-unproven", "true")])

    return respond


def _with_headers(response: Response, headers: list[tuple[str, str]]) -> Response:
    """The response with headers added; a header may be in the list twice."""
    for name, value in headers:
        response.headers.append(name, value)
    return response
