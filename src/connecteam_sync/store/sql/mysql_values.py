"""Values of MySQL and MariaDB to and from JSON."""

from __future__ import annotations

from connecteam_sync.store.sql.exact_types import base_of

_SHAPES = {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"}
_SHAPES |= {"geometrycollection", "geomcollection", "vector"}
_BYTES = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"} | _SHAPES
_LETTERS = {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"}
_AS_TEXT = _LETTERS | {"json", "decimal", "numeric", "year"}
_LONG = _SHAPES | {"text", "mediumtext", "longtext", "blob", "mediumblob", "longblob", "json"}
_UNICODE = ("binary", "latin1", "ucs2", "utf16", "utf16le", "utf32", "utf8", "utf8mb3", "utf8mb4")
"""Character sets whose text survives a conversion to utf8mb4 and back, byte for byte."""
_OF_LETTERS = " CHARACTER SET "


def type_of_column() -> str:
    """SQL for a column's type in the catalogue, with its character set if some text in it would not survive a
    conversion to utf8mb4 and back.
    """
    known = ", ".join(f"'{letters}'" for letters in _UNICODE)
    letters = f"concat('{_OF_LETTERS}', character_set_name)"
    return f"concat(column_type, CASE WHEN character_set_name NOT IN ({known}) THEN {letters} ELSE '' END)"


def in_json(value: str, kind: str) -> str:
    """SQL that makes a value fit for JSON. MariaDB copies bits, bytes, leading zeros and text of any collation as they
    are, which makes invalid JSON, and rounds a FLOAT. JSON itself would lose its spelling, a long DECIMAL its last
    digits, a YEAR its zeros.
    """
    base = base_of(kind)
    if base in _BYTES:
        return f"hex({value})"
    if base in _AS_TEXT:
        return f"CAST({value} AS CHAR CHARACTER SET utf8mb4)"
    if base == "float":
        return f"{value} * 1e0"  # a sum would lose the sign of a zero
    return f"{value} + 0" if base == "bit" or "zerofill" in kind.lower() else value


def may_be_cut(kind: str) -> bool:
    """Whether a column may exceed `max_allowed_packet`: MariaDB then puts NULL into the JSON document."""
    return base_of(kind) in _LONG


def from_json(value: str, kind: str) -> str:
    """The inverse of `in_json`, from text; other types are converted on assignment."""
    if base_of(kind) == "bit":
        return f"CAST({value} AS UNSIGNED)"
    return f"unhex({value})" if base_of(kind) in _BYTES else value


def comes_back(value: str, kind: str) -> str | None:
    """A condition that a value survives the way into its image and back; None for types whose values all do."""
    as_text = f"CAST({value} AS CHAR CHARACTER SET utf8mb4)"
    if base_of(kind) == "json":
        # A DECIMAL within a document is written as a number, and read back as a DOUBLE.
        return f"CAST(CAST({as_text} AS JSON) AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin <=> {as_text}"
    letters = kind.partition(_OF_LETTERS)[2]
    return f"hex(CONVERT({as_text} USING {letters})) <=> hex({value})" if letters else None
