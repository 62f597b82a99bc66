"""Values of PostgreSQL to and from JSON."""

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
"""Types whose values all survive the way into their spelling and back."""


def is_spelled(kind: str) -> bool:
    """Whether values of a type may lose something in a JSON document, so that their own spelling is kept: JSON itself
    (blanks, a JSON null), the first line of an XML document, a negative zero, composites, and every type that is not
    known here.
    """
    base = base_of(kind)
    return bool(kind) and base not in _PLAIN and base.removesuffix("[]") not in _PLAIN


def spelled_in_json(value: str, kind: str) -> str:
    """SQL for PostgreSQL's own spelling of a value. An array is a JSON array, unless it is indexed from another number
    than 1: that one is kept as text, which is read back as well.
    """
    text = f"CAST({value} AS text)"
    return text if is_spelled(kind) else f"CASE WHEN {text} LIKE '[%' THEN to_jsonb({text}) ELSE to_jsonb({value}) END"


def comes_back(value: str, kind: str) -> str | None:
    """A condition that a value survives the way into its image and back; None for types whose values all do."""
    if not is_spelled(kind) or base_of(kind) in _PROVEN:
        return None
    again = f"CAST(CAST({value} AS text) AS {kind})"
    return f"pg_catalog.record_image_eq(ROW({again}), ROW(CAST({value} AS {kind})))"
