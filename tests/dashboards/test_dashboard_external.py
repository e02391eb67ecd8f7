"""What clients of `simnet up` ask for and pay is on the dashboard, from the demand for payment to the audit."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from chain.quantities import OPG
from dashboards import session_stages
from dashboards.panels.inference import steps_as_lines
from dashboards.text import plain
from nodes.adversaries.services.payments import NeverSettles
from nodes.identity import FACILITATOR, GATEWAY
from nodes.x402 import SESSION_HEADER
from reports.people import balances
from reports.summary import paid
from simnet.measure.state import State
from tests.screens import MEDIUM, NARROW, Terminal, drive
from tests.services import Network402


def story(state: State) -> str:
    external = state.external
    steps = session_stages.stages_of(external, external.sessions.get(external.followed), state.who)
    return "\n".join(map(plain, steps_as_lines(steps)))


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log of a client that asks, pays by session and is answered twice, and of one with a channel."""
    made = tmp_path_factory.mktemp("external")
    net = Network402(made)
    net.chat()
    session = net.chat(pays=net.payer().header(net.now)).answer.headers[SESSION_HEADER]
    net.chat(session=session)
    client = net.channel_payer("channel")
    client.hear(net.chat(pays=client.deposit(OPG // 2, net.now)).answer)
    net.wait(500)
    net.close()
    return made


@pytest.mark.parametrize("size", [NARROW, MEDIUM])
def test_a_request_is_seen_through_to_settlement(directory: Path, size: tuple[int, int]) -> None:
    async def session(terminal: Terminal) -> None:
        await terminal.press("7")
        for word in ("asked 1× for payment", "gpt-5", "hands over", "taken for it", "says: succeeded", "✓ every leaf"):
            assert word in terminal.text
        await terminal.press("6")
        assert "served 0.00158 in 3 answers" in terminal.text
        assert "collected 0.00158" in terminal.text
        assert GATEWAY in terminal.text
        await terminal.press("3")
        assert "payment chain head" in terminal.text
        assert "pay 1" in terminal.text
        await terminal.press("8", "end")
        assert "requests_served" in terminal.text

    drive(directory, session, size)


def test_the_session_is_shown_as_it_goes_on(directory: Path) -> None:
    async def session(terminal: Terminal) -> None:
        await terminal.press("7", "home")
        assert "nobody has asked for anything yet" in terminal.text
        rows = terminal.app.scene.timeline
        first = next(i for i in range(len(rows)) if rows.row(i)["kind"] == "text_served")
        terminal.app.scene.player.go(first)
        await terminal.settle()
        assert "for at most 0.1 OPG" in terminal.text
        assert "hands over" not in terminal.text
        assert "○ 3 answered" in terminal.text

    drive(directory, session)


def test_a_lie_of_the_facilitator_stands_beside_what_the_chain_says(tmp_path: Path) -> None:
    net = Network402(tmp_path)
    net.turn(FACILITATOR, NeverSettles())
    net.chat(pays=net.payer().header(net.now))
    net.wait(200)
    net.close()
    state = net.measured()
    assert "✗ the facilitator says: succeeded" in story(state)
    assert "taken for it" not in story(state)
    books = {one.name: one for one in balances(state)}
    assert (books[GATEWAY].answers, books[GATEWAY].got) == (1, 0.0)
    assert books[FACILITATOR].acts.startswith("settlement ×1")
    (text,) = paid(SimpleNamespace(state=state))  # type: ignore[arg-type]
    assert "| settlement ×1 |" in text


def test_who_pays_nothing_is_said_to(tmp_path: Path) -> None:
    net = Network402(tmp_path)
    session = net.chat(pays=net.payer().header(net.now)).answer.headers[SESSION_HEADER]
    net.chat(session=session, messages=[{"role": "user", "content": "word " * 60_000}])
    net.chat(pays=net.payer("poor", owns=1).header(net.now))
    net.close()
    assert "nobody pays for: cap 1×" in story(net.measured())
    assert "1 payments refused, the last one: invalid_exact_evm_insufficient_balance" in story(net.measured())
