"""`/in-hand`: what takes long goes on in the background: how far it is, stopping it; beginning a verify or a sync."""

from __future__ import annotations

from typing import Literal

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.core.roles import may
from connecteam_sync.core.run import Run, Verification
from connecteam_sync.core.text import many
from connecteam_sync.core.window import Window
from connecteam_sync.days import chosen_windows, one_window
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.present.text import days_of, how_to_go_on
from connecteam_sync.web.acting import acting
from connecteam_sync.web.background import begun, work_json
from connecteam_sync.web.failures import NotAllowed
from connecteam_sync.web.page import Ask, Moved, Page, Place, Visitor
from connecteam_sync.web.work import Ended, Work

Kind = Literal["verify", "sync", "resync"]
KINDS: tuple[Kind, ...] = ("verify", "sync", "resync")
_WORDS = {"applied": "done", "nothing": "nothing to do"}
_LOOKS = {"running": "warn", "stopping": "warn", "done": "ok", "stopped": "quiet", "failed": "bad"}


def work(ask: Ask) -> Page:
    """What is in hand or was done last, and what somebody is about to begin. Raises WindowError, ConfigurationError."""
    known = ask.work.last
    kind, window = kind_of(ask.query.get("kind")), None
    if ask.query.get("from"):
        window = one_window(ask.client, ask.query.get("from", ""), ask.query.get("to") or "today")
    return Page(
        template="work.html",
        members={
            "sentence": sentence(known),
            "last": known,
            "may_stop": may_stop(ask.visitor, known),
            "look": _LOOKS[known.state] if known is not None else "unknown",
            "kinds": KINDS,
            "kind": kind,
            "window": window,
            "on_them": ask.client.mirrored(window) if window is not None else None,
        },
        json={"work": work_json(known) if known is not None else None},
    )


def may_stop(visitor: Visitor, known: Work | None) -> bool:
    """Whether somebody may stop what is in hand: operators, and whoever began it."""
    is_theirs = known is not None and visitor.name is not None and known.by == visitor.name
    return is_theirs or may(visitor.role, "operate")


def sentence(known: Work | None) -> str:
    """What is in hand, in one sentence."""
    if known is None:
        return "Nothing is in hand"
    said = {"running": "goes on", "stopping": "ends after the slice in hand", "done": "is done"}
    return f"{known.what} {said.get(known.state, known.state)}"


def kind_of(text: str | None) -> Kind:
    """What is to be begun, `verify` by default. Raises ConfigurationError."""
    found = next((known for known in KINDS if known == (text or "verify")), None)
    if found is None:
        raise ConfigurationError(f"there is no work {(text or '')[:40]!r}", next_step=f"use one of: {', '.join(KINDS)}")
    return found


# -- actions -----------------------------------------------------------------------------------------------------------


def stop(ask: Ask) -> Moved:
    """End the work in hand between two slices: that of the form, where it names one. Whoever began it may, too.

    Raises NotFound if there is none.
    """
    if not may_stop(ask.visitor, ask.work.last):
        raise NotAllowed(
            f"{ask.visitor.name or 'whoever is not signed in'} ({ask.visitor.role}) did not begin this",
            next_step="ask whoever began it, or an operator",
        )
    stopped = ask.work.stop(ask.number("number"))
    with acting(ask, "stop", stopped.what) as client:
        client.note_act()
    return Moved(to="/in-hand", json={"work": work_json(stopped)})


def verify(ask: Ask) -> Moved:
    """Compare the table with a fresh look; only a receipt is written. Raises WindowError, LockHeld."""
    window = one_window(ask.client, ask.required("from"), ask.required("to"))

    def unit(client: ConnecteamSync) -> Ended:
        return verified(client.verify(window))

    return begun(ask, unit, action="verify", subject=str(window))


def verified(found: Verification) -> Ended:
    """How a verification ended."""
    failed = f", {many(len(found.plan.failures), 'look')} failed" if found.plan.failures else ""
    held = f", {len(found.plan.holds):,} held" if found.plan.holds else ""
    return Ended(
        message=f"Connecteam has {many(found.shifts, 'shift')}; {many(found.differences, 'difference')}{held}{failed}",
        to=f"/runs/{found.run}" if found.run is not None else "",
        is_well=found.exit_code in {0, 3},
    )


def sync(ask: Ask) -> Moved:
    """Look, plan and apply: of the days that are named, else of the default ones. Raises WindowError, LockHeld."""
    days = ask.number("days", least=0)
    chosen = chosen_windows(
        ask.client, _text(ask, "from"), _text(ask, "to"), _text(ask, "day"), None if days is None else int(days)
    )
    accept = ask.form.every("accept")

    def unit(client: ConnecteamSync) -> Ended:
        return ran(client.sync(chosen, accept=accept))

    return begun(ask, unit, action="sync", subject=_subject(chosen), detail=" ".join(accept))


def resync(ask: Ask) -> Moved:
    """`sync`, and rows of ours that match no shift are deleted. Raises WindowError, LockHeld."""
    window = one_window(ask.client, ask.required("from"), ask.required("to"))
    accept = ask.form.every("accept")

    def unit(client: ConnecteamSync) -> Ended:
        return ran(client.resync(window, accept=accept))

    return begun(ask, unit, action="resync", subject=str(window), detail=" ".join(accept))


def ran(run: Run) -> Ended:
    """How a run ended."""
    counts = run.counts
    said = f"{_WORDS.get(run.status, run.status)}: {counts.created:,} new, {counts.updated:,} corrected,"
    rest = f" {counts.deleted:,} deleted, {counts.held:,} held, {many(run.errors, 'slice')} failed or refused"
    on = how_to_go_on(run)
    return Ended(
        message=f"{days_of(run)} {said}{rest}" + (f"; {on}" if on else ""),
        to=f"/runs/{run.id}" if run.id is not None else "",
        is_well=run.exit_code in {0, 3},
    )


def _text(ask: Ask, name: str) -> str | None:
    return ask.form.get(name, "").strip() or None


def _subject(chosen: tuple[Window, ...] | None) -> str:
    return "the last days" if chosen is None else ", ".join(map(str, chosen))


PLACES = (
    Place(path="/in-hand", handler=work, forms=("json",)),
    Place(path="/in-hand/stop", handler=stop, is_action=True),
    Place(path="/in-hand/verify", handler=verify, ability="operate", is_action=True),
    Place(path="/in-hand/sync", handler=sync, ability="operate", is_action=True),
    Place(path="/in-hand/resync", handler=resync, ability="operate", is_action=True),
)
