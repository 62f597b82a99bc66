"""Values of somebody's columns as JSON can hold them, and back: exact to the byte, or known not to be."""

from __future__ import annotations

from typing import Literal

import msgspec

Form = Literal["truth", "number", "bit", "words"]
"""How a column says true and false; `truth`: what the database itself takes for it."""
NUMBERS = {"int", "integer", "bigint", "smallint", "mediumint", "tinyint"}
LETTERS = {
    "char",
    "character",
    "bpchar",
    "varchar",
    "nchar",
    "nvarchar",
    "text",
    "tinytext",
    "mediumtext",
    "longtext",
    "clob",
    "citext",
}
NUMERIC = NUMBERS | {"decimal", "numeric", "real", "double", "float"}
_SHAPES = {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon"}
_SHAPES |= {"geometrycollection", "geomcollection", "vector"}
_BYTES = {"binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"} | _SHAPES
_LETTERS = {"char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set"}
_AS_TEXT = _LETTERS | {"json", "decimal", "numeric", "year"}
_LONG = _SHAPES | {"text", "mediumtext", "longtext", "blob", "mediumblob", "longblob", "json"}
_UNICODE = ("binary", "latin1", "ucs2", "utf16", "utf16le", "utf32", "utf8", "utf8mb3", "utf8mb4")
"""Character sets of MySQL and MariaDB of whose text every byte comes back from utf8mb4."""
_OF_LETTERS = " CHARACTER SET "
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


def base_of(kind: str) -> str:
    """A type without its width and its attributes: `int` of `int(10) unsigned zerofill`."""
    return kind.lower().split("(")[0].split(" ")[0]


def is_text(kind: str) -> bool:
    """Whether a type holds text; on SQLite as its rules of affinity say."""
    base = base_of(kind)
    return base in LETTERS or any(part in kind.lower() for part in ("char", "clob", "text"))


def is_spelled(kind: str) -> bool:
    """Whether a type of PostgreSQL's may lose something in a JSON document, so that its own spelling is kept: what is
    JSON itself (blanks, a null that is no NULL), the first line of an XML, a zero below zero, composites, and whatever
    is not known here.
    """
    base = base_of(kind)
    return bool(kind) and base not in _PLAIN and base.removesuffix("[]") not in _PLAIN


def type_of_column() -> str:
    """A column's type in the catalogue of MySQL and MariaDB, as SQL: with its character set, where that is one of which
    some text does not come back from utf8mb4.
    """
    known = ", ".join(f"'{letters}'" for letters in _UNICODE)
    letters = f"concat('{_OF_LETTERS}', character_set_name)"
    return f"concat(column_type, CASE WHEN character_set_name NOT IN ({known}) THEN {letters} ELSE '' END)"


_RAW = msgspec.json.Decoder(dict[str, msgspec.Raw])


def columns_in(image: str | None) -> dict[str, bytes]:
    """What an image says of each column, as it is spelled: two long numbers may be the same float, or none at all."""
    return {name: bytes(value) for name, value in _RAW.decode(image or "{}").items()}


def values_in(image: str) -> dict[str, object]:
    """What an image says of each column; of a number that is too large for one, its digits."""
    try:
        return msgspec.json.decode(image, type=dict[str, object])
    except msgspec.DecodeError:
        return {name: _value(said) for name, said in columns_in(image).items()}


def _value(said: bytes) -> object:
    try:
        return msgspec.json.decode(said)
    except msgspec.DecodeError:
        return said.decode()


def plain_member(value: object) -> object:
    """Truth values as the numbers every database takes; nested JSON as text."""
    if isinstance(value, bool):
        return int(value)
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value


# -- into JSON ---------------------------------------------------------------------------------------------------------


def spelled_in_json(value: str, kind: str) -> str:
    """PostgreSQL's own spelling of a value; an array has one in JSON, unless it is counted from another number than 1.

    It is read back as any other: an array of JSON may be a text.
    """
    text = f"CAST({value} AS text)"
    return text if is_spelled(kind) else f"CASE WHEN {text} LIKE '[%' THEN to_jsonb({text}) ELSE to_jsonb({value}) END"


def mysql_in_json(value: str, kind: str) -> str:
    """MariaDB puts bits, bytes, leading zeros and text of any collation into JSON as they lie, which is none then, and
    rounds a FLOAT. What is JSON itself would lose its spelling, a long DECIMAL its last digits, a YEAR its zeros.
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
    """Whether a column may hold more than `max_allowed_packet`: MariaDB makes a NULL of it on its way into JSON, within
    a document that is whole but for that.
    """
    return base_of(kind) in _LONG


def sqlite_in_json(v: str) -> str:
    """SQLite's columns hold anything: what JSON cannot hold, or not to the last digit, says what it is.

    Each case is looked at only where the one before it is none.
    """
    is_exact = f"abs({v}) < 1e300 AND json_extract(json_array({v}), '$[0]') = {v}"
    # What is no UTF-8 cannot be read at all; plain letters are, without a look at each.
    is_utf8 = f"({v} NOT GLOB '*[^ -~]*' OR connecteam_sync_is_utf8(CAST({v} AS BLOB)))"
    return (
        f"CASE typeof({v}) WHEN 'blob' THEN json_object('blob', hex({v}))"
        f" WHEN 'real' THEN CASE WHEN {is_exact} THEN {v}"
        f" ELSE json_object('real', connecteam_sync_spelled({v})) END"
        f" WHEN 'text' THEN CASE WHEN instr({v}, char(0)) = 0 AND {is_utf8} THEN {v}"
        f" ELSE json_object('text', hex({v})) END"
        f" ELSE {v} END"
    )


# -- and back ----------------------------------------------------------------------------------------------------------


def mysql_from_json(value: str, kind: str) -> str:
    """The way back of `mysql_in_json`, from text; everything else is converted on assignment."""
    if base_of(kind) == "bit":
        return f"CAST({value} AS UNSIGNED)"
    return f"unhex({value})" if base_of(kind) in _BYTES else value


def sqlite_from_json(value: str) -> str:
    """The way back of `sqlite_in_json`; `{value}_is` says what it is."""
    return (
        f"CASE {value}_is WHEN 'blob' THEN connecteam_sync_bytes({value})"
        f" WHEN 'text' THEN CAST(connecteam_sync_bytes({value}) AS TEXT)"
        f" WHEN 'real' THEN connecteam_sync_real({value}) ELSE {value} END"
    )


def mysql_comes_back(value: str, kind: str) -> str | None:
    """That a value is what its image makes of it, to the byte; None of types of which every value is."""
    said = f"CAST({value} AS CHAR CHARACTER SET utf8mb4)"
    if base_of(kind) == "json":
        # A DECIMAL within a document is written as any number, and read as a DOUBLE.
        return f"CAST(CAST({said} AS JSON) AS CHAR CHARACTER SET utf8mb4) COLLATE utf8mb4_bin <=> {said}"
    letters = kind.partition(_OF_LETTERS)[2]
    return f"hex(CONVERT({said} USING {letters})) <=> hex({value})" if letters else None


def postgresql_comes_back(value: str, kind: str) -> str | None:
    """The same of PostgreSQL, whose types are as many as somebody makes."""
    if not is_spelled(kind) or base_of(kind) in _PROVEN:
        return None
    again = f"CAST(CAST({value} AS text) AS {kind})"
    return f"pg_catalog.record_image_eq(ROW({again}), ROW(CAST({value} AS {kind})))"
