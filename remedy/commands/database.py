"""`remedy database status` and `remedy database backups`: the project at MongoDB Atlas, and what can be restored."""

from typing import Annotated

import typer

from remedy.commands.options import Env, Json, now, print_json
from remedy.display import waiting
from remedy.environment import environment
from remedy.telling import telling

database = typer.Typer(
    name="database", help="Look at the database at MongoDB Atlas: clusters, and their snapshots.", no_args_is_help=True
)


@database.command("status")
def status(env: Env = "dev", json: Json = False) -> None:
    """List the clusters of the project: state, tier, version, backups or none; and what is wrong with the access list."""
    from remedy.aws import connect  # noqa: PLC0415 - loads boto3, like the next
    from remedy.database import standing  # noqa: PLC0415
    from remedy.display_database import show_standing  # noqa: PLC0415

    with telling():
        there = environment(env)
        with waiting(f"Asking Atlas about {env} ..."):
            found = standing(connect(there), there, now())
        if json:
            print_json(found)
        else:
            show_standing(found)


@database.command("backups")
def backups(
    cluster: Annotated[str, typer.Option("--cluster", help="Of another cluster of the project.")] = "",
    env: Env = "dev",
    json: Json = False,
) -> None:
    """List the snapshots of the environment's cluster, the newest first: age, size, kept until, and restorable or not."""
    from remedy.aws import connect  # noqa: PLC0415 - loads boto3, like the next
    from remedy.database import backups as listed  # noqa: PLC0415
    from remedy.display_database import show_backups  # noqa: PLC0415

    with telling():
        there = environment(env)
        with waiting(f"Asking Atlas about {env} ..."):
            found = listed(connect(there), there, now(), cluster)
        if json:
            print_json(found)
        else:
            show_backups(found)
