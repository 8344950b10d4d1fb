"""pymdoccbor as a command: a JSON object on standard input, one on standard output. Bytes are base64."""

import json
import logging
import sys
import tempfile
from base64 import b64decode, b64encode, urlsafe_b64decode

import cbor2
from cryptography.x509 import load_pem_x509_certificate
from pymdoccbor.mdoc.issuer import MdocCborIssuer
from pymdoccbor.mdoc.verifier import MdocCbor


def key(jwk):
    """A P-256 JWK in the package's own form."""
    parts = {name.upper(): urlsafe_b64decode(jwk[name] + "==") for name in ("x", "y", "d") if name in jwk}
    return {"KTY": "EC2", "CURVE": "P_256", "ALG": "ES256", "KID": b"of-the-test", **parts}


def issue(docType, namespaces, signer, holder, validity):
    """Issues an mdoc; gives the IssuerSigned."""
    with tempfile.NamedTemporaryFile(suffix=".pem") as certificate:
        certificate.write(signer["certificate"].encode())
        certificate.flush()
        issuer = MdocCborIssuer(private_key=key(signer["privateJwk"]), alg="ES256")
        made = issuer.new(namespaces, docType, validity, key(holder["publicJwk"]), cert_path=certificate.name)
    return {"issuerSigned": b64encode(cbor2.dumps(made["documents"][0]["issuerSigned"])).decode()}


def plain(value):
    """What JSON can hold: a tagged value without its tag."""
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    return getattr(value, "value", value)


def verify(response, anchor):
    """Verifies a DeviceResponse as far as the package does: signature and digests of the issuer, and the chain."""
    mdoc = MdocCbor()
    mdoc.loads(b64decode(response))
    verified = mdoc.verify([load_pem_x509_certificate(anchor.encode())])
    claims = {name: {id: plain(value) for id, value in held.items()} for name, held in mdoc.disclosure_map.items()}
    return {"verified": verified, "claims": claims}


logging.disable(logging.CRITICAL)
asked = json.load(sys.stdin)
answer = {"issue": issue, "verify": verify}[sys.argv[1]](**asked)
json.dump(answer, sys.stdout, default=str)
