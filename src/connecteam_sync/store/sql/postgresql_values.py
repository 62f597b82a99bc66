"""Values of PostgreSQL as JSON can hold them, and back."""

from __future__ import annotations

from connecteam_sync.store.sql.exact_types import base_of

_PLAIN = {"smallint", "integer", "bigint", "numeric", "money", "text", "character", "name", "uuid"}
_PLAIN |= {"boolean", "date", "time", "timestamp", "interval", "bytea", "bit", "inet", "cidr", "macaddr", "oid"}
_PLAIN |= {
    '"char"',
    "bpchar",
    "citext",
    "point",
    "tsvector",
    "int4range",
    "int8range",
    "numrange",
    "tsrange",
    "tstzrange",
}
_PROVEN = {"json", "jsonb", "real", "double"}
"""Types of PostgreSQL's that come back from their own spelling, whatever they hold."""


def is_spelled(kind: str) -> bool:
    """Whether a type of PostgreSQL's may lose something in a JSON document, so that its own spelling is kept: what is
    JSON itself (blanks, a null that is no NULL), the first line of an XML, a zero below zero, composites, and whatever
    is not known here.
    """
    base = base_of(kind)
    return bool(kind) and base not in _PLAIN and base.removesuffix("[]") not in _PLAIN


def spelled_in_json(value: str, kind: str) -> str:
    """PostgreSQL's own spelling of a value; an array has one in JSON, unless it is counted from another number than 1.

    It is read back as any other: an array of JSON may be a text.
    """
    text = f"CAST({value} AS text)"
    return text if is_spelled(kind) else f"CASE WHEN {text} LIKE '[%' THEN to_jsonb({text}) ELSE to_jsonb({value}) END"


def comes_back(value: str, kind: str) -> str | None:
    """The same of PostgreSQL, whose types are as many as somebody makes."""
    if not is_spelled(kind) or base_of(kind) in _PROVEN:
        return None
    again = f"CAST(CAST({value} AS text) AS {kind})"
    return f"pg_catalog.record_image_eq(ROW({again}), ROW(CAST({value} AS {kind})))"
