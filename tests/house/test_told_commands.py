"""Every command that a person is told to type is one that the command line takes: at night nobody has the time to mend it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.pasted import wrong_with

ROOT = Path(__file__).resolve().parents[2]
_CODE = ("functions", "layers/remediation/python", "remedy/commands", "remedy", "stacks")
_VERB = re.compile(r"(?:^|: )((?:aws [a-z0-9-]+ [a-z]+|remedy [a-z]+)\b.*)", re.DOTALL)
_BARE = re.compile(r"(autoscaling|cloudtrail|cloudwatch|ec2|elasticache|elbv2|logs|ssm) [a-z]+-[a-z-]+( |$)")
"""A command whose program is written once, before all of them."""
_PROSE = re.compile(r"aws \S+ NAME|remedy [a-z]+\. ")
"""A verb that is filled in, and the end of a sentence."""
_NAME = "NAME"


def _told(path: Path) -> Iterator[str]:
    """Yield the commands in the texts of a module; what is filled in at run time is a name."""
    tree = ast.parse(path.read_text())
    parts = {id(value) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for value in node.values}
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else _NAME for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in parts | docs:
            text = re.sub(r"\{[a-z_]+\}", _NAME, node.value)
        else:
            continue
        text = f"aws {text}" if _BARE.match(text) else text
        if (said := _VERB.search(text)) and not _PROSE.match(said[1]):
            yield said[1]


TOLD = sorted(
    {
        (str(path.relative_to(ROOT)), command)
        for folder in _CODE
        for path in (ROOT / folder).rglob("*.py")
        if "lab" not in path.relative_to(ROOT).parts
        for command in _told(path)
    }
)
TYPED = sorted(
    {
        (page.name, line.removeprefix("$ ").strip())
        for page in (ROOT / "README.md", *(ROOT / "docs").glob("*.md"))
        for line in page.read_text().replace("\\\n", " ").splitlines()
        if re.match(r"\s*(\$ )?aws [a-z0-9-]+ [a-z]", line)
    }
)


@pytest.mark.parametrize(("where", "command"), TOLD)
def test_a_command_in_a_message_is_one_that_is_taken(where: str, command: str) -> None:
    assert not wrong_with(command), f"{where}: {command}"


@pytest.mark.parametrize(("page", "command"), TYPED)
def test_a_command_in_the_docs_is_one_that_is_taken(page: str, command: str) -> None:
    assert not wrong_with(command), f"{page}: {command}"


def test_there_are_commands_to_look_at() -> None:
    assert len(TOLD) > 50
    assert len(TYPED) > 4


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        ("aws autoscaling describe-scaling-activities --auto-scaling-group-name a --max-items 20", ""),
        ("aws autoscaling describe-instance-refreshes --auto-scaling-group-name a --max-records 5", ""),
        ("aws autoscaling describe-instance-refreshes --auto-scaling-group-name a --max-items 5", "--max-items"),
        ("aws autoscaling describe-instance-refreshes", "needs --auto-scaling-group-name"),
        (
            "aws autoscaling set-instance-protection --auto-scaling-group-name a --instance-ids i --no-protected-from-scale-in",
            "",
        ),
        ("aws autoscaling set-instance-protection --auto-scaling-group-name a --instance-ids i", "needs --protected"),
        ("aws elasticache restore-cache-cluster-from-snapshot --snapshot-name a", "has no restore-cache"),
        ("aws mongodb-atlas clusters list", "has no clusters"),
        ("aws ec2 describe-vpc-attribute --vpc-id <vpc>", "a shell would"),
        ("aws ec2 describe-instances --instance-ids 'a", "quotation"),
        ("remedy runs --since 7d --env dev", ""),
        ("remedy database status --env dev", ""),
        ("remedy heal", "has no heal"),
        ("remedy runs --yesterday", "--yesterday"),
    ],
)
def test_what_is_wrong_with_a_command_is_found(command: str, wrong: str) -> None:
    assert wrong in wrong_with(command)
    assert bool(wrong) == bool(wrong_with(command))
