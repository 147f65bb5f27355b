"""The bytes of an answer, unpacked within caps. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterable

from integrations.connectors.failures import Failure, SourceError

ERROR_BODY = 64 * 1024
_MIB = 2**20


def unpacked(chunks: Iterable[bytes], *, encoding: str, wire_cap: int, decoded_cap: int, host: str) -> bytes:
    """The whole body. Raises SourceError: TOO_BIG above a cap, BAD_PAYLOAD for a packing that is cut, broken or not asked for."""
    if encoding not in {"", "identity", "gzip", "x-gzip"}:
        raise bad_payload(host, "packed its answer in a way that was not asked for")
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16) if "gzip" in encoding else None
    found, wire = bytearray(), 0
    for chunk in chunks:
        wire += len(chunk)
        # One byte beyond the cap proves a bomb; the rest of it is never unpacked.
        room = decoded_cap - len(found) + 1
        try:
            found += unpack.decompress(chunk, room) if unpack else chunk
        except zlib.error:
            raise bad_payload(host, "sent a packed answer that cannot be unpacked") from None
        if wire > wire_cap or len(found) > decoded_cap:
            raise SourceError(
                Failure.TOO_BIG,
                f"{host} sent more than {wire_cap / _MIB:g} MiB ({decoded_cap / _MIB:g} MiB unpacked) in one answer; "
                "nothing was taken from it. Narrow the mapping.",
            )
    if unpack and (not unpack.eof or unpack.unused_data):
        raise bad_payload(host, "sent a packed answer that was cut")
    return bytes(found)


def beginning(chunks: Iterable[bytes]) -> bytes:
    """The first 64 KiB: enough for an error code, whatever follows."""
    found = bytearray()
    for chunk in chunks:
        found += chunk
        if len(found) >= ERROR_BODY:
            break
    return bytes(found[:ERROR_BODY])


def refuse_web_page(body: bytes, *, content_type: str, host: str) -> None:
    """Raises BAD_PAYLOAD for HTML: a sign-in page with status 200 must not become "nothing found"."""
    if "html" in content_type.lower() or body[:100].lstrip().startswith(b"<"):
        raise bad_payload(host, "answered with a web page, often a sign-in page or a proxy, not with data")


def bad_payload(host: str, what: str) -> SourceError:
    return SourceError(
        Failure.BAD_PAYLOAD, f"{host} {what}; nothing was taken from it. Check the address of the connection."
    )
