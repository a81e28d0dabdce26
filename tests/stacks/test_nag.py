"""cdk-nag finds nothing that is not acknowledged, and what is acknowledged is known here by name."""

from pathlib import Path

import pytest
from aws_cdk import App, Stack, Validations
from aws_cdk import aws_sqs as sqs
from cdk_nag import AwsSolutionsChecks

from stacks.acknowledgements import RUNTIME
from stacks.catalog import CATALOG
from tests.stacks.callers import environment
from tests.stacks.template import Synthesis, Template, violations


def test_there_is_no_finding(synthesis: Synthesis) -> None:
    assert synthesis.violations == []


def test_there_would_be_one(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path))
    sqs.Queue(Stack(app, "Careless"), "Queue")
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    assert violations(tmp_path) == ["AwsSolutions-SQS3", "AwsSolutions-SQS4"]


FUNCTIONS = (*(runbook.name for runbook in CATALOG), "probe-dependencies", "sweep-alarms", "escalate-incident")
NOT_DURABLE = ("probe-dependencies", "sweep-alarms")
WRITER = "atlas-writer"
SERVICES = (
    "cloudwatch",
    "dynamodb",
    "ec2",
    "elasticache",
    "events",
    "kms",
    "lambda",
    "logs",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
)
"""Whose resources of this account some function uses: how far the boundary lets them all reach."""

DESCRIBED = ("autoscaling", "ec2", "elasticache", "elasticloadbalancing")
"""Services of which the boundary lets functions describe everything, because it has no room for each call by name."""


def acknowledged(template: Template, *, acts: bool) -> set[str]:
    """Return every acknowledgement there may be: a new one has to be argued for here."""
    place = template.config.place
    here = f"{place.region}:{place.account}"
    wildcards = {
        "*",
        f"arn:aws:cloudwatch:{here}:alarm:*",
        f"arn:aws:cloudwatch:{here}:alarm-mute-rule:*",
        f"arn:aws:ec2:{here}:instance/*",
        f"arn:aws:ec2:{here}:network-interface/*",
        f"arn:aws:ec2:{here}:*/*",
        *(
            f"arn:aws:lambda:{here}:function:{place.environment}-{name}:*"
            for name in FUNCTIONS
            if name not in NOT_DURABLE
        ),
        *(f"arn:aws:logs:{here}:log-group:/aws/lambda/{place.environment}-{name}:*" for name in FUNCTIONS),
        *(f"arn:aws:{service}:{here}:*" for service in (*SERVICES, *(("autoscaling",) if acts else ()))),
    }
    environment = place.environment
    cache = f"arn:aws:elasticache:{here}"
    wildcards |= {
        f"{cache}:cluster:{environment}-redis*",
        *(f"{cache}:{kind}:{own}" for kind in ("snapshot", "serverlesscachesnapshot") for own in ("*", "remedy-*")),
        *(f"{cache}:{kind}:*" for kind in ("cluster", "replicationgroup", "serverlesscache")),
        *((f"{cache}:{kind}:{environment}-restored-*" for kind in ("cluster", "replicationgroup")) if acts else ()),
        *((f"{cache}:{kind}:*" for kind in ("parametergroup", "subnetgroup")) if acts else ()),
    }
    if acts:
        group = f"{place.environment}-backend-asg"
        wildcards.add(f"arn:aws:logs:{here}:log-group:/aws/lambda/{environment}-{WRITER}:*")
        wildcards.add(f"arn:aws:secretsmanager:{here}:*")  # the boundary's
        wildcards.add(f"arn:aws:autoscaling:{here}:autoScalingGroup:*:autoScalingGroupName/{group}")
    described = (f"AwsSolutions-IAM5[Action::{service}:Describe*]" for service in DESCRIBED)
    return {RUNTIME[0], *described, *(f"AwsSolutions-IAM5[Resource::{resource}]" for resource in wildcards)}


def test_the_acknowledgements_are_these(dev: Template, prod: Template, observed: Template) -> None:
    assert set(dev.acknowledged) == acknowledged(dev, acts=True)
    assert set(prod.acknowledged) == acknowledged(prod, acts=False)
    assert set(observed.acknowledged) == acknowledged(observed, acts=False)
    assert (len(dev.acknowledged), len(prod.acknowledged)) == (60, 53)


def test_operators_need_no_acknowledgement_but_these_and_all_signs_of_life_only_the_boundarys() -> None:
    dev = environment("dev")
    reached = (f"arn:aws:s3:::{dev.bucket}/*", *(dev.names.arn(name, "*") for name in ("codebuild",)))
    of_signs = {f"AwsSolutions-IAM5[Resource::{resource}]" for resource in reached}
    assert set(dev.template.acknowledged) == acknowledged(dev.template, acts=True) | of_signs


def test_every_acknowledgement_of_a_wildcard_names_its_actions_or_why(template: Template) -> None:
    for id_, reason in template.acknowledged.items():
        assert len(reason) > 40, f"{id_}: {reason}"
        assert reason.endswith(".")
