"""The advice of the runbooks about access is pasted at night: each step of it is a sentence, or a command that works."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from restore_database_access import advice as database
from restore_redis_access import advice as redis
from tests.functions.restore_database_access.judged import FAULTS, PROD, THERE, by, facts, leading, shut_out, tried
from tests.functions.restore_database_access.judged import decided as of_database
from tests.functions.restore_database_access.nights import LAYERS, SETTINGS
from tests.functions.restore_redis_access.nights import GROUP
from tests.functions.restore_redis_access.test_decide import decided as of_redis
from tests.functions.restore_redis_access.test_decide import facts as redis_facts
from tests.support.pasted import complaint

KNOWN = {"cluster": "c", "project": "5f1b", "environment": "dev", "subnet": "subnet-1", "cache": "dev-redis"}


@pytest.mark.parametrize(
    "step",
    [
        "aws ec2 describe-vpc-attribute --attribute enableDnsSupport --vpc-id <vpc>",
        "atlas clusters list --projectId 5f1b; compare with `terraform output`.",
        "First list our own addresses, then take it off in Terraform: atlas accessLists delete 0.0.0.0/0 --projectId 5f1b",
        "Look at the cluster's metrics: atlas clusters describe c --projectId 5f1b.",
        "remedy invoke flush-redis --target dev-redis  # a plan",
        "Compare the user with `atlas dbusers list --projectId 5f1b`.",
        "aws ec2 describe-vpcs --query 'Vpcs[0]",
    ],
)
def test_what_cannot_be_pasted_is_noticed(step: str) -> None:
    assert complaint(step)


@pytest.mark.parametrize("tables", [(database.NEXT, database.AT), (redis.NEXT,)])
def test_every_step_of_the_advice_is_a_sentence_or_a_command_that_can_be_pasted(
    tables: tuple[Mapping[Any, Any]],
) -> None:
    steps = [step.format(**KNOWN, group=GROUP) for table in tables for each in table.values() for step in each]
    assert [said for step in (*steps, *database.UNHEARD, *database.ELSEWHERE) if (said := complaint(step))] == []


def _told() -> Iterator[str]:
    ways = (facts(addresses=()), shut_out(probed=by("10.0.3.4")), shut_out(probed=leading(PROD)), facts(cluster=None))
    layers = (facts(layer, fault) for layer in LAYERS for fault in FAULTS)
    paused = facts(probed=None, unasked="-", cluster=THERE)
    for seen in (*ways, *layers, paused):
        for been in ((), (tried(),)):
            yield from getattr(of_database(seen, *been), "next_steps", ())


def test_every_step_that_is_told_of_the_database_can_be_pasted_but_the_lines_of_terraform() -> None:
    told = {step for step in _told() if not step.startswith("In Terraform: ")}
    assert len(told) > 20
    assert [said for step in told if (said := complaint(step))] == []


def test_the_vpc_whose_resolver_fails_is_found_by_what_is_configured() -> None:
    (of_subnet,) = of_database(facts("dns", "name-unanswered")).next_steps
    assert f"--subnet-ids {SETTINGS.subnets[0]} " in of_subnet
    (of_group,) = of_redis(redis_facts("dns", "name-unanswered")).next_steps
    assert f"--group-ids {GROUP} " in of_group
