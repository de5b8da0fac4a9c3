"""Every address of the product is called by everybody who may not, and by everybody who may, with each method."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import get_resolver

from jobs.states import JobState
from teams import tokens
from teams.models import Activity, Membership, Role, User
from tests.cast import House
from tests.support.access_table import LEAST_ROLES, OPEN
from tests.support.addresses import Address, addresses, patterns
from tests.support.undone import undone

pytestmark = pytest.mark.django_db
METHODS = {True: ("GET", "POST"), False: ("GET", "POST", "PUT", "PATCH", "DELETE")}
#: Addresses of an object in S3, of which these tests have none, and of an upload, which is one person's.
MAY_BE_ABSENT = {"output-preview", "output-download", "input-download", "job-picture", "data-download"}
MAY_BE_ABSENT |= {
    "api:job-preview",
    "api:job-download",
    "api:upload",
    "api:upload-part",
    "api:upload-complete",
}
MAY_BE_ABSENT |= {"cancel-upload", "compare-rows-csv", "api:job-compare"}
#: What these addresses ask for before anything else.
QUERIES = {name: {"key": "x"} for name in ("api:job-preview", "api:job-download")}
QUERIES["api:connection-objects"] = {"path": "s3://bucket/a.csv"}
QUERIES["api:objects-count"] = {"path": "s3://bucket/a.csv"}
QUERIES["api:job-compare"] = {"with": "aaaaaaaaaaaa"}
_BACKEND = "django.contrib.auth.backends.ModelBackend"


def test_each_address_has_a_row_in_the_table() -> None:
    routes = {f"{space}{entry.name}" for _, space, entry in patterns(get_resolver())}
    missing = sorted(routes - LEAST_ROLES.keys() - OPEN)
    assert not missing, (
        f"Add {', '.join(missing)} to a rule in tests/support/access_table.py: its methods and their least roles."
    )
    gone = sorted((LEAST_ROLES.keys() | OPEN) - routes)
    assert not gone, f"Remove {', '.join(gone)} from tests/support/access_table.py: there is no such address."


@pytest.fixture
def places(house: House, other_house: House) -> list[Address]:
    """All addresses with objects of the first team; the second has a connection of the same slug."""
    house.connection.slug = "theirs"
    house.connection.save()
    return addresses(house, house.job(JobState.IN_PROGRESS))


def test_nobody_is_let_in_without_signing_in(places: list[Address]) -> None:
    client = Client()
    for place in places:
        for method in METHODS[place.is_page]:
            answer = client.generic(method, place.path)
            if not place.is_page:
                assert answer.status_code == 401, (method, place)
            elif answer.status_code != 405:
                there = urlsplit(answer.headers["Location"])
                assert (answer.status_code, there.path) == (302, "/signin/"), (method, place)
                assert parse_qs(there.query) == {"next": [place.path]}, (method, place)


def test_who_belongs_to_no_team_is_told_to_ask_for_one(places: list[Address]) -> None:
    client = Client()
    client.force_login(User.objects.create_user("nina"), backend=_BACKEND)
    for place in places:
        for method in LEAST_ROLES[place.route]:
            answer = client.generic(method, place.path)
            assert answer.status_code == 403, (method, place)
            assert "admin to add you" in answer.content.decode(), (method, place)


def test_an_admin_of_another_team_finds_none_of_its_objects(
    places: list[Address], other_house: House
) -> None:
    for client, is_page in ((other_house.page("charlie"), True), (other_house.api("charlie"), False)):
        for place in places:
            if place.is_page != is_page or not place.names_a_row:
                continue
            for method in METHODS[is_page]:
                status = send(client, method, place).status_code
                # A body may be refused before the object is looked for.
                absent = {400, 404} if method == "POST" else {404}
                expected = absent if method in LEAST_ROLES[place.route] else {405}
                assert status in expected, (method, place)


@pytest.mark.parametrize("role", list(Role))
def test_a_person_is_let_in_exactly_where_the_role_allows(
    house: House, places: list[Address], role: Role
) -> None:
    client = house.page({Role.VIEWER: "vera", Role.OPERATOR: "bob", Role.ADMIN: "alice"}[role])
    pairs = [(method, place) for place in places for method in METHODS[place.is_page]]
    assert not [trouble for pair in pairs if (trouble := try_out(client, *pair, role))]


@pytest.mark.parametrize("scope", list(Role))
def test_a_token_is_let_in_exactly_where_its_scope_allows(
    house: House, places: list[Address], scope: Role
) -> None:
    # An admin who made the preset and the schedule, so that the scope alone decides.
    bob = house.people["bob"]
    Membership.objects.filter(user=bob).update(role=Role.ADMIN)
    _, secret = tokens.create(team=house.team, user=bob, role=scope)
    client = Client(HTTP_AUTHORIZATION=f"Bearer {secret}")
    for place in places:
        if place.is_page:
            assert client.get(place.path).status_code in {302, 405}, place
    pairs = [(method, place) for place in places if not place.is_page for method in METHODS[False]]
    assert not [trouble for pair in pairs if (trouble := try_out(client, *pair, scope, is_token=True))]


def try_out(client: Client, method: str, place: Address, role: Role, *, is_token: bool = False) -> str:
    """Send a request; says what is wrong if it is not let in or kept out as the table says."""
    least = LEAST_ROLES[place.route].get(method)
    only_reads = is_token and role == Role.VIEWER and method != "GET"
    with undone():
        acts = Activity.objects.count()
        answer = send(client, method, place)
        acted = Activity.objects.count() != acts
    status, where = answer.status_code, answer.headers.get("Location", "")
    if least is None:
        fits = status == 405 or (status == 403 and role != Role.ADMIN)
    elif only_reads or not role.allows(least):
        fits = status == 403 and not acted
    else:
        refusals = {401, 403, 405, 500} | (set() if place.route in MAY_BE_ABSENT else {404})
        fits = status not in refusals and not where.startswith("/signin/")
    return "" if fits else f"{method} {place.path} ({place.route}) answered {status} to {role}"


def send(client: Client, method: str, place: Address) -> Any:
    """The answer to a request without contents."""
    query = QUERIES.get(place.route, {})
    if place.is_page or method == "GET":
        return client.generic(method, place.path, query_params=query)
    return client.generic(method, place.path, "{}", "application/json", query_params=query)
