"""Several companies at one address: a request is answered by the company of its key, and sees no other."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import Receive, Scope, Send

from connecteam_sync.sandbox.app import Handlers


class Several:
    """The application of several companies. A key, token or client that is nobody's is refused by the first one."""

    def __init__(self, companies: Sequence[Handlers]) -> None:
        self._companies = companies
        self._apps = [handlers.app() for handlers in companies]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request to the company that its key belongs to."""
        await self._apps[self._place(Headers(scope=scope))](scope, receive, send)

    def _place(self, headers: Headers) -> int:
        key = headers.get("x-api-key")
        scheme, _, said = headers.get("authorization", "").partition(" ")
        client = _client(said) if scheme.lower() == "basic" else None
        for place, company in enumerate(self._companies):
            if company.key == key or (key is None and (said in company.tokens or company.client_id == client)):
                return place
        return 0


def _client(basic: str) -> str | None:
    """The client's id in the header of a request for a token."""
    try:
        return base64.b64decode(basic).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return None
