"""The lab's configuration: config/dev.toml of the repository, and what a scenario adds to it.

What everybody in the lab gets is at the top: people who may operate, how soon the lab's application is up again, and how soon a
lock of Terraform's counts as stale. A scenario adds lines to a table. Everything else is what would be deployed to dev.
"""

from collections.abc import Mapping
from pathlib import Path

from remedy.lab.processes import LabError

Added = Mapping[str, str]
"""Lines, by the header of the table that they are put into; a table that there is not is added."""

PEOPLE = ("ada", "grace")
"""Users who may assume the operators' role."""

STALE = 20
"""Seconds from which on a lock is stale, if nothing else speaks against it."""
SOONER = {
    'warm_up = "PT30S"': 'warm_up = "PT5S"',
    'stale_after = "PT6H10M"': f'stale_after = "PT{STALE}S"\nmoved_within = "PT10S"',
}


def write(source: Path, directory: Path, account: str, added: Added) -> Path:
    """Write the lab's dev.toml into a directory, and return that."""
    principals = ", ".join(f'"arn:aws:iam::{account}:user/{name}"' for name in PEOPLE)
    everybody = {"[operators]": f"principals = [{principals}]\nmfa = false # a user of the lab has no second factor"}
    text = (source / "dev.toml").read_text("utf-8")
    for there, here in SOONER.items():
        text = text.replace(there, here)
    for header, lines in {**everybody, **added}.items():
        text = put(text, header, lines)
    directory.mkdir(exist_ok=True)
    (directory / "dev.toml").write_text(text, "utf-8")
    return directory


def put(text: str, header: str, lines: str) -> str:
    """Return TOML with more lines in a table. Raises LabError where the table is there twice."""
    found = [number for number, line in enumerate(text.splitlines()) if line.strip() == header]
    if len(found) > 1:
        raise LabError(f"{header} stands {len(found)} times in the configuration.")
    if not found:
        return f"{text}\n{header}\n{lines}\n"
    before, after = text.splitlines()[: found[0] + 1], text.splitlines()[found[0] + 1 :]
    return "\n".join([*before, lines, *after, ""])
