"""Transactions per second through the chain seam, against clients that do less.

Everyone sends the same OPG transfers to an anvil with the same flags, in blocks of the same size:

- the *seam* encodes arguments, mines, and decodes receipts, logs and reverts;
- the *bare client* sends calldata it was given, in the same batches, and reads the same receipts without
  looking into them; *with logs alone* it does not even learn what each transaction used;
- the *loop* is web3.py's ``contract.functions.transfer(...).transact(...)``, one by one.

They take turns, so that a slow moment of the machine meets them all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import orjson

from chain.backends.anvil import AnvilChain
from chain.evm import abi
from chain.quantities import OPG, Address, Gas, Timestamp
from chain.seam import Call

SENDERS = tuple(Address(f"0x{0xA000 + n:040x}") for n in range(20))
RECIPIENT = Address("0x" + "bb" * 20)
GAS = Gas(100_000)

Block = list[tuple[Address, int]]
"""Sender and amount of each transfer."""

Mine = Callable[[Block], None]
"""Takes a block of transfers from Python values to known outcomes."""


@dataclass(frozen=True)
class ChainFigures:
    """Transactions per second, end to end."""

    per_block: int
    seam: float
    bare: float
    bare_logs_alone: float
    transact_loop: float

    @property
    def of_bare(self) -> float:
        """Share of the bare client's speed that the seam reaches."""
        return self.seam / self.bare

    @property
    def times_the_loop(self) -> float:
        """How many times the ``.transact()`` loop's speed."""
        return self.seam / self.transact_loop


def measure(per_block: int = 20, blocks: int = 40, rounds: int = 5) -> ChainFigures:
    """Run the comparison: `rounds` times `blocks` blocks each. Takes some seconds; raises `ChainError`."""
    with ExitStack() as stack:
        miners = [
            miner(stack.enter_context(_chain_with_rich_senders())) for miner in (_seam, _bare, _bare_logs, _transact)
        ]
        spent_s = [0.0] * len(miners)
        for block in _blocks(per_block, blocks=1):
            for mine in miners:
                mine(block)
        for _ in range(rounds):
            for place, mine in enumerate(miners):
                spent_s[place] += _time(mine, list(_blocks(per_block, blocks)))
        transfers = per_block * blocks * rounds
        return ChainFigures(per_block, *(transfers / seconds for seconds in spent_s))


def _time(mine: Mine, blocks: Sequence[Block]) -> float:
    start = time.perf_counter()
    for block in blocks:
        mine(block)
    return time.perf_counter() - start


def _blocks(per_block: int, blocks: int) -> Iterator[Block]:
    for _ in range(blocks):
        yield [(SENDERS[n % len(SENDERS)], n + 1) for n in range(per_block)]


def _chain_with_rich_senders() -> AnvilChain:
    chain = AnvilChain()
    owner = SENDERS[0]
    chain.deploy("OPG", [owner], owner)
    calls = [Call(owner, "OPG", "transfer", (sender, 1_000_000 * OPG)) for sender in SENDERS[1:]]
    chain.mine(calls, Timestamp(chain.head[1] + 1))
    return chain


def _seam(chain: AnvilChain) -> Mine:
    def mine(block: Block) -> None:
        calls = [Call(sender, "OPG", "transfer", (RECIPIENT, amount), GAS) for sender, amount in block]
        mined = chain.mine(calls, Timestamp(chain.head[1] + 1))
        assert all(receipt.ok and receipt.logs for receipt in mined.receipts)

    return mine


def _bare(chain: AnvilChain, outcome: tuple[str, Any] = ("eth_getBlockReceipts", "latest")) -> Mine:
    """A client with nothing but a socket, JSON, and calldata encoded beforehand."""
    connection = HTTPConnection("127.0.0.1", int(chain.url.rpartition(":")[2]))
    calldata: dict[int, str] = {}
    nonce_of = {sender: chain.nonce_of(sender) for sender in SENDERS}
    token, now = chain.address_of("OPG"), chain.head[1]

    def post(request: Any) -> Any:
        connection.request("POST", "/", orjson.dumps(request), {"Content-Type": "application/json"})
        return orjson.loads(connection.getresponse().read())

    def ask(method: str, *params: Any) -> Any:
        return post({"jsonrpc": "2.0", "id": 1, "method": method, "params": params})["result"]

    def mine(block: Block) -> None:
        nonlocal now
        batch: list[dict[str, Any]] = []
        for sender, amount in block:
            data = calldata.get(amount) or calldata.setdefault(amount, _transfer(amount))
            fields = {"from": sender, "to": token, "data": data, "gas": hex(GAS), "gasPrice": "0x0"}
            fields["nonce"] = hex(nonce_of[sender])
            nonce_of[sender] += 1
            batch.append({"jsonrpc": "2.0", "id": len(batch), "method": "eth_sendTransaction", "params": [fields]})
        post(batch)
        now = Timestamp(now + 1)
        ask("evm_mine", {"timestamp": now})
        assert len(ask(*outcome)) == len(block)

    return mine


def _bare_logs(chain: AnvilChain) -> Mine:
    return _bare(chain, ("eth_getLogs", {"fromBlock": "latest", "toBlock": "latest"}))


def _transfer(amount: int) -> str:
    return "0x" + abi.load("OPG").calldata("transfer", (RECIPIENT, amount)).hex()


def _transact(chain: AnvilChain) -> Mine:
    """How a newcomer would do it. web3.py takes a second to import, so only this asks for it."""
    from web3 import HTTPProvider, Web3
    from web3.types import RPCEndpoint, TxParams, Wei

    web3 = Web3(HTTPProvider(chain.url))
    signature: Any = [
        {
            "type": "function",
            "name": "transfer",
            "stateMutability": "nonpayable",
            "inputs": [{"name": "to", "type": "address"}, {"name": "value", "type": "uint256"}],
            "outputs": [{"name": "", "type": "bool"}],
        }
    ]
    token = web3.eth.contract(address=Web3.to_checksum_address(chain.address_of("OPG")), abi=signature)
    accounts = {address: Web3.to_checksum_address(address) for address in (*SENDERS, RECIPIENT)}
    now = chain.head[1]

    def mine(block: Block) -> None:
        nonlocal now
        for sender, amount in block:
            terms = TxParams({"from": accounts[sender], "gasPrice": Wei(0)})
            token.functions.transfer(accounts[RECIPIENT], amount).transact(terms)
        now = Timestamp(now + 1)
        web3.provider.make_request(RPCEndpoint("evm_mine"), [{"timestamp": now}])
        assert len(web3.eth.get_block_receipts("latest")) == len(block)

    return mine
