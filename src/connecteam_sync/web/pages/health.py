"""`/health`: is the machine well? Problems, who was told, workers, calls, versions; doctor and a test alert."""

from __future__ import annotations

from collections.abc import Sequence

from connecteam_sync.config_secrets import secret
from connecteam_sync.core.alerts import Alert
from connecteam_sync.core.cadence import ClockSchedule
from connecteam_sync.core.status import MirrorStatus
from connecteam_sync.core.text import many
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.present import json_shapes
from connecteam_sync.present.status_text import ago, alerts_json, calls_text, doorbells_text, trial_json
from connecteam_sync.service.trial import receiver_names, trial
from connecteam_sync.version import __version__
from connecteam_sync.web.acting import acting, who
from connecteam_sync.web.page import Ask, Moved, Page, Place
from connecteam_sync.web.pages.doorbells import counted
from connecteam_sync.web.work import Examined, Tried

_LOOKS = {"well": "ok", "needs_a_person": "warn", "not_well": "bad"}


def health(ask: Ask) -> Page:
    """How the mirror and its machine are, and what was found when somebody asked."""
    status = ask.status()
    alerts = ask.client.alerts()
    names, trouble = _receivers(ask)
    return Page(
        template="health.html",
        members=_members(ask, status, alerts, ask.client.schedules(), names=names, trouble=trouble),
        json=alerts_json(alerts, names),
    )


def _members(
    ask: Ask,
    status: MirrorStatus,
    alerts: Sequence[Alert],
    schedules: Sequence[ClockSchedule],
    *,
    names: Sequence[str],
    trouble: ConfigurationError | None,
) -> dict[str, object]:
    has_secret = secret("WEBHOOK_SECRET", ask.client.settings.secrets) is not None
    return {
        "look": _LOOKS[status.state],
        "sentence": answer(status),
        "status": status,
        "alerts": sorted(alerts, key=lambda one: (one.state != "trouble", one.name)),
        "receivers": names,
        "trouble": trouble,
        "workers": workers(status, schedules, ask.now),
        "calls": calls_text(status),
        "doorbells": doorbells_text(counted(ask), has_secret=has_secret),
        "database": ask.client.store.name,
        "versions": __version__,
        "examined": ask.work.examined,
        "tried": ask.work.tried,
    }


def _receivers(ask: Ask) -> tuple[tuple[str, ...], ConfigurationError | None]:
    """Who is told, or what is wrong with how they are configured."""
    try:
        return receiver_names(ask.client.settings), None
    except ConfigurationError as error:
        return (), error


def answer(status: MirrorStatus) -> str:
    """`All is well`, else the first problem."""
    if not status.problems:
        return "All is well"
    more = len(status.problems) - 1
    return status.problems[0].message + (f", and {many(more, 'more problem')}" if more else "")


def workers(status: MirrorStatus, schedules: Sequence[ClockSchedule], now: int) -> str:
    """Who looks, as far as the database knows."""
    if not schedules:
        return "no service visits time clocks: connecteam-sync serve does, or cron with connecteam-sync sync"
    held = sum(one.held_until is not None and one.held_until > now for one in schedules)
    late = f"; a look has been due for {ago(status.due_seconds)}" if status.due_seconds else ""
    return f"{many(len(schedules), 'time clock')} visited, {held} looked at right now{late}"


# -- actions -----------------------------------------------------------------------------------------------------------


def doctor(ask: Ask) -> Moved:
    """Check everything a run needs; what was found stays on the page until the console ends. Connecteam is asked."""
    with acting(ask, "doctor", "the mirror") as client:
        checks = client.doctor()
        client.note_act()
    ask.work.examined = Examined(at=ask.now, by=who(ask), checks=checks)
    is_well = all(check.state != "failed" for check in checks)
    return Moved(to="/health#doctor", json={"ok": is_well, "checks": [json_shapes.check(check) for check in checks]})


def send_test(ask: Ask) -> Moved:
    """Send a test to every receiver. Raises ConfigurationError if there is none."""
    with acting(ask, "alerts test", "every receiver") as client:
        results = trial(client)
        client.note_act()
    ask.work.tried = Tried(at=ask.now, by=who(ask), results=results)
    return Moved(to="/health#alerts", json=trial_json(results))


PLACES = (
    Place(path="/health", handler=health, forms=("json",)),
    Place(path="/health/doctor", handler=doctor, ability="operate", is_action=True),
    Place(path="/health/test-alert", handler=send_test, ability="operate", is_action=True),
)
