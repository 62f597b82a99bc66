"""The commands of connecteam-sync."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Optional
from zoneinfo import ZoneInfo

import stamina.instrumentation
import typer

from connecteam_sync.cli import machine, text
from connecteam_sync.cli.demo import tell_the_story
from connecteam_sync.cli.report import Report, reporting
from connecteam_sync.core.change import HOLD_REASONS
from connecteam_sync.core.run import Run, worst
from connecteam_sync.core.window import Window
from connecteam_sync.door import ConnecteamSync
from connecteam_sync.errors import ConfigurationError, WindowError
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox.server import KEY
from connecteam_sync.sync import day_of
from connecteam_sync.version import __version__

app = typer.Typer(
    name="connecteam-sync",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Keep the SQL table clock_times an exact, explainable mirror of the Connecteam time clock.",
    epilog="Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 something is held, 4 refused, 5 difference found,"
    " 6 another run holds the lock, 75 Connecteam unavailable, try again later.",
)
people = typer.Typer(invoke_without_command=True, help="Connecteam users and the employees they count for.")
app.add_typer(people, name="employees")

Config = Annotated[
    Optional[Path],
    typer.Option("--config", metavar="FILE", help="Configuration file; else connecteam-sync.toml here."),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, for programs.")]
First = Annotated[str, typer.Option("--from", metavar="DAY", help="First local day, e.g. 2025-12-01.")]
Last = Annotated[str, typer.Option("--to", metavar="DAY", help="Last local day, included.")]
MaybeFirst = Annotated[Optional[str], typer.Option("--from", metavar="DAY", help="First local day.")]
MaybeLast = Annotated[Optional[str], typer.Option("--to", metavar="DAY", help="Last local day, included.")]
Day = Annotated[Optional[str], typer.Option("--day", metavar="DAY", help="A single local day.")]
Days = Annotated[Optional[int], typer.Option("--days", min=0, help="Today and the N days before it.")]
Accept = Annotated[
    Optional[list[str]],
    typer.Option("--accept", metavar="FINGERPRINT", help="Let this one plan through the guards; a refusal names it."),
]


def opened(config: Path | None, report: Report) -> ConnecteamSync:
    """The door, configured."""
    return ConnecteamSync.from_config(config, on_progress=report.progress)


def chosen_windows(
    mirror: ConnecteamSync, first: str | None, last: str | None, day: str | None, days: int | None
) -> tuple[Window, ...] | None:
    """The window of the options; None for the default. Raises WindowError."""
    given = [
        name for name, value in (("--from/--to", first or last), ("--day", day), ("--days", days)) if value is not None
    ]
    if len(given) > 1:
        raise WindowError(f"{' and '.join(given)} contradict each other", next_step="use one of them")
    today = mirror.today()
    if day is not None:
        return (mirror.window(day_of(day, today), day_of(day, today)),)
    if days is not None:
        return (mirror.window(today - timedelta(days=days), today),)
    if first is None and last is None:
        return None
    if first is None:
        raise WindowError("--to needs --from", next_step="name both days, or use --day or --days")
    return (mirror.window(day_of(first, today), day_of(last or "today", today)),)


def one_window(mirror: ConnecteamSync, first: str, last: str) -> Window:
    """The window of two required days."""
    return mirror.window(day_of(first, mirror.today()), day_of(last, mirror.today()))


def tell_run(mirror: ConnecteamSync, report: Report, run: Run) -> None:
    """A receipt, and the exit code it means."""
    report.quiet()
    report.answer(machine.run(run))
    if not report.as_json:
        entries = mirror.show(run.id)[1] if run.id is not None and run.status != "failed" else ()
        report.say(text.run_text(run, entries))
        step = text.next_step(run)
        report.talk(f"next: {step}" if step else "")
    elif run.errors:
        for piece in run.slices:
            report.talk(f"{piece.error}; next: {piece.next_step}" if piece.error else "")
    raise typer.Exit(run.exit_code)


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Show the version.")] = False) -> None:
    """Keep the SQL table clock_times an exact, explainable mirror of the Connecteam time clock."""
    if show:
        typer.echo(f"connecteam-sync {__version__}")
        raise typer.Exit


# -- setting up --------------------------------------------------------------------------------------------------------


@app.command()
def init(
    config: Config = None,
    sql: Annotated[bool, typer.Option("--sql", help="Print the statements instead of running them.")] = False,
    as_json: Json = False,
) -> None:
    """Create what is absent and upgrade our tables. Your own tables are used as they are."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        if sql:
            statements = mirror.init_sql()
            report.answer({"sql": statements})
            report.say(statements.splitlines())
            return
        done = mirror.init()
        report.answer({"done": done})
        report.say(done or ["everything is there already"])
        report.talk("next: connecteam-sync doctor")


@app.command()
def doctor(config: Config = None, as_json: Json = False) -> None:
    """Look at everything a run needs: each failure with its cure."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        checks = mirror.doctor()
        failed = any(check.state == "failed" for check in checks)
        report.answer({"ok": not failed, "checks": [machine.check(check) for check in checks]})
        report.say(text.checks_text(checks))
        if failed:
            raise typer.Exit(1)
        report.talk("next: connecteam-sync plan")


# -- the five verbs ----------------------------------------------------------------------------------------------------


@app.command()
def plan(
    first: MaybeFirst = None,
    last: MaybeLast = None,
    day: Day = None,
    days: Days = None,
    out: Annotated[Optional[Path], typer.Option("--out", metavar="FILE", help="Save the plan for `apply`.")] = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit 5 where the plan would change rows.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show what `sync` would do. Nothing is written."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        windows = chosen_windows(mirror, first, last, day, days)
        proposal = mirror.plan(windows)
        report.quiet()
        if out is not None and not proposal.failures:
            mirror.save_proposal(proposal, out)
        report.answer(machine.proposal(proposal, text.counts_of_plans(proposal.plans)))
        report.say(text.plan_text(proposal, mirror.names()))
        changing = any(change.kind != "link" for change in proposal.changes)
        window = f"--from {proposal.window.first} --to {proposal.window.last}"
        step = f"connecteam-sync apply {out}" if out else f"connecteam-sync sync {window}"
        report.talk(f"next: {step}" if changing and not proposal.failures else "")
        codes = [failure.exit_code for failure in proposal.failures]
        raise typer.Exit(worst(*codes, 5 if exit_code and changing else 0))


@app.command()
def apply(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A plan saved with `plan --out`.")],
    accept: Accept = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Apply a saved plan as it was shown; refused, naming the rows, if anything moved since."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        proposal = mirror.read_proposal(file)
        tell_run(mirror, report, mirror.apply(proposal, accept=accept or ()))


@app.command()
def sync(
    first: MaybeFirst = None,
    last: MaybeLast = None,
    day: Day = None,
    days: Days = None,
    accept: Accept = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Look, plan and apply. By default the last 14 days, today, and the day of every open row."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        windows = chosen_windows(mirror, first, last, day, days)
        tell_run(mirror, report, mirror.sync(windows, accept=accept or ()))


@app.command()
def resync(first: First, last: Last, accept: Accept = None, config: Config = None, as_json: Json = False) -> None:
    """`sync`, and rows of ours that match no shift are deleted: the repair of a damaged range."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        window = one_window(mirror, first, last)
        tell_run(mirror, report, mirror.resync(window, accept=accept or ()))


@app.command()
def verify(
    first: First,
    last: Last,
    totals: Annotated[bool, typer.Option(help="Compare Connecteam's own timesheet totals too.")] = True,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Prove the table against a fresh look. Nothing is written."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        found = mirror.verify(one_window(mirror, first, last), totals=totals)
        report.quiet()
        report.answer({**machine.verification(found), "exit_code": found.exit_code})
        report.say(text.verify_text(found, mirror.names()))
        window = f"--from {found.window.first} --to {found.window.last}"
        report.talk(f"next: connecteam-sync sync {window}" if found.differences else "")
        raise typer.Exit(found.exit_code)


@app.command()
def undo(
    run: Annotated[int, typer.Argument(metavar="RUN", help="The number of the run.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Take a run back: its exact inverse as a new run; refused where a later run touched the rows."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        tell_run(mirror, report, mirror.undo(run))


# -- what happened -----------------------------------------------------------------------------------------------------


@app.command()
def runs(
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many.")] = 20,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Receipts, newest first."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        found = mirror.runs(limit)
        report.answer({"runs": [machine.run(run) for run in found]})
        report.say(text.runs_text(found, ZoneInfo(mirror.settings.timezone)))


@app.command()
def show(
    run: Annotated[int, typer.Argument(metavar="RUN", help="The number of the run.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Every change of a run."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        found, entries = mirror.show(run)
        report.answer({**machine.run(found), "changes": [machine.entry(entry) for entry in entries]})
        report.say(text.run_text(found, entries, everything=True))


@app.command()
def history(
    employee: Annotated[str, typer.Argument(metavar="EMPLOYEE", help="The employee's id or exact name.")],
    day: Day = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Why each row of an employee has the values it has."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        chosen = day_of(day, mirror.today()) if day is not None else None
        rows, entries = mirror.history(employee, chosen)
        report.answer({"rows": [machine.row(row) for row in rows], "changes": [machine.entry(e) for e in entries]})
        report.say(text.history_text(rows, entries, ZoneInfo(mirror.settings.timezone), mirror.names()))


@app.command()
def changes(
    after: Annotated[int, typer.Option("--after", min=0, help="The last entry already read.")] = 0,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many.")] = 1000,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """The journal as a feed: which employee, which local days, what kind of change."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        entries = mirror.changes(after, limit)
        report.answer(
            {
                "changes": [machine.entry(entry) for entry in entries],
                "last": entries[-1].number if entries else after,
            }
        )
        report.say(
            f"{e.number:>8}  run {e.run:<6} {e.change.kind:<7} employee {e.change.image.employee_id:<8}"
            f" {e.change.days[0]}..{e.change.days[1]}"
            for e in entries
        )
        report.talk(f"next: connecteam-sync changes --after {entries[-1].number}" if entries else "nothing new")


@app.command()
def holds(
    reason: Annotated[Optional[str], typer.Option("--reason", help=f"One of: {', '.join(HOLD_REASONS)}.")] = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """What is deliberately not written, and why: the list that needs a person."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        if reason is not None and reason not in HOLD_REASONS:
            raise ConfigurationError(
                f"there is no hold reason {reason!r}", next_step=f"use one of: {', '.join(HOLD_REASONS)}"
            )
        found = mirror.holds(reason)
        report.answer({"holds": [machine.standing(item) for item in found]})
        report.say(text.holds_text(found, ZoneInfo(mirror.settings.timezone)))


# -- people and payroll ------------------------------------------------------------------------------------------------


@people.callback()
def employees(
    context: typer.Context,
    unmapped: Annotated[bool, typer.Option("--unmapped", help="Only those who count for nobody yet.")] = False,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List Connecteam users and the employees they count for; suggestions are never applied by themselves."""
    if context.invoked_subcommand is not None:
        return
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        found = mirror.employees(unmapped=unmapped)
        report.answer({"employees": [machine.person(item) for item in found]})
        report.say(text.people_text(found))
        waiting = any(person.employee_id is None for person in found)
        report.talk("next: connecteam-sync employees map USER EMPLOYEE" if waiting else "")


@people.command("map")
def map_employee(
    user: Annotated[int, typer.Argument(metavar="USER", help="The Connecteam user id.")],
    employee: Annotated[int, typer.Argument(metavar="EMPLOYEE", help="The employee id.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Let a Connecteam user's shifts count for an employee."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        person = mirror.map_employee(user, employee)
        report.answer({"employee": machine.person(person)})
        report.say(text.people_text([person]))
        report.talk("next: connecteam-sync sync (held shifts of other days: with --from and --to)")


@people.command("unmap")
def unmap_employee(
    user: Annotated[int, typer.Argument(metavar="USER", help="The Connecteam user id.")],
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Forget a mapping made with `map`."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        person = mirror.unmap_employee(user)
        report.answer({"employee": machine.person(person)})
        report.say(text.people_text([person]))


@app.command()
def lock(first: First, last: Last, config: Config = None, as_json: Json = False) -> None:
    """Close days for payroll: no run changes them; differences are held."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        window = one_window(mirror, first, last)
        count = mirror.lock(window.first, window.last)
        report.answer({"locked": count, "window": machine.window(window)})
        report.say([f"{window} is closed ({text.many(count, 'day')} newly)"])


@app.command()
def unlock(first: First, last: Last, config: Config = None, as_json: Json = False) -> None:
    """Open days again."""
    with reporting(as_json=as_json) as report, opened(config, report) as mirror:
        window = one_window(mirror, first, last)
        count = mirror.unlock(window.first, window.last)
        report.answer({"unlocked": count, "window": machine.window(window)})
        report.say([f"{window} is open ({text.many(count, 'day')} newly)"])
        report.talk(f"next: connecteam-sync sync --from {window.first} --to {window.last}" if count else "")


# -- without an account ------------------------------------------------------------------------------------------------


@app.command()
def sandbox(
    port: Annotated[int, typer.Option("--port", help="0 takes any free one.")] = 8123,
    host: Annotated[str, typer.Option("--host", help="A loopback address.")] = "127.0.0.1",
    key: Annotated[str, typer.Option("--key", help="The invented key it accepts; begins with sandbox-.")] = KEY,
    shifts: Annotated[int, typer.Option("--shifts", min=0, help="Shifts from 2025-12-01 to 2025-12-11.")] = 585,
    fault: Annotated[
        Optional[list[str]],
        typer.Option("--fault", metavar="NAME[@CALL]", help="A trouble, at a call number where given."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Serve a simulated Connecteam on this machine, until interrupted."""
    with reporting(as_json=as_json) as report:
        served = Sandbox(Company(shifts), key=key, host=host, port=port)
        for order in fault or ():
            name, _, call = order.partition("@")
            try:
                served.faults.add(name, call=int(call) if call else None)
            except ValueError as error:
                raise ConfigurationError(str(error), next_step="write it like html_200@3") from error

        def ready() -> None:
            report.answer({"url": served.url, "key": served.key, "timezone": served.company.timezone})
            report.say(
                [
                    f"{served.company.name} at {served.url}: {text.many(shifts, 'shift')} of 2025-12-01 to 11",
                    f"export CONNECTEAM_SYNC_BASE_URL={served.url}",
                    f"export CONNECTEAM_SYNC_API_KEY={served.key}",
                    f"export CONNECTEAM_SYNC_TIMEZONE={served.company.timezone}",
                ]
            )
            report.talk("next, in another terminal: connecteam-sync init; interrupt to stop")

        served.serve(ready)


@app.command()
def demo(
    keep: Annotated[
        Optional[Path],
        typer.Option("--keep", metavar="FOLDER", help="Leave the database here to look at."),
    ] = None,
    as_json: Json = False,
) -> None:
    """The whole story without an account or a server: sandbox and SQLite in a scratch folder."""
    with reporting(as_json=as_json) as report:
        raise typer.Exit(tell_the_story(report, keep))


def main() -> None:
    """Run the command. Retries are told through our own progress, not logged to stdout by the library that does them."""
    stamina.instrumentation.set_on_retry_hooks([])
    app()
