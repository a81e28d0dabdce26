"""What the drivers log when there is no server or no connection to be had is counted, and what they log otherwise is not."""

import re

import pytest

from restore_database_access.logged import PATTERN, TERMS

BAD = {
    "go, the pool": "2026/11/23 03:40:00 find user: timed out while checking out a connection from connection pool: context deadline "
    "exceeded; maxPoolSize: 100, connections in use by cursors: 0, connections in use by transactions: 0",
    "go, the pool was emptied": "connection pool for dev-starttech-cluster-shard-00-01.ab1cd.mongodb.net:27017 was cleared because "
    "another operation failed with: connection() error occurred during connection handshake: dial tcp: i/o timeout",
    "go, no server": "ping: server selection error: context deadline exceeded, current topology: { Type: ReplicaSetNoPrimary }",
    "go, in json": r'{"level":"error","msg":"find: server selection error: server selection timeout","query":"{\"_id\": 1}"}',
    "node, no server": "MongoServerSelectionError: connect ECONNREFUSED 18.194.10.1:27017",
    "node, the pool": "MongoWaitQueueTimeoutError: Timed out while checking out a connection from connection pool",
    "node, the pool was emptied": "MongoPoolClearedError: Connection pool for ac-1.ab1cd.mongodb.net:27017 was cleared because another "
    'operation failed with: "connection timed out"',
    "node, the network": "MongoNetworkTimeoutError: connection timed out",
    "node, the wire": "MongoNetworkError: connection 7 to 18.194.10.1:27017 closed",
    "python, no server": "pymongo.errors.ServerSelectionTimeoutError: No replica set members found yet, Timeout: 30s",
    "python, the pool": "pymongo.errors.WaitQueueTimeoutError: Timed out while checking out a connection from connection pool. "
    "maxPoolSize: 100, timeout: 1.0",
    "python, the pool was emptied": "pymongo.errors.AutoReconnect: ac-1.ab1cd.mongodb.net:27017: connection pool paused",
    "java, no server": "com.mongodb.MongoTimeoutException: Timed out after 30000 ms while waiting for a server that matches "
    "WritableServerSelector",
    "java, the pool": "com.mongodb.MongoTimeoutException: Timeout waiting for a pooled connection after 120000 MILLISECONDS",
    "java, the pool alone": "Timeout waiting for a pooled connection after 2 MINUTES",
    "java, the pool was emptied": "com.mongodb.MongoConnectionPoolClearedException: Connection pool for ac-1.ab1cd.mongodb.net:27017 "
    "is paused because another operation failed",
    "our own": "cannot connect to MongoDB: retrying in 5 s",
}
GOOD = {
    "go": r'{"level":"info","msg":"Connection pool created","serverHost":"ac-1.ab1cd.mongodb.net","maxPoolSize":100}',
    "go, a connection": "Connection checked out; address: ac-1.ab1cd.mongodb.net:27017; driver connection ID: 7",
    "node": "Connected to MongoDB; serverSelectionTimeoutMS 30000, waitQueueTimeoutMS 10000",
    "python": "pymongo.errors.DuplicateKeyError: E11000 duplicate key error collection: starttech.users",
    "java": "org.mongodb.driver.connection Opened connection [connectionId{localValue:2}] to ac-1.ab1cd.mongodb.net:27017",
    "redis": "redis: connection pool timeout",
    "http": "GET /health 200 timed out: false",
    "a cache": "The cache was cleared because it was old.",
}


def matches(line: str) -> bool:
    """Tell whether a line has any of the terms of the pattern, as CloudWatch does: whatever stands around it, capitals minded."""
    assert re.fullmatch(r'\?"[^"?]+"( \?"[^"?]+")*', PATTERN)
    return any(term in line for term in re.findall(r'\?"([^"]+)"', PATTERN))


@pytest.mark.parametrize("who", BAD)
def test_an_error_of_a_driver_that_gets_no_connection_is_counted(who: str) -> None:
    assert matches(BAD[who])


@pytest.mark.parametrize("who", GOOD)
def test_what_a_driver_says_otherwise_is_not_counted(who: str) -> None:
    assert not matches(GOOD[who])


def test_the_pattern_is_as_long_as_cloudwatch_takes_it_and_says_nothing_twice() -> None:
    assert len(PATTERN) <= 1_024
    assert len(set(TERMS)) == len(TERMS)
