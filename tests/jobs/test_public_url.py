"""What people copy from a page works on their machine, though the service knows the engine by another name."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from tests.cast import House


def request_page(house: House) -> str:
    answer = house.page("alice").get(reverse("job-request", args=[house.job().key]))
    assert answer.status_code == 200
    return answer.content.decode()


def test_code_to_copy_names_the_engine_as_people_reach_it(house: House, settings: Any) -> None:
    settings.ENGINE_URL = house.connection.endpoint_url
    settings.ENGINE_PUBLIC_URL = "http://batch.example.com:8070"
    page = request_page(house)
    # In boto3, in the aws CLI and in the SageMaker SDK; curl speaks to this service.
    assert page.count("http://batch.example.com:8070") == 3
    assert house.connection.endpoint_url not in page


def test_an_engine_that_the_setting_is_not_about_keeps_its_own_address(house: House, settings: Any) -> None:
    settings.ENGINE_URL = "http://engine:8070"
    settings.ENGINE_PUBLIC_URL = "http://batch.example.com:8070"
    assert house.connection.endpoint_url in request_page(house)
