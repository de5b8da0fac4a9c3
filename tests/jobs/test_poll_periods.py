"""How often a connection is looked at is a setting."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from jobs.lifecycle.follow import importing, polling
from jobs.models import Connection
from tests.cast import House

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("prefix", ["ENGINE", "AWS"])
def test_a_connection_is_polled_again_when_its_period_is_over(
    house: House, settings: Any, prefix: str
) -> None:
    connection = house.connection
    if prefix == "AWS":
        Connection.objects.update(kind=Connection.Kind.AWS, endpoint_url="")
    setattr(settings, f"{prefix}_POLL_SECONDS", 300)
    for age, is_due in ((timedelta(seconds=250), False), (timedelta(seconds=301), True)):
        Connection.objects.update(polled_at=timezone.now() - age)
        fresh = Connection.objects.get(pk=connection.pk)
        assert fresh.claim_poll(lease=polling.LEASE) is is_due


@pytest.mark.parametrize("prefix", ["ENGINE", "AWS"])
def test_jobs_made_outside_are_searched_again_when_the_period_is_over(
    house: House, settings: Any, prefix: str
) -> None:
    if prefix == "AWS":
        Connection.objects.update(kind=Connection.Kind.AWS, endpoint_url="")
    setattr(settings, f"{prefix}_IMPORT_SECONDS", 300)
    for age, due in ((timedelta(seconds=250), []), (timedelta(seconds=301), [house.connection.pk])):
        Connection.objects.update(import_external=True, imported_at=timezone.now() - age)
        assert importing.due_connections() == due
