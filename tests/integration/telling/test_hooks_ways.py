"""The way to a webhook: whom we trust there, and that no proxy stands between us and this machine itself."""

from __future__ import annotations

import http.server
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from monitor.ports import DeliveryError, Notification
from monitor.program.clock import SystemClock
from monitor.telling.media.webhook import WebhookMedium
from tests.conftest import need
from tests.rigs.loopback import free_port
from tests.rigs.server.tellees import Hook, web_server


def send(url: str) -> None:
    note = Notification("n1", "lims", "webhook", f"webhook:{url}", "F02 too warm", "F02 too warm")
    WebhookMedium(SystemClock(), {"lims": "k" * 32}.get).deliver(note)


@contextmanager
def https_server(folder: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Its address, the certificate that signed it (its own), and the paths that were posted to."""
    pem, key, posted = str(folder / "cert.pem"), str(folder / "key.pem"), []
    request = [need("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    names = ["-nodes", "-days", "1", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*request, *names, "-keyout", key, "-out", pem], check=True, capture_output=True)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            posted.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}", pem, posted
    finally:
        server.shutdown()
        server.server_close()


def test_a_laboratorys_own_authority_is_trusted_if_the_machine_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with https_server(tmp_path) as (url, certificate, posted):
        with pytest.raises(DeliveryError, match="CERTIFICATE_VERIFY_FAILED") as raised:
            send(f"{url}/first")
        assert not raised.value.permanent
        assert posted == []
        monkeypatch.setenv("SSL_CERT_FILE", certificate)
        send(f"{url}/second")
        assert posted == ["/second"]


def test_no_proxy_stands_between_us_and_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with web_server(Hook()) as hook:
        send(f"{hook.url}/")
    assert len(hook.posted) == 1
