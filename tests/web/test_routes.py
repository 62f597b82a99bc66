"""Every route asked by everybody: nobody, viewer, operator, payroll, admin. A route without a row here fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2 as httpx
import pytest
from starlette.routing import Route

from connecteam_sync.config import Settings
from connecteam_sync.core.roles import Role
from connecteam_sync.sandbox import Company, Sandbox
from connecteam_sync.web.console import Console
from connecteam_sync.web.render import STATIC
from support.console_site import ConsoleSite, console_of
from support.staff import Staff

ROLES: tuple[Role, ...] = ("viewer", "operator", "payroll", "admin")
MAY: dict[str, frozenset[str]] = {
    "everybody": frozenset({"nobody", *ROLES}),
    "view": frozenset(ROLES),
    "operate": frozenset({"operator", "admin"}),
    "pay": frozenset({"payroll", "admin"}),
}
NONE = "0" * 64
FROM_A_PAGE = {"accept": "application/json", "sec-fetch-site": "same-origin"}
PAGES: dict[str, tuple[str, str, int]] = {
    "/": ("/", "html json", 200),
    "/attention": ("/attention", "html json", 200),
    "/attention/{id}": ("/attention/999", "html json", 404),
    "/runs": ("/runs", "html json csv", 200),
    "/runs/{number}": ("/runs/1", "html json csv", 200),
    "/runs/{number}/undo": ("/runs/1/undo", "html", 200),
    "/people": ("/people", "html", 200),
    "/people/{employee}": ("/people/1", "html json", 200),
    "/people/{employee}/timesheet": ("/people/1/timesheet", "html json", 200),
    "/people/{employee}/{day}": ("/people/1/2025-12-02", "html json", 200),
    "/map": ("/map", "html json", 200),
    "/plan": ("/plan", "html", 200),
    "/plan/{fingerprint}": (f"/plan/{NONE}", "html json", 404),
    "/locks": ("/locks", "html json", 200),
    "/periods": ("/periods", "html json", 200),
    "/periods/{period}": ("/periods/2025-12-01..2025-12-07", "html json", 200),
    "/corrections": ("/corrections", "html json", 200),
    "/retention": ("/retention", "html json", 200),
    "/clocks": ("/clocks", "html json", 200),
    "/doorbells": ("/doorbells", "html json", 200),
    "/doorbells/{key:path}": ("/doorbells/none", "html json", 404),
    "/in-hand": ("/in-hand", "html json", 200),
    "/health": ("/health", "html json", 200),
    "/audit": ("/audit", "html json csv", 200),
}
"""Of a page: an address of it, its forms, and how it answers whoever may look."""
ACTIONS: dict[str, tuple[str, str, int]] = {
    "/attention/{id}": ("/attention/999", "operate", 422),
    "/attention/{id}/unack": ("/attention/999/unack", "operate", 404),
    "/runs/{number}/undo": ("/runs/999/undo", "operate", 404),
    "/map": ("/map", "operate", 422),
    "/plan": ("/plan", "operate", 422),
    "/plan/{fingerprint}/apply": (f"/plan/{NONE}/apply", "operate", 404),
    "/plan/{fingerprint}/discard": (f"/plan/{NONE}/discard", "operate", 404),
    "/locks": ("/locks", "pay", 422),
    "/locks/unlock": ("/locks/unlock", "pay", 422),
    **{
        f"/periods/{{period}}/{name}": (f"/periods/soon/{name}", "pay", 422)
        for name in ("check", "review", "close", "reopen", "export")
    },
    "/corrections/accept": ("/corrections/accept", "pay", 422),
    "/corrections/dismiss": ("/corrections/dismiss", "pay", 422),
    "/clocks/pause": ("/clocks/pause", "operate", 422),
    "/clocks/resume": ("/clocks/resume", "operate", 200),
    "/clocks/{clock}/pause": ("/clocks/999/pause", "operate", 422),
    "/clocks/{clock}/resume": ("/clocks/999/resume", "operate", 404),
    "/doorbells/{key:path}/replay": ("/doorbells/none/replay", "operate", 404),
    "/in-hand/stop": ("/in-hand/stop", "operate", 404),
    "/in-hand/verify": ("/in-hand/verify", "operate", 422),
    "/in-hand/sync": ("/in-hand/sync", "operate", 422),
    "/in-hand/resync": ("/in-hand/resync", "operate", 422),
    "/health/doctor": ("/health/doctor", "operate", 200),
    "/health/test-alert": ("/health/test-alert", "operate", 422),
}
"""Of an action: an address of it, what somebody must be able to do, and what a form without a day is answered."""
OPEN: dict[tuple[str, str], int] = {
    ("GET", "/sign-in"): 200,
    ("POST", "/sign-in"): 401,
    ("POST", "/sign-out"): 303,
    **{("GET", f"/static/{name}"): 200 for name in STATIC},
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleSite]:
    """The console of a mirror with one employee, one shift and one run."""
    with Sandbox(Company(0, people=2)) as sandbox:
        staff = Staff(sandbox, f"sqlite:///{tmp_path_factory.mktemp('routes') / 'mirror.db'}")
        staff.mirror.init()
        user = min(sandbox.company.people)
        staff.hire(user)
        staff.work(2, "08:00", "16:00", user=user)
        staff.sync()
        with console_of(staff.mirror.settings) as opened:
            yield opened
        staff.mirror.close()


@pytest.fixture(scope="module")
def asked_by(site: ConsoleSite) -> Iterator[dict[str, httpx.Client]]:
    """Somebody of each role, and nobody."""
    with ExitStack() as stack:
        people: dict[str, httpx.Client] = {role: stack.enter_context(site.signed_in(role)) for role in ROLES}
        nobody = stack.enter_context(httpx.Client(base_url=site.url, trust_env=False, verify=False, timeout=60))
        yield {"nobody": nobody, **people}


def test_every_route_has_a_row(tmp_path: Path) -> None:
    """And every row a route."""
    console = Console(
        Settings(timezone="America/Chicago", database_url=f"sqlite:///{tmp_path / 'none.db'}"), host="127.0.0.1"
    )
    found = {
        (method, route.path)
        for route in console.routes()
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    console.close()
    rows = {("POST", path) for path in ACTIONS} | set(OPEN)
    for path, (_, forms, _) in PAGES.items():
        home = "/index" if path == "/" else path
        rows |= {("GET", path if form == "html" else f"{home}.{form}") for form in forms.split()}
    assert found - rows == set(), "a new route: say here who may ask for it"
    assert rows - found == set()


@pytest.mark.parametrize("path", PAGES)
def test_whoever_may_look_sees_a_page_and_nobody_else(asked_by: dict[str, httpx.Client], path: str) -> None:
    """Nobody is sent to sign in; a program is told so."""
    address, forms, status = PAGES[path]
    every = [(who, client, form) for who, client in asked_by.items() for form in forms.split()]
    assert len(every) >= len(asked_by) > 1
    for who, client, form in every:
        home = "/index" if path == "/" else address
        answer = client.get(address if form == "html" else f"{home}.{form}")
        refused = 303 if form == "html" else 401
        assert answer.status_code == (status if who in MAY["view"] else refused), (who, form, answer.text[:300])
        if who == "nobody":
            assert "Noor" not in answer.text


@pytest.mark.parametrize("path", ACTIONS)
def test_an_action_is_done_for_whoever_may_and_for_nobody_else(asked_by: dict[str, httpx.Client], path: str) -> None:
    """The others are told that it is not theirs to do (403), nobody to sign in (401), whatever the form says."""
    address, ability, status = ACTIONS[path]
    for who, client in asked_by.items():
        answer = client.post(address, data={"from": "no day"}, headers=FROM_A_PAGE)
        expected = status if who in MAY[ability] else 401 if who == "nobody" else 403
        assert answer.status_code == expected, (who, answer.text[:300])


@pytest.mark.parametrize(("method", "path"), OPEN)
def test_what_is_open_to_everybody(site: ConsoleSite, method: str, path: str) -> None:
    """The form to sign in, and our own files."""
    answer = site.ask(path, method=method, headers={"sec-fetch-site": "same-origin"})
    assert answer.status_code == OPEN[method, path]


def test_no_page_is_asked_for_by_another_method(asked_by: dict[str, httpx.Client]) -> None:
    """GET never acts: an action's address is not there for it, unless it is a page's, too."""
    pages = {address for address, _, _ in PAGES.values()}
    for path, (address, _, _) in ACTIONS.items():
        if address not in pages:
            assert asked_by["admin"].get(address).status_code in {404, 405}, path
