"""Which requests are taken: to a host of ours, an action from a page of ours, headers of proxies that are listed."""

from __future__ import annotations

import pytest

from connecteam_sync.web.front import first_values, local_path
from connecteam_sync.web.gate import (
    Gate,
    address_of,
    is_by_itself,
    is_forwarded,
    is_from_our_page,
    name_of,
    network_of,
    whole,
)

GATE = Gate(
    hosts=frozenset({"127.0.0.1", "::1", "localhost", "mirror.example.org"}),
    public="mirror.example.org",
    proxies=frozenset({"10.0.0.5"}),
    user_header="X-Forwarded-User",
)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1:8787", "localhost", "LOCALHOST:1", "[::1]:8787", "mirror.example.org", "Mirror.Example.org.:443"],
)
def test_our_hosts(host: str) -> None:
    """With or without a port, in any case."""
    assert GATE.is_ours(host)


@pytest.mark.parametrize(
    "host",
    [
        None,
        "",
        "evil.example",
        "127.0.0.1.evil.example",
        "evil.example:8787",
        "mirror.example.org@evil.example",
        "evil@127.0.0.1",
        "127.0.0.1/evil.example",
        "127.0.0.1:0",
        "127.0.0.1:port",
        "[::1",
        "localhost evil.example",
    ],
)
def test_hosts_of_others(host: str | None) -> None:
    """A name of somebody else's that points at this machine shows nothing."""
    assert not GATE.is_ours(host)


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "cross-site", "origin": "http://127.0.0.1:8787"}, False),
        ({"sec-fetch-site": "same-origin", "origin": "null"}, True),
        ({"origin": "http://127.0.0.1:8787"}, True),
        ({"origin": "https://127.0.0.1:8787"}, True),
        ({"origin": "http://127.0.0.1:8788"}, False),
        ({"origin": "http://127.0.0.1:8787.evil.example"}, False),
        ({"origin": "http://evil.example"}, False),
        ({"origin": "null"}, False),
        ({"origin": ""}, False),
        ({"origin": "http://[::1"}, False),
        ({}, True),
    ],
)
def test_actions_of_our_pages(headers: dict[str, str], *, taken: bool) -> None:
    """Sec-Fetch-Site decides where it is sent, else Origin; a program sends neither."""
    assert is_from_our_page("127.0.0.1:8787", headers) is taken


def test_a_listed_proxy_names_people_and_addresses() -> None:
    """And nobody else does: a header that comes by itself is not heard."""
    headers = {"x-forwarded-for": "6.6.6.6, 203.0.113.9", "x-forwarded-user": "maria"}
    assert GATE.address("10.0.0.5", headers) == "203.0.113.9"
    assert GATE.address("::ffff:10.0.0.5", headers) == "203.0.113.9"
    assert GATE.address("10.0.0.6", headers) == "10.0.0.6"
    assert GATE.address("10.0.0.5", {"x-forwarded-for": "nonsense"}) == "10.0.0.5"
    assert GATE.named_user("10.0.0.5", headers) == "maria"
    assert GATE.named_user("10.0.0.6", headers) is None
    assert GATE.named_user("10.0.0.5", {}) is None
    assert Gate(proxies=frozenset({"10.0.0.5"})).named_user("10.0.0.5", headers) is None


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("203.0.113.9, 10.0.0.6", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9, 10.0.0.6", "203.0.113.9"),
        ("10.0.0.6, 203.0.113.9", "203.0.113.9"),
        ("203.0.113.9, nonsense, 10.0.0.6", "10.0.0.6"),
        ("10.0.0.6", "10.0.0.6"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::9]:4711", "2001:db8::9"),
        ("2001:DB8::9", "2001:db8::9"),
        ("", "10.0.0.5"),
    ],
)
def test_proxies_in_a_row(said: str, address: str) -> None:
    """Each says who asked it; beyond the first that is not listed anybody could have said it."""
    gate = Gate(proxies=frozenset({"10.0.0.5", "10.0.0.6"}))
    assert gate.address("10.0.0.5", {"x-forwarded-for": said}) == address


def test_a_header_that_is_sent_twice_is_one() -> None:
    """A line that was there before that of the proxy does not count in its place."""
    twice = {
        "X-Forwarded-For": ("6.6.6.6", "203.0.113.9"),
        "x-forwarded-user": ("ada", "maria"),
        "Host": ("localhost",),
    }
    headers = whole([(name, value) for name, values in twice.items() for value in values])
    assert headers["host"] == "localhost"
    assert GATE.address("10.0.0.5", headers) == "203.0.113.9"
    assert GATE.named_user("10.0.0.5", headers) == "ada, maria", "whom nobody is"


def test_a_proxy_names_people_of_every_language() -> None:
    """As UTF-8, each byte of which comes as a character of Latin-1."""
    assert GATE.named_user("10.0.0.5", {"x-forwarded-user": "José".encode().decode("latin-1")}) == "José"
    assert GATE.named_user("10.0.0.5", {"x-forwarded-user": "Jos\xe9"}) == "José"
    assert GATE.named_user("10.0.0.5", {"x-forwarded-user": "Jos\u0142"}) == "Jos\u0142"


def test_an_address_counts_with_its_network() -> None:
    """Of IPv6 a customer has more addresses than could be counted."""
    assert network_of("203.0.113.9") == "203.0.113.9"
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:2") == "2001:db8::/64"
    assert network_of("2001:db8:0:1::1") != network_of("2001:db8::1")
    assert network_of("") == ""


def test_what_a_browser_does_by_itself() -> None:
    """A page that is loaded again by script; a click, a program, an old browser are somebody's doing."""
    assert is_by_itself({"sec-fetch-mode": "navigate"})
    assert not is_by_itself({"sec-fetch-mode": "navigate", "sec-fetch-user": "?1"})
    assert not is_by_itself({"sec-fetch-mode": "cors"})
    assert not is_by_itself({})


def test_https_is_at_the_public_address_alone() -> None:
    """So that a cookie of https is only set where it comes back."""
    assert GATE.is_encrypted("mirror.example.org:443")
    assert not GATE.is_encrypted("127.0.0.1:8787")
    assert not Gate().is_encrypted("127.0.0.1")


def test_names_and_addresses() -> None:
    """As they are compared."""
    assert name_of("[2001:DB8::1]:8787") == "2001:db8::1"
    assert name_of("") == ""
    assert address_of("::FFFF:127.0.0.1") == "127.0.0.1"
    assert address_of("2001:DB8:0::1") == "2001:db8::1"
    assert address_of("localhost") == ""
    assert is_forwarded({"x-forwarded-for": "1.2.3.4"})
    assert is_forwarded({"forwarded": "for=1.2.3.4"})
    assert is_forwarded({"x-forwarded-proto": "https"})
    assert is_forwarded({"cf-connecting-ip": "1.2.3.4"})
    assert not is_forwarded({"host": "127.0.0.1"})


@pytest.mark.parametrize("text", ["/", "/runs/12", "/runs?before=3&kind=sync", "/people/3/2025-12-02#x"])
def test_where_signing_in_leads(text: str) -> None:
    """To the page that was asked for."""
    assert local_path(text) == text


@pytest.mark.parametrize(
    "text",
    ["", "runs", "//evil.example", "/\\evil.example", "https://evil.example", "/a\nb", "/a\u202eb", "/" + "a" * 500],
)
def test_where_signing_in_does_not_lead(text: str) -> None:
    """To no page of anybody else's."""
    assert local_path(text) == ""


def test_the_first_value_of_a_name_counts() -> None:
    """What is sent twice cannot be read in two ways."""
    assert first_values([("a", "1"), ("a", "2"), ("b", "")]) == {"a": "1", "b": ""}
