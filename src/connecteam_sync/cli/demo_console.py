"""The demo with the console: a company that lives, and a story to click through, until it is interrupted."""

from __future__ import annotations

import os
import secrets
import signal
import tempfile
import threading
from datetime import date, timedelta
from pathlib import Path

import msgspec

from connecteam_sync.cli.options import library
from connecteam_sync.cli.output import Report
from connecteam_sync.cli.watching import Watch, watched
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.config_names import PREFIX
from connecteam_sync.core.payroll_settings import PaySchedule
from connecteam_sync.core.text import day_name
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox.company import WAREHOUSE, Activity, Person
from connecteam_sync.sandbox.life import go_on, living, today
from connecteam_sync.service.service import Parts, Service
from connecteam_sync.web.console import Console
from connecteam_sync.web.visitors import Once

_OPERATOR, _PAYROLL = "Demo operator", "Ida of payroll"
_DAYS, _WEEK = 20, 7
"""Days before today that the company has worked; of them the first week is paid."""
_NEW = 8_900_001
"""The user id of somebody who is new."""
_TUESDAY, _PROVEN = 1, 45
"""A day of the week; days before today that a verification has compared."""
_GONE = 90
"""Shifts that disappear at once: more than a guard lets go."""


def serve_demo(report: Report, port: int) -> int:
    """Show the console of the demo company at a one-time address, until Ctrl-C. The database is removed afterwards."""
    # What is configured here is of a real company: the demo takes nothing of it, and sends its key nowhere.
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    company = Company(0)
    last = today(company)
    first = last - timedelta(days=_DAYS)
    life = living(company, first, last)
    go_on(company, last, 1.0)
    with tempfile.TemporaryDirectory(prefix="connecteam-sync-") as scratch, Sandbox(company, life=life) as sandbox:
        os.environ[f"{PREFIX}API_KEY"] = sandbox.key
        settings = Settings(
            timezone=company.timezone,
            database_url=f"sqlite:///{Path(scratch) / 'demo.db'}",
            base_url=sandbox.url,
            state_dir=scratch,
            employees="match",
            pay_schedule=PaySchedule(schedule="weekly", anchor=first),
        )
        with library()(sandbox.key, settings=settings, on_progress=report.progress) as mirror:
            with watched(mirror, report, on_trouble=None, metrics=None) as watch:
                story = _story(mirror, watch, company, first, last)
            report.end_progress()
            mirror.add_console_user(_OPERATOR, "admin")
        return _serve(report, settings, port, story)


def _story(mirror: ConnecteamSync, watch: Watch, company: Company, first: date, last: date) -> list[str]:
    """What has happened in the mirror before somebody looks; a sentence for each thing."""
    window = mirror.window(first, last)
    mirror.init()
    shift, who, tuesday = _tuesday_of_maria(company, last)
    with library()(settings=msgspec.structs.replace(mirror.settings, employees="create")) as first_evening:
        first_evening.sync(window)
    company.edit(shift.id, start=shift.start + 900)
    run = watch.looked(mirror.sync(window), is_every=True)
    _hire(company, last)
    watch.looked(mirror.sync(window), is_every=True)
    mirror.verify(mirror.window(last - timedelta(days=_PROVEN), last - timedelta(days=1)))
    paid = mirror.payroll.close(first.isoformat(), by=_PAYROLL, anyway="what is held was punched twice").period
    late = _late_edit(company, first + timedelta(days=2), {shift.user_id, _NEW})
    watch.looked(mirror.sync(window), is_every=True)
    gone = [
        one
        for one in company.shifts(first, last - timedelta(days=1))
        if one.end is not None and one.clock_id == WAREHOUSE and one.user_id not in {shift.user_id, _NEW}
    ]
    for one in gone[-_GONE:]:
        company.delete(one.id)
    refused = watch.looked(mirror.sync(window), is_every=True)
    counted = first + timedelta(days=_WEEK)
    mirror.lock(counted, counted, reason="the hours of this day were counted by hand", by=_PAYROLL, anyway=True)
    return [
        f"  {who}'s clock-in of {day_name(tuesday)} was corrected by a quarter of an hour (run {run.id}).",
        "  Noor Adler is new, and nobody has said which employee she is: her hours wait.",
        f"  {_GONE} shifts disappeared at once, and a guard refused to believe that (run {refused.id}).",
        f"  Payroll has paid {paid.window}; then {late} was corrected: half an hour waits for a decision.",
        f"  Payroll has closed {day_name(counted)}, too, which was counted by hand.",
    ]


def _tuesday_of_maria(company: Company, last: date) -> tuple[Activity, str, date]:
    """Somebody named Maria works eight hours on the last Tuesday before today; her shift, her name, the day."""
    user, who = next(pair for pair in sorted(company.people.items()) if pair[1].clocks == {WAREHOUSE})
    who.first_name = "Maria"
    tuesday = last - timedelta(days=(last.weekday() - _TUESDAY - 1) % 7 + 1)
    for one in company.shifts(tuesday, tuesday):
        if one.user_id == user:
            company.delete(one.id)
    shift = company.add(user, company.at(tuesday, "08:00"), company.at(tuesday, "16:00"))
    return shift, f"{who.first_name} {who.last_name}", tuesday


def _late_edit(company: Company, day: date, others: set[int]) -> str:
    """Somebody's shift of a day that is paid ends half an hour later; whose, and which day."""
    shift = next(one for one in company.shifts(day, day) if one.end is not None and one.user_id not in others)
    company.edit(shift.id, end=(shift.end or 0) + 1800)
    person = company.people[shift.user_id]
    return f"the end of {person.first_name} {person.last_name}'s {day_name(day)}"


def _hire(company: Company, last: date) -> None:
    company.people[_NEW] = Person(
        id=_NEW,
        first_name="Noor",
        last_name="Adler",
        email=None,
        phone="+15550009001",
        clocks={WAREHOUSE},
        created_at=company.at(last - timedelta(days=3), "08:00"),
    )
    for days in (2, 1):
        day = last - timedelta(days=days)
        company.add(_NEW, company.at(day, "09:00"), company.at(day, "17:30"))


def _serve(report: Report, settings: Settings, port: int, story: list[str]) -> int:
    word = secrets.token_urlsafe(24)
    parts = Parts(port=port, has_hooks=False, metrics_port=None)
    console = Console(settings, host=parts.host, once=Once(word, _OPERATOR))
    service = Service(settings, parts, tell=report.note, token=lambda: "", pages=console)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    service.begin()
    address = f"{service.url}/sign-in?once={word}"
    report.print_json({"url": service.url, "sign_in": address})
    report.print_lines(
        ["A company at work, mirrored into a scratch database. What has happened:", *story, "", f"Open {address}"]
    )
    report.note("it works once, on this machine; Ctrl-C ends the demo and removes its database")
    stopped.wait()
    service.end()
    return 0
