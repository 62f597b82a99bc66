"""Check a certificate: its signature, its place in the chain, and the table row by row. Nothing is written but how the
table differs from the newest ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

from connecteam_sync.core.certificate_chain import KeptCertificate, faults_of, is_as_signed
from connecteam_sync.core.certificates import (
    CertificateCheck,
    CertificateMismatch,
    CertifiedCorrection,
    KeyPayload,
    PeriodPayload,
    decoded,
    hash_of,
    mismatch_of,
)
from connecteam_sync.core.certified_rows import (
    CertificateDifference,
    CertifiedRow,
    differing_people,
    differing_rows,
    in_order,
    instant_of,
    moment,
    people_of,
    rows_of_csv,
)
from connecteam_sync.core.payroll_settings import TimeStampSettings
from connecteam_sync.core.problems import PROOF_FORGOTTEN
from connecteam_sync.core.text import hours
from connecteam_sync.core.window import Window
from connecteam_sync.engine.certificate_pack import ROWS, STAMP
from connecteam_sync.engine.certificates import account_of, chain_on_record
from connecteam_sync.engine.decide import now
from connecteam_sync.engine.ssh_signatures import is_whole, refusal
from connecteam_sync.engine.time_stamps import stamped
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.store.payroll import certificates, purges
from connecteam_sync.store.session import Session
from connecteam_sync.store.store import Store
from connecteam_sync.store.tables.support import require_table

_NAMED = 20
"""How many people a mismatch on record names."""


class _Files:
    """A certificate and what stands beside it."""

    def __init__(self, path: str | Path) -> None:
        file = Path(path)
        self.content = _bytes_of(file)
        self.signature = _or_none(file.with_name(f"{file.name}.sig"))
        self.stamp = _or_none(file.with_name(f"{file.name}.sig{STAMP}"))
        self.rows = _or_none(file.with_name(ROWS))

    @property
    def signed(self) -> str:
        """The signature as text; what is none stays none."""
        return (self.signature or b"").decode("utf-8", errors="replace")


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError(
            f"the certificate {file} cannot be read: {why}", next_step="name certificate.json of its folder"
        ) from error


def _or_none(file: Path) -> bytes | None:
    return _bytes_of(file) if file.is_file() else None


def check(store: Store, path: str | Path, *, table: bool, time_stamps: TimeStampSettings) -> CertificateCheck:
    """What of a certificate holds, and with `table` which rows are not as they were certified.

    Raises ConfigurationError if it cannot be read or is of another company.
    """
    files = _Files(path)
    try:
        payload = decoded(files.content)
    except ValueError as error:
        difference = CertificateDifference(what="signature", detail=f"it is not what was signed: {error}")
        return CertificateCheck(period=None, certified_at=None, hash=hash_of(files.content), differences=(difference,))
    with store.reading_at_one_moment("checking a certificate") as session:
        _require_same_company(session, payload, files)
        return _Check(session, files, payload, time_stamps).made(table=table)


def _require_same_company(session: Session, payload: PeriodPayload | KeyPayload, files: _Files) -> None:
    """Raises ConfigurationError if somebody did sign it for another company; an altered one is told as that."""
    other = payload.account.is_other(account_of(session))
    if other is not None and files.signature is not None and is_whole(files.content, files.signed):
        raise ConfigurationError(
            f"the certificate is of another company: {other}; nothing was compared",
            next_step="name the database of that company (--config FILE); its signature alone is checked as the"
            " VERIFY.txt beside it says",
        )


class _Check:
    """One check in one transaction."""

    def __init__(
        self, session: Session, files: _Files, payload: PeriodPayload | KeyPayload, time_stamps: TimeStampSettings
    ) -> None:
        self._session, self._files, self._payload, self._time_stamps = session, files, payload, time_stamps
        self._hash = hash_of(files.content)
        self._chain = chain_on_record(session)
        self._place = self._chain.place_of(self._hash)
        self._notes: list[str] = []

    def made(self, *, table: bool) -> CertificateCheck:
        """The signature and its time stamp first, then the chain, then `rows.csv`, then the table."""
        payload = self._payload
        unsigned = [*self._of_signature()]
        differences = [*unsigned, *self._of_time_stamp(), *self._of_chain()]
        compared: int | None = None
        period = None
        # Of what nobody signed, no word is worth comparing with anything.
        if isinstance(payload, PeriodPayload) and not unsigned:
            period = (payload.period.first, payload.period.last, payload.period.timezone)
            self._note_period(payload)
            rows, odd = self._certified(payload)
            differences += odd
            if table and not self._is_purged(payload):
                found, compared = self._of_table(payload, rows)
                differences += found
        return CertificateCheck(
            period=period,
            certified_at=payload.certified_at,
            hash=self._hash,
            differences=tuple(differences),
            notes=tuple(self._notes),
            rows=compared,
        )

    def _of_signature(self) -> Iterator[CertificateDifference]:
        if self._files.signature is None:
            yield _signature("there is no signature beside it (a file of its name with .sig behind it)")
            return
        text = self._files.signed
        why = refusal(self._files.content, text, self._chain.keys, at=self._instant())
        if why is not None:
            yield _signature(why)
        elif self._place is not None and text != self._place[1].signature:
            yield _signature("it is not the signature that is on record, byte by byte")

    def _of_time_stamp(self) -> Iterator[CertificateDifference]:
        stamp, signature = self._files.stamp, self._files.signature
        if signature is None:
            return
        if stamp is None:
            if self._time_stamps.time_stamp_ca is not None:
                self._notes.append("there is no time stamp beside it: that it was signed then is its signer's word")
            return
        if self._time_stamps.time_stamp_ca is None:
            self._notes.append("its time stamp was not checked: no authority is known (time_stamp_ca of [payroll])")
            return
        found = stamped(signature, stamp, self._time_stamps)
        if found.at is None:
            yield CertificateDifference(what="time_stamp", detail=found.why)
        else:
            self._notes.append(f"the authority says that it was signed by {moment(found.at)} (time stamp)")

    def _instant(self) -> int:
        """When it says it was signed; of one on record, when that was."""
        return self._place[1].at if self._place is not None else instant_of(self._payload.certified_at)

    def _of_chain(self) -> Iterator[CertificateDifference]:
        yield from map(_chain, self._chain.faults)
        if self._place is None:
            yield _chain(
                "no certificate on record has its hash: it was made for another database, or the record was altered"
            )
        else:
            yield from map(_chain, faults_of(self._chain, *self._place, self._payload))
        for one in self._chain.kept:
            content = certificates.payload(self._session, one.number)
            if not is_as_signed(one, content):
                yield _chain(f"what is on record of certificate {one.number} is not what was signed")
            elif one.is_of_a_key:
                why = refusal(content, one.signature, self._chain.keys, at=one.at)
                if why is not None:
                    yield _chain(f"the certificate {one.number} of a key does not hold: {why}")

    def _note_period(self, payload: PeriodPayload) -> None:
        """What is no fault, and is to be known."""
        newest = certificates.newest_of_periods(self._chain.kept)
        mine = (payload.period.first, payload.period.timezone)
        number = None if self._place is None else self._place[1].number
        later = [one.number for one in newest if (one.first, one.timezone) == mine and one.number != number]
        if later:
            self._notes.append(f"a newer certificate of this period is on record: number {later[0]}")
        now_is = certificates.period(self._session, date.fromisoformat(mine[0]), mine[1])
        if now_is is None or now_is.state != "closed":
            self._notes.append("the period has been opened again since")
        elif now_is.event != payload.period.event:
            self._notes.append("the period has been opened and closed again since")
        self._note_corrections(payload)
        position = payload.chain.position
        self._notes += [
            f"the chain was broken at {item.at}: the key was lost ({item.reason})"
            for item in self._chain.breaks
            if item.position > position or item in payload.chain.breaks
        ]

    def _note_corrections(self, payload: PeriodPayload) -> None:
        """That the period pays other corrections by now: until an export has carried one, it may be decided again, and
        is cancelled where its edit is taken back.
        """
        then = _paid(payload, payload.corrections)
        now_are = _paid(payload, certificates.corrections(self._session, _days_of(payload)))
        if then != now_are:
            self._notes.append(
                f"other corrections are accepted into the period by now: certified were {_summed(then)}, there are"
                f" {_summed(now_are)}"
            )

    def _is_purged(self, payload: PeriodPayload) -> bool:
        """Whether rows of these days were purged: then there is nothing to compare with, and a note says so."""
        found = [one for one in purges.purged_in(self._session, _days_of(payload)) if one.with_rows]
        self._notes += [f"{purges.purged_text(one)}, with its rows: the table is not compared" for one in found[:1]]
        return bool(found)

    def _certified(
        self, payload: PeriodPayload
    ) -> tuple[tuple[CertifiedRow, ...] | None, tuple[CertificateDifference, ...]]:
        """The rows of `rows.csv`, if it is there and what was certified; what is wrong with it."""
        content = self._files.rows
        if content is None:
            self._notes.append("there is no rows.csv beside it: differences are told by person, not by row")
            return None, ()
        if sha256(content).hexdigest() == payload.rows_csv.sha256:
            try:
                rows = rows_of_csv(content, payload.rows_csv.keys)
            except ValueError as error:
                return None, (CertificateDifference(what="rows.csv", detail=f"rows.csv cannot be read: {error}"),)
            if people_of(in_order(rows)) == {key: theirs for key, theirs in payload.by_person.items() if theirs.shifts}:
                return rows, ()
            return None, (
                CertificateDifference(what="rows.csv", detail="its rows do not give the roots of the people"),
            )
        return None, (
            CertificateDifference(what="rows.csv", detail="the rows.csv beside it is not what was certified"),
        )

    def _of_table(
        self, payload: PeriodPayload, rows: tuple[CertifiedRow, ...] | None
    ) -> tuple[list[CertificateDifference], int]:
        """What differs in the table, and how many rows it has on the days of the period."""
        found = rows_now(self._session, payload)
        if rows is not None:
            return list(differing_rows(rows, found)), len(found)
        return list(differing_people(payload.by_person, people_of(found))), len(found)


def _paid(payload: PeriodPayload, corrections: Iterable[CertifiedCorrection]) -> dict[int, int]:
    """The minutes of the corrections that are accepted into the period of a certificate, by number."""
    into = f"{payload.period.first}..{payload.period.last}"
    return {
        one.id: one.delta_minutes for one in corrections if one.effective_period == into and one.state == "accepted"
    }


def _summed(paid: Mapping[int, int]) -> str:
    return f"{len(paid)} ({hours(sum(paid.values()), signed=True)} h)"


def _signature(detail: str) -> CertificateDifference:
    return CertificateDifference(what="signature", detail=detail)


def _chain(detail: str) -> CertificateDifference:
    return CertificateDifference(what="chain", detail=detail)


def rows_now(session: Session, payload: PeriodPayload) -> tuple[CertifiedRow, ...]:
    """The rows of the table on the days of a certificate, in their order."""
    require_table(session.host, session.columns, session.dialect)
    return in_order(certificates.certified_rows(session, _days_of(payload)))


def _days_of(payload: PeriodPayload) -> Window:
    period = payload.period
    return Window(date.fromisoformat(period.first), date.fromisoformat(period.last), period.timezone)


# -- by itself, each night ---------------------------------------------------------------------------------------------


def compare_newest(store: Store, today: date) -> tuple[tuple[KeptCertificate, CertificateMismatch | None], ...]:
    """Compare the newest certificate of each period of the last three months with the table, and note what differs.

    Signatures are not checked: whoever could alter the table of certificates is found by `check`.
    """
    since = (today - timedelta(days=PROOF_FORGOTTEN)).isoformat()
    with store.reading_at_one_moment("comparing certificates with the table") as session:
        newest = certificates.newest_of_periods(certificates.kept(session))
        found = tuple((one, _mismatch(session, one)) for one in newest if one.last >= since)
    texts = [(one, None if mismatch is None else mismatch.text) for one, mismatch in found]
    news = [(one.number, text) for one, text in texts if text != one.mismatch]
    if news:
        with store.own_rows("noting what differs from certificates") as connection:
            certificates.note_mismatches(connection, store.own, news)
    return found


def _mismatch(session: Session, one: KeptCertificate) -> CertificateMismatch | None:
    try:
        payload = decoded(certificates.payload(session, one.number))
    except ValueError:
        payload = None
    before = None if one.mismatch is None else mismatch_of(one.mismatch)
    at = now() if before is None else before.since
    if not isinstance(payload, PeriodPayload):
        return CertificateMismatch(since=at, people=0, employees=())
    if any(one.with_rows for one in purges.purged_in(session, _days_of(payload))):
        return None
    found = rows_now(session, payload)
    people = [item.employee_id for item in differing_people(payload.by_person, people_of(found))]
    named = tuple(employee for employee in people[:_NAMED] if employee is not None)
    return CertificateMismatch(since=at, people=len(people), employees=named) if people else None
