"""Deliveries as Connecteam sends them, and a service of this process that takes them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2 as httpx

from connecteam_sync.config import Settings
from connecteam_sync.core.deliveries import Secrets
from connecteam_sync.service.hooks import Hooks
from connecteam_sync.service.listener import Listener
from connecteam_sync.service.web import application

SECRET, PREVIOUS, TOKEN = "s3cret-öf-today", "s3cret-of-yesterday", "an-address-not-a-secret"


def body_of(event: str | None = "clock_in", clock: int | None = 1, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """The body of an event of a shift, with a request id of its own."""
    said = {
        "requestId": str(uuid.uuid4()),
        "company": "acme",
        "activityType": "shift",
        "eventType": event,
        "eventTimestamp": 1_767_628_800,
        "userId": 7,
        "timeClockId": clock,
        "timeActivity": {
            "id": "695b6f80aa00bb11cc22dd33",
            "start": {"timestamp": 1_767_600_000, "timezone": "America/Chicago", "location": {"latitude": 41.88}},
            "note": "call Ida at 555 0100",
        },
    }
    return {name: value for name, value in (said | more).items() if value is not None}


def ring(
    url: str,
    body: object,
    *,
    secret: bytes | str | None = SECRET,
    method: str = "POST",
    headers: dict[bytes, bytes] | None = None,
) -> httpx.Response:
    """Deliver a body (bytes as they are, anything else as JSON) with the literal secret."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {b"content-type": b"application/json", **(headers or {})}
    if secret is not None:
        named[b"x-webhook-secret"] = secret if isinstance(secret, bytes) else secret.encode()
    with httpx.Client(
        trust_env=False, timeout=30, verify=False
    ) as client:  # without TLS; trusted roots take long to read
        return client.request(method, url, content=content, headers=list(named.items()))


@contextmanager
def hooks_of(settings: Settings, *, secrets: Secrets | None = None) -> Iterator[str]:
    """The address of webhooks of this database, answering in this process."""
    hooks = Hooks(settings, token=TOKEN, secrets=secrets or Secrets(SECRET, PREVIOUS))
    listener = Listener(application(hooks.routes()), host="127.0.0.1", port=0)
    listener.start()
    try:
        yield f"{listener.url}{hooks.path}"
    finally:
        listener.stop()
        hooks.close()
