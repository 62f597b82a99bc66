"""The companies of the virtual day: a process that answers for all of them from memory, by the key of a request.

    python benchmarks/fleet_companies.py ACCOUNTS CLOCKS PEOPLE DAY_LIMIT

Each company is one of the sandbox's, with its handlers and its limits, and an id, clocks and people of its own. An
answer is made by the sandbox once, and kept as bytes until the company changes; the headers of the limits are those of
each call. Requests are read and answered without a web framework, so that this process is no part of what limits. It
prints its port, then answers a line of its input with a line of JSON: `change N` (that many time clocks, one after the
other, each get a shift or a correction of one), `calls`, `truth`.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from collections import Counter
from typing import Any

from starlette.types import ASGIApp, Message

from connecteam_sync.sandbox import Company, SandboxSettings
from connecteam_sync.sandbox.app import Handlers

DAYS = 2
"""Shifts of so many days before today are there from the beginning, one of each person and day."""


class Office:
    """One company, its answers by path, and how many calls it has had of each kind."""

    def __init__(self, number: int, *, clocks: int, people: int, day_limit: int) -> None:
        self.company = Company(0, people=people * clocks, clocks=clocks, company_id=str(9_100_000 + number))
        midnight = int(time.time()) // 86_400 * 86_400
        for place, user in enumerate(self.company.people):
            for day in range(1, DAYS + 1):
                start = midnight - 86_400 * day + 50_400 + place % 100 * 60
                self.company.add(user, start, start + 28_800)
        settings = SandboxSettings(minute_limit=100_000, day_limit=day_limit)
        self.key = f"sandbox-{number}"
        self.handlers = Handlers(self.company, settings, key=self.key, client_id=self.key, client_secret=self.key)
        self.app: ASGIApp = self.handlers.app()
        self.answers: dict[str, bytes] = {}
        self.calls: Counter[str] = Counter()
        self.company.listeners.append(lambda _: self.answers.clear())
        self._clocks = itertools.cycle(sorted({min(one.clocks) for one in self.company.people.values()}))
        self._users = {min(one.clocks): one.id for one in self.company.people.values()}

    def change(self, number: int) -> None:
        """The next time clock gets a shift of some minutes, or its newest one is corrected."""
        clock = next(self._clocks)
        newest = self.company.shifts(clock=clock)[-1]
        now = int(time.time())
        if number % 2 and newest.end is not None:
            self.company.edit(newest.id, end=newest.end + 60, at=now)
        else:
            self.company.add(self._users[clock], now - 7200 - number, now - 3600 - number, clock=clock)

    async def answer(self, target: str, headers: list[tuple[bytes, bytes]]) -> bytes:
        """The bytes of an answer to a GET."""
        path, _, query = target.partition("?")
        self.calls["visits" if path.endswith("/time-activities") else path.rpartition("/")[2]] += 1
        body = self.answers.get(target)
        if body is not None:
            limits = self.handlers._limits()  # noqa: SLF001 - the sandbox's own count
            if limits is not None:
                return _written(200, body, limits)
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        scope: dict[str, Any] = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET"}
        scope |= {"scheme": "http"}
        scope |= {"path": path, "raw_path": path.encode(), "query_string": query.encode(), "root_path": ""}
        scope |= {"headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)}
        await self.app(scope, receive, send)
        status = int(sent[0]["status"])
        body = b"".join(one.get("body", b"") for one in sent[1:])
        if status == 200:  # noqa: PLR2004 - OK
            self.answers[target] = body
        kept = [(name.decode(), value.decode()) for name, value in sent[0]["headers"] if name.startswith(b"x-")]
        return _written(status, body, kept)

    def truth(self) -> list[tuple[int, int, int | None]]:
        """Every shift: person, start, end."""
        return sorted((one.user_id, one.start, one.end or 0) for one in self.company.shifts())


def _written(status: int, body: bytes, headers: list[tuple[str, str]]) -> bytes:
    lines = [f"HTTP/1.1 {status} Said", "content-type: application/json", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


class Desk(asyncio.Protocol):
    """One connection, kept open: the requests on it are answered one after the other."""

    def __init__(self, offices: dict[bytes, Office]) -> None:
        self._offices, self._read = offices, b""
        self._transport: Any = None
        self._working: asyncio.Task[None] | None = None

    def connection_made(self, transport: Any) -> None:  # noqa: ANN401 - as asyncio calls it
        """Somebody has come."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """A part of a request; none of ours has a body."""
        self._read += data
        while b"\r\n\r\n" in self._read:
            head, _, self._read = self._read.partition(b"\r\n\r\n")
            self._working = asyncio.get_running_loop().create_task(self._answer(head))

    async def _answer(self, head: bytes) -> None:
        first, *lines = head.split(b"\r\n")
        pairs = [line.split(b": ", 1) for line in lines]
        headers = [(name.lower(), value) for name, value in pairs]
        office = self._offices.get(dict(headers).get(b"x-api-key", b""))
        said = _written(403, b"{}", [])
        if office is not None:
            said = await office.answer(first.split(b" ")[1].decode(), headers)
        if self._transport is not None:
            self._transport.write(said)


async def main(accounts: int, clocks: int, people: int, day_limit: int) -> None:
    """Answer until the input ends."""
    offices = [Office(n, clocks=clocks, people=people, day_limit=day_limit) for n in range(accounts)]
    by_key = {one.key.encode(): one for one in offices}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Desk(by_key), "127.0.0.1", 0, backlog=256)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    turn = itertools.count()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        what, *words = line.split()
        said: Any = None
        if what == "change":
            for _ in range(int(words[0])):
                number = next(turn)
                offices[number % accounts].change(number // accounts)
        elif what == "calls":
            said = [dict(one.calls) for one in offices]
        else:
            said = [one.truth() for one in offices]
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
