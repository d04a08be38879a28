"""Makes the certificates of `clary.wire.authority`, the only one to import this: `cryptography` is slow to load.

RFC 5280; what clients insist on beyond it is in the CA/Browser Forum's baseline requirements: subject alternative
names, key usages, lifetimes of at most 398 days.
"""

import ipaddress
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID


def make_authority(domains: tuple[str, ...], start: float, end: float) -> bytes:
    """Return key and certificate, in PEM, of an authority that may vouch for `domains` and what is below them alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Clary"),
        x509.NameAttribute(NameOID.COMMON_NAME, "Clary on this machine"),
    ])  # fmt: skip
    every_address = [ipaddress.ip_network("0.0.0.0/0"), ipaddress.ip_network("::/0")]
    builder = (
        _builder(name, name, key.public_key(), start, end)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(certificates=True), critical=True)
        .add_extension(
            x509.NameConstraints(
                permitted_subtrees=[x509.DNSName(domain) for domain in domains],
                excluded_subtrees=[x509.IPAddress(network) for network in every_address],
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return _pem(key) + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def make_leaf(authority: bytes, names: list[str], start: float, end: float) -> bytes:
    """Return key, certificate and issuer in PEM for a server of `names`; `authority` is what `make_authority` made."""
    issuer_key = serialization.load_pem_private_key(authority, None)
    issuer = x509.load_pem_x509_certificate(authority)
    if not isinstance(issuer_key, ec.EllipticCurvePrivateKey):
        raise TypeError(f"The authority's key is of another kind than we make: {type(issuer_key).__name__}")
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Clary")])
    builder = (
        _builder(subject, issuer.subject, key.public_key(), start, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    chain = [builder.sign(issuer_key, hashes.SHA256()), issuer]
    return _pem(key) + b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in chain)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, start: float, end: float
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        subject_name=subject,
        issuer_name=issuer,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=datetime.fromtimestamp(start, UTC),
        not_valid_after=datetime.fromtimestamp(end, UTC),
    )


def _usage(*, certificates: bool) -> x509.KeyUsage:
    """Return the usages of a key that signs certificates, or of a server's."""
    return x509.KeyUsage(
        digital_signature=not certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=certificates,
        crl_sign=certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
