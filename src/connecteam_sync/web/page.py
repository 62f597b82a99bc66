"""What a page is given and what it gives: the request as its handler sees it, and the answer in each of its forms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.roles import Ability, Role
from connecteam_sync.core.status import MirrorStatus
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.web.work import Works

Form = Literal["html", "json", "csv"]
LARGEST_ID = 2**63 - 1
_MOST_DIGITS = 19
_YES = frozenset({"yes", "y", "on", "true", "1"})


class Fields(dict[str, str]):
    """The fields of a form: the first value of each name, and by `every` all of them."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__()
        self._pairs = tuple(pairs)
        for name, value in self._pairs:
            self.setdefault(name, value)

    def agrees(self, name: str) -> bool:
        """Whether a field says yes: `anyway=no`, or what is not understood, agrees to nothing."""
        return self.get(name, "").strip().lower() in _YES

    def every(self, name: str) -> tuple[str, ...]:
        """The values of a name that are not empty, in order."""
        return tuple(value.strip() for known, value in self._pairs if known == name and value.strip())


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks. `name` is None for whoever is on this machine while nobody has an account: they may only look."""

    name: str | None
    role: Role
    how: Literal["session", "proxy", "loopback"]


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A request that may be answered: by `client`, which nobody else uses meanwhile. Times are shown in `zone`.

    `params` are of the path, `query` and `form` have the first value of each name.
    """

    client: ConnecteamSync
    visitor: Visitor
    zone: ZoneInfo
    path: str
    now: int
    params: Mapping[str, str] = {}
    query: Mapping[str, str] = {}
    form: Fields = msgspec.field(default_factory=Fields)
    wanted: Form = "html"
    work: Works
    status: Callable[[], MirrorStatus]
    """The state of the mirror as the header shows it: at most a few seconds old."""

    def number(self, name: str, *, least: int = 1) -> int | None:
        """A number of the query or the form; None without one. Raises ConfigurationError for anything else."""
        text = (self.form.get(name) or self.query.get(name) or "").strip()
        return None if not text else number_of(text, name, least=least)

    def required(self, name: str) -> str:
        """A field of the form. Raises ConfigurationError if it is missing or empty."""
        value = self.form.get(name, "").strip()
        if not value:
            raise ConfigurationError(f"{name!r} is missing", next_step=f"fill in the field {name!r}")
        return value


def number_of(text: str, name: str, *, least: int = 1) -> int:
    """A number that a database can hold as an id. Raises ConfigurationError."""
    # The length first: Python refuses to read thousands of digits, with an error of its own.
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and least <= int(text) <= LARGEST_ID:
        return int(text)
    raise ConfigurationError(f"{name!r} is no number: {text[:40]!r}", next_step=f"give a whole number for {name!r}")


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to GET: a template with its members; as JSON what the command answers, as CSV a table.

    A page without `json` or `table` has no such form.
    """

    template: str
    members: Mapping[str, Any] = {}
    json: Mapping[str, Any] | None = None
    table: tuple[Sequence[str], Sequence[Sequence[object]]] | None = None
    status: int = 200


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to an action: the page where its result is seen (a path of ours), and the result for programs."""

    to: str
    json: Mapping[str, Any] = {}


class Download(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to an action that is a file: the browser saves it under `name` (of ours, plain characters only)."""

    name: str
    content: bytes


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A path, what answers there, and what somebody must be able to do to ask. `forms` are those besides HTML."""

    path: str
    handler: Callable[[Ask], Page | Moved | Download]
    ability: Ability = "view"
    is_action: bool = False
    forms: tuple[Form, ...] = ()
    is_open: bool = False
    """Whether whoever is not signed in may ask."""
