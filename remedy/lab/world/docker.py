"""The docker command on a machine: the few subcommands that operators and SSM documents use, with Docker's words and statuses."""

import argparse
import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from remedy.lab.world.container import GRACE, Container, as_json


class Answer(NamedTuple):
    """What a command leaves behind."""

    status: int
    out: str = ""
    err: str = ""


class _UnusableError(Exception):
    """The arguments cannot be understood."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:  # noqa: ANN401
        raise _UnusableError(message)


def docker(container: Container, arguments: Sequence[str]) -> Answer:
    """Carry out one docker command on a machine that has one container."""
    try:
        words = _parser().parse_args(list(arguments))
    except _UnusableError as error:
        return Answer(125, err=f"docker: {error}\n")
    names = getattr(words, "names", [])
    unknown = [name for name in names if name != container.name]
    if unknown:
        kind = "object" if words.command == "inspect" else "container"
        return Answer(
            1, "[]\n" if kind == "object" else "", f"Error response from daemon: No such {kind}: {unknown[0]}\n"
        )
    match words.command:
        case "inspect":
            out = render(words.format, container.inspect()) if words.format else as_json(container)
            return Answer(0, out + "\n")
        case "restart":
            container.restart(words.time)
            return Answer(0, f"{container.name}\n")
        case "start":
            container.start()
            return Answer(0, f"{container.name}\n")
        case "stop":
            container.stop(words.time)
            return Answer(0, f"{container.name}\n")
        case "logs":
            return Answer(0, _logs(container, words.tail))
        case _:
            return Answer(0, _listing(container, words.format, everything=words.all))


def render(template: str, value: object) -> str:
    """Fill in a Go template of plain fields: `{{.State.Running}}`, `{{json .State}}`."""

    def fill(found: re.Match[str]) -> str:
        field: Any = value
        for name in found["path"].strip(".").split("."):
            if name:
                field = field[name]
        return json.dumps(field) if found["json"] or isinstance(field, dict | list | bool) else str(field)

    return re.sub(r"\{\{\s*(?P<json>json\s+)?(?P<path>\.[\w.]*)\s*\}\}", fill, template)


def _logs(container: Container, tail: str) -> str:
    lines = container.log.read_text("utf-8", errors="replace").splitlines() if container.log.exists() else []
    kept = lines if tail == "all" else lines[-int(tail) :] if int(tail) else []
    return "".join(f"{line}\n" for line in kept)


def _listing(container: Container, template: str | None, *, everything: bool) -> str:
    state = container.inspect()["State"]
    if not state["Running"] and not everything:
        return ""
    row = {"Names": container.name, "Image": container.image, "Status": state["Status"], "State": state["Status"]}
    return render(template or "{{.Names}}\t{{.Image}}\t{{.Status}}", row) + "\n"


def _parser() -> _Parser:
    parser = _Parser(prog="docker", add_help=False)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    inspect = commands.add_parser("inspect", aliases=["container"])
    inspect.add_argument("-f", "--format")
    inspect.add_argument("--type")
    for name in ("restart", "stop"):
        commands.add_parser(name).add_argument("-t", "--time", "--timeout", type=float, default=GRACE, dest="time")
    commands.add_parser("start")
    logs = commands.add_parser("logs")
    logs.add_argument("-n", "--tail", default="all")
    logs.add_argument("--since")
    logs.add_argument("-t", "--timestamps", action="store_true")
    for name in ("inspect", "restart", "stop", "start", "logs"):
        commands.choices[name].add_argument("names", nargs="+")
    listing = commands.add_parser("ps")
    listing.add_argument("-a", "--all", action="store_true")
    listing.add_argument("-f", "--filter", action="append")
    listing.add_argument("--format")
    return parser
