"""How the commands of certificates end, and what they answer: cells of the contract (`tests/test_contract.py`)."""

from __future__ import annotations

from collections.abc import Mapping

from support import stages
from support.stages import Stage

USUAL: Mapping[str, tuple[str, Stage, str, Mapping[str, object]]] = {
    "certify": ("2025-12-01 --out proof", stages.closed, "written to proof", {"certificate.number": 1}),
    "certificates": ("", stages.certified, "2025-12-01..2025-12-11", {"certificates.0.number": 1}),
    "certificate": ("", stages.certified, "2025-12-01..2025-12-11", {"certificates.0.number": 1}),
    "certificate verify": (
        "proof/certificate.json --table",
        stages.certified,
        "table: as certified (60 rows",
        {"differences": []},
    ),
    "certificate rotate-key": ("--old key", stages.rekeyed, "in the place of", {"certificate.period": None}),
}
"""How a command ends with 0: its words, what it needs, what a person reads, and what a program finds."""
READS = {"locks", "periods", "periods list", "corrections", "corrections list", "exports"}
READS |= {"certificates", "certificate", "certificate verify"}
"""Ask nobody and write nothing."""
COMPARES = {"certificate verify", "plan", "verify"}
"""End with 5 where something differs, those that are not of payroll too."""
CELLS: tuple[tuple[str, int, str, Stage, str, str, Mapping[str, object]], ...] = (
    ("certify", 2, "2025-12-01 --out proof", stages.mirrored, "ssh-keygen -t ed25519", "configuration_error", {}),
    ("certify", 4, "2025-12-20 --out proof", stages.closed, "periods close 2025-12-20", "certificate_refused", {}),
    ("certificate rotate-key", 4, "--old key", stages.certified, "in use already", "certificate_refused", {}),
    ("certificate verify", 2, "nowhere.json", stages.certified, "cannot be read", "configuration_error", {}),
    (
        "certificate verify",
        5,
        "proof/certificate.json --table",
        stages.tampered,
        "changed: employee",
        "",
        {"differences.0.clock_time_id": 7},
    ),
)
"""A command that ends with a code without any trouble: its words, what it needs, what is said, the name of the error,
and what a program finds.
"""
