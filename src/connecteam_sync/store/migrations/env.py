"""Run by Alembic: our tables only, on the connection (or the output) that `setup` hands over."""

from __future__ import annotations

from alembic import context

from connecteam_sync.store.schema import VERSION_TABLE, metadata

connection = context.config.attributes.get("connection")
if connection is None:
    context.configure(
        dialect_name=context.config.attributes["dialect"],
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        output_buffer=context.config.output_buffer,
    )
else:
    context.configure(connection=connection, target_metadata=metadata, version_table=VERSION_TABLE)
with context.begin_transaction():
    context.run_migrations()
