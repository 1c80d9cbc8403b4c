"""Over TLS the certificate is held against the name of the address, though a checked address is connected to."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.tickets.webhooks.conftest import Receiver, endpoint_for, serve
from tickets.webhooks import guard, sending
from tickets.webhooks.models import TEST, Delivery

pytestmark = pytest.mark.django_db
NAME = "hooks.example.com"


def certificate(folder: Path) -> Path:
    """Key and certificate of NAME in one file, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / "both.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[tuple[Receiver, int]]:
    """A receiver behind TLS. Every name leads to this machine, as a name server of an attacker's might say."""
    file, receiver = certificate(tmp_path), Receiver()
    server: ThreadingHTTPServer = serve(receiver)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    trusting = ssl.create_default_context(cafile=str(file))
    monkeypatch.setattr(sending, "tls", lambda: trusting)
    here = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.server_port))]
    monkeypatch.setattr(guard.socket, "getaddrinfo", lambda *args, **kwargs: here)
    settings.WEBHOOK_INTERNAL_HOSTS = [NAME, "other.example.com"]
    yield receiver, server.server_port
    server.shutdown()
    server.server_close()


def test_a_certificate_of_the_name_is_taken_and_of_another_refused(secure):
    receiver, port = secure
    for host, got in ((NAME, 200), ("other.example.com", None)):
        endpoint, _secret = endpoint_for(f"https://{host}:{port}/hook")
        outcome = sending.send(endpoint, Delivery.objects.create(endpoint=endpoint, type=TEST))
        assert (outcome.status, outcome.ok) == (got, got == 200), outcome
    assert [headers["host"] for headers, _, _ in receiver.got] == [f"{NAME}:{port}"]
