"""An HTTP server in a thread of its own: each request is one more arrival, and what a participant answers goes back.

The server (aiohttp) only carries: what a request is worth, and what is wrong with it, the participant says.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeAlias

from aiohttp import web

from chain.errors import SimnetError
from nodes.http import BadRequest, HttpChunk, HttpRequest, HttpResponse, HungUp, refuse
from nodes.messages import Envelope
from simnet.kernel.scheduler import Scheduler
from simnet.log.events import RequestCarried
from simnet.servers.external import ExternalTransport

ANSWER_TIMEOUT_S = 60.0
"""How long somebody outside waits for a participant, or for the next part of its answer."""

BODY_BYTES_MAX = 8 * 2**20
"""Largest body that is taken in."""

CLOSE_TIMEOUT_S = 2.0
"""How long a server waits for answers on their way when it closes."""

LOOPBACK = "127.0.0.1"

OF_THE_CONNECTION = frozenset({"content-length", "transfer-encoding", "connection"})
"""Headers that are the server's own business."""


Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
"""Answers a request."""


class CannotListen(SimnetError):
    """A server cannot have the port that it was to have."""

    exit_code = 2


def listening_socket(port: int = 0, host: str = LOOPBACK) -> socket.socket:
    """A socket at a port, a free one if 0. Raises `CannotListen`."""
    try:
        return socket.create_server((host, port))
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL or (error.errno or 0) < 0:  # which is said of names
            message = f"cannot listen on {host}: it is no address of this machine"
            raise CannotListen(message, f"choose one, such as {LOOPBACK}") from None
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise CannotListen(f"cannot listen on {host}:{port}: {reason}", "choose another port") from None


class Exchange:
    """One request of somebody outside, and what is answered. Made in the server's thread."""

    def __init__(self, server: HttpServer, request: HttpRequest) -> None:
        self._server = server
        self._request = request
        self._loop = asyncio.get_running_loop()
        self._answers: asyncio.Queue[HttpResponse | HttpChunk] = asyncio.Queue()
        self._caller = ""
        self._began = time.monotonic()
        self._first_s = 0.0
        self._status = 0
        self._is_streamed = False

    def deliver(self) -> None:
        """Put the request into the event loop of the run."""
        self._server.scheduler.inbox.put(self._enter)

    async def next(self) -> HttpResponse | HttpChunk:
        """What the participant says next. Raises `TimeoutError`."""
        answer = await asyncio.wait_for(self._answers.get(), ANSWER_TIMEOUT_S)
        self._first_s = self._first_s or time.monotonic() - self._began
        if isinstance(answer, HttpResponse):
            self._status, self._is_streamed = answer.status, answer.streamed
            if answer.streamed and not answer.body:
                self._first_s = 0.0  # the head alone
        return answer

    def end(self, is_complete: bool) -> None:
        """Leave, and have the participant know if it has not said everything."""
        took_s = time.monotonic() - self._began
        self._server.scheduler.inbox.put(partial(self._leave, is_complete, took_s))

    # -- in the event loop of the run --------------------------------------------------------------------------

    def _enter(self) -> None:
        external = self._server.external
        self._caller = external.connect(self._hear)
        external.deliver(self._caller, self._server.participant, self._request, request=1)

    def _hear(self, envelope: Envelope) -> None:
        if isinstance(envelope.message, HttpResponse | HttpChunk) and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._answers.put_nowait, envelope.message)

    def _leave(self, is_complete: bool, took_s: float) -> None:
        server, asked = self._server, self._request
        times = (round(self._first_s, 6), round(took_s, 6))
        how = (self._is_streamed, is_complete, *times)
        server.external.disconnect(self._caller)
        server.external.append(
            RequestCarried(server.participant, self._caller, asked.method, asked.path, self._status, *how)
        )
        if not is_complete:
            self._server.external.deliver(self._caller, self._server.participant, HungUp())


class HttpServer:
    """Carries requests to one participant. With `tls`, over HTTPS."""

    def __init__(
        self,
        participant: str,
        sock: socket.socket,
        external: ExternalTransport,
        scheduler: Scheduler,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.participant = participant
        self.external = external
        self.scheduler = scheduler
        self._server = ServerThread(self._answer, sock, tls)
        scheduler.expect_requests()

    def close(self) -> None:
        """Stop listening. May be called twice."""
        self._server.close()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return _plain(refuse(BadRequest(f"the body is larger than {BODY_BYTES_MAX} bytes", 413)))
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = HttpRequest(request.method, request.path, headers, body, dict(request.query), str(request.url))
        exchange, is_complete = Exchange(self, asked), False
        exchange.deliver()
        try:
            answer = await exchange.next()
            if isinstance(answer, HttpChunk) or not answer.streamed:
                is_complete = True
                return _plain(answer if isinstance(answer, HttpResponse) else HttpResponse(502))
            response = await self._stream(request, answer, exchange)
            is_complete = True
            return response
        except TimeoutError:
            return _plain(refuse(BadRequest(f"{self.participant} does not answer", 504, "timeout")))
        finally:
            exchange.end(is_complete)

    async def _stream(self, request: web.Request, head: HttpResponse, exchange: Exchange) -> web.StreamResponse:
        response = web.StreamResponse(status=head.status, headers=_headers(head))
        await response.prepare(request)
        if head.body:
            await response.write(head.body)
        while True:
            chunk = await exchange.next()
            if isinstance(chunk, HttpChunk):
                await response.write(chunk.data)
                if chunk.is_last:
                    break
        await response.write_eof()
        return response


def _headers(response: HttpResponse) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name.lower() not in OF_THE_CONNECTION}


def _plain(response: HttpResponse) -> web.Response:
    return web.Response(status=response.status, body=response.body, headers=_headers(response))


class ServerThread:
    """An aiohttp server with an event loop and a thread of its own. `handler` answers every request."""

    def __init__(self, handler: Handler, sock: socket.socket, tls: ssl.SSLContext | None = None) -> None:
        self._handler, self._sock, self._tls = handler, sock, tls
        self._loop = asyncio.new_event_loop()
        self._runner: web.AppRunner | None = None
        self._thread = threading.Thread(target=self._serve, name="server", daemon=True)
        started: Future[None] = Future()
        self._loop.call_soon(lambda: self._loop.create_task(self._start(started)))
        self._thread.start()
        started.result()

    def close(self, last: Coroutine[Any, Any, None] | None = None) -> None:
        """Answer what is being answered, for a moment, do what is last to be done, and stop. May be called twice."""
        if not self._thread.is_alive():
            if last is not None:
                last.close()
            return
        done = asyncio.run_coroutine_threadsafe(self._stop(last), self._loop)
        try:
            done.result(2 * CLOSE_TIMEOUT_S)
        except TimeoutError:
            done.cancel()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(2 * CLOSE_TIMEOUT_S)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        left = asyncio.all_tasks(self._loop)
        for task in left:  # of clients that still wait, when the run is over
            task.cancel()
        if left:
            self._loop.run_until_complete(asyncio.wait(left, timeout=CLOSE_TIMEOUT_S))
        self._loop.close()

    async def _stop(self, last: Coroutine[Any, Any, None] | None) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if last is not None:
            await last

    async def _start(self, started: Future[None]) -> None:
        try:
            app = web.Application(client_max_size=BODY_BYTES_MAX)
            app.router.add_route("*", "/{tail:.*}", self._handler)
            self._runner = web.AppRunner(
                app, access_log=None, shutdown_timeout=CLOSE_TIMEOUT_S, handler_cancellation=True
            )
            await self._runner.setup()
            await web.SockSite(self._runner, self._sock, ssl_context=self._tls).start()
            started.set_result(None)
        except BaseException as error:
            started.set_exception(error)
