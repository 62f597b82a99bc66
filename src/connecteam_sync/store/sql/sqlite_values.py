"""Values of SQLite as JSON can hold them, and back."""

from __future__ import annotations


def in_json(v: str) -> str:
    """SQLite's columns hold anything: what JSON cannot hold, or not to the last digit, says what it is.

    Each case is looked at only where the one before it is none.
    """
    is_exact = f"abs({v}) < 1e300 AND json_extract(json_array({v}), '$[0]') = {v}"
    # What is no UTF-8 cannot be read at all; plain letters are, without a look at each.
    is_utf8 = f"({v} NOT GLOB '*[^ -~]*' OR connecteam_sync_is_utf8(CAST({v} AS BLOB)))"
    return (
        f"CASE typeof({v}) WHEN 'blob' THEN json_object('blob', hex({v}))"
        f" WHEN 'real' THEN CASE WHEN {is_exact} THEN {v}"
        f" ELSE json_object('real', connecteam_sync_spelled({v})) END"
        f" WHEN 'text' THEN CASE WHEN instr({v}, char(0)) = 0 AND {is_utf8} THEN {v}"
        f" ELSE json_object('text', hex({v})) END"
        f" ELSE {v} END"
    )


def from_json(value: str) -> str:
    """The way back of `in_json`; `{value}_is` says what it is."""
    return (
        f"CASE {value}_is WHEN 'blob' THEN connecteam_sync_bytes({value})"
        f" WHEN 'text' THEN CAST(connecteam_sync_bytes({value}) AS TEXT)"
        f" WHEN 'real' THEN connecteam_sync_real({value}) ELSE {value} END"
    )
