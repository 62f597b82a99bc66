"""Failures as answers to a request: the status by the kind of the error, the words of the command."""

from __future__ import annotations

from http import HTTPStatus

from connecteam_sync.errors import (
    ClientInUse,
    ConfigurationError,
    ConnecteamSyncError,
    DatabaseError,
    GuardRefused,
    LockHeld,
    NotFound,
    NotInitialised,
    Refused,
    RowMoved,
    UpstreamError,
    WindowError,
)


class NotAllowed(ConnecteamSyncError):  # noqa: N818 - says what happened
    """Whoever asks may not do this. Nothing was done."""

    exit_code = 4


_STATUSES: tuple[tuple[type[ConnecteamSyncError], HTTPStatus], ...] = (
    (NotAllowed, HTTPStatus.FORBIDDEN),
    (NotFound, HTTPStatus.NOT_FOUND),
    (WindowError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotInitialised, HTTPStatus.SERVICE_UNAVAILABLE),
    (ConfigurationError, HTTPStatus.UNPROCESSABLE_ENTITY),
    (GuardRefused, HTTPStatus.PRECONDITION_FAILED),
    (Refused, HTTPStatus.CONFLICT),
    (RowMoved, HTTPStatus.CONFLICT),
    (LockHeld, HTTPStatus.LOCKED),
)
_ORIGINS: tuple[tuple[type[ConnecteamSyncError], str], ...] = (
    (UpstreamError, "Connecteam"),
    (LockHeld, "another run"),
    (ClientInUse, "load"),
    (DatabaseError, "database"),
    (NotInitialised, "database"),
    (ConfigurationError, "request"),
    (WindowError, "request"),
    (NotFound, "request"),
    (Refused, "refusal"),
    (NotAllowed, "rights"),
)


def status_of(error: ConnecteamSyncError) -> HTTPStatus:
    """The status of a failure: 403, 404, 409 for refusals, 412 guards, 422, 423 while another run writes, else 503."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), HTTPStatus.SERVICE_UNAVAILABLE)


_NAMED = {
    "stale_plan": HTTPStatus.CONFLICT,
    "row_moved": HTTPStatus.CONFLICT,
    "undo_refused": HTTPStatus.CONFLICT,
    "guard_refused": HTTPStatus.PRECONDITION_FAILED,
    "lock_held": HTTPStatus.LOCKED,
}


def status_named(name: str | None) -> HTTPStatus:
    """The status of a failure that stands in a receipt, by its name (`stale_plan`)."""
    return _NAMED.get(name or "", HTTPStatus.SERVICE_UNAVAILABLE)


def origin_of(error: ConnecteamSyncError) -> str:
    """Where a failure comes from, in one word or two."""
    return next((word for kind, word in _ORIGINS if isinstance(error, kind)), "this program")
