"""Conventions of models, as tests over Django's own registry."""

from __future__ import annotations

from django.apps import apps
from django.core.management import call_command
from django.db import models

OURS = ("teams", "assessments", "integrations", "insights")


def our_models() -> list[type[models.Model]]:
    return [model for app in OURS for model in apps.get_app_config(app).get_models()]


def test_insights_has_no_models() -> None:
    assert list(apps.get_app_config("insights").get_models()) == []


def test_moments_end_in_at_and_days_in_on() -> None:
    exempt = {"valid_until", "last_login"}  # a last valid day; Django's own name
    wrong = [
        f"{model.__name__}.{field.name}"
        for model in our_models()
        for field in model._meta.get_fields()
        if field.name not in exempt
        and (
            (
                isinstance(field, models.DateTimeField)
                and not field.name.endswith("_at")
                and field.name not in {"at", "as_of"}
            )
            or (
                isinstance(field, models.DateField)
                and not isinstance(field, models.DateTimeField)
                and not field.name.endswith("_on")
                and field.name != "pending_since"
            )
        )
    ]
    assert wrong == []


def test_no_model_sorts_by_itself() -> None:
    assert [
        model.__name__ for model in our_models() if model._meta.ordering and model.__name__ != "Unit"
    ] == []


def test_migrations_are_complete(db: None) -> None:
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)
