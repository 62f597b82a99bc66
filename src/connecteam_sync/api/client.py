"""The client of Connecteam's API: a look is complete, or it is an error.

Reads only, but for the account's webhooks. "API, section 7" and the like refer to docs/connecteam-api.md, which has the
fact behind each rule.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar

import httpx2
import msgspec
import stamina

from connecteam_sync.api import wire
from connecteam_sync.api.credentials import HOSTS, ApiKey, ClientCredentials, require_host
from connecteam_sync.api.deadline import Transport
from connecteam_sync.api.limits import Limits, ServerTrouble, SharedBudget
from connecteam_sync.api.members import unknown_members, what_it_says
from connecteam_sync.api.wire import ActivitiesResponse, Company, People, TimeClock
from connecteam_sync.core.shift import InvalidRecord, Snapshot, User
from connecteam_sync.core.window import MAX_SLICE_DAYS, Window
from connecteam_sync.errors import BadAnswer, BudgetSpent, Rejected, Unavailable, UpstreamError
from connecteam_sync.version import __version__

if TYPE_CHECKING:
    from connecteam_sync.api.break_types import BreakType
    from connecteam_sync.api.jobs import Job
    from connecteam_sync.api.timesheets import DayTotal

T = TypeVar("T")

PAGE = 500
"""Users on one page, the most the API gives. Its default is ten, without a sign that there are more."""
_TOKEN_MARGIN = 300
"""A token is renewed this many seconds before it expires."""
_CLOCKS = "/time-clock/v1/time-clocks"
_TIMESHEET_DAYS = 45
"""The most days that one request for the timesheet may span (API, section 12)."""
_ATTEMPTS = 6
_RETRIED = {408, 425, 429, 500, 502, 503, 504}
logging.getLogger("stamina").addHandler(logging.NullHandler())  # else each retry is printed if no log is set up


def _days(window: Window) -> dict[str, str | int]:
    return {"startDate": window.first.isoformat(), "endDate": window.last.isoformat()}


class Connecteam:
    """One account. Every method raises UpstreamError if there is no complete answer.

    `request_timeout` limits one request, `total_seconds` one call with its retries and waits, both in seconds;
    `max_body_bytes` limits a response. The share `day_reserve_share` of the day's calls is left to the account's other
    programs. `on_wait` is called before a wait, with its seconds and the reason. `budget` is asked before each call,
    where other processes share the account's calls.
    """

    def __init__(
        self,
        credentials: ApiKey | ClientCredentials,
        *,
        base_url: str = HOSTS[0],
        day_reserve_share: float = 0.1,
        request_timeout: float = 30,
        total_seconds: float = 300,
        max_body_bytes: int = 64_000_000,
        first_wait: float = 0.5,
        on_wait: Callable[[float, str], None] | None = None,
        budget: SharedBudget | None = None,
    ) -> None:
        self.base_url = require_host(base_url)
        self.http_calls = 0
        self.unknown_members: set[str] = set()  # of all answers, as `members.unknown_members` names them
        self._looked_through: dict[str, int] = {}  # of each path the last answer: an equal one has nothing new
        self._credentials = credentials
        self._reserve, self._total, self._limit = day_reserve_share, total_seconds, max_body_bytes
        self._first_wait, self._on_wait, self._budget = first_wait, on_wait, budget
        self._token, self._token_until = "", 0.0
        self._limits = Limits()
        self._deadline, self._has_left = 0.0, False
        self._last_trouble: ServerTrouble | None = None
        self._pauses: Iterator[float] = iter(())
        # No proxies or certificates from the environment: anyone who can set those could read the key.
        self._http = httpx2.Client(
            base_url=self.base_url,
            timeout=request_timeout,
            follow_redirects=False,
            trust_env=False,
            # Without TLS (this machine only) there is no certificate to check, and reading the trusted ones takes long.
            transport=Transport(verify=not self.base_url.startswith("http://"), left=self._left),
            headers={"user-agent": f"connecteam-sync/{__version__}", "accept": "application/json"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    @property
    def day_calls_left(self) -> int | None:
        """Calls that the account has left for this UTC day, as last reported; None if never reported."""
        return self._limits.day.left if self._limits.day else None

    @property
    def day_calls_limit(self) -> int | None:
        """The calls that the account has for a day, as last reported; None if never reported."""
        return self._limits.day.limit if self._limits.day else None

    @property
    def day_calls_reserved(self) -> int:
        """Calls of a day that are left to the account's other programs; 0 if the number of all is not known."""
        return round((self._limits.day.limit or 0) * self._reserve) if self._limits.day else 0

    @property
    def server_clock_skew(self) -> float | None:
        """Seconds by which this machine's clock is ahead of Connecteam's, as last seen; None if never seen."""
        return self._limits.skew

    @property
    def identity_digest_input(self) -> str:
        """The URL and the credentials, secrets included: only ever to be hashed."""
        return "\n".join((self.base_url, *msgspec.structs.astuple(self._credentials)))

    # -- endpoints ---------------------------------------------------------------------------------------------------

    def company(self) -> Company:
        """The company the credentials belong to: the cheapest probe."""
        return self.get("/me", Company, "the company")

    def time_clocks(self) -> tuple[TimeClock, ...]:
        """Every time clock, archived ones too, sorted by id."""
        listed = self.get("/time-clock/v1/time-clocks", wire.TimeClocks, "the time clocks").time_clocks
        return tuple(sorted(map(wire.time_clock, listed), key=lambda clock: clock.id))

    def users(self) -> People:
        """Every user of the account, whatever the status (API, section 10). An inconsistent list is read again once."""
        for _ in range(2):
            people, inconsistency = self._all_users()
            if not inconsistency:
                return people
        raise BadAnswer(inconsistency, next_step="try again later; the list may be changing at the moment")

    def _all_users(self) -> tuple[People, str]:
        """All users and invalid records; and why the list is incomplete or does not end, empty if it is right."""
        users: dict[int, User] = {}
        invalid_records: dict[str, InvalidRecord] = {}
        offset, distinct, inconsistency = 0, 0, ""
        total: int | None = None
        while not inconsistency:
            body = self._body(
                "/users/v1/users",
                {"limit": PAGE, "offset": offset, "sort": "created_at", "order": "asc", "userStatus": "all"},
            )
            page, outer = wire.data(body, wire.Users, "the users")
            totals = (paging.total for paging in (page.paging, outer) if paging and paging.total is not None)
            total = next(totals, total)
            for record in map(wire.user, page.users):
                if isinstance(record, User):
                    users[record.id] = record
                else:
                    invalid_records[record.digest] = record
            offset += len(page.users)
            before, distinct = distinct, len(users) + len(invalid_records)
            if total is not None and distinct > total:
                inconsistency = f"Connecteam says it has {total} users and listed {distinct} or more"
            elif len(page.users) < PAGE:
                break
            elif distinct == before:
                inconsistency = f"Connecteam's list of users does not end: of {offset} listed {distinct} are different"
        if not users:
            raise BadAnswer(
                "Connecteam listed no user at all, and an account has at least one", next_step="try again later"
            )
        if total is not None and distinct < total:
            inconsistency = inconsistency or f"Connecteam says it has {total} users and listed {distinct}"
        return People(tuple(users[key] for key in sorted(users)), tuple(invalid_records.values())), inconsistency

    def fetch_snapshot(self, time_clock_id: int, window: Window, people: People) -> Snapshot:
        """Everything a time clock has for the window and its padding, in one unfiltered request (API, section 7).

        Raises ValueError for a window of more than 90 days, padding included.
        """
        return self.fetch_activities(time_clock_id, window).read(people)

    def fetch_activities(self, time_clock_id: int, window: Window) -> ActivitiesResponse:
        """The response of `fetch_snapshot`, complete and not yet decoded. Raises ValueError as that does."""
        padded = window.padded()
        if padded.days > MAX_SLICE_DAYS:
            msg = f"a look spans at most {MAX_SLICE_DAYS} days, not {padded.days}"
            raise ValueError(msg)
        body = self._body(f"{_CLOCKS}/{time_clock_id}/time-activities", _days(padded))
        envelope = wire.decoded(body, wire.Envelope, f"time clock {time_clock_id}")
        return ActivitiesResponse(time_clock_id, padded, envelope.data)

    def break_types(self, time_clock_id: int) -> tuple[BreakType, ...]:
        """The types of manual breaks of a time clock, sorted by id (API, section 8)."""
        from connecteam_sync.api import break_types

        listed = self.get(
            f"{_CLOCKS}/{time_clock_id}/manual-breaks",
            break_types.BreakTypes,
            f"the types of breaks of time clock {time_clock_id}",
        ).manual_breaks
        return tuple(sorted(break_types.break_types(listed), key=lambda kind: kind.id))

    def jobs(self) -> tuple[Job, ...]:
        """Every job by id, sub jobs and deleted ones among them (API, section 11)."""
        from connecteam_sync.api import jobs

        return jobs.every(lambda at: wire.data(self._body("/jobs/v1/jobs", jobs.query(at)), jobs.Jobs, "the jobs"))

    def assignments(self, user_id: int) -> frozenset[int] | None:
        """The time clocks that a user is assigned to (API, section 21); None if the answer does not tell."""
        from connecteam_sync.api import assignments

        path, what = f"/users/v1/users/{user_id}/assignments", f"the assignments of user {user_id}"
        query: dict[str, str | int] = {"assetTypes": assignments.TIME_CLOCK}
        return assignments.time_clocks_of(self.get(path, assignments.Assignments, what, query).assets)

    def timesheet(self, time_clock_id: int, window: Window) -> tuple[DayTotal, ...]:
        """Connecteam's own totals of the window's days, in as few requests as it allows (API, section 12)."""
        from connecteam_sync.api import timesheets

        path, what = f"{_CLOCKS}/{time_clock_id}/timesheet", f"the timesheet of time clock {time_clock_id}"
        return tuple(
            total
            for part in window.slices(_TIMESHEET_DAYS, padding=0)
            for total in timesheets.day_totals(self.get(path, timesheets.Timesheet, what, _days(part)))
        )

    # -- requests ----------------------------------------------------------------------------------------------------

    def get(self, path: str, kind: type[T], what: str, query: dict[str, str | int] | None = None) -> T:
        """The data of a response, decoded; `what` it is, for errors."""
        return wire.data(self._body(path, query or {}), kind, what)[0]

    def write(self, method: str, path: str, body: dict[str, object] | None) -> bytes:
        """The response to a request that changes something. It is sent once: a second one might do it twice."""
        self._begin()
        return self._call(method, path, {}, None if body is None else msgspec.json.encode(body))

    def _left(self) -> float:
        """Seconds left of the current call."""
        return self._deadline - time.monotonic()

    def _body(self, path: str, query: dict[str, str | int]) -> bytes:
        """The body of a good response, after as many retries as fit into the total time.

        If none of them helped, the error is the last one that Connecteam itself reported, if it reported any.
        """
        self._begin()
        try:
            for attempt in stamina.retry_context(on=self._retried, attempts=_ATTEMPTS, timeout=None):
                with attempt:
                    body = self._call("GET", path, query)
                    if self._looked_through.get(path) != (seen := what_it_says(body)):
                        self.unknown_members |= unknown_members(path, body)
                        self._looked_through[path] = seen
                    return body
        except Unavailable as error:
            raise error if self._last_trouble is None else self._last_trouble from error
        raise AssertionError  # stamina ends with a response or an error

    def _begin(self) -> None:
        """Begin a call: start its clock, and forget what Connecteam reported to earlier ones."""
        self._deadline, self._last_trouble = time.monotonic() + self._total, None
        self._pauses = (min(30.0, self._first_wait * 2**tried) for tried in count())

    def _retried(self, error: Exception) -> bool | float:
        """Whether to try again, and after how many seconds. Never longer than the call has left."""
        if not isinstance(error, Unavailable):
            return False
        requested = error.wait if isinstance(error, ServerTrouble) else None
        # As long as Connecteam asks for; else longer each time, with jitter so that clients do not return together.
        wait = requested if requested is not None else next(self._pauses) * random.uniform(0.5, 1)  # noqa: S311 - no secret
        if wait >= self._left():
            return False
        if requested is not None:
            self._report_wait(wait, "Connecteam asked us to slow down")
        return wait

    def _report_wait(self, seconds: float, why: str) -> None:
        if self._on_wait and seconds >= 1:
            self._on_wait(seconds, why)

    def _keep_the_budget(self) -> None:
        """Wait for the next minute, or stop, before the account's limits are reached (API, section 3)."""
        day, minute = self._limits.day, self._limits.minute
        if day is not None and day.left <= (day.limit or 0) * self._reserve and time.time() < day.until:
            of = f" of the account's {day.limit} calls of today" if day.limit else " calls of today"
            raise BudgetSpent(
                f"{day.left}{of} are left, and that reserve is for others",
                next_step="try again after midnight UTC, or run less often",
            )
        wait = minute.until - time.time() if minute is not None and minute.left == 0 else 0
        if wait > 0:
            if wait >= self._left():
                raise Unavailable("the calls of this minute are used up", next_step="try again in a minute")
            self._report_wait(wait, "the calls of this minute are used up")
            time.sleep(wait)
        if self._budget is not None:
            self._budget.reserve(self._reserve)

    def _call(self, method: str, path: str, query: dict[str, str | int], content: bytes | None = None) -> bytes:
        """One call, taken from the budget before it is sent; one that never left this machine is given back."""
        self._keep_the_budget()
        self._has_left = False
        try:
            return self._request(method, path, query, content)
        except Unavailable:
            if self._budget is not None and not self._has_left:
                self._budget.give_back()
            raise

    def _request(self, method: str, path: str, query: dict[str, str | int], content: bytes | None = None) -> bytes:
        headers = self._credentials_header()
        status, kind, body = self._send(method, path, query=query, headers=headers, content=content)
        if status == httpx2.codes.UNAUTHORIZED and isinstance(self._credentials, ClientCredentials):
            # A token can be revoked before it expires: try once with a new one.
            self._token_until = 0
            headers = self._credentials_header()
            status, kind, body = self._send(method, path, query=query, headers=headers, content=content)
        if method == "DELETE" and status == httpx2.codes.NO_CONTENT:
            return b""
        if status != httpx2.codes.OK and not (method == "POST" and status == httpx2.codes.CREATED):
            raise self._refusal(status, body)
        if not kind.startswith("application/json"):
            raise BadAnswer(f"Connecteam answered {kind or 'something'} instead of JSON", next_step="try again later")
        return body

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, str | int] | None = None,
        headers: dict[str, str],
        form: dict[str, str] | None = None,
        content: bytes | None = None,
    ) -> tuple[int, str, bytes]:
        """Status, content type and body. The body is read to its end, up to the limit."""
        self.http_calls += 1
        body, response = BytesIO(), None  # a list of slices would take the same memory again to be joined
        if content is not None:
            headers = headers | {"content-type": "application/json"}
        try:
            with self._http.stream(method, path, params=query, headers=headers, data=form, content=content) as response:
                self._limits.note(response.headers)
                if self._budget is not None:
                    is_too_many = response.status_code == httpx2.codes.TOO_MANY_REQUESTS
                    self._budget.note(self._limits, response.headers if is_too_many else None)
                for slice_ in response.iter_bytes():
                    body.write(slice_)
                    if body.tell() > self._limit:
                        raise BadAnswer(
                            f"Connecteam's answer is larger than {self._limit} bytes", next_step="ask for fewer days"
                        )
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            # Without a connection nothing was sent. Of everything else it may have been: then it counts.
            self._has_left = self._has_left or not isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout))
            # The status of an error response says enough, even if its body broke off.
            if response is None or response.status_code == httpx2.codes.OK:
                raise self._no_answer(error) from error
        self._has_left = True
        if response.status_code in _RETRIED:
            self._last_trouble = self._trouble(response, body.getvalue())
            raise self._last_trouble
        return response.status_code, response.headers.get("content-type", ""), body.getvalue()

    def _no_answer(self, error: Exception) -> Unavailable:
        """The error for a response that did not come, or not completely."""
        if self._left() <= 0:
            # Each single read may have been in time.
            return Unavailable(
                f"Connecteam's answer did not end within {self._total:.0f} seconds",
                next_step="try again later; nothing was written",
            )
        return Unavailable(
            f"Connecteam cannot be reached or broke off: {type(error).__name__}",
            next_step="try again later; nothing was written",
        )

    def _trouble(self, response: httpx2.Response, body: bytes) -> ServerTrouble:
        """The error for a response that says to try again later, with the server's own text."""
        is_too_many = response.status_code == httpx2.codes.TOO_MANY_REQUESTS
        wait = self._limits.stay_away(response.headers, is_too_many=is_too_many)
        what = "is asked too often" if is_too_many else "has trouble"
        later = f"; it asks to wait {wait:.0f} s" if wait else ""
        share = "other programs of the account share its limit" if is_too_many else "connecteam.statuspage.io"
        return ServerTrouble(
            f"Connecteam {what} (HTTP {response.status_code}): {wire.error_text(body)}{later}",
            wait=wait,
            next_step=f"try again later; {share}",
        )

    def _refusal(self, status: int, body: bytes) -> UpstreamError:
        """The error for a refused request, with the server's own text if it can be read (API, section 5)."""
        if httpx2.codes.is_redirect(status):
            return Rejected(
                f"Connecteam has no such path (HTTP {status})",
                next_step="check CONNECTEAM_SYNC_BASE_URL; Australian accounts use https://api-au.connecteam.com",
            )
        reason = wire.error_text(body)
        if status in {401, 403}:
            return Rejected(
                f"Connecteam does not accept the credentials (HTTP {status}): {reason}",
                status=status,
                next_step="check CONNECTEAM_SYNC_API_KEY, its plan and its scopes; `connecteam-sync doctor` tells more",
            )
        if status == httpx2.codes.OK or status // 100 == 5:  # noqa: PLR2004 - the hundreds of server errors
            return Unavailable(f"Connecteam has trouble (HTTP {status}): {reason}", next_step="try again later")
        return Rejected(
            f"Connecteam refused the request (HTTP {status}): {reason}",
            next_step="check the time clock ids and the window; `connecteam-sync doctor` lists the clocks",
        )

    def _credentials_header(self) -> dict[str, str]:
        if isinstance(self._credentials, ApiKey):
            return {"x-api-key": self._credentials.key}
        if time.monotonic() >= self._token_until:
            basic = httpx2.BasicAuth(self._credentials.client_id, self._credentials.client_secret)
            request = next(basic.auth_flow(httpx2.Request("POST", self.base_url)))
            status, _, body = self._send(
                "POST",
                "/oauth/v1/token",
                headers={"authorization": request.headers["authorization"]},
                form={"grant_type": "client_credentials"},
            )
            if status != httpx2.codes.OK:
                raise self._refusal(status, body)
            token = wire.token(body)
            self._token = token.access_token
            self._token_until = time.monotonic() + max(0, token.expires_in - _TOKEN_MARGIN)
        return {"authorization": f"Bearer {self._token}"}
