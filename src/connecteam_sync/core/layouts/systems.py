"""The payroll systems whose layouts are known, as a table; `docs/exports.md` has the public source of each rule. Pure.

Overtime is no column anywhere: it is for the payroll system to decide, which knows the law and the whole week.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from connecteam_sync.core.export_lines import harmless
from connecteam_sync.core.exports import ExportFormat
from connecteam_sync.core.layouts.shape import Column, Entry, Frame, Key, Layout


def _text(value: str) -> str:
    return str(harmless(value))


def _who(entry: Entry, _: Frame) -> str:
    return _text(entry.who)


def _job(entry: Entry, _: Frame) -> str:
    return _text(entry.job)


def _hours(entry: Entry, _: Frame) -> str:
    return entry.hours


def _blank(_: Entry, __: Frame) -> str:
    return ""


def _same(value: str) -> Callable[[Entry, Frame], str]:
    return lambda _, __: value


def _key(name: str) -> Callable[[Entry, Frame], str]:
    return lambda _, frame: _text(frame.values.get(name, ""))


def _blanks(*headings: str) -> tuple[Column, ...]:
    return tuple(Column(heading, _blank) for heading in headings)


ADP = Layout(
    title="ADP",
    keys={
        "company_code": Key("[A-Za-z0-9]{2,3}", "ABC"),
        "batch_id": Key("[A-Za-z0-9]{1,25}", "CLOCK"),
    },
    number="[0-9]{1,6}",
    width=6,
    job="[A-Z0-9$/.-]{1,6}",
    takes_negative=True,
    most=9_999_999,
    columns=(
        Column("Co Code", _key("company_code")),
        Column("Batch ID", _key("batch_id")),
        Column("File #", _who),
        Column("Temp Dept", _job, "jobs"),
        Column("Reg Hours", _hours),
    ),
    note="ADP takes it only under the name PR{code}EPI.csv",
)
PAYCHEX = Layout(
    title="Paychex Flex",
    keys={
        "client_id": Key("[A-Za-z0-9]{1,8}", "12345678"),
        "pay_component": Key("[A-Za-z0-9][A-Za-z0-9 ]{0,19}", "Hourly"),
    },
    number="[A-Za-z0-9]{1,10}",
    job="[A-Za-z0-9]{1,25}",
    takes_negative=True,
    most=99_999,
    columns=(
        Column("Client ID", _key("client_id")),
        Column("Worker ID", _who),
        *_blanks("Org"),
        Column("Job Number", _job),
        Column("Pay Component", _key("pay_component")),
        *_blanks("Rate", "Rate Number"),
        Column("Hours", _hours),
        *_blanks("Units", "Line Date", "Amount", "Check Seq Number", "Override State", "Override Local"),
        *_blanks("Override Local Jurisdiction", "Labor Override", "Check Template", "Output Type", "Net Pay"),
        *_blanks("Check Number", "FIT Amt", "SS Amt", "Medicare Amt", "Fed Backup Withholding Amt"),
        *_blanks("State Tax Jurisdiction", "SIT Amount", "SDI Amt", "Fam Leave", "Med Leave", "SUI Amt"),
        *_blanks("State Misc Amt", "State Surcharge Amt", "State WC Amt", "State Backup Withholding Amt"),
        *_blanks("State Allocation %", "Local Tax Jurisdiction", "Local Tax Name", "Local Amt", "Local Allocation %"),
    ),
    note="Paychex adds to what was imported before: a file that takes another's place doubles its hours, unless that"
    " one was taken out",
)
GUSTO = Layout(
    title="Gusto",
    number="[A-Za-z0-9]{6}",
    needs_number=False,
    has_names=True,
    job="[^\\x00-\\x1f]{1,100}",
    columns=(
        Column("last_name", lambda entry, _: _text(entry.last_name)),
        Column("first_name", lambda entry, _: _text(entry.first_name)),
        Column("title", _job, "jobs"),
        Column("gusto_employee_id", _who, "numbers"),
        Column("regular_hours", _hours),
    ),
    note="Gusto overwrites the hours of everybody in it, with 0.00 too; who is no longer in it keeps what an earlier"
    " upload said",
)
QUICKBOOKS = Layout(
    title="QuickBooks Desktop",
    keys={
        "company_name": Key("[^\\x00-\\x1f]{1,100}", "Moss Warehouses"),
        "company_create_time": Key("[0-9]{1,12}", "1243092298"),
        "service_item": Key("[^\\x00-\\x1f]{1,100}", "Labor", is_needed=False),
    },
    number="[^\\x00-\\x1f]{1,100}",
    needs_number=False,
    job="[^\\x00-\\x1f]{1,200}",
    is_daily=True,
    encoding="cp1252",
    columns=(),
    note="QuickBooks takes the same activities twice where the file has another name: import no file whose place"
    " another takes",
)
PAYLOCITY = Layout(
    title="Paylocity",
    keys={"earning_code": Key("[A-Za-z0-9]{1,10}", "REG")},
    number="[A-Za-z0-9][A-Za-z0-9_.-]{0,19}",
    job="[A-Za-z0-9][A-Za-z0-9_.-]{0,19}",
    has_heading=False,
    columns=(
        Column("EmployeeId", _who),
        Column("Det", _same("E")),
        Column("DetCode", _key("earning_code")),
        Column("Hours", _hours),
        *(
            Column(heading, _blank, "jobs")
            for heading in ("Amount", "TempRate", "RateCode", "CostCenter1", "CostCenter2", "CostCenter3")
        ),
        Column("JobCode", _job, "jobs"),
    ),
    note="what is public of Paylocity's layout is second hand: compare it with the specification that you have",
)
UKG = Layout(
    title="UKG",
    keys={"pay_code": Key("[A-Za-z0-9][A-Za-z0-9 _-]{0,49}", "REG")},
    number="[A-Za-z0-9][A-Za-z0-9_.-]{0,29}",
    job="[A-Za-z0-9][A-Za-z0-9 _.-]{0,49}",
    columns=(
        Column("Employee Id", _who),
        Column("Pay Code", _key("pay_code")),
        Column("Hours", _hours),
        Column("Job", _job, "jobs"),
        Column("From", lambda _, frame: frame.window.first.isoformat()),
        Column("To", lambda _, frame: frame.window.last.isoformat()),
    ),
    note="a template: no layout of UKG is public, and each company sets up its own import",
)
LAYOUTS: Mapping[ExportFormat, Layout] = {
    "adp": ADP,
    "paychex": PAYCHEX,
    "gusto": GUSTO,
    "quickbooks": QUICKBOOKS,
    "paylocity": PAYLOCITY,
    "ukg": UKG,
}
"""By the name of the format. What is not here (csv, xlsx, parquet) has every line with its minutes."""


def note_of(layout: Layout, frame: Frame) -> str:
    """What to know before a file of the layout is imported."""
    return layout.note.format(code=frame.values.get("company_code", "").upper().ljust(3, "_"))
