"""The consoles of several accounts: signed in once, seen where somebody has a role, and never the one for the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import pytest

from connecteam_sync.cli.fleet import ConfiguredAccounts
from connecteam_sync.core.fleet import Turn
from connecteam_sync.core.roles import Role
from connecteam_sync.core.status import MirrorState, MirrorStatus
from connecteam_sync.errors import ConfigurationError
from connecteam_sync.service.listener import Listener
from connecteam_sync.service.web import application
from connecteam_sync.web.account_states import Standing, worst_first
from connecteam_sync.web.accounts import AccountsConsole
from connecteam_sync.web.pages import NAVIGATION
from support.console_site import Clock
from support.fleet_accounts import Fleet, fleet

FAILS = "the key was refused"


class Site:
    """The console of a fleet, at an address of this machine; its sessions live by `clock`."""

    def __init__(self, fleet: Fleet, url: str, clock: Clock) -> None:
        self.fleet, self.url, self.clock = fleet, url, clock

    @contextmanager
    def browser(self) -> Iterator[httpx.Client]:
        """Nobody."""
        with httpx.Client(base_url=self.url, trust_env=False, verify=False, timeout=60) as client:
            yield client

    @contextmanager
    def signed_in(self, name: str, **roles: Role) -> Iterator[httpx.Client]:
        """Somebody who has these roles in these accounts, and one secret."""
        secret = self.given(name, **roles)
        with self.browser() as client:
            answer = client.post("/sign-in", data={"name": name, "secret": secret})
            assert answer.status_code == 303, answer.text
            yield client

    def given(self, name: str, **roles: Role) -> str:
        """The secret of somebody who gets these roles."""
        made = None
        for account, role in roles.items():
            with self.fleet.mirror(account) as mirror:
                made = made or mirror.new_console_secret()
                mirror.add_console_user(name, role, secret=made)
        assert made is not None
        return made.secret


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Fleet]:
    """Two accounts; the shifts of both are mirrored."""
    with fleet(tmp_path, "north", "south") as found:
        for name in found.names:
            with found.mirror(name) as mirror:
                assert mirror.sync(mirror.recent()).exit_code in {0, 3}
        yield found


@contextmanager
def shown(fleet: Fleet, *turns: Turn) -> Iterator[Site]:
    """The console, while the turns of the accounts are these."""
    clock = Clock()
    console = AccountsConsole(ConfiguredAccounts(fleet.config), lambda: turns, host="127.0.0.1", clock=clock)
    listener = Listener(application(console.routes()), host="127.0.0.1", port=0)
    listener.start()
    try:
        yield Site(fleet, listener.url, clock)
    finally:
        listener.stop()
        console.close()


@pytest.fixture
def site(two: Fleet) -> Iterator[Site]:
    """The console of both."""
    with shown(two) as opened:
        yield opened


def test_a_person_signs_in_once_and_sees_each_account_where_they_have_a_role(site: Site) -> None:
    """With the role of that account; the other's pages lead to signing in."""
    with site.signed_in("Ana", north="admin", south="viewer") as ana, site.signed_in("Bo", south="viewer") as bo:
        assert [one["name"] for one in ana.get("/accounts.json").json()["accounts"]] == ["north", "south"]
        assert [one["name"] for one in bo.get("/accounts.json").json()["accounts"]] == ["south"]
        assert "north" not in bo.get("/accounts").text
        assert ana.get("/accounts/north/").status_code == ana.get("/accounts/south/audit").status_code == 200
        assert bo.get("/accounts/north/").status_code == 303
        assert bo.get("/accounts/north/index.json").status_code == 401
        pausing = {"reason": "stocktaking"}
        assert ana.post("/accounts/south/clocks/pause", data=pausing).status_code == 403
        assert ana.post("/accounts/north/clocks/pause", data=pausing).status_code == 303
        assert bo.post("/accounts/north/clocks/pause", data=pausing).status_code == 303  # to the form for signing in
    for name, actions in (("north", ["pause"]), ("south", [])):
        with site.fleet.mirror(name) as mirror:
            assert [one.action for one in mirror.audit()] == actions


@pytest.mark.parametrize("page", [address for address, _ in NAVIGATION])
def test_no_address_of_a_page_leaves_its_account(site: Site, page: str) -> None:
    """Every link, form and redirect of an account's page stands below it; the page says which account it is."""
    with site.signed_in("Ana", north="admin", south="admin") as ana:
        answer = ana.get(f"/accounts/south{page}")
        assert answer.status_code == 200, answer.text
        assert "Account <strong>south</strong>" in answer.text
        found = re.findall(r'\b(?:href|action|formaction)="(/[^"]*)"', answer.text)
        outside = {one.partition("?")[0] for one in found if not one.startswith("/accounts/south/")}
        assert outside <= {"/static/console.css", "/static/icon.svg", "/accounts", "/sign-out"}
        assert f'href="/accounts?page={page}"' in answer.text
        commands = set(re.findall("connecteam-sync [a-z][a-z]*", answer.text))
        assert commands <= {"connecteam-sync workers"}, "a command that is about no account"
        assert sum(one.startswith("/accounts/south/") for one in found) >= len(NAVIGATION)


def test_a_switch_leads_to_the_same_page_of_the_other_account(site: Site) -> None:
    """And to no page that there is not."""
    with site.signed_in("Ana", north="admin", south="admin") as ana:
        assert 'href="/accounts/south/runs"' in ana.get("/accounts?page=/runs").text
        for odd in ("//evil.example", "/runs/1", "javascript:alert(1)", "/../north"):
            found = ana.get("/accounts", params={"page": odd}).text
            assert 'href="/accounts/south/"' in found
            assert "evil" not in found
            assert "alert" not in found


def test_an_action_is_seen_where_it_was_done(site: Site) -> None:
    """The address after it is of the same account, and so is the entry on record."""
    with site.signed_in("Ana", north="admin", south="admin") as ana:
        answer = ana.post("/accounts/south/clocks/pause", data={"reason": "stocktaking"})
        assert answer.headers["location"] == "/accounts/south/clocks"
        assert "stocktaking" in ana.get("/accounts/south/audit").text
        assert "stocktaking" not in ana.get("/accounts/north/audit").text


def test_whoever_is_removed_or_has_another_secret_is_out_of_that_account_at_once(site: Site) -> None:
    """And goes on in the other one."""
    with site.signed_in("Ana", north="admin", south="admin") as ana:
        with site.fleet.mirror("north") as mirror:
            mirror.renew_console_secret("Ana")
        assert ana.get("/accounts/north/").status_code == 303
        assert ana.get("/accounts/south/").status_code == 200
        site.clock.now += 11
        assert [one["name"] for one in ana.get("/accounts.json").json()["accounts"]] == ["south"]
        with site.fleet.mirror("south") as mirror:
            mirror.remove_console_user("Ana")
        assert ana.get("/accounts/south/").status_code == 303
        site.clock.now += 11
        assert ana.get("/accounts").status_code == 303


def test_two_people_of_one_name_are_two_people(site: Site) -> None:
    """Each account has an Ana of its own: the secret of one opens nothing of the other."""
    with site.signed_in("Ana", north="admin") as ana, site.signed_in("ANA", south="viewer") as other:
        assert ana.get("/accounts/north/").status_code == 200
        assert ana.get("/accounts/south/").status_code == 303
        assert other.get("/accounts/north/").status_code == 303
        assert [one["name"] for one in other.get("/accounts.json").json()["accounts"]] == ["south"]


def test_nobody_sees_which_accounts_there_are(site: Site) -> None:
    """An account that is none answers as one that is; who has a role in every one is told that there is none."""
    with site.browser() as nobody:
        for path in ("/accounts", "/accounts/north/", "/accounts/nobody/", "/accounts/nobody/runs"):
            answer = nobody.get(path)
            assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/sign-in"), path
        assert nobody.get("/accounts.json").status_code == 401
        form = nobody.get("/sign-in").text
        assert "--all-accounts" in form
        assert "north" not in form
        assert nobody.get("/").headers["location"] == "/accounts"
    with site.signed_in("Ana", north="viewer") as ana:
        odd = ana.get("/accounts/north/doorbells.json?after=%C3%A9")
        assert odd.json()["next_step"] == "connecteam-sync --account north doorbells lists them"
        assert ana.get("/accounts/north/nowhere").status_code == 404
        for path in ("/accounts/NAME/", "/accounts/NAME/runs", "/accounts/NAME/runs.json"):
            there, not_there = (ana.get(path.replace("NAME", name)) for name in ("south", "nobod"))
            assert there.status_code == not_there.status_code in {303, 401}, path
            assert there.headers.get("location", "").replace("south", "nobod") == not_there.headers.get("location", "")
    with site.signed_in("Bea", north="viewer", south="viewer") as bea:
        missing = bea.get("/accounts/nobody/")
        assert missing.status_code == 404
        assert "nobody" in missing.text


def test_a_wrong_secret_is_nobodys(site: Site) -> None:
    """Nor is one with a name of somebody who has another; after several the next has to wait."""
    site.given("Ana", north="admin", south="admin")
    with site.browser() as client:
        for _ in range(5):
            assert client.post("/sign-in", data={"name": "Ana", "secret": "no"}).status_code == 401
        late = client.post("/sign-in", data={"name": "Ana", "secret": "no"})
        assert late.status_code == 429
        assert int(late.headers["retry-after"]) >= 1


def test_signing_out_is_for_all_accounts(site: Site) -> None:
    """And an old cookie opens nothing any more."""
    with site.signed_in("Ana", north="admin", south="admin") as ana:
        token = dict(ana.cookies)
        assert ana.post("/sign-out").headers["location"] == "/sign-in"
        ana.cookies.update(token)
        for path in ("/accounts", "/accounts/north/", "/accounts/south/"):
            assert ana.get(path).status_code == 303


def test_after_signing_in_somebody_sees_what_they_asked_for(site: Site) -> None:
    """With its account."""
    secret = site.given("Ana", north="admin")
    with site.browser() as ana:
        to = ana.get("/accounts/north/runs?before=7").headers["location"]
        assert to == "/sign-in?next=%2Faccounts%2Fnorth%2Fruns%3Fbefore%3D7"
        answer = ana.post("/sign-in", data={"name": "Ana", "secret": secret, "next": "/accounts/north/runs?before=7"})
        assert answer.headers["location"] == "/accounts/north/runs?before=7"


def test_next_steps_for_programs_name_the_account(site: Site) -> None:
    """In every page's JSON, however deep they lie; of refusals, too. Where there is one account, none is named."""
    steps: list[str] = []

    def collect(value: object) -> None:
        if isinstance(value, dict):
            steps.extend(text for key, text in value.items() if key in {"next_step", "cure"} and isinstance(text, str))
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            collect(inner)

    with site.signed_in("Ana", north="admin", south="admin") as ana:
        for page in ("index", "runs", "runs/1", "attention", "clocks", "health", "periods", "in-hand", "runs/999"):
            answer = ana.get(f"/accounts/south/{page}.json")
            assert answer.headers["content-type"].startswith("application/json"), (page, answer.status_code)
            collect(answer.json())
    commands = re.findall(r"connecteam-sync (?!workers)\S+ \S+", " ".join(steps))
    assert len(commands) >= 2
    assert set(commands) == {"connecteam-sync --account south"}, steps


def test_the_worst_stands_first(two: Fleet) -> None:
    """With what is wrong: visits that fail, and an account whose tables are gone; the page answers for the others."""
    turn = Turn(account="south", slot=0, next_due=0, due_at=0, priority=2, lease_until=0, failures=5, error=FAILS)
    with shown(two, turn) as site, site.signed_in("Ana", north="admin", south="viewer") as ana:
        found = ana.get("/accounts.json").json()["accounts"]
        assert [(one["name"], one["role"], one["failures"]) for one in found] == [
            ("south", "viewer", 5),
            ("north", "admin", 0),
        ]
        assert found[0]["state"] == "not_well"
        page = ana.get("/accounts").text
        assert page.index("south") < page.index("north")
        assert FAILS in page
        assert '<h1 class="answer bad">2 accounts: 1 not well, 1 needs a person</h1>' in page


def test_of_accounts_that_are_alike_the_one_that_was_looked_at_longest_ago_stands_first() -> None:
    """Behind those that are not well, and before those that are."""

    def one(account: str, state: MirrorState, age: int | None) -> Standing:
        return Standing(account=account, status=MirrorStatus(state=state, at=0, mirror_age_seconds=age))

    found = worst_first(
        [
            one("a", "well", 500),
            one("b", "needs_a_person", 10),
            one("c", "needs_a_person", 20),
            one("d", "not_well", 5),
            Standing(account="e"),
            Standing(account="f", is_unreadable=True),
        ]
    )
    assert "".join(standing.account for standing in found) == "dfcbea"


def test_an_account_whose_database_is_gone_harms_no_other(two: Fleet) -> None:
    """Who has a role elsewhere signs in, and sees the others."""
    with shown(two) as site:
        secret = site.given("Ana", north="admin", south="admin")
        (two.folder / "south.db").unlink()
        with site.browser() as ana:
            assert ana.post("/sign-in", data={"name": "Ana", "secret": secret}).status_code == 303
            assert [one["name"] for one in ana.get("/accounts.json").json()["accounts"]] == ["north"]
            assert ana.get("/accounts/north/").status_code == 200


def test_one_console_has_one_address(two: Fleet) -> None:
    """Accounts that name different ones are told apart, and what to do."""
    written = two.config.read_text()
    two.config.write_text(written.replace("[accounts.south]", '[accounts.south]\npublic_url = "https://s.example"'))
    with pytest.raises(ConfigurationError, match="north and south differ in public_url") as refused:
        AccountsConsole(ConfiguredAccounts(two.config), tuple, host="127.0.0.1")
    assert "--no-console" in refused.value.next_step
