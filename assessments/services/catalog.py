"""Load and activate maturity models."""

from __future__ import annotations

import hashlib
from datetime import datetime

from django.db import transaction

from assessments.catalog.parse import parse_maturity_model
from assessments.catalog.schema import MaturityModelFile
from assessments.catalog.shipped import SHIPPED_FILE
from assessments.models import Capability, Criterion, Dimension, LevelDescriptor, MaturityModel
from assessments.queries import catalog
from teams.models import User
from teams.services.events import record_event


class VersionIsImmutable(Exception):
    """Other bytes for a version that is or was active. Nothing changed; give the file a new version number."""

    def __init__(self, maturity_model: MaturityModel) -> None:
        super().__init__(
            f"{maturity_model.key} version {maturity_model.version} has been active and never changes. "
            f"Nothing was loaded. Raise `version:` in the file to {maturity_model.version + 1} and load it again."
        )


def load_maturity_model(
    *, content: bytes, file: str, at: datetime, by: User | None = None, activate: bool = False
) -> MaturityModel:
    """The loaded version. Loading the same bytes again changes nothing (RULINGS 20).

    Raises CatalogError with file, path and reason for a malformed file, VersionIsImmutable for changed bytes of a
    version that is or was active; nothing is stored then.
    """
    parsed = parse_maturity_model(content, file)
    digest = hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        existing = (
            MaturityModel.objects.select_for_update().filter(key=parsed.key, version=parsed.version).first()
        )
        if existing is not None and existing.sha256 == digest:
            loaded = existing
        else:
            if existing is not None:
                if existing.activated_at is not None:
                    raise VersionIsImmutable(existing)
                existing.delete()
            loaded = _store(parsed, content.decode("utf-8"), digest, at)
            catalog.forget_parsed()
            record_event(
                at=at,
                by=by,
                action="maturity_model.load",
                obj=loaded,
                after={"key": loaded.key, "version": loaded.version, "sha256": digest},
            )
        if activate:
            activate_maturity_model(maturity_model=loaded, at=at, by=by)
    return loaded


def activate_maturity_model(*, maturity_model: MaturityModel, at: datetime, by: User | None = None) -> None:
    """Make a version the active one of its key. Teams keep their numbers until they are scored against it."""
    with transaction.atomic():
        versions = MaturityModel.objects.select_for_update().filter(key=maturity_model.key)
        before = next((version for version in versions if version.is_active), None)
        if before is not None and before.pk == maturity_model.pk:
            return
        versions.filter(is_active=True).update(is_active=False)
        maturity_model.is_active = True
        maturity_model.activated_at = maturity_model.activated_at or at
        maturity_model.save(update_fields=["is_active", "activated_at"])
        record_event(
            at=at,
            by=by,
            action="maturity_model.activate",
            obj=maturity_model,
            before={"version": before.version} if before is not None else {},
            after={"version": maturity_model.version},
        )


def ensure_shipped_model(*, at: datetime) -> MaturityModel:
    """The active maturity model; the shipped one is loaded and activated when there is none yet."""
    active = catalog.active_model()
    if active is not None:
        return active
    return load_maturity_model(
        content=SHIPPED_FILE.read_bytes(), file=SHIPPED_FILE.name, at=at, activate=True
    )


def _store(parsed: MaturityModelFile, content: str, digest: str, at: datetime) -> MaturityModel:
    maturity_model = MaturityModel.objects.create(
        key=parsed.key,
        version=parsed.version,
        name=parsed.name,
        sha256=digest,
        content=content,
        loaded_at=at,
    )
    dimensions = {
        dimension.slug: dimension
        for dimension in Dimension.objects.bulk_create(
            Dimension(maturity_model=maturity_model, slug=d.id, name=d.name, position=position)
            for position, d in enumerate(parsed.dimensions)
        )
    }
    capabilities = {
        capability.slug: capability
        for capability in Capability.objects.bulk_create(
            Capability(
                maturity_model=maturity_model,
                dimension=dimensions.get(c.dimension),
                slug=c.id,
                name=c.name,
                is_in_rollup=c.in_rollup,
                position=position,
            )
            for position, c in enumerate(parsed.capabilities)
        )
    }
    LevelDescriptor.objects.bulk_create(
        LevelDescriptor(capability=capabilities[c.id], level=descriptor.level, text=descriptor.text)
        for c in parsed.capabilities
        for descriptor in c.descriptors
    )
    Criterion.objects.bulk_create(
        Criterion(
            capability=capabilities[c.id],
            slug=criterion.id,
            level=criterion.level,
            phase=criterion.phase,
            is_required=criterion.required,
            basis=criterion.basis,
            text=criterion.text,
            na_when=list(criterion.na_when),
            position=position,
        )
        for c in parsed.capabilities
        for position, criterion in enumerate(c.criteria)
    )
    return maturity_model
