"""How the visits of several accounts are done: by threads of `serve`, or by workers on other machines.

Said once for all accounts, in the environment: CONNECTEAM_SYNC_EXECUTOR, CONNECTEAM_SYNC_BROKER_URL[_FILE],
CONNECTEAM_SYNC_CONTROL_DATABASE_URL[_FILE].
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Literal, get_args
from urllib.parse import urlsplit

import msgspec

from connecteam_sync.config_names import PREFIX
from connecteam_sync.config_secrets import secret
from connecteam_sync.errors import ConfigurationError

Executor = Literal["threads", "celery"]
CONTROL = "sqlite:///connecteam-sync-control.db"
CONTROL_FILE = CONTROL.rpartition("/")[2]
_SCHEMES = {"amqp", "amqps"}


class FleetSettings(msgspec.Struct, frozen=True, kw_only=True):
    """`control_database_url` is the database in which turns, budgets and workers are, and `is_control_named` whether
    the environment says so. Printing it shows no password.
    """

    executor: Executor = "threads"
    broker_url: str | None = None
    control_database_url: str = CONTROL
    is_control_named: bool = False

    def __repr__(self) -> str:
        return f"FleetSettings(executor={self.executor!r})"


def fleet_settings(environ: Mapping[str, str] | None = None) -> FleetSettings:
    """What the environment says of the fleet. Raises ConfigurationError, without the addresses: they hold passwords."""
    environ = os.environ if environ is None else environ
    executor = environ.get(f"{PREFIX}EXECUTOR", "threads").strip()
    if executor not in get_args(Executor):
        raise ConfigurationError(
            f"the environment: {PREFIX}EXECUTOR is {executor[:60]!r}",
            next_step=f"choose one of: {', '.join(get_args(Executor))}",
        )
    broker = secret("BROKER_URL", environ)
    if executor == "celery" and broker is None:
        raise ConfigurationError(
            f"{PREFIX}EXECUTOR is celery, and no broker is named",
            next_step=f"set {PREFIX}BROKER_URL (or …_FILE), like amqp://user:password@host:5672/vhost",
        )
    if broker is not None:
        _require_broker(broker)
    control = secret("CONTROL_DATABASE_URL", environ)
    return FleetSettings(
        executor=executor,  # type: ignore[arg-type]
        broker_url=broker,
        control_database_url=control or CONTROL,
        is_control_named=bool(control),
    )


def _require_broker(url: str) -> None:
    """Raises ConfigurationError for what is no address of RabbitMQ."""
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in _SCHEMES and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_good = False
    if not is_good:
        raise ConfigurationError(
            f"{PREFIX}BROKER_URL is no address of RabbitMQ",
            next_step="write it like amqp://user:password@host:5672/vhost (amqps:// with TLS)",
        )
