"""Ask a time stamp authority over HTTP (RFC 3161). It is none of Connecteam's."""

from __future__ import annotations

import time

import httpx2

from connecteam_sync.api.deadline import Transport
from connecteam_sync.errors import CertificateRefused
from connecteam_sync.version import __version__

WITHOUT = "try again later; without a time stamp: take time_stamp_url out of [payroll]"
"""The next step of whoever gets none."""
_SECONDS = 30.0
_LARGEST = 1 << 20
"""Bytes of an answer; those of real authorities have some thousands."""


def asked(url: str, query: bytes) -> bytes:
    """The authority's answer. Raises CertificateRefused, without a word of what it said: that may be anything."""
    ends = time.monotonic() + _SECONDS
    transport = Transport(verify=True, left=lambda: ends - time.monotonic())
    headers = {"content-type": "application/timestamp-query", "user-agent": f"connecteam-sync/{__version__}"}
    answer = bytearray()
    try:
        with (
            httpx2.Client(transport=transport, timeout=_SECONDS, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", url, content=query, headers=headers) as response,
        ):
            if response.status_code != httpx2.codes.OK:
                raise _not_given(f"it answers {response.status_code}")
            for part in response.iter_bytes():
                answer += part
                if len(answer) > _LARGEST:
                    raise _not_given(f"its answer has more than {_LARGEST:,} bytes")
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError, UnicodeError) as error:
        raise _not_given(f"it does not answer ({type(error).__name__})") from error
    return bytes(answer)


def _not_given(why: str) -> CertificateRefused:
    return CertificateRefused(
        f"the time stamp authority gave no time stamp, so nothing was certified: {why}", next_step=WITHOUT
    )
