"""The webhooks of an account: listed, made, changed, removed (API, section 16)."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from connecteam_sync.api import wire
from connecteam_sync.api.client import Connecteam
from connecteam_sync.errors import BadAnswer

_PATH = "/settings/v1/webhooks"
_PAGE = 100
_MOST = 2_000


class RawWebhook(msgspec.Struct, frozen=True, rename="camel"):
    """A webhook as Connecteam has it. Its secret is never shown."""

    id: Annotated[int, msgspec.Meta(ge=1)]
    url: str
    feature_type: str
    name: str = ""
    entity_id: str | int | None = None
    object_id: int | None = None
    event_types: list[str] = []
    is_disabled: bool = False

    @property
    def time_clock_id(self) -> int | None:
        """The time clock; the text wins over the deprecated number."""
        text = str(self.object_id if self.entity_id is None else self.entity_id)
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None  # noqa: PLR2004 - digits of a column


class _Webhooks(msgspec.Struct):
    webhooks: list[RawWebhook]


class Webhooks:
    """The webhooks of one account. Every method raises UpstreamError."""

    def __init__(self, client: Connecteam) -> None:
        self._client = client

    def all(self) -> tuple[RawWebhook, ...]:
        """Every webhook, by id."""
        found: dict[int, RawWebhook] = {}
        while len(found) < _MOST:
            query: dict[str, str | int] = {"limit": _PAGE, "offset": len(found)}
            page = self._client.get(_PATH, _Webhooks, "the webhooks", query).webhooks
            before = len(found)
            found |= {webhook.id: webhook for webhook in page}
            if len(page) < _PAGE:
                return tuple(found[key] for key in sorted(found))
            if len(found) == before:
                break
        raise BadAnswer("Connecteam's list of webhooks does not end", next_step="try again later")

    def create(self, body: dict[str, Any]) -> RawWebhook:
        """Make one. It is sent once: where no answer comes, it may be there all the same."""
        return wire.data(self._client.write("POST", _PATH, body), RawWebhook, "the new webhook")[0]

    def change(self, webhook: int, body: dict[str, Any]) -> RawWebhook:
        """Change what the body names."""
        return wire.data(self._client.write("PUT", f"{_PATH}/{webhook}", body), RawWebhook, "the webhook")[0]

    def remove(self, webhook: int) -> None:
        """Remove one."""
        self._client.write("DELETE", f"{_PATH}/{webhook}", None)
