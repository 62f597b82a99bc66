"""Pages as gzip: for who takes it, and not for requests that somebody else's page began."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

import httpx2 as httpx
import pytest
from starlette.responses import Response

from connecteam_sync.web.compression import LEAST, compressed, takes_gzip
from support.operated import Operated, operated

TAKES = {"accept-encoding": "gzip"}


@pytest.fixture
def console(initialised: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Operated]:
    """A console over an empty mirror."""
    with operated(initialised, monkeypatch) as made:
        yield made


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("gzip", True),
        ("deflate, GZIP;q=0.5", True),
        ("br, *", True),
        ("gzip; q=1.0, identity", True),
        ("", False),
        ("br", False),
        ("identity, gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("*;q=0", False),
        ("*, gzip;q=0", False),
        ("gzipped", False),
        ("gzip;q=zero", True),
        ("gzip;x=0", True),
    ],
)
def test_who_takes_gzip(accepted: str, expected: bool) -> None:  # noqa: FBT001 - of the table
    """By name or by the star, unless its weight is nothing."""
    assert takes_gzip(accepted) is expected


def test_small_answers_stay_as_they_are() -> None:
    """And they are the same for everybody."""
    small = compressed(Response(b"a" * (LEAST - 1)), TAKES)
    assert (len(small.body), small.headers.get("vary")) == (LEAST - 1, None)
    assert small.headers.get("content-encoding") is None
    assert compressed(Response(b"a" * LEAST), TAKES).headers["content-encoding"] == "gzip"


def test_the_same_page_in_fewer_bytes(console: Operated) -> None:
    """The same text and headers, and a length that is right."""
    with console.by("viewer") as viewer:
        plain = viewer.get("/runs", headers={"accept-encoding": "identity"})
        small = _raw(viewer, "/runs", TAKES)
    assert plain.headers.get("content-encoding") is None
    assert small.headers["content-encoding"] == "gzip"
    assert int(small.headers["content-length"]) == len(small.content) < len(plain.content) / 2
    assert gzip.decompress(small.content) == plain.content
    for answer in (plain, small):
        assert answer.headers["vary"] == "Accept-Encoding, Sec-Fetch-Site"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("site", "is_small"), [("same-origin", True), ("none", True), ("cross-site", False), ("same-site", False)]
)
def test_a_page_that_somebody_elses_page_asked_for_tells_nothing_by_its_length(
    console: Operated,
    site: str,
    is_small: bool,  # noqa: FBT001 - of the table
) -> None:
    """What stands beside a chosen search cannot be guessed by how well the two compress together."""
    with console.by("viewer") as viewer:
        answer = _raw(viewer, "/people?q=Ida", {**TAKES, "sec-fetch-site": site})
    assert (answer.headers.get("content-encoding") == "gzip") is is_small
    assert answer.headers["vary"] == "Accept-Encoding, Sec-Fetch-Site"


def test_the_page_for_signing_in_is_never_compressed(console: Operated) -> None:
    """It may hold the word that signs somebody in once."""
    answer = console.site.ask("/sign-in?once=a-word&next=/runs", headers=TAKES)
    assert len(answer.content) > LEAST
    assert answer.headers.get("content-encoding") is None


def test_files_answers_for_programs_and_failures_are_compressed_too(console: Operated) -> None:
    """Where they are large enough; a HEAD says the length of what GET would give."""
    with console.by("viewer") as viewer:
        style = _raw(viewer, "/static/console.css", TAKES)
        failure = _raw(viewer, "/runs/99", TAKES)
        head = viewer.head("/runs", headers=TAKES)
        page = _raw(viewer, "/runs", TAKES)
    assert style.headers["content-encoding"] == failure.headers["content-encoding"] == "gzip"
    assert style.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert failure.status_code == 404
    assert head.headers["content-length"] == page.headers["content-length"]
    assert head.content == b""


def _raw(client: httpx.Client, path: str, headers: dict[str, str]) -> httpx.Response:
    """An answer with the bytes as they travelled."""
    with client.stream("GET", path, headers=headers) as answer:
        answer._content = b"".join(answer.iter_raw())
        return answer
