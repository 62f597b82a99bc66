"""Which packages a peer needs beside the product's, and whether they are there."""

from __future__ import annotations

from importlib.util import find_spec

MYSQL = {"mariadb", "mysql"}


def missing(module: str, kind: str, task: str = "") -> str:
    """The package without which a peer's module cannot run on a database; empty if nothing is missing."""
    wanted = {"dlt_peer": ["dlt"], "handmade": [], "orm": []}.get(module, [])
    if kind in MYSQL:
        wanted += {"dlt_peer": ["MySQLdb"], "orm": ["MySQLdb"], "handmade": ["mysql.connector"]}.get(module, [])
    if task == "option_b":  # by the fastest driver there is
        wanted = []
    return next((name for name in wanted if not _is_there(name)), "")


def _is_there(package: str) -> bool:
    try:
        return find_spec(package) is not None
    except ModuleNotFoundError:
        return False
