"""Timesheets as files: one, or a folder with one for each person, written as a whole or not at all."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from connecteam_sync.core.keys import RowId
from connecteam_sync.engine.certificate_pack import Pack
from connecteam_sync.engine.private_file import write_private

_LONGEST = 80
"""Characters of a text key in the name of a file."""


def save(sheets: Iterable[tuple[RowId, str]], out: str | Path, *, kind: str, is_folder: bool) -> tuple[Path, ...]:
    """Write timesheets, each with the key of its employee: the one to a file, in the place of an older one; or all of
    them to a folder that is new or empty, as `timesheet-KEY.KIND`. Only their owner can read them.

    Raises ConfigurationError if they cannot be written.
    """
    contents = {key: text.encode(errors="replace") for key, text in sheets}
    if not is_folder:
        for content in contents.values():
            write_private(out, content, what="timesheet")
        return (Path(out),)
    names = {f"timesheet-{_name(key)}.{kind}": content for key, content in contents.items()}
    with Pack(out, what="timesheets are") as pack:
        pack.write(names)
        pack.place()
    return tuple(Path(out) / name for name in names)


def _name(key: RowId) -> str:
    """A key as a part of a file's name: text cannot leave the folder, nor be taken for another one's."""
    if isinstance(key, int):
        return str(key)
    digest = sha256(key.encode(errors="replace")).hexdigest()[:8]
    return f"{quote(key.encode(errors='replace'), safe='').replace('.', '%2E')[:_LONGEST]}-{digest}"
