"""The maturity model as other code reads it: the active one, its texts, its plan, its rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from django.db.models import Subquery

from assessments.catalog.parse import parse_maturity_model
from assessments.catalog.schema import MaturityModelFile
from assessments.models import Capability, Criterion, MaturityModel
from assessments.standing import Plan, plan_of

SHIPPED_KEY = "mlops-maturity"


def active_model(key: str = SHIPPED_KEY) -> MaturityModel | None:
    """The active version of a maturity model, without its file's text; None before the first one is activated."""
    return MaturityModel.objects.defer("content").filter(key=key, is_active=True).first()


def active_key(key: str = SHIPPED_KEY) -> Subquery:
    """The primary key of the active version, for who reads it along with something else; `version_of` has the rest."""
    return Subquery(MaturityModel.objects.filter(key=key, is_active=True).values("pk")[:1])


@lru_cache(maxsize=8)
def version_of(pk: int) -> MaturityModel:
    """A version that is or was active, read once per process: all but `is_active` never changes. Raises DoesNotExist."""
    return MaturityModel.objects.defer("content").get(pk=pk)


def model_file(maturity_model: MaturityModel) -> MaturityModelFile:
    """The typed file of a version, parsed once per process: a loaded version's bytes never change."""
    return _parsed(maturity_model.pk, maturity_model.sha256)


def plan(maturity_model: MaturityModel) -> Plan:
    """The shape that scoring needs, made once per process."""
    return _plan(maturity_model.pk, maturity_model.sha256)


@dataclass(frozen=True, slots=True)
class Rows:
    """Database ids of a version's rows by their ids in the file, in the order of the file."""

    criteria: dict[str, int]
    capabilities: dict[str, int]
    slugs: dict[int, str]


def rows(maturity_model: MaturityModel) -> Rows:
    """Ids of criteria and capabilities, read once per process."""
    return _rows(maturity_model.pk, maturity_model.sha256)


# The digest is part of each key: a version that is loaded anew before its activation is parsed anew.
@lru_cache(maxsize=8)
def _parsed(pk: int, sha256: str) -> MaturityModelFile:
    content = MaturityModel.objects.values_list("content", flat=True).get(pk=pk)
    return parse_maturity_model(content.encode("utf-8"), f"maturity model {pk}")


@lru_cache(maxsize=8)
def _plan(pk: int, sha256: str) -> Plan:
    return plan_of(_parsed(pk, sha256))


@lru_cache(maxsize=8)
def _rows(pk: int, sha256: str) -> Rows:
    criteria = dict(
        Criterion.objects.filter(capability__maturity_model=pk)
        .order_by("capability__position", "position")
        .values_list("slug", "pk")
    )
    capabilities = dict(
        Capability.objects.filter(maturity_model=pk).order_by("position").values_list("slug", "pk")
    )
    return Rows(criteria, capabilities, {pk: slug for slug, pk in criteria.items()})


def forget_parsed() -> None:
    """Drop what this process holds; for services that replace a version that was never active, and for tests."""
    version_of.cache_clear()
    _parsed.cache_clear()
    _plan.cache_clear()
    _rows.cache_clear()
