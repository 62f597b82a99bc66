"""Whether a console can be shown: its packages are there, and no stranger could look into it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable

from connecteam_sync.cli.output import Report
from connecteam_sync.errors import ConfigurationError


def may_show(report: Report) -> bool:
    """Whether the packages of the console are there; if they are not, that is said."""
    try:
        require_console("the console")
    except ConfigurationError as error:
        report.note(f"no console: {error.message}; {error.next_step}")
        return False
    return True


def require_people(host: str, are_any: Callable[[], bool], *, option: str = "") -> None:
    """Raises ConfigurationError where other machines could look into a console that nobody has an account of."""
    from connecteam_sync.service.listener import is_loopback

    if not is_loopback(host) and not are_any():
        raise ConfigurationError(
            f"at {host} other machines could look into the console, and nobody has an account",
            next_step=f"connecteam-sync console user add NAME --role admin{option}, or serve --no-console",
        )


def require_console(what: str) -> None:
    """Raises ConfigurationError if the packages of the console are missing."""
    if missing := [name for name in ("jinja2", "argon2") if importlib.util.find_spec(name) is None]:
        raise ConfigurationError(
            f"{what} needs {' and '.join(missing)}", next_step="pip install 'connecteam-sync[service]'"
        )
