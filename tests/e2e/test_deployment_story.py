"""A new user carries a version from the registry to production and goes back, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.display import Theme, set_display
from tests.e2e.looking import violations
from tests.support.house import House

pytestmark = [
    pytest.mark.browser,
    pytest.mark.house,
    pytest.mark.xdist_group("house"),
    pytest.mark.timeout(900),
]
GROUP = "tumours"
IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1"
ARCHIVE = "s3://batchdeck-samples/breast-cancer/model.tar.gz"
#: A busy machine takes its time.
LONG = 180_000


def add_version(house: House, note: str) -> None:
    """Approve a further version in the registry; the note is a variable of its container."""
    sagemaker = house.client("sagemaker")
    if GROUP not in str(sagemaker.list_model_package_groups(NameContains=GROUP)):
        sagemaker.create_model_package_group(ModelPackageGroupName=GROUP)
    container = {"Image": IMAGE, "ModelDataUrl": ARCHIVE, "Environment": {"NOTE": note}}
    sagemaker.create_model_package(
        ModelPackageGroupName=GROUP,
        ModelApprovalStatus="Approved",
        InferenceSpecification={
            "Containers": [container],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )


def check_widths(page: Page) -> None:
    """Assert that the page has no violation and scrolls to no side on a phone and on a wide screen."""
    displays: list[tuple[int, Theme]] = [(390, "light"), (390, "dark"), (1920, "light"), (1280, "dark")]
    for width, scheme in displays:
        set_display(page, width, scheme)
        # Colours that change while the page is open take a moment.
        page.reload()
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, width
        assert violations(page) == [], (width, scheme)
    set_display(page, 1280, "light")
    page.reload()


def promote(page: Page, version: int, stage: str, button: str, note: str) -> None:
    page.get_by_role("link", name=f"Promote version {version} to {stage}").click(timeout=LONG)
    page.get_by_label("Note").fill(note)
    page.get_by_role("button", name=button, exact=True).click()
    card = page.get_by_role("region", name=stage)
    expect(card.locator("header")).to_contain_text(f"version {version}", timeout=LONG)


def test_a_version_is_offered_promoted_run_approved_for_production_and_rolled_back(
    house: House, signed_in: Page
) -> None:
    page = signed_in
    page.goto(f"{house.url}/deployments/")
    check_widths(page)
    add_version(house, "first")

    page.get_by_role("link", name="New deployment").first.click()
    check_widths(page)
    page.get_by_label("Name name").fill("Tumours")
    page.get_by_label("Model package group").fill(GROUP)
    for stage in ("staging", "production"):
        page.locator(f"[name='stages.{stage}.data']").fill("s3://batchdeck-samples/breast-cancer/data/")
        output = f"s3://batchdeck-samples/breast-cancer/{stage}/{{run}}/"
        page.locator(f"[name='stages.{stage}.output_path']").fill(output)
    page.locator("[name='stages.production.expression']").fill("cron(0 6 * * ? *)")
    page.get_by_role("button", name="Save deployment").click()
    address = page.url

    promote(page, 1, "Staging", "Deploy", "The first one.")
    page.get_by_role("button", name="Run now in Staging").click()
    expect(page.get_by_role("heading", name="Run of Staging")).to_be_visible()
    expect(page.get_by_text("Completed").first).to_be_visible(timeout=LONG)
    check_widths(page)

    page.goto(address)
    promote(page, 1, "Production", "Approve and deploy", "It ran well in staging.")
    production = page.get_by_role("region", name="Production")
    expect(production.get_by_text("06:00 UTC")).to_have_count(5)
    check_widths(page)

    add_version(house, "second")
    promote(page, 2, "Staging", "Deploy", "A newer one.")
    page.get_by_role("link", name="Promote version 2 to Production").click()
    expect(page.get_by_text("Variable NOTE")).to_be_visible()
    expect(page.get_by_text("It has not run there.")).to_be_visible()
    check_widths(page)
    page.goto(address)
    page.get_by_role("link", name="Roll back Staging to version 1").click()
    expect(page.get_by_text("second → first")).to_be_visible()
    check_widths(page)
    page.get_by_label("Note").fill("The scores fell.")
    page.get_by_role("button", name="Roll back").click()
    staging = page.get_by_role("region", name="Staging")
    expect(staging.locator("header")).to_contain_text("version 1", timeout=LONG)
    expect(page.get_by_text("The scores fell.")).to_be_visible()

    page.goto(f"{house.url}/jobs/?deployment=tumours/staging")
    expect(page.locator("#history a.strong")).to_have_count(1)
