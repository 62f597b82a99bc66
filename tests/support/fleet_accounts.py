"""Several companies, a configuration of them in a folder, and the processes that look after them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from connecteam_sync import ConnecteamSync
from connecteam_sync.config import load_settings
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.sandbox.server import Tenant
from connecteam_sync.worker.app import application, dead_letters

PATIENCE = 60.0
"""Seconds for what takes a second or two on a machine with nothing else to do."""
BROKER = os.environ.get("CONNECTEAM_SYNC_TEST_BROKER", "amqp://guest:guest@127.0.0.1:5672")


class Fleet:
    """Companies of a sandbox; each is an account, with tables in `folder`. `environment` is that of processes."""

    def __init__(self, folder: Path, sandbox: Sandbox, names: tuple[str, ...], **environment: str) -> None:
        self.folder, self.sandbox, self.names = folder, sandbox, names
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("CONNECTEAM_SYNC_")},
            "CONNECTEAM_SYNC_TOTAL_SECONDS": "20",
            **environment,
        }
        lines = [
            f'timezone = "{sandbox.companies[0].company.timezone}"',
            f'base_url = "{sandbox.url}"',
            "cadence_seconds = 30",
            "settle_seconds = 1",
            "older_days = 0",
            'employees = "create"',
        ]
        for name, company in zip(names, sandbox.companies, strict=True):
            (folder / f"{name}.key").write_text(company.key)
            (folder / f"{name}.key").chmod(0o600)
            lines += [f"[accounts.{name}]", f'database_url = "sqlite:///{folder}/{name}.db"']
            lines += [f'api_key_file = "{folder}/{name}.key"']
        self.config = folder / "connecteam-sync.toml"
        self.config.write_text("\n".join(lines) + "\n")
        for name in names:
            with self.mirror(name) as mirror:
                mirror.init()

    def mirror(self, name: str) -> ConnecteamSync:
        """A client of one account."""
        return ConnecteamSync(settings=load_settings(self.config, self.environment, account=name))

    @contextmanager
    def process(self, *words: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """A command as a process, in a group of its own that is killed at the end if it still lives."""
        with (
            (self.folder / f"{words[0]}-{uuid.uuid4().hex[:6]}.err").open("w") as errors,
            subprocess.Popen(  # noqa: S603 - our own command
                [sys.executable, "-m", "connecteam_sync", *words],
                cwd=self.folder,
                env=self.environment | environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            ) as process,
        ):
            try:
                yield process
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)

    def command(self, *words: str) -> dict[str, Any]:
        """The JSON that a command answers with."""
        done = subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "connecteam_sync", *words, "--json"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    def looked(self, name: str) -> int:
        """How many good looks each of an account's time clocks has had in a row, the fewest of them."""
        with self.mirror(name) as mirror:
            return min((one.successes for one in mirror.schedules()), default=0)

    def errors(self) -> str:
        """What every process has told."""
        return "\n".join(f"{path.name}: {path.read_text()}" for path in self.folder.glob("*.err"))


def until(what: Callable[[], object], fleet: Fleet, *, seconds: float = PATIENCE) -> None:
    """Wait until it is so; fails with what the processes have told."""
    ends = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < ends, fleet.errors()
        time.sleep(0.2)


def announced(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The first line of a process, which says that it has begun."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the process has ended"
    found: dict[str, Any] = json.loads(line)
    return found


@contextmanager
def fleet(folder: Path, *names: str, **environment: str) -> Iterator[Fleet]:
    """Some companies with a few shifts each."""
    first, *others = (Company(12, seed=place, company_id=str(100 + place)) for place, _ in enumerate(names))
    tenants = [Tenant(f"sandbox-{name}", company) for name, company in zip(names[1:], others, strict=True)]
    with Sandbox(first, others=tenants) as sandbox:
        yield Fleet(folder, sandbox, names, **environment)


@contextmanager
def virtual_host() -> Iterator[str]:
    """The address of a virtual host of its own at the real broker. Skips loudly where there is none."""
    name = f"cs_test_{uuid.uuid4().hex[:10]}"
    with ExitStack() as stack:
        try:
            rabbit("add_vhost", name)
            stack.callback(rabbit, "delete_vhost", name)
            rabbit("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
        except (OSError, subprocess.SubprocessError) as error:
            pytest.skip(f"NOT TESTED: RabbitMQ cannot be set up here ({type(error).__name__})")
        yield f"{BROKER}/{name}"


def queues(address: str) -> dict[str, str]:
    """The kind of each queue of a virtual host."""
    said = rabbit("list_queues", "-q", "-p", address.rpartition("/")[2], "name", "type", "--no-table-headers")
    return dict(line.split("\t")[:2] for line in said.splitlines() if "\t" in line)


def dead(address: str) -> list[dict[str, Any]]:
    """The headers of each message among the dead letters; they stay there."""
    with application(address).connection_for_read() as connection, connection.channel() as channel:
        queue = dead_letters()(channel)
        queue.declare()
        found = []
        while (message := queue.get(no_ack=False)) is not None:
            found.append(dict(message.headers))
        return found


def rabbit(*words: str) -> str:
    """What the broker's own command says. Raises OSError, CalledProcessError."""
    return subprocess.run(  # noqa: S603 - the broker's own command
        ["rabbitmqctl", *words],  # noqa: S607
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
