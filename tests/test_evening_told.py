"""docs/evening.md: the evening of payroll through the real command line, the same on each database."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from evening import PAGE, lived, page


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="NOT TESTED: ssh-keygen is not here")
def test_the_evening_is_as_it_is_written(database: str, tmp_path: Path) -> None:
    """Every command, what it prints and how it ends, line by line; `make evening` writes the page."""
    told = list(page(lived(database, tmp_path)))
    assert told == PAGE.read_text(encoding="utf-8").splitlines()
