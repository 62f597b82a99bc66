"""Support bundles: nothing of anybody is in them, and their decisions are the same when they are planned again."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import stat
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

import msgspec
import pytest
from sqlalchemy import make_url

from connecteam_sync import ConnecteamSync
from connecteam_sync.core import pseudonyms
from connecteam_sync.core.clocktime import Employee
from connecteam_sync.core.decision_inputs import DecisionInputs
from connecteam_sync.core.people import address, words
from connecteam_sync.core.support import BundleContent
from connecteam_sync.engine import kept_inputs, replay
from connecteam_sync.errors import ConfigurationError, ConnecteamSyncError, NotFound
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from connecteam_sync.sandbox.company import OFFICE, WAREHOUSE
from support.scenario import FIRST, LAST, World
from test_command import WINDOW, Terminal, terminal

__all__ = ["terminal"]
NOTE = "Zwiebelkuchen for the auditor"
PLACE = "41.8781136"


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of its own for what is kept on this machine."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


def planted() -> Company:
    """A company of people with names that nobody else has, notes, and places."""
    company = Company(60)
    for number, person in enumerate(company.people.values()):
        person.first_name, person.last_name = f"Quirin{'abcdefghij'[number % 10]}", f"Zz{number}vök O'Gräf"
        person.email = f"q{number}.zz@secret-bakery.example"
        person.phone = f"+4930901820{number:03d}"
    company.name, company.clocks[WAREHOUSE].name = "Secret Bakery & Söhne", "Lagerhalle Nordkap"
    shifts = company.shifts(FIRST, LAST)
    for shift in shifts:
        shift.employee_note, shift.manager_note = NOTE, NOTE
    company.spoil(shifts[0].id, start={"timestamp": "Quirinx", "timezone": "Nowhere/Zzland", "latitude": PLACE})
    shifts[1].timezone = "12 Zzvök Street"
    return company


def live(world: World) -> None:
    """Three runs with changes, holds and deletes."""
    world.sync()
    shifts = [shift for shift in world.company.shifts(FIRST, LAST) if shift.end and not shift.spoiled]
    world.company.edit(shifts[10].id, start=shifts[10].start + 600)
    world.company.delete(shifts[20].id)
    world.company.duplicate(shifts[30].id)
    world.company.archive(shifts[12].user_id)
    world.sync()


def secrets_of(world: World) -> Iterator[str]:
    """Everything that may be in no bundle."""
    company = world.company
    for person in company.people.values():
        yield from (person.first_name, person.last_name, str(person.id), person.phone[3:])
        yield from (person.email or "", f"zz{person.last_name[2:4]}")
    for activity in company.shifts(date(2025, 11, 1), date(2026, 1, 31)):
        yield from (activity.id, activity.job_id or "")
    yield from (company.name, company.id, *(str(clock) for clock in company.clocks), "Lagerhalle", "Nordkap")
    yield from (NOTE, "Zwiebelkuchen", PLACE, "Nowhere", "Street", world.sandbox.key)
    yield from (row["connecteam_user_id"] or "" for row in world.table("employees"))
    url = make_url(world.mirror.settings.database_url)
    yield from (url.database or "", str(Path(url.database or "").parent) if "/" in (url.database or "") else "")


def opened(data: bytes) -> BundleContent:
    """The content of a bundle."""
    return msgspec.json.decode(gzip.decompress(data), type=BundleContent)


def assert_replays(mirror: ConnecteamSync, data: bytes, file: Path) -> None:
    """The decisions of a bundle, planned again, are the same."""
    file.write_bytes(data)
    found = mirror.replay(file)
    assert found.is_same
    assert found.looks


def test_nothing_of_anybody_is_in_a_bundle(initialised: str, tmp_path: Path) -> None:
    """Each planted name, id, note and secret is searched for, in small letters too, and every decision stays."""
    with Sandbox(planted(), SandboxSettings(minute_limit=100_000)) as sandbox:
        world = World(sandbox, initialised, lookback_days=1, older_days=0)
        live(world)
        for run in (1, 2, None):
            bundle = world.mirror.support_bundle(run)
            assert re.search(r"database (sqlite|mariadb|mysql|postgresql) \d+\.\d+", bundle.contents[0])
            text = gzip.decompress(bundle.data).decode()
            lower = (text + "\n".join((*bundle.contents, *bundle.missing))).casefold()
            found = {secret for secret in secrets_of(world) if len(secret) > 2 and secret.casefold() in lower}
            assert not found
            content = opened(bundle.data)
            assert [(look.is_as_decided, look.is_as_real) for look in content.looks] == [(True, True)] * 2
            assert_replays(world.mirror, bundle.data, tmp_path / "bundle.gz")
            assert len(content.receipts) == sum(len(one.slices) for one in world.mirror.runs())
            if run is not None:
                assert sum(len(look.inputs.decided.changes) for look in content.looks if look.inputs.decided)
                assert {
                    hold.reason for look in content.looks if look.inputs.decided for hold in look.inputs.decided.holds
                }
        assert {finding.state for finding in content.findings} >= {"ok"}
        world.mirror.close()


def test_only_runs_with_news_are_kept_and_only_the_last(tmp_path: Path, state: Path) -> None:
    """A run that changed nothing writes no file and costs nothing; files are private; old ones go."""
    with Sandbox(Company(20)) as sandbox:
        database = f"sqlite:///{tmp_path}/hours.db"
        world = World(sandbox, database, keep_inputs=2)
        bare = World.mirror_of(sandbox, database, keep_inputs=0)
        world.sync()
        (folder,) = (state / "connecteam-sync" / "inputs").iterdir()
        quiet, none = [[mirror.sync(world.window) for _ in range(3)][-1] for mirror in (world.mirror, bare)]
        assert (quiet.statements, quiet.http_calls) == (none.statements, none.http_calls)
        assert [file.name for file in folder.iterdir()] == ["run-1.inputs"]
        shift = world.company.shifts(FIRST, LAST)[3]
        for late in (60, 120, 180):
            world.company.edit(shift.id, start=shift.start + late)
            world.sync()
        assert sorted(file.name for file in folder.iterdir()) == ["run-10.inputs", "run-9.inputs"]
        assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        bundle = world.mirror.support_bundle(1)
        assert bundle.missing == ("the inputs of run 1 are not kept; kept are those of the last runs with news: 9, 10",)
        with pytest.raises(NotFound):
            world.mirror.support_bundle(99)
        world.company.edit(shift.id, start=shift.start + 240)
        assert bare.sync(world.window).counts.updated == 1
        assert len(list(folder.iterdir())) == 2
        for mirror in (world.mirror, bare):
            mirror.close()


def test_a_folder_that_cannot_be_written_stops_no_run(tmp_path: Path) -> None:
    """It is an event, and the run is as it should be."""
    (tmp_path / "file").write_text("")
    heard: list[Any] = []
    with Sandbox(Company(20)) as sandbox:
        world = World(sandbox, f"sqlite:///{tmp_path}/hours.db", state_dir=str(tmp_path / "file"))
        world.mirror.close()
        world.mirror = ConnecteamSync(sandbox.key, settings=world.mirror.settings, on_event=heard.append)
        assert world.sync().status == "applied"
        world.mirror.close()
    assert {(event.run, event.error) for event in heard if event.name == "inputs_not_kept"} == {
        (1, "NotADirectoryError")
    }


def test_a_database_that_begins_again_has_none_of_the_old_runs(tmp_path: Path, state: Path) -> None:
    """Run 1 of the new one is not the run 1 whose inputs are there; a file that is cut off loses its end only."""
    database = tmp_path / "hours.db"
    with Sandbox(Company(20)) as sandbox:
        world = World(sandbox, f"sqlite:///{database}")
        world.sync()
        world.mirror.close()
        file = next((state / "connecteam-sync" / "inputs").rglob("run-1.inputs"))
        (look, *_) = kept_inputs.KeptInputs(file.parent, last=20).of_run(1, _started(file))
        file.write_bytes(b"".join(kept_inputs.packed(msgspec.structs.replace(look, started_at=7))))
        database.unlink()
        again = World(sandbox, f"sqlite:///{database}")
        again.sync()
        kept = kept_inputs.KeptInputs(file.parent, last=20)
        assert len(kept.of_run(1, _started(file))) == 2
        assert kept.of_run(1, 7) == ()
        file.write_bytes(file.read_bytes()[:-3])
        assert len(kept.of_run(1, _started(file))) == 1
        file.write_bytes(b"\x00\x00\x00\x00\x00\x00\x00\x05nonsense")
        assert again.mirror.support_bundle(1).missing[0].startswith("the inputs of run 1 cannot be read: ")
        again.mirror.close()


def _started(file: Path) -> int:
    return next(kept_inputs._parts(file)).started_at


@pytest.mark.parametrize("clocks", [(WAREHOUSE,), ()])
def test_a_refused_run_and_an_accepted_one_replay(tmp_path: Path, clocks: tuple[int, ...]) -> None:
    """What a guard stopped, and what a person let through, though the fingerprints are others there."""
    with Sandbox(Company(200)) as sandbox:
        world = World(sandbox, f"sqlite:///{tmp_path}/hours.db", max_deletes=3, time_clocks=clocks)
        world.sync()
        of_one = [s for s in world.company.shifts(FIRST, LAST) if s.clock_id == OFFICE]
        for shift in (*[s for s in world.company.shifts(FIRST, LAST) if s.clock_id == WAREHOUSE][:90], *of_one[:2]):
            world.company.delete(shift.id)
        refused = world.sync()
        assert refused.status == "refused"
        names = [word for word in (refused.next_step or "").split() if len(word) == 16]
        accepted = world.sync(accept=names)
        assert accepted.counts.deleted > 3
        for run in (refused, accepted):
            bundle = world.mirror.support_bundle(run.id)
            looks = opened(bundle.data).looks
            assert looks
            assert {(look.is_as_decided, look.is_as_real) for look in looks} == {(True, True)}
            assert_replays(world.mirror, bundle.data, tmp_path / "bundle.gz")
        # Of several looks, what was let through is evidence for the last ones.
        assert any(look.inputs.policy.accepted for look in looks) == bool(clocks)
        assert not set(names) & {name for look in looks for name in look.inputs.policy.accepted}
        world.mirror.close()


def test_a_bundle_is_made_where_nothing_answers(tmp_path: Path) -> None:
    """Connecteam away, or no tables: what could be had is in it, and what not is said."""
    mirror = ConnecteamSync(
        "sandbox-key",
        database_url=f"sqlite:///{tmp_path}/none.db",
        timezone="America/Chicago",
        base_url="http://127.0.0.1:9",
    )
    bundle = mirror.support_bundle()
    assert len(bundle.missing) == 2
    assert "receipts: 0 looks" in "\n".join(bundle.contents)
    assert "failed" in {finding.state for finding in opened(bundle.data).findings}
    mirror.close()


def test_every_field_of_the_inputs_has_a_rule() -> None:
    """A new field is a name, an id or a number: somebody has to say which, before it can be in a bundle."""
    waiting: list[Any] = [DecisionInputs]
    seen: set[type] = set()
    while waiting:
        kind = waiting.pop()
        waiting += get_args(kind) if get_origin(kind) is not None or get_args(kind) else ()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in seen:
            seen.add(kind)
            assert set(pseudonyms.RULES[kind.__name__]) == set(kind.__struct_fields__), kind
            waiting += get_type_hints(kind).values()
    assert {kind.__name__ for kind in seen} == set(pseudonyms.RULES)


def test_names_stay_equal_alike_or_different() -> None:
    """As the planner compares people: without case, accents and the order of words; an address, a phone, a part."""
    raw = ["Ana Álvarez", "ALVAREZ, ana", "Ana", "Ana María Álvarez", "Bo", "-", "", "Connecteam user 7"]
    people = tuple(Employee(id=n, name=name, email=f"{name.strip()}@X.example") for n, name in enumerate(raw, 1))
    image = pseudonyms.Pseudonyms([people], frozenset())
    new = [person.name or "" for person in image.of(people)]
    for one, other in ((a, b) for a in range(len(raw)) for b in range(len(raw))):
        assert (words(raw[one]) == words(raw[other])) == (words(new[one]) == words(new[other]))
        assert (set(words(raw[one])) <= set(words(raw[other]))) == (set(words(new[one])) <= set(words(new[other])))
        assert (raw[one] == raw[other]) == (new[one] == new[other])
        mails = [person.email for person in people], [person.email for person in image.of(people)]
        assert (address(mails[0][one]) == address(mails[0][other])) == (
            address(mails[1][one]) == address(mails[1][other])
        )
    assert not {"ana", "alvarez", "maria", "bo"} & {word for name in new for word in words(name)}


def test_texts_keep_only_words_of_this_program() -> None:
    """Names, hosts, paths, numbers of any kind: what is not known to be harmless goes."""
    image = pseudonyms.Pseudonyms([], frozenset({"the", "row", "of", "is", "will", "wait"}), ["Will Zo\u0308e"])
    said = image.sentence(
        "the row 123 of 4567 of Will Zoë (+1 312-555-0134, 41.87811) is at db-7.corp/x on 2025-12-03 08:15, wait"
    )
    assert said == "the row 123 of # of Name0001 Name0002 (+1 #, #) is … …-7.…/… … 2025-12-03 08:15, wait"


# -- the file is not trusted -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The content of a small bundle, as JSON."""
    folder = tmp_path_factory.mktemp("bundle")
    with Sandbox(Company(12)) as sandbox:
        world = World(sandbox, f"sqlite:///{folder}/hours.db", state_dir=str(folder))
        world.sync()
        text = gzip.decompress(world.mirror.support_bundle(1).data)
        world.mirror.close()
    return text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.update(format=2), "has the format 2"),
        (lambda c: c.update(surprise=1), "unknown field"),
        (lambda c: c["looks"][0]["inputs"]["window"].update(timezone="../../etc/passwd"), "there is no time zone"),
        (lambda c: c["looks"][0]["inputs"]["window"].update(first="0001-01-01"), "is not one of at most"),
        (lambda c: c["looks"][0]["inputs"]["window"].update(first="2026-01-01"), "ends"),
        (lambda c: c["looks"][0]["inputs"]["snapshot"]["shifts"][0].update(start=2**62), "times that no shift has"),
        (lambda c: c["looks"][0]["inputs"]["snapshot"]["shifts"][0].update(start="soon"), "no bundle of this version"),
        (lambda c: c["looks"][0]["inputs"]["stored"].update(rows=[{"id": 1}]), "no bundle of this version"),
    ],
)
def test_a_bundle_that_was_altered_is_refused(
    bundle: bytes, tmp_path: Path, change: Callable[[Any], None], said: str
) -> None:
    """In one sentence."""
    content = json.loads(bundle)
    change(content)
    (tmp_path / "x").write_bytes(gzip.compress(json.dumps(content).encode()))
    with pytest.raises(ConfigurationError, match=said):
        replay.replay(tmp_path / "x")


def test_a_file_that_unpacks_without_end_is_refused(
    bundle: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No more than a bound is unpacked, or read; what follows the end, or is cut off, is refused."""
    file = tmp_path / "x"
    monkeypatch.setattr(replay, "UNPACKED", 1 << 20)
    for data in (gzip.compress(bytes(1 << 24)), gzip.compress(bundle) + b"x", gzip.compress(bundle)[:-9]):
        file.write_bytes(data)
        with pytest.raises(ConfigurationError, match="cut off, or larger"):
            replay.replay(file)
    monkeypatch.setattr(replay, "PACKED", 10)
    with pytest.raises(ConfigurationError, match="it is no bundle"):
        replay.replay(file)
    for data in (b"", b"{}", b"\x80\x04."):
        file.write_bytes(data)
        with pytest.raises(ConfigurationError):
            replay.replay(file)


def test_whatever_stands_in_a_bundle_is_a_sentence(bundle: bytes, tmp_path: Path) -> None:
    """Random members replaced by odd values: planned again, different, or refused; never a traceback."""
    odd: list[Any] = [None, 0, -1, 2**63, "", "x" * 9999, "\u202e", [], {}, True, 1.5, "2025-12-01", -7, 1764600000]
    rng, kinds = random.Random(7), set[str]()  # noqa: S311 - chance, not a secret
    for _ in range(300):
        content = json.loads(bundle)
        places = list(_places(content["looks"]))
        for _ in range(rng.choice((1, 1, 3))):
            holder, key = rng.choice(places)
            holder[key] = rng.choice(odd)
        (tmp_path / "x").write_bytes(gzip.compress(json.dumps(content).encode(), 1))
        try:
            kinds.add(str(replay.replay(tmp_path / "x").is_same))
        except ConnecteamSyncError as error:
            kinds.add(error.name)
    assert kinds == {"True", "False", "configuration_error"}


def _places(value: Any) -> Iterator[tuple[Any, Any]]:  # noqa: ANN401 - any JSON
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (value, key)
        yield from _places(inner)


# -- the command -------------------------------------------------------------------------------------------------------


def test_the_command_lists_asks_writes_and_replays(terminal: Terminal) -> None:
    """Without a terminal nobody is asked: it wants --yes; --json alone only lists."""
    assert terminal("sync", *WINDOW).code == 0
    file = terminal.folder / "connecteam-sync-bundle-1.json.gz"
    refused = terminal("support-bundle", "--run", "1")
    assert (refused.code, file.exists()) == (4, False)
    assert "would have:" in refused.out
    assert "next: the same with --yes" in refused.err
    listed = terminal("support-bundle", "--run", "1", "--json").json
    assert (listed["file"], listed["run"], file.exists()) == (None, 1, False)
    assert any(line.startswith("decisions: ") for line in listed["contents"])
    assert terminal("support-bundle", "--run", "1", "--yes").code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    again = terminal("support-bundle", "replay", file.name)
    assert again.code == 0
    assert "2 decisions of run 1 planned again: the same" in again.out
    assert "60 new" in again.out
    fresh = terminal("support-bundle", "--yes", "--output", "fresh.gz", "--json").json
    assert (fresh["run"], fresh["file"], fresh["missing"]) == (None, "fresh.gz", [])
    content = json.loads(gzip.decompress(file.read_bytes()))
    content["looks"][0]["inputs"]["decided"]["fingerprint"] = "0" * 16
    file.write_bytes(gzip.compress(json.dumps(content).encode()))
    different = terminal("support-bundle", "replay", file.name, "--json")
    assert (different.code, different.json["same"]) == (5, False)
    assert "1 differs from the bundle's" in terminal("support-bundle", "replay", file.name).out


def test_no_database_and_no_key_are_needed_to_replay(terminal: Terminal, tmp_path: Path) -> None:
    """Nor a configuration."""
    assert terminal("sync", *WINDOW).code == 0
    assert terminal("support-bundle", "--run", "1", "--yes").code == 0
    bare = dict.fromkeys(name for name in terminal.environment if name.startswith("CONNECTEAM_SYNC_"))
    (tmp_path / "hours.db").unlink(missing_ok=True)
    assert terminal("support-bundle", "replay", "connecteam-sync-bundle-1.json.gz", **bare).code == 0
    assert os.listdir(tmp_path)  # noqa: PTH208 - the bundle itself


def test_a_year_of_days_is_kept_in_parts(tmp_path: Path) -> None:
    """Each slice is written when it is committed; the bundle has them all."""
    with Sandbox(Company(30)) as sandbox:
        world = World(sandbox, f"sqlite:///{tmp_path}/hours.db", slice_days=7)
        run = world.mirror.sync(world.mirror.window(FIRST, LAST + timedelta(days=2)))
        looks = opened(world.mirror.support_bundle(run.id).data).looks
        assert len({look.inputs.window for look in looks}) > 2
        assert all(look.is_as_real and look.is_as_decided for look in looks)
        world.mirror.close()
