"""Mirror the Connecteam time clock into the SQL table clock_times."""

from importlib import import_module
from typing import TYPE_CHECKING

from connecteam_sync.version import __version__

if TYPE_CHECKING:
    from connecteam_sync.client import ConnecteamSync
    from connecteam_sync.client_payroll import Payroll
    from connecteam_sync.config import Settings
    from connecteam_sync.core.account import (
        Acceptance,
        Account,
        AccountChange,
        ClockReport,
        KnownBy,
        Part,
        Region,
        Vouch,
        ZoneUse,
    )
    from connecteam_sync.core.adopt import Dedupe, Offset, Reference, Shape, Survey, UnreadTime
    from connecteam_sync.core.alerts import Alert, AlertState
    from connecteam_sync.core.anomalies import Anomaly, AnomalyKind
    from connecteam_sync.core.as_of import AsOf
    from connecteam_sync.core.attention import Attention, HeldGroup, HeldReason, HoldPage, WaitingUser, WaitingUsers
    from connecteam_sync.core.bells import BellState, Doorbell, Found, Reliability
    from connecteam_sync.core.cadence import CadenceReason, ClockMode, ClockSchedule
    from connecteam_sync.core.certificates import Certificate, CertificateCheck, CertificateMismatch
    from connecteam_sync.core.certified_rows import CertificateDifference, CertificateFault
    from connecteam_sync.core.change import (
        Change,
        ChangeKind,
        Counts,
        Hold,
        HoldReason,
        Losses,
        Minutes,
        NewEmployee,
        Pending,
        Planner,
        Policy,
        Refusal,
        SlicePlan,
        Wait,
    )
    from connecteam_sync.core.clocktime import AppliedValues, ClockTime, Employee, TrackedShift
    from connecteam_sync.core.compare import Comparison, DamageKind, LegacyDamage
    from connecteam_sync.core.console import AuditEntry, ConsoleUser, KeptPlan, PlanState
    from connecteam_sync.core.corrections import Correction, CorrectionKind, CorrectionsPage, CorrectionState, Times
    from connecteam_sync.core.events import (
        CallFailed,
        ChangesWritten,
        Event,
        HoldsOpened,
        HoldsResolved,
        InputsNotKept,
        Level,
        RunBegan,
        RunEnded,
        SliceAgain,
        SliceBegan,
        SliceDone,
        SliceFailed,
        SliceRefused,
        StepBegan,
        StepName,
        Waiting,
        Working,
    )
    from connecteam_sync.core.evidence import Stage
    from connecteam_sync.core.exports import Blocked, BlockedReason, Export, Exported, ExportFormat, ExportTotal
    from connecteam_sync.core.facts import BellFacts
    from connecteam_sync.core.foreseen import ForeseenUndo
    from connecteam_sync.core.glance import Glance, OnTheClock
    from connecteam_sync.core.history import History, ShiftHistory
    from connecteam_sync.core.holds import HoldGroup
    from connecteam_sync.core.hours import Hours, HoursBy, HoursLine, LeftOut
    from connecteam_sync.core.keys import RowId
    from connecteam_sync.core.layout_settings import LayoutSettings, RoundingRule
    from connecteam_sync.core.lock_check import ClosedDays, Closing, LockEvent, Opening, Verified
    from connecteam_sync.core.looks import BadLook, Looked
    from connecteam_sync.core.mirrored import Mirrored
    from connecteam_sync.core.pay_schedule import PaySchedule, PayScheduleKind
    from connecteam_sync.core.people import Evidence, Likeness, Rename
    from connecteam_sync.core.period_check import Checked, Obstacle, ObstacleName
    from connecteam_sync.core.periods import Period, PeriodEvent, PeriodEventKind, PeriodReport, PeriodState
    from connecteam_sync.core.persons import (
        DayBreak,
        DayLock,
        MonthDay,
        PeoplePage,
        PersonDay,
        PersonLine,
        PersonMonth,
        SheetTotal,
        WorkedMonth,
    )
    from connecteam_sync.core.problems import Problem, ProblemName
    from connecteam_sync.core.progress import Progress
    from connecteam_sync.core.proofs import ProvenDay
    from connecteam_sync.core.roles import Role
    from connecteam_sync.core.run import (
        Acknowledgement,
        Check,
        Difference,
        Entry,
        Failure,
        Move,
        Person,
        Plan,
        QuietLooks,
        Run,
        RunKind,
        Slice,
        StandingHold,
        Status,
        Suggestion,
        Trigger,
        Verdict,
        Verification,
        VerifyResult,
    )
    from connecteam_sync.core.same_minute import ByMinute
    from connecteam_sync.core.shift import Break, InvalidRecord, Shift, Snapshot, User
    from connecteam_sync.core.status import MirrorState, MirrorStatus
    from connecteam_sync.core.support import Replay, ReplayedLook, SupportBundle
    from connecteam_sync.core.three_counts import CountedDay, CountName, PersonTotal
    from connecteam_sync.core.timesheet import SheetCertificate, SheetDay, SheetEdit, SheetWeek, Timesheet
    from connecteam_sync.core.timesheets import TimesheetRules, Weekday
    from connecteam_sync.core.webhooks import Webhook
    from connecteam_sync.core.window import LockedDay, LockSource, Window
    from connecteam_sync.core.worked import WorkedBreak, WorkedShift
    from connecteam_sync.engine.events import Emit
    from connecteam_sync.errors import (
        AdoptRefused,
        BadAnswer,
        BudgetSpent,
        CertificateRefused,
        ClientInUse,
        ConfigurationError,
        ConnecteamSyncError,
        CorrectionRefused,
        DatabaseError,
        DatabaseUnavailable,
        ExportRefused,
        FeedReset,
        GuardRefused,
        LockHeld,
        LockRefused,
        MappingRefused,
        NotConfirmed,
        NotFound,
        NotInitialised,
        NotOurs,
        NotServed,
        PeriodRefused,
        RecordRefused,
        Refused,
        Rejected,
        RowMoved,
        StalePlan,
        Unavailable,
        UndoRefused,
        UpstreamError,
        WindowError,
    )
    from connecteam_sync.store.tables.host import ClockTimesNames, EmployeesNames, HostTables
    from connecteam_sync.store.tables.own import OwnNames
else:
    # Each name is imported at its first use: a command that needs no database starts without SQLAlchemy.
    # Type checkers read the imports above instead, so that an unknown name is an error to them.
    from connecteam_sync.homes import HOMES as _HOMES

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=None)
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


__all__ = [
    "Acceptance",
    "Account",
    "AccountChange",
    "Acknowledgement",
    "AdoptRefused",
    "Alert",
    "AlertState",
    "Anomaly",
    "AnomalyKind",
    "AppliedValues",
    "AsOf",
    "Attention",
    "AuditEntry",
    "BadAnswer",
    "BadLook",
    "BellFacts",
    "BellState",
    "Blocked",
    "BlockedReason",
    "Break",
    "BudgetSpent",
    "ByMinute",
    "CadenceReason",
    "CallFailed",
    "Certificate",
    "CertificateCheck",
    "CertificateDifference",
    "CertificateFault",
    "CertificateMismatch",
    "CertificateRefused",
    "Change",
    "ChangeKind",
    "ChangesWritten",
    "Check",
    "Checked",
    "ClientInUse",
    "ClockMode",
    "ClockReport",
    "ClockSchedule",
    "ClockTime",
    "ClockTimesNames",
    "ClosedDays",
    "Closing",
    "Comparison",
    "ConfigurationError",
    "ConnecteamSync",
    "ConnecteamSyncError",
    "ConsoleUser",
    "Correction",
    "CorrectionKind",
    "CorrectionRefused",
    "CorrectionState",
    "CorrectionsPage",
    "CountName",
    "CountedDay",
    "Counts",
    "DamageKind",
    "DatabaseError",
    "DatabaseUnavailable",
    "DayBreak",
    "DayLock",
    "Dedupe",
    "Difference",
    "Doorbell",
    "Emit",
    "Employee",
    "EmployeesNames",
    "Entry",
    "Event",
    "Evidence",
    "Export",
    "ExportFormat",
    "ExportRefused",
    "ExportTotal",
    "Exported",
    "Failure",
    "FeedReset",
    "ForeseenUndo",
    "Found",
    "Glance",
    "GuardRefused",
    "HeldGroup",
    "HeldReason",
    "History",
    "Hold",
    "HoldGroup",
    "HoldPage",
    "HoldReason",
    "HoldsOpened",
    "HoldsResolved",
    "HostTables",
    "Hours",
    "HoursBy",
    "HoursLine",
    "InputsNotKept",
    "InvalidRecord",
    "KeptPlan",
    "KnownBy",
    "LayoutSettings",
    "LeftOut",
    "LegacyDamage",
    "Level",
    "Likeness",
    "LockEvent",
    "LockHeld",
    "LockRefused",
    "LockSource",
    "LockedDay",
    "Looked",
    "Losses",
    "MappingRefused",
    "Minutes",
    "MirrorState",
    "MirrorStatus",
    "Mirrored",
    "MonthDay",
    "Move",
    "NewEmployee",
    "NotConfirmed",
    "NotFound",
    "NotInitialised",
    "NotOurs",
    "NotServed",
    "Obstacle",
    "ObstacleName",
    "Offset",
    "OnTheClock",
    "Opening",
    "OwnNames",
    "Part",
    "PaySchedule",
    "PayScheduleKind",
    "Payroll",
    "Pending",
    "PeoplePage",
    "Period",
    "PeriodEvent",
    "PeriodEventKind",
    "PeriodRefused",
    "PeriodReport",
    "PeriodState",
    "Person",
    "PersonDay",
    "PersonLine",
    "PersonMonth",
    "PersonTotal",
    "Plan",
    "PlanState",
    "Planner",
    "Policy",
    "Problem",
    "ProblemName",
    "Progress",
    "ProvenDay",
    "QuietLooks",
    "RecordRefused",
    "Reference",
    "Refusal",
    "Refused",
    "Region",
    "Rejected",
    "Reliability",
    "Rename",
    "Replay",
    "ReplayedLook",
    "Role",
    "RoundingRule",
    "RowId",
    "RowMoved",
    "Run",
    "RunBegan",
    "RunEnded",
    "RunKind",
    "Settings",
    "Shape",
    "SheetCertificate",
    "SheetDay",
    "SheetEdit",
    "SheetTotal",
    "SheetWeek",
    "Shift",
    "ShiftHistory",
    "Slice",
    "SliceAgain",
    "SliceBegan",
    "SliceDone",
    "SliceFailed",
    "SlicePlan",
    "SliceRefused",
    "Snapshot",
    "Stage",
    "StalePlan",
    "StandingHold",
    "Status",
    "StepBegan",
    "StepName",
    "Suggestion",
    "SupportBundle",
    "Survey",
    "Times",
    "Timesheet",
    "TimesheetRules",
    "TrackedShift",
    "Trigger",
    "Unavailable",
    "UndoRefused",
    "UnreadTime",
    "UpstreamError",
    "User",
    "Verdict",
    "Verification",
    "Verified",
    "VerifyResult",
    "Vouch",
    "Wait",
    "Waiting",
    "WaitingUser",
    "WaitingUsers",
    "Webhook",
    "Weekday",
    "Window",
    "WindowError",
    "WorkedBreak",
    "WorkedMonth",
    "WorkedShift",
    "Working",
    "ZoneUse",
    "__version__",
]
