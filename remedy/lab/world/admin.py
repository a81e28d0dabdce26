"""What only the lab asks of its world, next to AWS's API: look at machines, break them, stop a dependency.

GET  /_lab/machines                        what runs where
POST /_lab/machines/<id>/wedge|kill        break the process of its container
POST /_lab/machines/<id>/docker            the docker command of a script on that machine
POST /_lab/dependencies/<name>/stop|start  MongoDB or Redis
POST /_lab/dependencies/redis/say          {"words": a command for the server, past the gate}
POST /_lab/probing                         {"probed": the dependency of which a probe says how it is, so that the world does not}
POST /_lab/traffic                         {"percent": of one instance that all requests take, "usual": before}
POST /_lab/age                             {"seconds": how much older everything is to be}
POST /_lab/groups                          {"notices_after": seconds until Auto Scaling replaces an unhealthy target}
GET  /_lab/commands                        every SSM command so far
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from remedy.lab.world.docker import docker
from remedy.lab.world.world import World

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
PREFIX = "/_lab/"


def beside(world: World, aws: Wsgi) -> Wsgi:
    """Serve these paths, and leave the others to moto."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        if not path.startswith(PREFIX):
            return aws(environ, start_response)
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        try:
            status, answer = "200 OK", _answer(world, path.removeprefix(PREFIX).split("/"), json.loads(body or b"null"))
        except (KeyError, LookupError, TypeError, ValueError) as error:
            status, answer = "404 Not Found", {"error": f"{type(error).__name__}: {error}"}
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

    return serve


def _answer(world: World, path: list[str], body: Any) -> Any:  # noqa: ANN401
    match path:
        case ["machines"]:
            return [_machine(world, instance) for instance in sorted(world.machines)]
        case ["machines", instance, "docker"]:
            return docker(world.machines[instance].container, body)._asdict()
        case ["machines", instance, ("wedge" | "kill") as harm]:
            getattr(world.machines[instance].container, harm)()
        case ["dependencies", name, ("stop" | "start") as verb]:
            getattr(world.dependencies.named(name), verb)()
        case ["dependencies", name, "say"]:
            return {"answer": world.dependencies.redis.say(body["words"])} if name == "redis" else {}
        case ["probing"]:
            world.probed = str(body["probed"])
        case ["traffic"]:
            world.busy(float(body["percent"]), float(body["usual"]))
        case ["age"]:
            world.age(float(body["seconds"]))
        case ["groups"]:
            world.groups.notices_after = float(body["notices_after"])
        case ["commands"]:
            return world.history
        case _:
            raise LookupError("/".join(path))
    return {}


def _machine(world: World, instance: str) -> dict[str, Any]:
    state = world.machines[instance].container.inspect()["State"]
    healths = [world.targets.of(group, instance) for group in world.target_groups() if instance in group.targets]
    health = healths[0].state if healths else "unused"
    reason = healths[0].reason if healths else None
    return {
        "id": instance,
        "container": state["Status"],
        "pid": state["Pid"],
        "started_at": state["StartedAt"],
        "health": health,
        "reason": reason,
    }
