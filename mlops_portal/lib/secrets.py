"""Credentials at rest: AES-256-GCM under a key ring that lies outside the database.

The text form is `v1:<key id>:<nonce>:<ciphertext>`. The place (table, row, field) is part of what is authenticated, so a
ciphertext that is copied to another row does not open there.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = "v1"
NONCE_BYTES = 12  # what GCM is defined for; random, and far below 2**32 values per key


class CannotDecrypt(Exception):
    """A stored secret does not open. The message says what to do and holds nothing of the secret."""


class UnknownKey(CannotDecrypt):
    """The key that a secret was encrypted with is not in the ring."""


class WrongKey(CannotDecrypt):
    """The ring has a key of that id, but it is another one, or the stored value was moved or changed."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a secret is kept."""

    table: str
    row: int
    field: str

    def __str__(self) -> str:
        return f"{self.table} {self.row}"

    @property
    def bytes(self) -> bytes:
        """Unambiguous: no part can hold the separator."""
        return "\x00".join((self.table, str(self.row), self.field)).encode()


class KeyRing:
    """Keys by id: the first encrypts, all decrypt."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(keys)
        self.current = next(iter(self._keys))

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._keys)})"

    def seal(self, plain: str, place: Place) -> str:
        """The text to store."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = AESGCM(self._keys[self.current]).encrypt(nonce, plain.encode(), place.bytes)
        return ":".join((VERSION, self.current, _text(nonce), _text(sealed)))

    def open(self, stored: str, place: Place) -> str:
        """What was sealed. Raises UnknownKey or WrongKey."""
        key_id = key_id_of(stored)
        if key_id not in self._keys:
            held = ", ".join(self._keys)
            raise UnknownKey(
                f"The credential of {place} was encrypted with key {key_id!r}, which is not in the key ring ({held}). "
                "Put that key back into PORTAL_KEYS, or enter the credential again."
            )
        _, _, nonce, sealed = stored.split(":")
        try:
            return AESGCM(self._keys[key_id]).decrypt(_raw(nonce), _raw(sealed), place.bytes).decode()
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise WrongKey(
                f"The credential of {place} does not open with key {key_id!r}: PORTAL_KEYS holds another key under that "
                "id, or the stored value was changed. Put the right key back, or enter the credential again."
            ) from error


def key_id_of(stored: str) -> str:
    """The id of the key that a stored text was sealed with. Raises WrongKey when the text is none of ours."""
    parts = stored.split(":")
    if len(parts) != 4 or parts[0] != VERSION:
        raise WrongKey(
            "A stored credential is not in the form v1:<key id>:<nonce>:<ciphertext>. Enter it again."
        )
    return parts[1]


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode()


def _raw(value: str) -> bytes:
    return base64.urlsafe_b64decode(value)
