"""A timesheet as a page for print, A4 or Letter: no script, nothing from elsewhere, every text from outside escaped.

It is written without templates, so that the command and the library make it without the packages of the console, which
shows the same `paper`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from zoneinfo import ZoneInfo

from connecteam_sync.core.corrections import Correction
from connecteam_sync.core.text import called, day_name, hours, many, one_line, stamp
from connecteam_sync.core.timesheet import SheetDay, SheetEdit, SheetWeek, Timesheet
from connecteam_sync.core.worked import WorkedShift
from connecteam_sync.present.corrections_text import period_name
from connecteam_sync.present.corrections_text import span as times_span
from connecteam_sync.present.hours_text import (
    as_of_line,
    left_out_lines,
    overtime_heading,
    overtime_week,
    purged_lines,
)
from connecteam_sync.present.timesheet_text import (
    break_text,
    certificate_text,
    edit_who,
    ends,
    heading,
    moved_text,
    name_of,
    remarks,
    times_text,
)

_STYLE = """
@page{margin:14mm 12mm 16mm}
*{box-sizing:border-box}
html{font:11pt/1.4 system-ui,"Segoe UI",Roboto,sans-serif;color:#1d2327;background:#fff;color-scheme:light}
body{max-width:62rem;margin:0 auto;padding:1rem;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
h1{font-size:1.5rem;margin:0 0 .25rem}h2{font-size:1.1rem;margin:1.4rem 0 .4rem;break-after:avoid}
p{margin:.25rem 0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
caption{text-align:left;font-weight:600;padding:.2rem 0}
th,td{padding:.25rem .4rem;text-align:left;vertical-align:top;border-bottom:1px solid #c9c5bd}
thead{display:table-header-group}
tr{break-inside:avoid}
.num{text-align:right;white-space:nowrap}
.sum td,.sum th{font-weight:600;border-bottom:2px solid #59636b}
.small{font-size:.85em;color:#59636b}
.sign{display:flex;gap:2rem;margin-top:3rem;break-inside:avoid}
.sign p{flex:1;border-top:1px solid #59636b;padding-top:.2rem}
@media print{body{max-width:none;padding:0;font-size:9.5pt}.scroll{overflow:visible}}
"""


def page(sheet: Timesheet) -> str:
    """A whole page with its style, for a file."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{_text(f'Timesheet of {name_of(sheet)}, {sheet.window}')}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{_text(f'Timesheet of {name_of(sheet)}')}</h1>\n{paper(sheet)}\n</main>\n</body>\n"
        "</html>\n"
    )


def paper(sheet: Timesheet) -> str:
    """What is on it, without its heading: safe HTML."""
    zone = sheet.window.zone
    parts = [f"<p>{_text(heading(sheet))}</p>"]
    if sheet.as_of is not None:
        parts.append(f"<p><strong>{_text(as_of_line(sheet.as_of, zone).capitalize())}</strong></p>")
    parts.append(_days(sheet, zone))
    if sheet.accepted:
        parts.append(
            _paragraph(
                f"With {many(len(sheet.accepted), 'correction')} of earlier days, paid with this period:"
                f" {hours(sheet.accepted_minutes, signed=True)} h gross."
            )
        )
    if sheet.overtime is not None:
        parts.append("<h2>Overtime preview</h2>")
        parts.append(_paragraph(overtime_heading(sheet.overtime).capitalize()))
        parts += [_paragraph(overtime_week(week).capitalize()) for week in sheet.overtime.weeks]
    if sheet.edits:
        parts.append(_edits(sheet.edits, zone))
    if sheet.corrections:
        parts.append(_corrections(sheet.corrections))
    parts.append(f"<h2>Certificate</h2>\n{_paragraph(certificate_text(sheet))}")
    parts += [_paragraph(line) for line in purged_lines(sheet.purged)]
    if sheet.left_out:
        parts.append("<h2>Not in it</h2>")
        parts += [_paragraph(line) for line in left_out_lines(sheet.left_out)]
    parts.append(
        '<p class="small">Gross: from clock-in to clock-out. Net: gross without unpaid breaks. A shift counts on the'
        f" day of its clock-in; a week begins on {sheet.workweek_start.capitalize()}.</p>"
    )
    parts.append('<div class="sign"><p>Employee, date</p><p>Manager, date</p></div>')
    return "\n".join(parts)


def _text(text: str | None) -> str:
    """A text from anywhere, as a part of a line."""
    return escape(one_line(text).encode(errors="replace").decode())


def _paragraph(text: str) -> str:
    return f"<p>{_text(text)}</p>"


def _table(caption: str, heads: Sequence[tuple[str, bool]], bodies: Iterable[str]) -> str:
    """A table in a part of the page that scrolls sideways where it is narrow; heads with whether they are numbers."""
    columns = "".join(f'<th scope="col"{_NUMBER if is_number else ""}>{_text(head)}</th>' for head, is_number in heads)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{_text(caption)}"><table>\n'
        f"<caption>{_text(caption)}</caption>\n<thead><tr>{columns}</tr></thead>\n{''.join(bodies)}</table></div>"
    )


_NUMBER = ' class="num"'


def _row(cells: Sequence[str], numbers: Sequence[str], last: str = "", *, kind: str = "") -> str:
    """A row: cells that are HTML already, numbers, and a last cell."""
    shown = "".join(f"<td>{cell}</td>" for cell in cells) + "".join(f'<td class="num">{one}</td>' for one in numbers)
    return f"<tr{kind}>{shown}<td>{last}</td></tr>\n"


# -- days --------------------------------------------------------------------------------------------------------------


def _days(sheet: Timesheet, zone: ZoneInfo) -> str:
    if not sheet.shifts:
        return "<p>No shift begins on these days.</p>"
    heads = [("Day", False), ("In", False), ("Out", False), ("Breaks", False)]
    heads += [("Gross", True), ("Unpaid breaks", True), ("Net", True), ("Remarks", False)]
    bodies = [_week(week, zone) for week in sheet.weeks]
    total = _sum("Total", sheet)
    return _table("Days and hours", heads, [*bodies, f"<tbody>{total}</tbody>\n"])


def _week(week: SheetWeek, zone: ZoneInfo) -> str:
    rows: list[str] = []
    for day in week.days:
        rows += [_shift(shift, day, zone, is_first=place == 0) for place, shift in enumerate(day.shifts)]
        if len(day.shifts) > 1:
            rows.append(_sum(f"{day_name(day.day)}, all", day, kind=""))
    part = "" if week.is_whole else ", the days of this period"
    rows.append(_sum(f"Week from {day_name(week.first)}{part}", week))
    return f"<tbody>\n{''.join(rows)}</tbody>\n"


def _shift(shift: WorkedShift, day: SheetDay, zone: ZoneInfo, *, is_first: bool) -> str:
    began, ended = ends(shift, zone)
    breaks = "<br>".join(_text(break_text(one, zone, shift)) for one in shift.breaks)
    name = _text(day_name(day.day)) if is_first else ""
    return _row([name, _text(began), _text(ended), breaks], _numbers(shift), _text(remarks(shift)))


def _numbers(one: Timesheet | SheetWeek | SheetDay | WorkedShift) -> list[str]:
    return [hours(one.gross_minutes), hours(one.break_minutes), hours(one.net_minutes)]


def _sum(label: str, one: Timesheet | SheetWeek | SheetDay, *, kind: str = ' class="sum"') -> str:
    numbers = "".join(f'<td class="num">{number}</td>' for number in _numbers(one))
    return f'<tr{kind}><th scope="row" colspan="4">{_text(label)}</th>{numbers}<td></td></tr>\n'


# -- edits and corrections ---------------------------------------------------------------------------------------------


def _edits(edits: Sequence[SheetEdit], zone: ZoneInfo) -> str:
    heads = [("Written", False), ("Before", False), ("After", False), ("Hours", True), ("What and who", False)]
    rows = [
        _row(
            [
                _text(f"{stamp(edit.at, zone)}, run {edit.run}"),
                _text(times_text(edit.before, zone)),
                _text(times_text(edit.after, zone)),
            ],
            [hours(edit.minutes, signed=True)],
            _text("; ".join(part for part in (edit.why, moved_text(edit), edit_who(edit)) if part)),
        )
        for edit in edits
    ]
    return _table(many(len(edits), "edit"), heads, [f"<tbody>\n{''.join(rows)}</tbody>\n"])


def _corrections(items: Sequence[Correction]) -> str:
    heads = [("Number", False), ("Day", False), ("Before", False), ("After", False), ("Hours", True), ("State", False)]
    rows = []
    for one in items:
        zone = ZoneInfo(one.timezone)
        spans = ["none" if times is None else times_span(times, zone) for times in (one.before, one.after)]
        into = period_name(one.effective)
        state = f"{one.state}{f' into {into}' if into else ''}"
        state += f" by {called(one.decided_by)}" if one.decided_by else ""
        state += f": {one.reason}" if one.reason else ""
        rows.append(
            _row(
                [str(one.number), _text(day_name(one.day)), *map(_text, spans)],
                [hours(one.delta, signed=True)],
                _text(state),
            )
        )
    return _table(many(len(items), "correction"), heads, [f"<tbody>\n{''.join(rows)}</tbody>\n"])
