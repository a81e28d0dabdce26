"""What the docs say to type exists, and answers what they say."""

import re
import shlex
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import typer
from typer.testing import CliRunner

from backup_database.settings import Settings as BackupSettings
from clear_stale_lock.settings import Settings
from remediation.adapters.clients import Clients
from remediation.adapters.ledger import DynamoLedger
from remediation.aws.snapshots import FRESH, OURS, PREFIX, TAG
from remedy import telling
from remedy.cli import app
from remedy.environment import Environment
from remedy.starting import AwsLambda
from restore_database.decide import FILLED_WITHIN
from restore_database.settings import LONGEST
from restore_database.settings import Settings as RestoreSettings
from restore_database.wording import KEPT
from snapshot_redis.decide import CPU, MEMORY, PER_NODE, PER_SERVERLESS
from tests.functions.clear_stale_lock.locks import info, item, lock
from tests.functions.fakes.caches import TAKES
from tests.remedy import night
from tests.remedy.atlas import atlas_of
from tests.remedy.cached import caches_of
from tests.remedy.console import remedy
from tests.remedy.locked import Deployed, planned
from tests.remedy.people import Console

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "remedy.md").read_text()
LOCKS = (ROOT / "docs" / "terraform-locks.md").read_text()
REDIS = (ROOT / "docs" / "redis.md").read_text()
BACKUPS = (ROOT / "docs" / "mongodb-backups.md").read_text()
README = (ROOT / "README.md").read_text()
TYPED = re.findall(r"^(?:\$ )?(remedy [a-z]+.*)$", "\n".join((PAGE, LOCKS, REDIS, BACKUPS, README)), re.MULTILINE)
BLOCKS = re.findall(r"^```console\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("line", sorted(set(TYPED)))
def test_every_command_and_option_in_the_docs_exists(line: str) -> None:
    _, command, *words = shlex.split(line, comments=True)
    path = [command, words[0]] if command in {"circuit", "database"} else [command]
    shown = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    for word in words:
        if word.startswith("--"):
            assert word in shown.stdout


def test_every_command_is_in_the_docs() -> None:
    for name in typer.main.get_command(app).commands:  # type: ignore[attr-defined]
        assert re.search(rf"^\| `remedy {name}\b", PAGE, re.MULTILINE), name


def test_every_exit_status_is_in_the_docs() -> None:
    told = dict(re.findall(r"^\| (\d+) \| (.+) \|$", PAGE, re.MULTILINE))
    known = {str(value) for name, value in vars(telling).items() if name.isupper() and isinstance(value, int)}
    assert set(told) == known
    in_the_code = dict(re.findall(r"^\| (\d+) \| (.+) \|$", telling.__doc__ or "", re.MULTILINE))
    assert set(in_the_code) == known


EXPLAINED = re.findall(r"^\$ (remedy explain events/.+)\n((?:.+\n)+)", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("line", "answer"), EXPLAINED)
def test_explain_answers_what_the_docs_say(line: str, answer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(app, shlex.split(line)[1:])
    assert result.stdout.strip() == answer.removesuffix("```\n").strip()


def test_the_docs_have_examples() -> None:
    assert len(EXPLAINED) == 3
    assert len(TYPED) > 25


# ------------------------------------------------------------------------------------------------------ the docs' night


def test_the_night_of_the_docs_is_what_the_console_says(aws: Clients, ledger: DynamoLedger, people: Console) -> None:
    incidents = night.falls(aws, ledger, people)
    then: dict[str, Callable[[], None]] = {
        "ack": lambda: incidents.acknowledged(night.KEY, night.ESCALATED, people.arn(), datetime.now(UTC)),
    }
    played = [(line, answer) for block in BLOCKS for line, answer in _commands(block) if _is_of_the_night(line)]
    assert len(played) >= 14
    for line, answer in played:
        said, _, who = line.partition("  # as ")
        people.sits = who.partition(",")[0] or "ada"
        output = remedy(*shlex.split(said)[1:]).output
        assert _plain(answer) == _plain(output), f"{line}\n{output}"
        then.get(shlex.split(said)[1], lambda: None)()


def test_the_lock_of_the_docs_is_what_the_console_says(
    aws: Clients, people: Console, dev: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert aws is not None
    assert people is not None
    settings, function = dev.config.runbooks["clear-stale-lock"].settings, Deployed()
    assert isinstance(settings, Settings)
    held = lock(item=item(info(Operation="OperationTypeApply")), object=None)
    function.answers["starttech"] = planned(held, settings)
    monkeypatch.setattr(AwsLambda, "invoke", function.invoke)
    (answer,) = (answer for block in BLOCKS for line, answer in _commands(block) if line == "remedy locks")
    assert _plain(answer) == _plain(remedy("locks").output)


def test_the_snapshots_of_the_docs_are_what_the_console_says(
    aws: Clients, people: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert aws.place.environment == "dev"
    world = caches_of(people, monkeypatch)
    world.cluster("dev-redis")
    hour = timedelta(hours=1)
    world.kept("remedy-dev-redis-202611230037", "dev-redis", hour * 3 + TAKES)
    world.kept("automatic.dev-redis-2026-11-22-23-37", "dev-redis", hour * 4 + TAKES, source="automated")
    world.kept("before-migration", "dev-redis", hour * 52 + TAKES)
    (answer,) = (answer for block in BLOCKS for line, answer in _commands(block) if line == "remedy snapshots")
    assert _plain(answer) == _plain(remedy("snapshots").output)


def test_the_database_of_the_docs_is_what_the_console_says(
    aws: Clients, people: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert aws.place.environment == "dev"
    world = atlas_of(people, monkeypatch)
    world.cluster("dev-starttech-cluster")
    world.cluster("sandbox", "M0")
    world.allow("198.51.100.7/32", "NAT gateway of dev")
    world.allow("0.0.0.0/0", "for the demo")
    for age, on_demand in ((2, True), (26, False)):
        world.snapshot("dev-starttech-cluster", timedelta(hours=age), on_demand=on_demand)
    told = {line: answer for block in BLOCKS for line, answer in _commands(block)}
    for command in ("status", "backups"):
        assert _plain(told[f"remedy database {command}"]) == _plain(remedy("database", command).output)


def test_the_page_of_the_backups_says_the_limits_that_the_code_has() -> None:
    assert (
        f"so lately (`fresh`, {BackupSettings(project='', cluster='', reader='').fresh.seconds // 60} minutes"
        in BACKUPS
    )
    assert f"older than {FILLED_WITHIN.total_seconds() / 3600:.0f} hours" in BACKUPS
    assert f"at most {LONGEST} characters" in BACKUPS
    assert f"at least {KEPT}" in BACKUPS


@pytest.mark.parametrize(
    ("name", "settings"), [("backup-database", BackupSettings), ("restore-database", RestoreSettings)]
)
def test_the_page_of_the_backups_shows_every_setting_and_they_are_accepted(
    name: str, settings: type[msgspec.Struct]
) -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```$", BACKUPS, re.MULTILINE | re.DOTALL)
    said = tomllib.loads(block)["runbooks"][name]["settings"]
    assert isinstance(msgspec.convert(said, settings), settings)
    others = tomllib.loads(block.replace("# parameter", "parameter"))["runbooks"][name]["settings"]
    assert set(others) == {field.name for field in msgspec.structs.fields(settings)}


def test_the_page_of_redis_says_the_limits_that_the_code_has() -> None:
    assert f"more than {MEMORY:.0f} % full" in REDIS
    assert f"CPU is above {CPU:.0f} %" in REDIS
    assert f"or {PER_NODE} of anybody's ({PER_SERVERLESS} of a serverless cache)" in REDIS
    assert f"younger than {FRESH.total_seconds() / 60:.0f} minutes" in REDIS
    assert f"`{PREFIX}<cache>-<minute>`, and its tag `{TAG} = {OURS}`" in REDIS


def test_the_page_of_the_locks_shows_every_setting_and_they_are_accepted() -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```$", LOCKS, re.MULTILINE | re.DOTALL)
    said = tomllib.loads(block)["runbooks"]["clear-stale-lock"]["settings"]
    settings = msgspec.convert(said, Settings)
    assert set(said) == {field.name for field in msgspec.structs.fields(Settings)}
    assert [state.lock_key for state in settings.lockfiles] == ["env:/blue/starttech/terraform.tfstate.tflock"]


def _commands(block: str) -> list[tuple[str, str]]:
    return re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)


def _is_of_the_night(line: str) -> bool:
    return not line.startswith(
        ("remedy explain", "remedy invoke", "remedy locks", "remedy snapshots", "remedy database")
    )


def _plain(text: str) -> list[str]:
    """Return lines without what is another one every night: instants, lengths of time, and how wide a column is."""
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|\d\d:\d\d:\d\d", "AT", text)
    text = re.sub(r"\b\d+ (?:s|min|h)(?: \d+ (?:s|min))?(?!\w)", "SO LONG", text)
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]
