"""A release: its files are the same bytes each time and can be installed; what tells of it says the same everywhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

import manpage
import sbom
from connecteam_sync.version import __version__

ROOT = Path(__file__).parent.parent
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCK = (ROOT / "requirements.lock").read_text()
WORKFLOW = (ROOT / ".github" / "workflows" / "ci.yml").read_text()
TARGETS = set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))

_LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", ".*_cache", "__pycache__", "dist", "results", ".hypothesis", ".mutation"
)


def built(folder: Path, *, at: int) -> dict[str, bytes]:
    """What `make dist` makes of a copy of the source whose files are of some moment."""
    shutil.copytree(ROOT, folder, ignore=_LEFT_OUT)
    for path in folder.rglob("*"):
        os.utime(path, (at, at))
    subprocess.run(  # noqa: S603 - the word a developer uses
        ["make", "-o", ".venv/.ready", f"BIN={Path(sys.executable).parent}", "dist"],  # noqa: S607
        cwd=folder,
        env=os.environ | {"SOURCE_DATE_EPOCH": "1764115200", "PYTHONPATH": str(folder / "src")},
        check=True,
        capture_output=True,
    )
    return {path.name: path.read_bytes() for path in (folder / "dist").iterdir()}


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """The release, built in two folders from files of two moments."""
    folder = tmp_path_factory.mktemp("release")
    return built(folder / "one", at=1_700_000_000), built(folder / "another", at=1_750_000_000)


def test_a_release_is_the_same_bytes_each_time(twice: tuple[dict[str, bytes], dict[str, bytes]]) -> None:
    """Sdist, wheel and bill of materials."""
    first, second = twice
    assert set(first) == {
        f"connecteam_sync-{__version__}{end}" for end in (".tar.gz", "-py3-none-any.whl", ".cdx.json")
    }
    assert first == second


def test_the_wheel_installs_a_command_and_its_man_page(
    twice: tuple[dict[str, bytes], dict[str, bytes]], tmp_path: Path
) -> None:
    """Into a fresh environment; `--version` needs none of the packages that the others need."""
    name = f"connecteam_sync-{__version__}-py3-none-any.whl"
    (tmp_path / name).write_bytes(twice[0][name])
    fresh = tmp_path / "fresh"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", fresh], check=True)  # noqa: S603
    install = ["install", "--quiet", "--no-deps", "--no-index", str(tmp_path / name)]
    subprocess.run([sys.executable, "-m", "pip", "--python", fresh, *install], check=True)  # noqa: S603
    told = subprocess.run(  # noqa: S603
        [fresh / "bin" / "connecteam-sync", "--version"], check=True, capture_output=True, text=True
    )
    assert told.stdout == f"connecteam-sync {__version__}\n"
    assert (fresh / "share" / "man" / "man1" / "connecteam-sync.1").read_text() == manpage.page()


def test_the_bill_names_what_a_user_installs(twice: tuple[dict[str, bytes], dict[str, bytes]]) -> None:
    """Every package that we need and those that it needs, as the lock file pins them; none of the developers' tools."""
    bill = json.loads(twice[0][f"connecteam_sync-{__version__}.cdx.json"])
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    assert bill["metadata"]["component"]["purl"] == f"pkg:pypi/connecteam-sync@{__version__}"
    parts = {part["name"]: part for part in bill["components"]}
    assert len(parts) == len(bill["components"])
    needed = {re.split(r"[\[<>=]", line)[0].lower() for line in PROJECT["dependencies"]}
    assert needed | {"psycopg-binary", "cryptography", "typing-extensions"} <= set(parts)
    assert not {"pytest", "mypy", "ruff", "hatchling", "hypothesis"} & set(parts)
    for name, part in parts.items():
        assert f"\n{name}=={part['version']} " in f"\n{LOCK}", name
        assert part["bom-ref"] == part["purl"] == f"pkg:pypi/{name}@{part['version']}"
        digests = [made["content"] for made in part["externalReferences"][0]["hashes"]]
        assert digests
        assert all(f"--hash=sha256:{digest}" in LOCK for digest in digests)
    refs = {part["bom-ref"] for part in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    assert {line["ref"] for line in bill["dependencies"]} == refs
    assert all(set(line["dependsOn"]) <= refs for line in bill["dependencies"])


def test_the_bill_reads_the_whole_lock_file() -> None:
    """Each pin with all of its digests: a line that is not understood would be left out in silence."""
    found = sbom.pins(LOCK)
    assert len(found) == len(re.findall(r"^[\w.-]+==", LOCK, re.MULTILINE))
    assert sum(len(pin.digests) for pin in found.values()) == LOCK.count("--hash=sha256:")


def test_the_man_page_is_what_the_help_says() -> None:
    """`make man` writes it."""
    assert manpage.PAGE.read_text() == manpage.page(), "run `make man`"


def test_the_changelog_has_this_version_below_what_is_not_released() -> None:
    """Newest first, each with its day, and under the headings that readers of changelogs know."""
    pages = (ROOT / "CHANGELOG.md").read_text()
    first, *released = re.findall(r"^## (.+)$", pages, re.MULTILINE)
    assert first == "Unreleased"
    assert released[0].split(" - ")[0] == __version__
    assert all(re.fullmatch(r"\d+\.\d+\.\d+ - \d{4}-\d\d-\d\d", heading) for heading in released)
    assert set(re.findall(r"^### (.+)$", pages, re.MULTILINE)) <= {
        "Added",
        "Changed",
        "Deprecated",
        "Removed",
        "Fixed",
        "Security",
    }


def test_the_hosted_run_uses_the_words_of_the_makefile() -> None:
    """And nothing else, so that what it runs can be run by hand."""
    said = re.findall(r"run: (.+)$", WORKFLOW, re.MULTILINE)
    assert all(re.fullmatch(r"make [a-z]+", line) for line in said)
    words = {line.split()[1] for line in said}
    assert {"lint", "types", "test", "demo", "dist"} <= words <= TARGETS


def test_the_hosted_run_has_every_python_we_promise() -> None:
    """The classifiers of the package and the matrix are one list, which begins where the package does."""
    matrix = re.search(r"python: \[(.+)\]", WORKFLOW)
    assert matrix is not None
    served = [found[1] for line in PROJECT["classifiers"] if (found := re.search(r":: (3\.\d+)$", line))]
    assert re.findall(r'"(.+?)"', matrix[1]) == served
    assert PROJECT["requires-python"] == f">={served[0]}"


def test_the_hosted_run_has_every_database_and_pins_what_it_takes_from_others() -> None:
    """Actions by commit, images by version; every address is this machine's."""
    for name in ("sqlite", "mysql", "mariadb", "postgresql"):
        assert f"- database: {name}\n" in WORKFLOW
    for action in re.findall(r"uses: (\S+)", WORKFLOW):
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action), action
    assert len(re.findall(r"'(?:mysql|mariadb|postgres):\d+(?:\.\d+)?'", WORKFLOW)) == 3
    assert {address.split("@")[1][:9] for address in re.findall(r"://(\S+)", WORKFLOW)} == {"127.0.0.1"}
