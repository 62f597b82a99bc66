"""Lives the evening of payroll through the real command line and writes docs/evening.md: `make evening`.

    .venv/bin/python tools/evening.py --database postgresql+psycopg://postgres@127.0.0.1/empty --print

A sandbox stands in for Connecteam, an SQLite file for the database, unless another empty one is named. What differs
from one evening to the next (moments, hashes, fingerprints) stands in the page as words in capitals; a test lives the
same evening on each database and compares it with the page, line by line.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from sqlalchemy import create_engine, text

from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import Activity

PAGE = Path(__file__).parent.parent / "docs" / "evening.md"
CONFIGURATION = """\
timezone = "America/Chicago"
employees = "match"

[payroll]
schedule = "weekly"
anchor = "2025-12-01"
certificate_key = "certificate_key"
"""
_HALF_AN_HOUR = 1800
_VARYING = (
    (re.compile(r"SHA256:[A-Za-z0-9+/]{43}"), "FINGERPRINT"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "HASH"),
    (re.compile(r"\b[0-9a-f]{12,16}\b"), "HASH"),
    (re.compile(r"\bversion 0\d{3}\b"), "version VERSION"),
    (re.compile(r"\b20(2[6-9]|[3-9]\d)-\d\d-\d\d[ T]\d\d:\d\d(:\d\d)?Z?\b"), "NOW"),
)
"""What is another one each time, and the word that stands for it."""


class Evening:
    """One company in December 2025, its database, and a folder in which everything is typed."""

    def __init__(self, sandbox: Sandbox, database: str, folder: Path) -> None:
        self.company, self._database, self._folder = sandbox.company, database, folder
        self._lines: list[str] = []
        plain = {key: value for key, value in os.environ.items() if not key.startswith("CONNECTEAM_SYNC_")}
        self._environment = plain | {
            "CONNECTEAM_SYNC_API_KEY": sandbox.key,
            "CONNECTEAM_SYNC_BASE_URL": sandbox.url,
            "CONNECTEAM_SYNC_DATABASE_URL": database,
            "COLUMNS": "200",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{plain.get('PATH', os.defpath)}",
        }
        (folder / "connecteam-sync.toml").write_text(CONFIGURATION)

    # -- what is written down ------------------------------------------------------------------------------------------

    def told(self, sentence: str) -> None:
        """What happens elsewhere, or why the next command is typed."""
        self._lines += ["", *(f"# {line}" for line in sentence.splitlines())]

    def typed(self, command: str, *, code: int = 0) -> None:
        """Type a command line; what it prints follows it, and its exit code where it is not 0."""
        words = shlex.split(command.partition(" < ")[0])
        program = [sys.executable, "-m", "connecteam_sync"] if words[0] == "connecteam-sync" else [words[0]]
        done = subprocess.run(  # noqa: S603 - the commands below
            [*program, *words[1:]],
            cwd=self._folder,
            env=self._environment,
            input=self._input(command),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=120,
        )
        if done.returncode != code:
            raise AssertionError(f"{command} ended with {done.returncode}, not {code}:\n{done.stdout}")
        self._lines += [f"$ {command}", *(_fixed(line) for line in done.stdout.splitlines())]
        self._lines += [f"(exit code {code})"] if code else []

    def _input(self, command: str) -> str | None:
        """What a `< FILE` at the end of a command line reads."""
        _, _, name = command.partition(" < ")
        return (self._folder / name).read_text() if name else None

    @property
    def lines(self) -> list[str]:
        """Everything so far."""
        return self._lines[1:]

    # -- what happens elsewhere ----------------------------------------------------------------------------------------

    def work(self, user: int, day: int, begin: str, end: str | None) -> Activity:
        """A shift on a day of December."""
        at = date(2025, 12, day)
        start = self.company.at(at, begin)
        return self.company.add(user, start, self.company.at(at, end) if end else None, created_at=start)

    def moved(self, shift: Activity, seconds: int) -> None:
        """A manager moves the end of a shift in Connecteam."""
        now = self.company.activities[shift.id]
        self.company.edit(shift.id, end=(now.end or now.start) + seconds)

    def statement(self, sql: str) -> None:
        """What another program does with the tables."""
        engine = create_engine(self._database)
        with engine.begin() as connection:
            connection.execute(text(sql))
        engine.dispose()
        self._lines += [f"sql> {sql};"]


def _fixed(line: str) -> str:
    for pattern, word in _VARYING:
        line = pattern.sub(word, line)
    return line.rstrip()


def lived(database: str, folder: Path) -> list[str]:
    """The transcript of the evening in an empty database."""
    limits = SandboxSettings(minute_limit=10**6)
    with Sandbox(Company(0), limits) as sandbox:
        evening = Evening(sandbox, database, folder)
        _checked_and_closed(evening)
        return evening.lines


def _checked_and_closed(evening: Evening) -> None:
    maria, ben = sorted(evening.company.people)[:2]
    names = {user: f"{evening.company.people[user].first_name}" for user in (maria, ben)}
    tuesday = evening.work(maria, 2, "08:00", "16:00")
    forgotten = evening.work(maria, 3, "08:00", None)
    evening.work(ben, 2, "09:00", "12:00")
    evening.work(maria, 9, "08:00", "16:00")
    evening.told("The first time: our tables, the company's table of people, the key that signs.")
    evening.typed("connecteam-sync init")
    evening.typed("ssh-keygen -q -t ed25519 -N '' -C connecteam-sync -f certificate_key")
    evening.statement(f"INSERT INTO employees (name, connecteam_user_id) VALUES ('{names[maria]}', '{maria}')")
    evening.told("Monday evening, 15 December: what is new, and what stands in the way of closing the first week?")
    evening.typed("connecteam-sync sync --from 2025-12-01 --to 2025-12-14", code=3)
    evening.typed("connecteam-sync periods check 2025-12-01", code=4)
    evening.told(f"The cures: {names[ben]} is made an employee; the manager ends Wednesday's shift in Connecteam.")
    evening.typed(f"connecteam-sync employees create {ben}")
    evening.company.edit(forgotten.id, end=forgotten.start + 4 * 3600)
    evening.typed("connecteam-sync sync --from 2025-12-01 --to 2025-12-14")
    evening.typed("connecteam-sync periods close 2025-12-01 --as Pia")
    evening.typed("connecteam-sync export 2025-12-01 --format csv --out week-1.csv --as Pia")
    _corrected(evening, tuesday)
    _proved(evening)


def _corrected(evening: Evening, tuesday: Activity) -> None:
    look = "connecteam-sync sync --from 2025-12-01 --to 2025-12-14"
    evening.told("A manager moves the end of Tuesday's shift from 16:00 to 16:30. The closed table does not move.")
    evening.moved(tuesday, _HALF_AN_HOUR)
    evening.typed(look, code=3)
    evening.typed("connecteam-sync corrections")
    evening.typed("connecteam-sync corrections accept 1 --into 2025-12-01 --as Pia", code=4)
    evening.typed("connecteam-sync corrections accept 1 --into 2025-12-08 --as Pia")
    evening.told("The manager takes that back before it is exported, then does it once more after all.")
    evening.moved(tuesday, -_HALF_AN_HOUR)
    evening.typed(look)
    evening.moved(tuesday, _HALF_AN_HOUR)
    evening.typed(look, code=3)
    evening.typed("connecteam-sync corrections")
    evening.typed("connecteam-sync corrections accept 2 --into 2025-12-08 --as Pia")
    evening.told("The second week is closed; its file carries the correction, once.")
    evening.typed("connecteam-sync periods close 2025-12-08 --as Pia")
    evening.typed("connecteam-sync export 2025-12-08 --format csv --out week-2.csv --as Pia")
    evening.typed("cut -d, -f4,7,8,10,15 week-2.csv")
    evening.typed("connecteam-sync export 2025-12-08 --format csv --out twice.csv --as Pia", code=4)
    evening.typed(
        "connecteam-sync export 2025-12-08 --format csv --out week-2b.csv --again 'the file was lost' --as Pia"
    )
    evening.typed("cmp week-2.csv week-2b.csv")
    evening.typed("connecteam-sync exports")
    evening.told("16:00 after all. The correction was exported, so its way back is a counter-entry of the third week.")
    evening.moved(tuesday, -_HALF_AN_HOUR)
    evening.typed(look)
    evening.typed("connecteam-sync corrections")
    evening.typed("connecteam-sync corrections accept 3 --into 2025-12-15 --as Pia")


def _proved(evening: Evening) -> None:
    verify = "connecteam-sync certificate verify proof/certificate.json --table"
    evening.told("The first week is certified. The folder is all that an auditor needs, with stock OpenSSH.")
    evening.typed("connecteam-sync certify 2025-12-01 --out proof --as Pia")
    evening.typed("ls proof")
    evening.typed(
        "ssh-keygen -Y verify -f proof/allowed_signers -I connecteam-sync -n connecteam-sync"
        " -s proof/certificate.json.sig < proof/certificate.json"
    )
    evening.typed(verify)
    evening.told("A year later somebody has changed one row.")
    evening.statement("UPDATE clock_times SET total_minutes = total_minutes + 15 WHERE id = 1")
    evening.typed(verify, code=5)


def page(lines: list[str]) -> Iterator[str]:
    """The lines of docs/evening.md."""
    yield from (
        "# The evening of payroll, as it is typed",
        "",
        "A transcript, made by `make evening`: every command that closes a pay period, corrects it, pays it and",
        "proves it, with what it prints. A test lives the same evening on SQLite, MySQL, MariaDB and PostgreSQL and",
        "compares it with this page, line by line. Lines with `#` say what happens elsewhere, `sql>` is another",
        "program.",
        "`NOW`, `HASH`, `FINGERPRINT` and `VERSION` stand for what is another one each time.",
        "How to do it for your own company: [close a pay period](how-to.md#close-a-pay-period).",
        "",
        "The configuration:",
        "",
        *(f"    {line}".rstrip() for line in CONFIGURATION.splitlines()),
        "",
        "The evening:",
        "",
        *(f"    {line}".rstrip() for line in lines),
    )


def main() -> int:
    """Live the evening, and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--database", help="an empty one; by default an SQLite file")
    parser.add_argument("--print", action="store_true", help="print the transcript, and leave the page as it is")
    chosen = parser.parse_args()
    if shutil.which("ssh-keygen") is None:
        sys.stderr.write("ssh-keygen is not here (package openssh-client)\n")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        lines = lived(chosen.database or f"sqlite:///{folder}/hours.db", Path(folder))
    if chosen.print:
        sys.stdout.write("\n".join(lines) + "\n")
    else:
        PAGE.write_text("\n".join(page(lines)) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
