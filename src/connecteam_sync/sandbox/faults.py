"""Faults on request: by name, at a call number or on a path."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class Fault(msgspec.Struct, kw_only=True):
    """The fault `name` at call number `call` (1 is the first; None: any), on paths containing `path`, `times` times."""

    name: str
    call: int | None = None
    path: str = ""
    times: int = 1
    change: Callable[[bytes], bytes] | None = None
    """Changes the bytes of the true response."""


class Faults:
    """The faults that are ordered. `add` raises ValueError for an unknown name."""

    def __init__(self) -> None:
        self._ahead: list[Fault] = []
        self.served: list[str] = []
        """The names of the faults that callers have met, in order."""
        self.paths: list[str] = []
        """The paths that faults were used up by, in order."""

    def add(self, name: str, *, call: int | None = None, path: str = "", times: int = 1) -> None:
        """Order a fault; see NAMES, CHANGES, ODDITIES and PAGES."""
        if name not in KNOWN:
            msg = f"there is no fault {name!r}; there are: {', '.join(sorted(KNOWN))}"
            raise ValueError(msg)
        self._ahead.append(Fault(name=name, call=call, path=path, times=times, change=_change_of(name)))

    def rewrite(
        self, change: Callable[[bytes], bytes], *, call: int | None = None, path: str = "", times: int = 1
    ) -> None:
        """Order a change to the bytes of a true response; it is in `served` as `rewritten` if it changed any."""
        self._ahead.append(Fault(name="rewritten", call=call, path=path, times=times, change=change))

    def clear(self) -> None:
        """Cancel the faults that were not met yet."""
        self._ahead.clear()

    def due(self, call: int, path: str) -> Fault | None:
        """The fault of this call, if any; it is used up."""
        for fault in self._ahead:
            if fault.path in path and fault.call in {None, call}:
                fault.times -= 1
                self.paths.append(path)
                if fault.times <= 0:
                    self._ahead.remove(fault)
                if fault.change is None:
                    self.served.append(fault.name)
                return fault
        return None

    def changed(self, fault: Fault, body: bytes) -> bytes:
        """The body of a true response with the fault in it."""
        changed = fault.change(body) if fault.change else body
        if changed != body:
            self.served.append(fault.name)
        return changed


class Dropped(Response):
    """The connection breaks in the middle of the response."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's shape
        """Promise more bytes than are sent."""
        headers = [(b"content-type", b"application/json"), (b"content-length", b"100000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"data": {"timeActivitiesByUsers": [', "more_body": True})
        await asyncio.sleep(0)
        msg = "the line breaks here, as ordered"
        raise ConnectionResetError(msg)


class Slow(Response):
    """A response that does not come for a long time."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait longer than the timeout of any test, unless the server stops."""
        await asyncio.sleep(30)
        await super().__call__(scope, receive, send)


class Dripping(Response):
    """A response that comes byte by byte, each within the read timeout."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's shape
        """Send a byte every twenty milliseconds, for half a minute."""
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for _ in range(1500):
            await send({"type": "http.response.body", "body": b" ", "more_body": True})
            await asyncio.sleep(0.02)
        await send({"type": "http.response.body", "body": b"{}", "more_body": False})


def _json(
    body: str, status: int = 200, kind: str = "application/json", headers: dict[str, str] | None = None
) -> Response:
    return Response(body, status, headers={"content-type": kind, **(headers or {})})


_PAGE = "<!doctype html><html><body>We will be right back.</body></html>"
NAMES: dict[str, Callable[[], Response]] = {
    "html_200": lambda: _json(_PAGE, 200, "text/html"),
    "html_as_json": lambda: _json(_PAGE),
    "truncated": lambda: _json('{"requestId":"x","data":{"timeActivitiesByUsers":[{"userId":1,"shif'),
    "empty_body": lambda: _json(""),
    "no_envelope": lambda: _json("{}"),
    "null_data": lambda: _json('{"data":null}'),
    "wrong_list": lambda: _json('{"data":{"timeActivitiesByUsers":{},"users":{},"timeClocks":{}}}'),
    "no_one": lambda: _json('{"data":{"timeActivitiesByUsers":[],"users":[],"timeClocks":[]}}'),
    "wrong_type": lambda: _json('{"data":{"timeActivitiesByUsers":[]}}', 200, "text/plain"),
    "oversized": lambda: _json('{"data":{"timeActivitiesByUsers":[],"x":"' + "y" * 3_000_000 + '"}}'),
    "dropped": Dropped,
    "slow": Slow,
    "redirect": lambda: Response(status_code=302, headers={"location": "https://connecteam.com/"}),
    "bad_key": lambda: _json('{"detail":"Invalid API key"}', 403),
    "no_key": lambda: _json('{"details":null,"error":"No authentication provided","path":"/","request_id":"x"}', 401),
    "scope": lambda: _json('{"detail":"Missing required scope: time_clock.read"}', 403),
    "domain_error": lambda: _json('{"error":"time clock id doesn\'t exist","path":"/","request_id":"x"}', 400),
    "model_error": lambda: _json(
        '{"details":{"error_message":"Request query is invalid","error_code":1003},'
        '"error":{"query.startDate":{"message":"invalid","type":"value_error"}},"path":"/","request_id":"x"}',
        400,
    ),
    "validation_422": lambda: _json('{"detail":[{"loc":["query","startDate"],"msg":"invalid","type":"value"}]}', 422),
    "server_error": lambda: _json(_PAGE, 500, "text/html"),
    "bad_gateway": lambda: _json(_PAGE, 502, "text/html"),
    "unavailable": lambda: _json('{"error":"maintenance"}', 503),
    "gateway_timeout": lambda: _json(_PAGE, 504, "text/html"),
    "null_body": lambda: _json("null"),
    "no_content": lambda: Response(status_code=204),
    "not_found": lambda: _json('{"error":"not found","path":"/","request_id":"x"}', 404),
    "conflict": lambda: _json('{"error":"conflict","path":"/","request_id":"x"}', 409),
    "gzip_cut": lambda: Response(
        gzip.compress(b'{"data":{"timeActivitiesByUsers":[],"users":[],"timeClocks":[]}}')[:20],
        headers={"content-type": "application/json", "content-encoding": "gzip"},
    ),
    "deep": lambda: _json('{"data":' + "[" * 50_000 + "]" * 50_000 + "}"),
    "dripping": Dripping,
    "too_many": lambda: _json('{"error":"Too many requests"}', 429, headers={"retry-after": "0"}),
    "too_many_for_long": lambda: _json('{"error":"Too many requests"}', 429, headers={"retry-after": "3600"}),
    "too_many_untold": lambda: _json('{"error":"Too many requests"}', 429),
    "too_many_until": lambda: _json(
        '{"error":"Too many requests"}', 429, headers={"x-ratelimit-minute-reset": str(int(time.time()))}
    ),
    "budget_spent": lambda: _json(
        '{"data":{"companyName":"x","companyId":"1"}}',
        headers={
            "x-ratelimit-day-limit": "10000",
            "x-ratelimit-day-remaining": "12",
            "x-ratelimit-day-reset": "9999999999",
        },
    ),
}
"""Faults that replace the response."""


def _everywhere(data: Any, change: Callable[[dict[str, Any]], None]) -> Any:  # noqa: ANN401 - any JSON
    """Apply a change to every object of a JSON value, in place."""
    if isinstance(data, dict):
        inner = list(data.values())
        change(data)
        for value in inner:
            _everywhere(value, change)
    elif isinstance(data, list):
        for value in data:
            _everywhere(value, change)
    return data


def _times(record: dict[str, Any]) -> None:
    if isinstance(record.get("timestamp"), int):
        record["timestamp"] *= 1000


def _renamed(record: dict[str, Any]) -> None:
    for old, new in (("start", "startTime"), ("firstName", "first_name"), ("isArchived", "archived")):
        if old in record:
            record[new] = record.pop(old)


def _halved(record: dict[str, Any]) -> None:
    for name in ("timeActivitiesByUsers", "users"):
        if isinstance(record.get(name), list):
            record[name] = record[name][::2]


def _doubled(record: dict[str, Any]) -> None:
    for name in ("shifts", "manualBreaks", "timeActivitiesByUsers"):
        if isinstance(record.get(name), list):
            record[name] = record[name] * 2


def _two_versions(record: dict[str, Any]) -> None:
    for shift in list(record.get("shifts", [])):
        record["shifts"].append({**shift, "isAutoClockOut": not shift.get("isAutoClockOut")})


def _gone(record: dict[str, Any]) -> None:
    if isinstance(record.get("shifts"), list):
        record["shifts"] = []


CHANGES: dict[str, Callable[[dict[str, Any]], None]] = {
    "milliseconds": _times,
    "renamed_members": _renamed,
    "unknown_members": lambda record: record.update(somethingNew={"deep": [1, None, "x"]}),
    "half_of_the_people": _halved,
    "duplicate_records": _doubled,
    "two_versions": _two_versions,
    "no_shifts": _gone,
}
"""Faults that alter the true response."""

ODDITIES: dict[str, bytes] = {
    "half_emoji": rb'"Ana \ud83d"',
    "nan": b"NaN",
    "infinity": b"-Infinity",
    "huge_number": b"1e400",
    "not_utf8": b'"Caf\xe9"',
    "bare_control": b'"two\nlines"',
    "deep_member": b"[" * 5000 + b"]" * 5000,
}
"""Faults in a member that is not read: values that no decoder accepts, one in each record."""

PAGES: dict[str, int] = {"repeated_page": -1, "skipped_page": 1, "endless_list": -(10**9)}
"""Faults of a paged list: by how many pages the response is off; `endless_list` always sends the first page."""

KNOWN = NAMES.keys() | CHANGES.keys() | ODDITIES.keys() | PAGES.keys()


def _change_of(name: str) -> Callable[[bytes], bytes] | None:
    """The change of a body that one of CHANGES or ODDITIES makes; None for another name."""
    if name in ODDITIES:
        return lambda body: body.replace(b"[{", b'[{"somethingNew":' + ODDITIES[name] + b",")
    if name in CHANGES:
        return lambda body: msgspec.json.encode(_everywhere(msgspec.json.decode(body), CHANGES[name]))
    return None
