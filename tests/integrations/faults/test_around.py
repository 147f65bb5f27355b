"""Faults around the answers: names, addresses, certificates, text, old servers, the environment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from assessments.models import Reading
from integrations.connectors import pinned
from integrations.models import Connection
from teams.services.refusal import Refused
from tests.factories import make_team
from tests.integrations.connectors.hostile import answer, hostile_server
from tests.integrations.connectors.mlflow_fake import payload
from tests.integrations.connectors.test_http_tls import HERE, Authority
from tests.integrations.factories import collect, make_connection, make_source
from tests.integrations.faults.conftest import Patient
from tests.integrations.faults.faulty import Faulty, changed, says
from tests.integrations.faults.fifty import proves
from tests.integrations.faults.table import AT
from tests.integrations.standing import standing

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
Sick = Callable[[str], Patient]

DISGUISES = (
    "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://[::ffff:127.0.0.1]/", "http://[64:ff9b::7f00:1]/",
    "https://user@192.0.2.1/", "http://localhost./", "http://127.0.0.1:22/", "http://127.0.0.1:6379/", "file:///etc/passwd",
    "gopher://127.0.0.1/", "http://169.254.169.254/latest",
)  # fmt: skip


@proves(25)
def test_a_name_that_also_leads_to_a_forbidden_address_is_not_asked(
    sick: Sick, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = sick("mlflow")
    monkeypatch.setattr(pinned, "_addresses", lambda *_: ["127.0.0.1", "169.254.169.254"])
    run = patient.collect()
    assert (run.outcome, run.failure) == ("failed", "blocked")
    assert patient.server.asked == []
    assert standing(patient.team) == patient.before


@proves(26)
@pytest.mark.parametrize("url", DISGUISES)
def test_an_address_in_disguise_is_refused_at_save_and_at_run(url: str, sick: Sick, settings: Any) -> None:
    patient = sick("mlflow")
    with pytest.raises(Refused):
        make_connection(kind="mlflow", base_url=url, answers={})
    Connection.objects.filter(pk=patient.connection.pk).update(base_url=url)
    run = patient.collect()
    assert (run.outcome, run.failure) == ("failed", "blocked")
    assert patient.server.asked == []
    assert standing(patient.team) == patient.before


@proves(28)
def test_a_byte_order_mark_is_no_fault(sick: Sick) -> None:
    patient = sick("mlflow")

    def marked(server: Any, connection: Any, asked: Any) -> None:
        assert isinstance(server, Faulty)
        assert server.inner is not None
        status, body, headers = server.inner.serve_request(asked.target, asked.headers, asked.body)
        answer(connection, b"\xef\xbb\xbf" + body, f"{status} Said", Content_Type=headers["Content-Type"])

    patient.server.inflict("", marked)
    run = patient.collect()
    assert len(patient.server.inflicted) > 10
    assert run.failure == ""
    assert [good for _, good, _ in standing(patient.team)["good"]] == [
        good for _, good, _ in patient.before["good"]
    ]


POISON = "\x00\ud800<script>alert(1)</script>=cmd()\u202e" + "x" * 65_536


def _poisoned(said: Any) -> Any:
    """Every text that a person typed somewhere, made hostile; names that questions are asked by stay."""
    if isinstance(said, list):
        return [_poisoned(one) for one in said]
    if isinstance(said, dict):
        free = {"description", "display_title", "title", "message", "user_id", "run_name", "login"}
        return {
            key: POISON if key in free and isinstance(value, str) else _poisoned(value)
            for key, value in said.items()
        }
    return said


@proves(35)
@pytest.mark.parametrize("kind", ["github", "mlflow"])
def test_hostile_text_is_stored_safely_and_shown_as_text(kind: str, sick: Sick, client: Any) -> None:
    patient = sick(kind)
    patient.server.inflict("", changed(_poisoned))
    run = patient.collect()
    assert len(patient.server.inflicted) > 10
    assert run.outcome in {"ok", "partial", "failed"}
    assert run.failure in {"", "bad_payload"}
    stored = " ".join(Reading.objects.filter(team=patient.team).values_list("latest__detail", flat=True))
    assert "\x00" not in stored
    assert "alert(1)" not in stored
    assert "alert(1)" not in f"{run.message}{run.notes}"


@proves(39)
@pytest.mark.parametrize(
    ("alternative", "days"),
    [(HERE, 30), (x509.DNSName("other.example.org"), 30), (HERE, -1)],
    ids=["unknown authority", "wrong name", "expired"],
)
def test_a_certificate_that_proves_nothing_ends_it(
    alternative: Any, days: int, tmp_path: Path, settings: Any, maturity_model: Any
) -> None:
    with hostile_server(Authority(tmp_path).server(alternative, days)) as server:
        run, connection = _read_once(server.url, settings)
        assert server.asked == []
    assert (run.outcome, run.failure, connection.lease_key) == ("failed", "tls", "")
    assert "certificate" in run.message


@proves(39)
def test_plain_http_on_a_tls_port_never_falls_back(settings: Any, maturity_model: Any) -> None:
    with hostile_server() as server:
        run, _ = _read_once(server.url.replace("http:", "https:"), settings)
        assert server.asked == []
    assert (run.outcome, run.failure) in {("failed", "tls"), ("failed", "unreachable")}


def _read_once(url: str, settings: Any) -> tuple[Any, Connection]:
    settings.PORTAL_EGRESS_ALLOW = url
    connection = make_connection(kind="mlflow", base_url=url, answers={}, at=AT)
    make_source(connection, make_team(created_at=AT), options={"experiments": ["1"]}, at=AT)
    # A host that does not answer the knock steps aside first.
    (run,) = collect(connection, at=AT) or collect(connection, at=AT + timedelta(seconds=5))
    connection.refresh_from_db()
    return run, connection


@proves(45)
def test_an_old_server_without_an_endpoint_is_said_to_be_old(sick: Sick) -> None:
    patient = sick("mlflow")
    absent = says(
        "404 Not Found", payload("endpoint_absent").encode(), Content_Type="text/html; charset=utf-8"
    )
    patient.server.inflict("3.0/mlflow/traces", absent)
    run = patient.collect()
    assert patient.server.inflicted
    assert run.failure == ""
    reading = Reading.objects.select_related("latest").get(team=patient.team, signal="mlflow.traces_30d")
    assert (reading.latest.value, reading.latest.reason) == (None, "unsupported")
    assert standing(patient.team)["verdicts"] == patient.before["verdicts"]


@proves(50)
def test_proxy_variables_are_ignored(sick: Sick, monkeypatch: pytest.MonkeyPatch) -> None:
    patient = sick("mlflow")
    with hostile_server() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        run = patient.collect()
        assert proxy.asked == []
    assert run.failure == ""
    assert patient.server.asked
