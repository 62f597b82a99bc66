"""Judges mutants in forks of a pytest that has collected every test: what a fork costs is milliseconds.

A mutant in the body of a function is put in by its code object, wherever that function is held already. For one that
works when its module is imported, the fork forgets our modules and those of the tests, and collects again.
"""

from __future__ import annotations

import gc
import importlib
import importlib.abc
import importlib.util
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, FunctionType, ModuleType

import pytest

from mutation.covered import Covered
from mutation.mentions import Mentions
from mutation.mutants import Mutant
from mutation.sources import ROOT, SOURCE, forget_answers

BYTES = 4 << 30
"""More memory than any test takes: a mutant that fills it without end fails its test, not this machine."""
CPU_SECONDS, SECONDS = 3, 20
"""What a test may take beyond four times, by its own work, and eight times, by the clock, of what it took before."""
BUDGET = 20.0
"""Seconds of tests for one mutant, those first that need the least for a kill by what they did in its module."""
FORK = 0.05
"""A test without a kill, and one that takes no time, stand for so much of either."""
AT_MOST_AT_IMPORT = 40
"""As many tests for a mutant for which everything is imported again."""
PYTEST = ("-q", "-n0", "-p", "no:cacheprovider", "-o", "tmp_path_retention_policy=none")
KILLED, TIMED_OUT, SURVIVED = "killed", "timed out", "survived"


@dataclass(frozen=True)
class Verdict:
    """How a mutant ended, and what ended it."""

    mutant: Mutant
    outcome: str
    test: str
    tried: int


class _Running:
    """A fork that is at work on a mutant."""

    def __init__(self, mutant: Mutant, tests: list[str], work: Callable[[], int]) -> None:
        self.mutant, self.tests = mutant, tests
        self.folder = Path(tempfile.mkdtemp(prefix="mutant-"))
        self.pid = os.fork()
        if not self.pid:
            _become(self.folder, work)

    def verdict(self, status: int) -> Verdict:
        """What the way it ended says; whatever it left is removed."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        said = self.folder / "test"
        test = said.read_text() if said.exists() else ""
        shutil.rmtree(self.folder, ignore_errors=True)
        if os.WIFSIGNALED(status):
            return Verdict(self.mutant, TIMED_OUT, test, len(self.tests))
        if (code := os.WEXITSTATUS(status)) not in {0, 1}:
            sys.stderr.write(f"\n{self.mutant.key} ({self.mutant.change}) could not be tried: code {code}\n")
        outcome = KILLED if code == 1 else SURVIVED
        return Verdict(self.mutant, outcome, test if outcome == KILLED else "", len(self.tests))


def _become(folder: Path, work: Callable[[], int]) -> None:
    """What a fork does from its first moment to its last."""
    code = 2
    try:
        os.setsid()
        os.environ["TMPDIR"] = os.environ["PYTEST_DEBUG_TEMPROOT"] = str(folder)
        tempfile.tempdir = None
        silence = os.open(os.devnull, os.O_RDWR)
        for number in (1, 2):
            os.dup2(silence, number)
        resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        code = work()
    finally:
        os._exit(code)


class Judging:
    """A plugin of pytest, which runs mutants where pytest would run its tests."""

    def __init__(
        self,
        mutants: Sequence[Mutant],
        covered: Covered,
        kills: Mapping[tuple[str, str], int],
        jobs: int,
        told: Callable[[Verdict], bool],
    ) -> None:
        self._mutants, self._covered, self._jobs, self._told = mutants, covered, jobs, told
        self._seconds = dict(zip(covered.tests, covered.seconds, strict=True))
        self._mentions = Mentions()
        self._kills = Counter(kills)
        self._goes_on = True
        self._reliable: dict[str, bool] = {}
        self._items: dict[str, pytest.Item] = {}
        self._functions: dict[tuple[str, str, int], list[FunctionType]] = {}

    def pytest_configure(self) -> None:
        """Before tests are collected: the same examples each time, and no time limit of Hypothesis next to ours."""
        settings = importlib.import_module("hypothesis").settings  # before pytest, it would not be rewritten
        settings.register_profile("mutation", deadline=None, derandomize=True, database=None)
        settings.load_profile("mutation")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Mutant after mutant, as many at once as there are to be jobs."""
        self._items = {item.nodeid: item for item in session.items}
        _import_all()
        self._functions = _all_functions()
        gc.collect()
        gc.freeze()
        running: dict[int, _Running] = {}
        waiting = iter(self._mutants)
        while True:
            while self._goes_on and len(running) < self._jobs and (mutant := next(waiting, None)) is not None:
                if tests := self._tests(mutant):
                    begun = self._begin(mutant, tests)
                    running[begun.pid] = begun
                else:
                    self._tell(Verdict(mutant, SURVIVED, "", 0))
            if not running:
                return True
            pid, status = os.wait()
            if pid in running:
                self._end(running.pop(pid).verdict(status))

    def _begin(self, mutant: Mutant, tests: list[str]) -> _Running:
        return _Running(mutant, tests, lambda: self._try(mutant, tests))

    def _end(self, verdict: Verdict) -> None:
        """Tell it, unless the test that killed the mutant kills the program as it is, too."""
        test, mutant = verdict.test, verdict.mutant
        if test and not self._is_reliable(test):
            if tests := self._tests(mutant):
                again = self._begin(mutant, tests)
                self._end(again.verdict(os.waitpid(again.pid, 0)[1]))
            else:
                self._tell(Verdict(mutant, SURVIVED, "", 0))
            return
        if test:
            self._kills[mutant.function.module, test] += 1
        elif verdict.outcome == KILLED and not self._is_sound(mutant):
            verdict = Verdict(mutant, SURVIVED, "", 0)
        self._tell(verdict)

    def _tell(self, verdict: Verdict) -> None:
        self._goes_on = self._told(verdict) and self._goes_on

    def _is_sound(self, mutant: Mutant) -> bool:
        """Whether the tests of a module pass where all is imported again and nothing is changed; tried once."""
        module = mutant.function.module
        if module not in self._reliable:
            same, tests = replace(mutant, source=(SOURCE / module).read_text()), self._tests(mutant)
            control = _Running(same, tests, lambda: self._import_again(same, tests))
            self._reliable[module] = control.verdict(os.waitpid(control.pid, 0)[1]).outcome == SURVIVED
            if not self._reliable[module]:
                sys.stderr.write(f"\n{module}: its tests fail when all is imported again and judge nothing there\n")
        return self._reliable[module]

    def _is_reliable(self, test: str) -> bool:
        """Whether a test passes where nothing is changed; tried once, when it kills for the first time."""
        if test not in self._reliable:
            control = _Running(self._mutants[0], [test], lambda: self._run([test]))
            ended = control.verdict(os.waitpid(control.pid, 0)[1])
            self._reliable[test] = ended.outcome == SURVIVED
            if not self._reliable[test]:
                sys.stderr.write(f"\n{test} fails without any mutant and judges none\n")
        return self._reliable[test]

    def _tests(self, mutant: Mutant) -> list[str]:
        """The tests for a mutant, the likeliest to kill it first."""
        module = mutant.function.module
        if mutant.is_at_import:
            chosen = self._covered.of_functions(self._mentions.of(mutant)) or self._covered.of_module(module)
        else:
            chosen = self._covered.of(mutant.function, mutant.line)
        known = (test for test in chosen if test in self._items and self._reliable.get(test, True))
        tests = sorted(known, key=lambda test: (self._seconds[test] + FORK) / (self._kills[module, test] + FORK))
        if mutant.is_at_import:
            del tests[AT_MOST_AT_IMPORT:]
        spent, within = 0.0, []
        for test in tests:
            if spent + self._seconds[test] <= BUDGET:
                spent += self._seconds[test]
                within.append(test)
        return within or tests[:1]

    def _try(self, mutant: Mutant, tests: list[str]) -> int:
        if mutant.is_at_import or not self._put_in(mutant):
            return self._import_again(mutant, tests)
        return self._run(tests)

    def _run(self, tests: list[str]) -> int:
        """1 as soon as a test fails, 0 if none does."""
        failed: list[str] = []

        class Watching:
            def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
                if report.failed:
                    failed.append(report.nodeid)

        manager = self._items[tests[0]].config.pluginmanager
        manager.unregister(name="terminalreporter")
        manager.register(Watching())
        for test, following in zip(tests, [*tests[1:], None], strict=True):
            self._limit(test)
            item, next_item = self._items[test], self._items[following] if following else None
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=next_item)
            if failed:
                break
        session = self._items[tests[0]].session
        session.config.hook.pytest_sessionfinish(session=session, exitstatus=len(failed))
        return 1 if failed else 0

    def _limit(self, test: str) -> None:
        """The system ends a test that takes far longer than it did."""
        Path(os.environ["TMPDIR"], "test").write_text(test)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        cpu = usage.ru_utime + usage.ru_stime + 4 * self._seconds[test] + CPU_SECONDS
        resource.setrlimit(resource.RLIMIT_CPU, (int(cpu), resource.RLIM_INFINITY))
        signal.setitimer(signal.ITIMER_REAL, 8 * self._seconds[test] + SECONDS)

    def _put_in(self, mutant: Mutant) -> bool:
        """Exchange the code of a function, and of those within it that were made before; False if that cannot be."""
        file = str(SOURCE / mutant.function.module)
        name = mutant.function.name.partition("#")[0]
        old = _codes(compile(Path(file).read_text(), file, "exec"))
        new = _codes(compile(mutant.source, file, "exec"))
        forget_answers()
        pairs = list(zip(_within(old, name, mutant), _within(new, name, mutant), strict=False))
        if any(before.co_freevars != after.co_freevars for before, after in pairs[:1]):
            return False
        for before, after in pairs:
            if before.co_qualname == after.co_qualname and before.co_freevars == after.co_freevars:
                for function in self._functions.get((file, before.co_qualname, before.co_firstlineno), ()):
                    function.__code__ = after
        return bool(pairs)

    def _import_again(self, mutant: Mutant, tests: list[str]) -> int:
        """Forget what is ours, and let pytest collect and run with the change."""
        ours = [
            name
            for name, module in sys.modules.items()
            if name.partition(".")[0] == "connecteam_sync"
            or (getattr(module, "__file__", None) or "").startswith(str(ROOT / "tests"))
        ]
        for name in ours:
            del sys.modules[name]
        sys.meta_path.insert(0, _Changed(mutant))
        seconds = sum(self._seconds[test] for test in tests)
        resource.setrlimit(resource.RLIMIT_CPU, (int(4 * seconds) + 4 * CPU_SECONDS, resource.RLIM_INFINITY))
        signal.setitimer(signal.ITIMER_REAL, 8 * seconds + 4 * SECONDS)
        return 1 if pytest.main([*PYTEST, "-x", *tests]) else 0


class _Changed(importlib.abc.MetaPathFinder):
    """Finds one module with its change, and leaves all others to whoever comes next."""

    def __init__(self, mutant: Mutant) -> None:
        self._source = mutant.source
        parts = Path("connecteam_sync", mutant.function.module).with_suffix("").parts
        self._name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        self._file = str(SOURCE / mutant.function.module)

    def find_spec(self, name: str, _path: object, _target: ModuleType | None = None) -> ModuleSpec | None:
        """The changed module, where it is asked for."""
        if name != self._name:
            return None
        source = self._source.encode()

        class Loader(SourceFileLoader):
            def get_data(self, path: str) -> bytes:
                if path.endswith(".py"):
                    return source
                raise OSError(path)

        return importlib.util.spec_from_file_location(name, self._file, loader=Loader(name, self._file))


def _import_all() -> None:
    """What commands import when they run is put into forks once, too."""
    for file in sorted(SOURCE.rglob("*.py")):
        module = file.relative_to(SOURCE.parent).with_suffix("")
        if "migrations" not in module.parts and module.name not in {"__main__", "__init__"}:
            importlib.import_module(".".join(module.parts))


def _all_functions() -> dict[tuple[str, str, int], list[FunctionType]]:
    """Every function of ours that exists, by where its code is from."""
    found: dict[tuple[str, str, int], list[FunctionType]] = {}
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename.startswith(str(SOURCE)):
            code = thing.__code__
            found.setdefault((code.co_filename, code.co_qualname, code.co_firstlineno), []).append(thing)
    return found


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def _within(codes: Iterator[CodeType], name: str, mutant: Mutant) -> list[CodeType]:
    """The code of a function, and of the functions in it."""
    function = mutant.function
    return [
        code
        for code in codes
        if function.first <= code.co_firstlineno <= function.last
        and (code.co_qualname == name or code.co_qualname.startswith(f"{name}.<locals>."))
    ]
