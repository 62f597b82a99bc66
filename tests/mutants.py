"""Planted bugs: each is put into a copy of the source, and the suite it names must fail. `make mutants` prints the table.

A bug is (file, what stands there, what stands there instead, suite). The copy is thrown away; nothing here is changed.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
SECONDS = 600
"""Longer than any of the suites takes."""
BYTES = 2 << 30
"""More memory than any of the suites takes: a bug that fills it without end fails its suite, not this machine."""
HISTORIES, CORE, GOLDEN, ADOPT, MACHINE, CLIENT, COMMAND, PAIR, CLOCKS = (
    "tests/core/test_histories.py",
    "tests/core",
    "tests/golden/test_golden.py",
    "tests/attack/test_adopt.py",
    "tests/attack/test_machine.py",
    "tests/test_connecteam.py",
    "tests/test_command.py",
    "tests/attack/test_two_at_once.py",
    "tests/core/test_clocks.py",
)
FAULTS, NETWORKS, CROWD = (
    "tests/attack/test_faults.py",
    "tests/attack/test_networks.py",
    "tests/attack/test_crowd.py",
)
DIGEST = "tests/store/test_digest.py"
WAITING = "tests/store/test_waiting.py"
KEPT = "tests/attack/test_machine.py -k failed_once"
DATABASE_FAULTS = "tests/attack/test_database_faults.py"
ZONES, EVERYWHERE, WHENEVER = (
    "tests/core/test_zones.py",
    "tests/core/test_everywhere.py",
    "tests/attack/test_whenever.py",
)
KEPT_DIGESTS = "tests/store/test_digest.py -k every_column"
READ_BACK = "tests/store/test_store.py -k in_parts"
FIELDS = "tests/store/test_store.py -k every_field"
READ_ONCE = "tests/store/test_digest.py -k read_once"
MEANWHILE = "tests/store/test_digest.py -k while_a_slice"
TAKEN_BACK = "tests/store/test_digest.py -k taken_back"
HOST_TABLES = "tests/attack/test_host_tables.py"
JOURNAL = "tests/store/test_journal.py"
RIGHTS = "tests/attack/test_rights.py"
ADOPT_BACK = "tests/attack/test_adopt.py -k without_its_backup"
SERVERS_TOO = {DATABASE_FAULTS, JOURNAL, RIGHTS, KEPT_DIGESTS, MEANWHILE, READ_ONCE, WAITING}
"""Suites that are run on the servers as well, where they answer; the others on SQLite, where nothing has to be set up."""
PASSED, FAILED = 0, 1
"""How pytest ends; anything else is a suite that did not run."""
MUTANTS: tuple[tuple[str, str, str, str], ...] = (
    (
        "core/match.py",
        "return (_NEVER if shift.created_at is None else",
        "return (0 if shift.created_at is None else",
        HISTORIES,
    ),
    (
        "core/match.py",
        "if row := linked_row(shift.id):",
        "if (row := linked_row(shift.id)) and row.is_active:",
        HISTORIES,
    ),
    (
        "core/match.py",
        "found[mirror.shift.user_id, mirror.shift.start].append(mirror)",
        "found[mirror.shift.user_id, 0].append(mirror)",
        GOLDEN,
    ),
    ("core/match.py", "if row.id not in linked and row.is_ours]", "if row.id not in linked]", CORE),
    ("core/plan.py", "if row != msgspec.structs.replace(after, source=row.source):", "if False:", GOLDEN),
    ("core/plan.py", "elif row == after:", "elif row.key == after.key:", HISTORIES),
    ("core/plan.py", "        if goes:\n", "        if False:\n", HISTORIES),
    (
        "core/plan.py",
        "if row is not None and row.id not in taken and self.inside(row.clock_in):",
        "if row is not None and self.inside(row.clock_in):",
        HISTORIES,
    ),
    ("core/plan.py", "if shift.user_id not in self.snapshot.listed:", "if False:", GOLDEN),
    ("core/plan.py", "if shift.user_id in self.doubted_users or", "if", CORE),
    ("core/plan.py", "if self.inside(shift.start) and shift.end is not None and", "if False and", CORE),
    ("core/plan.py", "if self.inside(shift.start) and shift.end is not None and", "if shift.end is not None and", CORE),
    (
        "core/plan.py",
        "if not self.inside(shift.start) and not mirror.is_gone:",
        "if not self.inside(shift.start):",
        HISTORIES,
    ),
    ("core/memory.py", "        and mirror.shift.user_id not in doubted\n", "", CLOCKS),
    (
        "core/memory.py",
        "        and (mirror.shift.end is None or mirror.shift.end < asked_end)\n",
        "",
        CLOCKS,
    ),
    (
        "core/desk.py",
        "locked = self.closed_days(before, after)",
        "locked = [day for day in each_day(*days) if day in self.stored.locked_days]",
        HISTORIES,
    ),
    (
        "core/plan.py",
        "and row.is_ours and row.id not in taken and",
        "and row.is_ours and",
        HISTORIES,
    ),
    (
        "core/match.py",
        "if row.id not in linked and row.is_ours]",
        "if row.is_ours]",
        CROWD,
    ),
    (
        "core/desk.py",
        'self.hold_change("locked_day", change,',
        'self.changes.append(change); self.hold_change("locked_day", change,',
        GOLDEN,
    ),
    ("core/plan.py", "and c.after.key in kept\n", "and False\n", HISTORIES),
    ("core/plan.py", "desk.settle_orphans(taken)", "pass", GOLDEN),
    ("core/plan.py", 'self.draft("delete", row, None, shift, "deleted in Connecteam")', "pass", HISTORIES),
    (
        "core/memory.py",
        "clock_time_id=None, applied=None, is_gone=is_gone)\n    return",
        "clock_time_id=None, is_gone=is_gone)\n    return",
        HISTORIES,
    ),
    ("core/memory.py", "new[mirror.shift.id] = msgspec.structs.replace(mirror, is_gone=True)", "pass", CORE),
    ("core/clocktime.py", "(clock_out - clock_in) // 60", "-(-(clock_out - clock_in) // 60)", HISTORIES),
    ("core/clocktime.py", "is_active=clock_out is None,", "is_active=False,", HISTORIES),
    (
        "core/match.py",
        "min(left, key=lambda one: (one[0].key != (employee_id, shift.start), one[1].shift.id))",
        "left[0]",
        HISTORIES,
    ),
    (
        "core/plan.py",
        'hold_shift("unmapped_user", shift, why, row=row)',
        'hold_shift("unmapped_user", shift, why)',
        HISTORIES,
    ),
    (
        "core/order.py",
        "free = [c for _, c in moving if not held[c.image.key]]",
        "free = [c for _, c in moving]",
        HISTORIES,
    ),
    ("core/order.py", 'result = [tuple(Move(change=c) for c in todo if c.kind == "delete")]', "result = []", HISTORIES),
    ("core/guards.py", "if deletes <= limit:", "if True:", GOLDEN),
    ("core/guards.py", "if snapshot.shifts or not rows:", "if True:", GOLDEN),
    ("core/guards.py", "if len(gone) <= max(", "if True or len(gone) <= max(", "tests/core/test_guards.py"),
    (
        "core/window.py",
        "return self.start_utc <= instant < self.end_utc",
        "return self.start_utc <= instant <= self.end_utc",
        CORE,
    ),
    (
        "core/window.py",
        "return (first, local_day(clock_out - 1, timezone))",
        "return (first, local_day(clock_out, timezone))",
        CORE,
    ),
    ("core/adopt.py", "row.id not in live, ", "", ADOPT),
    ("core/adopt.py", 'if group.shape == "manual_among":', "if False:", ADOPT),
    ("core/adopt.py", "if survivor.clock_out is not None:", "if True:", ADOPT),
    ("store/deduping.py", "if key.reference.movable:", "if False:", ADOPT),
    ("store/deduping.py", "if spot in taken", "if False", ADOPT),
    ("store/deduping.py", "remember_mirrors(session, changed, run)", "pass", ADOPT),
    ("store/rights.py", "may = bool(codes_of(error) & LOCK_CODES)", "may = True", RIGHTS),
    (
        "store/rights.py",
        '"INSERT": f"INSERT INTO {table} ({every})',
        '"INSERT": f"INSERT INTO clock_times ({every})',
        RIGHTS,
    ),
    ("store/rights.py", "result.scalar() is not False", "True", RIGHTS),
    ("adopt.py", "backup.demand_there(session, mine.backup_table)", "pass", ADOPT_BACK),
    ("store/backup.py", "    if new:", "    if False:", "tests/attack/test_adopt.py -k new_column"),
    (
        "adopt.py",
        """                backup.demand_there(session, mine.backup_table)
                backup.prove(session, mine.backup_table, mine.backup_rows, mine.backup_checksum)
""",
        "                pass\n",
        ADOPT_BACK,
    ),
    ("adopt.py", "left = deduping.move_pointers_back(session, keys, mine.run)", "left = 0", ADOPT),
    ("store/writing.py", "demand_unmoved(changes, before)", "pass", "tests/store"),
    ("store/journal.py", "WHEN 1 THEN 'true' ELSE 'false'", "WHEN 1 THEN 'false' ELSE 'true'", JOURNAL),
    ("store/journal.py", "CAST({session.canonical[field]} AS {d.bigint})", "{session.canonical[field]}", JOURNAL),
    ("store/dialect.py", 'return f"{value} + 0"', "return value", JOURNAL),
    ("store/dialect.py", 'return f"hex({value})"', "return value", JOURNAL),
    ("store/dialect.py", 'return f"CAST({value} AS CHAR CHARACTER SET utf8mb4)"', "return value", JOURNAL),
    ("store/dialect.py", '{"json", "decimal", "numeric"}', '{"decimal", "numeric"}', JOURNAL),
    ("store/dialect.py", '{"json", "decimal", "numeric"}', '{"json"}', JOURNAL),
    ("store/dialect.py", "_LETTERS | ", "", JOURNAL),
    ("store/dialect.py", '"bit", "float"', '"bit"', JOURNAL),
    ("store/dialect.py", 'return f"CAST({value} AS UNSIGNED)"', "return value", JOURNAL),
    ("store/dialect.py", 'return f"unhex({value})" if', 'return f"{value}" if', JOURNAL),
    ("store/journal.py", "coalesce(d.user_id, 'null')", "coalesce(NULL, 'null')", JOURNAL),
    ("store/journal.py", 'd.image("t", session.columns.types)', 'd.image("t", {"id": ""})', JOURNAL),
    ("store/journal.py", "ELSE d.row_after END", "ELSE d.row_before END", JOURNAL),
    ("store/journal.py", "(run, now, *entry[:-1])", "(now, run, *entry[:-1])", JOURNAL),
    ("store/writing.py", "{name: memory.get(name) for name in", "{name: None for name in", JOURNAL),
    ("store/writing.py", "if losers else own)", "if losers else ())", JOURNAL),
    (
        "store/clock_times.py",
        "dict.fromkeys(stamps, d.moment",
        "dict.fromkeys(stamps[:1], d.moment",
        JOURNAL,
    ),
    ("store/clock_times.py", "day, second = divmod(instant, 86_400)", "day, second = divmod(instant, 86_401)", GOLDEN),
    ("store/undoing.py", "_demand_as_left(session, run, entries, present)", "pass", "tests/store"),
    (
        "store/undoing.py",
        "entries = _netted([dict(row) for row in found.mappings()])",
        'entries = [{**row, "change": change_of(dict(row))} for row in found.mappings()]',
        GOLDEN,
    ),
    (
        "core/plan.py",
        "goes = row is not None and row.is_ours and not is_taken and fresh",
        "goes = row is not None and row.is_ours and not is_taken",
        CLOCKS,
    ),
    ("core/plan.py", "if own or is_taken or goes:", "if own:", CLOCKS),
    (
        "core/plan.py",
        '            self.hold_row("window_edge", row, "its shift is on another day by now: run the sync over that day", mirror)',
        "            pass",
        CLOCKS,
    ),
    ("core/plan.py", "if row is None and not mirror.is_gone and self.inside(shift.start):", "if False:", CLOCKS),
    ("core/plan.py", "if own or is_taken or goes:", "if own:", KEPT),
    (
        "core/plan.py",
        '            self.hold_row("window_edge", row, "its shift is on another day by now: run the sync over that day", mirror)',
        "            pass",
        KEPT,
    ),
    (
        "store/undoing.py",
        "entries = _netted([dict(row) for row in found.mappings()])",
        'entries = [{**row, "change": msgspec.json.decode(row["change_json"], type=Change)} for row in found.mappings()]',
        KEPT,
    ),
    (
        "core/desk.py",
        "for day in each_day(*span) if day",
        "for day in span if day",
        CLOCKS,
    ),
    (
        "core/plan.py",
        "if row.id not in self.shift_of_row and row.is_ours",
        "if row.id not in self.shift_of_row",
        CLOCKS,
    ),
    (
        "core/plan.py",
        "if any(self.step_aside(kept[change.image.key]) for change in blocked):",
        "if False:",
        WHENEVER,
    ),
    ("core/match.py", "or mirror.shift.id not in snapshot.beside", "", CLOCKS),
    ("core/match.py", "if min(there, key=precedence).id != shift.id:", "if False:", CLOCKS),
    (
        "core/window.py",
        "return start_of_day(self.last + _ONE_DAY, self.zone)",
        "return self.start_utc + self.days * 86_400",
        ZONES,
    ),
    (
        "core/window.py",
        "return datetime.fromtimestamp(instant, timezone).date()",
        "return datetime.fromtimestamp(instant - 3600, timezone).date()",
        ZONES,
    ),
    (
        "core/change.py",
        "hashlib.sha256(msgspec.json.encode((time_clock_id, window, changes, new_employees))).hexdigest()[:16]",
        'f"{hash(str(changes)) % 2**64:016x}"',
        EVERYWHERE,
    ),
    (
        "core/plan.py",
        "key=lambda h: (h.instant or 0, h.reason, h.subject)",
        "key=lambda h: hash(h.subject)",
        EVERYWHERE,
    ),
    ("attempt.py", "holds=decision.holds,", "holds=decision.holds[: now() // 10**8 - 17],", WHENEVER),
    ("core/guards.py", "limit = max(policy.max_deletes", "limit = min(policy.max_deletes", GOLDEN),
    ("core/guards.py", "max(_ONE_PERSON, policy", "max(0, policy", CORE),
    (
        "core/order.py",
        'result.append(tuple(Move(change=c) for c in todo if c.kind == "create"))',
        'result.insert(0, tuple(Move(change=c) for c in todo if c.kind == "create"))',
        HISTORIES,
    ),
    ("core/match.py", "if row and row.key == (employee_id, shift.start):", "if row:", CLOCKS),
    ("core/memory.py", "clock_time_id=known.clock_time_id if known else None", "clock_time_id=None", HISTORIES),
    ("core/memory.py", "is_gone = was.is_gone or other in succeeded", "is_gone = was.is_gone", KEPT),
    ("core/memory.py", "and item != old.get(item.id)", "and False", GOLDEN),
    ("core/clocktime.py", "return -user_id", "return user_id", GOLDEN),
    ("core/window.py", "step = timedelta(days=days - 2 * padding)", "step = timedelta(days=days)", CORE),
    ("core/window.py", "pad = timedelta(days=days)", "pad = timedelta(days=0)", CORE),
    ("core/proof.py", "if row.is_ours or row.key in keys:", "if False:", GOLDEN),
    ("core/proof.py", "> max(1, count)", "> max(100000, count)", CORE),
    ("store/writing.py", "held = _write_holds(session, plan, made, run=run.value, now=now)", "held = False", GOLDEN),
    (
        "store/writing.py",
        "    write_journal(session, changes, before, after, _memories(plan, memory), run=run.value, now=now)\n",
        "",
        GOLDEN,
    ),
    (
        "store/writing.py",
        "    remember_mirrors(session, mirrors, run.value, unknown=lambda shift: shift not in memory)\n",
        "",
        GOLDEN,
    ),
    (
        "store/clock_times.py",
        "if after and (after.id not in images or images[after.id][0] != after):",
        "if False:",
        HOST_TABLES,
    ),
    (
        "store/statements.py",
        "        self.flush()\n        return self._connection\n",
        "        return self._connection\n",
        WAITING,
    ),
    ("store/statements.py", "            then(answer)\n", "            pass\n", WAITING),
    ("store/statements.py", "first = list(islice(many, BATCH + 1))", "first = list(islice(many, BATCH))", WAITING),
    (
        "store/statements.py",
        "batches(every):\n                self.later",
        "batches(many):\n                self.later",
        WAITING,
    ),
    ("store/trips.py", "if load and size + query.size > TRIP:", "if False:", WAITING),
    ("store/clock_times.py", "if answer.touched != rows:", "if False:", "tests/store/test_store.py"),
    (
        "store/store.py",
        "            yield session\n            session.flush()\n\n",
        "            yield session\n\n",
        WAITING,
    ),
    ("store/writing.py", 'row["time_clock_id"] == plan.time_clock_id\n', "True\n", MACHINE),
    ("store/writing.py", 'row["time_clock_id"] == plan.time_clock_id\n', "True\n", KEPT),
    (
        "attempt.py",
        "if newer[0][0]:\n                        self._head",
        "if False:\n                        self._head",
        PAIR,
    ),
    ("attempt.py", "if decision.refusals and decision.fingerprint not in accept:", "if False:", GOLDEN),
    ("attempt.py", "_demand_same(decision, saved, stored)\n", "pass\n", GOLDEN),
    ("sync.py", 'if done_slice.status == "refused":', "if False:", GOLDEN),
    ("sync.py", "if clocks == 1 or (number == clocks - 1 and not failed):", "if True:", GOLDEN),
    ("sync.py", "if window.days > MAX_WINDOW_DAYS:", "if False:", COMMAND),
    ("door.py", "            file.touch(mode=0o600)\n            file.chmod(0o600)\n", "", COMMAND),
    ("connecteam.py", "follow_redirects=False", "follow_redirects=True", CLIENT),
    ("connecteam.py", '"userStatus": "all"', '"userStatus": "active"', CLIENT),
    ("connecteam.py", "if size > self._limit:", "if False:", CLIENT),
    ("connecteam.py", "if not users:", "if False:", CLIENT),
    ("connecteam.py", 'if not kind.startswith("application/json"):', "if False:", CLIENT),
    ("connecteam.py", "if remaining <= limit * self._reserve and time.time() < reset:", "if False:", CLIENT),
    ("wire.py", "if end is not None and end < start:", "if False:", CLIENT),
    (
        "wire.py",
        "if said.id in self._contested or self.shifts.setdefault(said.id, shift) != shift:",
        "if False:",
        CLIENT,
    ),
    ("wire.py", "self._contested.add(said.id)", "pass", CLIENT),
    ("connecteam.py", 'numbers["minute-reset"] + skew', 'numbers["minute-reset"]', CLIENT),
    ("connecteam.py", "if total is None or len(users) + len(doubts) >= total:", "if True:", f"{FAULTS} -k page"),
    ("connecteam.py", "return isinstance(error, Unavailable)", "return False", f"{FAULTS} -k storm"),
    (
        "connecteam.py",
        "except (httpx2.TransportError, httpx2.DecodingError) as error:",
        "except httpx2.DecodingError as error:",
        NETWORKS,
    ),
    ("store/engine.py", '{1213, 1020, "40P01", "40001"}', "set[object]()", DATABASE_FAULTS),
    ("store/engine.py", "if waiting and (busy or codes & LOCK_CODES):", "if False:", DATABASE_FAULTS),
    ("store/engine.py", '"BEGIN IMMEDIATE" if writer else "BEGIN"', '"SELECT 1"', DATABASE_FAULTS),
    ("wire.py", "if not 0 < start < _LATEST or", "if", CLIENT),
    ("wire.py", '.replace("\\0", "")', "", CLIENT),
    (
        "store/digest.py",
        'without={"created_at", "updated_at"}',
        'without={"created_at", "updated_at", "total_minutes"}',
        DIGEST,
    ),
    ("store/digest.py", 'if name != "changed_in_run"}', 'if name not in {"changed_in_run", "clock_time_id"}}', DIGEST),
    ("store/digest.py", '({"day": True}, "locked_days", "1 = 1", None),', "", DIGEST),
    (
        "store/digest.py",
        "(window, policy, people, tuple(answers), version)",
        "(window, people, tuple(answers), version)",
        DIGEST,
    ),
    ("attempt.py", "(digest := combined(found[1:])) != known.digest", "(digest := None)", DIGEST),
    (
        "store/digest.py",
        "combined(session.each(*digest_queries(session, before))) == before.digest:\n            fresh = before",
        "(now := combined(session.each(*digest_queries(session, before)))):\n            fresh = Remembered(*msgspec.structs.astuple(before)[:4], now)",
        MEANWHILE,
    ),
    ("store/digest.py", "(session, before))) == before.digest:", "(session, before))):", TAKEN_BACK),
    ("store/digest.py", "is_settled = not done.wrote and not decision.refusals", "is_settled = not done.wrote", DIGEST),
    ("store/digest.py", "before.start <= span[0] and span[1] <= before.end", "True", DIGEST),
    ("store/session.py", " AND t.{clock_in} IS NOT NULL", "", HOST_TABLES),
    ("store/clock_times.py", "instants[-1] + 1]", "instants[-1]]", "tests/test_round_trips.py -k calls"),
    ("store/clock_times.py", "[*starts[1:], instants", "[*starts, instants", READ_BACK),
    (
        "store/trips.py",
        "            with driver_errors(connection):\n                return Answer(_made",
        "            if True:\n                return Answer(_made",
        "tests/store/test_store.py -k damaged",
    ),
    ("store/rows.py", "if same is None or astuple(same) != row[:_LINK]:", "if same is None:", FIELDS),
    ("store/digest.py", "({key} < :low OR {key} >= :high)", "({key} >= :high)", READ_ONCE),
    ("store/digest.py", "for low in range(*span, step)]", "for low in range(*span, step)][:1]", READ_ONCE),
    ("store/migrations/versions/0004_row_digest.py", '    "applied_clock_out",\n', "", KEPT_DIGESTS),
    ("core/settled.py", "            or row.clock_out != end\n", "", HISTORIES),
    ("core/settled.py", " if key not in contested}", "}", HISTORIES),
    ("core/settled.py", "            or mirror.is_gone\n", "", CORE),
    ("core/plan.py", "            if start <= shift.start < end:\n", "            if True:\n", CLOCKS),
    ("store/writing.py", "employee = made.get(hold.user_id or 0)", "employee = None", DIGEST),
    ("store/undoing.py", "for day in each_day(*span)}", "for day in span}", GOLDEN),
)


def outcome(file: str, old: str, new: str, suite: str) -> tuple[int | None, float]:
    """How the suite ends on a copy with the bug in (None: not at all), and after how many seconds."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        for name in ("src", "tests", "benchmarks", "docs"):
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(ROOT / "pyproject.toml", copy)
        target = copy / "src" / "connecteam_sync" / file
        source = target.read_text()
        if old not in source:  # the empty string, of a control, is in every file
            sys.exit(f"{file} has no {old!r} any more: the table of planted bugs needs care")
        target.write_text(source.replace(old, new, 1))
        # `-x` because one failure is enough.
        settings = {
            "PYTHONPATH": str(copy / "src"),
            "CONNECTEAM_SYNC_HISTORIES": "600",
            "CONNECTEAM_SYNC_MACHINES": "60",
            "CONNECTEAM_SYNC_CROWDS": "4",
        }
        if suite not in SERVERS_TOO:
            settings["CONNECTEAM_SYNC_TEST_DATABASES"] = ""
        began = time.monotonic()
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-n0", "-p", "no:cacheprovider", *suite.split(" ", 2)]
        try:
            done = subprocess.run(  # noqa: S603 - our own tests
                command, cwd=copy, env=os.environ | settings, capture_output=True, check=False, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            # The suite ends by itself in less: the bug has it going round for ever, which nobody would overlook.
            return None, time.monotonic() - began
        return done.returncode, time.monotonic() - began


def main() -> int:
    """Every planted bug, a line each; 1 where one survives."""
    survivors = 0
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    for suite in sorted({bug[3] for bug in MUTANTS} if len(sys.argv) == 1 else ()):
        # Without any bug each suite passes: else every bug would seem to be killed.
        code, seconds = outcome("version.py", "", "", suite)
        if code != PASSED:
            # One that never ends is as useless: every bug would seem to be killed by it.
            sys.exit(f"{suite} does not pass without any planted bug ({code}), or takes longer than {SECONDS} s")
        print(f"passes     {seconds:5.1f} s  {suite} without a bug", flush=True)
    # A word on the command line takes the bugs whose file or suite has it.
    chosen = [bug for bug in MUTANTS if all(word in bug[0] + bug[3] for word in sys.argv[1:])]
    for file, old, new, suite in chosen:
        code, seconds = outcome(file, old, new, suite)
        dead = code in {FAILED, None}
        survivors += not dead
        print(
            f"{'killed  ' if dead else 'SURVIVED'} {seconds:5.1f} s  {suite:<32} {file}: {old.strip()[:60]!r} -> {new.strip()[:40]!r}"
        )
        sys.stdout.flush()
    print(f"{len(chosen) - survivors} of {len(chosen)} planted bugs killed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
