"""Take secrets out of everything that leaves a run: messages, records, logs and answers.

The rule of the domain: user data, console output, container logs and exceptions of this environment carry MongoDB and
Redis URIs, JWT secrets and AWS keys (FACTS.md), and whatever is published is read by more people than may read those.
Where a secret's end is in doubt, too much is taken out rather than too little. Redaction answers for any text, and
redacting twice is the same as redacting once.
"""

import re
from collections.abc import Mapping
from typing import Any, NoReturn

GONE = "***"

_WORD = (
    r"(?:pass(?:word|wd|phrase|code)|pwd|secret(?:string|s)?|token|credentials?|signature|requirepass|jwt"
    r"|(?:api|access|private|secret|encryption|signing|account)[_-]?key(?:[_-]?id)?)"
)
_HEADER = r"(?:authorization|cookie)"
_IS = r"""(?:\\*["'])?\s{0,8}(?:=>|:=|[=:])\s{0,8}"""
_QUOTED = r"""(?:(\\+["'])(?:(?!(?<!\\)\2).)*+(?:\2)?|"(?:\\.|[^"\\])*+"?|'(?:\\.|[^'\\])*+'?)"""
"""In quotes, which may be escaped once or more; a quote that is never closed quotes the rest."""

_CHUNK = re.compile(r"""[^\s"<>`]+""")
"""What may hold a URI: a password in it may hold any of `@`, `/` and `:`, so its end is the last `@`."""
_CUT_OFF = " (...)"
"""What follows a text that was cut while it was told (core/narration.py): the `@` that ends a password may be gone."""
_HOST = re.compile(r"(?:\[[^\]]*\]|[^:\[\]]*)(?::[0-9]{1,5})?\Z")
"""What may stand before the path of a URI without a user."""
_PATH = re.compile(r"[/?#]")
_ASSIGNED = tuple(
    re.compile(rf"({name}{_IS})(?:{_QUOTED}|{bare})", re.IGNORECASE | re.DOTALL)
    for name, bare in ((_HEADER, r"[^\r\n]++"), (rf"(?<![0-9]{{12}}:){_WORD}", r"\S++"))
)
"""`password=...`, `"SecretString": "..."`, `{\\"token\\": ...}`. An ARN's `:<account>:secret:<name>` is a name."""
_PRIVATE_KEY = r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)"
_SHAPED = re.compile(
    rf"{_PRIVATE_KEY}|eyJ[A-Za-z0-9_=-]{{8,}}(?:\.[A-Za-z0-9_=-]*)*|(?:AKIA|ASIA)[A-Z0-9]{{12,}}|\b(?:AKIA|ASIA)[A-Z0-9]{{4,}}"
    r"|(?:FwoGZXIvYXdz|IQoJb3JpZ2lu)[A-Za-z0-9/+=]+|(?:gh[pousr]_|github_pat_|xox[a-z]-)[A-Za-z0-9_-]{4,}",
    re.DOTALL,
)
"""Private keys, JSON web tokens, AWS key ids and session tokens, GitHub's and Slack's tokens."""
_SAID = (
    re.compile(r"""(\bbearer\s{1,8})[^\s"'\\,;]+""", re.IGNORECASE),
    re.compile(rf"(--?{_WORD}\s{{1,8}})\S+", re.IGNORECASE),
    re.compile(r"(\b(?:AUTH|requirepass|masterauth)\s{1,8})\S+"),
    re.compile(r"(redis-cli\b[^\r\n]{0,200}?\s-a\s{0,8})\S+"),
)
"""A word or an option, and then the secret."""
_NAMED = re.compile(rf"(?:{_WORD}|{_HEADER})\Z", re.IGNORECASE)
_ROUNDS = 8


class Secret:
    """A text that nobody is told: shown, formatted and logged as `***`, and refused by whatever would keep it.

    What is read from Secrets Manager or an SSM parameter is one from the moment it is read; `reveal` it where it is used.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text, for the one call that needs it."""
        return self._text

    def __repr__(self) -> str:
        return GONE

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is neither copied nor kept")


_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a terminal or a chat obeys instead of showing it: escapes, and marks that turn the direction of writing."""


def redact(text: str) -> str:
    """Return a text without the secrets in it, of whatever length and however broken, and without what nobody sees."""
    text = _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    for _ in range(_ROUNDS):
        text, before = _once(text), text
        if text == before:
            break
    return text


def redacted(value: Any) -> Any:  # noqa: ANN401 - plain data in, the same shape of plain data out
    """Return plain data (what JSON can say) with every text in it redacted, and whatever is named like a secret gone."""
    match value:
        case str():
            return redact(value)
        case Secret():
            return GONE
        case Mapping():
            return {redact(str(key)): _entry(str(key), entry) for key, entry in value.items()}
        case list() | tuple():
            return [redacted(entry) for entry in value]
        case _:
            return value


def _entry(key: str, value: Any) -> Any:  # noqa: ANN401
    secret = _NAMED.search(key) and value is not None and not isinstance(value, bool)
    return GONE if secret else redacted(value)


def _once(text: str) -> str:
    text = _CHUNK.sub(_without_user, text)
    text = _SHAPED.sub(GONE, text)
    for pattern in _SAID:
        text = pattern.sub(rf"\1{GONE}", text)
    for pattern in _ASSIGNED:
        text = pattern.sub(_without_value, text)
    return text


def _without_user(found: re.Match[str]) -> str:
    chunk = found[0]
    if "://" not in chunk:
        return chunk
    scheme, _, rest = chunk.partition("://")
    user, at, host = rest.rpartition("@")
    if at:
        return f"{scheme}://{GONE}@{host}" if user else chunk
    if ":" in rest and found.string.startswith(_CUT_OFF, found.end()):
        return f"{scheme}://{GONE}"
    hosts = _PATH.split(rest, maxsplit=1)[0].rstrip(".:;,!')")
    return chunk if all(_HOST.match(host) for host in hosts.split(",")) else f"{scheme}://{GONE}"


def _without_value(found: re.Match[str]) -> str:
    name, quote = found[1], found[2] or ""
    if not quote and (first := found[0][len(name)]) in "\"'":
        quote = first
    return f"{name}{quote}{GONE}{quote}"
