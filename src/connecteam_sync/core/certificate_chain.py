"""The chain of certificates: each names the one before, and each further key is certified by the one before. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from connecteam_sync.core.certificates import Break, KeyPayload, Link, PeriodPayload, hash_of
from connecteam_sync.core.certified_rows import moment


class KeptCertificate(msgspec.Struct, frozen=True, kw_only=True):
    """A certificate as it is on record, without what was signed; `at` in epoch seconds.

    `public_key` is that of the key which signed it. A certificate of another key has no days.
    """

    number: int
    first: str
    last: str
    timezone: str
    at: int
    by: str
    payload_hash: str
    signature: str
    public_key: str
    previous_hash: str | None
    mismatch: str | None

    @property
    def is_of_a_key(self) -> bool:
        """Whether it certifies another key, and no period."""
        return not self.first


class AllowedKey(msgspec.Struct, frozen=True, kw_only=True):
    """A public key and, in epoch seconds, from when until when it was in use; None: without a bound."""

    public: str
    since: int | None = None
    until: int | None = None


class Chain(msgspec.Struct, frozen=True, kw_only=True):
    """The certificates on record in their order, the keys that signed them, and what is wrong, a sentence each.

    `breaks` are where a key was lost, so that nobody but the next one's holder vouches for it. `new_keys` are the keys
    that certificates name, by the number of each.
    """

    kept: tuple[KeptCertificate, ...] = ()
    keys: tuple[AllowedKey, ...] = ()
    breaks: tuple[Break, ...] = ()
    new_keys: Mapping[int, str] = {}
    faults: tuple[str, ...] = ()

    @property
    def head(self) -> KeptCertificate | None:
        """The newest certificate."""
        return self.kept[-1] if self.kept else None

    @property
    def key(self) -> str | None:
        """The key that is in use; None before the first certificate."""
        return self.keys[-1].public if self.keys else None

    @property
    def next_link(self) -> Link:
        """The place of the next certificate."""
        previous = None if self.head is None else self.head.payload_hash
        return Link(position=len(self.kept) + 1, previous=previous, breaks=self.breaks)

    def place_of(self, payload_hash: str) -> tuple[int, KeptCertificate] | None:
        """The position and the record of a certificate; None if there is none of this hash."""
        every = enumerate(self.kept, 1)
        return next(((position, one) for position, one in every if one.payload_hash == payload_hash), None)


def chain_of(kept: Sequence[KeptCertificate], of_keys: Mapping[int, KeyPayload]) -> Chain:
    """The chain of the certificates on record, in their order; `of_keys` has what was signed of keys, by number."""
    faults: list[str] = []
    keys: list[AllowedKey] = []
    breaks: list[Break] = []
    before: KeptCertificate | None = None
    seen: set[str] = set()
    for position, one in enumerate(kept, 1):
        if one.previous_hash != (None if before is None else before.payload_hash):
            faults.append(f"certificate {one.number} does not name the one before it: one was removed, added or moved")
        if one.payload_hash in seen:
            faults.append(f"certificate {one.number} is on record twice")
        if before is not None and one.at < before.at:
            faults.append(f"certificate {one.number} is older than the one before it")
        seen.add(one.payload_hash)
        before = one
        if not one.is_of_a_key:
            keys = keys or [AllowedKey(public=one.public_key)]
            if one.public_key != keys[-1].public:
                faults.append(f"certificate {one.number} was signed by a key that no certificate names")
            continue
        made = of_keys.get(one.number)
        if made is None or not keys or made.old_key != keys[-1].public:
            faults.append(f"certificate {one.number} names another key than the one in use as the old one")
            continue
        if one.public_key != (made.new_key if made.reason is not None else made.old_key):
            faults.append(f"certificate {one.number} of a key was signed by another one than it says")
        keys[-1] = msgspec.structs.replace(keys[-1], until=one.at)
        keys.append(AllowedKey(public=made.new_key, since=one.at))
        if made.reason is not None:
            breaks.append(Break(position=position, at=moment(one.at), reason=made.reason))
    return Chain(
        kept=tuple(kept),
        keys=tuple(keys),
        breaks=tuple(breaks),
        new_keys={number: made.new_key for number, made in of_keys.items()},
        faults=tuple(faults),
    )


def faults_of(chain: Chain, position: int, one: KeptCertificate, payload: PeriodPayload | KeyPayload) -> Iterable[str]:
    """What of a signed payload is not as its record says, a sentence each; `position` is its place in the chain."""
    if (payload.chain.position, payload.chain.previous) != (position, one.previous_hash):
        yield f"certificate {one.number} says that it is number {payload.chain.position}, behind another one"
    if payload.chain.breaks != tuple(item for item in chain.breaks if item.position < position):
        yield f"certificate {one.number} tells of other breaks of the chain than there are"
    if payload.certified_at != moment(one.at):
        yield f"certificate {one.number} says {payload.certified_at}, and its record {moment(one.at)}"
    days = ("", "", "")
    if isinstance(payload, PeriodPayload):
        days = (payload.period.first, payload.period.last, payload.period.timezone)
    if days != (one.first, one.last, one.timezone):
        yield f"certificate {one.number} is of other days than its record says"


def is_as_signed(one: KeptCertificate, content: bytes) -> bool:
    """Whether what is on record as signed has the hash on record."""
    return hash_of(content) == one.payload_hash
