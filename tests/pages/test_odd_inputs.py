"""Every form and every operation of the API takes odd inputs without a fault: it accepts them, or says what is wrong.

ODD_INPUTS is the number of inputs for each address, such as 1000.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jobs.states import JobState
from tests.cast import FIELDS, House
from tests.support.access_table import LEAST_ROLES
from tests.support.addresses import Address, addresses
from tests.support.answers import document, operations_at
from tests.support.html import Page
from tests.support.undone import undone

pytestmark = pytest.mark.django_db
INPUTS = int(os.environ.get("ODD_INPUTS", "8"))
#: Addresses whose form has no field, or that only call the other side, which does not answer here.
WITHOUT_INPUT = {"test-connection", "read-quotas", "read-prices", "run-sample", "model-check"}
#: Values that are right somewhere, so that not every input is refused at its first field.
RIGHT = [*FIELDS.values(), "churn", "engine", "nightly", "mornings", "team", "viewer", "rate(1 day)", "Line"]
RIGHT += [
    "cron(0 6 * * ? *)",
    "2026-11-30T06:00:00Z",
    "Europe/Berlin",
    "https://example.com/",
    "job.failed",
    30,
]
ODD = [
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",
    "\u202e",
    "\U0001d518" * 300,
    "x" * 5000,
    "../..",
    "%00",
    "{",
    "{date-1d}",
    "s3://",
    "s3:///",
]
ODD += [
    "-1",
    "1e999",
    "NaN",
    "9" * 400,
    "0x10",
    "١٢",
    "0000-00-00",
    "9999-12-31T23:59:59Z",
    "null",
    "[]",
    "' OR 1=1 --",
]
ODD += [
    "cron(* * * * * *)",
    "cron(99 99 31 2 ? *)",
    "rate(0 days)",
    "http://[::1",
    "https://例え.jp/\r\nX: y",
]
texts = st.one_of(
    st.sampled_from([str(value) for value in RIGHT]), st.sampled_from(ODD), st.text(max_size=30)
)
values: Any = st.recursive(
    st.one_of(
        *(st.sampled_from(RIGHT), texts, st.none(), st.booleans(), st.integers()),
        st.floats(allow_nan=False, allow_infinity=False),
        st.sampled_from([2**63, -(2**63) - 1, 10**30, -1, 0]),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=8,
)
odd = settings(
    max_examples=INPUTS,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def places(house: House) -> list[Address]:
    return addresses(house, house.job(JobState.COMPLETED))


def test_each_operation_answers_odd_bodies_with_a_sentence(house: House, places: list[Address]) -> None:
    client, operation_count = house.api("alice"), 0
    for place in places:
        for method, operation in (operations_at(place.path) or {}).items():
            if place.is_page or "requestBody" not in operation:
                continue
            send_odd_bodies(client, method.upper(), place, field_names(operation))
            operation_count += 1
    assert operation_count > 20


def send_odd_bodies(client: Client, method: str, place: Address, names: list[str]) -> None:
    """Send bodies in which some fields of the operation, or others, have odd values."""

    @odd
    @given(st.one_of(st.dictionaries(st.one_of(st.sampled_from(names), texts), values, max_size=8), values))
    def send(body: Any) -> None:
        with undone():
            answer = client.generic(method, place.path, as_json(body), "application/json")
        assert answer.status_code < 500 or answer.status_code == 503, (method, place, body)

    send()


def test_each_list_answers_odd_query_words_with_a_sentence(house: House, places: list[Address]) -> None:
    client = house.api("alice")
    for place in places:
        operation = (operations_at(place.path) or {}).get("get", {})
        words = [item["name"] for item in operation.get("parameters", []) if item["in"] == "query"]
        if words and not place.is_page:
            send_odd_queries(client, place, words)


def send_odd_queries(client: Client, place: Address, words: list[str]) -> None:
    """Ask with odd values of the declared query words."""

    @odd
    @given(st.dictionaries(st.sampled_from(words), texts, min_size=1, max_size=4))
    def ask(query: dict[str, str]) -> None:
        answer = client.generic("GET", place.path, query_params=as_query(query))
        assert answer.status_code < 500 or answer.status_code == 503, (place, query)

    ask()


def test_each_form_takes_odd_fields_and_is_shown_again(house: House, places: list[Address]) -> None:
    client = house.page("alice")
    names = names_of_fields(client, places)
    everything = sorted({name for field_names_of_form in names.values() for name in field_names_of_form})
    assert len(everything) > 50
    for place in places:
        if place.is_page and "POST" in LEAST_ROLES[place.route] and place.route not in WITHOUT_INPUT:
            send_odd_fields(client, place, sorted(names.get(place.path, ())) or everything)


def send_odd_fields(client: Client, place: Address, names: list[str]) -> None:
    """Send forms with odd values of their fields."""

    @odd
    @given(st.dictionaries(st.sampled_from(names), texts, max_size=12))
    def send(fields: dict[str, str]) -> None:
        with undone():
            answer = client.post(place.path, as_query(fields))
        # No page shows the messages of so many forms, and each answer would carry those of all before it.
        client.cookies.pop("messages", None)
        assert answer.status_code < 500 or answer.status_code == 503, (place, fields)

    send()


def names_of_fields(client: Client, places: list[Address]) -> dict[str, set[str]]:
    """The names of the fields of all forms on all pages, by the address that they are sent to."""
    names: dict[str, set[str]] = {}
    for place in places:
        answer = client.get(place.path) if place.is_page else None
        if answer is None or answer.status_code != 200 or answer.streaming or b"<form" not in answer.content:
            continue
        for form in Page(answer).all("form"):
            fields = [node for tag in ("input", "select", "textarea") for node in Page.all_below(form, tag)]
            field_names_of_form = {node.get("name") for node in fields if node.get("name")}
            names.setdefault(form.get("action") or place.path, set()).update(field_names_of_form)
    own = {"csrfmiddlewaretoken", "form_key", "form_team"}
    return {path: field_names_of_form - own for path, field_names_of_form in names.items()}


def field_names(operation: dict[str, Any]) -> list[str]:
    """The fields of an operation's body; of one that is no JSON, a text in place of them."""
    schema = operation["requestBody"]["content"].get("application/json", {}).get("schema", {})
    if "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return sorted(schema.get("properties", {})) or ["ml.m5.large"]


def as_json(body: Any) -> str:
    """The body as JSON; half of a surrogate pair is written as the escape that stands for it."""
    return json.dumps(body)


def as_query(fields: dict[str, str]) -> dict[str, str]:
    """The fields as a browser can send them, which is as UTF-8."""
    return {name: value.encode("utf-8", "replace").decode() for name, value in fields.items()}
