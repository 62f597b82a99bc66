"""Run by Alembic: our tables only, on the connection (or the output) that `setup` hands over."""

from __future__ import annotations

from alembic import context

given = context.config.attributes
connection, names = given.get("connection"), given["names"]
version = {"version_table": names.name("version"), "version_table_schema": names.schema}
if connection is None:
    context.configure(dialect_name=given["dialect"], output_buffer=context.config.output_buffer, **version)
else:
    context.configure(connection=connection, **version)
with context.begin_transaction():
    context.run_migrations()
