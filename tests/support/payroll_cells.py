"""Cells of the contract for the commands of payroll: periods, corrections, exports."""

from __future__ import annotations

from support import stages
from support.cells import Cell, Usual
from support.long_kept import long_kept, purged
from support.stages import fine

OLD = "2021-03-02..2022-03-02"
PERIOD = "2025-12-01..2025-12-11"
NEXT_PERIOD = "2025-12-12..2025-12-25"

PAYROLL: dict[str, Usual] = {
    "periods": Usual("", stages.mirrored, "no pay period", {"periods": []}),
    "periods list": Usual("", stages.mirrored, "no pay period", {"periods": []}),
    "periods check": Usual(PERIOD, stages.mirrored, "nothing stands in the way", {"obstacles": [], "exit_code": 0}),
    "periods review": Usual(PERIOD, stages.mirrored, "another person runs", {"period.state": "review"}),
    "periods close": Usual(PERIOD, stages.mirrored, "closed", {"period.state": "closed", "newly": True}),
    "periods reopen": Usual(f"{PERIOD} --reason x", stages.closed_period, "next:", {"period.state": "open"}),
    "corrections": Usual("", stages.corrected, "to be decided", {"corrections.0.delta_minutes": -15}),
    "corrections list": Usual("", stages.corrected, "corrections accept", {"corrections.0.state": "pending"}),
    "corrections accept": Usual(
        f"{{correction}} --into {NEXT_PERIOD}", stages.corrected, "accepted into", {"corrections.0.state": "accepted"}
    ),
    "corrections dismiss": Usual(
        "{correction} --reason x", stages.corrected, "dismissed", {"corrections.0.state": "dismissed"}
    ),
    "export": Usual(
        f"{PERIOD} --format csv --out hours.csv",
        stages.closed_period,
        "export 1 of",
        {"export.lines": 60, "draft": False},
    ),
    "hours": Usual(
        "--from 2025-12-01 --to 2025-12-11 --by day",
        stages.mirrored,
        "total: 60 rows",
        {"total.rows": 60, "by": ["day"], "left_out": []},
    ),
    "timesheet": Usual(
        f"{{employee}} {PERIOD}",
        stages.mirrored,
        "No certificate lists these days.",
        {"timesheet.period.state": "open", "timesheets": []},
    ),
    "retention": Usual("", long_kept, "would go", {"foreseen.counts.entries": 1, "years": 3}),
    "retention check": Usual("", long_kept, f"next: connecteam-sync retention purge {OLD}", {"oldest": OLD[:10]}),
    "retention purge": Usual(f"{OLD} --confirm {OLD}", long_kept, "is purged", {"purge.state": "done"}),
    "retention hold": Usual("", long_kept, "a lawsuit", {"legal_holds.0.reason": "a lawsuit"}),
    "retention hold list": Usual("", long_kept, "a lawsuit", {"legal_holds.0.released_at": None}),
    "retention hold add": Usual("{employee} --reason x", long_kept, "hold release", {"legal_holds.0.reason": "x"}),
    "retention hold release": Usual("{held} --reason x", long_kept, "released", {"legal_holds.0.id": 1}),
    "retention erase": Usual("{gone} --confirm {gone}", long_kept, "is erased", {"users": 1}),
    "exports": Usual("", stages.exported, "hours.csv: 60 lines", {"exports.0.format": "csv", "exports.0.id": 1}),
}
PAYROLL_CELLS = [
    Cell(
        "periods check", 4, PERIOD, stages.edited, fine, "proof_not_fresh", "", {"obstacles.0.name": "proof_not_fresh"}
    ),
    Cell("periods close", 4, PERIOD, stages.edited, fine, "--anyway REASON", "period_refused", {"newly": False}),
    Cell("periods review", 4, PERIOD, stages.closed_period, fine, "periods reopen", "period_refused"),
    Cell(
        "corrections accept",
        4,
        f"{{correction}} --into {PERIOD}",
        stages.corrected,
        fine,
        "is closed",
        "correction_refused",
    ),
    Cell(
        "corrections accept",
        2,
        f"99 --into {NEXT_PERIOD}",
        stages.corrected,
        fine,
        "there is no correction 99",
        "not_found",
    ),
    Cell(
        "export",
        4,
        f"{PERIOD} --format csv --out hours.csv",
        stages.mirrored,
        fine,
        f"periods close {PERIOD}; to look at it before: --draft",
        "export_refused",
    ),
    Cell("export", 4, f"{PERIOD} --format csv --out b.csv", stages.exported, fine, "--again REASON", "export_refused"),
    Cell(
        "export",
        2,
        f"{PERIOD} --format odd --out b.csv",
        stages.exported,
        fine,
        "use one of: csv",
        "configuration_error",
    ),
    Cell(
        "export",
        2,
        f"{PERIOD} --format adp --out b.csv",
        stages.closed_period,
        fine,
        'company_code = "ABC", batch_id = "CLOCK"',
        "configuration_error",
    ),
    Cell(
        "export",
        2,
        f"{PERIOD} --format csv --out no/b.csv",
        stages.closed_period,
        fine,
        "there is no folder no",
        "configuration_error",
    ),
    Cell(
        "export",
        2,
        f"{PERIOD} --format csv --out b.csv --without me",
        stages.exported,
        fine,
        "--without blocked",
        "configuration_error",
    ),
    Cell(
        "export",
        2,
        f"{PERIOD} --format csv --out b.csv --as-of 1",
        stages.closed_period,
        fine,
        "add --draft",
        "configuration_error",
    ),
    Cell(
        "hours",
        2,
        "--from 2025-12-01 --to 2025-12-11 --by odd",
        stages.mirrored,
        fine,
        "use some of: person, day, week, job",
        "configuration_error",
    ),
    Cell(
        "hours",
        2,
        "--from 2025-12-01 --to 2025-12-11 --as-of soon",
        stages.mirrored,
        fine,
        "name a run by its number",
        "configuration_error",
    ),
    Cell("timesheet", 2, f"nobody {PERIOD}", stages.mirrored, fine, "connecteam-sync employees", "not_found"),
    Cell("timesheet", 2, "1", stages.mirrored, fine, "timesheet PERIOD --all", "configuration_error"),
    Cell("timesheet", 2, f"{PERIOD} --all --html", stages.mirrored, fine, "--out FOLDER", "configuration_error"),
    Cell(
        "corrections dismiss",
        4,
        "{correction} --reason x",
        stages.taken_back,
        fine,
        "was cancelled",
        "correction_refused",
    ),
    Cell("corrections dismiss", 2, "99 --reason x", stages.corrected, fine, "there is no correction 99", "not_found"),
    Cell("corrections", 2, "--state odd", stages.corrected, fine, "use one of: pending", "configuration_error"),
    Cell("retention purge", 4, f"{OLD} --confirm {PERIOD}", long_kept, fine, "does not repeat", "not_confirmed"),
    Cell("retention purge", 4, PERIOD, long_kept, fine, "kept for 3 years", "retention_refused"),
    Cell("retention purge", 2, "2021-03-02", long_kept, fine, "one day alone", "window_error"),
    Cell("retention erase", 4, "{gone} --confirm x", long_kept, fine, "--confirm {gone}", "not_confirmed"),
    Cell(
        "retention erase",
        4,
        "{employee} --confirm {employee}",
        long_kept,
        fine,
        "kept for 3 years",
        "retention_refused",
    ),
    Cell("retention hold release", 2, "{gone} --reason x", long_kept, fine, "is on no legal hold", "not_found"),
    Cell("export", 4, f"{OLD} --format csv --out b.csv --draft", purged, fine, "was purged", "retention_refused"),
    Cell("undo", 4, "1", purged, fine, "was purged on", "undo_refused"),
    Cell("periods reopen", 4, f"{PERIOD} --reason x", stages.mirrored, fine, "is not closed", "period_refused"),
]
