"""The description of the API: complete, with an example everywhere, and the one that is checked in."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from django.urls import URLPattern, URLResolver
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from drf_spectacular.validation import validate_schema
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # the package has no stubs

from mlops_portal import api_v1
from mlops_portal.lib.api.views import Resource, nowhere
from teams.permissions import MATRIX, SCOPES

pytestmark = pytest.mark.slow
CHECKED_IN = Path(__file__).parents[2] / "docs" / "openapi.yaml"
REFRESH = "manage.py spectacular --api-version v1 --validate --fail-on-warn --file docs/openapi.yaml"
METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def generated():
    return SchemaGenerator(api_version="v1").get_schema(request=None, public=True)


@pytest.fixture(scope="module")
def schema(generated):
    return yaml.safe_load(OpenApiYamlRenderer().render(generated, renderer_context={}))


def operations(schema):
    for path, item in schema["paths"].items():
        for method in METHODS & set(item):
            yield f"{method} {path}", item[method]


def test_it_is_the_one_that_is_checked_in(generated):
    written = OpenApiYamlRenderer().render(generated, renderer_context={}).decode()

    assert CHECKED_IN.read_text(encoding="utf-8") == written, (
        f"The API differs from docs/openapi.yaml. Meant so? Then: .venv/bin/python {REFRESH}, and say it in CHANGELOG.md."
    )


def test_it_is_valid(generated):
    validate_schema(generated)


def test_operation_ids_are_stable(schema):
    """A generated client names its functions after these: a changed one breaks callers."""
    assert sorted(operation["operationId"] for _, operation in operations(schema)) == [
        "assessments_list",
        "assessments_read",
        "capabilities_list",
        "connections_list",
        "criteria_list",
        "heatmap",
        "maturity_models_list",
        "maturity_models_read",
        "me",
        "measurements_list",
        "measurements_push",
        "progress",
        "scores_list",
        "signals_list",
        "teams_list",
        "teams_read",
        "teams_score",
        "teams_trace",
        "units_list",
        "units_read",
    ]


def test_every_operation_has_an_example_that_fits_its_schema(schema):
    examples = 0
    for name, operation in operations(schema):
        contents = [operation["responses"]["200"]["content"]]
        if "requestBody" in operation:
            contents.append(operation["requestBody"]["content"])
        for content in contents:
            media = content["application/json"]
            assert media.get("examples"), f"{name} has no example."
            for example in media["examples"].values():
                wanted = {**media["schema"], "components": schema["components"]}
                wrong = [
                    error.message for error in Draft202012Validator(wanted).iter_errors(example["value"])
                ]
                assert wrong == [], name
                examples += 1
    assert examples == 22


def test_every_operation_says_who_may_and_how_it_refuses(schema):
    for name, operation in operations(schema):
        bearer, session = operation["security"]
        assert set(bearer["bearerToken"]) <= set(SCOPES), name
        assert session == {"session": []}
        assert set(operation["responses"]) >= {"200", "400", "401", "403", "406", "429", "503"}, name
        assert operation["description"].splitlines()[-1].startswith("Takes "), name
        assert all(
            one.get("description") for one in operation.get("parameters", ()) if one["in"] == "query"
        ), name


def views(patterns):
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from views(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.callback is not nowhere:
            yield getattr(pattern.callback, "view_class", None)


def test_every_route_names_the_action_it_serves():
    """A route without a policy is closed by HasScope; here it is also a red test (MLflow CVE-2026-2652)."""
    found = list(views(api_v1.urlpatterns))

    assert len(found) == 21
    for view in found:
        assert issubclass(view, Resource), view
        policy = getattr(view, "policy", None)
        if policy is None:
            assert view.scope == "any", view
            continue
        actions = [policy] if isinstance(policy, str) else list(policy.values())
        assert [action for action in actions if action not in MATRIX] == [], view
        if not isinstance(policy, str):
            assert set(policy) == {method for method in METHODS if hasattr(view, method)}, view
