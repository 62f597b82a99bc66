"""Answers as gzip, for who takes it: a page of tables becomes a fifth. See decision 18."""

from __future__ import annotations

import gzip
from collections.abc import Mapping

from starlette.responses import Response

LEAST = 1_000
"""Bytes below which it is not worth it: they are one packet either way."""
_LEVEL = 6
_OTHERS = frozenset({"cross-site", "same-site"})


def compressed(answer: Response, headers: Mapping[str, str]) -> Response:
    """The answer, smaller if whoever asks with these headers takes gzip and was not sent by somebody else's page.

    Such a page could have part of ours chosen by an address, and learn from its length what else stands there.
    """
    body = bytes(answer.body)
    if len(body) < LEAST:
        return answer
    answer.headers.add_vary_header("Accept-Encoding")
    answer.headers.add_vary_header("Sec-Fetch-Site")
    if takes_gzip(headers.get("accept-encoding", "")) and headers.get("sec-fetch-site", "none") not in _OTHERS:
        answer.body = gzip.compress(body, _LEVEL, mtime=0)
        answer.headers["content-encoding"] = "gzip"
        answer.headers["content-length"] = str(len(answer.body))
    return answer


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header names gzip (or anything) and does not refuse it with `q=0`."""
    found: dict[str, bool] = {}
    for part in accepted.lower().split(","):
        name, *parameters = (word.strip() for word in part.split(";"))
        found[name] = not any(_is_nothing(word) for word in parameters)
    return found.get("gzip", found.get("*", False))


def _is_nothing(parameter: str) -> bool:
    name, _, value = parameter.partition("=")
    digits = value.strip()
    return name.strip() == "q" and digits.replace(".", "", 1).isdigit() and float(digits) == 0
