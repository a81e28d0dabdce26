"""What the function that clears locks may not do, by the synthesised policies: no digest, no state, no lock but those of ours.

As in test_denied.py: each sentence is a mistake or an attack, put to dev, which acts, and to prod, which observes.
"""

import pytest

from tests.stacks.callers import CUSTOMER_KEY, Attempt, Environment, elsewhere, environment
from tests.support.iam import Call, Context

STATE = "starttech/terraform.tfstate"
LOCK = f"{STATE}.tflock"
ETAG = '"0f1e2d3c"'


def by_key(e: Environment, action: str, through: str = "", key: str = CUSTOMER_KEY) -> Call:
    """Return a use of a key, through a service or by oneself."""
    context: Context = {"kms:ViaService": f"{through}.us-east-1.amazonaws.com"} if through else {}
    return e.on(f"kms:{action}", "kms", f"key/{key}", context)


DENIED: dict[str, Attempt] = {
    # The key that they are encrypted with.
    "it decrypts by itself": lambda e: e.locks.asks(by_key(e, "Decrypt")),
    "it encrypts": lambda e: e.locks.asks(by_key(e, "Encrypt", "s3")),
    "it decrypts with another key": lambda e: e.locks.asks(by_key(e, "Decrypt", "s3", "another")),
    "it uses the key of another function": lambda e: e.runbook.asks(by_key(e, "Decrypt", "s3")),
    # The table.
    "it deletes the digest beside a lock": lambda e: e.locks.asks(e.lock("DeleteItem", f"{e.lock_id}-md5")),
    "it replaces the digest": lambda e: e.locks.asks(e.lock("PutItem", f"{e.lock_id}-md5")),
    "it changes the digest": lambda e: e.locks.asks(e.lock("UpdateItem", f"{e.lock_id}-md5")),
    "it deletes the digest of another state": lambda e: e.locks.asks(e.lock("DeleteItem", "another/state-md5")),
    "it deletes another state's lock": lambda e: e.locks.asks(e.lock("DeleteItem", "another/terraform.tfstate")),
    "it deletes by the key without its bucket": lambda e: e.locks.asks(e.lock("DeleteItem", STATE)),
    "it deletes a lock of another workspace": lambda e: e.locks.asks(
        e.lock("DeleteItem", f"{e.bucket}/env:/blue/{STATE}")
    ),
    "it deletes a lock and the digest together": lambda e: e.locks.asks(
        e.on(
            "dynamodb:DeleteItem",
            "dynamodb",
            f"table/{e.name}-starttech-terraform-locks",
            {"dynamodb:LeadingKeys": (e.lock_id, f"{e.lock_id}-md5")},
        )
    ),
    "it deletes without saying which": lambda e: e.locks.asks(
        e.on("dynamodb:DeleteItem", "dynamodb", f"table/{e.name}-starttech-terraform-locks")
    ),
    "it deletes many at once": lambda e: e.locks.asks(e.lock("BatchWriteItem", e.lock_id)),
    "it deletes by SQL": lambda e: e.locks.asks(e.lock("PartiQLDelete", e.lock_id)),
    "it takes a lock": lambda e: e.locks.asks(e.lock("PutItem", e.lock_id)),
    "it changes who holds a lock": lambda e: e.locks.asks(e.lock("UpdateItem", e.lock_id)),
    "it scans the table": lambda e: e.locks.asks(
        e.on("dynamodb:Scan", "dynamodb", f"table/{e.name}-starttech-terraform-locks")
    ),
    "it queries the table": lambda e: e.locks.asks(e.lock("Query", e.lock_id)),
    "it deletes the table": lambda e: e.locks.asks(
        e.on("dynamodb:DeleteTable", "dynamodb", f"table/{e.name}-starttech-terraform-locks")
    ),
    "it reads another state's lock": lambda e: e.locks.asks(e.lock("GetItem", "another/terraform.tfstate")),
    "it deletes the lock of another environment": lambda e: e.locks.asks(
        e.on(
            "dynamodb:DeleteItem",
            "dynamodb",
            f"table/{e.other}-starttech-terraform-locks",
            {"dynamodb:LeadingKeys": (e.lock_id,)},
        )
    ),
    "it deletes the lock in another Region": lambda e: e.locks.asks(elsewhere(e.lock("DeleteItem", e.lock_id))),
    # The bucket.
    "it reads the state": lambda e: e.locks.asks(e.stored("GetObject", STATE)),
    "it reads an older version of the state": lambda e: e.locks.asks(e.stored("GetObjectVersion", STATE)),
    "it reads another lock": lambda e: e.locks.asks(e.stored("GetObject", "another.tfstate.tflock")),
    "it deletes the state": lambda e: e.locks.asks(e.stored("DeleteObject", STATE, ETAG)),
    "it deletes the lock whatever it is by now": lambda e: e.locks.asks(e.stored("DeleteObject", LOCK)),
    "it deletes the lock if there is any": lambda e: e.locks.asks(e.stored("DeleteObject", LOCK, "*")),
    "it deletes another lock of the bucket": lambda e: e.locks.asks(
        e.stored("DeleteObject", "another.tfstate.tflock", ETAG)
    ),
    "it deletes the lock of another bucket": lambda e: e.locks.asks(
        e.stored("DeleteObject", LOCK, ETAG, bucket="another")
    ),
    "it deletes a version of the lock": lambda e: e.locks.asks(e.stored("DeleteObjectVersion", LOCK, ETAG)),
    "it takes a lock by an object": lambda e: e.locks.asks(e.stored("PutObject", LOCK)),
    "it writes the state": lambda e: e.locks.asks(e.stored("PutObject", STATE)),
    "it lists another bucket": lambda e: e.locks.asks(e.stored("ListBucket", bucket="another")),
    "it opens the bucket": lambda e: e.locks.asks(e.stored("PutBucketPolicy")),
    # The signs of life.
    "it reads another secret": lambda e: e.locks.asks(
        e.on("secretsmanager:GetSecretValue", "secretsmanager", "secret:mongodb-AbCdEf")
    ),
    "it stops a build": lambda e: e.locks.asks(e.on("codebuild:StopBuild", "codebuild", "project/terraform-apply")),
    "it starts a build": lambda e: e.locks.asks(e.on("codebuild:StartBuild", "codebuild", "project/terraform-apply")),
    "it looks at the builds of another project": lambda e: e.locks.asks(
        e.on("codebuild:BatchGetBuilds", "codebuild", "project/website")
    ),
    "it terminates the holder": lambda e: e.locks.asks(
        e.on("ec2:TerminateInstances", "ec2", "instance/i-0123456789abcdef0")
    ),
    "it becomes the role of CI": lambda e: e.locks.asks(
        Call("sts:AssumeRole", f"arn:aws:iam::{e.names.place.account}:role/github-actions-terraform", e.here())
    ),
    # The ledger, where it keeps what it saw.
    "it deletes what it saw": lambda e: e.locks.asks(e.item("DeleteItem", f"SEEN#{e.name}#lock/{e.lock_id}")),
    "it raises its own mode": lambda e: e.locks.asks(e.item("UpdateItem", f"MODE#{e.name}#clear-stale-lock")),
    "another runbook writes what it saw": lambda e: e.runbook.asks(
        e.item("UpdateItem", f"SEEN#{e.name}#lock/{e.lock_id}")
    ),
}
ALLOWED: dict[str, Attempt] = {
    "it reads the lock and the digest": lambda e: e.locks.asks(
        e.lock("GetItem", e.lock_id), e.lock("GetItem", f"{e.lock_id}-md5")
    ),
    "it reads the lock's object, and lists the state": lambda e: e.locks.asks(
        e.stored("GetObject", LOCK), e.stored("ListBucket")
    ),
    "it asks for signs of life": lambda e: e.locks.asks(
        e.on("secretsmanager:GetSecretValue", "secretsmanager", "secret:github-runs-AbCdEf"),
        e.on("codebuild:ListBuildsForProject", "codebuild", "project/terraform-apply"),
        e.on("codebuild:BatchGetBuilds", "codebuild", "project/terraform-apply"),
        Call("ec2:DescribeInstances", "*", e.here()),
        Call("cloudtrail:LookupEvents", "*", e.here()),
    ),
    "what it reads is decrypted": lambda e: e.locks.asks(
        *(by_key(e, "Decrypt", service) for service in ("s3", "dynamodb", "secretsmanager"))
    ),
    "it keeps what it saw": lambda e: e.locks.asks(e.item("UpdateItem", f"SEEN#{e.name}#lock/{e.lock_id}")),
}
ALLOWED_TO_ACT: dict[str, Attempt] = {
    "it deletes the lock's item": lambda e: e.locks.asks(e.lock("DeleteItem", e.lock_id)),
    "it deletes the lock's object as it was read": lambda e: e.locks.asks(e.stored("DeleteObject", LOCK, ETAG)),
}
WRITES = ("Batch", "Create", "Delete", "Put", "Start", "Stop", "Terminate", "Update")


@pytest.mark.parametrize("sentence", DENIED)
@pytest.mark.parametrize("where", ["dev", "prod"])
def test_it_is_denied_that(where: str, sentence: str) -> None:
    answer = DENIED[sentence](environment(where))
    assert not answer.allowed, f"in {where}, {sentence}"


@pytest.mark.parametrize("sentence", ALLOWED)
@pytest.mark.parametrize("where", ["dev", "prod"])
def test_it_is_allowed_that(where: str, sentence: str) -> None:
    answer = ALLOWED[sentence](environment(where))
    assert answer.allowed, f"in {where}, {sentence}: {answer.because}"


@pytest.mark.parametrize("sentence", ALLOWED_TO_ACT)
def test_it_is_allowed_where_the_mode_is_act_only_that(sentence: str) -> None:
    acting, watching = (ALLOWED_TO_ACT[sentence](environment(where)) for where in ("dev", "prod"))
    assert acting.allowed, acting.because
    assert not watching.allowed, "prod observes"


def test_where_it_observes_no_right_to_write_to_a_store_of_locks_is_deployed_at_all() -> None:
    ours = f"{environment('prod').names.table}"
    rights = [
        (action, resource)
        for statement in environment("prod").locks.own
        for action in statement["Action"]
        for resource in statement["Resource"]
        if action.startswith(("dynamodb:", "s3:")) and not resource.endswith(f"table/{ours}")
    ]
    assert rights, "it reads them"
    assert not [right for right in rights if right[0].partition(":")[2].startswith(WRITES)]


def test_a_digest_is_denied_by_name_whatever_a_role_allows() -> None:
    dev = environment("dev")
    for action in ("DeleteItem", "PutItem", "UpdateItem"):
        answer = dev.locks.asks(dev.lock(action, f"{dev.lock_id}-md5"))
        assert answer.because == "denied by its boundary (Digests)"
