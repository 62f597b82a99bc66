"""`/plan` and `/plan/FP`: what would happen? Making a plan, looking at it, letting guards through, applying it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from itertools import groupby
from zoneinfo import ZoneInfo

import msgspec

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.change import Change, Refusal
from connecteam_sync.core.console import KeptPlan
from connecteam_sync.core.guards import accept_command
from connecteam_sync.core.holds import grouped
from connecteam_sync.core.keys import RowId
from connecteam_sync.core.run import Plan, Run
from connecteam_sync.core.text import hours, many
from connecteam_sync.core.window import Window, local_day
from connecteam_sync.days import chosen_windows
from connecteam_sync.errors import NotFound
from connecteam_sync.present import json_shapes
from connecteam_sync.present.text import employee, plan_names, plan_text
from connecteam_sync.web.acting import acting, who
from connecteam_sync.web.background import AT_ONCE, begun
from connecteam_sync.web.failures import status_named
from connecteam_sync.web.page import Ask, Moved, Page, Place
from connecteam_sync.web.pages.runs import Shown, shown_change
from connecteam_sync.web.pages.work import ran
from connecteam_sync.web.work import Ended

SHOWN = 100
"""Changes that a page shows; the rest is a count."""
_STOPPED = 50
_FINGERPRINT = re.compile("[0-9a-f]{1,64}")
_KEPT = 30


class DayOf(msgspec.Struct, frozen=True, kw_only=True):
    """The planned changes of one local day."""

    day: date
    minutes: int
    changes: tuple[Shown, ...]


class Stopped(msgspec.Struct, frozen=True, kw_only=True):
    """What a guard stops, where, and the rows it is about: (employee, day, minutes kept, why); `more` beyond those."""

    refusal: Refusal
    time_clock_id: int
    window: Window
    rows: tuple[tuple[str, date, int, str], ...]
    more: int
    command: str


def plan_form(ask: Ask) -> Page:
    """The days to plan for, and the plans that wait. Raises WindowError."""
    asked = {name: ask.query.get(name, "") for name in ("from", "to", "days")}
    return Page(
        template="plans.html",
        members={"asked": asked, "resync": bool(ask.query.get("resync")), "kept": ask.client.kept_plans(_KEPT)},
    )


def make(ask: Ask) -> Page | Moved:
    """Plan; Connecteam is asked, nothing is written but the plan, which is kept. Long windows in the background.

    Raises WindowError, ConfigurationError, UpstreamError.
    """
    chosen, resync, by = _chosen(ask), ask.form.agrees("resync"), who(ask)
    subject = "the last days" if chosen is None else ", ".join(map(str, chosen))
    detail = "resync" if resync else ""
    if chosen is not None and sum(window.days for window in chosen) > AT_ONCE:

        def unit(client: ConnecteamSync) -> Ended:
            proposal = client.plan(chosen, resync=resync)
            if proposal.failures:
                return Ended(message=_failed_text(proposal), is_well=False)
            fingerprint = client.keep_plan(proposal, by=by).fingerprint
            return Ended(message=sums(proposal), to=f"/plan/{fingerprint}")

        return begun(ask, unit, action="plan", subject=subject, detail=detail)
    proposal = ask.client.plan(chosen, resync=resync)
    if proposal.failures:
        return _failed(ask, proposal)
    with acting(ask, "plan", subject, detail) as client:
        kept = client.keep_plan(proposal, by=by)
    return Moved(to=f"/plan/{kept.fingerprint}", json={"plan": kept.fingerprint, **json_shapes.plan(proposal)})


def _chosen(ask: Ask) -> tuple[Window, ...] | None:
    """The window that the form names as the options of the command do; None if it names none. Raises WindowError."""
    days = ask.number("days", least=0)
    first, last, day = (ask.form.get(name, "").strip() or None for name in ("from", "to", "day"))
    return chosen_windows(ask.client, first, last, day, days)


def _failed_text(proposal: Plan) -> str:
    return "; ".join(dict.fromkeys(f"time clock {one.time_clock_id}: {one.error}" for one in proposal.failures))


def _failed(ask: Ask, proposal: Plan) -> Page:
    """A plan of which looks failed: it is shown, and not kept."""
    first = proposal.failures[0]
    return Page(
        template="plan.html",
        members=_members(ask, proposal, None),
        json=json_shapes.plan(proposal),
        status=status_named(first.error_name),
    )


# -- one plan ----------------------------------------------------------------------------------------------------------


def one_plan(ask: Ask) -> Page:
    """A plan that is kept: hours and people, changes by day, holds, what guards stop. Raises NotFound."""
    kept, proposal = _kept(ask.client, ask.params["fingerprint"])
    return Page(template="plan.html", members=_members(ask, proposal, kept), json=json_shapes.plan(proposal))


def _kept(client: ConnecteamSync, fingerprint: str) -> tuple[KeptPlan, Plan]:
    """A plan and its content. Raises NotFound."""
    kept = client.kept_plan(_named(fingerprint))
    if kept.plan is None:
        raise _unknown(fingerprint)
    return kept, kept.plan


def _named(fingerprint: str) -> str:
    """A fingerprint that a plan may have. Raises NotFound: not every text can be asked for in every database."""
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise _unknown(fingerprint)
    return fingerprint


def _unknown(fingerprint: str) -> NotFound:
    return NotFound(f"there is no plan {fingerprint[:64]!r}", next_step="make one at /plan")


def _members(
    ask: Ask,
    proposal: Plan,
    kept: KeptPlan | None,
    *,
    run: Run | None = None,
    moved: Collection[RowId] = (),
    accept: Collection[str] = (),
) -> dict[str, object]:
    zone = ZoneInfo(proposal.window.timezone)
    names = ask.client.names()
    known = plan_names(proposal, names)
    changes = [change for change in proposal.changes if change.kind != "link"]
    stopped = stopped_by(proposal, known)
    return {
        "kept": kept,
        "plan": proposal,
        "days": _days_of(proposal),
        "sums": sums(proposal),
        "moved_minutes": proposal.minutes.after - proposal.minutes.before,
        "people": len({change.image.employee_id for change in changes}),
        "count": len(changes),
        "by_day": by_day(changes[:SHOWN], zone, known),
        "shown": min(SHOWN, len(changes)),
        "groups": grouped(proposal.holds),
        "known": known,
        "stopped": stopped,
        "at_stake": at_stake(stopped),
        "text": plan_text(proposal, names),
        "run": run,
        "moved": by_day([change for change in changes if change.image.id in moved], zone, known),
        "accepted": frozenset(accept),
        "zone_of_plan": zone,
    }


def _days_of(proposal: Plan) -> str:
    return f"{proposal.window} ({proposal.window.timezone})"


def sums(proposal: Plan) -> str:
    """`12 new, 3 corrected, 1 deleted, +8:15 hours`: what is confirmed by applying it."""
    counts, moved = proposal.counts, proposal.minutes.after - proposal.minutes.before
    parts = f"{counts.created:,} new, {counts.updated:,} corrected, {counts.deleted:,} deleted"
    return f"{parts}, {hours(moved, signed=True)} hours"


def at_stake(stopped: Sequence[Stopped]) -> str:
    """`3 rows, 24:00 hours`: what guards stop; empty if they stop no rows."""
    changes = {change for one in stopped for change in one.refusal.stopped}
    return f"{many(len(changes), 'row')}, {hours(-sum(change.minutes for change in changes))} hours" if changes else ""


def by_day(changes: Iterable[Change], zone: ZoneInfo, names: dict[RowId, str]) -> list[DayOf]:
    """Changes by local day, in the order in which they were worked."""
    dated = sorted(
        ((local_day(change.image.clock_in, zone), change) for change in changes),
        key=lambda pair: (pair[0], pair[1].image.clock_in),
    )
    return [
        DayOf(
            day=day,
            minutes=sum(change.minutes for _, change in several),
            changes=tuple(
                shown_change(change, zone, employee(change.image.employee_id, names)) for _, change in several
            ),
        )
        for day, several in ((day, list(pairs)) for day, pairs in groupby(dated, key=lambda pair: pair[0]))
    ]


def stopped_by(proposal: Plan, names: dict[RowId, str]) -> list[Stopped]:
    """What guards stop, each once."""
    found: dict[str, Stopped] = {}
    for plan in proposal.plans:
        for refusal in plan.refusals:
            rows = tuple(
                (employee(one.image.employee_id, names), one.days[0], -one.minutes, one.why)
                for one in refusal.stopped[:_STOPPED]
            )
            found.setdefault(
                refusal.fingerprint,
                Stopped(
                    refusal=refusal,
                    time_clock_id=plan.time_clock_id,
                    window=plan.window,
                    rows=rows,
                    more=len(refusal.stopped) - len(rows),
                    command=accept_command(plan.window, [refusal], resync=proposal.is_resync),
                ),
            )
    return list(found.values())


# -- acting on it ------------------------------------------------------------------------------------------------------


def apply(ask: Ask) -> Page | Moved:
    """Apply a plan exactly as it is shown; what guards stop only if it is accepted. Long ones in the background.

    Raises NotFound, StalePlan if somebody applied or discarded it.
    """
    kept, proposal = _kept(ask.client, ask.params["fingerprint"])
    accept = ask.form.every("accept")
    if proposal.window.days > AT_ONCE and len({plan.window for plan in proposal.plans}) > 1:

        def unit(client: ConnecteamSync) -> Ended:
            return ran(client.apply_kept_plan(kept.fingerprint, accept=accept))

        return begun(ask, unit, action="apply", subject=f"plan {kept.fingerprint}", detail=" ".join(accept))
    with acting(ask, "apply", f"plan {kept.fingerprint}", " ".join(accept)) as client:
        run = client.apply_kept_plan(kept.fingerprint, accept=accept)
    wrote = any(one.status == "applied" for one in run.slices)
    if run.id is not None and (wrote or not run.errors):
        return Moved(to=f"/runs/{run.id}", json=json_shapes.run(run))
    return _not_applied(ask, kept, proposal, run, accept)


def _not_applied(ask: Ask, kept: KeptPlan, proposal: Plan, run: Run, accept: Sequence[str]) -> Page:
    """The plan, with why nothing of it was written: guards, or the rows that moved since."""
    wrong = [one for one in run.slices if one.error]
    moved = {row for one in wrong for row in one.rows}
    worst = next((one for one in wrong if one.exit_code == run.exit_code), wrong[0] if wrong else None)
    return Page(
        template="plan.html",
        members=_members(ask, proposal, kept, run=run, moved=moved, accept=accept),
        json=json_shapes.run(run),
        status=status_named(worst.error_name if worst is not None else None),
    )


def discard(ask: Ask) -> Moved:
    """Put a plan aside: it cannot be applied any more. Raises NotFound, StalePlan."""
    fingerprint = _named(ask.params["fingerprint"])
    with acting(ask, "discard", f"plan {fingerprint}") as client:
        client.discard_plan(fingerprint)
    return Moved(to="/plan", json={"discarded": fingerprint})


PLACES = (
    Place(path="/plan", handler=plan_form),
    Place(path="/plan", handler=make, ability="operate", is_action=True),
    Place(path="/plan/{fingerprint}", handler=one_plan, forms=("json",)),
    Place(path="/plan/{fingerprint}/apply", handler=apply, ability="operate", is_action=True),
    Place(path="/plan/{fingerprint}/discard", handler=discard, ability="operate", is_action=True),
)
