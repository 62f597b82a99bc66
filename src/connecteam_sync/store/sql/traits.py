"""Facts about a database that its class states: types, clauses, and what the server can do."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar, Literal

from connecteam_sync.store.sql.urls import Driver

Kind = Literal["int", "key", "text", "float", "row", "person", "employee", "link", "who"]
"""`key` is text that is compared with a key of ours: short enough for an index to be used.

`row` is compared with the key of the host's `clock_times`, `person` with its column of employees, `employee` with the
key of the table of people; `link` and `who` with the columns of our own tables that hold those keys (`keys`).
"""
Shared = Collection[str]
"""Columns in which many rows have the same value."""
FIRST, LAST = "'0001-01-01'", "'9999-12-31 23:59:59.999999'"
"""A time before or after these is read as no time, as infinity is."""


class Traits(Driver):
    """The facts of one database; those without a value are stated by each class."""

    auto_key: ClassVar[str] = "BIGINT"
    """The type of a column of ours whose values the database counts up."""
    long_text: ClassVar[str] = "TEXT"
    """The type of a text without a limit."""
    types: ClassVar[Mapping[str, str]]
    """The types of a rowset's columns, by kind."""
    commits_tables: ClassVar[bool] = False
    """Whether each statement that makes or alters a table is committed by itself."""
    own_text: ClassVar[str]
    """The type of our own columns for a key of text."""
    bigint: ClassVar[str]
    """The type that whole numbers are cast to."""
    epoch_now: ClassVar[str]
    """The current time of the database's clock, in whole epoch seconds."""
    epoch_of_statement: ClassVar[str] = ""
    """The same of the moment at which the statement began, where the database plans better with it; empty: no other."""
    at_rest: ClassVar[str] = ""
    """The statement by which a connection gives back memory that it keeps for its next use; empty: it keeps none."""
    skips_locked: ClassVar[str] = " FOR UPDATE SKIP LOCKED"
    """Follows a SELECT: lock its rows, without waiting for those that another transaction has locked."""
    returns_updated: ClassVar[bool] = True
    """Whether an UPDATE can return the rows that it wrote."""
    equal: ClassVar[str]
    """Equality in which NULL equals NULL."""
    mark: ClassVar[str] = '"'
    """The quotation mark of names."""
    divides: ClassVar[str] = "/"
    """The operator that divides whole numbers."""
    last: ClassVar[str] = LAST
    lookup: ClassVar[str] = "JOIN"
    """A join that reads its left side first and finds the rows of the right side by key."""
    overriding: ClassVar[str] = ""
    """The clause of an INSERT that sets a key which the database otherwise always makes by itself."""

    folds_names: ClassVar[bool] = True
    """Whether capitals and small letters are the same in the name of a column."""
    is_loosely_typed: ClassVar[bool] = False
    """Whether a column takes values of any type, whatever its declaration."""
    hides_what_is_not_granted: ClassVar[bool] = False
    """Whether the catalogue leaves out tables, keys and triggers on which the user has no right."""
    has_rights: ClassVar[bool] = True
    """Whether there are rights on single tables."""
    grants_follow: ClassVar[bool] = True
    """Whether the grants on a table stay with it when it is renamed."""
    alters_columns: ClassVar[bool] = True
    """Whether the type of a column can be changed without rebuilding the table."""
    has_packets: ClassVar[bool] = False
    """Whether a statement and its values must fit into one packet; new rows are then sent as JSON arrays."""
    copies_images: ClassVar[bool] = False
    """Whether the journal copies whole rows from the table on the server, without sending them here."""
    reads_by_key: ClassVar[bool] = False
    """Whether rows are read far faster in the order of their keys than by an index."""
    notes_writes: ClassVar[bool] = False
    """Whether the server notes when a shift of ours was last written, by any program."""
    digests_in_parts: ClassVar[bool] = True
    """Whether rows are concatenated into texts, part by part, before they are hashed."""
    gathers: ClassVar[bool] = False
    """Whether many rows are read far faster as a few texts (`Dialect.gathered`) than row by row."""
    moves_moments: ClassVar[bool] = False
    """Whether a column may change by itself when its row is written (ON UPDATE CURRENT_TIMESTAMP)."""
    cascades_within: ClassVar[bool] = True
    """Whether ON UPDATE CASCADE works within one table."""
    takes_bad_keys: ClassVar[bool] = False
    """Whether a foreign key may be declared that makes every write fail."""
    names_foreign_keys: ClassVar[bool] = True
    """Whether a foreign key has a name of its own."""
    backs_up_computed: ClassVar[bool] = False
    """Whether a computed column becomes a plain one of a copy of its table."""
    drops_spare_indexes: ClassVar[bool] = False
    """Whether an index that was made for a foreign key is dropped by itself once another one serves."""
