"""The client of Connecteam's API: a look is complete, or it is an error.

Reads only. The facts behind each rule are those of the API facts beside the design; their sections are named.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable, Iterable
from datetime import date
from types import TracebackType
from typing import Self, TypeVar

import httpx2
import msgspec
import stamina

from connecteam_sync import wire
from connecteam_sync.core.shift import Doubt, Snapshot, User
from connecteam_sync.core.window import MAX_SLICE_DAYS, Window
from connecteam_sync.errors import (
    BadAnswer,
    BudgetSpent,
    ConfigurationError,
    Rejected,
    Unavailable,
    UpstreamError,
)
from connecteam_sync.version import __version__
from connecteam_sync.wire import Answer, People, TimeClock

T = TypeVar("T")

HOSTS = ("https://api.connecteam.com", "https://api-au.connecteam.com")
PAGE = 500
"""Users asked for at once, the most the API gives; its own default is ten, without a sign that there are more."""
_TOKEN_MARGIN = 300
"""Seconds before its end at which a token is renewed."""
_RETRIED = {408, 425, 429, 500, 502, 503, 504}


class ApiKey(msgspec.Struct, frozen=True):
    """The account's API key."""

    key: str

    def __repr__(self) -> str:
        return "ApiKey(…)"


class ClientCredentials(msgspec.Struct, frozen=True):
    """An OAuth app's id and secret."""

    client_id: str
    client_secret: str

    def __repr__(self) -> str:
        return "ClientCredentials(…)"


class DayTotal(msgspec.Struct, frozen=True):
    """Connecteam's own total of a person's day: whole minutes, after its rounding and automatic breaks."""

    user_id: int
    day: date
    minutes: int
    is_locked: bool
    is_approved: bool


class _TooMany(Unavailable):
    """429; `wait` is how long the server asked us to stay away, in seconds."""

    def __init__(self, message: str, *, wait: float | None, next_step: str = "") -> None:
        super().__init__(message, next_step=next_step)
        self.wait = wait

    @property
    def name(self) -> str:
        """What it is for everybody else."""
        return "unavailable"


def demand_host(base_url: str) -> str:
    """The URL without its last slash. Raises ConfigurationError unless it is one of the two hosts, or loopback."""
    plain = base_url.rstrip("/")
    if plain in HOSTS:
        return plain
    try:
        url = httpx2.URL(plain)
        is_loopback = url.host == "localhost" or ipaddress.ip_address(url.host).is_loopback
    except (httpx2.InvalidURL, ValueError):
        is_loopback = False
    if is_loopback and url.scheme in {"http", "https"}:
        return plain
    raise ConfigurationError(
        f"the base URL {base_url!r} is neither Connecteam nor this machine",
        next_step=f"set CONNECTEAM_SYNC_BASE_URL to {HOSTS[0]} (or {HOSTS[1]} for an Australian account)",
    )


class Connecteam:
    """One account. Every method raises UpstreamError where there is no complete answer.

    `request_timeout` is for one request and `total_seconds` for one call with its retries and waits; `max_body_bytes`
    bounds what is read; `day_reserve_share` of the day's calls is left to the account's other programs. `on_wait` is
    told how many seconds a wait takes, and why.
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
    ) -> None:
        self.base_url = demand_host(base_url)
        self.http_calls = 0
        self.server_clock_skew: float | None = None
        """Seconds by which this machine's clock is ahead of Connecteam's, as last seen."""
        self._credentials = credentials
        self._reserve, self._total, self._limit = day_reserve_share, total_seconds, max_body_bytes
        self._first_wait, self._on_wait = first_wait, on_wait
        self._token, self._token_until = "", 0.0
        self._day: tuple[int, int, float] | None = None
        self._minute_free_at = 0.0
        self._deadline = 0.0
        # No proxies or certificates from the environment: whoever sets those could read the key.
        self._http = httpx2.Client(
            base_url=self.base_url,
            timeout=request_timeout,
            follow_redirects=False,
            trust_env=False,
            # Without TLS (this machine only) there is no certificate to check, and reading the trusted ones takes long.
            verify=not self.base_url.startswith("http://"),
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
        """Calls that the account has left for this UTC day, as last said; None where that was not said."""
        return self._day[1] if self._day else None

    # -- what it is asked --------------------------------------------------------------------------------------------

    def company(self) -> str:
        """The name of the company the credentials belong to: the cheapest probe."""
        return self._get("/me", wire.Company, "the company").company_name

    def time_clocks(self) -> tuple[TimeClock, ...]:
        """Every time clock, archived ones too, by id."""
        clocks = self._get("/time-clock/v1/time-clocks", wire.TimeClocks, "the time clocks").time_clocks
        return tuple(sorted(clocks, key=lambda clock: clock.id))

    def users(self) -> People:
        """Every user of the account, whatever their status (section 10). Pages over a changing list are read again."""
        for _ in range(2):
            users, doubts, total = self._all_users()
            if total is None or len(users) + len(doubts) >= total:
                return People(tuple(users[key] for key in sorted(users)), tuple(doubts))
        raise BadAnswer(
            f"Connecteam says it has {total} users and listed {len(users)}",
            next_step="try again later; the list may be changing at the moment",
        )

    def _all_users(self) -> tuple[dict[int, User], list[Doubt], int | None]:
        users: dict[int, User] = {}
        doubts: list[Doubt] = []
        offset, total = 0, None
        while True:
            body = self._body(
                "/users/v1/users",
                {"limit": PAGE, "offset": offset, "sort": "created_at", "order": "asc", "userStatus": "all"},
            )
            page, said = wire.data(body, wire.Users, "the users")
            total = total if said is None else said
            for raw in page.users:
                found = wire.user(raw)
                if isinstance(found, User):
                    users[found.id] = found
                else:
                    doubts.append(found)
            offset += len(page.users)
            if len(page.users) < PAGE:
                break
        if not users:
            raise BadAnswer(
                "Connecteam listed no user at all, and an account has at least one", next_step="try again later"
            )
        return users, doubts, total

    def look(self, time_clock_id: int, window: Window, people: People, *, beside: Iterable[str] = ()) -> Snapshot:
        """Everything a time clock has for the window and a day on either side, in one unfiltered request (section 7).

        `beside` are the shifts that looks at other time clocks showed just before; see `Snapshot.beside`.

        Raises ValueError for a window of more than 90 days, padding included.
        """
        return self.ask(time_clock_id, window).read(people, beside=beside)

    def ask(self, time_clock_id: int, window: Window) -> Answer:
        """The answer behind `look`, complete and not yet decoded. Raises ValueError as `look` does."""
        asked = window.padded()
        if asked.days > MAX_SLICE_DAYS:
            msg = f"a look spans at most {MAX_SLICE_DAYS} days, not {asked.days}"
            raise ValueError(msg)
        body = self._body(
            f"/time-clock/v1/time-clocks/{time_clock_id}/time-activities",
            {"startDate": asked.first.isoformat(), "endDate": asked.last.isoformat()},
        )
        said = wire.decoded(body, wire.Envelope, f"time clock {time_clock_id}").data
        return Answer(time_clock_id, asked, said)

    def timesheet(self, time_clock_id: int, window: Window) -> tuple[DayTotal, ...]:
        """Connecteam's own totals of at most 45 days (section 12)."""
        answer = self._get(
            f"/time-clock/v1/time-clocks/{time_clock_id}/timesheet",
            wire.Timesheet,
            f"the timesheet of time clock {time_clock_id}",
            {"startDate": window.first.isoformat(), "endDate": window.last.isoformat()},
        )
        return tuple(
            DayTotal(user.user_id, day.date, round(day.daily_total_work_hours * 60), day.is_locked, day.is_approved)
            for user in answer.users
            for day in user.daily_records
        )

    # -- how it is asked ---------------------------------------------------------------------------------------------

    def _get(self, path: str, kind: type[T], what: str, query: dict[str, str | int] | None = None) -> T:
        return wire.data(self._body(path, query or {}), kind, what)[0]

    def _body(self, path: str, query: dict[str, str | int]) -> bytes:
        """The body of a good answer, after as many retries as fit into the total time."""
        deadline = self._deadline = time.monotonic() + self._total
        for attempt in stamina.retry_context(
            on=self._retried, attempts=6, timeout=self._total, wait_initial=self._first_wait, wait_max=30
        ):
            with attempt:
                self._keep_the_budget(deadline)
                return self._request("GET", path, query)
        raise AssertionError  # stamina ends with an answer or an error

    def _retried(self, error: Exception) -> bool | float:
        """Whether to try again, or after how many seconds."""
        if isinstance(error, _TooMany) and error.wait is not None:
            if error.wait > self._total:
                return False
            self._tell(error.wait, "Connecteam asked us to slow down")
            return error.wait
        return isinstance(error, Unavailable)

    def _tell(self, seconds: float, why: str) -> None:
        if self._on_wait and seconds >= 1:
            self._on_wait(seconds, why)

    def _keep_the_budget(self, deadline: float) -> None:
        """Wait for the next minute, or stop, before the account's limits are reached (section 3)."""
        if self._day:
            limit, remaining, reset = self._day
            if remaining <= limit * self._reserve and time.time() < reset:
                raise BudgetSpent(
                    f"{remaining} of the account's {limit} calls of today are left, and that reserve is for others",
                    next_step="try again after midnight UTC, or run less often",
                )
        wait = self._minute_free_at - time.time()
        if wait > 0:
            if time.monotonic() + wait > deadline:
                raise Unavailable("the calls of this minute are used up", next_step="try again in a minute")
            self._tell(wait, "the calls of this minute are used up")
            time.sleep(wait)

    def _request(self, method: str, path: str, query: dict[str, str | int]) -> bytes:
        headers = self._credentials_header()
        status, kind, body = self._send(method, path, query=query, headers=headers)
        if status == httpx2.codes.UNAUTHORIZED and isinstance(self._credentials, ClientCredentials):
            # A token can be revoked before its time; one new one is asked for.
            self._token_until = 0
            status, kind, body = self._send(method, path, query=query, headers=self._credentials_header())
        if status != httpx2.codes.OK:
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
    ) -> tuple[int, str, bytes]:
        """Status, content type and body, read to its end and no further than allowed."""
        self.http_calls += 1
        pieces: list[bytes] = []
        size = 0
        try:
            with self._http.stream(method, path, params=query, headers=headers, data=form) as response:
                for piece in response.iter_bytes():
                    pieces.append(piece)
                    size += len(piece)
                    if size > self._limit:
                        raise BadAnswer(
                            f"Connecteam's answer is larger than {self._limit} bytes", next_step="ask for fewer days"
                        )
                    if time.monotonic() > self._deadline:
                        # Each piece was in time, and all of them would take for ever.
                        raise Unavailable(
                            f"Connecteam's answer did not end within {self._total:.0f} seconds",
                            next_step="try again later; nothing was written",
                        )
        except (httpx2.TransportError, httpx2.DecodingError) as error:
            raise Unavailable(
                f"Connecteam cannot be reached or broke off: {type(error).__name__}",
                next_step="try again later; nothing was written",
            ) from error
        self._note_limits(response)
        if response.status_code == httpx2.codes.TOO_MANY_REQUESTS:
            raise _TooMany(
                "Connecteam is asked too often (429)",
                wait=_seconds(response, time.time() - (self.server_clock_skew or 0.0)),
                next_step="try again later; other programs of the account share its limit",
            )
        return response.status_code, response.headers.get("content-type", ""), b"".join(pieces)

    def _note_limits(self, response: httpx2.Response) -> None:
        """Remember what the headers say; they may all be absent."""
        said = wire.moment(response.headers.get("date", ""))
        if said is not None:
            self.server_clock_skew = time.time() - said
        numbers = {
            f"{span}-{what}": int(text)
            for span in ("minute", "day")
            for what in ("limit", "remaining", "reset")
            if wire.is_number(text := response.headers.get(f"x-ratelimit-{span}-{what}", ""))
        }
        # Its resets are moments of its own clock, which may be hours away from ours.
        skew = self.server_clock_skew or 0.0
        if {"day-limit", "day-remaining", "day-reset"} <= numbers.keys():
            self._day = (numbers["day-limit"], numbers["day-remaining"], numbers["day-reset"] + skew)
        if numbers.get("minute-remaining") == 0 and "minute-reset" in numbers:
            self._minute_free_at = numbers["minute-reset"] + skew

    def _refusal(self, status: int, body: bytes) -> UpstreamError:
        """The error of an answer that is none, in the server's own words where they can be read (section 5)."""
        if status in _RETRIED:
            return Unavailable(
                f"Connecteam has trouble (HTTP {status})", next_step="try again later; connecteam.statuspage.io"
            )
        if httpx2.codes.is_redirect(status):
            return Rejected(
                f"Connecteam has no such path (HTTP {status})",
                next_step="check CONNECTEAM_SYNC_BASE_URL; Australian accounts use https://api-au.connecteam.com",
            )
        said = _words(body)
        if status in {401, 403}:
            return Rejected(
                f"Connecteam does not accept the credentials (HTTP {status}): {said}",
                next_step="check CONNECTEAM_SYNC_API_KEY, its plan and its scopes; `connecteam-sync doctor` tells more",
            )
        if status == httpx2.codes.OK or status // 100 == 5:  # noqa: PLR2004 - the hundreds of server errors
            return Unavailable(f"Connecteam has trouble (HTTP {status})", next_step="try again later")
        return Rejected(
            f"Connecteam refused the request (HTTP {status}): {said}",
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
            try:
                token = msgspec.json.decode(body, type=wire.Token)
            except wire.UNREADABLE as error:
                raise BadAnswer("Connecteam's token cannot be read", next_step="try again later") from error
            self._token = token.access_token
            self._token_until = time.monotonic() + max(0, token.expires_in - _TOKEN_MARGIN)
        return {"authorization": f"Bearer {self._token}"}


def _seconds(response: httpx2.Response, now: float) -> float | None:
    """How long a 429 asks us to stay away; None where it does not say. `now` is by the server's clock."""
    after: str = response.headers.get("retry-after", "")
    if wire.is_number(after):
        return float(after)
    reset: str = response.headers.get("x-ratelimit-minute-reset", "")
    return max(0.0, int(reset) - now) if wire.is_number(reset) else None


def _words(body: bytes) -> str:
    """The words of any of the five error shapes; nothing where there are none."""
    try:
        said = msgspec.json.decode(body)
    except wire.UNREADABLE:
        return "no reason given"
    if not isinstance(said, dict):
        return "no reason given"
    reason = said.get("error") or said.get("detail") or "no reason given"
    return (reason if isinstance(reason, str) else msgspec.json.encode(reason).decode())[:200]
