"""Webhooks as they arrive: each event to everybody registered for it, late, twice, out of order or never.

They go to addresses of this machine only. A delivery carries the secret itself in `X-Webhook-Secret`, and is tried
three times at most (API, section 16).
"""

from __future__ import annotations

import asyncio
import heapq
import json
import queue
import random
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import httpx2

from connecteam_sync.sandbox import answers
from connecteam_sync.sandbox.company import Company, CompanyEvent
from connecteam_sync.sandbox.settings import SandboxSettings
from connecteam_sync.sandbox.subscriptions import (
    NEWER_EVENTS,
    RETRY_LIMIT,
    Subscription,
    Subscriptions,
    is_of_this_machine,
)

_KEPT = 10_000
"""Deliveries that are remembered."""


@dataclass
class Delivery:
    """An event on its way to one webhook."""

    request_id: str
    event: str
    subscription: Subscription
    body: bytes
    tries: int = 0
    state: Literal["waiting", "delivered", "lost", "given_up", "elsewhere"] = "waiting"
    status: int | None = None

    def shown(self) -> dict[str, Any]:
        """As the control address shows it."""
        return {
            "requestId": self.request_id,
            "event": self.event,
            "webhook": self.subscription.id,
            "tries": self.tries,
            "state": self.state,
            "status": self.status,
        }


class Deliveries:
    """The deliveries of one simulated Connecteam. `hear` may be called in any thread, the rest in the server's."""

    def __init__(self, company: Company, settings: SandboxSettings, subscriptions: Subscriptions) -> None:
        self.company, self.settings, self.subscriptions = company, settings, subscriptions
        self.log: deque[Delivery] = deque(maxlen=_KEPT)
        self.clock: Callable[[], float] = time.monotonic
        """Seconds that never go back; a simulation has a faster one."""
        self._chance = random.Random(settings.webhook_seed)  # noqa: S311 - repeatable trouble
        self._told: queue.SimpleQueue[tuple[float, Delivery]] = queue.SimpleQueue()
        self._ahead: list[tuple[float, int, Delivery]] = []
        self._number = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._client: httpx2.AsyncClient | None = None
        company.listeners.append(self.hear)

    def hear(self, happening: CompanyEvent) -> None:
        """Plan the deliveries of what happened, with the troubles that the settings ask for."""
        for subscription in self.subscriptions.hearing(happening.feature, happening.event, happening.clock_id):
            request_id = str(uuid.uuid4())
            body = json.dumps(self._payload(happening, request_id), ensure_ascii=False).encode()
            self._plan(Delivery(request_id, happening.event, subscription, body))

    def _plan(self, delivery: Delivery) -> None:
        settings, chance = self.settings, self._chance
        lost, again, overtaken = (chance.random() for _ in range(3))
        if not is_of_this_machine(delivery.subscription.asked.url):
            delivery.state = "elsewhere"
        elif lost < settings.webhook_loss:
            delivery.state = "lost"
        self.log.append(delivery)
        if delivery.state != "waiting":
            return
        due = self.clock() + settings.webhook_delay
        if overtaken < settings.webhook_reorder:
            due += settings.webhook_spread * chance.random()
        self._told.put((due, delivery))
        if again < settings.webhook_repeats:
            repeat = Delivery(delivery.request_id, delivery.event, delivery.subscription, delivery.body)
            self.log.append(repeat)
            self._told.put((due + settings.webhook_spread * chance.random(), repeat))

    # -- in the server's thread ----------------------------------------------------------------------------------------

    def deliver(self) -> None:
        """Begin every delivery that is due."""
        while not self._told.empty():
            due, delivery = self._told.get()
            self._number += 1
            heapq.heappush(self._ahead, (due, self._number, delivery))
        while self._ahead and self._ahead[0][0] <= self.clock():
            task = asyncio.get_running_loop().create_task(self._try(heapq.heappop(self._ahead)[2]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _try(self, delivery: Delivery) -> None:
        """Send a delivery once; a failure is tried again later, three times in all."""
        if self._client is None:
            self._client = httpx2.AsyncClient(trust_env=False)
        asked = delivery.subscription.asked
        headers = {"content-type": "application/json", "user-agent": "connecteam"}
        if asked.secretKey is not None:
            headers["x-webhook-secret"] = asked.secretKey
        if delivery.event in NEWER_EVENTS:
            headers["x-sandbox-unproven"] = "true"
        delivery.tries += 1
        try:
            raw = [(name.encode(), text.encode()) for name, text in headers.items()]
            response = await self._client.post(
                asked.url, content=delivery.body, headers=raw, timeout=self.settings.webhook_timeout
            )
            delivery.status = response.status_code
        except httpx2.HTTPError:
            delivery.status = None
        if delivery.status is not None and httpx2.codes.is_success(delivery.status):
            delivery.state = "delivered"
        elif delivery.tries < RETRY_LIMIT:
            self._told.put((self.clock() + self.settings.webhook_retry_seconds, delivery))
        else:
            delivery.state = "given_up"

    async def close(self) -> None:
        """Stop: what is on its way is not waited for."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    # -- what is said --------------------------------------------------------------------------------------------------

    def _payload(self, happening: CompanyEvent, request_id: str) -> dict[str, Any]:
        """The body of an event (API, section 16)."""
        now = self.company.time.now()
        said: dict[str, Any] = {
            "requestId": request_id,
            "company": self.company.name,
            "activityType": happening.kind,
            "eventType": happening.event,
            "eventTimestamp": now,
        }
        if happening.event not in NEWER_EVENTS:
            said["evnetTimestamp"] = now
        if happening.feature == "users":
            person = self.company.people[happening.user_id]
            whole = happening.event in {"user_created", "user_updated"}
            return said | {"data": [answers.user(person) if whole else {"userId": person.id}]}
        said |= {"userId": happening.user_id, "timeClockId": happening.clock_id, "webhookVersion": 1}
        if happening.activity is None:
            return said | {"startDate": str(happening.day), "endDate": str(happening.day)}
        if "delete" in happening.event or "declined" in happening.event:
            return said | {"timeActivityId": happening.activity.id}
        return said | {"timeActivity": answers.activity(happening.activity, self.settings)}
