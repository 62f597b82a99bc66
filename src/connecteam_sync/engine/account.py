"""The account check: a database belongs to one company, region and time zone; others are refused until accepted.

Rule 15 of the design. Checked before the first look. `/me` is requested once for each key: later runs recognise the
key by its digest.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.api.client import Connecteam
from connecteam_sync.api.credentials import HOSTS
from connecteam_sync.api.wire import Company, TimeClock
from connecteam_sync.core.account import Acceptance, Account, AccountChange, Part, Region, ZoneUse, company_words
from connecteam_sync.core.text import one_line
from connecteam_sync.engine.lists import Lists
from connecteam_sync.errors import ConfigurationError, NotFound, Rejected
from connecteam_sync.store.mirror import account as remembered
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.pipeline import Query, Rows
from connecteam_sync.store.store import Store


def now() -> int:
    """This moment, in epoch seconds."""
    return int(time.time())


_SCRYPT = 1 << 12
"""Cost of a fingerprint: ten milliseconds and four megabytes of memory."""
_FORBIDDEN = 403
UNREADABLE = "this key may not read which company it is of (/me): its time clocks stand in for the company"
"""The note of the first run whose key lacks the scope …"""
READABLE = "give the OAuth app the scope account_information.read"
"""… and the cure."""


def region_of(base_url: str) -> Region:
    """The region of a base URL: that of one of the two hosts, or `local` for any URL of this machine."""
    regions: dict[str, Region] = dict(zip(HOSTS, ("global", "au"), strict=True))
    return regions.get(base_url.rstrip("/"), "local")


def fingerprint(client: Connecteam, salt: bytes) -> str:
    """A digest of the URL and the credentials, to recognise a key. The key cannot be derived from it and the salt."""
    return hashlib.scrypt(client.identity_digest_input.encode(), salt=salt, n=_SCRYPT, r=8, p=1, dklen=16).hex()


VANISHED = "no longer listed"
"""The name shown for a time clock that is no longer in Connecteam's list."""


class AccountCheck:
    """Compares the account that one store belongs to with the key, region and zone that are configured.

    `client` is called when Connecteam is first needed. `time_clocks` are the configured ids, empty for all in use.
    """

    def __init__(
        self,
        store: Store,
        client: Callable[[], Connecteam],
        *,
        region: Region,
        timezone: str,
        time_clocks: tuple[int, ...],
        lists: Lists,
    ) -> None:
        self.store, self._make_client, self._lists = store, client, lists
        self.region, self.timezone, self._wanted = region, timezone, time_clocks
        self.listed: tuple[TimeClock, ...] | None = None
        """Connecteam's list of time clocks, if it was fetched since the last check."""
        self.note = ""
        """A note for the first receipt of the run."""
        self.vouched: frozenset[int] = frozenset()
        """The ids of time clocks that a person vouched for."""
        self.answered: Company | None = None
        """The company that Connecteam named for the key, once it was asked."""
        self._known: Account | None = None
        self._mine: Account | None = None

    # -- the check -----------------------------------------------------------------------------------------------------

    def check(self, known: Account | None) -> None:
        """Check region and zone, without a request. Raises ConfigurationError, naming both sides.

        `known` is what the database remembers (`store.account.account_query`).
        """
        self._known, self.listed, self.note = known, None, ""
        if known is None:
            return
        if known.region not in {None, self.region}:
            raise ConfigurationError(
                f"this database mirrors {known.company} of region {known.region}; the base URL is of region"
                f" {self.region}",
                next_step="correct CONNECTEAM_SYNC_BASE_URL or CONNECTEAM_SYNC_DATABASE_URL; connecteam-sync account"
                " shows what the database belongs to, connecteam-sync account accept --region takes the other one",
            )
        if known.timezone not in {None, self.timezone}:
            raise ConfigurationError(
                f"the days of this database are those of {known.timezone}; the configured time zone is {self.timezone}",
                next_step="correct CONNECTEAM_SYNC_TIMEZONE; or connecteam-sync account accept --timezone, which first"
                " shows what another zone means",
            )

    def queries(self) -> list[Query]:
        """The queries for `check_rows`; they are sent together with the first other queries of a run."""
        return [remembered.account_query(self.store.own), remembered.vouched_query(self.store.own)]

    def check_rows(self, rows: Sequence[Rows]) -> None:
        """As `check`, from the results of `queries`; also sets `vouched`."""
        account, vouched = rows
        self.vouched = remembered.vouched_of(vouched)
        self.check(remembered.account_of(account))

    def check_stored(self) -> Account | None:
        """As `check`, reading the remembered account, which is returned."""
        with self.store.reading("checking whose data this is") as session:
            known = remembered.account(session)
            self.check(known)
        return known

    def check_company(self) -> None:
        """Check the company, with a request to Connecteam if the key is new.

        Raises ConfigurationError, naming both sides, and UpstreamError.
        """
        known, client = self._known or Account(), self._make_client()
        if self._mine is not None and self._mine.number == known.number:
            return
        if known.salt and known.digest == fingerprint(client, bytes.fromhex(known.salt)):
            self._mine = known
            return
        company = self.company()
        self.require_company(company)
        clocks = frozenset(clock.id for clock in self.listed or ())
        if company is None:
            self.note = UNREADABLE
        salt = os.urandom(16)
        self._mine = Account(
            number=known.number,
            at=now(),
            company_id=company.id if company else known.company_id,
            company_name=one_line(company.name, 191) if company else known.company_name,
            region=self.region,
            timezone=self.timezone,
            time_clocks=known.time_clocks | clocks,
            known_by="company" if company else "time_clocks",
            salt=salt.hex(),
            digest=fingerprint(client, salt),
        )

    def require_company(self, company: Company | None) -> None:
        """The company of the key is the remembered one. Raises ConfigurationError, naming both sides; UpstreamError."""
        known = self._known or Account()
        if company is not None and known.company_id is not None:
            if company.id != known.company_id:
                raise _other_company(known, company_words(company.id, one_line(company.name), frozenset()))
        elif known.number:
            self._require_common_clocks(known, company)

    def company(self) -> Company | None:
        """The company of the key; None if the key may read time clocks, but not the company. Raises UpstreamError."""
        try:
            self.answered = self._make_client().company()
        except Rejected as error:
            if error.status != _FORBIDDEN or error.is_of_the_key:
                raise
            # An invalid key may be reported as 403, too: it is then refused here.
            self.time_clocks()
            return None
        return self.answered

    def time_clocks(self) -> tuple[TimeClock, ...]:
        """Connecteam's list of time clocks, fetched once after each check."""
        if self.listed is None:
            self.listed = self._lists.time_clocks()
        return self.listed

    def vanished(self) -> tuple[TimeClock, ...]:
        """Time clocks that are no longer listed, as archived ones: their hours still count."""
        known = self._known.time_clocks if self._known is not None else frozenset()
        gone = sorted(known - {clock.id for clock in self.time_clocks()})
        return tuple(TimeClock(id=clock, name=VANISHED, is_archived=True) for clock in gone)

    def fresh_time_clocks(self) -> tuple[TimeClock, ...]:
        """Connecteam's list of time clocks, fetched again."""
        self.listed = self._lists.fetch_time_clocks()
        return self.listed

    def _require_common_clocks(self, known: Account, company: Company | None) -> None:
        """If the company of either side is unknown, one common time clock is enough. Raises ConfigurationError."""
        clocks = frozenset(clock.id for clock in self.time_clocks())
        with self.store.reading("checking whose data this is") as session:
            ours = known.time_clocks | remembered.clocks_ever(session)
        if ours and not ours & clocks:
            known = msgspec.structs.replace(known, time_clocks=ours)
            mine = (
                company_words(company.id, one_line(company.name), clocks)
                if company
                else company_words(None, None, clocks)
            )
            raise _other_company(known, mine)

    # -- remembering ---------------------------------------------------------------------------------------------------

    def require_unmoved(self, session: Session, number: int) -> None:
        """Under the lock: the newest entry, `number`, is the one that was checked, or fits as well.

        Raises ConfigurationError.
        """
        if self._mine is None or number == self._mine.number:
            return
        known = remembered.account(session)
        self.check(known)
        if known is None:
            return
        mine = self._mine
        both = known.company_id is not None and mine.company_id is not None
        if (both and known.company_id != mine.company_id) or (
            not both and known.time_clocks and not known.time_clocks & mine.time_clocks
        ):
            raise _other_company(known, mine.company)
        self._mine = msgspec.structs.replace(
            mine,
            number=known.number,
            company_id=known.company_id or mine.company_id,
            company_name=mine.company_name or known.company_name,
            time_clocks=known.time_clocks | mine.time_clocks,
        )

    def remember(self, session: Session) -> None:
        """Store what is new about the account in the transaction of a run that has a number; the statement is sent with
        later ones. Does nothing if nothing is new.
        """
        mine, known = self._mine, self._known
        if mine is None:
            return
        if self.listed is not None:
            mine = msgspec.structs.replace(mine, time_clocks=mine.time_clocks | {clock.id for clock in self.listed})
        if known is None:
            remembered.remember(session, mine, newest_run=True)
            return
        fresh = msgspec.structs.replace(mine, at=known.at, run=known.run, by=known.by, what=known.what)
        if fresh != known:
            remembered.refresh(session, fresh)
            self._mine = fresh

    # -- accepting another one -----------------------------------------------------------------------------------------

    def proposed(self, parts: Iterable[Part]) -> Acceptance:
        """What accepting these parts of the configuration would change and mean. Nothing is written.

        Raises NotFound if the database belongs to no account yet, and UpstreamError.
        """
        self.listed = None
        with self.store.reading("looking whose data this is") as session:
            known = remembered.account(session)
            zones = remembered.zone_uses(session)
            ours = remembered.clocks_ever(session)
        if known is None:
            raise NotFound(
                "this database belongs to nobody yet", next_step="the first run notes whose it is: connecteam-sync sync"
            )
        known = msgspec.structs.replace(known, time_clocks=known.time_clocks | ours)
        wanted, fresh, changes = set(parts), known, []
        if "region" in wanted and known.region != self.region:
            fresh = msgspec.structs.replace(fresh, region=self.region, digest=None)
            changes.append(AccountChange(what="region", before=known.region or "not known", after=self.region))
        if "timezone" in wanted and known.timezone != self.timezone:
            fresh = msgspec.structs.replace(fresh, timezone=self.timezone)
            changes.append(_zone_change(known.timezone, self.timezone, zones))
        if "company" in wanted:
            fresh, change = self._company_change(fresh)
            changes += [change] if change else []
        left: list[Part] = []
        left += ["region"] if fresh.region not in {None, self.region} else []
        left += ["timezone"] if fresh.timezone not in {None, self.timezone} else []
        return Acceptance(account=fresh, changes=tuple(changes), zones=zones, left=tuple(left))

    def _company_change(self, known: Account) -> tuple[Account, AccountChange | None]:
        company, clocks = self.company(), frozenset(clock.id for clock in self.time_clocks())
        if company is not None and company.id == known.company_id:
            return known, None
        if company is None and (known.time_clocks & clocks or not known.time_clocks):
            return known, None
        salt = os.urandom(16)
        fresh = msgspec.structs.replace(
            known,
            company_id=company.id if company else None,
            company_name=one_line(company.name, 191) if company else None,
            time_clocks=clocks,
            known_by="company" if company else "time_clocks",
            salt=salt.hex(),
            digest=fingerprint(self._make_client(), salt),
        )
        meaning = [
            "shifts and people of the earlier company stay remembered; none of its rows is deleted for being absent"
        ]
        return fresh, AccountChange(what="company", before=known.company, after=fresh.company, meaning=tuple(meaning))

    def accept(self, proposal: Acceptance, *, by: str) -> Account:
        """Store what `proposed` returned as a new entry, with person and time. Raises ConfigurationError if another run
        or person has stored an entry since.
        """
        if not proposal.changes:
            return proposal.account
        fresh = msgspec.structs.replace(
            proposal.account, at=now(), run=None, by=by, what=", ".join(change.what for change in proposal.changes)
        )
        with self.store.writing("noting whose data this is") as session:
            known = remembered.account(session)
            if known is None or known.number != proposal.account.number:
                raise ConfigurationError(
                    "somebody else noted whose data this is meanwhile", next_step="look again: connecteam-sync account"
                )
            remembered.remember(session, fresh, newest_run=False)
        self._known = self._mine = None
        with self.store.reading() as session:
            return remembered.account(session) or fresh


def _other_company(known: Account, mine: str) -> ConfigurationError:
    return ConfigurationError(
        f"this database mirrors {known.company}; the key is of {mine}",
        next_step="correct CONNECTEAM_SYNC_API_KEY or CONNECTEAM_SYNC_DATABASE_URL; connecteam-sync account shows what"
        " the database belongs to, connecteam-sync account accept --company takes the other one",
    )


def _zone_change(before: str | None, after: str, zones: Iterable[ZoneUse]) -> AccountChange:
    """The consequences of another business time zone, in sentences with figures."""
    meaning: list[str] = []
    for use in zones:
        if use.runs and use.timezone != after:
            meaning.append(
                f"{use.runs:,} receipts, of days {use.first}..{use.last}, count their days in {use.timezone}"
            )
        if use.locked_days and use.timezone != after:
            meaning.append(
                f"{use.locked_days:,} locked days, {use.first_locked}..{use.last_locked}, were locked in"
                f" {use.timezone}; they keep that zone"
            )
    if before:
        moment = datetime.fromtimestamp(now(), ZoneInfo("UTC"))
        hours = (_offset(moment, before) - _offset(moment, after)) / 3600
        when = "at the same time as" if not hours else f"{abs(hours):g} h {'later' if hours > 0 else 'earlier'} than"
        meaning.append(f"from now on a day begins {when} in {before}: rows near midnight belong to another day")
    return AccountChange(what="timezone", before=before or "not known", after=after, meaning=tuple(meaning))


def _offset(moment: datetime, zone: str) -> float:
    offset = moment.astimezone(ZoneInfo(zone)).utcoffset()
    return offset.total_seconds() if offset else 0.0
