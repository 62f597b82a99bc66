"""The token in the address of the webhooks: made once for a database, and kept."""

from __future__ import annotations

import secrets

import msgspec
from sqlalchemy import Connection

from connecteam_sync.store.sql.dialect import Dialect
from connecteam_sync.store.sql.quoting import run
from connecteam_sync.store.tables.own import OwnTables

_NAME = "webhook_token"
_BYTES = 24


def webhook_token(connection: Connection, dialect: Dialect, own: OwnTables) -> str:
    """The token, made where there is none yet. It is a part of an address: only the secret proves a delivery."""
    query = f"SELECT value FROM {own.service} WHERE name = '{_NAME}'"
    value = run(connection, query).scalar()
    if value is None:
        made = secrets.token_urlsafe(_BYTES)
        run(
            connection,
            f"INSERT INTO {own.service} (name, value, at) VALUES ('{_NAME}', :value, {dialect.epoch_now})"
            f" {dialect.unless_there('name')}",
            {"value": msgspec.json.encode(made).decode()},
        )
        # Another process may have made it meanwhile; a locking read sees that on every database.
        value = run(connection, query + dialect.locking()).scalar_one()
    return msgspec.json.decode(value, type=str)
