"""Serve moto's API and the world around it. Settings come from the environment (lab.py)."""

import logging
import os
from pathlib import Path

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import WSGIRequestHandler, run_simple

from remedy.lab.world.admin import beside
from remedy.lab.world.world import World, emptied


class Quiet(WSGIRequestHandler):
    """Log no requests."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Stay silent."""


def main() -> None:
    """Serve until killed."""
    logging.basicConfig(level=logging.INFO)
    port = int(os.environ["LAB_WORLD_PORT"])
    directory = emptied(Path(os.environ["LAB_DIRECTORY"], "machines"))
    os.environ["MOTO_PORT"] = str(port)
    world = World(
        directory,
        f"http://127.0.0.1:{port}",
        os.environ["AWS_ENDPOINT_URL"],
        Path(os.environ["LAB_EVENTS"]),
        mongodb=int(os.environ["LAB_MONGODB_PORT"]),
        atlas=Path(os.environ["LAB_ATLAS"]),
    )
    world.start()
    application = beside(world, DomainDispatcherApplication(create_backend_app))
    run_simple("127.0.0.1", port, application, threaded=True, request_handler=Quiet)


if __name__ == "__main__":
    main()
