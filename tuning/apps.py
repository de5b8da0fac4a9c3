from django.apps import AppConfig


class TuningConfig(AppConfig):
    name = "tuning"
    verbose_name = "Tuning"

    def ready(self) -> None:
        """Go on with a tuning as soon as one of its jobs has ended."""
        from jobs.models.job_end import job_ended
        from tuning.tasks import advance_tuning_of

        job_ended.connect(advance_tuning_of, dispatch_uid="tuning.advance_tuning_of")
