"""PNG files with a palette: pages have few colours, so a picture of one becomes a third as large."""

from __future__ import annotations

import struct
import zlib
from collections import Counter
from collections.abc import Iterator

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {2: 3, 6: 4}
"""Bytes of a pixel, by the colour type that a browser writes: RGB or RGBA."""
_MOST = 256
_DEPTH = 8
_LEFT, _UP, _MEAN = 1, 2, 3
"""How a row was filtered: by the pixel left of each, above it, or the mean of both; 4 takes the likeliest of them."""

Pixel = tuple[int, ...]


def with_palette(png: bytes) -> bytes:
    """The same picture in at most 256 colours: those that are seen most; each other one becomes the nearest of them."""
    width, height, channels, data = _read(png)
    rows = [
        list(zip(row[::channels], row[1::channels], row[2::channels], strict=True))
        for row in _unfiltered(data, width * channels, height, channels)
    ]
    seen = Counter[Pixel]()
    for row in rows:
        seen.update(row)
    kept = [colour for colour, _ in seen.most_common(_MOST)]
    number = {colour: place for place, colour in enumerate(kept)}
    for colour in seen:
        if colour not in number:
            number[colour] = min(range(len(kept)), key=lambda place: _apart(kept[place], colour))
    packed = b"".join(b"\0" + bytes(number[pixel] for pixel in row) for row in rows)
    head = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    return _SIGNATURE + b"".join(
        (
            _chunk(b"IHDR", head),
            _chunk(b"PLTE", b"".join(bytes(colour) for colour in kept)),
            _chunk(b"IDAT", zlib.compress(packed, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _apart(one: Pixel, other: Pixel) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _read(png: bytes) -> tuple[int, int, int, bytes]:
    """Width, height, bytes of a pixel, and the filtered rows. Raises ValueError for what a browser does not write."""
    width = height = channels = 0
    packed, at = b"", len(_SIGNATURE)
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, content = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", content)
            if depth != _DEPTH or colour not in _CHANNELS or interlaced:
                raise ValueError(f"a PNG of depth {depth}, colour type {colour}, interlaced {interlaced}")
            channels = _CHANNELS[colour]
        elif kind == b"IDAT":
            packed += content
        at += length + 12
    return width, height, channels, zlib.decompress(packed)


def _unfiltered(data: bytes, length: int, height: int, channels: int) -> Iterator[bytes]:
    """The rows of pixels; each was written as its difference from what is left of and above it."""
    above = bytes(length)
    for number in range(height):
        start = number * (length + 1)
        row = bytearray(data[start + 1 : start + 1 + length])
        kind = data[start]
        if kind == _UP:
            row = bytearray((now + up) & 255 for now, up in zip(row, above, strict=True))
        elif kind:
            for place in range(length):
                left = row[place - channels] if place >= channels else 0
                corner = above[place - channels] if place >= channels else 0
                row[place] = (row[place] + _guess(kind, left, above[place], corner)) & 255
        above = bytes(row)
        yield above


def _guess(kind: int, left: int, up: int, corner: int) -> int:
    if kind == _LEFT:
        return left
    if kind == _MEAN:
        return (left + up) // 2
    best = left + up - corner
    away = abs(best - left), abs(best - up), abs(best - corner)
    return (left, up, corner)[away.index(min(away))]
