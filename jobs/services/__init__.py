"""What a person asks for, in five folders. Pages and the API call these modules and nothing below them.

    submitting    submission.submit, requests, presets, preflight, sample
    attempts      attempts.finish_missing, attempts.retry, stopping.stop, archiving.archive
    listing       job_list, columns, display.for_display, saved_views, bulk_actions, home_summary, history, spending
    registry      registered_models.register, archives, figures
    connections   connections.create, connections.test, limits, prices, browsing

They raise the errors of jobs.services.errors, and SpecError (transform.spec) for a request that breaks a rule.
"""
