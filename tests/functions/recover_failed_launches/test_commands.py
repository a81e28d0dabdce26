"""The commands that a person pastes: they ask for what is named, and where no name is known they ask for that."""

import shlex
from typing import Any

import jmespath  # type: ignore[import-untyped]
import pytest
from msgspec.structs import replace

from recover_failed_launches.case import Case
from recover_failed_launches.causes import Cause
from recover_failed_launches.commands import Commands
from recover_failed_launches.deaths import Boot, Trouble
from recover_failed_launches.facts import Facts
from recover_failed_launches.fixes import Fix, of_instances, of_launch, of_start
from recover_failed_launches.settings import Settings
from remediation.core.redact import redact
from remediation.core.spec import Place
from tests.functions.recover_failed_launches.nights import SETTINGS, Night

STANDARD = "--service-code ec2 --quota-code L-1216C47A"


@pytest.fixture
def facts() -> Facts:
    """One of two instances serves; the other is there and does not."""
    night = Night()
    night.world.tries = False
    night.world.add(1)
    (ill,) = night.world.add(1)
    ill.healthy = False
    return night.look()


def case_of(facts: Facts, settings: Settings = SETTINGS, **changes: Any) -> Case:
    return Case(replace(facts, **changes), settings, (), Night().steps.now)


def of_type(facts: Facts, **version: Any) -> Facts:
    assert facts.wanted is not None
    return replace(facts, wanted=replace(facts.wanted, version=replace(facts.wanted.version, **version)))


def asked(command: str) -> dict[str, str]:
    """Return the options of a command, each with what follows it."""
    words = shlex.split(command)
    return {word: after for word, after in zip(words, [*words[1:], ""], strict=True) if word.startswith("--")}


# ------------------------------------------------------------------------------------------------------ asked for right


def test_refreshes_are_asked_for_by_what_the_call_itself_takes(facts: Facts) -> None:
    command = Commands(case_of(facts)).refreshes()
    assert asked(command)["--max-records"] == "5"
    assert "--max-items" not in command, "the command line pages none of this call"


def test_iam_is_asked_about_the_login_and_about_the_repository_apart(facts: Facts) -> None:
    login, pull = Commands(case_of(facts)).simulate()
    assert asked(login)["--action-names"] == "ecr:GetAuthorizationToken"
    assert "--resource-arns" not in login, "a login takes no resource"
    assert asked(pull)["--resource-arns"] == "arn:aws:ecr:us-east-1:123456789012:repository/dev-starttech-backend"
    assert "GetAuthorizationToken" not in pull
    assert "ecr:BatchGetImage" in pull
    assert asked(login)["--policy-source-arn"] == asked(pull)["--policy-source-arn"]


def test_iam_is_asked_about_the_role_that_the_profile_holds_by_its_whole_arn(facts: Facts) -> None:
    assert facts.wanted is not None
    arn = "arn:aws:iam::123456789012:role/starttech/dev-ec2-role"
    login, _ = Commands(case_of(facts, wanted=replace(facts.wanted, role=arn))).simulate()
    assert asked(login)["--policy-source-arn"] == arn
    login, _ = Commands(case_of(facts, wanted=None)).simulate()
    assert asked(login)["--policy-source-arn"] == "arn:aws:iam::123456789012:role/dev-ec2-role"


def test_what_is_shown_of_a_template_is_all_that_a_launch_may_fail_of_and_no_user_data(facts: Facts) -> None:
    """In StartTech's the security groups are those of the network interface."""
    data = {
        "ImageId": "ami-1",
        "InstanceType": "t3.small",
        "NetworkInterfaces": [{"DeviceIndex": 0, "Groups": ["sg-1"]}],
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda"}],
        "Placement": {"GroupName": "near"},
        "CpuOptions": {"CoreCount": 2},
        "UserData": "c2VjcmV0",
    }
    query = asked(Commands(case_of(facts)).template())["--query"]
    (shown,) = jmespath.search(query, {"LaunchTemplateVersions": [{"LaunchTemplateData": data}]})
    assert shown["NetworkInterfaces"] == [["sg-1"]]
    assert {name for name, value in shown.items() if value is not None} == set(data) - {"UserData"}
    (shown,) = jmespath.search(
        query, {"LaunchTemplateVersions": [{"LaunchTemplateData": {"SecurityGroupIds": ["sg-2"]}}]}
    )
    assert (shown["SecurityGroupIds"], shown["NetworkInterfaces"]) == (["sg-2"], None)


@pytest.mark.parametrize(
    ("cause", "type_", "allowed", "expected"),
    [
        (Cause.QUOTA, "t3.small", 32, f"request-service-quota-increase {STANDARD} --desired-value 64"),
        (Cause.QUOTA, "t3.small", None, f"get-service-quota {STANDARD}"),
        (Cause.QUOTA, "g5.xlarge", None, "get-service-quota --service-code ec2 --quota-code L-DB2E81BA"),
        (Cause.QUOTA, "mac2.metal", None, "list-service-quotas --service-code ec2"),
        (Cause.SPOT_QUOTA, "t3.small", 32, "get-service-quota --service-code ec2 --quota-code L-34B43A08"),
        (Cause.SPOT_QUOTA, "p5.48xlarge", None, "list-service-quotas --service-code ec2"),
        (Cause.FLEET_QUOTA, "t3.small", 32, "list-service-quotas --service-code ec2"),
        (Cause.VOLUMES, "t3.small", 32, "list-service-quotas --service-code ebs"),
        (Cause.INTERFACES, "t3.small", 32, "get-service-quota --service-code vpc --quota-code L-DF5E4CA3"),
    ],
)
def test_the_quota_that_is_used_up_is_the_one_that_is_asked_for(
    facts: Facts, cause: Cause, type_: str, allowed: int | None, expected: str
) -> None:
    """More is asked for only where it is known how much is allowed."""
    command = of_launch(case_of(of_type(facts, type=type_), quota=allowed), cause).steps[0]
    assert command.startswith(f"aws service-quotas {expected} ")


# ------------------------------------------------------------------------------------------------- a name is not known


@pytest.mark.parametrize("cause", list(Cause))
def test_every_command_names_what_it_asks_for_also_where_nothing_is_known(facts: Facts, cause: Cause) -> None:
    assert facts.group is not None
    nothing = replace(facts, wanted=None, subnets=None, group=replace(facts.group, subnets=()))
    for step in of_launch(case_of(nothing), cause).steps:
        options = asked(step) if step.startswith("aws ") else {}
        assert not {"", "NAME", "INSTANCE"} & set(options.values()), step
        assert not [option for option, after in options.items() if after.startswith("--") or after.endswith("=")], step


@pytest.mark.parametrize("cause", [Cause.IMAGE, Cause.PROFILE, Cause.ZONE])
def test_where_a_name_is_not_known_what_names_it_is_asked_for(facts: Facts, cause: Cause) -> None:
    named = of_launch(case_of(facts), cause).steps[0]
    unknown = of_launch(case_of(facts, wanted=None), cause).steps[0]
    assert "describe-launch-template-versions" not in named
    assert "describe-launch-template-versions" in unknown


def test_an_image_that_a_parameter_names_is_not_asked_for_by_it(facts: Facts) -> None:
    named = of_type(facts, image="resolve:ssm:/golden/ami")
    assert "describe-launch-template-versions" in Commands(case_of(named)).image()


def test_a_group_without_subnets_is_asked_for_itself(facts: Facts) -> None:
    assert facts.group is not None
    none = case_of(facts, group=replace(facts.group, subnets=()))
    assert "describe-auto-scaling-groups" in Commands(none).of_subnets("describe-subnets", "subnet-id")
    both = Commands(case_of(facts)).of_subnets("describe-subnets", "subnet-id")
    assert asked(both)["--filters"] == "Name=subnet-id,Values=subnet-1,subnet-2"


def test_the_instance_to_get_onto_is_one_that_does_not_serve(facts: Facts) -> None:
    assert facts.group is not None
    ill = next(member.id for member in facts.group.members if not member.healthy)
    assert asked(Commands(case_of(facts, boots=())).shell())["--target"] == ill
    assert asked(Commands(case_of(facts, boots=(Boot(instance="i-9"),))).shell())["--target"] == "i-9"
    alone = case_of(facts, boots=(), group=replace(facts.group, members=()))
    assert "describe-auto-scaling-groups" in Commands(alone).shell()


# ------------------------------------------------------------------------------- what AWS says for sure goes before a log


def fix_of(facts: Facts, trouble: Trouble, **changes: Any) -> Fix:
    return of_instances(case_of(facts, boots=(Boot(instance="i-1", trouble=trouble),), **changes))


def test_a_role_that_iam_allows_is_not_said_to_lack_a_right(facts: Facts) -> None:
    fix = fix_of(facts, Trouble.NO_RIGHT, denied=())
    assert fix.why == "ECR refuses the pull, by their log, though dev-ec2-role may pull by its own policies"
    assert "get-repository-policy" in fix.steps[0]
    assert not [step for step in fix.steps if step.startswith("Give ")]


def test_a_role_that_iam_denies_is_said_to_and_one_that_it_cannot_say_of_is_not(facts: Facts) -> None:
    sure = fix_of(facts, Trouble.NO_RIGHT, denied=("ecr:BatchGetImage",))
    assert sure.why == "dev-ec2-role may not pull from ECR (ecr:BatchGetImage)"
    unsure = fix_of(facts, Trouble.NO_RIGHT, denied=None)
    assert unsure.why == "ECR refuses the pull, by their log; whether dev-ec2-role may is not known"


def test_a_tag_that_ecr_has_by_now_is_not_said_to_be_missing(facts: Facts) -> None:
    assert facts.wanted is not None
    there = fix_of(facts, Trouble.NO_TAG, wanted=replace(facts.wanted, tag=True))
    assert "ECR has it now" in there.why
    assert fix_of(facts, Trouble.NO_TAG, wanted=replace(facts.wanted, tag=None)).why.startswith("ECR does not have")


def test_only_the_policy_is_named_after_the_environment_and_the_role_as_it_is(facts: Facts) -> None:
    prod = Place(
        **{name: getattr(facts.place, name) for name in facts.place.__struct_fields__} | {"environment": "prod"}
    )
    web = replace(SETTINGS, role="webdev-ec2-role")
    give = of_start(case_of(facts, web, place=prod, denied=("ecr:BatchGetImage",)), Trouble.NO_RIGHT).steps[-1]
    assert give == "Give webdev-ec2-role the right to pull from ECR in Terraform (prod-ec2-ecr-policy), and apply."


@pytest.mark.parametrize("trouble", list(Trouble))
def test_each_trouble_has_words_of_its_own(facts: Facts, trouble: Trouble) -> None:
    others = {of_start(case_of(facts), other).why for other in Trouble if other is not trouble}
    assert of_start(case_of(facts), trouble).why not in others


def test_no_advice_reads_as_a_secret(facts: Facts) -> None:
    case = case_of(facts, denied=("ecr:BatchGetImage",))
    fixes = [*(of_launch(case, cause) for cause in Cause), *(of_start(case, trouble) for trouble in Trouble)]
    told = [text for fix in fixes for text in (fix.why, *fix.steps)]
    assert [text for text in told if redact(text) != text] == []


def test_an_instance_that_was_shut_down_before_it_served_is_looked_at_like_any_that_does_not_come_up(
    facts: Facts,
) -> None:
    boots = (Boot(instance="i-1", trouble=Trouble.NO_SPACE),)
    fix = of_launch(case_of(facts, boots=boots), Cause.SHUT_DOWN)
    assert fix.why == "the instance was shut down before it was in service: their disk is full"
    assert fix.steps == of_instances(case_of(facts, boots=boots)).steps
