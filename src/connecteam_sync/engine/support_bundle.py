"""Make a support bundle: versions, configuration, findings, receipts, and the inputs of decisions, without names."""

from __future__ import annotations

import gzip
import platform
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from importlib import metadata, resources

import msgspec

from connecteam_sync.core.change import SlicePlan
from connecteam_sync.core.decision_inputs import Decided, DecisionInputs
from connecteam_sync.core.pseudonyms import Pseudonyms, without_texts
from connecteam_sync.core.run import Check, Run
from connecteam_sync.core.support import FORMAT, BundleContent, Finding, Look, Receipt, SupportBundle
from connecteam_sync.core.text import many
from connecteam_sync.engine.context import Context
from connecteam_sync.engine.kept_inputs import KeptSlice
from connecteam_sync.engine.propose import propose
from connecteam_sync.errors import ConfigurationError, ConnecteamSyncError, NotFound
from connecteam_sync.store.history import runs
from connecteam_sync.store.session import Session
from connecteam_sync.store.sql.connect import inspector
from connecteam_sync.version import PLANNER_VERSION, __version__

RECEIPTS = 20
"""How many runs the bundle has the receipts of."""
_OURS = ("core", "api", "store", "engine", "errors.py", "config.py")
"""Where the words of our messages are."""
_PACKAGE = re.compile("[A-Za-z0-9._-]+")
_WORD = re.compile("[A-Za-z]+")
_ACCEPT = re.compile("--accept ([0-9a-f]{16})")


class Gathering:
    """What a bundle is made of, and what could not be had."""

    def __init__(self, context: Context, run: int | None) -> None:
        self._context, self.run = context, run
        self.missing: list[str] = []
        self.looks: list[KeptSlice] = []
        self.runs: list[Run] = []
        self.names: list[str] = []

    def gather(self) -> None:
        """Read what is on record, and the inputs. Raises NotFound if there is no such run."""
        try:
            with self._context.store.reading() as session:
                self._read(session)
        except NotFound:
            raise
        except ConnecteamSyncError as error:
            self.missing.append(f"the receipts could not be read: {error.message}")
        if self.run is None:
            self._look()

    def _read(self, session: Session) -> None:
        self.runs = list(runs.runs(session, limit=RECEIPTS))
        self.names += [name for person in session.employees() for name in (person.name, person.email) if name]
        known = [user for user, _, _ in session.known_users().values()]
        self.names += [name for user in known for name in (user.name, user.email) if name]
        if self.run is not None:
            wanted = runs.run(session, self.run)
            self.runs = [wanted, *(run for run in self.runs if run.id != wanted.id)]
            self._kept(wanted)

    def _kept(self, run: Run) -> None:
        """The inputs that are kept of a run."""
        kept = self._context.kept
        try:
            self.looks = list(kept.of_run(run.id or 0, run.started_at)) if kept is not None else []
        except ConfigurationError as error:
            self.missing.append(error.message)
        if not self.looks:
            have = ", ".join(map(str, kept.runs())) if kept is not None else ""
            news = f"kept are those of the last runs with news: {have or 'none so far'}"
            self.missing.append(f"the inputs of run {run.id} are not kept; {news}")

    def _look(self) -> None:
        """Look afresh, as `plan` does. Nothing is written."""
        inputs: list[DecisionInputs] = []
        try:
            plan, _ = propose(self._context, None, inputs=inputs)
            failures = tuple(failure.error for failure in plan.failures)
        except ConnecteamSyncError as error:
            failures = (error.message,)
        self.missing += [f"a look failed: {why}" for why in failures]
        self.looks = [
            KeptSlice(time_clock_id=one.snapshot.time_clock_id, status="nothing", error_name=None, inputs=one)
            for one in inputs
        ]


def make(
    context: Context, run: int | None, *, configuration: dict[str, str], doctor: Callable[[], tuple[Check, ...]]
) -> SupportBundle:
    """The bundle of a run, or of a fresh look. Raises NotFound; all else that fails is said in it."""
    gathered = Gathering(context, run)
    gathered.gather()
    names = [*gathered.names, *_clock_names(context)]
    pseudonyms = Pseudonyms((look.inputs for look in gathered.looks), _vocabulary(), names)
    content = BundleContent(
        format=FORMAT,
        run=run,
        versions=_versions(context),
        configuration=configuration,
        findings=tuple(
            Finding(name=pseudonyms.sentence(one.name), state=one.state, text=pseudonyms.sentence(one.detail))
            for one in doctor()
        ),
        receipts=tuple(_receipts(gathered.runs, pseudonyms)),
        looks=tuple(_replaced(look, pseudonyms, is_fresh=run is None) for look in gathered.looks),
        missing=tuple(map(pseudonyms.sentence, gathered.missing)),
    )
    text = msgspec.json.encode(content, order="deterministic")
    return SupportBundle(
        run=run,
        contents=tuple(_contents(content, len(text))),
        missing=tuple(gathered.missing),
        data=gzip.compress(text, mtime=0),
    )


def _contents(content: BundleContent, size: int) -> Iterable[str]:
    """What is in it, a line each."""
    yield f"versions: {', '.join(f'{name} {version}' for name, version in sorted(content.versions.items()))}"
    yield (
        f"configuration: {many(len(content.configuration), 'key')}; of texts, such as the database's URL, only whether"
        " they are set"
    )
    yield f"doctor: {many(len(content.findings), 'finding')}"
    yield f"receipts: {many(len(content.receipts), 'look')} of the last {many(RECEIPTS, 'run')}"
    yield f"decisions: {many(len(content.looks), 'look')}, with what they were made of:"
    for look in content.looks:
        inputs = look.inputs
        yield (
            f"  {inputs.window}: {many(len(inputs.snapshot.users), 'person', 'people')},"
            f" {many(len(inputs.snapshot.shifts), 'shift')}, {many(len(inputs.stored.rows), 'row')}"
        )
    yield "as they are: days, times, minutes, time zones, numbers of runs"
    yield "replaced by invented ones: ids, names, e-mail addresses, phone numbers, time clocks, jobs, words of messages"
    yield f"not in it: keys, passwords, hosts, coordinates, notes; {size:,} bytes before it is compressed"


# -- decisions ---------------------------------------------------------------------------------------------------------


def _replaced(look: KeptSlice, pseudonyms: Pseudonyms, *, is_fresh: bool) -> Look:
    """A look with invented ids and names, planned again before and after they are replaced."""
    real = look.inputs
    again = real.planned()
    invented, plan = _accepting(real, pseudonyms)
    was = Decided.of(again)
    return Look(
        status=None if is_fresh else look.status,
        error_name=look.error_name,
        version=look.version,
        planner_version=look.planner_version,
        inputs=msgspec.structs.replace(invented, decided=Decided.of(plan)),
        is_as_decided=None if real.decided is None else was == real.decided,
        is_as_real=_comparable(pseudonyms.of(was)) == _comparable(Decided.of(plan)),
    )


def _comparable(decided: Decided) -> Decided:
    """A decision without texts, in an order that does not depend on ids."""
    bare = without_texts(decided)
    # A subject has the id of its shift, or a digest of one that is very long: which is no matter here.
    holds = (msgspec.structs.replace(hold, subject="") if hold.shift_id else hold for hold in bare.holds)
    return msgspec.structs.replace(bare, holds=tuple(sorted(holds, key=msgspec.json.encode)))


def _accepting(real: DecisionInputs, pseudonyms: Pseudonyms) -> tuple[DecisionInputs, SlicePlan]:
    """The replaced inputs and their plan. What a person accepted has other names there, since ids are part of them.

    A guard's name shows only in a plan that it stops, so the accepted ones are found one after the other.
    """
    accepted = real.policy.accepted
    real = _with_accepted(real, frozenset())
    invented = pseudonyms.of(msgspec.structs.replace(real, decided=None))
    names: dict[str, str] = {}
    while True:
        plan = _with_accepted(invented, frozenset(names.values())).planned()
        if not accepted - names.keys():
            break
        shown = zip(_names(_with_accepted(real, frozenset(names)).planned()), _names(plan), strict=False)
        found = {name: other for name, other in shown if name in accepted and name not in names}
        if not found:
            break
        names |= found
    return _with_accepted(invented, frozenset(names.values())), plan


def _with_accepted(inputs: DecisionInputs, accepted: frozenset[str]) -> DecisionInputs:
    return msgspec.structs.replace(inputs, policy=msgspec.structs.replace(inputs.policy, accepted=accepted))


def _names(plan: SlicePlan) -> list[str]:
    """The fingerprints that a plan asks a person to accept, in an order that does not depend on ids."""
    texts = [(hold.instant or 0, hold.minutes, hold.detail) for hold in plan.holds if hold.reason == "deletes_guarded"]
    held = [found[1] for *_, detail in sorted(texts, key=lambda t: t[:2]) if (found := _ACCEPT.search(detail))]
    return list(dict.fromkeys((*(refusal.fingerprint for refusal in plan.refusals), *held)))


# -- the rest ----------------------------------------------------------------------------------------------------------


def _receipts(of: Sequence[Run], pseudonyms: Pseudonyms) -> Iterable[Receipt]:
    for run in of:
        for one in run.slices:
            yield Receipt(
                run=run.id,
                kind=run.kind,
                version=run.version,
                started_at=run.started_at,
                finished_at=run.finished_at,
                time_clock_id=pseudonyms.clock(one.time_clock_id),
                window=one.window,
                status=one.status,
                counts=msgspec.structs.asdict(one.counts),
                minutes=(one.minutes.before, one.minutes.after),
                held=dict(Counter(hold.reason for hold in one.holds)),
                error_name=one.error_name,
                error=pseudonyms.sentence(one.error or ""),
                note=pseudonyms.sentence(one.note or ""),
            )


def _versions(context: Context) -> dict[str, str]:
    """Versions of this program, Python, the system, libraries and the database's server."""
    found = {"connecteam-sync": __version__, "planner": str(PLANNER_VERSION), "Python": platform.python_version()}
    found["system"] = f"{sys.platform} {platform.machine()}"
    for package in _packages():
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    found["database"] = context.store.url.get_backend_name()
    try:
        with context.store.connection() as connection:
            version = inspector(connection).dialect.server_version_info or ()
        found["database"] += " " + ".".join(str(part) for part in version if isinstance(part, int))
    except ConnecteamSyncError:
        found["database"] += ", which does not answer"
    return found


def _packages() -> list[str]:
    """The packages that this one depends on, optional ones too."""
    try:
        wanted = metadata.requires("connecteam-sync") or []
    except metadata.PackageNotFoundError:
        return []
    return sorted({found[0] for line in wanted if (found := _PACKAGE.match(line))})


def _clock_names(context: Context) -> list[str]:
    """The names of the time clocks and of the company, to be taken out of texts."""
    try:
        return [context.client.company().name, *(clock.name for clock in context.client.time_clocks())]
    except ConnecteamSyncError:
        return []


@cache
def _vocabulary() -> frozenset[str]:
    """The words of this program's own messages, in small letters: read from its source. None if that is not there."""
    found: set[str] = set()
    for name in _OURS:
        waiting = [resources.files("connecteam_sync") / name]
        while waiting:
            place = waiting.pop()
            if place.is_dir():
                waiting += place.iterdir()
            elif place.name.endswith(".py"):
                found.update(word.casefold() for word in _WORD.findall(place.read_text(encoding="utf-8")))
    return frozenset(found)
