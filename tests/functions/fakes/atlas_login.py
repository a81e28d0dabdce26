"""Who may ask the fake Atlas: API keys by digest (RFC 7616) and service accounts by OAuth, both really demanded."""

import json
import re
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import md5
from urllib.parse import parse_qsl, urlsplit

from remediation.atlas.transport import Reply, Request
from tests.functions.fakes.atlas_api import HOST, TOKEN

REALM = "MMS Public API"
TOKEN_LASTS = timedelta(hours=1)


class Logins:
    """The keys and accounts that there are, the challenges that were made, and the tokens that were given out."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self.clock = clock
        self.keys: dict[str, str] = {}
        self.accounts: dict[str, str] = {}
        self._nonces: dict[str, set[str]] = {}
        self._tokens: dict[str, datetime] = {}
        self._made = 0

    def token(self, request: Request) -> Reply | None:
        """Answer who asks for a token; None: that is not what is asked."""
        if request.url != f"https://{HOST}{TOKEN}":
            return None
        known = {f"Basic {b64encode(f'{name}:{secret}'.encode()).decode()}" for name, secret in self.accounts.items()}
        wanted = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if request.method != "POST" or not wanted.items() <= request.headers.items():
            return _told(400, {"error": "invalid_request"})
        if dict(parse_qsl(request.body.decode())) != {"grant_type": "client_credentials"}:
            return _told(400, {"error": "unsupported_grant_type"})
        if request.headers.get("Authorization") not in known:
            return _told(401, {"error": "invalid_client", "detail": str(request.headers.get("Authorization"))})
        self._made += 1
        token = f"canary-token-{self._made}"
        self._tokens[token] = self.clock() + TOKEN_LASTS
        seconds = int(TOKEN_LASTS.total_seconds())
        return _told(200, {"access_token": token, "expires_in": seconds, "token_type": "Bearer"})

    def refused(self, request: Request) -> Reply | None:
        """Answer who is not let in; None: who asks is known."""
        scheme, _, rest = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer":
            ends = self._tokens.get(rest)
            return None if ends is not None and self.clock() < ends else self._challenge(f"of {rest}")
        if scheme == "Digest":
            return self._digested(request, rest)
        return self._challenge("")

    def revoke_tokens(self) -> None:
        """Let no token that was given out be good any more."""
        self._tokens.clear()

    def forget_challenges(self) -> None:
        """Let every nonce be stale."""
        self._nonces.clear()

    def _digested(self, request: Request, said: str) -> Reply | None:
        parts = {name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', said)}
        url = urlsplit(request.url)
        uri = f"{url.path}?{url.query}" if url.query else url.path
        nonce, count, name = parts["nonce"], parts["nc"], parts["username"]
        if nonce not in self._nonces or count in self._nonces[nonce]:
            return self._challenge("")
        assert parts["uri"] == uri, "the digest is of another request"
        assert (parts["qop"], parts["realm"]) == ("auth", REALM)
        assert len(parts["cnonce"]) >= 16
        private = self.keys.get(name)
        who, what = _md5(f"{name}:{REALM}:{private}"), _md5(f"{request.method}:{uri}")
        right = _md5(f"{who}:{nonce}:{count}:{parts['cnonce']}:auth:{what}")
        if private is None or parts["response"] != right:
            return self._challenge(said)
        self._nonces[nonce].add(count)
        return None

    def _challenge(self, said: str) -> Reply:
        """Refuse; like a server without manners, it says back what it was told."""
        self._made += 1
        nonce = f"nonce{self._made}=="
        self._nonces[nonce] = set()
        header = f'Digest realm="{REALM}", domain="", nonce="{nonce}", algorithm=MD5, qop="auth", stale=false'
        detail = f"You are not authorized for this resource. {said}".strip()
        told = {"error": 401, "errorCode": "UNEXPECTED_ERROR", "reason": "Unauthorized", "detail": detail}
        return Reply(status=401, headers={"www-authenticate": header}, body=json.dumps(told).encode())


def _md5(text: str) -> str:
    return md5(text.encode()).hexdigest()


def _told(status: int, what: object) -> Reply:
    return Reply(status=status, body=json.dumps(what).encode())
