"""OpenGradient's native verifier on a chain that has none: the checks run here, a contract at 0x900 has the answers.

See ``chain/contracts/evidence/TEENative.sol``. Before each block, the attestations that its transactions bring along
are checked as of the block's time, under every root certificate that the run knows of.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from eth_abi.abi import encode

from chain.formats.claims import word
from chain.hashing import keccak
from chain.quantities import Address, Timestamp
from chain.seam import Call, Chain
from nodes.enclave.attestation import verify
from nodes.enclave.signing import tee_id

ADDRESS = Address("0x0000000000000000000000000000000000000900")
ARTIFACT = "TEENative"

REFUSED = 1
"""What the contract takes for "not valid"; no hash of measurements is that small."""

_ANSWERS_SLOT = word(0)

_REGISTER = ("TEERegistry", "registerTEEWithAttestation")
_ASK = ("TEENative", "verifyAttestation")
_PROVE = ("TEEEvidence", "proveBadQuote")
"""Calls that end in a question: with a document, a key and a certificate, or with a document about a known enclave."""


class AttestationNative:
    """Answers what transactions will ask the verifier."""

    def __init__(self, *roots: bytes) -> None:
        self._roots = dict.fromkeys(roots)
        self._keys: dict[bytes, dict[tuple[bytes, bytes], None]] = {}
        """Signing key and TLS certificate of each enclave that anybody tried to register, by its id."""

    def answers(self, calls: Sequence[Call], timestamp: Timestamp) -> Mapping[int, int]:
        """Storage of the stand-in; see `chain.seam.Native`."""
        self._roots |= dict.fromkeys(call.args[0] for call in calls if call.function == "setAWSRootCertificate")
        found: dict[int, int] = {}
        for document, spki, tls_der in self._questions(calls):
            for root in self._roots:
                verdict = verify(document, spki, tls_der, root, timestamp)
                answer = int.from_bytes(verdict.pcr_hash, "big") if verdict.valid else REFUSED
                found[_slot(document, spki, tls_der, root, timestamp)] = answer
        return found

    def _questions(self, calls: Sequence[Call]) -> Iterator[tuple[bytes, bytes, bytes]]:
        for call in calls:
            match (call.contract, call.function):
                case where if where in (_REGISTER, _ASK):
                    document, spki, tls_der = call.args[:3]
                    self._keys.setdefault(tee_id(spki), {})[spki, tls_der] = None
                    yield document, spki, tls_der
                case where if where == _PROVE:
                    _, _, evidence, document = call.args
                    for spki, tls_der in self._keys.get(evidence[:32], ()):
                        yield document, spki, tls_der


def install(chain: Chain, *roots: bytes) -> None:
    """Give a chain the verifier. It knows these roots (PEM, empty for AWS's), and those that the registry is told."""
    chain.etch(ADDRESS, ARTIFACT, AttestationNative(*roots))


def _slot(document: bytes, spki: bytes, tls_der: bytes, root: bytes, timestamp: Timestamp) -> int:
    question = encode(["bytes", "bytes", "bytes", "bytes", "uint256"], [document, spki, tls_der, root, timestamp])
    return int.from_bytes(keccak(keccak(question) + _ANSWERS_SLOT), "big")
