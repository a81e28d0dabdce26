"""The one function that can write to Atlas: where it is deployed, who may invoke it, and who may read its secret (HAZARDS D2)."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import msgspec
import pytest
from msgspec.structs import replace

from remediation.atlas.asking import DOORS
from remediation.core.atlas import Writing
from remediation.core.deployment import DEPLOYMENT, SETTINGS, Deployment
from stacks.catalog import CATALOG
from stacks.config import Config, ConfigError, load
from stacks.permissions import ATLAS_WRITER
from tests.conftest import ROOT
from tests.house.test_imports import CDK, loaded_by
from tests.stacks.callers import ALICE, Environment, environment
from tests.stacks.template import Template, synthesise
from tests.support.iam import Answer, Call

ASKERS = {"backup-database": "save", "restore-database": "restore", "restore-database-access": "allow"}
"""The runbooks that may ask it for something, each through one alias."""
SECRET = "dev/atlas-writer-AbCdEf"


def deployed(template: Template) -> list[str]:
    return [each["FunctionName"] for each in template.all("Lambda::Function")]


def without_writer(config: Config) -> Config:
    assert config.atlas is not None
    return replace(config, atlas=replace(config.atlas, writer=""))


# ------------------------------------------------------------------------------------------------------ where it is


def test_it_is_deployed_where_its_secret_is_named_and_something_acts(
    dev: Template, prod: Template, observed: Template
) -> None:
    assert "dev-atlas-writer" in deployed(dev)
    for elsewhere in (prod, observed):
        assert not [name for name in deployed(elsewhere) if ATLAS_WRITER in name]
        assert ATLAS_WRITER not in elsewhere.one("CloudWatch::Dashboard")["DashboardBody"]


def test_without_its_secret_there_is_none_and_nothing_about_it(dev: Template) -> None:
    (template,) = synthesise(without_writer(dev.config), catalog=CATALOG).templates
    assert not [name for name in deployed(template) if ATLAS_WRITER in name]
    assert "atlas-writer-AbCdEf" not in json.dumps([each.properties for each in template.resources])


def test_it_is_told_the_project_the_secrets_name_and_our_subnets(dev: Template) -> None:
    properties = dev.one("Lambda::Function", FunctionName="dev-atlas-writer")
    variables = properties["Environment"]["Variables"]
    assert dev.config.network is not None
    assert dev.config.atlas is not None
    assert msgspec.json.decode(variables[SETTINGS], type=Writing) == Writing(
        project=dev.config.atlas.project,
        secret=dev.config.atlas.writer,
        cluster="dev-starttech-cluster",
        prefix="dev-restored-",
        subnets=dev.config.network.subnets,
    )
    assert msgspec.json.decode(variables[DEPLOYMENT], type=Deployment).mode == "act"
    assert properties.get("VpcConfig") is None


def test_it_does_one_request_at_a_time_and_nothing_repeats_it(dev: Template) -> None:
    assert dev.one("Lambda::Function", FunctionName="dev-atlas-writer")["ReservedConcurrentExecutions"] == 1
    found = [
        (each["Qualifier"], each["MaximumRetryAttempts"])
        for each in dev.all("Lambda::EventInvokeConfig")
        if each["FunctionName"] == "Lambda::Function dev-atlas-writer"
    ]
    assert sorted(found) == [("allow", 0), ("live", 0), ("restore", 0), ("save", 0)]


def test_it_has_an_alias_for_each_thing_that_may_be_asked_and_all_lead_to_the_same_version(dev: Template) -> None:
    own = [each for each in dev.all("Lambda::Alias") if each["FunctionName"] == "Lambda::Function dev-atlas-writer"]
    assert {each["Name"] for each in own} == {*DOORS, "live"}
    assert len({json.dumps(each["FunctionVersion"]) for each in own}) == 1
    others = [each["Name"] for each in dev.all("Lambda::Alias") if each not in own]
    assert set(others) == {"live"}


def test_it_is_watched(dev: Template) -> None:
    start = "dev-remediation-atlas-writer-"
    found = {each["AlarmName"] for each in dev.all("CloudWatch::Alarm") if each["AlarmName"].startswith(start)}
    assert found == {start + watch for watch in ("dlq", "errors", "throttles", "lost")}


def test_its_handler_starts_with_what_the_stack_writes(dev: Template) -> None:
    variables = dev.one("Lambda::Function", FunctionName="dev-atlas-writer")["Environment"]["Variables"]
    loaded = loaded_by("import atlas_writer.handler as room; assert callable(room.handler)", **variables)
    assert not loaded & (CDK | {"stacks", "remedy", "layers"})


def test_a_writer_needs_subnets_whose_addresses_are_ours(wrong: Callable[[Callable[[str], str]], str]) -> None:
    def edit(text: str) -> str:
        before, _, after = text.partition("[network]")
        rest = after[after.index("[atlas]") :].partition("[runbooks.")[0].partition("[dependencies.")[0]
        return before + rest

    assert wrong(edit) == (
        "config/dev.toml: network: atlas.writer lets in the NAT gateways of the application's subnets; name those and its "
        "security groups."
    )


Edited: TypeAlias = Callable[[Callable[[str], str]], Config]


@pytest.fixture
def edited(tmp_path: Path) -> Edited:
    """Return what an edited config/dev.toml is read as."""
    directory = tmp_path / "config"

    def read(edit: Callable[[str], str]) -> Config:
        directory.mkdir(exist_ok=True)
        (directory / "dev.toml").write_text(edit((ROOT / "config" / "dev.toml").read_text()))
        return load("dev", CATALOG, directory)

    return read


@pytest.fixture
def wrong(edited: Edited) -> Callable[[Callable[[str], str]], str]:
    """Return what is said of an edited config/dev.toml."""

    def said(edit: Callable[[str], str]) -> str:
        with pytest.raises(ConfigError) as error:
            edited(edit)
        return str(error.value)

    return said


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            'project = "Starttech"',
            "config/dev.toml: atlas.project: expected something like '5f1b2c3d4e5f60718293a4b5', got",
        ),
        ('project = "5f1b2c3d4e5f60718293a4b5"\nurl = "https://x"', "config/dev.toml: atlas.url: there is no such key"),
    ],
)
def test_a_wrong_project_is_one_sentence_and_there_is_no_key_for_an_address(
    wrong: Callable[[Callable[[str], str]], str], line: str, sentence: str
) -> None:
    assert sentence in wrong(lambda text: text.replace('project = "5f1b2c3d4e5f60718293a4b5"', line))


WRITERS = "arn:aws:secretsmanager:us-east-1:123456789012:secret:dev/atlas-writer-AbCdEf"
READERS = WRITERS.replace("writer", "reader")


def of(table: str, key: str, value: str) -> Callable[[str], str]:
    """Return an edit of one key in one table."""

    def edit(text: str) -> str:
        before, header, after = text.partition(f"[{table}]\n")
        assert header
        edited, times = re.subn(rf"^{key} = \S+", f"{key} = {value}", after, count=1, flags=re.MULTILINE)
        assert times == 1
        return before + header + edited

    return edit


ALONE = "this is atlas.writer, which the function atlas-writer alone may read; name another secret."


@pytest.mark.parametrize(
    ("table", "key"),
    [
        *((f"runbooks.{name}.settings", "reader") for name in ASKERS),
        ("runbooks.restore-database.settings", "secret"),
        ("dependencies.mongodb", "secret"),
    ],
)
@pytest.mark.parametrize("arn", [WRITERS, WRITERS.removesuffix("-AbCdEf")])
def test_the_writers_secret_is_nobody_elses_whatever_the_settings_say(
    wrong: Callable[[Callable[[str], str]], str], table: str, key: str, arn: str
) -> None:
    assert wrong(of(table, key, f'"{arn}"')) == f"config/dev.toml: {table}.{key}: {ALONE}"


def test_a_secret_whose_name_is_nearly_the_writers_is_another_one(edited: Edited) -> None:
    edited(of("runbooks.backup-database.settings", "reader", f'"{WRITERS}2"'))
    edited(of("atlas", "writer", f'"{READERS[:-7]}-writer"'))


@pytest.mark.parametrize("name", ASKERS)
@pytest.mark.parametrize(
    ("key", "value"), [("project", "5f1b2c3d4e5f60718293a4b6"), ("cluster", "prod-starttech-cluster")]
)
def test_a_runbook_is_about_the_project_and_cluster_of_the_environment(
    wrong: Callable[[Callable[[str], str]], str], name: str, key: str, value: str
) -> None:
    there = {"project": "5f1b2c3d4e5f60718293a4b5", "cluster": "dev-starttech-cluster"}[key]
    at = f"runbooks.{name}.settings"
    sentence = f"config/dev.toml: {at}.{key}: expected '{there}', which is atlas.{key}, got '{value}'."
    assert wrong(of(at, key, f'"{value}"')) == sentence


def test_new_clusters_are_called_as_the_writer_makes_them(wrong: Callable[[Callable[[str], str]], str]) -> None:
    assert wrong(of("atlas", "prefix", '"new-"')) == (
        "config/dev.toml: runbooks.restore-database.settings.prefix: expected 'new-', which is atlas.prefix, got 'dev-restored-'."
    )


@pytest.mark.parametrize("name", ASKERS)
def test_a_runbook_that_acts_by_the_writer_needs_one(edited: Edited, name: str) -> None:
    def edit(text: str, *, of_these: str = "act") -> str:
        text = text.replace(f'writer = "{WRITERS}"', "")
        for other in ASKERS:
            text = of(f"runbooks.{other}", "mode", f'"{of_these if other == name else "observe"}"')(text)
        return text

    with pytest.raises(ConfigError) as error:
        edited(edit)
    assert str(error.value) == (
        f"config/dev.toml: runbooks.{name}.mode: act asks the function atlas-writer, which there is only with `writer` in [atlas]; "
        'name that, or set "observe".'
    )
    edited(lambda text: edit(text, of_these="observe"))


def test_a_runbook_that_is_not_to_ask_the_writer_needs_none(edited: Edited) -> None:
    def edit(text: str) -> str:
        text = text.replace(f'writer = "{WRITERS}"', "").replace("\nwriter = true", "\nwriter = false")
        for other in ("backup-database", "restore-database"):
            text = of(f"runbooks.{other}", "mode", '"observe"')(text)
        return text

    assert edited(edit).runbooks["restore-database-access"].mode == "act"


JUDGES = "runbooks.restore-database-access.settings"
FIRST, SECOND, THIRD = "subnet-0123456789abcdef0", "subnet-0fedcba9876543210", "subnet-0aaaaaaaaaaaaaaaa"


def subnets(table: str, *ids: str) -> Callable[[str], str]:
    """Return an edit of the subnets in one table."""

    def edit(text: str) -> str:
        before, header, after = text.partition(f"[{table}]\n")
        edited, times = re.subn(
            r"^subnets = \[.*?\]", f"subnets = {json.dumps(ids)}", after, count=1, flags=re.MULTILINE
        )
        assert header
        assert times == 1
        return before + header + edited

    return edit


@pytest.mark.parametrize(
    "ids",
    [(FIRST,), (FIRST, SECOND, THIRD), (FIRST, THIRD), (THIRD,)],
    ids=["fewer", "more", "another", "none of them"],
)
@pytest.mark.parametrize("mode", ["act", "observe"])
def test_whose_addresses_are_judged_is_where_the_probe_looks_from_and_what_the_writer_lets_in(
    wrong: Callable[[Callable[[str], str]], str], ids: tuple[str, ...], mode: str
) -> None:
    def edit(text: str) -> str:
        return of("runbooks.restore-database-access", "mode", f'"{mode}"')(subnets(JUDGES, *ids)(text))

    assert wrong(edit) == (
        f"config/dev.toml: {JUDGES}.subnets: expected {FIRST}, {SECOND}, which is network.subnets, got {', '.join(ids)}; name the "
        "application's in both: from those the probe looks, and atlas-writer lets in the NAT gateways of no others."
    )


def test_the_same_subnets_in_another_order_are_the_same(edited: Edited) -> None:
    edited(subnets(JUDGES, SECOND, FIRST))
    edited(lambda text: subnets("network", THIRD, FIRST)(subnets(JUDGES, FIRST, THIRD)(text)))


def test_without_a_network_there_is_neither_probe_nor_writer_and_any_subnets_will_do(edited: Edited) -> None:
    def edit(text: str) -> str:
        before, _, after = subnets(JUDGES, THIRD)(text).partition("[network]")
        judges = after[after.index("[runbooks.restore-database-access]") :]
        return before + judges.replace("\nwriter = true", "\nwriter = false")

    assert edited(edit).network is None


# ------------------------------------------------------------------------------------------------------- who may what


def test_nobody_but_the_writer_may_read_its_secret() -> None:
    for where in (environment("dev"), environment("prod")):
        call = where.secret(f"{where.name}/atlas-writer-AbCdEf")
        readers = [caller.name for caller in (*where.functions, where.operator) if caller.asks(call).allowed]
        assert readers == []
    dev = environment("dev")
    assert dev.writer.asks(dev.secret(SECRET)).allowed


def test_only_the_runbooks_that_declare_it_may_invoke_it_and_each_for_one_thing() -> None:
    dev = environment("dev")
    for alias in (*DOORS, "live", "$LATEST", ""):
        call = dev.invoke(ATLAS_WRITER, alias and f":{alias}")
        askers = [caller.name for caller in dev.functions if caller.asks(call).allowed]
        assert askers == [f"{name} in " for name, door in ASKERS.items() if door == alias]
        assert not dev.operator.asks(call).allowed
    assert not [each for each in dev.template.all("Lambda::Permission") if ATLAS_WRITER in json.dumps(each)]
    prod = environment("prod")
    for alias in DOORS:
        call = prod.invoke(ATLAS_WRITER, f":{alias}")
        assert not [caller.name for caller in prod.functions if caller.asks(call).allowed]


def _invoke(name: str) -> Callable[[Environment], Answer]:
    return lambda e: e.writer.asks(e.invoke(name))


DENIED: dict[str, Callable[[Environment], Answer]] = {
    "it reads another secret": lambda e: e.writer.asks(e.secret("dev/atlas-reader-AbCdEf")),
    "it reads the secret of another environment": lambda e: e.writer.asks(e.secret("prod/atlas-writer-AbCdEf")),
    "it changes its secret": lambda e: e.writer.asks(
        e.on("secretsmanager:PutSecretValue", "secretsmanager", f"secret:{SECRET}")
    ),
    "it invokes itself": _invoke(ATLAS_WRITER),
    "it starts a runbook": _invoke(CATALOG[0].name),
    "it approves": lambda e: e.writer.asks(e.execution("SendDurableExecutionCallbackSuccess", CATALOG[0].name)),
    "it reads the ledger": lambda e: e.writer.asks(e.item("GetItem", "RUN#1")),
    "it writes the ledger": lambda e: e.writer.asks(e.item("UpdateItem", f"SAID#{ALICE}#run-1")),
    "it tells people": lambda e: e.writer.asks(e.on("sns:Publish", "sns", "dev-remediation-critical")),
    "it makes a NAT gateway": lambda e: e.writer.asks(
        e.on("ec2:CreateNatGateway", "ec2", "subnet/subnet-0123456789abcdef0")
    ),
    "it takes an address": lambda e: e.writer.asks(e.on("ec2:AllocateAddress", "ec2", "elastic-ip/eipalloc-1")),
    "it looks at instances": lambda e: e.writer.asks(Call("ec2:DescribeInstances", "*", e.here())),
    "it looks at addresses elsewhere": lambda e: e.writer.asks(
        Call("ec2:DescribeNatGateways", "*", {"aws:RequestedRegion": "eu-west-1"})
    ),
}


@pytest.mark.parametrize("sentence", DENIED)
def test_it_is_denied_that(sentence: str) -> None:
    assert not DENIED[sentence](environment("dev")).allowed


def test_it_may_see_our_addresses_and_write_its_log() -> None:
    dev = environment("dev")
    answer = dev.writer.asks(
        Call("ec2:DescribeNatGateways", "*", dev.here()),
        Call("ec2:DescribeRouteTables", "*", dev.here()),
        Call("ec2:DescribeSubnets", "*", dev.here()),
        dev.logged("PutLogEvents", ATLAS_WRITER),
    )
    assert answer.allowed, answer.because


def test_a_secret_under_a_key_of_the_accounts_own_can_be_read() -> None:
    dev = load("dev", CATALOG)
    key = f"arn:aws:kms:{dev.region}:{dev.account}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    assert dev.atlas is not None
    config = replace(dev, atlas=replace(dev.atlas, keys=(key,)))
    (template,) = synthesise(config, catalog=CATALOG).templates
    where = Environment(template)
    use = where.key_use("Decrypt", "secretsmanager", "1234abcd-12ab-34cd-56ef-1234567890ab")
    assert where.writer.asks(use).allowed
    assert not where.runbook.asks(use).allowed
