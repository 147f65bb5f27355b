"""Typed readers of the environment. A wrong value stops the start with one line that names the variable.

A secret may come from a file: NAME_FILE names it. Read by `settings.py` and the launcher alone.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

KEY_BYTES = 32


class WrongSetting(Exception):
    """An environment variable holds what cannot be used. The message names it and says what would do."""


def text(name: str, default: str = "") -> str:
    """The variable, else the content of the file that NAME_FILE names, else `default`."""
    if name in os.environ:
        return os.environ[name]
    path = os.environ.get(f"{name}_FILE")
    if path:
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise WrongSetting(
                f"{name}_FILE names {path}, which cannot be read: {error.strerror}."
            ) from error
    return default


def flag(name: str, *, default: bool = False) -> bool:
    """True for 1, true, yes, on; False for 0, false, no, off and the empty text; anything else stops the start."""
    value = text(name).lower()
    if not value:
        return default
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off"}:
        return False
    raise WrongSetting(f"{name} is {value!r}; it must be 1 or 0.")


def number(name: str, default: int, *, low: int = 0) -> int:
    value = text(name)
    if not value:
        return default
    try:
        parsed = int(value)
    except ValueError as error:
        raise WrongSetting(f"{name} is {value!r}; it must be a whole number.") from error
    if parsed < low:
        raise WrongSetting(f"{name} is {parsed}; it must be at least {low}.")
    return parsed


def words(name: str, default: str = "") -> list[str]:
    """A list parted by commas or blanks."""
    return [word for word in text(name, default).replace(",", " ").split() if word]


def kept_secret(path: Path) -> str:
    """The secret in `path`, made there at the first start (mode 0600). For embedded installations only."""
    return _kept(path, secrets.token_urlsafe(KEY_BYTES))


def kept_key_ring(path: Path) -> str:
    """The key ring text in `path`, made there at the first start (mode 0600). For embedded installations only."""
    return _kept(path, "k1:" + base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode())


def _kept(path: Path, fresh: str) -> str:
    try:
        return _read_or_make(path, fresh)
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise WrongSetting(
            f"{path} cannot be used: {why}. Give this user the folder, or choose another one: PORTAL_DATA_DIR=..."
        ) from error


def _read_or_make(path: Path, fresh: str) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(fresh)
        # A link, not a rename: of two processes that start at once one wins and both read the whole winner.
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
        Path(temporary).unlink()
    return path.read_text(encoding="ascii")


def key_ring(value: str, name: str) -> dict[str, bytes]:
    """`<id>:<base64 of 32 bytes>[,...]` by id; the first encrypts, all decrypt."""
    ring: dict[str, bytes] = {}
    for entry in value.replace(",", " ").split():
        key_id, _, encoded = entry.partition(":")
        try:
            key = base64.urlsafe_b64decode(encoded)
        except (binascii.Error, ValueError) as error:
            raise WrongSetting(f"{name}: key {key_id!r} is not base64.") from error
        if not key_id.isalnum() or len(key) != KEY_BYTES or key_id in ring:
            raise WrongSetting(
                f"{name}: entries look like k1:<base64 of 32 bytes>, with a different id each."
            )
        ring[key_id] = key
    if not ring:
        raise WrongSetting(f"{name} holds no key. Entries look like k1:<base64 of 32 bytes>.")
    return ring


@dataclass(frozen=True, slots=True)
class DatabaseUrl:
    name: str
    user: str
    password: str
    host: str
    port: str
    options: dict[str, Any]


def postgres(value: str) -> DatabaseUrl:
    """The parts of `postgresql://user:password@host:port/name?sslmode=require` (host may be ?host=/socket/dir)."""
    parts = urlsplit(value)
    if parts.scheme not in {"postgres", "postgresql"} or len(parts.path) < 2:
        raise WrongSetting("DATABASE_URL must look like postgresql://user:password@host:5432/name.")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    host = options.pop("host", parts.hostname or "")
    return DatabaseUrl(
        name=unquote(parts.path[1:]),
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        host=host,
        port=str(parts.port or ""),
        options=options,
    )


def redis_urls(value: str) -> tuple[str, str]:
    """(broker address for Celery, cache address for Django) of one REDIS_URL: redis://, rediss:// or unix:///path."""
    parts = urlsplit(value)
    if parts.scheme == "unix" and parts.path.startswith("/"):
        return f"redis+socket://{parts.path}", f"unix://{parts.path}?db=1"
    if parts.scheme in {"redis", "rediss"} and parts.hostname:
        base = value.rstrip("/") if parts.path in {"", "/"} else value
        return value, f"{base}/1" if parts.path in {"", "/"} else value
    raise WrongSetting(
        "REDIS_URL must look like redis://host:6379/0, rediss://... or unix:///path/to/socket."
    )
