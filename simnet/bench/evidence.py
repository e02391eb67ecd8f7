"""What evidence costs to make and to judge: enclaves' signatures and attestations off chain, and on it.

CPU seconds of one thread; gas as anvil and revm agree on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from chain.backends.anvil import AnvilChain
from chain.quantities import Address, Gas, Timestamp
from chain.seam import Call
from nodes.enclave import native, nitro
from nodes.enclave.attestation import verify
from nodes.enclave.enclave import Enclave
from nodes.enclave.keys import verify_pss
from nodes.enclave.vendor import Vendor

AT = 1_767_225_600
MESSAGE = bytes(range(32))
SENDER = Address("0x" + "a1" * 20)
GAS = Gas(500_000)


@dataclass(frozen=True)
class EvidenceFigures:
    """One core's work."""

    documents_s: float
    """Attestation documents verified in a second, certificate chain included."""
    signatures_s: float
    """RSA-PSS signatures verified in a second."""
    answers_s: float
    """Answers signed in a second."""
    signature_gas: int
    """Gas of a transaction that verifies one RSA-PSS signature."""


def measure() -> EvidenceFigures:
    """Make one enclave, and measure what it and its verifiers do."""
    vendor = Vendor(b"bench")
    enclave = Enclave(vendor, "bench", nitro.measurement("bench"), b"bench", AT)
    document, spki, tls_der = enclave.attest(AT), enclave.key.spki, enclave.tls.der
    signature = enclave.key.sign(MESSAGE)
    return EvidenceFigures(
        documents_s=per_second(lambda: verify(document, spki, tls_der, vendor.root_pem, AT), 300),
        signatures_s=per_second(lambda: verify_pss(spki, MESSAGE, signature), 3_000),
        answers_s=per_second(lambda: enclave.key.sign(MESSAGE), 300),
        signature_gas=signature_gas(spki, signature),
    )


def per_second(act: Callable[[], object], times: int) -> float:
    """How often something can be done in a second of CPU time."""
    act()
    started = time.process_time()
    for _ in range(times):
        act()
    return times / (time.process_time() - started)


def signature_gas(spki: bytes, signature: bytes) -> int:
    """What the contract at 0x900 uses, the transaction included."""
    with AnvilChain() as chain:
        chain.fund(SENDER)
        native.install(chain)
        call = Call(SENDER, native.ARTIFACT, "verifyRSAPSS", (spki, MESSAGE, signature), GAS)
        return chain.mine([call], Timestamp(chain.head[1] + 1)).receipts[0].gas_used
