"""A plugin of pytest, in each process that runs tests: which lines each of them runs."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from coverage import Coverage

from mutation.covered import PARTS, Covered
from mutation.sources import SOURCE, forget_answers, function_at, functions, modules


class Measuring:
    """A plugin of pytest: each test is a context of coverage.py."""

    def __init__(self, part: Path) -> None:
        self._part = part
        self._coverage = Coverage(data_file=None, source=[str(SOURCE)], config_file=False)
        self._seconds: dict[str, float] = {}
        self._failed: set[str] = set()

    def pytest_collection_finish(self) -> None:
        """Begin; what runs when modules are imported belongs to no test."""
        self._coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """What runs from now on, runs for this test."""
        forget_answers()
        self._coverage.switch_context(item.nodeid)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """How long it took, with what it needed."""
        self._seconds[report.nodeid] = self._seconds.get(report.nodeid, 0.0) + report.duration
        if not report.passed:
            self._failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write what was measured; tests that failed or were skipped can judge nothing."""
        self._coverage.stop()
        data = self._coverage.get_data()
        tests = sorted(set(self._seconds) - self._failed)
        number = {test: 1 << place for place, test in enumerate(tests)}
        lines: dict[str, dict[int, int]] = {}
        digests: dict[str, str] = {}
        for module in modules():
            found = functions(module, (SOURCE / module).read_text())
            digests.update({function.key: function.digest for function in found})
            for line, contexts in data.contexts_by_lineno(str(SOURCE / module)).items():
                function = function_at(found, line)
                bits = sum(number.get(context, 0) for context in set(contexts))
                lines.setdefault(function.key, {})[line - function.first] = bits
        Covered(tests, [self._seconds[test] for test in tests], lines, digests).save(self._part)


def pytest_configure(config: pytest.Config) -> None:
    """As a plugin: measure in the processes that run tests."""
    worker = getattr(config, "workerinput", {}).get("workerid", "")
    if worker or not config.getoption("numprocesses", None):
        config.pluginmanager.register(Measuring(PARTS / f"{worker or 'all'}.json"))
