"""Credentials at rest."""

from __future__ import annotations

import pytest

from mlops_portal.lib.secrets import KeyRing, Place, UnknownKey, WrongKey

HERE = Place("connection", 1, "secret")
ONE, TWO = bytes(range(32)), bytes(range(32, 64))


def test_what_was_sealed_opens_again() -> None:
    stored = KeyRing({"k1": ONE}).seal("tøken", HERE)

    assert stored.split(":")[:2] == ["v1", "k1"]
    assert KeyRing({"k2": TWO, "k1": ONE}).open(stored, HERE) == "tøken"


def test_same_secret_never_looks_the_same() -> None:
    ring = KeyRing({"k1": ONE})

    assert ring.seal("token", HERE) != ring.seal("token", HERE)


@pytest.mark.parametrize(
    "place",
    [Place("connection", 2, "secret"), Place("webhook", 1, "secret"), Place("connection", 1, "other")],
)
def test_copied_to_another_place_it_does_not_open(place: Place) -> None:
    ring = KeyRing({"k1": ONE})

    with pytest.raises(WrongKey):
        ring.open(ring.seal("token", HERE), place)


def test_missing_key_is_named() -> None:
    stored = KeyRing({"k1": ONE}).seal("token", HERE)

    with pytest.raises(UnknownKey) as error:
        KeyRing({"k2": TWO}).open(stored, HERE)

    assert str(error.value) == (
        "The credential of connection 1 was encrypted with key 'k1', which is not in the key ring (k2). "
        "Put that key back into PORTAL_KEYS, or enter the credential again."
    )


def test_other_key_under_the_same_id_is_loud() -> None:
    stored = KeyRing({"k1": ONE}).seal("token", HERE)

    with pytest.raises(WrongKey) as error:
        KeyRing({"k1": TWO}).open(stored, HERE)

    assert str(error.value) == (
        "The credential of connection 1 does not open with key 'k1': PORTAL_KEYS holds another key under that id, or the "
        "stored value was changed. Put the right key back, or enter the credential again."
    )


@pytest.mark.parametrize("stored", ["", "token", "v2:k1:AA:AA", "v1:k1:AA", "v1:k1:!!:??", "v1:k1:AAAA:AAAA"])
def test_what_is_no_ciphertext_does_not_pass_for_one(stored: str) -> None:
    with pytest.raises(WrongKey):
        KeyRing({"k1": ONE}).open(stored, HERE)


def test_ring_shows_ids_only() -> None:
    assert repr(KeyRing({"k1": ONE, "k2": TWO})) == "KeyRing(k1, k2)"
