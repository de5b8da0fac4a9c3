from django.apps import AppConfig


class SchedulesConfig(AppConfig):
    name = "schedules"
    verbose_name = "Schedules"

    def ready(self) -> None:
        """Register what starts the runs of presets, and the use of presets by schedules."""
        from jobs.services.submitting import presets
        from schedules import run_handlers
        from schedules.lifecycle.preset_runs import PresetRuns, count_schedules

        run_handlers.register(PresetRuns())
        presets.add_use(count_schedules)
