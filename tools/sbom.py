"""Writes the bill of materials of a release (CycloneDX 1.6, JSON): `make dist` calls it with the folder of the files.

What a user installs is the package and the pinned packages it needs, with those that they need; what developers use is
left out. Everything comes from `requirements.lock`, `pyproject.toml` and the metadata of the packages installed here.
The same commit gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import tomllib
import uuid
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from connecteam_sync.version import __version__

ROOT = Path(__file__).parent.parent
_PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>[^\\\n]+?))? *\\?$")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


class Pin:
    """A line of the lock file: one package, its version, where it is needed, and the digests of its files."""

    def __init__(self, found: re.Match[str]) -> None:
        self.name, self.version, self.marker = canonicalize_name(found["name"]), found["version"], found["marker"]
        self.digests: list[str] = []

    @property
    def purl(self) -> str:
        """Its address among packages, which is its reference in the bill too."""
        return f"pkg:pypi/{self.name}@{self.version}"

    def component(self) -> dict[str, Any]:
        """As the bill has it. A file of an index is named by its digest; a package has many, one for each platform."""
        url = f"https://pypi.org/project/{self.name}/{self.version}/"
        hashes = [{"alg": "SHA-256", "content": digest} for digest in sorted(self.digests)]
        told: dict[str, Any] = {
            "type": "library",
            "bom-ref": self.purl,
            "name": self.name,
            "version": self.version,
            "scope": "optional" if self.marker else "required",
            "purl": self.purl,
            "externalReferences": [{"type": "distribution", "url": url, "hashes": hashes}],
        }
        if self.marker:
            told["properties"] = [{"name": "connecteam-sync:marker", "value": self.marker}]
        return told


def pins(lock: str) -> dict[str, Pin]:
    """The packages of a lock file by name."""
    found: dict[str, Pin] = {}
    last: Pin | None = None
    for line in lock.splitlines():
        if matched := _PIN.match(line):
            last = found[canonicalize_name(matched["name"])] = Pin(matched)
        elif last is not None:
            last.digests += _HASH.findall(line)
    return found


def needed(requirement: Requirement, extras: set[str]) -> bool:
    """Whether a package may be needed on some platform, with one of these extras or none."""
    marker = requirement.marker
    if marker is None or "extra" not in str(marker):
        return True
    return any(marker.evaluate({"extra": extra}) for extra in extras)


def needs_of(name: str, extras: set[str]) -> list[Requirement]:
    """What an installed package needs; nothing is known of one that this platform leaves out."""
    try:
        written = distribution(name).requires or ()
    except PackageNotFoundError:
        return []
    return [made for made in map(Requirement, written) if needed(made, extras)]


def runtime(lock: dict[str, Pin], roots: list[Requirement]) -> dict[str, list[str]]:
    """The pinned packages that a user installs, each with those of them that it needs."""
    found: dict[str, list[str]] = {}
    waiting = [(canonicalize_name(root.name), root.extras) for root in roots]
    while waiting:
        name, extras = waiting.pop()
        each = [made for made in needs_of(name, extras) if canonicalize_name(made.name) in lock]
        known = found.setdefault(name, [])
        for made in each:
            below = canonicalize_name(made.name)
            if below not in known:
                known.append(below)
                waiting.append((below, made.extras))
    return found


def bill(folder: Path, made_at: int) -> dict[str, Any]:
    """The bill of the release whose files are in a folder; `made_at` is the commit's moment."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lock = pins((ROOT / "requirements.lock").read_text())
    roots = [Requirement(line) for line in project["dependencies"]]
    tree = runtime(lock, roots)
    ours = f"pkg:pypi/{project['name']}@{__version__}"
    files = [
        {
            "type": "distribution",
            "url": path.name,
            "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(path.read_bytes()).hexdigest()}],
        }
        for path in sorted(folder.glob(f"connecteam_sync-{__version__}*"))
        if path.suffix in {".whl", ".gz"}
    ]
    direct = sorted(lock[canonicalize_name(root.name)].purl for root in roots)
    content: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(made_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": ours,
                "name": project["name"],
                "version": __version__,
                "description": project["description"],
                "licenses": [{"license": {"id": project["license"]}}],
                "purl": ours,
                "externalReferences": files,
            },
        },
        "components": [lock[name].component() for name in sorted(tree)],
        "dependencies": [
            {"ref": ours, "dependsOn": direct},
            *(
                {"ref": lock[name].purl, "dependsOn": sorted(lock[below].purl for below in tree[name])}
                for name in sorted(tree)
            ),
        ],
    }
    text = json.dumps(content, sort_keys=True)
    return {"serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, text)}", **content}


if __name__ == "__main__":
    target = Path(sys.argv[1])
    written = target / f"connecteam_sync-{__version__}.cdx.json"
    written.write_text(json.dumps(bill(target, int(os.environ["SOURCE_DATE_EPOCH"])), indent=2) + "\n")
