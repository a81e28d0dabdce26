"""What AWS would say to a call, by the policies of a synthesised template. Small, and honest: what it does not know it raises.

The rules (IAM User Guide, "Policy evaluation logic"): an explicit denial anywhere wins; else a role needs an allowance in its
own policies and, where it has a boundary, one there as well. Everything that is not allowed is denied. Within a condition all
operators and keys have to hold, of a key's values any one.

What it leaves out is not used here: resource policies, session policies, organisations, date, number and address operators.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeAlias

from msgspec import Struct

Context: TypeAlias = Mapping[str, str | tuple[str, ...]]
"""What AWS knows of a call; a tuple is a key with several values."""

SINGLE = frozenset(
    {
        "aws:MultiFactorAuthPresent",
        "aws:PrincipalArn",
        "aws:RequestedRegion",
        "aws:ResourceTag/Environment",
        "aws:ResourceTag/ManagedBy",
        "aws:userid",
        "aws:username",
        "events:source",
        "kms:ViaService",
        "lambda:SourceFunctionArn",
        "s3:if-match",
        "s3:prefix",
        "ssm:resourceTag/Environment",
        "sts:RoleSessionName",
    }
)
MANY = frozenset({"dynamodb:Attributes", "dynamodb:EnclosingOperation", "dynamodb:LeadingKeys"})
"""The keys that are known. A policy or a call that uses another one has to be thought about first."""

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_WILDCARD = re.compile(r"[*?]")


class UnknownError(ValueError):
    """A policy or a call says something that this evaluator does not know, so it has no opinion."""


class Call(Struct, frozen=True):
    """One action on one resource; `*` is none in particular, as for most Describe actions."""

    action: str
    resource: str
    context: Context = {}


class Answer(Struct, frozen=True):
    """Whether it is allowed, and by or for want of what."""

    allowed: bool
    because: str


class Caller(Struct, frozen=True, kw_only=True):
    """A role: what its own policies say, and its boundary, if it has one."""

    name: str
    own: tuple[Mapping[str, Any], ...]
    boundary: tuple[Mapping[str, Any], ...] | None = None

    def asks(self, *calls: Call) -> Answer:
        """Return what AWS says to an operation, which is one or several calls that all have to be allowed."""
        answers = [evaluate(call, self.own, self.boundary) for call in calls]
        return next((answer for answer in answers if not answer.allowed), answers[0])


def evaluate(
    call: Call, own: Iterable[Mapping[str, Any]], boundary: Iterable[Mapping[str, Any]] | None = None
) -> Answer:
    """Answer one call."""
    _known(call.context)
    if _WILDCARD.search(call.action) or (call.resource != "*" and _WILDCARD.search(call.resource)):
        raise UnknownError(f"{call.action} on {call.resource}: a call is about one thing.")
    policies = {"its own policies": list(own)} | ({} if boundary is None else {"its boundary": list(boundary)})
    for name, statements in policies.items():
        for statement in statements:
            if statement["Effect"] == "Deny" and _covers(statement, call):
                return Answer(False, f"denied by {name} ({statement.get('Sid', 'a statement without a name')})")
    for name, statements in policies.items():
        if not any(statement["Effect"] == "Allow" and _covers(statement, call) for statement in statements):
            return Answer(False, f"not allowed by {name}")
    return Answer(True, "allowed")


def may_assume(trust: Iterable[Mapping[str, Any]], principal: str, context: Context) -> bool:
    """Tell whether a trust policy lets a principal assume its role."""
    _known(context)
    found = False
    for statement in trust:
        known = {"Effect", "Principal", "Action", "Condition", "Sid"}
        if set(statement) - known or set(statement["Principal"]) - {"AWS", "Service"}:
            raise UnknownError(f"a trust policy with {sorted(set(statement) - known)} of {statement['Principal']}")
        listed = [each for kind in ("AWS", "Service") for each in _list(statement["Principal"].get(kind, []))]
        if (
            principal in listed
            and "sts:AssumeRole" in _list(statement["Action"])
            and _holds(statement.get("Condition", {}), context)
        ):
            if statement["Effect"] == "Deny":
                return False
            found = True
    return found


def like(text: str, pattern: str) -> bool:
    """Match as IAM does: `*` is any text, also none, `?` one character, and nothing else is special."""
    translated = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in pattern)
    return re.fullmatch(translated, text, re.DOTALL) is not None


def arn_like(arn: str, pattern: str) -> bool:
    """Match two ARNs part by part, so that no wildcard reaches from one part into the next."""
    if pattern == "*":
        return True
    parts, patterns = arn.split(":", 5), pattern.split(":", 5)
    return len(parts) == len(patterns) and all(map(like, parts, patterns))


def _covers(statement: Mapping[str, Any], call: Call) -> bool:
    known = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
    if unknown := set(statement) - known:
        raise UnknownError(f"a statement with {sorted(unknown)}")
    if ("Action" in statement) == ("NotAction" in statement) or ("Resource" in statement) == (
        "NotResource" in statement
    ):
        raise UnknownError("a statement says either what it is about or what it is not about")
    action = any(
        like(call.action.lower(), each.lower()) for each in _list(statement.get("Action", statement.get("NotAction")))
    )
    resource = any(
        filled is not None and arn_like(call.resource, filled)
        for each in _list(statement.get("Resource", statement.get("NotResource")))
        for filled in [_filled(each, call.context)]
    )
    return (
        action == ("Action" in statement)
        and resource == ("Resource" in statement)
        and _holds(statement.get("Condition", {}), call.context)
    )


def _holds(condition: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    results = []
    for operator, block in condition.items():
        for key, values in block.items():
            if key not in SINGLE | MANY:
                raise UnknownError(f"the condition key {key}")
            results.append(_one(operator, key, [str(value) for value in _list(values)], context))
    return all(results)  # after all were looked at, so that what is unknown is found whatever the others say


def _one(operator: str, key: str, values: list[str], context: Context) -> bool:
    asked = context.get(key)
    if operator == "Null":
        return (asked is None) == (values == ["true"])
    quantifier, _, plain = operator.rpartition(":")
    base = plain.removesuffix("IfExists")
    if base not in _OPERATORS or quantifier not in {"", "ForAllValues", "ForAnyValue"}:
        raise UnknownError(f"the operator {operator}")
    if (quantifier == "") == (key in MANY):
        raise UnknownError(f"{operator} on {key}, which has {'several values' if key in MANY else 'one value'}")
    positive, test = _OPERATORS[base]
    patterns = [filled for value in values if (filled := _filled(value, context)) is not None]
    if not positive and len(patterns) < len(values):
        raise UnknownError(f"{operator} on {key} with a variable that the call does not have")
    if asked is None:
        if quantifier == "ForAnyValue":
            return False
        return quantifier == "ForAllValues" or plain != base or not positive
    each = [any(test(value, pattern) for pattern in patterns) == positive for value in _list(asked)]
    return any(each) if quantifier == "ForAnyValue" else all(each)


def _filled(text: str, context: Context) -> str | None:
    """Fill in policy variables; None where the call does not have one: then it matches nothing."""
    for name in _VARIABLE.findall(text):
        if name not in SINGLE:
            raise UnknownError(f"the variable ${{{name}}}")
        value = context.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or _WILDCARD.search(value):
            raise UnknownError(f"the variable ${{{name}}} with the value {value!r}")
        text = text.replace(f"${{{name}}}", value)
    return text


_Test: TypeAlias = Callable[[str, str], bool]


def _equal(value: str, pattern: str) -> bool:
    return value == pattern


def _equal_in_any_case(value: str, pattern: str) -> bool:
    return value.lower() == pattern.lower()


_OPERATORS: dict[str, tuple[bool, _Test]] = {
    "ArnEquals": (True, arn_like),
    "ArnLike": (True, arn_like),
    "ArnNotEquals": (False, arn_like),
    "ArnNotLike": (False, arn_like),
    "Bool": (True, _equal_in_any_case),
    "StringEquals": (True, _equal),
    "StringEqualsIgnoreCase": (True, _equal_in_any_case),
    "StringLike": (True, like),
    "StringNotEquals": (False, _equal),
    "StringNotLike": (False, like),
}
"""Whether it asks for a match or for none, and how a value matches."""


def _known(context: Context) -> None:
    for key, value in context.items():
        kind: Literal["one", "several"] = "one" if isinstance(value, str) else "several"
        if key not in (SINGLE if kind == "one" else MANY):
            raise UnknownError(f"the condition key {key} with {kind} value(s)")


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]
