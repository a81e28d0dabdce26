"""What our two documents do on a simulated instance; test_documents.py runs the scripts themselves."""

import base64
import json

from restart_unhealthy_targets.documents import SUPERSEDED
from restart_unhealthy_targets.facts import CLOSED
from tests.functions.fakes.ssm import Script
from tests.functions.fakes.world import Machine, StartTech

SECRET = "mongodb+srv://starttech:hunter2@dev.x1.mongodb.net/starttech"


def started_at(machine: Machine) -> str:
    """Return the start of a container as Docker prints it, or `none`."""
    running = machine.fault not in {"stopped", "missing"}
    return f"{machine.started_at:%Y-%m-%dT%H:%M:%S}.123456789Z" if running else "none"


def inspect(world: StartTech, machine: Machine, _: dict[str, str]) -> tuple[str, str]:
    """Print what the container looks like."""
    status, _reason = world.health(machine)
    said = {"database": "ok" if world.mongodb else "down", "cache": "ok" if world.redis else "down"}
    body = json.dumps(said) if status in {200, 503} else "Internal Server Error" if status else ""
    curl = {"hung": 28, "deaf": 56, "stopped": 7, "missing": 7}.get(machine.fault, 0)
    words = {"stopped": "exited", "missing": "missing"}
    printed = {
        "container": words.get(machine.fault, "running"),
        "started_at": started_at(machine),
        "restarts": machine.restarts,
        "http": status,
        "curl": curl,
        "ping": curl if curl in CLOSED else 0,
        "body": _encoded(body),
        "logs": _encoded(f"connecting to {SECRET}\nlistening on :8080\n"),
        "mongodb": ("yes" if world.mongodb else "no") if curl else "",
        "mongodb_at": "dev-00.x1.mongodb.net:27017" if curl else "",
        "redis": ("yes" if world.redis else "no") if curl else "",
        "redis_at": "dev-redis.cache.amazonaws.com:6379" if curl else "",
    }
    return "Success", json.dumps(printed)


def restart(world: StartTech, machine: Machine, parameters: dict[str, str]) -> tuple[str, str]:
    """Restart the container, if it is the one that was judged."""
    if parameters["StartedAt"] != started_at(machine):
        return "Success", f"{SUPERSEDED}: it has started since\n"
    if machine.fault == "missing":
        return "Failed", "there is no container backend\n"
    world.restart(machine)
    return "Success", "restarted\n"


SCRIPTS: dict[str, Script] = {"inspect-container": inspect, "restart-container": restart}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
