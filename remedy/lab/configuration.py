"""The lab's configuration: config/dev.toml of the repository, and what a scenario adds to it.

What everybody in the lab gets is at the top: people who may operate, how soon the lab's application is up again, and how soon a
lock of Terraform's counts as stale. A scenario says which runbooks it is about, and adds lines to a table. Everything else is
what would be deployed to dev.
"""

import json
import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import assert_never

from remedy.lab.processes import LabError

Added = Mapping[str, str]
"""Lines, by the header of the table that they are put into; a table that there is not is added."""
BASIC = ("restart-unhealthy-targets", "clear-stale-lock", "explain-slow-deploy")
"""The runbooks that are deployed where a scenario does not say which."""


@dataclass(frozen=True, kw_only=True)
class Redis:
    """Where the lab's Redis is, and the security groups on the way to it: what nobody knows before there is a lab."""

    host: str
    port: int
    group: str
    source: str


@dataclass(frozen=True, kw_only=True)
class MongoDB:
    """From where the lab's MongoDB at Atlas is come to: the application's subnets, and its security group."""

    subnets: tuple[str, ...]
    group: str


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What is deployed. `probed` is what there is a probe of; without, the world says how all dependencies are."""

    added: Added = field(default_factory=dict)
    runbooks: tuple[str, ...] = BASIC
    probed: Redis | MongoDB | None = None


PEOPLE = ("ada", "grace")
"""Users who may assume the operators' role."""

STALE = 20
"""Seconds from which on a lock is stale, if nothing else speaks against it."""
SOONER = {
    'warm_up = "PT30S"': 'warm_up = "PT5S"',
    'stale_after = "PT6H10M"': f'stale_after = "PT{STALE}S"\nmoved_within = "PT10S"',
}


ABSENT: Mapping[type[Redis | MongoDB | None], tuple[frozenset[str], str]] = {
    type(None): (frozenset({"atlas", "network", "dependencies"}), "mongodb"),
    Redis: (frozenset({"atlas"}), "mongodb"),
    MongoDB: (frozenset(), "redis"),
}
"""Tables that are not there, and the dependency of which there is none, by what is probed."""


def write(source: Path, directory: Path, account: str, wanted: Wanted) -> Path:
    """Write the lab's dev.toml into a directory, and return that."""
    principals = ", ".join(f'"arn:aws:iam::{account}:user/{name}"' for name in PEOPLE)
    everybody = {"[operators]": f"principals = [{principals}]\nmfa = false # a user of the lab has no second factor"}
    text = (source / "dev.toml").read_text("utf-8")
    for there, here in SOONER.items():
        text = text.replace(there, here)
    text = without(text, wanted.runbooks, wanted.probed)
    match wanted.probed:
        case Redis() as redis:
            text = at(text, redis)
        case MongoDB() as mongodb:
            text = coming_from(text, mongodb)
        case None:
            pass
        case _:
            assert_never(wanted.probed)
    for header, lines in {**everybody, **wanted.added}.items():
        text = put(text, header, lines)
    directory.mkdir(exist_ok=True)
    (directory / "dev.toml").write_text(text, "utf-8")
    return directory


def without(text: str, runbooks: Container[str], probed: Redis | MongoDB | None) -> str:
    """Return TOML without the tables of other runbooks, and without those of what is not probed.

    What is not probed says itself how it is (world/dependencies.py), and nobody writes to Atlas where it is not about MongoDB.
    """
    tables, dependency = ABSENT[type(probed)]
    kept, keep = [], True
    for line in text.splitlines():
        if header := re.match(r"\[+([a-z-]+)(?:\.([a-z-]+))?", line):
            table, name = header.groups()
            keep = name in runbooks if table == "runbooks" else table not in tables and name != dependency
        if keep:
            kept.append(line)
    text = "\n".join([*kept, ""])
    return text.replace("\nwriter = true", "\nwriter = false") if "atlas" in tables else text


def at(text: str, redis: Redis) -> str:
    """Return TOML that knows where the lab's Redis is."""
    for pattern, line in {
        r'^host = "dev-redis\..*"$': f'host = "{redis.host}"',
        r"^port = 6379$": f"port = {redis.port}",
        r'^group = "sg-.*$': f'group = "{redis.group}"',
        r'^source = "sg-.*$': f'source = "{redis.source}"',
        r'^security_groups = \["sg-.*$': f'security_groups = ["{redis.source}"]\nnetworks = ["127.0.0.0/8"]',
        r'^cache = "dev-redis"\nallowed = true.*$': 'cache = "dev-redis"\nallowed = true\nnetworks = ["127.0.0.0/8"]',
    }.items():
        text = re.sub(pattern, line, text, flags=re.MULTILINE)
    return text


def coming_from(text: str, mongodb: MongoDB) -> str:
    """Return TOML that knows from where the lab's MongoDB is come to."""
    for pattern, line in {
        r"^subnets = \[[^\]]*\]": f"subnets = {json.dumps(mongodb.subnets)}",
        r'^security_groups = \["sg-.*$': f'security_groups = ["{mongodb.group}"]',
    }.items():
        text = re.sub(pattern, line, text, flags=re.MULTILINE)
    return text


def put(text: str, header: str, lines: str) -> str:
    """Return TOML with more lines in a table. Raises LabError where the table is there twice."""
    found = [number for number, line in enumerate(text.splitlines()) if line.strip() == header]
    if len(found) > 1:
        raise LabError(f"{header} stands {len(found)} times in the configuration.")
    if not found:
        return f"{text}\n{header}\n{lines}\n"
    before, after = text.splitlines()[: found[0] + 1], text.splitlines()[found[0] + 1 :]
    return "\n".join([*before, lines, *after, ""])
