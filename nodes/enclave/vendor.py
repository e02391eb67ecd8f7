"""The hardware vendor's certificate authority, made for one run.

The same chain of five as in a real Nitro document: root, region, zone, machine, enclave, with the lifetimes
and extensions that AWS gives them (read off a production document of February 2026). Whoever holds the
seed can certify anything, which is what a leak of the vendor's key means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from nodes.enclave.keys import derive, ecdsa_key

HOUR_S = 3600
DAY_S = 24 * HOUR_S

OVERLAP_S = 900
"""How much longer than its period a certificate is valid at either end, for clocks and for checks that come late
(assumption)."""

ROOT_FROM = datetime(2019, 10, 28, 13, 28, 5, tzinfo=UTC)
ROOT_UNTIL = datetime(2049, 10, 28, 14, 28, 5, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Tier:
    """A level of the hierarchy below the root."""

    name: str
    period_s: int
    path_length: int | None
    """Authorities that may stand between it and an enclave; ``None`` for the enclave itself."""


_AUTHORITIES = (_Tier("region", 20 * DAY_S, 2), _Tier("zone", 6 * DAY_S, 1), _Tier("machine", DAY_S, 0))
_ENCLAVE = _Tier("enclave", 3 * HOUR_S, None)


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate and the key that belongs to it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        """The certificate, as it goes into a document."""
        return self.certificate.public_bytes(Encoding.DER)


@dataclass(frozen=True)
class Vendor:
    """One vendor. Equal seeds give equal certificates."""

    seed: bytes
    name: str = "simnet.nitro-enclaves"
    _issued: dict[tuple[str, int], Credential] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def root(self) -> Credential:
        """The self-signed root, valid as long as AWS's."""
        key = ecdsa_key(derive(self.seed, "root", 32), ec.SECP384R1())
        subject = _name(self.name)
        builder = _builder(subject, subject, key.public_key(), derive(self.seed, "serial/root", 16))
        builder = builder.not_valid_before(ROOT_FROM).not_valid_after(ROOT_UNTIL)
        builder = _as_authority(builder, None, key.public_key())
        return Credential(builder.sign(key, SHA384(), ecdsa_deterministic=True), key)

    @property
    def root_pem(self) -> bytes:
        """The root as verifiers take it."""
        return self.root.certificate.public_bytes(Encoding.PEM)

    def enclave(self, module_id: str, at: int) -> tuple[Credential, tuple[bytes, ...]]:
        """Certificate and key of an enclave at a time in Unix seconds, and the bundle above it, root first."""
        issuer, bundle = self.root, [self.root.der]
        for tier in _AUTHORITIES:
            issuer = self._issue(tier, tier.name, issuer, at)
            bundle.append(issuer.der)
        return self._issue(_ENCLAVE, module_id, issuer, at), tuple(bundle)

    def _issue(self, tier: _Tier, name: str, issuer: Credential, at: int) -> Credential:
        """The certificate that `name` has in the period around `at`."""
        begins = at - at % tier.period_s
        if (name, begins) not in self._issued:
            self._issued[name, begins] = self._certify(tier, name, issuer, begins)
        return self._issued[name, begins]

    def _certify(self, tier: _Tier, name: str, issuer: Credential, begins: int) -> Credential:
        label = f"{tier.name}/{name}/{begins}"
        key = ecdsa_key(derive(self.seed, label, 32), ec.SECP384R1())
        start = datetime.fromtimestamp(begins - OVERLAP_S, UTC)
        end = datetime.fromtimestamp(begins + tier.period_s + OVERLAP_S, UTC)
        builder = _builder(
            _name(f"{name}.{self.name}"),
            issuer.certificate.subject,
            key.public_key(),
            derive(self.seed, f"serial/{label}", 16),
        )
        builder = builder.not_valid_before(start).not_valid_after(end)
        if tier.path_length is None:
            builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            builder = builder.add_extension(_usage(authority=False), critical=False)
        else:
            builder = _as_authority(builder, tier.path_length, key.public_key())
            above = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
            builder = builder.add_extension(above, critical=False)
        return Credential(builder.sign(issuer.key, SHA384(), ecdsa_deterministic=True), key)


def _name(common_name: str) -> x509.Name:
    parts = ((NameOID.COUNTRY_NAME, "US"), (NameOID.ORGANIZATION_NAME, "simnet"), (NameOID.COMMON_NAME, common_name))
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, serial: bytes
) -> x509.CertificateBuilder:
    number = int.from_bytes(serial, "big") | 1
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
    return builder.public_key(key).serial_number(number)


def _as_authority(
    builder: x509.CertificateBuilder, path_length: int | None, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    builder = builder.add_extension(_usage(authority=True), critical=True)
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)


def _usage(authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
