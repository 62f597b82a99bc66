"""The pictures of the documents: small, there, and the same as the browser drew them."""

from __future__ import annotations

import re
import struct
import sys
import zlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT / "tools"))

from screenshots.png import with_palette  # noqa: E402 - a tool is no package of ours

PICTURES = ROOT / "docs" / "pictures"
LARGEST = 60_000
WIDTH, HEIGHT = 5, 5
COLOURS = [(10 * x, 40 * y, (7 * x * y) % 251) for y in range(HEIGHT) for x in range(WIDTH)]


def test_the_page_shows_every_picture_that_is_kept_and_each_is_small() -> None:
    """None that no page shows is kept, and none is missing."""
    shown = set(re.findall(r"\]\(pictures/([\w-]+\.png)\)", (ROOT / "docs" / "console.md").read_text()))
    assert shown == {file.name for file in PICTURES.iterdir()}
    for file in PICTURES.iterdir():
        assert file.stat().st_size <= LARGEST, file.name


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _filtered(kind: int, channels: int) -> bytes:
    """The colours as a browser may write them, each row filtered by `kind`, as the standard has it."""
    rows = [
        b"".join(bytes((*colour, 255)[:channels]) for colour in COLOURS[start : start + WIDTH])
        for start in range(0, len(COLOURS), WIDTH)
    ]
    written, above = b"", bytes(WIDTH * channels)
    for row in rows:
        made = bytearray([kind])
        for place, value in enumerate(row):
            left = row[place - channels] if place >= channels else 0
            corner = above[place - channels] if place >= channels else 0
            up = above[place]
            near = sorted((abs(left + up - corner - one), order) for order, one in enumerate((left, up, corner)))
            guess = (0, left, up, (left + up) // 2, (left, up, corner)[near[0][1]])[kind]
            made.append((value - guess) % 256)
        written, above = written + bytes(made), row
    return written


def _read(png: bytes) -> list[tuple[int, ...]]:
    """The colours of a picture with a palette and without filters."""
    chunks, at = dict[bytes, bytes](), 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        content = png[at + 8 : at + 8 + length]
        assert png[at + 8 + length : at + 12 + length] == struct.pack(">I", zlib.crc32(png[at + 4 : at + 8] + content))
        chunks[png[at + 4 : at + 8]] = content
        at += length + 12
    assert struct.unpack(">IIBBBBB", chunks[b"IHDR"]) == (WIDTH, HEIGHT, 8, 3, 0, 0, 0)
    data, palette = zlib.decompress(chunks[b"IDAT"]), chunks[b"PLTE"]
    numbers = [data[row * (WIDTH + 1) + 1 + x] for row in range(HEIGHT) for x in range(WIDTH)]
    return [tuple(palette[3 * number : 3 * number + 3]) for number in numbers]


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("kind", range(5))
def test_a_picture_keeps_its_colours(kind: int, channels: int) -> None:
    """By each way in which a browser may have written its rows."""
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2 if channels == 3 else 6, 0, 0, 0)
    data = zlib.compress(_filtered(kind, channels))
    png = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")
    assert _read(with_palette(png)) == COLOURS


def test_what_no_browser_writes_is_refused() -> None:
    """Rather than drawn wrongly."""
    head = struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0)
    with pytest.raises(ValueError, match="depth 16"):
        with_palette(b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head))
