"""A machine: what an EC2 instance of the environment is while it runs.

It has a directory for its file system, a configuration file as the instance's user data writes it, and one container.
"""

import shutil
from pathlib import Path

from remedy.lab.world.container import Container
from remedy.lab.world.dependencies import Dependencies

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/dev-starttech-backend:1.4.2"
SECRET = "lab-canary-7f3a"
"""Stands in every secret of the machine, so that tests can look for where it must never turn up."""


class Machine:
    """One running instance."""

    def __init__(self, instance_id: str, directory: Path, dependencies: Dependencies) -> None:
        self.id, self.root = instance_id, directory
        redis, mongodb = dependencies.redis.address, dependencies.mongodb.address
        uri = f"mongodb://starttech:{SECRET}@{mongodb}/starttech"
        config = {"MONGO_URI": uri, "REDIS_ADDR": redis, "ENABLE_CACHE": "true", "JWT_SECRET": SECRET, "PORT": "8080"}
        etc = directory / "etc" / "starttech"
        etc.mkdir(parents=True, exist_ok=True)
        lines = [f"{name}={value}" for name, value in config.items()]
        (etc / "config.env").write_text("\n".join(lines) + "\n", "utf-8")
        addresses = {"MONGODB_ADDRESS": mongodb, "REDIS_ADDRESS": redis}
        self.container = Container(directory, {**config, **addresses}, IMAGE)
        self.container.start()

    def destroy(self) -> None:
        """End with the instance."""
        self.container.stop()
        shutil.rmtree(self.root, ignore_errors=True)
