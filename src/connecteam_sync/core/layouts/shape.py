"""What a layout is: the columns of its file, the numbers and codes that its payroll system takes. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Literal, NamedTuple

import msgspec

from connecteam_sync.core.keys import RowId
from connecteam_sync.core.rounding import decimal
from connecteam_sync.core.window import Window


class Key(NamedTuple):
    """A key of the section of a layout: the form of its value as a pattern, and an example."""

    form: str
    example: str
    is_needed: bool = True


class Entry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One record of a file: somebody's hours, of one job and one day where the layout divides them so.

    `who` is what the payroll system knows the person by. `minutes` are the net ones, each line of them rounded;
    `hundredths` the same in hundredths of an hour. `corrections` are the numbers of those among them.
    """

    employee_id: RowId
    who: str
    first_name: str
    last_name: str
    job: str
    day: date | None
    minutes: int
    hundredths: int
    corrections: tuple[int, ...] = ()

    @property
    def hours(self) -> str:
        """The hours as a decimal number with two places."""
        return decimal(self.hundredths)


class Frame(NamedTuple):
    """What is the same in all records of a file: the values of the layout's section, the period, whether jobs are told
    apart and people have numbers.
    """

    values: Mapping[str, str]
    window: Window
    has_jobs: bool
    has_numbers: bool
    is_draft: bool


class Column(NamedTuple):
    """A column: its heading and what it has of a record; `only` where jobs are told apart, or people have numbers."""

    heading: str
    cell: Callable[[Entry, Frame], str]
    only: Literal["jobs", "numbers"] | None = None


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """What a payroll system takes.

    `number` and `job` are the forms of a person's number and of a job's code, as patterns; numbers are filled up with
    noughts to `width` digits. Whom the system knows by name needs no number; `has_names`: then first and last name are
    columns of their own. `most` are the hundredths of an hour that a record may have. `note` is what to know before the
    file is imported; `{first}` and `{code}` in it are filled in.
    """

    title: str
    columns: tuple[Column, ...]
    number: str
    job: str
    note: str
    keys: Mapping[str, Key] = {}
    width: int = 0
    needs_number: bool = True
    has_names: bool = False
    has_heading: bool = True
    is_daily: bool = False
    """Whether each day is a record of its own, in whole minutes."""
    takes_negative: bool = False
    most: int | None = None
    encoding: str = "utf-8"
