"""What stands between a data folder and a portal that can serve: schema, maturity model, static files, demo."""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from assessments.services.catalog import ensure_shipped_model


def migrate() -> bool:
    """Bring the schema up to date; False when it was."""
    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return False
    call_command("migrate", interactive=False, verbosity=0)
    return True


def ensure_static_files() -> bool:
    """Collect static files once per version of them; False when they were there."""
    if settings.WHITENOISE_USE_FINDERS:
        return False
    version = static_version(settings.BASE_DIR)
    marker = Path(settings.STATIC_ROOT) / ".version"
    if marker.exists() and marker.read_text(encoding="ascii") == version:
        return False
    call_command("collectstatic", interactive=False, verbosity=0, clear=True)
    marker.write_text(version, encoding="ascii")
    return True


def static_version(base: Path) -> str:
    """Changes when a file of ours or a package that brings files does."""
    digest = hashlib.sha256((base / "requirements" / "runtime.lock").read_bytes())
    for path in sorted((base / "static").rglob("*")):
        # The content, not the time: an image keeps times to the second only, and its files cannot be written again.
        if path.is_file():
            digest.update(f"{path.relative_to(base)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def prepare(*, at: datetime) -> None:
    """Schema, maturity model and static files, each only where it is missing."""
    migrate()
    ensure_shipped_model(at=at)
    ensure_static_files()
