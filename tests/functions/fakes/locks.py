"""Fake clients of the two stores of Terraform's locks, and of CodeBuild: what is handed in as `aws` to clear-stale-lock.

They are as strict about conditions as the real ones, and let nobody read a state.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import md5
from io import BytesIO
from typing import Any

from remediation.adapters.sightings import Seen
from remediation.aws.terraform import State
from remediation.core.errors import AwsError
from tests.functions.fakes.strict import Calls, Fake, Pages
from tests.support.toy import PLACE

Clock = Callable[[], datetime]

WRITTEN_AT = datetime.fromisoformat("2026-11-20T00:00:00+00:00")


@dataclass
class Stored:
    """What is in the two stores: for each state the item, and the object with the time at which it was written."""

    states: tuple[State, ...]
    clock: Clock
    items: dict[str, str] = field(default_factory=dict)
    objects: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    builds: list[dict[str, Any]] = field(default_factory=list)
    """What CodeBuild knows; None in a build's place makes it unreachable."""
    unreachable: bool = False
    ids: dict[str, str] = field(default_factory=dict)
    """Who wrote what has such an ETag: the ID of the lock."""
    written_at: datetime = WRITTEN_AT
    """When the states were written."""

    def lock(self, state: State, raw: str, id_: str, *, ago: timedelta, item: bool = True, file: bool = False) -> None:
        """Lock as Terraform did so long ago."""
        if item:
            self.items[state.lock_id] = raw
        if file:
            self.objects[state.lock_key] = (raw, self.clock() - ago)
            self.ids[etag(raw)] = id_


class Seeing:
    """The sightings, in memory: `aws.sightings`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.seen: dict[str, tuple[str, datetime, str, datetime]] = {}
        self.looked: dict[str, datetime] = {}
        self.texts: dict[str, str] = {}

    def see(self, subject: str, id_: str, mark: str, *, within: timedelta | None = None) -> Seen:
        """Return since when it is seen, and since when it looks like that; anew where nobody has looked `within`."""
        now = self._clock()
        if within is not None and now - self.looked.get(subject, now) > within:
            del self.seen[subject]
        known, at, looked, moved_at = self.seen.get(subject, ("", now, "", now))
        if known != id_:
            at = now
        if (known, looked) != (id_, mark):
            moved_at = now
        self.seen[subject], self.looked[subject] = (id_, at, mark, moved_at), now
        return Seen(at=at, moved_at=moved_at, now=now)

    def keep(self, subject: str, text: str) -> None:
        """Keep a text."""
        self.texts[subject] = text

    def kept(self, subject: str) -> str:
        """Return the text that was kept last."""
        return self.texts.get(subject, "")


class LockClients:
    """What an action and a diagnosis are handed as `aws`."""

    def __init__(self, stored: Stored) -> None:
        self.place, self.calls, self.stored = PLACE, Calls(), stored
        self.sightings = Seeing(stored.clock)
        self.dynamodb, self.s3 = DynamoDb(stored, self.calls), S3(stored, self.calls)
        self.codebuild, self.acting = CodeBuild(stored, self.calls), ActingLockClients(stored, self.calls)

    @property
    def mutations(self) -> list[tuple[str, str]]:
        """Return what was asked to be changed, and the ID of the lock that it was about."""
        return [(call.operation, self._id(call.parameters)) for call in self.calls.made if call.acting]

    def _id(self, parameters: Any) -> str:
        if "IfMatch" in parameters:
            return self.stored.ids.get(parameters["IfMatch"], "")
        return str(json.loads(parameters["ExpressionAttributeValues"][":seen"]["S"])["ID"])


class ActingLockClients:
    """The clients that change something."""

    def __init__(self, stored: Stored, calls: Calls) -> None:
        self.dynamodb, self.s3 = DynamoDb(stored, calls, acting=True), S3(stored, calls, acting=True)


class _Store(Fake):
    def __init__(self, stored: Stored, calls: Calls, *, acting: bool = False) -> None:
        super().__init__(calls, acting=acting)
        self._stored = stored


class DynamoDb(_Store):
    """The table: locks, and the digests beside them."""

    service = "dynamodb"

    def get_item(self, **asked: Any) -> Any:
        """Return an item by its whole key."""
        self._asked("GetItem", asked)
        key = asked["Key"]["LockID"]["S"]
        if key.endswith("-md5"):
            return self._answered("GetItem", {"Item": {"LockID": {"S": key}, "Digest": {"S": "0" * 32}}})
        found = self._stored.items.get(key)
        item = {} if found is None else {"Item": {"LockID": {"S": key}, "Info": {"S": found}}}
        return self._answered("GetItem", item)

    def delete_item(self, **asked: Any) -> Any:
        """Delete an item if its information is what was seen."""
        self._asked("DeleteItem", asked)
        key, seen = asked["Key"]["LockID"]["S"], asked["ExpressionAttributeValues"][":seen"]["S"]
        assert asked["ConditionExpression"] == "#info = :seen"
        assert not key.endswith("-md5"), "IAM denies that"
        if self._stored.items.get(key) != seen:
            self._refuse("DeleteItem", "ConditionalCheckFailedException", "The conditional request failed")
        del self._stored.items[key]
        return self._answered("DeleteItem", {"Attributes": {"LockID": {"S": key}, "Info": {"S": seen}}})


class S3(_Store):
    """The bucket: states, which nobody may read, and locks."""

    service = "s3"

    def get_object(self, **asked: Any) -> Any:
        """Return a lock's object."""
        self._asked("GetObject", asked)
        assert asked["Key"].endswith(".tflock"), "IAM denies that"
        raw, at = self._there("GetObject", asked["Key"])
        answer = {"ETag": etag(raw), "LastModified": at}
        return self._answered("GetObject", answer) | {"Body": BytesIO(raw.encode())}

    def list_objects_v2(self, **asked: Any) -> Any:
        """List the states that begin so."""
        self._asked("ListObjectsV2", asked)
        stored = self._stored
        found = [
            {"Key": state.key, "ETag": f'"{"0" * 32}"', "LastModified": stored.written_at}
            for state in stored.states
            if state.key.startswith(asked["Prefix"])
        ]
        return self._answered("ListObjectsV2", {"Contents": found} if found else {})

    def delete_object(self, **asked: Any) -> Any:
        """Delete a lock's object if it is the one that was read."""
        self._asked("DeleteObject", asked)
        raw, _ = self._there("DeleteObject", asked["Key"])
        if asked["IfMatch"] != etag(raw):
            self._refuse("DeleteObject", "PreconditionFailed", "At least one of the pre-conditions did not hold")
        del self._stored.objects[asked["Key"]]
        return self._answered("DeleteObject", {})

    def _there(self, operation: str, key: str) -> tuple[str, datetime]:
        if key not in self._stored.objects:
            self._refuse(operation, "NoSuchKey", "The specified key does not exist")
        return self._stored.objects[key]


class CodeBuild(_Store):
    """The builds of one project."""

    service = "codebuild"

    def get_paginator(self, operation: str) -> Pages:
        """Answer the paginator of the builds."""
        assert operation == "list_builds_for_project"
        return Pages(self.list_builds_for_project)

    def list_builds_for_project(self, **asked: Any) -> Any:
        """Return the ids of the builds."""
        asked.pop("PaginationConfig", None)
        self._asked("ListBuildsForProject", asked)
        if self._stored.unreachable:
            raise AwsError("CodeBuild is not to be reached.", operation="codebuild:ListBuilds", code="EndpointError")
        return self._answered("ListBuildsForProject", {"ids": [build["id"] for build in self._stored.builds]})

    def batch_get_builds(self, **asked: Any) -> Any:
        """Return builds."""
        self._asked("BatchGetBuilds", asked)
        return self._answered("BatchGetBuilds", {"builds": self._stored.builds})


def etag(raw: str) -> str:
    """Return the ETag of an object."""
    return f'"{md5(raw.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()}"'
