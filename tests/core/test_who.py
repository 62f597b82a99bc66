"""One rule says whom a user counts for."""

from __future__ import annotations

import msgspec

from connecteam_sync.core.clocktime import Employee
from connecteam_sync.core.keys import provisional_employee
from connecteam_sync.core.people import Likenesses, is_no_user, mapped, phone_marks, renamed, same_phone, words
from connecteam_sync.core.shift import User
from connecteam_sync.core.unmapped import unmapped_reason


def test_a_user_counts_for_one_employee_or_for_nobody() -> None:
    """Ours wins where its employee lives; two rows that carry a user are ambiguous; what is no number is nobody."""
    people = [
        Employee(id=1, connecteam_user_id="11"),
        Employee(id=2, connecteam_user_id="22"),
        Employee(id=3, connecteam_user_id="22"),
        Employee(id=4, connecteam_user_id="33"),
        Employee(id=5, connecteam_user_id="33"),
        Employee(id=6, connecteam_user_id="044"),
        Employee(id=7, connecteam_user_id="none"),
        Employee(id=8, connecteam_user_id="²"),
        Employee(id=9),
    ]
    found = mapped(people, {33: 9, 11: 99, 55: 9, 66: None})
    assert found.employees == {11: 1, 33: 9, 55: 9}
    assert found.ambiguous == {22: (2, 3)}
    assert found.users_of == {1: {11}, 9: {33, 55}, 2: {22}, 3: {22}}


def test_names_are_compared_without_case_accents_order_and_punctuation() -> None:
    """And nothing else: another word is another name; no name is nobody's."""
    assert words("Ana Álvarez") == words("ALVAREZ, ana") == words(" álvarez-Ana ")
    assert words("Seán O'Neill") == words("O\u2019NEILL Sean")
    assert words("Łukasz Ørsted") == words("lukasz orsted")
    assert words("Ana Álvarez") != words("Ana María Álvarez")
    assert words(None) == words("…") == ()


def test_phone_numbers_agree_with_and_without_their_country_code() -> None:
    """Never by a part of the number: area codes that differ in one digit are two people."""

    def same(one: str, other: str) -> bool:
        return same_phone(phone_marks(one), phone_marks(other))

    assert same("+1 (312) 555-1234", "312-555-1234")
    assert same("0049 171 2345678", "0171/2345678")
    assert same("+34612345678", "612 345 678")
    assert not same("312-555-1234", "512-555-1234")
    assert not same("+1 312 555 1234", "512 555 1234")
    assert not same("+1 312 555 1234", "+49 312 555 1234")
    assert not same("555-1234", "555-1234")
    assert not same("0000000000", "0000000000")
    assert not same("9999999999", "9999999999")
    assert "5551234" not in str(phone_marks("+13125551234"))


def test_likeness_is_certain_only_where_nothing_contradicts_it() -> None:
    """A family shares an address; a namesake has another one; a middle name is no contradiction."""
    user = User(
        id=1, first_name="Juan", last_name="García", email="garcia@example.test", phone=phone_marks("3125551234")
    )

    def look(**fields: str | None) -> tuple[tuple[str, ...], bool] | None:
        found = Likenesses([msgspec.structs.replace(Employee(id=7), **fields)]).alike(user)
        return (found[0].evidence, found[0].is_certain) if found else None

    assert look(name="Juan Garcia") == (("name",), True)
    assert look(name="Juan Garcia", email="other@example.test") == (("name",), False)
    assert look(name="Juan Garcia", phone=phone_marks("5125551234")) == (("name",), False)
    assert look(name="Luis García", email="GARCIA@example.test") == (("email",), False)
    assert look(name="Juan Carlos García", email="garcia@example.test ") == (("email",), True)
    assert look(name="García, Juan", email="x@example.test", phone=phone_marks("+13125551234")) == (
        ("phone", "name"),
        True,
    )
    assert look(name="Luis García") is None
    assert look() is None


def test_who_is_free_comes_before_who_has_a_user_and_certainty_before_likeness() -> None:
    """The first is the one that a person is shown first; of several alike in all, the oldest."""
    user = User(id=1, first_name="Juan", last_name="García", email="garcia@example.test")
    people = [
        Employee(id=1, name="Juan García", email="garcia@example.test"),
        Employee(id=2, name="Luis García", email="garcia@example.test"),
        Employee(id=3, name="Juan García", email="other@example.test"),
        Employee(id=5, name="Juan García"),
        Employee(id=4, name="Juan García"),
    ]
    found = Likenesses(people, taken=[1]).alike(user)
    assert [one.employee_id for one in found] == [4, 5, 2, 3, 1]
    assert [one.has_user for one in found] == [False] * 4 + [True]


def test_a_new_address_alone_is_told_and_a_strangers_new_name_is_not() -> None:
    """Of people who count for an employee only; a new phone number is no change of theirs."""
    ana = User(id=1, first_name="Ana", last_name="Álvarez", email="a@example.test", phone="x")
    moved = msgspec.structs.replace(ana, email="b@example.test")
    ben = User(id=2, first_name="Ben", last_name="Ng")
    known = {1: ana, 2: ben}
    now = [moved, msgspec.structs.replace(ben, last_name="Nguyen")]
    assert [str(one) for one in renamed(known, now, {1: 7})] == [
        "has another e-mail address in Connecteam: Ana Álvarez"
    ]
    assert [str(one) for one in renamed(known, now, {2: 8})] == ["renamed in Connecteam: Ben Ng -> Ben Nguyen"]
    assert renamed(known, [msgspec.structs.replace(ana, phone="y")], {1: 7}) == ()


def test_a_hold_names_those_who_have_no_user_in_use_and_nobody_else() -> None:
    """A namesake who works here is not the one; of several who might be, the command leaves the choice open."""
    user = User(id=31, first_name="Juan", last_name="García")
    people = [Employee(id=number, name="Juan García") for number in (7, 8, 9)]
    nobody = Likenesses([])
    reason, said = unmapped_reason(31, user, Likenesses(people, taken=[7, 9]), nobody, creates=True)
    assert reason == "possible_double"
    assert "might be 8 Juan García (name), who has no Connecteam user in use" in said
    assert "employees map 31 8;" in said
    reason, said = unmapped_reason(31, user, Likenesses(people, taken=[7]), nobody, creates=True)
    assert (reason, "8 Juan" in said, "9 Juan" in said, "7 Juan" in said) == ("possible_double", True, True, False)
    assert "employees map 31 EMPLOYEE;" in said
    assert unmapped_reason(31, user, Likenesses(people, taken=[7, 8, 9]), nobody, creates=True) == (None, "")


def test_of_two_who_left_and_look_alike_one_gets_an_employee() -> None:
    """The one who came first; who works here now waits for whoever left, whatever their numbers."""

    def verdict(number: int, other: int, *, is_archived: bool) -> str | None:
        user = User(id=number, first_name="Juan", last_name="García", is_archived=is_archived)
        leavers = Likenesses(
            Employee(id=provisional_employee(one), name="Juan García") for one in sorted({other, number})
        )
        return unmapped_reason(number, user, Likenesses([]), leavers, creates=True)[0]

    assert [verdict(31, 30, is_archived=True), verdict(30, 31, is_archived=True)] == ["possible_double", None]
    assert [verdict(31, 30, is_archived=False), verdict(30, 31, is_archived=False)] == ["possible_double"] * 2


def test_what_is_no_user_id_counts_as_nothing() -> None:
    """A mark of another system, a word, a number that no database holds: nobody's user, and told."""
    for said in ("CT-12", "n/a", "0", "012", "-7", str(2**63), "9" * 40, "٣"):
        assert is_no_user(said), said
        assert mapped([Employee(id=1, connecteam_user_id=said)], {}).users_of == {}
    assert not is_no_user(None)
    assert not is_no_user("")
    for user in (1, 2**63 - 1):
        assert not is_no_user(str(user))
        assert mapped([Employee(id=1, connecteam_user_id=str(user))], {}).employees == {user: 1}
