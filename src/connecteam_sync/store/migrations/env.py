"""Run by Alembic: our tables only. The attributes are what `store/tables/init` says.

- `prefix`, `schema`: what our tables are called;
- `reading`: the connection; with `is_printed` statements are printed and it is only read from;
- `standing`: (name, schema) by kind of the tables that still have another name;
- `present_rows`: the values that rows of the host's table have, by key, for a list of keys.
"""

from __future__ import annotations

from alembic import context

given = context.config.attributes
given["columns"] = {}
context.configure(
    connection=given["reading"],
    version_table=f"{given['prefix']}version",
    version_table_schema=given["schema"],
    output_buffer=context.config.output_buffer,
    # What is printed is one transaction, with what is printed around it.
    transactional_ddl=False if given["is_printed"] else None,
)
with context.begin_transaction():
    context.run_migrations()
