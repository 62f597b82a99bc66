"""Lines of a log: text for people, JSON for programs. A line of an event has its fields and nothing else.

Other records that reach the formatter lose every secret that is known or looks like one.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from connecteam_sync.core.events import Event
from connecteam_sync.core.redaction import redacted
from connecteam_sync.core.text import one_line

Form = Literal["text", "json"]


class LogFormatter(logging.Formatter):
    """Formats records of the logger `connecteam_sync`, in one line each, without any of the `secrets`."""

    def __init__(self, form: Form = "text", *, secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._form, self._secrets = form, tuple(secrets)

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        event = getattr(record, "connecteam_event", None)
        values = fields(event) if isinstance(event, Event) else self._other_fields(record)
        values = {name: self._clean(value) for name, value in values.items()}
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        whole = {"at": at, "level": record.levelname.lower(), "process": record.process, **values}
        return json.dumps(whole) if self._form == "json" else _text(whole)

    def _other_fields(self, record: logging.LogRecord) -> dict[str, object]:
        """The fields of a record that is not one of our events."""
        values: dict[str, object] = {"logger": record.name, "message": record.getMessage()}
        if record.exc_info:
            values["exception"] = self.formatException(record.exc_info)
        return values

    def _clean(self, value: object) -> object:
        return redacted(value, self._secrets) if isinstance(value, str) else value


def fields(event: Event) -> dict[str, object]:
    """An event as a flat object of plain values; days of a window and counts are fields of their own."""
    flat: dict[str, object] = {}
    _flatten(msgspec.to_builtins(event), flat)
    return flat


def _flatten(members: Mapping[str, Any], flat: dict[str, object]) -> None:
    for name, value in members.items():
        if name == "window":
            flat |= {"first_day": value["first"], "last_day": value["last"], "timezone": value["timezone"]}
        elif isinstance(value, Mapping):
            _flatten(value, flat)
        else:
            flat[name] = value


def _text(whole: Mapping[str, object]) -> str:
    """`2026-01-31T06:00:00.000Z info slice_done step=mirroring …`; a value with a space in it is quoted."""
    rest = dict(whole)
    head = [str(rest.pop(name)) for name in ("at", "level", "event", "logger") if name in rest]
    tail = [f"{name}={_quoted(value)}" for name, value in rest.items() if value is not None]
    return " ".join((*head, *tail))


def _quoted(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = one_line(str(value))
    return json.dumps(text, ensure_ascii=False) if not text or " " in text or '"' in text else text
