from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "mlops_portal"
    verbose_name = "MLOps Portal"

    def ready(self) -> None:
        import mlops_portal.celery  # noqa: PLC0415 -- without it tasks go to Celery's own default broker
        import mlops_portal.checks  # noqa: F401, PLC0415 -- registers the system checks
