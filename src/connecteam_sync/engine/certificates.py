"""Certify closed pay periods, and certify further keys. What is listed is of one moment; the folder and the record of a
certificate come to be together.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

from connecteam_sync.core.certificate_chain import AllowedKey, Chain, KeptCertificate, chain_of
from connecteam_sync.core.certificate_words import verify_text
from connecteam_sync.core.certificates import (
    Certificate,
    CertifiedAccount,
    JournalHead,
    KeyPayload,
    PeriodPayload,
    Tool,
    decoded,
    encoded,
    hash_of,
    mismatch_of,
    period_payload,
)
from connecteam_sync.core.certified_rows import moment
from connecteam_sync.core.payroll_settings import TimeStampSettings
from connecteam_sync.engine.certificate_pack import CERTIFICATE, HOW_TO_VERIFY, ROWS, SIGNATURE, SIGNERS, STAMP, Pack
from connecteam_sync.engine.decide import now
from connecteam_sync.engine.operator import acting_name, operator_text
from connecteam_sync.engine.periods import named_days
from connecteam_sync.engine.ssh_signatures import (
    SigningKey,
    allowed_signers,
    fingerprint,
    refusal,
    sign,
    signing_key,
)
from connecteam_sync.engine.time_stamps import time_stamp
from connecteam_sync.errors import CertificateRefused, ConfigurationError, LockHeld
from connecteam_sync.store.history import feed
from connecteam_sync.store.mirror.account import account
from connecteam_sync.store.payroll import certificates, purges
from connecteam_sync.store.session import Session
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.support import require_table
from connecteam_sync.version import __version__

ATTEMPTS = 3
"""How often a period is read again if somebody else certifies at the same time."""
_TOOL = Tool(name="connecteam-sync", version=__version__)
_KEY = "certificate_key of [payroll], or CONNECTEAM_SYNC_CERTIFICATE_KEY_FILE"


class _Read(NamedTuple):
    """What is certified of a period: the payload, its bytes, `rows.csv`, and the chain that it continues."""

    payload: PeriodPayload
    content: bytes
    rows: bytes
    chain: Chain
    at: int


class Certifier:
    """Certificates of one store. `key` is the file of the key; `configuration_hash` is that of what decides hours."""

    def __init__(
        self,
        store: Store,
        *,
        timezone: str,
        key: str | None,
        time_stamps: TimeStampSettings,
        configuration_hash: str,
        workweek_start: str | None = None,
    ) -> None:
        self._store, self._timezone, self._key_file = store, timezone, key
        self._time_stamps = time_stamps
        self._configuration_hash, self._workweek_start = configuration_hash, workweek_start

    # -- a period ------------------------------------------------------------------------------------------------------

    def certify(self, period: str, out: str | Path, *, by: str | None) -> Certificate:
        """Certify a closed period into a new or empty folder; see `Certificates.certify`.

        Raises CertificateRefused if it is not closed, the key is another one than before or no time stamp can be had,
        ConfigurationError for the key or the folder, WindowError for what names no period, LockHeld.
        """
        first, last = named_days(period)
        by = acting_name(by)
        key = self._key()
        with Pack(out) as pack:
            for _ in range(ATTEMPTS):
                read = self._read(first, last, key)
                signature = self._signed(key, read.content, read.at)
                stamp = time_stamp(signature.encode(), self._time_stamps)
                pack.write(self._files(read, key, signature, stamp))
                with self._store.writing("keeping a certificate") as session:
                    closed = self._require_closed(session, first, last)
                    # Opened and closed again meanwhile, it may have other rows than were read.
                    if _head(session) != read.chain.head or closed.event != read.payload.period.event:
                        session.is_given_up = True
                        continue
                    number = self._keep(session, read, signature, key, by)
                    pack.place()
                return _listed(number, read, key, by)
            raise LockHeld(
                "others certify, or close the period again, at the same time", next_step="try again in a minute"
            )

    def _read(self, first: date, last: date | None, key: SigningKey) -> _Read:
        """All that is certified, read at one moment."""
        with self._store.reading_at_one_moment("reading what is certified") as session:
            require_table(session.host, session.columns, session.dialect)
            closed = self._require_closed(session, first, last)
            chain = chain_on_record(session)
            _require_same_key(chain, key)
            at = _moment_after(chain)
            how, counted = certificates.closing(session, closed, workweek_start=self._workweek_start)
            entry = feed.head(session)
            payload, rows = period_payload(
                certificates.certified_rows(session, closed.window),
                account=account_of(session),
                at=at,
                chain=chain.next_link,
                configuration_hash=self._configuration_hash,
                corrections=certificates.corrections(session, closed.window),
                counted={one.employee_id: one for one in counted if one.employee_id is not None},
                holds=certificates.holds(session, closed.window),
                journal=JournalHead(number=0) if entry is None else JournalHead(number=entry[0], hash=entry[1]),
                period=how,
                time_clocks=certificates.clocks(session, closed.window),
                tool=_TOOL,
            )
        return _Read(payload, encoded(payload), rows, chain, at)

    def _require_closed(self, session: Session, first: date, last: date | None) -> certificates.StoredPeriod:
        # No two periods on record share a day, and one keeps its days' zone where the business moved to another.
        found = certificates.period(session, first)
        named = f"{first}" if last is None else f"{first}..{last}"
        if found is not None and last is not None and found.window.last != last:
            raise CertificateRefused(
                f"the period that begins on {first} is {found.window}, and not {named}",
                next_step=f"name it by its first day: connecteam-sync certify {first} --out FOLDER",
            )
        if found is None or found.state != "closed":
            raise CertificateRefused(
                f"the period {named} ({self._timezone}) is not closed, so its hours may still change",
                next_step=f"connecteam-sync periods check {named}, then connecteam-sync periods close {named}",
            )
        purges.require_kept(session, found.window, "is not certified")
        return found

    def _files(self, read: _Read, key: SigningKey, signature: str, stamp: bytes | None) -> dict[str, bytes]:
        text = verify_text(
            read.payload,
            payload_hash=hash_of(read.content),
            fingerprint=fingerprint(key.public),
            public=key.public,
            is_stamped=stamp is not None,
        )
        keys = read.chain.keys or (AllowedKey(public=key.public),)
        return {
            CERTIFICATE: read.content,
            SIGNATURE: signature.encode(),
            **({} if stamp is None else {f"{SIGNATURE}{STAMP}": stamp}),
            SIGNERS: allowed_signers(keys).encode(),
            ROWS: read.rows,
            HOW_TO_VERIFY: text.encode(),
            **self._keys_certified(read.chain),
        }

    def _keys_certified(self, chain: Chain) -> dict[str, bytes]:
        """What was signed of each further key, so that whoever trusts the first one can follow."""
        files: dict[str, bytes] = {}
        of_keys = [(position, one) for position, one in enumerate(chain.kept, 1) if one.is_of_a_key]
        if of_keys:
            with self._store.reading("reading the certificates of keys") as session:
                for position, one in of_keys:
                    files[f"key-{position}.json"] = certificates.payload(session, one.number)
                    files[f"key-{position}.json.sig"] = one.signature.encode()
        return files

    @staticmethod
    def _keep(session: Session, read: _Read, signature: str, key: SigningKey, by: str) -> int:
        return certificates.keep(
            session,
            read.payload,
            read.content,
            at=read.at,
            by=by,
            payload_hash=hash_of(read.content),
            signature=signature,
            public_key=key.public,
        )

    # -- keys ----------------------------------------------------------------------------------------------------------

    def rotate(self, *, old: str | None, lost: str | None, by: str | None) -> Certificate:
        """Certify the configured key in the place of the one before, by `old` (its file), or as `lost` (why).

        Raises CertificateRefused if there is nothing to replace or `old` is not the key in use, ConfigurationError,
        LockHeld.
        """
        by = acting_name(by)
        reason = None if lost is None else operator_text("reason", lost)
        if (old is None) == (reason is None):
            raise ConfigurationError(
                "the key before is either there or lost",
                next_step="certificate rotate-key --old FILE, or --lost REASON",
            )
        new = self._key()
        signer = new if old is None else signing_key(old)
        for _ in range(ATTEMPTS):
            with self._store.reading_at_one_moment("reading the chain of certificates") as session:
                chain = chain_on_record(session)
                whose = account_of(session)
            old_key = _require_replaceable(chain, new, signer if old is not None else None)
            at = _moment_after(chain)
            made = KeyPayload(
                account=whose,
                certified_at=moment(at),
                chain=chain.next_link,
                new_key=new.public,
                old_key=old_key,
                reason=reason,
                tool=_TOOL,
            )
            content = encoded(made)
            signature = self._signed(signer, content, at)
            with self._store.writing("keeping the certificate of a key") as session:
                if _head(session) != chain.head:
                    session.is_given_up = True
                    continue
                number = certificates.keep(
                    session,
                    made,
                    content,
                    at=at,
                    by=by,
                    payload_hash=hash_of(content),
                    signature=signature,
                    public_key=signer.public,
                )
            return Certificate(
                number=number,
                at=at,
                by=by,
                hash=hash_of(content),
                previous=made.chain.previous,
                key=fingerprint(signer.public),
                new_key=fingerprint(new.public),
            )
        raise LockHeld("others certify at the same time", next_step="try again in a minute")

    def _key(self) -> SigningKey:
        if self._key_file is None:
            raise ConfigurationError(
                f"no key for certificates is configured ({_KEY})",
                next_step="make one: ssh-keygen -t ed25519 -N '' -C connecteam-sync -f KEYFILE, and name KEYFILE there",
            )
        return signing_key(self._key_file)

    @staticmethod
    def _signed(key: SigningKey, content: bytes, at: int) -> str:
        """The signature, which is checked at once: an agent may hold another key under that name."""
        signature = sign(key, content)
        why = refusal(content, signature, [AllowedKey(public=key.public)], at=at)
        if why is not None:
            raise ConfigurationError(
                f"the signature does not hold, so nothing was certified: {why}",
                next_step=f"see that {key.file} and its other half belong together: ssh-keygen -l -f {key.file}",
            )
        return signature

    # -- what is on record ---------------------------------------------------------------------------------------------

    def certificates(self) -> tuple[Certificate, ...]:
        """Every certificate, newest first."""
        with self._store.reading("reading the certificates") as session:
            chain = chain_on_record(session)
        return tuple(
            Certificate(
                number=one.number,
                at=one.at,
                by=one.by,
                hash=one.payload_hash,
                previous=one.previous_hash,
                key=fingerprint(one.public_key),
                period=None if one.is_of_a_key else (one.first, one.last, one.timezone),
                new_key=fingerprint(chain.new_keys[one.number]) if one.number in chain.new_keys else None,
                mismatch=None if one.mismatch is None else mismatch_of(one.mismatch),
            )
            for one in reversed(chain.kept)
        )


def _listed(number: int, read: _Read, key: SigningKey, by: str) -> Certificate:
    period = read.payload.period
    return Certificate(
        number=number,
        at=read.at,
        by=by,
        hash=hash_of(read.content),
        previous=read.payload.chain.previous,
        key=fingerprint(key.public),
        period=(period.first, period.last, period.timezone),
    )


def account_of(session: Session) -> CertifiedAccount:
    """Whose hours the database holds."""
    known = account(session)
    if known is None:
        return CertifiedAccount(time_clocks=())
    return CertifiedAccount(
        company_id=known.company_id, region=known.region, time_clocks=tuple(sorted(known.time_clocks))
    )


def chain_on_record(session: Session) -> Chain:
    """The chain of the certificates on record."""
    every = certificates.kept(session)
    of_keys: dict[int, KeyPayload] = {}
    for one in every:
        if one.is_of_a_key:
            try:
                made = decoded(certificates.payload(session, one.number))
            except ValueError:
                continue  # `chain_of` says that it is not there
            if isinstance(made, KeyPayload):
                of_keys[one.number] = made
    return chain_of(every, of_keys)


def _head(session: Session) -> KeptCertificate | None:
    every = certificates.kept(session)
    return every[-1] if every else None


def _moment_after(chain: Chain) -> int:
    """Now; never before the certificate before, whatever the clock of this machine says."""
    return now() if chain.head is None else max(now(), chain.head.at)


def _require_same_key(chain: Chain, key: SigningKey) -> None:
    if chain.faults:
        raise CertificateRefused(
            f"the chain of certificates on record is broken: {chain.faults[0]}",
            next_step="find out who altered the table of certificates, and restore it from a backup",
        )
    if chain.key is not None and chain.key != key.public:
        raise CertificateRefused(
            f"the key {fingerprint(key.public)} is not the one of the certificate before, {fingerprint(chain.key)}",
            next_step="connecteam-sync certificate rotate-key --old FILE certifies it by the old one;"
            " --lost REASON if that is lost",
        )


def _require_replaceable(chain: Chain, new: SigningKey, old: SigningKey | None) -> str:
    """The key in use, which `new` replaces."""
    if chain.key is None:
        raise CertificateRefused(
            "nothing is certified yet, so there is no key to replace",
            next_step="connecteam-sync certify PERIOD --out FOLDER begins with the configured key",
        )
    if chain.key == new.public:
        raise CertificateRefused(
            f"the configured key {fingerprint(new.public)} is in use already",
            next_step=f"configure the new one first: {_KEY}",
        )
    if old is not None and old.public != chain.key:
        raise CertificateRefused(
            f"{old.file} is the key {fingerprint(old.public)}, and in use is {fingerprint(chain.key)}",
            next_step="name the file of that one with --old",
        )
    _require_same_key(Chain(faults=chain.faults), new)
    return chain.key
