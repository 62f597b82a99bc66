"""Imports the whole program, and its late imports, for a fork server, whose processes then start in milliseconds."""

from __future__ import annotations

from importlib import import_module
from pkgutil import walk_packages

import connecteam_sync

_LATE = (
    "alembic.command",
    "psycopg",
    "pymysql",
    "rich.console",
    "sqlalchemy.dialects.sqlite",
    "uvicorn.protocols.http.h11_impl",
)

for _found in walk_packages(connecteam_sync.__path__, "connecteam_sync."):
    if not _found.name.endswith("__main__") and ".migrations." not in _found.name:
        import_module(_found.name)
for _name in _LATE:
    import_module(_name)
