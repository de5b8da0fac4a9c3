"""A job's page: one module for each tab, `job_page` for what tabs share, `actions` and `again` for actions."""
