"""Alerts by webhook: signed as standard-webhooks says (HMAC-SHA256 of id, time and body)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time

import httpx2
import msgspec

from connecteam_sync.alerts.receiver import NotSent
from connecteam_sync.api.deadline import Transport
from connecteam_sync.core.alerts import Message, payload
from connecteam_sync.version import __version__

_TAKEN = range(200, 300)


class Webhook:
    """An address that takes messages, and the key both sides know.

    `mirror` is a word that no other mirror has: each attempt at a message has the same `webhook-id`, and those of two
    mirrors differ.
    """

    name = "webhook"
    grace = 0.0

    def __init__(self, url: str, key: bytes, *, mirror: str) -> None:
        self._url, self._key, self._mirror = url, key, mirror

    def send(self, message: Message, seconds: float) -> None:
        """Send it. Raises NotSent unless the answer is a 2xx; a redirect is none."""
        data, at = msgspec.json.encode(payload(message)), str(int(time.time()))
        name = f"{message.id}-{self._mirror}"  # without a full stop, which is between the parts that are signed
        signed = hmac.new(self._key, f"{name}.{at}.".encode() + data, hashlib.sha256).digest()
        headers = {
            "content-type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": at,
            "webhook-signature": f"v1,{base64.b64encode(signed).decode()}",
        }
        status = requested("POST", self._url, seconds, data=data, headers=headers)
        if status not in _TAKEN:
            raise NotSent(f"the receiver answered {status}")


def requested(
    method: str, url: str, seconds: float, *, data: bytes | None = None, headers: dict[str, str] | None = None
) -> int:
    """The status of a request that takes so many seconds at most; nothing of the body is read. Raises NotSent."""
    ends = time.monotonic() + seconds
    transport = Transport(verify=True, left=lambda: ends - time.monotonic())
    named = {"user-agent": f"connecteam-sync/{__version__}", **(headers or {})}
    try:
        with (
            httpx2.Client(transport=transport, timeout=seconds, follow_redirects=False, trust_env=False) as client,
            client.stream(method, url, content=data, headers=named) as response,
        ):
            return response.status_code
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError) as error:
        raise NotSent(f"the receiver does not answer ({type(error).__name__})") from None
