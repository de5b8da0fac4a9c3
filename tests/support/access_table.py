"""Which role each address asks for: the one table that the tests of access read. A new address needs a row here."""

from __future__ import annotations

from teams.models import Role

#: Rules by their names of addresses: each method that the address has, and the least role that it lets in.
RULES = {
    "GET viewer": """
        home jobs jobs-csv job job-files job-files-csv job-request job-activity job-results input-download job-picture
        output-preview output-download job-logs job-logs-since job-logs-start job-logs-streams job-logs-jump
        job-logs-hits job-logs-number job-logs-text job-errors job-metrics job-plots job-results-figures job-rows-csv
        job-rows-parquet job-outputs-zip models model presets preset connections prices costs costs-csv trends
        trends-csv team activity activity-csv activity-json-lines
        view-tabs registry registry-group registry-version deployments deployment deployment-run
        deployment-run-log schedules schedules-next schedule schedule-runs notifications notification-news
        deliveries delivery palette help help-page jobs-compare compare-rows-csv
        api:me api:job-compare api:deployment-export
        api:job api:job-activity api:job-files api:job-metrics api:job-outputs api:job-preview
        api:job-download api:job-records api:job-logs api:job-logs-text api:model api:members api:activity api:costs
        api:trends
        api:deployment-promotions api:deployment-runs api:deployment-run api:stage-diff api:deliveries api:delivery
        api:schedule-runs api:job-causes api:job-checks api:tuning tuning
        api:job-search
        record-search""",
    "GET viewer, POST viewer": "tokens api:tokens new-channel api:views api:channels api:notification-rules",
    "GET viewer, POST operator": """
        api:jobs api:models api:presets api:deployments api:schedules api:registry-groups api:registry-versions
        api:output-checks api:tunings api:job-searches""",
    "GET viewer, POST admin": "connection channel api:connections api:connection-quotas",
    "GET operator": "api:connection-browse api:objects-count api:conversion conversion data data-listing data-download",
    "GET operator, DELETE operator": "api:upload",
    "GET operator, PUT operator, DELETE operator": "api:connection-objects",
    "PUT operator": "api:upload-part",
    "DELETE admin": "api:engine-key api:token",
    "GET operator, POST operator": """
        find-bad-records run-without-bad-records
        api:connection-conversions api:connection-engine-keys convert
        browse new-job job-stop job-retry job-archive new-model new-preset edit-preset delete-preset new-registry-group
        new-tuning new-registry-version registry-metadata registry-model new-deployment edit-deployment promote
        roll-back remove-check data-delete engine-keys stop-deployment-run new-schedule edit-schedule
        delete-schedule""",
    "GET admin, POST admin": """
        new-connection remove-connection member-remove member-codes new-rule edit-rule remove-rule
        channel-secret remove-channel engine-key-revoke delete-registry-group
        delete-registry-version delete-deployment token-revoke""",
    "POST viewer": "test-connection save-view change-view use-browser api:connection-test",
    "POST operator": """
        api:conversion-stop api:connection-folders stop-conversion
        preflight job-fields run-sample job-finish job-restore model-check default-preset jobs-many reject-promotion
        stop-record-search run-stage pause-stage new-deployment-stages edit-deployment-stages set-price
        read-prices schedule-times pause-schedule resume-schedule run-schedule
        registry-approval job-columns data-bucket data-folder cancel-upload api:jobs-bulk api:connection-buckets
        api:connection-uploads api:upload-complete api:deployment-apply add-check decide-hold api:job-decide
        api:tuning-plan api:tuning-stop stop-tuning api:job-search-plan api:job-search-stop api:job-search-run
        api:jobs-many api:job-preflight api:job-stop api:job-finish api:job-retry api:job-archive api:job-restore
        api:jobs-trials api:model-check api:prices-read api:registry-approval api:registry-model api:promotion-approve
        api:promotion-reject api:deployment-run-stop api:stage-promote api:stage-roll-back api:stage-pause
        api:stage-run api:schedule-preview api:schedule-pause api:schedule-resume api:schedule-run""",
    "POST admin": """
        need-codes token-limit set-budget renew-invitation connection-setup new-service-account read-quotas
        rename-team invite-member member-role member-link withdraw-invitation
        test-channel switch-channel redeliver api:channel-secret api:channel-test api:redeliver""",
    "POST operator, DELETE operator": "api:preset-default",
    "GET viewer, PATCH operator": "api:prices",
    "GET viewer, PUT admin, DELETE admin": "api:budget",
    "GET viewer, DELETE admin": "api:registry-group api:view",
    "GET viewer, PATCH operator, DELETE operator": "api:preset api:schedule api:output-check",
    "GET viewer, PATCH operator, DELETE admin": "api:deployment api:registry-version",
    "GET viewer, PATCH admin, DELETE admin": "api:connection api:channel api:notification-rule",
}
#: Addresses for everybody, for a person in no team or for a token alone, each with tests of its own, and those
#: without a name.
OPEN = frozenset(
    {"sign-in", "sign-in-link", "sign-in-code", "sign-out", "admin-sign-in", "forgotten-password"}
)
OPEN |= {"account", "password", "mail-confirmation", "confirm-address", "end-session", "end-sessions"}
OPEN |= {
    "connect-identity",
    "disconnect-identity",
    "provider",
    "provider-callback",
    "codes",
    "codes-off",
    "recovery-codes",
    "join-team",
    "switch-team",
    "mcp",
}
OPEN |= {"healthz", "readyz", "metrics", "api:schema", "api:docs", "api:None", "None"}


def least_roles() -> dict[str, dict[str, Role]]:
    """The least role by method, for each address that needs one."""
    roles: dict[str, dict[str, Role]] = {}
    for rule, names in RULES.items():
        words = [part.split() for part in rule.split(", ")]
        for name in names.split():
            assert name not in roles, f"{name} has two rows in tests/support/access_table.py."
            roles[name] = {method: Role(role) for method, role in words}
    return roles


LEAST_ROLES = least_roles()


def has_form(name: str) -> bool:
    """Whether the page is a form that viewers may not open."""
    return LEAST_ROLES[name].get("GET", Role.VIEWER) != Role.VIEWER
