"""Plan the decisions of a support bundle again, without a database and without Connecteam. The file is not trusted."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from connecteam_sync.core.decision_inputs import Decided, DecisionInputs
from connecteam_sync.core.shift import Break, Shift
from connecteam_sync.core.support import FORMAT, BundleContent, Look, Replay, ReplayedLook
from connecteam_sync.engine.saved_plan import odd_window
from connecteam_sync.errors import ConfigurationError

PACKED = 64 << 20
"""The most bytes of a file that are read."""
UNPACKED = 256 << 20
"""The most bytes that it may have inside."""
_INSTANTS = (0, 10_000_000_000)
_AGAIN = "make one: connecteam-sync support-bundle"
_GZIP = 31
"""What zlib calls its format of gzip."""
_OF_BAD_INPUTS = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, OSError, RecursionError)
"""What planning raises if the inputs contradict each other, as no database's do."""


def replay(path: str | Path) -> Replay:
    """The decisions of a bundle, made again by this version. Raises ConfigurationError if the file is none."""
    content = _read(Path(path))
    return Replay(
        run=content.run,
        made_by=content.versions.get("connecteam-sync", "?"),
        planner_version=content.versions.get("planner", "?"),
        looks=tuple(_again(look, path) for look in content.looks),
        missing=content.missing,
        names={employee: name for look in content.looks for employee, name in look.inputs.stored.names},
    )


def _read(file: Path) -> BundleContent:
    try:
        with file.open("rb") as opened:
            packed = opened.read(PACKED + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError(f"the bundle {file} cannot be read: {why}", next_step=_AGAIN) from error
    if len(packed) > PACKED:
        raise ConfigurationError(f"{file} has more than {PACKED >> 20} MB: it is no bundle", next_step=_AGAIN)
    try:
        unpacking = zlib.decompressobj(_GZIP)
        text = unpacking.decompress(packed, UNPACKED)
        if not unpacking.eof or unpacking.unused_data:
            raise ConfigurationError(f"{file} is cut off, or larger than a bundle can be", next_step=_AGAIN)
        content = msgspec.json.decode(text, type=BundleContent)
    except (zlib.error, msgspec.DecodeError, ValueError, OverflowError, RecursionError) as error:
        raise ConfigurationError(f"{file} is no bundle of this version: {error}", next_step=_AGAIN) from error
    if content.format != FORMAT:
        raise ConfigurationError(
            f"{file} has the format {content.format}, and this version reads {FORMAT}",
            next_step=f"replay it with the version that made it: {content.versions.get('connecteam-sync', '?')[:20]}",
        )
    return content


def _again(look: Look, path: str | Path) -> ReplayedLook:
    inputs = look.inputs
    odd = next(_oddities(inputs), None)
    if odd is not None:
        raise ConfigurationError(f"{path} cannot be planned: {odd}", next_step=_AGAIN)
    try:
        plan = inputs.planned()
        is_same = inputs.decided is not None and Decided.of(plan) == inputs.decided
    except _OF_BAD_INPUTS as error:
        raise ConfigurationError(
            f"{path} cannot be planned: its inputs contradict each other ({type(error).__name__})", next_step=_AGAIN
        ) from error
    return ReplayedLook(plan=plan, is_same=is_same)


def _oddities(inputs: DecisionInputs) -> Iterator[str]:
    """What no inputs of ours have, a sentence each."""
    yield from odd_window(inputs.window, inputs.window.timezone)
    low, high = _INSTANTS
    stored = inputs.stored
    punches: list[Shift | Break] = [*inputs.snapshot.shifts, *inputs.snapshot.breaks]
    punches += (*stored.breaks, *stored.breaks_around)
    punches += [mirror.shift for mirror in inputs.stored.mirrors]
    if not all(low < punch.start < high and low < (punch.end or 1) < high for punch in punches):
        yield "it has times that no shift has"
    rows = inputs.stored.rows
    if not all(low < row.clock_in < high and low < (row.clock_out or 1) < high for row in rows):
        yield "it has rows with times that no shift has"
