"""FLUSHALL on a real Redis, and on nothing else: what was judged is what is emptied, and the server heard no other command."""

from pathlib import Path
from typing import Any

import pytest

from flush_redis.actions import flush_cache
from flush_redis.diagnose import diagnose
from flush_redis.facts import Flush
from flush_redis.settings import Incident, Settings
from remediation.core.errors import LeftAloneError
from remedy.lab.redis import MISSING, binary
from tests.e2e.redis_servers import HOST, TOKEN, Server, listens, redis
from tests.functions.fakes.caches import CacheWorld
from tests.functions.fakes.elasticache import CacheClients
from tests.support.steps import NIGHT
from tests.support.toy import PLACE

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(not binary(), reason=MISSING)]
SECRET = f"arn:aws:secretsmanager:us-east-1:{PLACE.account}:secret:dev/redis-AbCdEf"
SETTINGS = Settings(cache="dev-redis", allowed=True, token=SECRET, networks=("127.0.0.0/8",))


def account(server: Server) -> Any:
    world = CacheWorld(clock=lambda: NIGHT)
    at = {"Address": HOST, "Port": server.port}
    node = {"CacheNodeId": "0001", "CacheNodeStatus": "available", "Endpoint": at}
    world.cluster("dev-redis", CacheNodes=[node])
    return CacheClients(world, PLACE)


def target(server: Server) -> Flush:
    return Flush(id="dev-redis", host=HOST, port=server.port, tls=False, keys=500)


def test_every_key_is_gone_and_dbsize_says_so(tmp_path: Path) -> None:
    with redis(tmp_path, "--requirepass", TOKEN, "--enable-debug-command", "yes", ready=listens) as server:
        server.say("DEBUG POPULATE 500", token=TOKEN)
        server.say("CONFIG RESETSTAT", token=TOKEN)
        aws = account(server)
        seen = diagnose(aws, SETTINGS, Incident())
        assert (seen.keys, seen.role, seen.unseen) == (500, "master", "")
        assert flush_cache(aws, SETTINGS, target(server)) == "DBSIZE went from 500 to 0."
        assert server.say("DBSIZE", token=TOKEN) == ":0\r\n"
        heard = server.heard(token=TOKEN)
        del heard["config|resetstat"]
        assert heard == {"auth": 4, "info": 2, "dbsize": 4, "flushall": 1}, (
            "two of AUTH and one of DBSIZE are the test's"
        )


def test_a_replica_is_left_alone(tmp_path: Path) -> None:
    with redis(tmp_path, "--requirepass", TOKEN, "--replicaof", HOST, "1", ready=listens) as server:
        aws = account(server)
        assert diagnose(aws, SETTINGS, Incident()).role == "slave"
        with pytest.raises(LeftAloneError, match="is a slave by now"):
            flush_cache(aws, SETTINGS, target(server))
        assert "flushall" not in server.heard(token=TOKEN)


def test_a_server_that_refuses_the_token_is_a_fact_without_the_token(tmp_path: Path) -> None:
    with redis(tmp_path, "--requirepass", "another-token", ready=listens) as server:
        seen = diagnose(account(server), SETTINGS, Incident())
        assert (seen.keys, seen.unseen) == (None, f"{HOST}:{server.port} refuses the configured token (WRONGPASS).")
