"""`/periods/P/export`: a pay period as a file, with its entry of the ledger: what the command does, downloaded."""

from __future__ import annotations

import io
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from connecteam_sync.core.exports import file_name
from connecteam_sync.core.periods import spelled
from connecteam_sync.errors import ExportRefused
from connecteam_sync.web.acting import acting, who
from connecteam_sync.web.page import Ask, Download, Page, Place
from connecteam_sync.web.pages.periods import period_page


def export(ask: Ask) -> Page | Download:
    """Export a closed period, once more with a reason (`again`), or as a draft that is in no ledger.

    The file is written as by the command, in a folder that only the service can read, and removed once it is sent. A
    download that does not arrive is in the ledger all the same: it is made `again`, with that reason. With `manifest`
    it is a zip of the file and the manifest that the command puts beside it.

    Raises WindowError, ConfigurationError for a format that lacks something, RetentionRefused for purged days.
    """
    name, format_ = ask.params["period"], ask.required("format")
    is_draft, again = ask.form.agrees("draft"), ask.form.get("again", "").strip() or None
    window, settings = ask.client.payroll.period(name).window, ask.client.settings
    code = settings.layouts.systems.get(format_, {}).get("company_code", "")
    detail = f"{format_}: {again}" if again else format_
    with TemporaryDirectory(prefix="connecteam-sync-export-") as folder:
        file = Path(folder) / file_name(format_, window, is_draft=is_draft, company_code=code)
        try:
            with acting(ask, "export a pay period", spelled(window), detail) as client:
                done = client.payroll.export(
                    window,
                    format_,
                    file,
                    again=again,
                    draft=is_draft,
                    without_blocked=ask.form.agrees("without_blocked"),
                    by=who(ask),
                )
        except ExportRefused as error:
            return period_page(ask, name, error)
        if ask.form.agrees("manifest") and done.manifest is not None:
            return Download(name=f"{file.name}.zip", content=_zipped(file, Path(done.manifest)))
        return Download(name=file.name, content=file.read_bytes())


def _zipped(*files: Path) -> bytes:
    """Files as a zip, which has the same bytes whenever it is made of them."""
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as packed:
        for file in files:
            packed.writestr(ZipInfo(file.name), file.read_bytes(), ZIP_DEFLATED)
    return buffer.getvalue()


PLACES = (Place(path="/periods/{period}/export", handler=export, ability="pay", is_action=True),)
