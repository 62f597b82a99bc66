"""Certificates of closed pay periods: the part of the library that proves what was paid by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from connecteam_sync.config import Settings
from connecteam_sync.store.store import Store

if TYPE_CHECKING:
    from connecteam_sync.core.certificates import Certificate, CertificateCheck, CertificateMismatch
    from connecteam_sync.engine.certificates import Certifier

_DECIDE_HOURS = (
    *("timezone", "base_url", "time_clocks", "employees", "orphans", "local_edits", "max_deletes"),
    *("max_deletes_share", "max_deletes_of_person", "max_users_gone_share", "planner", "tables", "payroll"),
)
"""The settings that decide which hours are in the table, and how they are counted."""


class Certificates:
    """Certificates of closed pay periods. Every method raises what `Store` raises."""

    _settings: Settings
    _store: Store
    _require_account: Callable[[], None]
    _today: Callable[[], date]

    def certify(self, first: date, last: date | None = None, *, out: str | Path, by: str | None = None) -> Certificate:
        """Certify the closed period that begins on a local day, into a folder that is new or empty.

        The folder gets the signed JSON, its signature, the keys that may sign, `rows.csv` without names, and a text on
        how to check all of it without this program; the certificate is noted in the database. What it lists is the
        table at one moment. Certifying again makes another one, which names the one before. `last` only checks that the
        period is the one that is meant; `by` is the person, by default the user of the operating system.

        Raises CertificateRefused if the period is not closed or the key is another one than before;
        ConfigurationError if the key or the folder cannot be used.
        """
        self._store.columns()  # says so where there are no tables of ours
        self._require_account()
        return self._certifier.certify(first, last, out, by=by)

    def certificates(self) -> tuple[Certificate, ...]:
        """Every certificate on record, newest first."""
        return self._certifier.certificates()

    def verify_certificate(self, file: str | Path, *, table: bool = False) -> CertificateCheck:
        """Check a certificate by its file: the signature beside it, its place in the chain, `rows.csv` if it is there;
        with `table` also the table of now, row by row. Nothing is written.

        Raises ConfigurationError if the file cannot be read, or is of another company.
        """
        from connecteam_sync.engine.certificate_check import check

        self._store.columns()  # same
        return check(self._store, file, table=table)

    def rotate_certificate_key(
        self, *, old: str | Path | None = None, lost: str | None = None, by: str | None = None
    ) -> Certificate:
        """Go on with the key that is configured now: certified by the file of the `old` one, or, where that is `lost`,
        by nobody but itself; then every later certificate shows the break and its reason.

        Raises CertificateRefused if `old` is not the key in use, or nothing is certified yet; ConfigurationError.
        """
        self._store.columns()  # same
        self._require_account()
        return self._certifier.rotate(old=None if old is None else str(old), lost=lost, by=by)

    def compare_certificates(self) -> Mapping[int, CertificateMismatch | None]:
        """Compare the newest certificate of each period of the last three months with the table, as `serve` does each
        night, and note what differs: the problem `certificate_mismatch` begins and ends by it. By number; None: equal.
        """
        from connecteam_sync.engine.certificate_check import compare_newest

        return {one.number: mismatch for one, mismatch in compare_newest(self._store, self._today())}

    @property
    def _certifier(self) -> Certifier:
        from connecteam_sync.engine.certificates import Certifier

        s = self._settings
        return Certifier(
            self._store, timezone=s.timezone, key=s.certificate_key, configuration_hash=configuration_hash(s)
        )


def configuration_hash(settings: Settings) -> str:
    """SHA-256 of the settings that decide hours: the same for the same ones, whatever else is configured."""
    chosen = {name: getattr(settings, name) for name in _DECIDE_HOURS}
    return sha256(msgspec.json.encode(chosen, order="sorted")).hexdigest()
