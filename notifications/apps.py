from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = "Notifications"

    def ready(self) -> None:
        """Listen to the ends of jobs, and to announcements of other apps."""
        from notifications import receivers  # it imports models

        receivers.listen()
