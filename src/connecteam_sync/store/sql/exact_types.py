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


def base_of(kind: str) -> str:
    """A type without its width and its attributes: `int` of `int(10) unsigned zerofill`."""
    return kind.lower().split("(")[0].split(" ")[0]


def is_text(kind: str) -> bool:
    """Whether a type holds text; on SQLite as its rules of affinity say."""
    base = base_of(kind)
    return base in LETTERS or any(part in kind.lower() for part in ("char", "clob", "text"))


_RAW = msgspec.json.Decoder(dict[str, msgspec.Raw])


def columns_in(image: str | None) -> dict[str, bytes]:
    """What an image says of each column, as it is spelled: two long numbers may be the same float, or none at all."""
    return {name: bytes(value) for name, value in _RAW.decode(image or "{}").items()}


def values_in(image: str) -> dict[str, object]:
    """What an image says of each column; of a number that is too large for one, its digits."""
    try:
        return msgspec.json.decode(image, type=dict[str, object])
    except msgspec.DecodeError:
        return {name: _value(raw) for name, raw in columns_in(image).items()}


def _value(raw: bytes) -> object:
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return raw.decode()


def plain_member(value: object) -> object:
    """Truth values as the numbers every database takes; nested JSON as text."""
    if isinstance(value, bool):
        return int(value)
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value


# -- into JSON ---------------------------------------------------------------------------------------------------------


# -- and back ----------------------------------------------------------------------------------------------------------
