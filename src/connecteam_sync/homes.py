"""The modules that have the public names: each is loaded when it is asked for first."""

from __future__ import annotations

from collections.abc import Mapping

_NAMES: Mapping[str, str] = {
    "client": "ConnecteamSync",
    "client_payroll": "Payroll",
    "client_retention": "Retentions",
    "config": "Settings",
    "core.account": "Acceptance Account AccountChange ClockReport KnownBy Part Region Vouch ZoneUse",
    "core.adopt": "Dedupe Offset Reference Shape Survey UnreadTime",
    "core.alerts": "Alert AlertState",
    "core.anomalies": "Anomaly AnomalyKind",
    "core.attention": "Attention HeldGroup HeldReason HoldPage WaitingUser WaitingUsers",
    "core.as_of": "AsOf",
    "core.bells": "BellState Doorbell Found Reliability",
    "core.cadence": "CadenceReason ClockMode ClockSchedule",
    "core.certificates": "Certificate CertificateCheck CertificateMismatch",
    "core.certified_rows": "CertificateDifference CertificateFault",
    "core.change": (
        "Change ChangeKind Counts Hold HoldReason Losses Minutes NewEmployee Pending Planner Policy Refusal "
        "SlicePlan Wait"
    ),
    "core.clocktime": "AppliedValues ClockTime Employee TrackedShift",
    "core.compare": "Comparison DamageKind LegacyDamage",
    "core.console": "AuditEntry ConsoleUser KeptPlan NewSecret PlanState",
    "core.corrections": "Correction CorrectionKind CorrectionsPage CorrectionState",
    "core.events": (
        "CallFailed ChangesWritten Event HoldsOpened HoldsResolved InputsNotKept Level RunBegan RunEnded "
        "SliceAgain SliceBegan SliceDone SliceFailed SliceRefused StepBegan StepName Waiting Working"
    ),
    "core.evidence": "Stage",
    "core.exports": "Blocked BlockedReason Export ExportFormat Exported ExportTotal",
    "core.facts": "BellFacts",
    "core.foreseen": "ForeseenUndo",
    "core.glance": "Glance OnTheClock",
    "core.history": "History ShiftHistory",
    "core.holds": "HoldGroup",
    "core.hours": "Hours HoursBy HoursLine LeftOut",
    "core.keys": "RowId",
    "core.overtime": "OvertimePreview OvertimeWeek",
    "core.payroll_settings": "LayoutSettings OvertimeRule PaySchedule PayScheduleKind RoundingRule TimeStampSettings",
    "core.lock_check": "ClosedDays Closing LockEvent LockScope Opening Verified",
    "core.looks": "BadLook Looked",
    "core.mirrored": "Mirrored",
    "core.people": "Evidence Likeness Rename",
    "core.period_check": "Checked Obstacle ObstacleName",
    "core.periods": "Period PeriodEvent PeriodEventKind PeriodReport PeriodState",
    "core.persons": ("DayBreak DayLock MonthDay PeoplePage PersonDay PersonLine PersonMonth SheetTotal WorkedMonth"),
    "core.problems": "Problem ProblemName",
    "core.progress": "Progress",
    "core.proofs": "ProvenDay",
    "core.retention": "Erasure LegalHold MissingRight Purge PurgeCounts PurgeState RetentionAct RetentionCheck Stays",
    "core.roles": "Role",
    "core.run": (
        "Acknowledgement Check Difference Entry Failure Move Person Plan QuietLooks Run RunKind Slice StandingHold "
        "Status Suggestion Trigger Verdict Verification VerifyResult"
    ),
    "core.same_minute": "ByMinute",
    "core.shift": "Break InvalidRecord Shift Snapshot Times User",
    "core.status": "MirrorState MirrorStatus",
    "core.support": "Replay ReplayedLook SupportBundle",
    "core.three_counts": "CountedDay CountName PersonTotal",
    "core.timesheet": "SheetCertificate SheetDay SheetEdit SheetWeek Timesheet",
    "core.timesheets": "TimesheetRules Weekday",
    "core.webhooks": "Webhook",
    "core.worked": "WorkedBreak WorkedShift",
    "core.window": "LockSource LockedDay Window",
    "engine.events": "Emit",
    "errors": (
        "AdoptRefused BadAnswer BrokerUnavailable BudgetSpent CertificateRefused ClientInUse ConfigurationError "
        "ConnecteamSyncError CorrectionRefused DatabaseError DatabaseUnavailable ExportRefused FeedReset "
        "GuardRefused LockHeld LockRefused MappingRefused NotConfirmed NotFound NotInitialised NotOurs "
        "NotServed PeriodRefused RecordRefused Refused Rejected RetentionRefused RowMoved StalePlan "
        "Unavailable UndoRefused UpstreamError WindowError"
    ),
    "store.tables.host": "ClockTimesNames EmployeesNames HostTables",
    "store.tables.own": "OwnNames",
}
HOMES: Mapping[str, str] = {name: home for home, names in _NAMES.items() for name in names.split()}
"""The module of each public name."""
