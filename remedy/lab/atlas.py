"""The lab's MongoDB Atlas: the strict fake that the tests use, behind real HTTPS, sixty times as fast as Atlas.

    python -m remedy.lab.atlas <port> <directory>    # writes its certificate and key there, and serves until killed

The certificate is that of its cluster's member as well (world/member.py). Whom it lets in it keeps in a file beside it, one block a
line: by that the world's gate before MongoDB is open or shut (world/firewall.py).

What only the lab asks of it, next to Atlas's own API:

GET  /_lab/state      clusters, the access list, snapshots, restore jobs, and what was asked
POST /_lab/cluster    {"name", "tier", ... what Atlas calls it}: let there be one, or change it
POST /_lab/allow      {"cidr", "comment"}: let a line be on the access list
POST /_lab/forbid     {"cidr"}: take it away
POST /_lab/snapshot   {"cluster", "age": seconds}: let there be one
POST /_lab/event      {"kind", "cluster"}: let something have happened just now
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from remediation.atlas.transport import Reply
from remedy.lab.emulator.rerouted import MEMBER
from remedy.lab.world.firewall import LISTED
from tests.e2e.atlas_server import Server
from tests.e2e.redis_servers import certificate
from tests.functions.fakes.atlas import AtlasWorld
from tests.functions.fakes.atlas_api import HOST

FASTER = 60


def main() -> None:
    """Serve until killed."""
    port, directory = int(sys.argv[1]), Path(sys.argv[2])
    world = AtlasWorld(lambda: datetime.now(UTC), faster=FASTER)
    pem, key = certificate(directory, HOST, MEMBER)
    served = Hosting(world, pem, key, port=port, beside=lambda path, body: _answer(world, path, body))
    served.file = directory / LISTED
    served.serve_forever(poll_interval=0.2)


class Hosting(Server):
    """Atlas, which also lets in whom its list says."""

    file: Path
    _kept: str | None = None

    def service_actions(self) -> None:
        """Keep whom it lets in now, after every request and every while."""
        with self.one_at_a_time:
            self.world.tend()
            text = "\n".join(each["cidrBlock"] for each in self.world.access)
        if text != self._kept:
            draft = self.file.with_suffix(".draft")
            draft.write_text(text, "utf-8")
            draft.rename(self.file)
            self._kept = text


def _answer(world: AtlasWorld, path: str, body: bytes) -> Reply:
    try:
        told = _done(world, path, json.loads(body or b"{}"))
    except (KeyError, TypeError, ValueError) as error:
        return Reply(status=404, body=json.dumps({"error": f"{type(error).__name__}: {error}"}).encode())
    return Reply(status=200, body=json.dumps(told).encode())


def _done(world: AtlasWorld, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401
    match path:
        case "state":
            world.tend()
        case "cluster":
            if body["name"] in world.clusters:
                world.clusters[body["name"]] |= body
            else:
                world.cluster(**body)
        case "allow":
            world.allow(**body)
        case "forbid":
            world.access = [each for each in world.access if each["cidrBlock"] != body["cidr"]]
        case "snapshot":
            world.snapshot(body["cluster"], timedelta(seconds=body["age"]))
        case "event":
            world.event(body["kind"], timedelta(0), body.get("cluster", ""))
        case _:
            raise KeyError(path)
    return {
        "clusters": world.clusters,
        "access": world.access,
        "snapshots": world.snapshots,
        "restores": world.restores,
        "asked": [each.operation.id for each in world.asked],
    }


if __name__ == "__main__":
    main()
