"""Pick the certificate authorities that sign AWS endpoints out of the public bundle.

urllib3 parses the whole bundle again for every new connection: some 120 roots cost 18 ms of CPU, five cost under one.
AWS signs its endpoints with Amazon Trust Services alone (https://www.amazontrust.com/repository/). The roots are taken
from botocore's own bundle by fingerprint, so nothing here has to be trusted or kept fresh: a root that is missing there
is an error.
"""

import re
import ssl
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

AMAZON_ROOTS = MappingProxyType(
    {
        "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e": "Amazon Root CA 1",
        "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4": "Amazon Root CA 2",
        "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4": "Amazon Root CA 3",
        "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092": "Amazon Root CA 4",
        "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5": "Starfield Services Root CA - G2",
    }
)
"""SHA-256 of the certificate (DER) to its name."""

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class MissingRootError(ValueError):
    """The public bundle lacks one of Amazon's roots."""


def amazon_roots(bundle: Path) -> str:
    """Answer the five roots found in a PEM bundle, each under its name."""
    found = {sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest(): pem for pem in _PEM.findall(bundle.read_text("utf-8"))}
    if missing := [name for fingerprint, name in AMAZON_ROOTS.items() if fingerprint not in found]:
        msg = f"{bundle.name} lacks {', '.join(missing)}: compare with https://www.amazontrust.com/repository/"
        raise MissingRootError(msg)
    return "".join(f"# {name}\n{found[fingerprint]}\n" for fingerprint, name in AMAZON_ROOTS.items())
