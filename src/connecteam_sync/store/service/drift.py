"""What Connecteam sent and this version does not know, each with the moment at which it was first seen: rows of
`service`. They stay, so that each is new only once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.pipeline import Query

MOST = 200
"""So many are kept; who sends more than that sends anything."""
IS_NEW = "substr(name, 1, 6) = 'drift:'"
"""The condition that names its rows."""


def noting_new(dialect: Dialect, service: str, now: str, names: Iterable[str]) -> list[Query]:
    """The statements that note in the table `service` what is not known yet; `now` is the expression for the moment."""
    return [
        Query(
            f"INSERT INTO {service} (name, value, at) SELECT '{_row(name)}', :value, {now} FROM (SELECT 1 AS one) x"
            f" WHERE (SELECT COUNT(*) FROM {service} WHERE {IS_NEW}) < {MOST} {dialect.unless_there('name')}",
            {"value": name},
        )
        for name in sorted(names)
    ]


def _row(name: str) -> str:
    """The name of a row: what Connecteam sends is no part of a statement."""
    return "drift:" + hashlib.sha256(name.encode()).hexdigest()[:40]
