from django.apps import AppConfig


class DeploymentsConfig(AppConfig):
    name = "deployments"
    verbose_name = "Deployments"

    def ready(self) -> None:
        """Go on with a run as soon as its job has ended, and let schedules run stages."""
        from deployments.services.stage_runs import StageRuns
        from deployments.tasks import advance_runs_of
        from jobs.models.job_end import job_ended
        from schedules import run_handlers

        run_handlers.register(StageRuns())
        job_ended.connect(advance_runs_of, dispatch_uid="deployments.advance_runs_of")
