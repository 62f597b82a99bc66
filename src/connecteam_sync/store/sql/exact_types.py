"""Values of the host's columns in JSON documents, and the types that differ in how they are kept there."""

from __future__ import annotations

from typing import Literal

import msgspec

Form = Literal["truth", "number", "bit", "words"]
"""How a column represents true and false; `truth`: as the database itself does."""
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
    """Whether a type holds text; on SQLite by its rules of type affinity."""
    base = base_of(kind)
    return base in LETTERS or any(part in kind.lower() for part in ("char", "clob", "text"))


_RAW = msgspec.json.Decoder(dict[str, msgspec.Raw])


def columns_in(image: str | None) -> dict[str, bytes]:
    """The values of an image by column, as they are spelled: two long numbers may be the same float, or no float."""
    return {name: bytes(value) for name, value in _RAW.decode(image or "{}").items()}


def values_in(image: str) -> dict[str, object]:
    """The values of an image by column; a number that is too large for a float as its digits."""
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
    """Truth values as numbers, which every database accepts; nested JSON as text."""
    if isinstance(value, bool):
        return int(value)
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value


# -- into JSON ---------------------------------------------------------------------------------------------------------


# -- and back ----------------------------------------------------------------------------------------------------------
