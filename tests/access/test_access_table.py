"""Every person at every door: the statuses stand in ``table.txt``, and a route that stands in no row fails.

Each request's traces are undone before the next one. What a door says to those it does not let in is held against
what it says of an object that does not exist: the same status, whoever asks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import pytest
from django.db import connection
from django.http import HttpResponse

from tests.access import scene as house
from tests.access.routes import routes
from tests.access.scene import METHODS, OTHERS, PERSONS, Scene, objects_of
from tickets.models import Ticket

TABLE: Final = Path(__file__).with_name("table.txt")
Door = tuple[str, str, str]  # route, method, object
#: These may see every ticket; for everybody else a stranger's is as absent as one that never was.
STAFF: Final = {"auditor", "agent", "supervisor", "superuser"}


def rows() -> Iterator[tuple[list[Door], list[str]]]:
    """The doors that each row of the table is about, and the status of each person."""
    for number, line in enumerate(TABLE.read_text().splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        route, methods, objects, *cells = line.split()
        assert len(cells) == len(PERSONS), f"line {number} has not one status a person"
        yield [(route, m, o) for m in methods.split(",") for o in objects.split(",")], cells


def doors() -> list[Door]:
    return [(route, method, which) for route in routes() for method in METHODS for which in objects_of(route)]


def test_every_door_stands_in_exactly_one_row() -> None:
    told = Counter(door for row, _ in rows() for door in row)
    there = set(doors())
    assert there - told.keys() == set(), "a route without a row: say in table.txt who may do what"
    assert told.keys() - there == set(), "a row without a route"
    assert [door for door, times in told.items() if times > 1] == []


#: Whose objects a person may open at all; whoever works here sees every ticket.
OPEN_TO: Final = {
    "guest": {"guests"},
    "requester": {"own"},
    **{who: {"own", "note", "guests", "foreign"} for who in STAFF},
}


@pytest.mark.parametrize("person", PERSONS)
def test_what_is_not_ones_own_looks_as_if_it_did_not_exist(person: str) -> None:
    column = PERSONS.index(person)
    status = {door: cells[column] for row, cells in rows() for door in row}
    for (route, method, which), got in status.items():
        if (route, method, "absent") in status and which not in {"there", *OPEN_TO.get(person, ())}:
            by_link = route.startswith("/g/")  # whoever holds the link is its guest
            assert by_link or got == status[route, method, "absent"], (route, method, which)


def meant(said: str, method: str) -> str:
    """What a cell says of one method: ``405/204`` is that of PATCH and that of DELETE."""
    first, _, second = said.partition("/")
    return second if second and method == "DELETE" else first


def cell(response: HttpResponse) -> str:
    """``login`` for the way to the log-in page, else the status."""
    to_login = response.status_code == 302 and "/login/?" in response["Location"]
    return "login" if to_login else str(response.status_code)


def turn(person: str, door: Door) -> int:
    """A number that is always the same for one person at one door."""
    return crc32(" ".join((person, *door)).encode())


def verb(person: str, door: Door) -> str:
    return OTHERS[turn(person, door) % 2] if door[1] == "OTHER" else door[1]


def is_in_short_form(person: str, door: Door) -> bool:
    """Customers' and programs' doors all; of the admin's, which are four fifths and slow, each route by turns."""
    route, method, which = door
    if not route.startswith("/admin/"):
        return method != "OTHER" or turn(person, door) % 4 == 0
    if person in {"supervisor", "superuser"}:  # whole pages, which are built for nobody else
        return turn(person, door) % 8 == 0
    first = "GET" if turn(person, (route, "", "")) % 2 else "POST"
    return (method == first and which != "absent") or turn(person, door) % 16 == 0


@pytest.fixture
def scene(submit: Callable[..., Ticket], engine: Any) -> Scene:
    return house.build(submit, engine)


def wrong(scene: Scene, person: str, asked: list[Door]) -> dict[Door, str]:
    """The doors of ``asked`` that answer ``person`` otherwise than the table says."""
    column = PERSONS.index(person)
    expected = {door: cells[column] for row, cells in rows() for door in row}
    found = {}
    for door in asked:
        path = house.path_of(scene, door[0], door[2])
        method = verb(person, door)
        got, wanted = (
            cell(scene.knock(person, method, path, house.BODIES.get(door[0]))),
            meant(expected.get(door, ""), method),
        )
        if got != wanted or got.startswith("5"):
            found[door] = f"{got}, not {wanted}"
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("person", PERSONS)
def test_a_person_gets_the_status_of_the_table(scene: Scene, person: str) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("who may do what does not depend on the database")
    assert wrong(scene, person, [door for door in doors() if is_in_short_form(person, door)]) == {}


@pytest.mark.prove
@pytest.mark.django_db
@pytest.mark.parametrize("person", PERSONS)
def test_a_person_gets_the_status_of_the_table_at_every_door(scene: Scene, person: str) -> None:
    assert wrong(scene, person, doors()) == {}


@pytest.mark.django_db
@pytest.mark.parametrize("person", ["anonymous", "requester"])
def test_put_gets_nobody_further_than_post(scene: Scene, person: str) -> None:
    column = PERSONS.index(person)
    expected = {door: cells[column] for row, cells in rows() for door in row}
    for route, method, which in doors():
        if method == "POST" and not route.startswith("/admin/") and which in {"-", "foreign"}:
            got = cell(
                scene.knock(person, "PUT", house.path_of(scene, route, which), house.BODIES.get(route))
            )
            wanted = {expected[route, "POST", which], *expected[route, "OTHER", which].split("/")}
            assert got in wanted, route
