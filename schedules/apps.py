from django.apps import AppConfig


class SchedulesConfig(AppConfig):
    name = "schedules"
    verbose_name = "Schedules"

    def ready(self) -> None:
        """Register what starts the runs of presets."""
        from schedules import run_handlers
        from schedules.lifecycle.preset_runs import PresetRuns

        run_handlers.register(PresetRuns())
