from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "integrations"

    def ready(self) -> None:
        import integrations.checks  # noqa: F401, PLC0415 -- registers the system checks
        from integrations.queries.connections import connection_names  # noqa: PLC0415 -- models are ready only now
        from teams.queries.machines import name_with  # noqa: PLC0415 -- as above

        name_with(connection_names)
