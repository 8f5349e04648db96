"""The HTTP server in a thread of its own."""

from __future__ import annotations

import socket
import threading

import uvicorn
from fastapi import FastAPI

START_SECONDS = 30.0
GRACE_SECONDS = 1
"""How long a request that is being answered may still run at the end; :meth:`WebServer.stop` takes 3 s at
most."""
CONNECTIONS_MAX = 500


class _Server(uvicorn.Server):
    """Says when it listens. In a thread uvicorn leaves the signal handlers alone."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()


class WebServer:
    """Serves an application of :func:`monitor.web.application.create_application`.

    Port 0 takes any free port; after :meth:`start`, ``port`` is the one it has. It serves once: what was
    stopped stays stopped. Beyond 500 connections it answers 503.
    """

    def __init__(self, app: FastAPI, host: str, port: int) -> None:
        self._app = app
        self._host = host
        self.port = port
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None
        self._socket: socket.socket | None = None

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104 (compared only)
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def start(self) -> None:
        """Returns once it listens. Raises OSError, naming the address, if that can't be had; RuntimeError if
        the application fails to start."""
        self._socket = self._bind()
        self.port = self._socket.getsockname()[1]
        config = uvicorn.Config(
            self._app,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            limit_concurrency=CONNECTIONS_MAX,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._serve, args=(self._server,), name="web", daemon=True)
        self._thread.start()
        self._server.listening.wait(START_SECONDS)
        if not self._server.started:
            self.stop()
            raise RuntimeError("the web application did not start; the log says why")

    def _bind(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        try:
            return socket.create_server((self._host, self.port), family=family, backlog=128)
        except OSError as error:
            where = f"{self._host} port {self.port}"
            raise OSError(
                error.errno,
                f"can't listen on {where} ({error.strerror}): stop what listens there, or set web.port",
            ) from error

    def _serve(self, server: _Server) -> None:
        try:
            server.run(sockets=[self._socket] if self._socket else None)
        finally:
            server.listening.set()

    def stop(self) -> None:
        """Ends the event streams, lets running requests finish for a second, and returns within 3 s.
        Repeatable."""
        self._app.state.wiring.events.close()
        if self._server and self._thread:
            self._server.should_exit = True
            self._thread.join(GRACE_SECONDS + 1.0)
            self._server.force_exit = True
            self._thread.join(1.0)
        if self._socket:
            self._socket.close()  # uvicorn has done so, unless it had to be left behind
