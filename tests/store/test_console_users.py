"""Who may sign in to the console: names, roles and secrets, on every database."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.core.console import ConsoleUser
from connecteam_sync.errors import ConfigurationError, ConnecteamSyncError, NotFound
from connecteam_sync.store.console import passwords
from connecteam_sync.store.sql.quoting import run
from test_command import Terminal, terminal  # noqa: F401 - a fixture


def client_of(database: str) -> ConnecteamSync:
    """A client that asks nobody."""
    return ConnecteamSync("no-key", settings=Settings(timezone="America/Chicago", database_url=database))


@pytest.fixture
def client(initialised: str) -> Iterator[ConnecteamSync]:
    """A client over each kind of database."""
    with client_of(initialised) as made:
        yield made


def one(client: ConnecteamSync, name: str) -> ConsoleUser:
    """A person who is there."""
    found = client.console_user(name)
    assert found is not None
    return found


def test_a_person_signs_in_with_the_secret_that_was_shown(client: ConnecteamSync) -> None:
    """However the name is spelled, with that secret and no other."""
    secret = client.add_console_user("Ana López", "operator")
    found = client.check_console_secret("ANA LÓPEZ", secret)
    assert found == one(client, "ana lópez")
    assert (found.name, found.role) == ("Ana López", "operator")
    other = client.add_console_user("Ben", "viewer")
    for name, given in (("Ana López", other), ("Ben", secret), ("Ana López", ""), ("Zoe", secret), ("", secret)):
        assert client.check_console_secret(name, given) is None
    assert [user.name for user in client.console_users()] == ["Ana López", "Ben"]


def test_the_secret_itself_is_nowhere(client: ConnecteamSync) -> None:
    """Only its hash is kept, by argon2id."""
    secret = client.add_console_user("Ana", "admin")
    assert len(secret) >= 32
    with client.store.connection() as connection:
        [kept] = run(connection, f"SELECT secret_hash FROM {client.store.own.console_users}").scalars()
    assert kept.startswith("$argon2id$")
    assert secret not in kept


def test_a_new_secret_ends_the_old_one(client: ConnecteamSync) -> None:
    """And what was signed in by it: the generation has grown."""
    old = client.add_console_user("Ana", "viewer")
    before = one(client, "Ana")
    new = client.renew_console_secret("ana")
    assert client.check_console_secret("Ana", old) is None
    after = client.check_console_secret("Ana", new)
    assert after is not None
    assert after.generation > before.generation
    assert after.made_at == before.made_at <= after.changed_at


def test_who_comes_back_is_of_another_generation(client: ConnecteamSync) -> None:
    """Removed and added again under one name: sessions of before stay ended."""
    secret = client.add_console_user("Ana", "admin")
    before = one(client, "Ana")
    client.remove_console_user("ANA")
    assert client.console_user("Ana") is None
    assert client.check_console_secret("Ana", secret) is None
    client.add_console_user("Ana", "viewer")
    assert one(client, "Ana").generation > before.generation
    assert client.check_console_secret("Ana", secret) is None


def test_another_role_is_another_role_and_nothing_else(client: ConnecteamSync) -> None:
    """Who is signed in stays so."""
    secret = client.add_console_user("Ana", "viewer")
    client.add_console_user("Ben", "viewer")
    before = one(client, "Ana")
    client.change_console_role("ana", "payroll")
    found = client.check_console_secret("Ana", secret)
    assert found is not None
    assert (found.role, found.generation) == ("payroll", before.generation)
    assert one(client, "Ben").role == "viewer"


def test_a_name_is_taken_once(client: ConnecteamSync) -> None:
    """Also in other letters; the first one keeps the secret."""
    secret = client.add_console_user("Ana", "viewer")
    with pytest.raises(ConfigurationError, match="already") as failure:
        client.add_console_user("ANA", "admin")
    assert "console user secret" in failure.value.next_step
    found = client.check_console_secret("Ana", secret)
    assert found is not None
    assert found.role == "viewer"


def test_two_who_add_one_name_at_once(initialised: str) -> None:
    """One of them gets a secret, and it is the one that signs in."""
    secrets: list[str] = []
    errors: list[ConnecteamSyncError] = []
    begin = threading.Barrier(2)

    def add() -> None:
        with client_of(initialised) as client:
            client.console_users()
            begin.wait()
            try:
                secrets.append(client.add_console_user("Ana", "admin"))
            except ConnecteamSyncError as error:
                errors.append(error)

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(error) for error in errors] == [ConfigurationError]
    [secret] = secrets
    with client_of(initialised) as client:
        assert client.check_console_secret("Ana", secret) is not None


def test_who_is_not_there_is_not_found(client: ConnecteamSync) -> None:
    """Each act says so, with the command that lists who is."""
    for act in (
        client.renew_console_secret,
        client.remove_console_user,
        lambda name: client.change_console_role(name, "admin"),
    ):
        with pytest.raises(NotFound, match="no person 'Zoe'") as failure:
            act("Zoe")
        assert "console user list" in failure.value.next_step


def test_a_name_that_is_none_is_refused(client: ConnecteamSync) -> None:
    """Before anything is written; and nobody signs in by one."""
    for name in ("", " Ana", "A\nb", "x" * 65):
        with pytest.raises(ConfigurationError, match="cannot be the name"):
            client.add_console_user(name, "viewer")
        assert client.console_user(name) is None
        assert client.check_console_secret(name, "secret") is None
    with pytest.raises(ConfigurationError, match="no role"):
        client.add_console_user("Ana", "king")  # type: ignore[arg-type] # what a program may give all the same
    with pytest.raises(ConfigurationError, match="no role"):
        client.change_console_role("Ana", "king")  # type: ignore[arg-type] # same
    assert client.console_users() == ()


# -- secrets -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The lengths of the secrets that are tried."""
    found: list[int] = []
    hasher = passwords._hasher()

    class Counting:
        def verify(self, kept: str, given: bytes) -> bool:
            found.append(len(given))
            return hasher.verify(kept, given)

        def hash(self, given: bytes) -> str:
            return hasher.hash(given)

    monkeypatch.setattr(passwords, "_hasher", Counting)
    return found


def test_a_name_that_nobody_has_costs_as_much(tries: list[int]) -> None:
    """One try with the same work, whether there is somebody or not; otherwise names could be found out."""
    kept = passwords.hashed("right")
    assert passwords.fits("right", kept)
    assert not passwords.fits("wrong", kept)
    assert not passwords.fits("right", None)
    assert tries == [5, 5, 5]
    assert passwords._nobodys().split("$")[:4] == kept.split("$")[:4]


def test_a_secret_that_is_long_is_not_tried(tries: list[int]) -> None:
    """Up to 1,024 bytes are; nobody keeps the service busy with a megabyte."""
    kept = passwords.hashed("é" * 512)
    assert passwords.fits("é" * 512, kept)
    assert not passwords.fits("é" * 512 + "e", kept)
    assert not passwords.fits("x" * 10_000_000, kept)
    assert tries == [1024]


@pytest.mark.parametrize("secret", ["\ud800", "\x00", "", "\U0001d54a"])
def test_whatever_a_form_brings_is_a_secret_or_none(secret: str) -> None:
    """Bytes that are no text, too: no error."""
    assert passwords.fits(secret, passwords.hashed(secret))
    assert not passwords.fits(secret, passwords.hashed("other"))
    assert not passwords.fits(secret, "no hash")


def test_without_the_extra_it_is_said_how_to_get_it(tmp_path: object) -> None:
    """A process without argon2: exit 2 and the command that installs it; lists need no extra."""
    code = (
        "import sys; sys.modules['argon2'] = None\n"
        "from connecteam_sync.cli.main import main\n"
        "sys.argv[0] = 'connecteam-sync'\n"
        "main()"
    )

    def command(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-c", code, *words], cwd=str(tmp_path), capture_output=True, text=True, check=False,
            timeout=60, env={**os.environ, "CONNECTEAM_SYNC_TIMEZONE": "UTC"},
        )  # fmt: skip

    assert command("init").returncode == 0
    assert command("console", "user", "list").returncode == 0
    for words in (("add", "Ana", "--role", "viewer"), ("secret", "Ana")):
        done = command("console", "user", *words)
        assert done.returncode == 2
        assert "pip install 'connecteam-sync[service]'" in done.stderr


def test_the_command_says_each_thing_once(terminal: Terminal) -> None:  # noqa: F811 - the fixture
    """The secret on stdout, how to get another one on stderr; whoever is there, with their role."""
    terminal("init")
    nobody = terminal("console")
    assert "nobody may sign in" in nobody.out
    assert "console user add" in nobody.err
    added = terminal("console", "user", "add", "Ana López", "--role", "operator")
    secret = added.out.splitlines()[-1]
    assert "console user secret 'Ana López'" in added.err
    with client_of(f"sqlite:///{terminal.folder}/connecteam-sync.db") as client:
        assert client.check_console_secret("Ana López", secret) is not None
    assert terminal("console", "user", "role", "Ana López", "--role", "admin").code == 0
    assert "Ana López  admin, since" in terminal("console", "user").out
    assert terminal("console", "user", "remove", "Ana López").code == 0
    assert "Ana" not in terminal("console", "user", "list").out
