"""The formats of exports: what each needs before anything is read, and how the content becomes the bytes of a file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from connecteam_sync.core.export_lines import long_csv
from connecteam_sync.core.exports import EXPORT_FORMATS, ExportFormat
from connecteam_sync.core.layouts.shape import Frame, Layout
from connecteam_sync.core.layouts.systems import LAYOUTS
from connecteam_sync.core.layouts.text import encoded as laid_out
from connecteam_sync.core.payroll_settings import LayoutSettings
from connecteam_sync.core.window import Window
from connecteam_sync.engine.export_tables import parquet, require_package, xlsx
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.tables.host import EmployeesNames

if TYPE_CHECKING:
    from connecteam_sync.engine.export_content import Content

_FILE = "connecteam-sync.toml"


class Chosen(NamedTuple):
    """A format that can be written, the layout if it is one of a payroll system, and whether people have numbers."""

    format: ExportFormat
    layout: Layout | None
    settings: LayoutSettings
    has_numbers: bool

    def frame(self, window: Window, *, is_draft: bool) -> Frame:
        """What is the same in all records of a layout's file."""
        values = self.settings.systems.get(self.format, {})
        return Frame(values, window, bool(self.settings.jobs), self.has_numbers, is_draft)


def chosen(format: str, settings: LayoutSettings, names: EmployeesNames) -> Chosen:  # noqa: A002 - the word that people use
    """A format by its name. Raises ConfigurationError for an unknown one, a package that is not installed, and keys of
    the configuration that a layout needs: each is named.
    """
    known = next((one for one in EXPORT_FORMATS if one == format), None)
    if known is None:
        raise ConfigurationError(
            f"there is no format {format[:60]!r}", next_step=f"use one of: {', '.join(EXPORT_FORMATS)}"
        )
    require_package(known)
    layout = LAYOUTS.get(known)
    if layout is not None:
        _require_keys(known, layout, settings)
        _require_codes(layout, settings)
        if layout.needs_number and names.payroll_id is None:
            raise ConfigurationError(
                f"{layout.title} needs the number of each person, and no column is named that has it;"
                " nothing was exported",
                next_step=f'name it under [tables.employees] in {_FILE}: payroll_id = "file_number"',
            )
    return Chosen(known, layout, settings, names.payroll_id is not None)


def _require_keys(format: ExportFormat, layout: Layout, settings: LayoutSettings) -> None:  # noqa: A002
    given = settings.systems.get(format, {})
    missing = {name: key for name, key in layout.keys.items() if key.is_needed and name not in given}
    if missing:
        examples = ", ".join(f'{name} = "{key.example}"' for name, key in missing.items())
        raise ConfigurationError(
            f"[payroll.{format}] {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set, and"
            f" {layout.title} needs {'it' if len(missing) == 1 else 'them'}; nothing was exported",
            next_step=f"set it under [payroll.{format}] in {_FILE}, like {examples}",
        )
    for name, value in given.items():
        _require_encodable(value, f"[payroll.{format}] {name}", layout)


def _require_codes(layout: Layout, settings: LayoutSettings) -> None:
    for job, code in settings.jobs.items():
        if re.fullmatch(layout.job, code) is None:
            raise ConfigurationError(
                f"[payroll.jobs]: {layout.title} takes no such code: {code[:60]!r}, of job {job[:60]!r};"
                " nothing was exported",
                next_step=f"correct it in {_FILE}; docs/exports.md has the form of codes",
            )
        _require_encodable(code, "[payroll.jobs]", layout)


def _require_encodable(value: str, where: str, layout: Layout) -> None:
    if value.encode(layout.encoding, errors="ignore").decode(layout.encoding) != value:
        raise ConfigurationError(
            f"{where}: {layout.title} has no such characters: {value[:60]!r}; nothing was exported",
            next_step=f"correct it in {_FILE}",
        )


def encoded(content: Content, choice: Chosen, *, is_draft: bool) -> Iterator[bytes]:
    """The bytes of a file, a part at a time."""
    if choice.layout is not None:
        frame = choice.frame(content.window, is_draft=is_draft)
        yield from laid_out(choice.layout, content.entries, frame)
    elif choice.format == "xlsx":
        yield xlsx(content.lines, content.totals, content.window, is_draft=is_draft)
    elif choice.format == "parquet":
        yield parquet(content.lines, content.window, is_draft=is_draft)
    else:
        for text in long_csv(content.lines, content.window, is_draft=is_draft):
            yield text.encode()
