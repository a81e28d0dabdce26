"""How we say who we are: an API key by digest (RFC 7616), or a service account by OAuth. What is secret stays a Secret."""

import hashlib
import re
from base64 import b64encode
from typing import TypeAlias
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from remediation.aws.secrets import SecretShapeError
from remediation.core.redact import GONE, Secret

_PART = re.compile(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_HASHES = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


class Keys(Struct, frozen=True, kw_only=True):
    """An API key of Atlas: its public part, and the private one."""

    public_key: str
    private_key: Secret


class ServiceAccount(Struct, frozen=True, kw_only=True):
    """A service account of Atlas."""

    client_id: str
    client_secret: Secret

    def basic(self) -> str:
        """Return the header by which it asks for a token."""
        pair = f"{self.client_id}:{self.client_secret.reveal()}"
        return f"Basic {b64encode(pair.encode()).decode()}"


Credential: TypeAlias = Keys | ServiceAccount


def credential(secret: Secret, arn: str) -> Credential:
    """Return what a secret holds: {"public_key", "private_key"} or {"client_id", "client_secret"}. Raises SecretShapeError."""
    try:
        match msgspec.json.decode(secret.reveal()):
            case {"public_key": str(name), "private_key": str(private)} if name and private:
                return Keys(public_key=name, private_key=Secret(private))
            case {"client_id": str(name), "client_secret": str(private)} if name and private:
                return ServiceAccount(client_id=name, client_secret=Secret(private))
            case _:
                pass
    except msgspec.DecodeError:
        pass
    raise SecretShapeError(
        f"The secret {arn} is neither an Atlas API key (public_key, private_key) nor a service account (client_id, client_secret)."
    ) from None


def without(credential: Credential, text: str, token: str = "") -> str:
    """Return a text without what is secret of a credential, or the token got by it, should anybody have said it back to us."""
    if token:
        text = text.replace(token, GONE)
    match credential:
        case Keys():
            return text.replace(credential.private_key.reveal(), GONE)
        case ServiceAccount():
            encoded = credential.basic().removeprefix("Basic ")
            return text.replace(encoded, GONE).replace(credential.client_secret.reveal(), GONE)


class Challenge:
    """What a server wants to be answered, and how often it has been."""

    def __init__(self, realm: str, nonce: str, algorithm: str, opaque: str) -> None:
        self._realm, self._nonce, self._algorithm, self._opaque = realm, nonce, algorithm, opaque
        self._times = 0

    @classmethod
    def of(cls, header: str) -> "Challenge | None":
        """Return the challenge in a `WWW-Authenticate`, or None where it is none that can be answered."""
        scheme, _, rest = header.partition(" ")
        parts = {name.lower(): quoted or bare for name, quoted, bare in _PART.findall(rest)}
        algorithm = parts.get("algorithm", "MD5").upper()
        answerable = algorithm in _HASHES and "auth" in re.split(r"\s*,\s*", parts.get("qop", ""))
        if scheme.lower() != "digest" or "nonce" not in parts or not answerable:
            return None
        return cls(parts.get("realm", ""), parts["nonce"], algorithm, parts.get("opaque", ""))

    def answer(self, keys: Keys, method: str, url: str, salt: str) -> str:
        """Return the header that answers it for one request; `salt` is random."""
        self._times += 1
        split = urlsplit(url)
        uri = f"{split.path}?{split.query}" if split.query else split.path
        count = f"{self._times:08x}"
        who = self._hash(f"{keys.public_key}:{self._realm}:{keys.private_key.reveal()}")
        what = self._hash(f"{method}:{uri}")
        response = self._hash(f"{who}:{self._nonce}:{count}:{salt}:auth:{what}")
        opaque = f', opaque="{self._opaque}"' if self._opaque else ""
        return (
            f'Digest username="{keys.public_key}", realm="{self._realm}", nonce="{self._nonce}", uri="{uri}", '
            f'algorithm={self._algorithm}, qop=auth, nc={count}, cnonce="{salt}", response="{response}"{opaque}'
        )

    def _hash(self, text: str) -> str:
        return _HASHES[self._algorithm](text.encode()).hexdigest()
