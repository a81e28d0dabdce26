"""Write what a person says under their own name, and wake the execution that waits for it.

    SAID#<AWS user id>#<run or request>     says, about, hash, because, at, arn     (read by adapters/said.py)

One word per person, run and plan: a second one changes nothing, and a callback is answered once.
"""

import json

from remediation.adapters.said import said_key
from remediation.adapters.switches import Change, record
from remediation.adapters.table import milliseconds
from remediation.aws.executions import call_back
from remediation.core.redact import redact
from remediation.core.spoken import Says
from remedy.aws import Aws, asking
from remedy.environment import Environment


def say(aws: Aws, environment: Environment, says: Says, *about: str, change: Change, hash_: str = "") -> str | None:
    """Keep what a person says of runs, with the record of it; answer what they had said of the first, if they had.

    Raises RemedyError.
    """
    user = aws.identity.user
    words = {
        each: aws.table.update(
            said_key(user, each),
            "SET says = :says, about = :about, #hash = :hash, because = :because, #at = :at, arn = :arn",
            condition="attribute_not_exists(pk) OR #hash <> :hash",
            reserved=("hash", "at"),
            says=says,
            about=each,
            hash=hash_,
            because=redact(change.because),
            at=milliseconds(change.at),
            arn=aws.identity.arn,
        )
        for each in about
    }
    with asking(environment):
        if record(aws.table, environment.place.environment, change, user=user, updates=words):
            return None
        return aws.table.read(said_key(user, about[0])).text("says")


def answered(aws: Aws, environment: Environment, callback: str) -> bool:
    """Answer a callback: whose word to look up. False where it is closed: answered, timed out or over. Raises RemedyError."""
    told = json.dumps({"by": aws.identity.user}).encode()
    with asking(environment):
        return call_back(aws.clients, callback, told)
