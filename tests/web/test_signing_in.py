"""Who may look: accounts, sessions, proxies, and whoever is on this machine while there is no account."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx2 as httpx
import msgspec
import pytest

from connecteam_sync.client import ConnecteamSync
from connecteam_sync.config import Settings
from connecteam_sync.web.gate import Gate
from connecteam_sync.web.visitors import Once, Visitors
from support.console_site import Clock, ConsoleSite, console_of

JSON = "application/json"


@pytest.fixture
def settings(initialised: str) -> Settings:
    """A database in which `init` has run."""
    return Settings(timezone="America/Chicago", database_url=initialised, base_url="http://127.0.0.1:9")


@pytest.fixture
def mirror(settings: Settings) -> Iterator[ConnecteamSync]:
    """The library over it."""
    with ConnecteamSync("sandbox-key", settings=settings) as opened:
        yield opened


@pytest.fixture
def site(settings: Settings) -> Iterator[ConsoleSite]:
    """The console over it."""
    with console_of(settings) as opened:
        yield opened


def test_without_accounts_this_machine_may_look(site: ConsoleSite) -> None:
    """Read-only, and it says how that changes."""
    page = site.ask("/")
    assert page.status_code == 200
    assert "read-only: nobody has an account yet" in page.text
    assert site.ask("/index.json").json()["schema"] == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"x-forwarded-for": "203.0.113.9"},
        {"forwarded": "for=203.0.113.9"},
        {"via": "1.1 proxy"},
        {"x-real-ip": "1.2.3.4"},
        {"x-forwarded-proto": "https"},
    ],
)
def test_without_accounts_nobody_behind_a_proxy(site: ConsoleSite, headers: dict[str, str]) -> None:
    """The peer is this machine, and who asks is not."""
    answer = site.ask("/", headers=headers)
    assert answer.status_code == 403
    assert "console user add" in answer.text


def test_without_accounts_nobody_at_the_public_address(settings: Settings) -> None:
    """Even if the proxy passes everything on as it is."""
    public = msgspec.structs.replace(settings, public_url="https://mirror.example.org")
    with console_of(public) as site:
        assert site.ask("/", headers={"host": "mirror.example.org"}).status_code == 403


@pytest.mark.parametrize("more", [{"public_url": "https://mirror.example.org"}, {"trusted_proxies": "10.0.0.5"}])
def test_without_accounts_nobody_where_others_come_through(settings: Settings, more: dict[str, str]) -> None:
    """A plain proxy on this machine sends its own Host header and says nothing: then everybody would be here."""
    with console_of(msgspec.structs.replace(settings, **more)) as site:
        answer = site.ask("/index.json")
        assert answer.status_code == 403
        assert "console user add" in answer.json()["next_step"]


def test_with_an_account_everybody_signs_in(site: ConsoleSite, mirror: ConnecteamSync) -> None:
    """A page leads to the form and back to itself; programs are told so."""
    mirror.add_console_user("Maria", "viewer")
    page = site.ask("/runs?kind=sync")
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in?next=%2Fruns%3Fkind%3Dsync")
    assert site.ask("/").headers["location"] == "/sign-in"
    answer = site.ask("/runs.json")
    assert answer.status_code == 401
    assert answer.json()["next_step"] == "sign in at /sign-in"
    assert site.ask("/index.json").status_code == 401
    form = site.ask(page.headers["location"])
    assert form.status_code == 200
    assert 'value="/runs?kind=sync"' in form.text
    assert form.text.count("<input") == 3


def test_a_secret_opens_a_session(site: ConsoleSite, mirror: ConnecteamSync) -> None:
    """Its cookie is out of reach for scripts and other sites; signing out ends it."""
    secret = mirror.add_console_user("Maria", "operator")
    answer = site.ask("/sign-in", method="POST", data={"name": "maria", "secret": secret, "next": "/runs"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/runs")
    cookie = answer.headers["set-cookie"]
    name, token = cookie.partition(";")[0].split("=")
    assert name == "connecteam_sync_session"
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    assert "Path=/" in cookie
    signed = {"cookie": f"{name}={token}"}
    page = site.ask("/", headers=signed)
    assert page.status_code == 200
    assert "Maria (operator)" in page.text
    assert site.ask("/", headers={"cookie": f"{name}={token}x"}).status_code == 303
    out = site.ask("/sign-out", method="POST", headers=signed)
    assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
    assert site.ask("/", headers=signed).status_code == 303


def test_at_the_public_address_the_cookie_is_of_https(settings: Settings, mirror: ConnecteamSync) -> None:
    """No other host can set it, and it is never sent without encryption."""
    secret = mirror.add_console_user("Maria", "viewer")
    public = msgspec.structs.replace(settings, public_url="https://mirror.example.org")
    with console_of(public) as site:
        there = {"host": "mirror.example.org", "origin": "https://mirror.example.org"}
        answer = site.ask("/sign-in", method="POST", headers=there, data={"name": "Maria", "secret": secret})
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-connecteam_sync_session=")
        assert "Secure" in cookie
        assert "HttpOnly" in cookie
        assert "Domain" not in cookie
        token = cookie.partition(";")[0].partition("=")[2]
        plain = {"cookie": f"connecteam_sync_session={token}", "host": "mirror.example.org"}
        assert site.ask("/", headers=plain).status_code == 303
        hosted = {"cookie": f"__Host-connecteam_sync_session={token}", "host": "mirror.example.org"}
        assert site.ask("/", headers=hosted).status_code == 200


def test_programs_sign_in_with_json(site: ConsoleSite, mirror: ConnecteamSync) -> None:
    """And are told who they are."""
    secret = mirror.add_console_user("Payroll Bot", "payroll")
    answer = site.ask("/sign-in", method="POST", accept=JSON, data={"name": "Payroll Bot", "secret": secret})
    assert answer.status_code == 200
    assert answer.json() == {"schema": 1, "name": "Payroll Bot", "role": "payroll"}
    wrong = site.ask("/sign-in", method="POST", accept=JSON, data={"name": "Payroll Bot", "secret": "no"})
    assert wrong.status_code == 401
    assert wrong.json()["exit_code"] == 4
    assert "set-cookie" not in wrong.headers


@pytest.mark.parametrize("name", ["Maria", "nobody", "", "x" * 3000, "<script>alert(1)</script>", "\ud800"])
def test_what_does_not_fit_says_the_same(site: ConsoleSite, mirror: ConnecteamSync, name: str) -> None:
    """A wrong secret and an unknown name cannot be told apart."""
    mirror.add_console_user("Maria", "viewer")
    body = b"name=" + name.encode("utf-8", "replace") + b"&secret=wrong"
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = site.ask("/sign-in", method="POST", content=body, headers=form)
    assert answer.status_code == 401
    assert "this name and this secret do not belong together" in answer.text
    assert "<script>alert" not in answer.text


def test_who_tries_too_often_waits(site: ConsoleSite, mirror: ConnecteamSync) -> None:
    """Also with the right secret, until the time is over; then it works."""
    secret = mirror.add_console_user("Maria", "viewer")
    for _ in range(5):
        assert site.ask("/sign-in", method="POST", data={"name": "Maria", "secret": "guess"}).status_code == 401
    answer = site.ask("/sign-in", method="POST", data={"name": "MARIA", "secret": secret}, accept=JSON)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) == 2
    assert "try again in 2 seconds" in answer.json()["next_step"]
    with site.signed_in("viewer", "Jo") as jo:
        assert jo.get("/").status_code == 200, "their neighbour is not kept out"
    site.clock.now += 3
    assert site.ask("/sign-in", method="POST", data={"name": "Maria", "secret": secret}).status_code == 303


def test_one_address_cannot_try_every_name(site: ConsoleSite, mirror: ConnecteamSync) -> None:
    """Twenty failures are free for all who come from there."""
    mirror.add_console_user("Maria", "viewer")
    for number in range(21):
        answer = site.ask("/sign-in", method="POST", data={"name": f"guess {number}", "secret": "guess"})
        assert answer.status_code == 401, number
    assert site.ask("/sign-in", method="POST", data={"name": "Maria", "secret": "guess"}).status_code == 429


def test_another_spelling_is_the_same_person(site: ConsoleSite, mirror: ConnecteamSync) -> None:
    """A name of accents is written in two ways, which are one account, and one count of failures."""
    mirror.add_console_user("Zoé Noël", "viewer")
    spelled = ["Zoé Noël", "Zoe\u0301 Noël", "Zoé Noe\u0308l", "ZOE\u0301 NOE\u0308L", "zoé noël"]
    assert [guess(site, name) for name in spelled] == [401] * 5
    assert guess(site, "Zoe\u0301 Noe\u0308l") == 429


def guess(site: ConsoleSite, name: str, **headers: str) -> int:
    """The status of an attempt that does not fit."""
    answer = site.ask("/sign-in", method="POST", data={"name": name, "secret": "guess"}, headers=headers, accept=JSON)
    return answer.status_code


def test_many_guesses_at_once(site: ConsoleSite, mirror: ConnecteamSync) -> None:
    """Are no more than one after the other: the fifth costs waiting."""
    mirror.add_console_user("Maria", "viewer")
    with ThreadPoolExecutor(16) as pool:
        said = list(pool.map(lambda _: guess(site, "Maria"), range(32)))
    assert (said.count(401), said.count(429)) == (5, 27)


def test_a_line_before_that_of_the_proxy(settings: Settings, mirror: ConnecteamSync) -> None:
    """Some proxies add a line of their own after that of whoever asks, who could have come from everywhere so."""
    mirror.add_console_user("Maria", "viewer")
    with console_of(msgspec.structs.replace(settings, trusted_proxies="127.0.0.1")) as site:
        form = {"content-type": "application/x-www-form-urlencoded"}

        def from_(claimed: str) -> int:
            lines = [*form.items(), ("x-forwarded-for", claimed), ("x-forwarded-for", "203.0.113.9")]
            with httpx.Client(base_url=site.url, trust_env=False) as client:
                body = f"name=guess+{claimed}&secret=guess".encode()
                return client.post("/sign-in", content=body, headers=lines).status_code

        assert [from_(f"6.6.6.{number}") for number in range(22)] == [401] * 21 + [429]


def test_a_proxy_names_whom_it_signed_in_and_nobody_beside(settings: Settings, mirror: ConnecteamSync) -> None:
    """A name that comes before its own is not heard."""
    mirror.add_console_user("José", "viewer")
    mirror.add_console_user("Ada", "admin")
    chosen = {"proxy_user_header": "X-Forwarded-User", "trusted_proxies": "127.0.0.1"}
    with (
        console_of(msgspec.structs.replace(settings, **chosen)) as site,
        httpx.Client(base_url=site.url, trust_env=False) as client,
    ):
        twice = [("x-forwarded-user", "Ada"), ("x-forwarded-user", "nobody")]
        assert client.get("/audit", headers=twice).status_code == 403
        own = client.get("/", headers=[(b"x-forwarded-user", "josé".encode())])
        assert (own.status_code, "José (viewer)" in own.text) == (200, True)


def test_a_page_that_loads_itself_again_is_no_use(site: ConsoleSite) -> None:
    """An overview that stands open on a desk is shown for half an hour after the last click, and no longer."""
    by_itself = {"sec-fetch-mode": "navigate", "sec-fetch-site": "same-origin"}
    with site.signed_in("operator", "Maria") as maria:
        for _ in range(2):
            site.clock.now += 1000
            assert maria.get("/", headers={**by_itself, "sec-fetch-user": "?1"}).status_code == 200
        site.clock.now += 1000
        assert maria.get("/", headers=by_itself).status_code == 200
        site.clock.now += 1000
        assert maria.get("/", headers=by_itself).status_code == 303


def test_sessions_end_with_time_and_with_the_account(site: ConsoleSite, mirror: ConnecteamSync) -> None:
    """After half an hour without use; at once with another secret, or with the account; roles hold at once."""
    with site.signed_in("operator", "Maria") as maria:
        assert maria.get("/").status_code == 200
        site.clock.now += 1801
        assert maria.get("/").status_code == 303
    with site.signed_in("operator", "Maria") as maria:
        mirror.change_console_role("Maria", "viewer")
        assert "Maria (viewer)" in maria.get("/").text
        mirror.renew_console_secret("Maria")
        assert maria.get("/").status_code == 303
    with site.signed_in("viewer", "Jo") as jo, site.signed_in("admin", "Ida"):
        mirror.remove_console_user("Jo")
        assert jo.get("/").status_code == 303


def test_signing_in_ends_the_session_before(site: ConsoleSite, mirror: ConnecteamSync) -> None:
    """Of the same browser: a token that somebody planted there is worth nothing."""
    with site.signed_in("viewer", "Jo") as jo:
        planted = jo.cookies["connecteam_sync_session"]
        secret = mirror.add_console_user("Maria", "viewer")
        answer = site.ask(
            "/sign-in",
            method="POST",
            data={"name": "Maria", "secret": secret},
            headers={"cookie": f"connecteam_sync_session={planted}"},
        )
        assert answer.status_code == 303
        assert planted not in answer.headers["set-cookie"]
        assert jo.get("/").status_code == 303


def test_a_word_ends_the_session_before(mirror: ConnecteamSync) -> None:
    """As a secret does; and it is good for one time."""
    mirror.add_console_user("Maria", "viewer")
    visitors = Visitors(Gate(), Clock(), once=Once("word", "Maria"))
    planted = visitors.sessions.begin("Jo", {"": 1})
    assert visitors.sign_in_once(mirror, "other", token=planted) is None
    assert visitors.sessions.find(planted) is not None
    assert visitors.sign_in_once(mirror, "word", token=planted) is not None
    assert visitors.sessions.find(planted) is None
    assert visitors.sign_in_once(mirror, "word", token=None) is None


def test_a_listed_proxy_says_who_it_is(settings: Settings, mirror: ConnecteamSync) -> None:
    """Its header counts from its address alone; the role is that of the account."""
    mirror.add_console_user("Maria", "operator")
    named = {"x-forwarded-user": "maria", "x-forwarded-for": "203.0.113.9"}
    chosen = {"proxy_user_header": "X-Forwarded-User"}
    with console_of(msgspec.structs.replace(settings, trusted_proxies="127.0.0.1", **chosen)) as site:
        page = site.ask("/", headers=named)
        assert page.status_code == 200
        assert "Maria (operator)" in page.text
        assert "Sign out" not in page.text
        unknown = site.ask("/", headers={**named, "x-forwarded-user": "Jo"})
        assert unknown.status_code == 403
        assert "who has no account here" in unknown.text
        assert site.ask("/").status_code == 303
    with console_of(msgspec.structs.replace(settings, trusted_proxies="10.0.0.5", **chosen)) as site:
        assert site.ask("/", headers=named).status_code == 303


def test_another_host_is_misdirected(site: ConsoleSite) -> None:
    """Pages and actions, in either form."""
    for path, method in (("/", "GET"), ("/index.json", "GET"), ("/sign-in", "POST"), ("/sign-out", "POST")):
        answer = site.ask(path, method=method, headers={"host": "evil.example"})
        assert answer.status_code == 421, path
        assert "set-cookie" not in answer.headers


def test_an_action_from_elsewhere_is_refused(site: ConsoleSite, mirror: ConnecteamSync) -> None:
    """Also with the right secret: whoever sends it is another page."""
    secret = mirror.add_console_user("Maria", "viewer")
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "http://evil.example"}, {"origin": "null"}):
        answer = site.ask("/sign-in", method="POST", data={"name": "Maria", "secret": secret}, headers=headers)
        assert answer.status_code == 403
        assert "set-cookie" not in answer.headers
    same = {"sec-fetch-site": "same-origin", "origin": site.url}
    answer = site.ask("/sign-in", method="POST", data={"name": "Maria", "secret": secret}, headers=same)
    assert answer.status_code == 303


def test_a_form_has_an_end(site: ConsoleSite) -> None:
    """64 kB; and what is no form is nothing."""
    answer = site.ask("/sign-in", method="POST", content=b"name=" + b"x" * 70_000)
    assert answer.status_code == 413
    assert site.ask("/sign-in", method="POST", content=b"\xff\xfe").status_code == 401
    many = "&".join(f"a{number}=1" for number in range(1000)).encode()
    assert site.ask("/sign-in", method="POST", content=many).status_code == 422


def test_half_a_form_is_none(site: ConsoleSite, mirror: ConnecteamSync) -> None:
    """Whoever hangs up in the middle of it has not asked for what is there so far."""
    with site.signed_in("operator", "Ana") as ana:
        name, port = site.host.split(":")
        head = (
            f"POST /clocks/resume HTTP/1.1\r\nHost: {site.host}\r\nContent-Length: 50\r\n"
            f"Cookie: connecteam_sync_session={ana.cookies['connecteam_sync_session']}\r\n"
        )
        with socket.create_connection((name, int(port)), timeout=10) as line:
            line.sendall(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\nreason=x".encode())
        time.sleep(0.5)
        assert mirror.audit() == ()
        assert ana.post("/clocks/resume", data={"reason": "x"}).status_code == 303
        assert [one.action for one in mirror.audit()] == ["resume"]


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
def test_what_is_no_form_is_not_read_as_one(site: ConsoleSite, kind: str) -> None:
    """It would name nothing: a sync of the days in a JSON object would be one of the last days."""
    with site.signed_in("operator") as operator:
        headers = {"content-type": kind, "accept": JSON}
        answer = operator.post("/in-hand/sync", content=b'{"from": "2025-12-01"}', headers=headers)
        assert answer.status_code == 415
        assert "x-www-form-urlencoded" in answer.json()["next_step"]
        assert operator.get("/in-hand.json").json()["work"] is None
        typed = {"content-type": "application/x-www-form-urlencoded; charset=UTF-8"}
        assert operator.post("/clocks/resume", content=b"", headers=typed).status_code == 303
        assert operator.post("/clocks/resume").status_code == 303


def test_every_answer_brings_its_headers(site: ConsoleSite, mirror: ConnecteamSync) -> None:
    """Pages, JSON, redirects and refusals."""
    secret = mirror.add_console_user("Maria", "viewer")
    answers = [
        site.ask("/"),
        site.ask("/sign-in"),
        site.ask("/index.json"),
        site.ask("/", headers={"host": "evil.example"}),
        site.ask("/sign-in", method="POST", data={"name": "a", "secret": "b"}),
        site.ask("/sign-in", method="POST", data={"name": "Maria", "secret": secret}),
        site.ask("/sign-out", method="POST"),
    ]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


def test_what_is_not_there(site: ConsoleSite) -> None:
    """A path nobody has, a run nobody made, a method that is none."""
    assert site.ask("/nothing").status_code == 404
    missing = site.ask("/runs/999999.json")
    assert missing.status_code == 404
    assert missing.json()["error"] == "not_found"
    for number in ("0", "-1", "x", "9" * 30, "1e3", "٣"):
        assert site.ask(f"/runs/{number}").status_code in {404, 422}, number
    assert site.ask("/", method="POST").status_code == 405
    assert site.ask("/sign-out").status_code == 405


def test_the_database_is_away(settings: Settings) -> None:
    """503 with its own words, and no page that looks as if all were well."""
    away = msgspec.structs.replace(settings, database_url="postgresql+psycopg://root@127.0.0.1:9/none")
    with console_of(away) as site:
        answer = site.ask("/index.json")
        assert answer.status_code == 503
        assert json.loads(answer.text)["error"] == "database_unavailable"
        assert site.ask("/").status_code == 503
