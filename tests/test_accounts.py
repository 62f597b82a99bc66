"""Several accounts in one configuration: what each is configured by, what commands do, what two may not share."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
import typer

from connecteam_sync.accounts import account_states, check_accounts
from connecteam_sync.cli import chosen, known_secrets
from connecteam_sync.cli.chosen import READS
from connecteam_sync.cli.options import opened
from connecteam_sync.cli.output import Report
from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import account_names, load_settings
from connecteam_sync.config_add import add_account
from connecteam_sync.config_secrets import credentials, secret
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.sandbox import Company, Sandbox, SandboxSettings
from support import forks
from test_command import Answer
from test_reference import COMMANDS

KEYS = {"north": "sandbox-north", "south": "sandbox-south"}
DAYS = ("--from", "2025-12-01", "--to", "2025-12-03")


def written(folder: Path, text: str) -> Path:
    """A configuration's file."""
    file = folder / "connecteam-sync.toml"
    file.write_bytes(text.encode())
    return file


def refused(file: Path, account: str | None = None, **environ: str) -> ConfigurationError:
    """What is said of a configuration that cannot be used."""
    with pytest.raises(ConfigurationError) as caught:
        load_settings(file, environ, account=account)
    return caught.value


TWO = """
lookback_days = 3
[accounts.north]
timezone = "America/Chicago"
database_url = "sqlite:///north.db"
api_key_file = "north.key"
[accounts.south-east]
timezone = "America/New_York"
database_url = "sqlite:///south.db"
max_deletes = 7
[accounts.south-east.tables.clock_times]
table = "punches"
"""


# -- what each is configured by ----------------------------------------------------------------------------------------


def test_each_has_its_own_values_and_those_of_all(tmp_path: Path) -> None:
    """The section before the file; sections of tables too."""
    file = written(tmp_path, TWO)
    assert account_names(file) == ("north", "south-east")
    north, south = (load_settings(file, {}, account=name) for name in ("north", "south-east"))
    assert (north.timezone, north.lookback_days, north.max_deletes, north.account) == ("America/Chicago", 3, 3, "north")
    assert (south.timezone, south.lookback_days, south.max_deletes) == ("America/New_York", 3, 7)
    assert south.tables.clock_times.table == "punches"
    assert north.tables.clock_times.table == "clock_times"


def test_the_environment_of_one_is_nobody_elses(tmp_path: Path) -> None:
    """Its own variable, its section, the variable of all, the file: the first that says something counts."""
    file = written(tmp_path, TWO)
    environ = {
        "CONNECTEAM_SYNC_MAX_DELETES": "5",
        "CONNECTEAM_SYNC_LOOKBACK_DAYS": "9",
        "CONNECTEAM_SYNC_API_KEY": "of-no-account",
        "CONNECTEAM_SYNC_DATABASE_URL": "sqlite:///of-no-account.db",
        "CONNECTEAM_SYNC_ACCOUNT_NORTH_API_KEY": "key-north",
        "CONNECTEAM_SYNC_ACCOUNT_SOUTH_EAST_DATABASE_URL": "sqlite:///other.db",
        "CONNECTEAM_SYNC_ACCOUNT_SOUTH_EAST_LOOKBACK_DAYS": "1",
        "CONNECTEAM_SYNC_SMTP_URL": "smtp://mail.example.org",
    }
    north, south = (load_settings(file, environ, account=name) for name in ("north", "south-east"))
    assert (north.max_deletes, north.lookback_days, north.database_url) == (5, 9, "sqlite:///north.db")
    assert (south.max_deletes, south.lookback_days, south.database_url) == (7, 1, "sqlite:///other.db")
    assert secret("API_KEY", north.secrets) == "key-north", "a variable comes before the section's file"
    assert secret("SMTP_URL", south.secrets) == "smtp://mail.example.org"
    with pytest.raises(ConfigurationError, match="there is no API key"):
        credentials(south.secrets)
    assert "key-north" not in repr(north)


def test_a_longer_name_is_another_account(tmp_path: Path) -> None:
    """A variable of north_east is none of north."""
    file = written(tmp_path, '[accounts.north]\ntimezone = "UTC"\n[accounts.north_east]\ntimezone = "UTC"\n')
    environ = {"CONNECTEAM_SYNC_ACCOUNT_NORTH_EAST_MAX_DELETES": "8"}
    assert load_settings(file, environ, account="north").max_deletes == 3
    assert load_settings(file, environ, account="north_east").max_deletes == 8


def test_a_section_comes_before_variables_for_all(tmp_path: Path) -> None:
    """Of secrets, the key of certificates and the names of tables, too; keys of one account are given to none."""
    text = '[accounts.a]\ntimezone = "UTC"\nsmtp_url_file = "own"\n[accounts.a.tables]\nprefix = "own_"\n'
    file = written(tmp_path, f'{text}[accounts.a.payroll]\ncertificate_key = "own"\n')
    given = {"SMTP_URL": "smtp://all", "TABLE_PREFIX": "all_", "TABLE_SCHEMA": "s", "CERTIFICATE_KEY_FILE": "all"}
    one = dict.fromkeys(("API_KEY", "CLIENT_ID", "CLIENT_SECRET", "WEBHOOK_TOKEN", "DATABASE_URL_FILE"), "x")
    found = load_settings(file, {f"CONNECTEAM_SYNC_{name}": text for name, text in (given | one).items()}, account="a")
    assert (found.own.prefix, found.own.schema, found.certificate_key) == ("own_", "s", "own")
    assert {*found.secrets} & {f"CONNECTEAM_SYNC_{name}" for name in ("SMTP_URL", *one)} == set()


def test_a_variable_is_that_of_the_name_it_makes_sense_for(tmp_path: Path) -> None:
    """The URL of the database of a is no URL of a_database; and what is wrong is named as it was written."""
    file = written(tmp_path, '[accounts.a]\ntimezone = "UTC"\napi_key_file = "nowhere"\n[accounts.a_database]\n')
    url = "CONNECTEAM_SYNC_ACCOUNT_A_DATABASE_URL"
    found = load_settings(file, {url: "sqlite:///a.db"}, account="a")
    assert found.database_url == "sqlite:///a.db"
    with pytest.raises(ConfigurationError, match=r"\[accounts.a\]: api_key_file names a file"):
        credentials(found.secrets)
    error = refused(file, "a", CONNECTEAM_SYNC_ACCOUNT_A_MAX_DELETES="x")
    assert "CONNECTEAM_SYNC_ACCOUNT_A_MAX_DELETES: max_deletes is 'x'" in error.message
    with pytest.raises(ConfigurationError) as caught:
        credentials(load_settings(written(tmp_path, '[accounts.a]\ntimezone = "UTC"'), {}, account="a").secrets)
    assert "set CONNECTEAM_SYNC_ACCOUNT_A_API_KEY, or" in caught.value.next_step


def test_a_folder_has_a_file_for_each(tmp_path: Path) -> None:
    """Named from where the configuration's file is; other files are nobody's."""
    (tmp_path / "several").mkdir()
    (tmp_path / "several" / "west.toml").write_text('timezone = "UTC"\n')
    (tmp_path / "several" / "readme.txt").write_text("x")
    (tmp_path / "several" / ".west.toml").write_text("x")
    file = written(tmp_path, 'accounts = "several"\nmax_deletes = 4\n')
    assert account_names(file) == ("west",)
    assert load_settings(file, {}, account="west").max_deletes == 4
    (tmp_path / "several" / "bad.toml").write_text("timezone = ")
    assert "bad.toml cannot be read" in refused(file, "west").message


@pytest.mark.parametrize(
    ("text", "account", "said", "step"),
    [
        (TWO, None, "several accounts, and none was named", "north, south-east"),
        (TWO, "west", "no account 'west'", "north, south-east"),
        ('timezone = "UTC"', "west", "no accounts are configured", "leave out --account"),
        ("accounts = 5", "a", "must be sections, or a folder", "[accounts.NAME]"),
        ("[accounts]", "a", "names no account", "[accounts.NAME]"),
        ("accounts = 'nowhere'", "a", "cannot be read: No such file or directory", "NAME.toml"),
        ("[accounts.North]\ntimezone = 'UTC'", "North", "is no name of an account", "small letters"),
        ("[accounts.'../x']\ntimezone = 'UTC'", "../x", "is no name of an account", "small letters"),
        ("[accounts]\nnorth = 5", "north", "must be a section", "[accounts.north]"),
        ("[accounts.a-b]\n[accounts.a_b]\n", "a-b", "have the same variables", "another name"),
        ("[accounts.a]\napi_key = 'secret-1'", "a", "api_key is a secret", "api_key_file"),
        (
            "[accounts.a]\ndatabase_url = 'x'\ndatabase_url_file = 'x'",
            "a",
            "both database_url and",
            "leave one of them",
        ),
        ("[accounts.a.tables.clock_time]\nx = 1", "a", "[accounts.a], [tables]: unknown key", "'clock_times'"),
        ("[accounts.a]\napi_key_file = 5", "a", "must be the path of a file", "in quotes"),
        ("[accounts.a]\ntimezon = 'UTC'", "a", "unknown key 'timezon'", "'timezone'"),
        ("[accounts.a]\naccounts = 'UTC'", "a", "unknown key 'accounts'", ""),
        ("[accounts.a]\nmax_deletes = -1\ntimezone = 'UTC'", "a", "[accounts.a]: max_deletes is -1", "from 0"),
    ],
)
def test_what_cannot_be_used_is_named(tmp_path: Path, text: str, account: str | None, said: str, step: str) -> None:
    """With its place and the cure, and never with a secret."""
    error = refused(written(tmp_path, text), account)
    assert said in error.message
    assert step in error.next_step
    assert "secret-1" not in error.message + error.next_step


def test_a_variable_of_no_account_is_refused(tmp_path: Path) -> None:
    """A mistyped name would leave an account without its key."""
    error = refused(written(tmp_path, TWO), "north", CONNECTEAM_SYNC_ACCOUNT_NROTH_API_KEY="x")
    assert "CONNECTEAM_SYNC_ACCOUNT_NROTH_API_KEY is of no account" in error.message


# -- adding one --------------------------------------------------------------------------------------------------------


def test_an_account_is_added_behind_what_is_there(tmp_path: Path) -> None:
    """A comment stays; quotes and line breaks of a value stay that value's."""
    file = written(tmp_path, "# ours\nmax_deletes = 4\n")
    assert add_account("one", {"timezone": "UTC", "database_url": None, "api_key_file": 'a"b\n[x]'}, file) == file
    add_account("two", {"timezone": "Europe/Berlin", "api_key_file": "k"}, file)
    assert file.read_text().startswith("# ours\nmax_deletes = 4\n")
    assert account_names(file) == ("one", "two")
    assert load_settings(file, {}, account="one").secrets["CONNECTEAM_SYNC_API_KEY_FILE"] == 'a"b\n[x]'


def test_a_link_to_the_file_stays_one(tmp_path: Path) -> None:
    """So do who may read it, and its ends of line."""
    real, link = tmp_path / "real.toml", tmp_path / "connecteam-sync.toml"
    real.write_bytes(b"max_deletes = 4\r\n")
    real.chmod(0o640)
    link.symlink_to(real)
    add_account("one", {"timezone": "UTC"}, link)
    assert link.is_symlink()
    assert real.read_bytes().startswith(b"max_deletes = 4\r\n\r\n[accounts.")
    assert real.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("before", "name", "given", "said"),
    [
        (TWO, "north", {"timezone": "UTC"}, "an account north already"),
        (TWO, "No", {"timezone": "UTC"}, "is no name of an account"),
        (TWO, "new", {"timezone": "Mars"}, "no time zone"),
        ('database_url = "sqlite:///a.db"\n', "new", {"timezone": "UTC"}, "the file of one account"),
        (TWO, "new", {"timezone": "UTC", "database_url": "mysql://u:pass-1@h/d"}, "holds a password"),
        ("x = ", "new", {"timezone": "UTC"}, "cannot be read"),
        (TWO, "new", {"timezone": "UTC", "api_key_file": "a\udcff"}, "characters that cannot be written"),
        (f"{TWO}x = 1\n", "new", {"timezone": "UTC"}, "unknown key 'x'"),
        ("accounts = '.'\r\n", "connecteam-sync", {"timezone": "UTC"}, "an account connecteam-sync already"),
        ("accounts = '.'\r\n", "../x", {"timezone": "UTC"}, "is no name of an account"),
    ],
)
def test_what_cannot_be_added_changes_nothing(
    tmp_path: Path, before: str, name: str, given: dict[str, str | None], said: str
) -> None:
    """The file is as it was, byte by byte, and nothing is left next to it."""
    file = written(tmp_path, before)
    with pytest.raises(ConfigurationError, match=said) as caught:
        add_account(name, given, file)
    assert "pass-1" not in caught.value.message
    assert file.read_bytes() == before.encode()
    assert [path.name for path in tmp_path.iterdir()] == [file.name]


def test_what_is_no_file_stays_what_it_is(tmp_path: Path) -> None:
    """A pipe in the place of the file, or of an account's in the folder, is refused and is there afterwards."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "several").mkdir()
    os.mkfifo(tmp_path / "several" / "b.toml")
    (tmp_path / "several" / "a.toml").write_text('timezone = "UTC"\n')
    file = written(tmp_path, 'accounts = "several"\n')
    for place in (tmp_path / "pipe", tmp_path, file):
        with pytest.raises(ConfigurationError, match="no ordinary file"):
            add_account("b", {"timezone": "UTC"}, place)
    assert (tmp_path / "pipe").is_fifo()
    assert (tmp_path / "several" / "b.toml").is_fifo()


def test_an_account_is_added_to_the_folder(tmp_path: Path) -> None:
    """As a file of its own."""
    (tmp_path / "several").mkdir()
    file = written(tmp_path, 'accounts = "several"\n')
    (tmp_path / "several" / "a.toml").write_text('timezone = "UTC"\n')
    assert add_account("b", {"timezone": "UTC"}, file) == tmp_path / "several" / "b.toml"
    assert account_names(file) == ("a", "b")


# -- two companies -----------------------------------------------------------------------------------------------------


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Two companies of different sizes, an account for each, and the working directory of their file."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("CONNECTEAM_SYNC_")]:
        monkeypatch.delenv(name)
    big = SandboxSettings(minute_limit=10**9)
    with (
        Sandbox(Company(60), big, key=KEYS["north"]) as north,
        Sandbox(Company(20, company_id="9000002"), big, key=KEYS["south"]) as south,
    ):
        for name, sandbox in (("north", north), ("south", south)):
            (tmp_path / f"{name}.key").write_text(KEYS[name])
            add_account(
                name,
                {
                    "timezone": "America/Chicago",
                    "database_url": f"sqlite:///{name}.db",
                    "base_url": sandbox.url,
                    "api_key_file": f"{name}.key",
                },
            )
            with ConnecteamSync.from_config(account=name) as mirror:
                mirror.init()
        yield tmp_path


def command(folder: Path, *words: str) -> Answer:
    """The command as a process."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTEAM_SYNC_")}
    done = forks.command(words, folder, plain)
    assert "Traceback" not in done.err, done.err
    assert not any(key in done.out + done.err for key in KEYS.values())
    return Answer(done.code, done.out, done.err)


def test_a_command_that_writes_wants_an_account(two: Path) -> None:
    """Refused, nothing is written; with a name it works on that one, with --all-accounts on each."""
    answer = command(two, "sync", *DAYS)
    assert answer.code == 2
    assert "--account NAME, one of: north, south; or --all-accounts" in answer.err
    assert json.loads(command(two, "runs", "--json").out)["accounts"] == [
        {"account": name, "runs": [], "exit_code": 0} for name in KEYS
    ]
    done = command(two, "--account", "south", "sync", *DAYS)
    assert done.code == 0
    assert "next: connecteam-sync --account south verify --from 2025-12-01 --to 2025-12-03" in done.err
    assert "take it back: connecteam-sync --account south undo 1" in done.err
    assert command(two, *done.err.partition("next: connecteam-sync ")[2].split("   ")[0].split()).code == 0
    runs = {one["account"]: len(one["runs"]) for one in json.loads(command(two, "runs", "--json").out)["accounts"]}
    assert runs == {"north": 0, "south": 2}
    every = json.loads(command(two, "--all-accounts", "sync", *DAYS, "--json").out)
    assert [(one["account"], one["status"]) for one in every["accounts"]] == [
        ("north", "applied"),
        ("south", "nothing"),
    ]
    assert (every["schema"], every["exit_code"]) == (1, 0)


def test_a_group_asks_only_where_it_works_itself(two: Path) -> None:
    """`holds` shows those of each; `holds ack` wants an account, and lists nothing."""
    assert command(two, "holds").out.splitlines() == ["== north", "nothing is held", "== south", "nothing is held"]
    answer = command(two, "holds", "ack", "1", "--reason", "x")
    assert (answer.code, answer.out) == (2, "")
    assert "holds ack may change something" in answer.err
    named = command(two, "holds", "--account", "south", "ack", "1", "--reason", "x")
    assert named.code == 2
    assert "may change something" not in named.err
    assert "connecteam-sync --account south holds" in named.err


def test_what_only_reads_is_a_command() -> None:
    """Each name is that of a command; what writes rows, decides or makes files is not among them."""
    assert set(COMMANDS) >= READS
    assert not READS & {
        *("pause", "resume", "support-bundle", "alerts test", "clocks vouch", "account accept", "webhooks register"),
        *("periods check", "periods close", "corrections accept", "retention purge", "holds ack", "employees map"),
        "sync",
        "resync",
        "apply",
        "undo",
        "init",
        "adopt",
        "lock",
        "unlock",
        "export",
        "certify",
        "serve",
    }


def test_one_that_fails_stops_no_other(two: Path) -> None:
    """The worst code is the command's; each account says its own."""
    (two / "north.key").write_text("")
    every = json.loads(command(two, "sync", *DAYS, "--all-accounts", "--json").out)
    assert [(one["account"], one["exit_code"]) for one in every["accounts"]] == [("north", 2), ("south", 0)]
    assert every["exit_code"] == 2
    assert every["accounts"][0]["error"] == "configuration_error"
    states = {one.name: one.state for one in account_states()}
    assert states["south"] == "well"
    (two / "connecteam-sync.toml").write_text(
        (two / "connecteam-sync.toml").read_text().replace("/north.db", "/no/n.db")
    )
    first = json.loads(command(two, "accounts", "--json").out)["accounts"][0]
    assert (first["name"], first["state"]) == ("north", "unknown")


@pytest.mark.usefixtures("two")
def test_what_nobody_foresaw_is_of_one_account(capsys: pytest.CaptureFixture[str]) -> None:
    """The others go on, what they did is not denied, and none writes into the log of another."""
    logger = logging.getLogger("connecteam_sync")

    def work() -> None:
        assert not [one for one in logger.handlers if not isinstance(one, logging.NullHandler)]
        with opened(None, Report(as_json=True)) as mirror:
            logger.addHandler(logging.StreamHandler())
            if mirror.settings.account == "south":
                raise typer.Exit(75)
            mirror.sync(mirror.window(date(2025, 12, 1), date(2025, 12, 1)))
            raise ZeroDivisionError

    with pytest.raises(typer.Exit) as ended:
        chosen._run_for_each(KEYS, work, as_json=True)
    said = capsys.readouterr()
    (answer,) = json.loads(said.out)["accounts"]
    assert (ended.value.exit_code, answer["account"], answer["error"]) == (1, "north", "unforeseen")
    assert "what was written until then is whole" in answer["message"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--account", "north", "worker"), "every account"),
        (("serve", "--port", "0", "--metrics-file", "x.prom"), "take --metrics-port"),
        (("status", "--account", "north", "--all-accounts"), "leave one of them out"),
        (("status", "--account", "west"), "use one of: north, south"),
        (("--account", "south", "accounts", "list"), "every account"),
        (("--account", "south", "status", "--account", "north"), "leave one of them out"),
        (("plan", *DAYS, "--out", "plan.json"), "each account would replace"),
        (("verify", *DAYS, "--metrics-file", "x.prom"), "each account would replace"),
        (("support-bundle", "--yes", "--all-accounts"), "each account would replace"),
    ],
)
def test_what_cannot_be_meant_is_refused(two: Path, words: tuple[str, ...], said: str) -> None:
    """With the next step."""
    answer = command(two, *words)
    assert answer.code == 2
    assert said in answer.err


@pytest.mark.usefixtures("two")
def test_the_secrets_of_an_account_are_kept_out_of_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is taken out of logs and reports are the secrets of the account that a command is about."""
    with ConnecteamSync.from_config(account="south") as mirror:
        monkeypatch.setattr(known_secrets, "OPENED", [mirror])
        assert set(known_secrets.known_secrets()) == {KEYS["south"]}
    monkeypatch.setattr(known_secrets, "OPENED", [])
    monkeypatch.setenv("CONNECTEAM_SYNC_ACCOUNT_NORTH_API_KEY", "key-1")
    assert set(known_secrets.known_secrets()) == {"key-1"}


def test_what_two_accounts_share_is_named(two: Path) -> None:
    """A database's tables however its URL is written, a key, a time clock: of both, and the others are well."""
    assert [(one.name, one.is_ok) for one in check_accounts()] == [("north", True), ("south", True)]
    file = two / "connecteam-sync.toml"
    text = file.read_text()
    cases = {
        "own tables": text.replace("sqlite:///south.db", f"sqlite:///{two}/./north.db"),
        "own records": text.replace("sqlite:///south.db", "sqlite:///north.db")
        + '[accounts.south.tables.clock_times]\ntable = "other"\n',
        "own key": text.replace("south.key", "north.key"),
        "own time clocks": text.replace("api_key_file", "time_clocks = [4100001]\napi_key_file"),
    }
    for name, changed in cases.items():
        file.write_text(changed)
        failed = [{check.name for check in one.checks if check.state == "failed"} for one in check_accounts()]
        assert all(name in names for names in failed), (name, failed)
    file.write_text(text.replace('"south.key"', '"nowhere.key"'))
    north, south = check_accounts()
    assert north.is_ok
    assert not south.is_ok
    answer = command(two, "accounts", "check")
    assert answer.code == 1
    file.write_text(text.replace("sqlite:///south.db", "sqlite:///empty.db"))
    assert "connecteam-sync --account south init" in command(two, "accounts", "check").out
