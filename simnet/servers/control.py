"""A server for whoever runs a local network: what is posted to it is injected, as the dashboard's key ``i`` does.

``POST /inject/TOKEN`` with an entry of a scenario's ``faults`` or ``adversaries`` as text. The token is drawn at the
start, and shown with the network's variables: a page in a browser or another program does not know it.
"""

from __future__ import annotations

import asyncio
import hmac
import socket
from collections.abc import Callable
from concurrent.futures import Future

from aiohttp import web

from chain.errors import SimnetError
from simnet.kernel.scheduler import Scheduler
from simnet.servers.http import ANSWER_TIMEOUT_S, ServerThread


class ControlServer:
    """Has what is asked for happen in the event loop of the run."""

    def __init__(self, scheduler: Scheduler, sock: socket.socket, token: str, act: Callable[[str], None]) -> None:
        """`act` raises `SimnetError` for what cannot be injected, and then nothing has changed."""
        self._scheduler = scheduler
        self._token = token
        self._act = act
        self._server = ServerThread(self._answer, sock)

    def close(self) -> None:
        """Stop listening. May be called twice."""
        self._server.close()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        given = request.path.removeprefix("/inject/")
        if request.method != "POST" or not hmac.compare_digest(given.encode(), self._token.encode()):
            return web.Response(status=404, text="there is nothing here")
        try:
            text = (await request.read()).decode()
            await asyncio.wait_for(asyncio.wrap_future(self._in_the_run(text)), ANSWER_TIMEOUT_S)
        except UnicodeDecodeError:
            return web.Response(status=400, text="the text is not UTF-8")
        except SimnetError as error:
            return web.Response(status=400, text=f"{error}\n{error.hint or ''}".strip())
        except TimeoutError:
            return web.Response(status=504, text="the run does not answer")
        return web.Response(text="injected")

    def _in_the_run(self, text: str) -> Future[None]:
        done: Future[None] = Future()

        def perform() -> None:
            try:
                self._act(text)
                done.set_result(None)
            except Exception as error:
                done.set_exception(error)

        self._scheduler.inbox.put(perform)
        return done
