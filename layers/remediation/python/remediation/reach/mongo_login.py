"""A login at MongoDB: pymongo's own SCRAM over our own connection, which stays where it was checked.

The rule of the domain: the password is proven and never sent, so only SCRAM is spoken; what a server demands of us is bounded too,
since the number of rounds that a password is hashed is the server's to say.
"""

from typing import Any

from pymongo.auth_shared import MongoCredential, _Cache, _parse_scram_response
from pymongo.errors import PyMongoError
from pymongo.saslprep import saslprep
from pymongo.synchronous.auth import authenticate

from remediation.core.connection_string import Login
from remediation.core.redact import Secret
from remediation.reach.mongo_link import MongoLink
from remediation.reach.unreachable import UnreachableError

MECHANISMS = frozenset({"DEFAULT", "SCRAM-SHA-1", "SCRAM-SHA-256"})
MOST_ROUNDS = 200_000
"""MongoDB's own are 10,000 and 15,000. So many cost 0.2 s."""


def spoken(login: Login | None) -> bool:
    """Tell whether there is a login, and by a mechanism that is spoken here."""
    return login is not None and login.mechanism in MECHANISMS


def log_in(link: MongoLink, login: Login) -> None:
    """Log in. Raises UnreachableError; nothing that pymongo raises, which may quote what was sent, is kept with it.

    Raises TimeoutError where there is no time for it.
    """
    link.begin()
    credential = MongoCredential(
        login.mechanism, login.source, login.user.reveal(), login.password.reveal(), None, _Cache()
    )
    spoken = _Spoken(link)
    try:
        authenticate(credential, spoken)  # type: ignore[arg-type] # of pymongo's connection it uses only this
    except (PyMongoError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError):
        if not spoken.begun and _forbidden(login.password):
            because = (
                "The password of the connection string has characters that no login may have; the server heard none."
            )
            raise UnreachableError("config", "string-not-understood", because) from None
        because = f"{link.at} answers a login with what is no answer of MongoDB to it."
        raise UnreachableError("auth", "not-understood", because) from None


class _Spoken:
    """What pymongo's login needs of a connection."""

    auth_ctx = None
    negotiated_mechs = None

    def __init__(self, link: MongoLink) -> None:
        self._link = link
        self.begun = False

    def hello_cmd(self) -> dict[str, Any]:
        return {"hello": 1}

    def command(self, database: str, command: Any, **_: Any) -> dict[str, Any]:  # noqa: ANN401 - pymongo's own
        said = dict(command)
        self.begun = self.begun or "saslStart" in said
        answer = self._link.say("auth", database, said)
        rounds = _rounds(answer.get("payload"))
        if rounds > MOST_ROUNDS:
            because = f"{self._link.at} wants the password hashed {rounds:,} times, more than {MOST_ROUNDS:,}."
            raise UnreachableError("auth", "not-understood", because)
        return answer


def _forbidden(password: Secret) -> bool:
    """Tell whether SASLprep (RFC 4013) refuses a password, so that nothing could be made of it to send."""
    try:
        saslprep(password.reveal())
    except (ValueError, LookupError):
        return True
    return False


def _rounds(payload: object) -> int:
    """Return how often the password is to be hashed, read just as pymongo will read it; 0 where that is not said."""
    if not isinstance(payload, bytes):
        return 0
    try:
        return int(_parse_scram_response(payload)[b"i"])
    except (ValueError, LookupError):  # then pymongo says that it is no answer
        return 0
