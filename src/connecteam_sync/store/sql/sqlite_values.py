"""Values of SQLite to and from JSON."""

from __future__ import annotations


def in_json(v: str) -> str:
    """SQL that makes a value fit for JSON. A column may hold any type: a value that JSON cannot hold exactly becomes an
    object that names its type. Each case is evaluated only if the ones before it do not apply.
    """
    is_exact = f"abs({v}) < 1e300 AND json_extract(json_array({v}), '$[0]') = {v}"
    # Text that is not UTF-8 cannot be read at all. ASCII needs no check.
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
    """The inverse of `in_json`; `{value}_is` is the type of the value."""
    return (
        f"CASE {value}_is WHEN 'blob' THEN connecteam_sync_bytes({value})"
        f" WHEN 'text' THEN CAST(connecteam_sync_bytes({value}) AS TEXT)"
        f" WHEN 'real' THEN connecteam_sync_real({value}) ELSE {value} END"
    )
