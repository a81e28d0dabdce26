"""One project of Atlas: the one way in which anything is asked of the Administration API.

The address is fixed, and no redirect is followed: nothing that configuration, an event or an answer says leads anywhere else
(HAZARDS D7). One request at a time. A read may be asked again, a write is sent once (a refused login, 401, is no try).
"""

import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from remediation.atlas.calls import Call
from remediation.atlas.credentials import Challenge, Credential, Keys, ServiceAccount, credential, without
from remediation.atlas.transport import NoReplyError, Reply, Request, Transport, busy
from remediation.aws.secrets import SecretShapeError, secret
from remediation.core.errors import AwsError
from remediation.core.redact import redact

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

BASE = "https://cloud.mongodb.com"
_TOKEN = f"{BASE}/api/oauth/token"
_AGENT = "starttech-remediation"
_SPARE = 60.0
"""Seconds before its end in which a token is not used any more."""
PAGE, PAGES = 100, 20
"""How many entries are asked for at a time, and how many times."""
_SAID = 300
"""Characters of Atlas's own words in a sentence of ours."""
_PROJECT = re.compile(r"[a-f0-9]{24}\Z")
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9-]{0,63}\Z")
_ADVICE = {
    401: "the API key or service account is unknown or no longer valid, or it is no member of the project's organisation",
    403: "the key's role is too small, or the key's own access list does not have this function's address",
    404: "check the project's id and the name in config/<env>.toml",
    429: "Atlas is being asked too often; it is left alone now",
}

T = TypeVar("T")


class _Refusal(Struct, rename="camel"):
    error_code: str = ""
    detail: str = ""
    reason: str = ""


class _Token(Struct):
    access_token: str
    expires_in: float


class _Page(Struct):
    results: list[Any]


class Atlas:
    """A project. `clock` counts seconds for the token's end, `salt` makes what a digest is salted with."""

    def __init__(
        self,
        project: str,
        credential: Credential,
        transport: Transport,
        *,
        clock: Callable[[], float] = time.monotonic,
        salt: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        if not _PROJECT.match(project):
            raise AwsError(
                f"{project!r} is no id of an Atlas project; it has 24 hexadecimal digits.",
                operation="Atlas",
                code="NotAProject",
            )
        self.project = project
        self._credential, self._transport, self._clock, self._salt = credential, transport, clock, salt
        self._challenge: Challenge | None = None
        self._token: tuple[str, float] | None = None

    def ask(
        self,
        call: Call,
        answer: type[T],
        *,
        cluster: str = "",
        query: Mapping[str, str] | None = None,
        body: object = None,
    ) -> T:
        """Make one call and return what Atlas answers. Raises AwsError."""
        reply = self._sent(call, self._url(call, cluster, query or {}), body)
        if not 200 <= reply.status < 300:
            raise self._refused(call.operation, reply)
        return _understood(reply.body, answer, call.operation)

    def pages(
        self, call: Call, entry: type[T], *, cluster: str = "", query: Mapping[str, str] | None = None
    ) -> list[T]:
        """Return every entry of a call that lists. Raises AwsError, also where there are more than are read."""
        return list(self._entries(call, entry, cluster, query or {}))

    def _entries(self, call: Call, entry: type[T], cluster: str, query: Mapping[str, str]) -> Iterator[T]:
        for number in range(1, PAGES + 1):
            which = {**query, "itemsPerPage": str(PAGE), "pageNum": str(number)} if call.paged else query
            found = self.ask(call, _Page, cluster=cluster, query=which).results
            yield from (_converted(each, entry, call.operation) for each in found)
            if len(found) < PAGE or not call.paged:  # `totalCount` is an estimate, says the description
                return
        raise AwsError(
            f"{call.operation} has more than the {PAGE * PAGES:,} entries that are read.",
            operation=call.operation,
            code="MoreThanIsRead",
        )

    def _url(self, call: Call, cluster: str, query: Mapping[str, str]) -> str:
        if "{cluster}" in call.path and not _NAME.match(cluster):
            raise AwsError(
                f"{cluster!r} cannot be the name of a cluster of Atlas.", operation=call.operation, code="NotAName"
            )
        path = call.path.replace("{cluster}", quote(cluster, safe=""))
        url = f"{BASE}/api/atlas/v2/groups/{self.project}{path}"
        return f"{url}?{urlencode(query)}" if query else url

    def _sent(self, call: Call, url: str, body: object) -> Reply:
        """Send a write once, and a read again while Atlas is busy."""
        for again in (True, True, False) if call.method == "GET" else (False,):
            reply = self._signed(call, url, body, again=again)
            if not again or not busy(reply):
                return reply
        raise AssertionError("the last time is not again")

    def _signed(self, call: Call, url: str, body: object, *, again: bool) -> Reply:
        """Send one request as whom we are; if Atlas wants another signature, once more with that."""
        headers, data = {"Accept": call.media, "User-Agent": _AGENT}, b""
        if body is not None:
            headers["Content-Type"], data = call.media, msgspec.json.encode(body)
        for last in (False, True):
            signed = headers | self._signature(call, url)
            request = Request(method=call.method, url=url, headers=signed, body=data, again=again)
            reply = self._reply(request, call.operation)
            if reply.status != 401 or last or not self._challenged(reply):
                return reply
        raise AssertionError("the second time is the last")

    def _reply(self, request: Request, operation: str) -> Reply:
        try:
            return self._transport(request)
        except NoReplyError as error:
            asked = "not asked," if error.code == "NotSent" else "asked, and"
            raise AwsError(
                f"{operation} failed with {error.code}: Atlas was {asked} {error}.",
                operation=operation,
                code=error.code,
            ) from None

    # ---------------------------------------------------------------------------------------------------- who we are

    def _signature(self, call: Call, url: str) -> dict[str, str]:
        match self._credential:
            case Keys() as keys:
                if self._challenge is None:
                    return {}
                return {"Authorization": self._challenge.answer(keys, call.method, url, self._salt())}
            case ServiceAccount() as account:
                return {"Authorization": f"Bearer {self._bearer(account)}"}

    def _challenged(self, reply: Reply) -> bool:
        """Take what a 401 says, and tell whether to ask once more."""
        match self._credential:
            case Keys():
                self._challenge = Challenge.of(reply.headers.get("www-authenticate", ""))
                return self._challenge is not None
            case ServiceAccount():
                self._token = None
                return True

    def _bearer(self, account: ServiceAccount) -> str:
        if self._token is not None and self._clock() < self._token[1]:
            return self._token[0]
        operation, asked = "Atlas:GetToken", self._clock()
        headers = {
            "Accept": "application/json",
            "Authorization": account.basic(),
            "Cache-Control": "no-cache",
            "Content-Type": "application/x-www-form-urlencoded",
            "User-Agent": _AGENT,
        }
        body = b"grant_type=client_credentials"
        reply = self._reply(Request(method="POST", url=_TOKEN, headers=headers, body=body), operation)
        if reply.status != 200:
            raise self._refused(operation, reply)
        token = _understood(reply.body, _Token, operation)
        self._token = (token.access_token, asked + token.expires_in - _SPARE)
        return token.access_token

    # ----------------------------------------------------------------------------------------------------- refusals

    def _refused(self, operation: str, reply: Reply) -> AwsError:
        if 300 <= reply.status < 400:
            why = f"Atlas answered {reply.status}, which leads elsewhere, and that is not followed"
            return AwsError(f"{operation} failed: {why}.", operation=operation, code="Redirected")
        try:
            refusal = msgspec.json.decode(reply.body, type=_Refusal)
        except msgspec.DecodeError:
            refusal = _Refusal()
        code, own = _code(reply.status, refusal.error_code), _own(refusal.error_code)
        named = code if own in {"", code} else f"{code} ({own})"
        said = refusal.detail or refusal.reason or "Atlas gave no reason"
        said = redact(without(self._credential, " ".join(said.split()), self._token[0] if self._token else ""))[
            :_SAID
        ].rstrip(".")
        advice = _ADVICE.get(reply.status, "")
        sentence = f"{operation} failed with {named}: {said}{f'; {advice}' if advice else ''}."
        return AwsError(sentence, operation=operation, code=code)


def _code(status: int, said: str) -> str:
    """Return the code of a refusal. After a 5xx nobody knows whether it was carried out, and its code says so (core/steps.py)."""
    if status >= 500:
        return "InternalServerError" if status == 500 else "ServiceUnavailable"
    if status == 429:
        return "TooManyRequests"
    return _own(said) or f"HTTP{status}"


def _own(said: str) -> str:
    """Return a code of Atlas's own; nothing where it is none."""
    return said if re.fullmatch(r"[A-Z][A-Z0-9_]{2,99}", said) else ""


def _understood(body: bytes, answer: type[T], operation: str) -> T:
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        raise _not_understood(operation, "it is no JSON") from None
    return _converted(found, answer, operation)


def _converted(found: object, answer: type[T], operation: str) -> T:
    try:
        return msgspec.convert(_without_nulls(found), answer)
    except msgspec.ValidationError as error:
        raise _not_understood(operation, redact(str(error))) from None


def _not_understood(operation: str, why: str) -> AwsError:
    sentence = f"{operation} gave an answer that is not what Atlas describes: {why}."
    return AwsError(sentence, operation=operation, code="NotUnderstood")


def _without_nulls(found: object) -> object:
    """Return what was found without what is null: to Atlas that is the same as not there."""
    match found:
        case dict():
            return {name: _without_nulls(value) for name, value in found.items() if value is not None}
        case list():
            return [_without_nulls(value) for value in found]
        case _:
            return found


def atlas(aws: "Clients", secret_arn: str, project: str, outside: Transport | None = None) -> Atlas:
    """Return a project, with what the secret says who we are; `outside` is how it is asked, if not as always. Raises AwsError."""
    try:
        return Atlas(project, credential(secret(aws, secret_arn), secret_arn), outside or aws.outside)
    except SecretShapeError as error:
        raise AwsError(str(error), operation="SecretsManager:GetSecretValue", code="SecretShape") from None
