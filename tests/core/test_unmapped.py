"""Users who count for nobody yet: what their hold says, word for word, and whose e-mail address is kept."""

from __future__ import annotations

import pytest

from connecteam_sync.core.change import Hold, NewEmployee
from connecteam_sync.core.clocktime import Employee
from connecteam_sync.core.history import about
from connecteam_sync.core.keys import RowId, provisional_employee
from connecteam_sync.core.people import Likenesses, Rename, mapped, phone_marks, renamed, taken
from connecteam_sync.core.run import StandingHold
from connecteam_sync.core.shift import User
from connecteam_sync.core.unmapped import one_address_each, unmapped_reason

JUAN = User(id=31, first_name="Juan", last_name="García", email="j@example.test")
NOBODY = Likenesses([])
WHO = "Connecteam user 31 (Juan García)"
MIGHT_BE = f"{WHO} is mapped to no employee; might be"


def namesakes(*keys: RowId, taken_by: tuple[RowId, ...] = ()) -> Likenesses:
    """Employees of his name."""
    return Likenesses([Employee(id=key, name="Juan García") for key in keys], taken=taken_by)


@pytest.mark.parametrize(
    ("people", "said"),
    [
        (NOBODY, f"{WHO} is mapped to no employee"),
        (
            namesakes(7),
            f"{WHO} is mapped to no employee; might be 7 Juan García (name): connecteam-sync employees map 31 7",
        ),
        (
            namesakes("a b"),
            f"{WHO} is mapped to no employee; might be a b Juan García (name): connecteam-sync employees map 31 'a b'",
        ),
        (
            namesakes(7, taken_by=(7,)),
            f"{WHO} is mapped to no employee; might be 7 Juan García (name, has another user)",
        ),
        (
            namesakes(7, 8),
            f"{WHO} is mapped to no employee; might be 7 Juan García (name), 8 Juan García (name)",
        ),
        (
            namesakes(7, 8, 9),
            f"{MIGHT_BE} 7 Juan García (name), 8 Juan García (name), 9 Juan García (name)",
        ),
        (
            namesakes(7, 8, 9, 10, 11),
            f"{MIGHT_BE} 7 Juan García (name), 8 Juan García (name), 9 Juan García (name) and 2 more",
        ),
    ],
)
def test_a_user_without_an_employee_is_held_with_those_he_might_be(people: Likenesses, said: str) -> None:
    """At most three of them; the command that maps him only if there is one, who has no user."""
    assert unmapped_reason(31, JUAN, people, NOBODY, creates=False) == ("unmapped_user", said)


def test_a_user_whom_nobody_knows_gets_no_employee() -> None:
    """Also where employees are created: there is no name to create one with."""
    said = "Connecteam user 5 (nobody in Connecteam's user list) is mapped to no employee"
    for creates in (True, False):
        assert unmapped_reason(5, None, namesakes(7), NOBODY, creates=creates) == ("unmapped_user", said)


def test_who_might_be_somebody_already_is_not_created_unasked() -> None:
    """The hold names both ways out; whoever is like nobody is created."""
    new, mapping = "a new person: connecteam-sync employees create 31", "connecteam-sync employees map"
    assert unmapped_reason(31, JUAN, namesakes("a b"), NOBODY, creates=True) == (
        "possible_double",
        f"{WHO} might be a b Juan García (name), who has no Connecteam user in use: {mapping} 31 'a b'; {new}",
    )
    assert unmapped_reason(31, JUAN, NOBODY, NOBODY, creates=True) == (None, "")
    leaver = namesakes(provisional_employee(30))
    assert unmapped_reason(31, JUAN, NOBODY, leaver, creates=True) == (
        "possible_double",
        f"{WHO} might be archived Connecteam user 30, whose employee is new too: the next run says whom to map; {new}",
    )
    himself = namesakes(provisional_employee(31))
    assert unmapped_reason(31, JUAN, NOBODY, himself, creates=True) == (None, "")
    assert unmapped_reason(31, JUAN, NOBODY, namesakes(30), creates=True) == (None, "")


def test_an_address_stays_on_the_first_who_has_it() -> None:
    """In whichever spelling a database might take for the same; nobody else is changed."""
    people = [
        NewEmployee(user_id=1, name="Ana", email="Shared@example.test"),
        NewEmployee(user_id=2, name="Ben", email="shared@example.test "),
        NewEmployee(user_id=3, name="Cem", email="own@example.test"),
        NewEmployee(user_id=4, name="Dee"),
        NewEmployee(user_id=5, name="Eve", email=""),
    ]
    assert [one.email for one in one_address_each(people[::-1])][:2] == [None, None]
    assert [(one.user_id, one.email) for one in one_address_each(people)] == [
        (1, "Shared@example.test"),
        (2, None),
        (3, "own@example.test"),
        (4, None),
        (5, None),
    ]


# -- what is said of people --------------------------------------------------------------------------------------------


def test_a_rename_says_what_changed() -> None:
    """The name, the address, or both; by user id."""
    employees: dict[int, RowId] = {1: 7, 2: 8, 3: 9}
    known = {number: User(id=number, first_name="Ana", last_name="Old", email="a@example.test") for number in (3, 2, 1)}
    now = [
        User(id=3, first_name="Ana", last_name="New", email="b@example.test"),
        User(id=2, first_name="Ana", last_name="Old", email=None),
        User(id=1, first_name="Ana", last_name="New", email="a@example.test"),
        User(id=4, first_name="Ana", last_name="New"),
    ]
    found = renamed(known, now, employees)
    assert found == (
        Rename(user_id=1, employee_id=7, before="Ana Old", after="Ana New"),
        Rename(user_id=2, employee_id=8, before="Ana Old", after="Ana Old", has_new_email=True),
        Rename(user_id=3, employee_id=9, before="Ana Old", after="Ana New", has_new_email=True),
    )
    assert [str(one) for one in found] == [
        "renamed in Connecteam: Ana Old -> Ana New",
        "has another e-mail address in Connecteam: Ana Old",
        "renamed in Connecteam: Ana Old -> Ana New, with another e-mail address",
    ]


def test_likenesses_are_told_with_their_evidence() -> None:
    """The strongest first; somebody without a name by id alone."""
    phone = phone_marks("3125551234")
    user = User(id=1, first_name="Juan", last_name="García", email="j@example.test", phone=phone)
    people = [
        Employee(id=7, name="Juan García", email="J@example.test", phone=phone),
        Employee(id=8, email="j@example.test"),
    ]
    assert [str(one) for one in Likenesses(people).alike(user)] == [
        "7 Juan García (e-mail, phone, name)",
        "8 (e-mail)",
    ]
    [other] = Likenesses([Employee(id=9, name="Luis García", phone=phone)], taken=[9]).alike(user)
    assert (str(other), other.is_certain, other.name) == (
        "9 Luis García (phone, has another user)",
        False,
        "Luis García",
    )
    assert Likenesses(people).has_email(" J@EXAMPLE.test")
    assert not Likenesses(people).has_email(None)
    assert not Likenesses([Employee(id=7)]).has_email("")


def test_an_employee_is_taken_if_one_of_their_users_works() -> None:
    """Several may count for one."""
    assert taken({7: {1, 2}, 8: {3}, 9: set()}, [2, 4]) == {7}


@pytest.mark.parametrize(
    ("digits", "marks"),
    [
        ("12345678", 0),
        ("123456789", 1),
        ("1234567890", 2),
        ("12345678901", 3),
        ("123456789012", 4),
        ("1234567890123", 4),
    ],
)
def test_a_number_has_a_mark_for_each_country_code_it_may_begin_with(digits: str, marks: int) -> None:
    """Nine digits are a subscriber's at least, and a country code has three at most."""
    for said in (digits, f"00{digits}", f"+{digits[:3]} ({digits[3:]})"):
        found = phone_marks(said)
        assert len((found or "").split()) == marks
        assert found == phone_marks(digits)
    assert len(set((phone_marks(digits) or "").split())) == marks


def test_users_of_one_employee_are_all_known() -> None:
    """Text ids come in their order, too."""
    people = [Employee(id=key, connecteam_user_id="5") for key in ("b", "a")]
    found = mapped([*people, Employee(id="c", connecteam_user_id="6")], {7: "c"})
    assert (found.employees, found.ambiguous) == ({6: "c", 7: "c"}, {5: ("a", "b")})
    assert found.users_of == {"a": {5}, "b": {5}, "c": {6, 7}}


# -- holds about one employee ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "is_theirs"),
    [
        ({"clock_time_id": 4}, True),
        ({"shift_id": "s"}, True),
        ({"clock_time_id": 5, "shift_id": "t"}, False),
        ({"employee_id": 1, "instant": 100}, True),
        ({"employee_id": 1, "instant": 199}, True),
        ({"employee_id": 1, "instant": 99}, False),
        ({"employee_id": 1, "instant": 200}, False),
        ({"employee_id": 1}, True),
        ({"user_id": 31, "instant": 150}, True),
        ({"user_id": 31, "instant": 250}, False),
        ({"user_id": 32, "instant": 150}, False),
        ({"employee_id": 2, "instant": 150}, False),
        ({"employee_id": 2, "user_id": 31, "instant": 150}, True),
        ({"clock_time_id": 4, "instant": 999}, True),
    ],
)
def test_holds_of_a_person_are_those_on_their_rows_shifts_and_days(fields: dict[str, int], *, is_theirs: bool) -> None:
    """From the first instant to before the last; what has no instant may be of any."""
    hold = Hold(reason="manual_row", subject="x", detail="d", **fields)  # type: ignore[arg-type] # fields of a hold
    standing = (StandingHold(id=1, hold=hold, time_clock_id=1, first_seen=0, first_run=1),)
    of = {"rows": frozenset({4}), "shifts": frozenset({"s"}), "employee": 1, "users": frozenset({31})}
    assert about(standing, span=(100, 200), **of) == (standing if is_theirs else ())  # type: ignore[arg-type] # see above
    is_about_them = is_theirs or fields.get("employee_id") == 1 or fields.get("user_id") == 31
    assert about(standing, span=None, **of) == (standing if is_about_them else ())  # type: ignore[arg-type] # see above
