"""Terraform's two stores and the ledger on moto, with locks as Terraform writes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from unittest.mock import patch

import boto3
from moto import mock_aws

from clear_stale_lock.settings import Settings
from remediation.adapters.clients import Clients
from remediation.adapters.sightings import Sightings
from tests.functions.clear_stale_lock.locks import SETTINGS, STATE, info
from tests.support.toy import PLACE

LEDGER = "dev-remediation-ledger"
MD5 = "d41d8cd98f00b204e9800998ecf8427e"


class Stores:
    """A bucket with a state, a lock table, and the ledger. `now` is the time of the sightings."""

    def __init__(self, now: datetime, settings: Settings = SETTINGS) -> None:
        self.now, self.settings = now, settings
        self.listen(None)
        self.dynamodb: Any = boto3.client("dynamodb")
        self.s3: Any = boto3.client("s3")
        for name, key in ((LEDGER, "pk"), (STATE.table, "LockID")):
            self.dynamodb.create_table(
                TableName=name,
                KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
        self.s3.create_bucket(Bucket=STATE.bucket)
        self.s3.put_object(Bucket=STATE.bucket, Key=STATE.key, Body=b"{}")
        self.put_item({"LockID": {"S": STATE.digest_id}, "Digest": {"S": MD5}})

    def listen(self, session: boto3.Session | None) -> None:
        """Make the clients of this session from now on."""
        self.aws = Clients(PLACE, session)
        self.aws.sightings = Sightings(self.aws, table=LEDGER, environment="dev", clock=lambda: self.now)

    def lock(self, raw: str | None = None, *, item: bool = True, file: bool = True) -> None:
        """Lock as Terraform does: the object first."""
        raw = info() if raw is None else raw
        if file:
            self.s3.put_object(Bucket=STATE.bucket, Key=STATE.lock_key, Body=raw.encode())
        if item:
            self.put_item({"LockID": {"S": STATE.lock_id}, "Info": {"S": raw}})

    def unlock(self) -> None:
        """Unlock as Terraform does: both, whatever is there."""
        self.s3.delete_object(Bucket=STATE.bucket, Key=STATE.lock_key)
        self.dynamodb.delete_item(TableName=STATE.table, Key={"LockID": {"S": STATE.lock_id}})

    def put_item(self, item: dict[str, Any]) -> None:
        self.dynamodb.put_item(TableName=STATE.table, Item=item)

    @property
    def items(self) -> dict[str, str]:
        """Return the information (or the digest) of every item of the lock table."""
        found = self.dynamodb.scan(TableName=STATE.table)["Items"]
        return {each["LockID"]["S"]: each.get("Info", each.get("Digest", {})).get("S", "") for each in found}

    @property
    def objects(self) -> set[str]:
        """Return the keys of the bucket."""
        return {each["Key"] for each in self.s3.list_objects_v2(Bucket=STATE.bucket).get("Contents", [])}

    @property
    def held(self) -> tuple[bool, bool]:
        """Tell whether the item, and the object, are there."""
        return STATE.lock_id in self.items, STATE.lock_key in self.objects


@contextmanager
def stores(now: datetime, settings: Settings = SETTINGS) -> Iterator[Stores]:
    """Make the stores in an account of moto's."""
    environment = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": PLACE.region}
    with patch.dict("os.environ", environment), mock_aws():
        yield Stores(now, settings)
