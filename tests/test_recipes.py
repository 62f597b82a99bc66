"""Each recipe of docs/recipes is executed, or checked against what will read it."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from configparser import ConfigParser
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import jsonschema_rs
import pytest
import typer.main
import yaml  # type: ignore[import-untyped]

from connecteam_sync.cli.commands import app
from connecteam_sync.config import load_settings
from connecteam_sync.service.clock import LEASE
from support.fleet_accounts import announced, fleet, until, virtual_host
from test_command import WINDOW, Terminal, terminal

__all__ = ["terminal"]
ROOT = Path(__file__).parent.parent
RECIPES = ROOT / "docs" / "recipes"
UNITS = sorted((RECIPES / "systemd").iterdir())
INSTALLED = "/opt/connecteam-sync/bin/connecteam-sync"
COMMAND = (sys.executable, "-m", "connecteam_sync")


def unit(name: str) -> ConfigParser:
    """A unit's sections; of a key that stands several times, all lines."""
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    text = (RECIPES / "systemd" / name).read_text()
    for key in ("Environment", "LoadCredential"):
        for number in range(len(re.findall(f"^{key}=", text, re.MULTILINE))):
            text = re.sub(f"^{key}=", f"{key}.{number}=", text, count=1, flags=re.MULTILINE)
    parser.read_string(text)
    return parser


def assert_understood(words: list[str]) -> None:
    """The command knows these words and options."""
    command = typer.main.get_command(app)
    for word in words:
        if not word.startswith("-") and word in getattr(command, "commands", {}):
            command = command.commands[word]  # type: ignore[attr-defined]
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known, words


def assert_variables(names: set[str]) -> None:
    """Each variable is one that the configuration takes."""
    values = {name: __file__ if name.endswith("_FILE") else "UTC" for name in names}
    load_settings(environ={"CONNECTEAM_SYNC_TIMEZONE": "UTC"} | values)


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_takes_the_units(path: Path, tmp_path: Path) -> None:
    """As systemd itself says, if it is here."""
    parser = unit(path.name)
    if parser.has_option("Service", "ExecStart"):
        program, *words = parser["Service"]["ExecStart"].split()
        assert program == INSTALLED
        assert_understood(words)
        lines = [line for key, line in parser["Service"].items() if key.startswith("Environment.")]
        assert_variables({line.partition("=")[0] for line in lines})
    if shutil.which("systemd-analyze") is None:
        return
    for other in UNITS:
        (tmp_path / other.name).write_text(other.read_text().replace(INSTALLED, "/bin/true"))
    done = subprocess.run(  # noqa: S603
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / path.name)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr.strip()) == (0, "")


@pytest.mark.parametrize(("double", "code", "is_success"), [(False, 0, True), (True, 3, True)])
def test_the_unit_runs_once(terminal: Terminal, double: bool, code: int, is_success: bool) -> None:  # noqa: FBT001
    """Its command with its credentials, as systemd would start it; what it takes for success is what the page says."""
    service = unit("connecteam-sync-once.service")["Service"]
    secrets = terminal.folder / "credentials"
    secrets.mkdir()
    (secrets / "key").write_text(terminal.sandbox.key)
    (secrets / "database").write_text(f"sqlite:///{terminal.folder}/connecteam-sync.db")
    (terminal.folder / "connecteam-sync.toml").write_text('timezone = "America/Chicago"\nlookback_days = 365\n')
    if double:
        company = terminal.sandbox.company
        company.duplicate(next(iter(company.activities)))
    words = (
        service["ExecStart"].replace("/etc/connecteam-sync/connecteam-sync.toml", "connecteam-sync.toml").split()[1:]
    )
    assert terminal(*words[:1], *WINDOW).code == code
    given = dict(
        line.replace("%d", str(secrets)).split("=", 1)
        for key, line in service.items()
        if key.startswith("Environment.")
    )
    done = terminal(*words, **given, CONNECTEAM_SYNC_API_KEY=None, CONNECTEAM_SYNC_DATABASE_URL=None)
    assert done.json["exit_code"] in {0, 3}
    assert (code in {0, *map(int, service["SuccessExitStatus"].split())}) == is_success
    assert not {1, 2, 4, 5} & set(map(int, service["SuccessExitStatus"].split()))


# -- containers --------------------------------------------------------------------------------------------------------


def test_the_build_steps_of_the_image_install_the_command(tmp_path: Path) -> None:
    """Its RUN lines in a folder instead of an image, without the libraries: nobody has built the image itself."""
    _, *stages = (RECIPES / "docker" / "Dockerfile").read_text().split("\nFROM ")
    steps = re.findall(r"^RUN (.*)$", stages[0], re.MULTILINE)
    (tmp_path / "src").mkdir()
    for name in ("README.md", "LICENSE", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / "src")
    for name in ("src", "docs"):
        shutil.copytree(ROOT / name, tmp_path / "src" / name, ignore=shutil.ignore_patterns("__pycache__"))
    for step in steps:
        here = step.replace("/opt/connecteam-sync", str(tmp_path / "opt")).replace("python -m", f"{sys.executable} -m")
        here = here.replace("pip install", "pip install --quiet --no-deps")
        subprocess.run(["sh", "-ec", here], cwd=tmp_path / "src", check=True)  # noqa: S603, S607
    entry = json.loads(re.findall(r"^ENTRYPOINT (.*)$", stages[1], re.MULTILINE)[0])
    told = subprocess.run(  # noqa: S603
        [str(tmp_path / "opt" / "bin" / entry[0]), "--version"], capture_output=True, text=True, check=True
    )
    assert told.stdout.startswith("connecteam-sync ")
    assert_understood(json.loads(re.findall(r"^CMD (.*)$", stages[1], re.MULTILINE)[0]))
    assert_variables(set(re.findall(r"CONNECTEAM_SYNC_\w+", stages[1])))


def test_the_compose_file_fits_the_image() -> None:
    """Its services, secrets and volumes name each other; the Dockerfile is there; its words and variables are known."""
    file = RECIPES / "docker" / "compose.yaml"
    found = yaml.safe_load(file.read_text())
    build = found["services"]["init"]["build"]
    context = (file.parent / build["context"]).resolve()
    assert (context / build["dockerfile"]).read_text() == (file.parent / "Dockerfile").read_text()
    assert context == ROOT
    for service in found["services"].values():
        assert_understood(service["command"])
        assert_variables(set(service["environment"]))
        assert set(service["secrets"]) <= set(found["secrets"])
        assert {volume.partition(":")[0] for volume in service.get("volumes", ())} <= set(found["volumes"])
        named = {Path(path).name for path in service["environment"].values() if path.startswith("/run/secrets/")}
        assert named == set(service["secrets"])
        assert set(service.get("depends_on", ())) <= set(found["services"])


SCHEMA = json.loads((Path(__file__).parent / "recipes" / "kubernetes_schema.json").read_text())


PREFIXES = {"HorizontalPodAutoscaler": "V2"}
"""What the name of a type begins with, where that is not V1."""


def errors(manifest: Any, kind: str) -> list[str]:  # noqa: ANN401 - any YAML
    """What Kubernetes would not take of a manifest."""
    validator = jsonschema_rs.validator_for({**SCHEMA, "$ref": f"#/$defs/{PREFIXES.get(kind, 'V1')}{kind}"})
    return [f"{list(error.instance_path)}: {error.message}" for error in validator.iter_errors(manifest)]


@pytest.mark.parametrize("name", ["deployment", "cronjob"])
def test_kubernetes_takes_the_manifests(name: str) -> None:
    """By the schema of its types; a member that is misspelt or of another type would be found."""
    text = (RECIPES / "kubernetes" / f"{name}.yaml").read_text()
    manifest = yaml.safe_load(text)
    assert errors(manifest, manifest["kind"]) == []
    assert errors(yaml.safe_load(text.replace("securityContext", "securitycontext", 1)), manifest["kind"])
    assert errors(yaml.safe_load(text.replace("runAsUser: 10001", "runAsUser: ten", 1)), manifest["kind"])
    spec = manifest["spec"]["jobTemplate"]["spec"] if name == "cronjob" else manifest["spec"]
    pod = spec["template"]["spec"]
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        assert_understood(container.get("args", []))
        assert_variables({variable["name"] for variable in container["env"]})
        assert {mount["name"] for mount in container["volumeMounts"]} <= {volume["name"] for volume in pod["volumes"]}
    if name == "deployment":
        labels = spec["template"]["metadata"]["labels"]
        assert spec["selector"]["matchLabels"].items() <= labels.items()


FLEET = list(yaml.safe_load_all((RECIPES / "kubernetes" / "fleet.yaml").read_text()))


@pytest.mark.parametrize("manifest", FLEET, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_kubernetes_takes_the_manifests_of_the_fleet(manifest: Any) -> None:  # noqa: ANN401 - any YAML
    """By the schema of their types; what they name is there; a worker has as long as its lease to end."""
    kind = manifest["kind"]
    assert errors(manifest, kind) == []
    assert errors({**manifest, "spec": {**manifest["spec"], "selektor": {}}}, kind)
    labels = {one["metadata"]["name"]: one["spec"]["template"]["metadata"]["labels"] for one in FLEET[:2]}
    if manifest["kind"] == "Service":
        assert manifest["spec"]["selector"] == labels["connecteam-sync-dispatcher"]
        ports = {port["name"] for port in FLEET[0]["spec"]["template"]["spec"]["containers"][0]["ports"]}
        assert {port["targetPort"] for port in manifest["spec"]["ports"]} == ports
    elif manifest["kind"] == "HorizontalPodAutoscaler":
        assert manifest["spec"]["scaleTargetRef"]["name"] in labels
        (metric,) = manifest["spec"]["metrics"]
        source = (ROOT / "src" / "connecteam_sync" / "service" / "fleet_health.py").read_text()
        assert f'"{metric["external"]["metric"]["name"].removeprefix("connecteam_sync_")}"' in source
    else:
        pod = manifest["spec"]["template"]["spec"]
        (container,) = pod["containers"]
        assert_understood(container["args"])
        assert_variables({variable["name"] for variable in container["env"]})
        assert {mount["name"] for mount in container["volumeMounts"]} == {one["name"] for one in pod["volumes"]}
        assert manifest["spec"]["selector"]["matchLabels"] == labels[manifest["metadata"]["name"]]
        assert (pod["terminationGracePeriodSeconds"] > LEASE) == (container["args"][0] == "worker")


def _of_systemd() -> list[tuple[list[str], dict[str, str]]]:
    """The words and the variables of the units, with a folder of secrets for the credentials."""
    found = []
    for name in ("connecteam-sync-dispatcher.service", "connecteam-sync-worker@.service"):
        service = unit(name)["Service"]
        assert int(service["TimeoutStopSec"]) > LEASE or service["ExecStart"].split()[1] == "serve"
        assert service.get("KillMode") == ("mixed" if "worker" in name else None)
        given = [line.split("=", 1) for key, line in service.items() if key.startswith("Environment.")]
        found.append((service["ExecStart"].split()[1:], {key: text.replace("%d", "/secrets") for key, text in given}))
    return found


def _of_kubernetes() -> list[tuple[list[str], dict[str, str]]]:
    containers = [one["spec"]["template"]["spec"]["containers"][0] for one in FLEET[:2]]
    return [
        (
            [part for word in one["args"] for part in word.split("=")],
            {variable["name"]: variable["value"] for variable in one["env"]},
        )
        for one in containers
    ]


@pytest.mark.parametrize("recipe", [_of_systemd, _of_kubernetes])
def test_the_fleets_commands_look_after_an_account(
    tmp_path: Path, recipe: Callable[[], list[tuple[list[str], dict[str, str]]]]
) -> None:
    """As they stand, with secrets in files, over the real broker; the probes answer; both end with 0."""
    with virtual_host() as broker, fleet(tmp_path, "north") as one, ExitStack() as stack:
        (tmp_path / "broker").write_text(broker)
        (tmp_path / "control").write_text(f"sqlite:///{tmp_path}/control.db")
        begun = []
        for words, variables in recipe():
            one.environment |= {key: text.replace("/secrets", str(tmp_path)) for key, text in variables.items()}
            here = [str(one.config) if word.endswith("/connecteam-sync.toml") else word for word in words]
            here = ["0" if word in {"8787", "9787"} else word for word in here]
            port = ("--port", "0") if words[0] == "serve" and "--port" not in words else ()
            begun.append(stack.enter_context(one.process(*here, *port, "--json")))
        found = announced(begun[0])
        announced(begun[1])
        until(lambda: one.looked("north"), one)
        for path in ("/livez", "/readyz"):
            address = found["url"].replace("0.0.0.0", "127.0.0.1")  # noqa: S104 - as it is announced
            assert httpx2.get(f"{address}{path}", trust_env=False).status_code == 200
        for process in reversed(begun):
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0, one.errors()


def test_the_jobs_shell_line_turns_only_3_into_0(terminal: Terminal, tmp_path: Path) -> None:
    """Run as it stands; the codes on which the job is tried again, or fails, are those of the reference."""
    spec = yaml.safe_load((RECIPES / "kubernetes" / "cronjob.yaml").read_text())["spec"]["jobTemplate"]["spec"]
    (shell, option, line) = spec["template"]["spec"]["containers"][0]["command"]
    (tmp_path / "connecteam-sync").write_text(f'#!/bin/sh\nexec {" ".join(COMMAND)} "$@"\n')
    (tmp_path / "connecteam-sync").chmod(0o755)

    def code(**more: str) -> int:
        environment = terminal.environment | {"PATH": f"{tmp_path}:{os.environ['PATH']}"} | more
        return subprocess.run(  # noqa: S603
            [shell, option, line], cwd=terminal.folder, env=environment, capture_output=True, check=False
        ).returncode

    company = terminal.sandbox.company
    company.add(min(company.people), int(time.time()) - 7200, None)
    assert code() == 0
    company.duplicate(list(company.activities)[-1])
    assert terminal("sync").code == 3
    assert code() == 0
    assert code(CONNECTEAM_SYNC_BASE_URL="http://127.0.0.1:9") == 75
    assert code(CONNECTEAM_SYNC_TIMEZONE="Nowhere") == 2
    rules = {rule["action"]: rule.get("onExitCodes", {}) for rule in spec["podFailurePolicy"]["rules"]}
    assert rules["Count"]["values"] == [6, 75]
    assert (rules["FailJob"]["operator"], rules["FailJob"]["values"]) == ("NotIn", [0, 6, 75])


# -- orchestrators -----------------------------------------------------------------------------------------------------


def module(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A file of the recipes, imported as it would be there."""
    monkeypatch.syspath_prepend(str(RECIPES / "orchestrators"))
    spec = importlib.util.spec_from_file_location(name, RECIPES / "orchestrators" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, made)
    spec.loader.exec_module(made)
    return made


def test_an_exit_code_says_what_a_scheduler_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every code that the command has, and those that a shell or a kill adds."""
    outcome = module("connecteam_sync_outcome", monkeypatch).outcome
    assert [outcome(code, {}) for code in (0, 3, 6, 75)] == ["done", "warn", "again", "again"]
    assert [outcome(code, {"retryable": False}) for code in (1, 2, 4, 5, 126, 127, 137, -9)] == ["failed"] * 8
    assert [outcome(1, answer) for answer in ({"retryable": True}, {"retryable": "yes"}, {}, None)] == [
        "again",
        *["failed"] * 3,
    ]


def test_real_runs_have_these_outcomes(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command itself, in a process: well, held, refused, locked, and both sides away."""
    found = module("connecteam_sync_outcome", monkeypatch)
    monkeypatch.chdir(terminal.folder)

    def ran(*words: str, **more: str) -> tuple[str, int]:
        one = found.run(*words, command=COMMAND, environment=terminal.environment | more)
        assert not any(person.last_name in one.text for person in terminal.sandbox.company.people.values())
        return one.outcome, one.code

    company = terminal.sandbox.company
    assert ran("sync", *WINDOW) == ("done", 0)
    company.duplicate(next(iter(company.activities)))
    assert ran("sync", *WINDOW) == ("warn", 3)
    for activity in list(company.activities)[1:40]:
        company.delete(activity)
    assert ran("sync", *WINDOW) == ("failed", 4)
    assert ran("sync", "--from", "never") == ("failed", 2)
    assert ran("sync", *WINDOW, CONNECTEAM_SYNC_BASE_URL="http://127.0.0.1:9") == ("again", 75)
    away = "mysql+pymysql://root@127.0.0.1:9/away"
    assert ran("sync", *WINDOW, CONNECTEAM_SYNC_DATABASE_URL=away) == ("again", 1)
    with sqlite3.connect(terminal.folder / "connecteam-sync.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        assert ran("sync", *WINDOW, CONNECTEAM_SYNC_LOCK_WAIT="1") == ("again", 6)
    other.close()


@pytest.mark.parametrize(("code", "tries", "is_well"), [(0, 1, True), (3, 1, True), (75, 4, False), (4, 1, False)])
def test_dagster_tries_again_what_is_worth_it(
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    tries: int,
    is_well: bool,  # noqa: FBT001
) -> None:
    """With Dagster itself, if it is installed: it is no dependency of ours."""
    pytest.importorskip("dagster")
    outcome = module("connecteam_sync_outcome", monkeypatch)
    monkeypatch.setattr(outcome, "run", lambda *_: outcome.Ran(outcome.outcome(code, None), code, None))
    done = module("dagster_job", monkeypatch).connecteam_sync.execute_in_process(raise_on_error=False)
    begun = sum(event.event_type_value in {"STEP_START", "STEP_RESTARTED"} for event in done.all_events)
    assert (done.success, begun) == (is_well, tries)


@pytest.mark.parametrize(("code", "tries", "is_well"), [(0, 1, True), (3, 1, True), (75, 4, False), (4, 1, False)])
def test_prefect_tries_again_what_is_worth_it(
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    tries: int,
    is_well: bool,  # noqa: FBT001
) -> None:
    """With Prefect itself and a server of its own, if it is installed; it does not wait a minute between two tries."""
    testing = pytest.importorskip("prefect.testing.utilities")
    outcome, ran = module("connecteam_sync_outcome", monkeypatch), []

    def run(*words: str) -> object:
        ran.append(words)
        return outcome.Ran(outcome.outcome(code, None), code, "")

    monkeypatch.setattr(outcome, "run", run)
    flows = module("prefect_flow", monkeypatch)
    monkeypatch.setattr(flows, "look", flows.look.with_options(retry_delay_seconds=0))
    with testing.prefect_test_harness():
        state = flows.connecteam_sync(return_state=True)
    assert (state.is_completed(), ran) == (is_well, [("sync",)] * tries)


@pytest.mark.parametrize("code", [0, 75, 4])
def test_airflow_fails_for_good_what_is_not_worth_it(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """With Airflow itself, if it is installed."""
    errors_of_it = pytest.importorskip("airflow.sdk.exceptions")
    outcome = module("connecteam_sync_outcome", monkeypatch)
    monkeypatch.setattr(outcome, "run", lambda *_: outcome.Ran(outcome.outcome(code, None), code, None))
    look = module("airflow_dag", monkeypatch).look
    if code == 0:
        look("sync")
        return
    with pytest.raises(errors_of_it.AirflowException) as caught:
        look("sync")
    assert isinstance(caught.value, errors_of_it.AirflowFailException) == (code == 4)


@pytest.mark.parametrize("name", ["airflow_dag", "dagster_job", "prefect_flow"])
def test_the_commands_of_the_flows_are_understood(name: str) -> None:
    """Whatever calls them: their words are the command's."""
    text = (RECIPES / "orchestrators" / f"{name}.py").read_text()
    compile(text, name, "exec")
    called = re.findall(r"""look(?:\(|\)\()(?:context, )?("[^)]*")\)""", text)
    assert len(called) == 2
    for words in called:
        assert_understood(re.findall('"([^"]*)"', words))
