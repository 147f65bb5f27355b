"""Certificates are always checked: against the system's authorities or against the connection's own."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from integrations.connectors.egress import EgressPolicy
from integrations.connectors.http import Failure, Http, Limits, SourceError
from tests.integrations.connectors.hostile import hostile_server


class Authority:
    """A private authority in a folder: `bundle` is what people upload, `server(...)` a server's TLS context."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.certificate = self._sign(self.name, self.key.public_key(), None, days=30)
        self.bundle = folder / "authority.pem"
        self.bundle.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _sign(
        self, name: x509.Name, key: Any, alternative: x509.GeneralName | None, days: int
    ) -> x509.Certificate:
        today = datetime.now(UTC)  # noqa: TID251 -- certificates are checked against the machine's clock
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(today - timedelta(days=60))
            .not_valid_after(today + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=alternative is None, path_length=None), critical=True)
        )
        if alternative is not None:
            builder = builder.add_extension(x509.SubjectAlternativeName([alternative]), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def server(self, alternative: x509.GeneralName, days: int = 30) -> ssl.SSLContext:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")])
        certificate = self._sign(name, key.public_key(), alternative, days)
        file = self.folder / "server.pem"
        file.write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


HERE = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def status(context: ssl.SSLContext | None, bundle: Path | None, scheme: str = "https") -> int:
    with hostile_server(context) as server:
        url = f"{scheme}://127.0.0.1:{server.port}"
        policy = EgressPolicy.from_text(url)
        with Http(url, policy=policy, ca_bundle=bundle, limits=Limits(connect=1, read=1, total=2)) as http:
            try:
                return http.get("echo").status
            except SourceError:
                assert server.asked == [], "nothing is sent before the server has proven its name"
                raise


def test_own_authority_is_accepted(authority: Authority) -> None:
    assert status(authority.server(HERE), authority.bundle) == 200


@pytest.mark.parametrize(
    ("alternative", "days", "knows_authority"),
    [
        (HERE, 30, False),
        (x509.DNSName("other.example.org"), 30, True),
        (x509.IPAddress(ipaddress.ip_address("127.0.0.2")), 30, True),
        (HERE, -1, True),
    ],
    ids=["unknown authority", "another name", "another address", "expired"],
)
def test_certificate_refused(
    authority: Authority,
    alternative: x509.GeneralName,
    days: int,
    knows_authority: bool,
) -> None:
    with pytest.raises(SourceError) as caught:
        status(authority.server(alternative, days), authority.bundle if knows_authority else None)

    assert caught.value.kind is Failure.TLS
    assert not caught.value.can_retry


@pytest.mark.slow
def test_plain_http_on_a_tls_address_is_refused(authority: Authority) -> None:
    with pytest.raises(SourceError) as caught:
        status(None, authority.bundle)
    assert caught.value.kind in {Failure.TLS, Failure.UNREACHABLE}


def test_bundle_that_is_none(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("not a certificate")
    with pytest.raises(SourceError) as caught:
        status(None, bundle)
    assert caught.value.kind is Failure.TLS
