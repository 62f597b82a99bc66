"""Proxies as they are configured."""

from __future__ import annotations

import pytest

from connecteam_sync.core.proxies import header_name, proxies


def test_addresses() -> None:
    """Each as it is written shortest."""
    assert proxies("10.0.0.5, 2001:DB8:0::1") == {"10.0.0.5", "2001:db8::1"}


@pytest.mark.parametrize("text", ["", "10.0.0.0/8", "proxy.example.org", "10.0.0.5;10.0.0.6", "10.0.0.5,"])
def test_what_is_no_address(text: str) -> None:
    """A network, a name, a slip of the pen."""
    with pytest.raises(ValueError, match="IP addresses"):
        proxies(text)


def test_a_header() -> None:
    """Of its own."""
    assert header_name("X-Forwarded-User") == "X-Forwarded-User"


@pytest.mark.parametrize("text", ["", "Cookie", "HOST", "x user", "x:y", "1x", "x" * 65, "X-Forwarded-For"])
def test_what_is_no_header_for_that(text: str) -> None:
    """Or means something else."""
    with pytest.raises(ValueError, match="X-Forwarded-User"):
        header_name(text)
