"""The paths that register webhooks: who is told of which events of which time clock."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from connecteam_sync.sandbox.answers import domain_error, enveloped, model_error
from connecteam_sync.sandbox.company import Company
from connecteam_sync.sandbox.query import whole

REQUESTS = ("admin_approved", "auto_approved")
TIME_ACTIVITY_EVENTS = (
    "clock_in",
    "clock_out",
    "auto_clock_out",
    "admin_add",
    "admin_edit",
    "admin_delete",
    "admin_declined_request",
    *(
        f"{who}_{what}"
        for who in REQUESTS
        for what in (
            "add_request",
            "edit_request",
            "delete_request",
            "clock_out_outside_geo_fence_request",
            "clock_out_without_nfc_request",
        )
    ),
)
"""The 17 events of the publisher's document."""
NEWER_EVENTS = (
    "user_add_request",
    "user_edit_request",
    "user_delete_request",
    "admin_declined_add_request",
    "admin_declined_edit_request",
    "admin_declined_delete_request",
    "admin_day_locked",
    "admin_day_unlocked",
    "user_timesheet_submitted",
    "user_timesheet_unsubmitted",
    "user_timesheet_approved",
    "user_timesheet_reopened",
)
"""Events that are in no document; their bodies are unproven (API, section 16)."""
USER_EVENTS = (
    "user_created",
    "user_updated",
    "user_deleted",
    "user_archived",
    "user_restored",
    "user_promoted",
    "user_demoted",
)
EVENTS = {"time_activity": {*TIME_ACTIVITY_EVENTS, *NEWER_EVENTS}, "users": set(USER_EVENTS)}
"""The events of each feature."""
RETRY_LIMIT = 3
"""How often a delivery is tried in all."""


class Create(msgspec.Struct):
    """The body of POST webhooks."""

    name: str
    url: Annotated[str, msgspec.Meta(min_length=1)]
    featureType: str  # noqa: N815 - the API's spelling
    eventTypes: Annotated[list[str], msgspec.Meta(min_length=1)]  # noqa: N815 - the API's spelling
    entityId: str | None = None  # noqa: N815 - the API's spelling
    objectId: int | None = None  # noqa: N815 - the API's spelling
    secretKey: str | None = None  # noqa: N815 - the API's spelling
    isDisabled: bool = False  # noqa: N815 - the API's spelling
    webhookVersion: int = 1  # noqa: N815 - the API's spelling


@dataclass
class Subscription:
    """A registered webhook; the secret is never shown."""

    id: int
    made_at: int
    asked: Create

    @property
    def clock(self) -> int | None:
        """The time clock it is for; the text wins over the deprecated number."""
        text = self.asked.entityId
        return self.asked.objectId if text is None else int(text)

    def hears(self, feature: str, event: str, clock: int | None) -> bool:
        """Whether an event goes to it."""
        return (
            not self.asked.isDisabled
            and self.asked.featureType == feature
            and event in self.asked.eventTypes
            and (feature != "time_activity" or self.clock == clock)
        )


class Subscriptions:
    """The registered webhooks of a company and their handlers."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.all: dict[int, Subscription] = {}
        self._made = 0

    def hearing(self, feature: str, event: str, clock: int | None) -> Iterable[Subscription]:
        """Those that an event goes to, as they are now."""
        return [one for one in list(self.all.values()) if one.hears(feature, event, clock)]

    async def list(self, request: Request) -> Response:
        """A page of the webhooks."""
        limit, offset = whole(request, "limit", 10, low=1, high=100), whole(request, "offset", 0)
        feature = request.query_params.get("featureType")
        chosen = [one for one in self.all.values() if feature in {None, one.asked.featureType}]
        page = chosen[offset : offset + limit]
        shown = [self._shown(one) | {"origin": "organic"} for one in page]
        return enveloped({"webhooks": shown}, paging={"offset": offset + len(page), "total": len(chosen)})

    async def create(self, request: Request) -> Response:
        """Register a webhook; a repeated request registers another one."""
        read = self._read(await request.body(), {}, request)
        if isinstance(read, Response):
            return read
        self._made += 1
        self.all[self._made] = Subscription(self._made, self.company.time.now(), read)
        return enveloped(self._shown(self.all[self._made]))

    async def one(self, request: Request) -> Response:
        """A webhook by id: shown, changed in part, or deleted."""
        found = self.all.get(request.path_params["webhook"])
        if found is None:
            return domain_error(404, "webhook not found", request.url.path)
        if request.method == "DELETE":
            del self.all[found.id]
            return enveloped({})
        if request.method == "PUT":
            read = self._read(await request.body(), msgspec.to_builtins(found.asked), request)
            if isinstance(read, Response):
                return read
            found.asked = read
        return enveloped(self._shown(found))

    def _read(self, body: bytes, before: dict[str, Any], request: Request) -> Create | Response:
        """The body over what was there before (absent and null members stay), or the refusal."""
        path = request.url.path
        try:
            given = msgspec.json.decode(body, type=dict[str, Any])
            kept = {name: value for name, value in given.items() if value is not None}
            if "objectId" in kept and "entityId" not in kept:
                before = before | {"entityId": None}
            asked = msgspec.convert(before | kept, Create)
        except msgspec.DecodeError as error:
            return model_error("", str(error), path, body=True)
        if not _may_be_told(asked.url):
            return model_error("url", "must be https (or http of this machine, in the sandbox)", path, body=True)
        known = EVENTS.get(asked.featureType)
        if known is None:
            return model_error("featureType", f"must be one of {', '.join(sorted(EVENTS))}", path, body=True)
        if unknown := set(asked.eventTypes) - known:
            return model_error("eventTypes", f"unknown: {', '.join(sorted(unknown))}", path, body=True)
        return asked if asked.featureType == "users" else self._of_clock(asked, path)

    def _of_clock(self, asked: Create, path: str) -> Create | Response:
        """The body if it names a time clock, or the refusal."""
        entity = str(asked.objectId) if asked.entityId is None else asked.entityId
        if entity in {str(clock) for clock in self.company.clocks}:
            return asked
        return model_error("entityId", "must be the id of a time clock", path, body=True)

    def _shown(self, one: Subscription) -> dict[str, Any]:
        shown: dict[str, Any] = msgspec.to_builtins(one.asked)
        del shown["secretKey"]
        return {
            "id": one.id,
            **{name: value for name, value in shown.items() if value is not None},
            "userId": min(self.company.people),
            "timeCreated": one.made_at,
            "retryLimit": RETRY_LIMIT,
        }


def is_of_this_machine(url: str) -> bool:
    """Whether a URL's host is a loopback address, or `localhost`."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _may_be_told(url: str) -> bool:
    """Whether a webhook may be registered at a URL."""
    try:
        parts = urlsplit(url)
        reached = parts.hostname is not None and parts.port != 0
    except ValueError:  # brackets or a port that cannot be read
        return False
    return reached and (parts.scheme == "https" or (parts.scheme == "http" and is_of_this_machine(url)))
