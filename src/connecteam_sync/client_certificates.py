"""Certificates of closed pay periods: the part of the library that proves what was paid by."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from connecteam_sync.config import Settings
from connecteam_sync.core.periods import spelled
from connecteam_sync.core.window import Window
from connecteam_sync.engine.context import Context

if TYPE_CHECKING:
    from connecteam_sync.core.certificates import Certificate, CertificateCheck, CertificateMismatch
    from connecteam_sync.engine.certificates import Certifier

_DECIDE_HOURS = (
    *("timezone", "base_url", "time_clocks", "employees", "orphans", "local_edits", "max_deletes"),
    *("max_deletes_share", "max_deletes_of_person", "max_users_gone_share", "planner", "tables"),
    *("payroll", "pay_schedule"),
)
"""The settings that decide which hours are in the table, and how they are counted."""


class Certificates:
    """Certificates of closed pay periods. Every method raises what `Store` raises."""

    _context: Context
    _settings: Settings

    def certify(self, period: str | Window, *, out: str | Path, by: str | None = None) -> Certificate:
        """Certify a closed period into a folder that is new or empty.

        The folder gets the signed JSON, its signature, the keys that may sign, `rows.csv` without names, and a text on
        how to check all of it without this program; the certificate is noted in the database. What it lists is the
        table at one moment. Certifying again makes another one, which names the one before. `by` is the person, by
        default the user of the operating system. Where a time stamp authority is configured, its time stamp of the
        signature (RFC 3161) is among them.

        Raises CertificateRefused if the period is not closed, the key is another one than before or no time stamp can
        be had; ConfigurationError if the key or the folder cannot be used, WindowError for what names no period.
        """
        self._context.store.columns()  # says so where there are no tables of ours
        self._context.belonging.check_stored()
        return self._certifier.certify(named(period), out, by=by)

    def certificates(self) -> tuple[Certificate, ...]:
        """Every certificate on record, newest first."""
        return self._certifier.certificates()

    def verify_certificate(self, file: str | Path, *, table: bool = False) -> CertificateCheck:
        """Check a certificate by its file: the signature beside it, its place in the chain, its time stamp and
        `rows.csv` if they are there; with `table` also the table of now, row by row. Nothing is written.

        Raises ConfigurationError if the file cannot be read, or is of another company.
        """
        from connecteam_sync.engine.certificate_check import check

        self._context.store.columns()  # same
        return check(self._context.store, file, table=table, time_stamps=self._settings.time_stamps)

    def rotate_certificate_key(
        self, *, old: str | Path | None = None, lost: str | None = None, by: str | None = None
    ) -> Certificate:
        """Go on with the key that is configured now: certified by the file of the `old` one, or, where that is `lost`,
        by nobody but itself; then every later certificate shows the break and its reason.

        Raises CertificateRefused if `old` is not the key in use, or nothing is certified yet; ConfigurationError.
        """
        self._context.store.columns()  # same
        self._context.belonging.check_stored()
        return self._certifier.rotate(old=None if old is None else str(old), lost=lost, by=by)

    def compare_certificates(self) -> Mapping[int, CertificateMismatch | None]:
        """Compare the newest certificate of each period of the last three months with the table, as `serve` does each
        night, and note what differs: the problem `certificate_mismatch` begins and ends by it. By number; None: equal.
        """
        from connecteam_sync.engine.certificate_check import compare_newest

        return {
            one.number: mismatch
            for one, mismatch in compare_newest(self._context.store, self._context.choosing.today())
        }

    @property
    def _certifier(self) -> Certifier:
        from connecteam_sync.engine.certificates import Certifier

        s = self._settings
        return Certifier(
            self._context.store,
            timezone=s.timezone,
            key=s.certificate_key,
            time_stamps=s.time_stamps,
            configuration_hash=configuration_hash(s),
            workweek_start=s.pay_schedule.workweek_start,
        )


def configuration_hash(settings: Settings) -> str:
    """SHA-256 of the settings that decide hours: the same for the same ones, whatever else is configured."""
    chosen = {name: getattr(settings, name) for name in _DECIDE_HOURS}
    return sha256(msgspec.json.encode(chosen, order="sorted")).hexdigest()


def named(period: str | Window) -> str:
    """A period as people name it."""
    return period if isinstance(period, str) else spelled(period)
