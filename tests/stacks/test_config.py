from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from remediation.core.spec import MODES, TEAMS, Mode, lowest
from stacks.catalog import CATALOG
from stacks.config import DIRECTORY, ConfigError, environments, load, lower
from tests.support.toy import LIGHT_THE_LAMPS

SECTION = "[runbooks.restart-unhealthy-targets.settings]\n"
Edit = Callable[[str], str]


def instead(old: str, new: str) -> Edit:
    def edit(text: str) -> str:
        assert old in text, f"the file has no {old!r}"
        return text.replace(old, new, 1)

    return edit


def without_network(text: str) -> str:
    before, _, after = text.partition("[network]")
    return before + after[after.index("[dependencies.redis]") :]


def under(section: str, line: str) -> Edit:
    return instead(section, f"{section}{line}\n")


@pytest.fixture
def wrong(tmp_path: Path) -> Callable[[Edit], str]:
    """Load dev.toml after an edit, and return what is said of it."""

    def load_edited(edit: Edit) -> str:
        directory = tmp_path / "config"
        directory.mkdir()
        (directory / "dev.toml").write_text(edit((DIRECTORY / "dev.toml").read_text()))
        with pytest.raises(ConfigError) as raised:
            load("dev", CATALOG, directory)
        return str(raised.value)

    return load_edited


@pytest.mark.parametrize("environment", environments())
def test_every_environment_loads(environment: str) -> None:
    config = load(environment, CATALOG)
    assert config.environment == config.place.environment == environment
    assert set(config.runbooks) == {runbook.name for runbook in CATALOG}


def test_prod_looks_and_does_not_act() -> None:
    assert load("prod", CATALOG).mode == "observe"
    assert {runbook.mode for runbook in load("prod", CATALOG).runbooks.values()} == {"observe"}


def test_the_contacts_answer_as_soon_as_the_runbook_says() -> None:
    minutes = {"infrastructure": 15, "database": 30, "application": 15, "critical": 5}
    for environment in environments():
        contacts = load(environment, CATALOG).contacts.by_team()
        assert tuple(contacts) == TEAMS
        assert {team: contact.response for team, contact in contacts.items()} == {
            team: timedelta(minutes=length) for team, length in minutes.items()
        }


@pytest.mark.parametrize("environment", MODES)
@pytest.mark.parametrize("own", MODES)
def test_the_lower_mode_counts(tmp_path: Path, environment: Mode, own: Mode) -> None:
    text = (DIRECTORY / "dev.toml").read_text()
    text = text.replace('mode = "act"', f'mode = "{environment}"', 1).replace('mode = "act"', f'mode = "{own}"', 1)
    (tmp_path / "dev.toml").write_text(text)
    config = load("dev", CATALOG, tmp_path)
    assert config.runbooks["restart-unhealthy-targets"].mode == lowest(environment, own)


def test_the_mode_of_one_deploy_can_only_be_lower() -> None:
    dev, prod = load("dev", CATALOG), load("prod", CATALOG)
    assert {runbook.mode for runbook in lower(dev, "observe").runbooks.values()} == {"observe"}
    assert lower(prod, "act") == prod
    with pytest.raises(ConfigError, match="-c mode=on: expected one of off, observe, act"):
        lower(dev, "on")


def test_an_environment_without_a_file_lists_those_with_one() -> None:
    with pytest.raises(ConfigError, match="no environment 'staging' in config/; there are: dev, prod"):
        load("staging", CATALOG)


def test_an_environment_is_no_path() -> None:
    with pytest.raises(ConfigError, match=r"no environment '\.\./config/dev'"):
        load("../config/dev", CATALOG)


def test_settings_that_are_left_out_have_the_runbooks_defaults(tmp_path: Path) -> None:
    (tmp_path / "dev.toml").write_text((DIRECTORY / "dev.toml").read_text().partition("[runbooks.")[0] + LAMPS)
    settings = load("dev", (LIGHT_THE_LAMPS,), tmp_path).runbooks["light-the-lamps"].settings
    assert settings == LIGHT_THE_LAMPS.settings()


LAMPS = """
[runbooks.light-the-lamps]
mode = "act"
"""


@pytest.mark.parametrize(
    ("edit", "sentence"),
    [
        (
            instead("region =", "regoin ="),
            (
                "config/dev.toml: regoin: there is no such key; did you mean `region`? The keys here are: budgets, "
                "circuit, maintenance, freeze, causes, storm, deploys, operators, alarm_prefix, quiet_alarms, environment, "
                "account, region, mode, drills_act, log_retention_days, contacts, network, dependencies, atlas, tags, runbooks."
            ),
        ),
        (instead('account = "123456789012"', ""), "config/dev.toml: account: this key is missing."),
        (
            instead('"123456789012"', '"12345"'),
            "config/dev.toml: account: expected something like '123456789012', got '12345'.",
        ),
        (instead('"123456789012"', "123456789012"), "config/dev.toml: account: expected a string, got an integer."),
        (
            instead('region = "us-east-1"', 'region = "Virginia"'),
            "config/dev.toml: region: expected something like 'us-east-1', got 'Virginia'.",
        ),
        (
            instead('environment = "dev"', 'environment = "prod"'),
            "config/dev.toml: environment: expected 'dev', as the file is called, got 'prod'.",
        ),
        (
            instead('mode = "act"', 'mode = "on"'),
            "config/dev.toml: mode: expected one of act, observe, off, got 'on'.",
        ),
        (
            instead("drills_act = false", 'drills_act = "no"'),
            "config/dev.toml: drills_act: expected true or false, got a string.",
        ),
        (
            instead("log_retention_days = 30", "log_retention_days = 31"),
            (
                "config/dev.toml: log_retention_days: expected one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, "
                "545, 731, 1096, 1827, 3653, got 31."
            ),
        ),
        (
            instead("response_minutes = 30", ""),
            "config/dev.toml: contacts.database.response_minutes: this key is missing.",
        ),
        (
            instead("response_minutes = 30", 'response_minutes = "30 min"'),
            "config/dev.toml: contacts.database.response_minutes: expected an integer, got a string.",
        ),
        (
            instead("response_minutes = 30", "response_minutes = 0"),
            "config/dev.toml: contacts.database.response_minutes: expected an integer >= 1.",
        ),
        (
            instead("[contacts.database]\nresponse_minutes = 30", ""),
            "config/dev.toml: contacts.database: this key is missing.",
        ),
        (
            instead("[contacts.database]", "[contacts.data]"),
            (
                "config/dev.toml: contacts.data: there is no such key; did you mean `database`? The keys here are: "
                "infrastructure, database, application, critical."
            ),
        ),
        (
            instead("emails = []", 'emails = ["ops"]'),
            "config/dev.toml: contacts.infrastructure.emails[0]: expected something like 'ops@example.com', got 'ops'.",
        ),
        (
            lambda text: text.replace("[runbooks.restart-unhealthy-targets", "[runbooks.restart-everything"),
            (
                "config/dev.toml: runbooks.restart-everything: there is no such runbook; there are: "
                f"{', '.join(sorted(runbook.name for runbook in CATALOG))}."
            ),
        ),
        (
            instead(f"{SECTION}", f"memory = 1024\n{SECTION}"),
            (
                "config/dev.toml: runbooks.restart-unhealthy-targets.memory: there is no such key; did you mean "
                "`memory_mb`? The keys here are: mode, reserved_concurrency, memory_mb, alarm_topics, ask_first, keys, settings."
            ),
        ),
        (
            instead(f"{SECTION}", f"keys = ['alias/ours']\n{SECTION}"),
            (
                "config/dev.toml: runbooks.restart-unhealthy-targets.keys[0]: expected something like "
                "'arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab', got 'alias/ours'."
            ),
        ),
        (
            instead(f"{SECTION}", f"reserved_concurrency = -1\n{SECTION}"),
            "config/dev.toml: runbooks.restart-unhealthy-targets.reserved_concurrency: expected an integer >= 0.",
        ),
        (
            under(SECTION, "replacements = 'three'"),
            (
                "config/dev.toml: runbooks.restart-unhealthy-targets.settings.replacements: expected an integer, got a "
                "string."
            ),
        ),
        (
            instead('warm_up = "PT30S"', "warm_up = 30"),
            (
                "config/dev.toml: runbooks.restart-unhealthy-targets.settings.warm_up: expected a duration such as "
                '"PT90S", got an integer.'
            ),
        ),
        (
            instead('asg = "dev-backend-asg"', 'asg = "*"'),
            (
                "config/dev.toml: runbooks.restart-unhealthy-targets.settings: a wildcard in a setting would widen the "
                "permission autoscaling:SetInstanceHealth on "
                "'arn:aws:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/{asg}'; name one resource."
            ),
        ),
        (
            lambda text: text.replace("[network]\nsubnets", "[network]\nsubnet", 1),
            (
                "config/dev.toml: network.subnet: there is no such key; did you mean `subnets`? "
                "The keys here are: subnets, security_groups, networks."
            ),
        ),
        (
            instead('security_groups = ["sg-0123456789abcdef0"]', "security_groups = []"),
            "config/dev.toml: network.security_groups: expected a list of length >= 1.",
        ),
        (
            under('security_groups = ["sg-0123456789abcdef0"]\n', 'networks = ["10.0.0.0/16", "10.1"]'),
            (
                "config/dev.toml: network.networks[1]: expected a CIDR block such as 10.0.0.0/16: "
                "'10.1' does not appear to be an IPv4 or IPv6 network."
            ),
        ),
        (
            without_network,
            ("config/dev.toml: network: flush-redis speaks with redis itself; name the subnets and security groups."),
        ),
        (
            instead("\nport = 6379", "\nport = 0"),
            "config/dev.toml: dependencies.redis.port: expected an integer >= 1.",
        ),
        (lambda _: "", "config/dev.toml: environment: this key is missing."),
    ],
)
def test_a_wrong_file_is_one_sentence(wrong: Callable[[Edit], str], edit: Edit, sentence: str) -> None:
    assert wrong(edit) == sentence


def test_a_dependency_is_looked_at_from_somewhere(wrong: Callable[[Edit], str]) -> None:
    def edit(text: str) -> str:
        return without_network(text).partition("[runbooks.")[0]

    assert wrong(edit) == (
        "config/dev.toml: network: dependencies are looked at from within the VPC; name its subnets and security groups."
    )


def test_a_misspelt_setting_is_named_with_those_there_are(wrong: Callable[[Edit], str]) -> None:
    said = wrong(under(SECTION, 'taget_group = "x"'))
    assert said.startswith(
        "config/dev.toml: runbooks.restart-unhealthy-targets.settings.taget_group: there is no such key; did you mean "
        "`target_group`? The keys here are: "
    )


def test_what_is_not_toml_is_said_with_its_line(wrong: Callable[[Edit], str]) -> None:
    assert wrong(instead("emails = []", "emails = [")).startswith("config/dev.toml is not TOML: ")


def test_what_is_not_text_is_said(tmp_path: Path) -> None:
    (tmp_path / "dev.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"dev\.toml is not TOML: 'utf-8' codec can't decode"):
        load("dev", CATALOG, tmp_path)
