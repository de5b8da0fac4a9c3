"""Lists of one team show nothing of another; tests/pages/test_access_matrix.py has who is let in where."""

from __future__ import annotations

import pytest

from tests.cast import House
from tests.support.addresses import addresses

pytestmark = pytest.mark.django_db


def test_lists_show_nothing_of_another_team(house: House, other_house: House) -> None:
    job = house.job(name="a-name-nobody-else-has")
    client = other_house.page("charlie")
    for address in addresses(house, job):
        path = address.path
        if not address.names_a_row:
            answer = client.get(path)
            if answer.status_code == 200 and not answer.streaming:
                assert b"a-name-nobody-else-has" not in answer.content, path
