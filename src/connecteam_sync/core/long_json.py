"""Large values as JSON, chunk by chunk: the text of a month of shifts is several times as large as the shifts."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

import msgspec

AT_ONCE = 1_000
"""Items of a tuple that are in one chunk."""


def in_chunks(value: msgspec.Struct) -> Iterator[bytes | bytearray]:
    """The JSON of a value, as `msgspec.json.encode` makes it, in chunks."""
    parts: list[tuple[object, ...]] = []
    mark = uuid.uuid4().hex  # so that no text of the value is taken for a place
    outline = msgspec.json.encode(_outline(value, parts, mark))
    for number, items in enumerate(parts):
        before, _, outline = outline.partition(_place(mark, number))
        yield before
        yield from array_in_chunks(items)
    yield outline


def array_in_chunks(items: Collection[object]) -> Iterator[bytes | bytearray]:
    """The same of an array of many items."""
    every, before = iter(items), ord("[")
    while some := list(islice(every, AT_ONCE)):
        text = bytearray()  # to be altered in its place: a copy of each chunk would count
        msgspec.json.Encoder().encode_into(some, text)
        text[0], _ = before, text.pop()
        yield text
        before = ord(",")
    yield b"]" if items else b"[]"


def _place(mark: str, number: int) -> bytes:
    """What stands for a long tuple in the outline."""
    return f'"{mark}:{number}"'.encode()


def _outline(value: msgspec.Struct, parts: list[tuple[object, ...]], mark: str) -> msgspec.Struct:
    """The value with a place for each long tuple within it; these are added to `parts`, in the order of the text."""
    changed: dict[str, Any] = {}
    for field in value.__struct_fields__:
        found = getattr(value, field)
        if isinstance(found, tuple) and len(found) > AT_ONCE:
            changed[field] = msgspec.Raw(_place(mark, len(parts)))
            parts.append(found)
        elif isinstance(found, msgspec.Struct):
            inner = _outline(found, parts, mark)
            if inner is not found:
                changed[field] = inner
    return msgspec.structs.replace(value, **changed) if changed else value
