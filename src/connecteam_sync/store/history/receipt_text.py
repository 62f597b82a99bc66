"""The receipt of a slice as text: JSON, packed if it is long.

A first look at a company of which nobody is mapped holds every shift, and a server takes no statement above its packet.
"""

from __future__ import annotations

import zlib

import msgspec

from connecteam_sync.core.run import Slice

LONGEST = 1 << 20
"""Bytes of JSON above which a receipt is packed; packed it takes about a tenth."""
_LEVEL = 1


class _Packed(msgspec.Struct, frozen=True):
    """A packed receipt. Its error stays readable for queries."""

    packed: bytes
    error_name: str | None


def text_of(receipt: Slice) -> str:
    """The text that `receipt_of` reads."""
    plain = msgspec.json.encode(receipt)
    if len(plain) > LONGEST:
        plain = msgspec.json.encode(_Packed(packed=zlib.compress(plain, _LEVEL), error_name=receipt.error_name))
    return plain.decode()


def receipt_of(text: str) -> Slice:
    """The receipt of a text."""
    if text.startswith('{"packed":'):
        return msgspec.json.decode(zlib.decompress(msgspec.json.decode(text, type=_Packed).packed), type=Slice)
    return msgspec.json.decode(text, type=Slice)
