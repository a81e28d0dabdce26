"""The instances of the backend: a deploy that cannot be launched is taken back; load that no policy answers is."""

from collections.abc import Iterator

from remedy.lab import environment
from remedy.lab.scenarios.approval import approve, asked
from remedy.lab.scenarios.scenario import Cue, Line, Scenario, Stage

RUNBOOKS = ("recover-failed-launches", "relieve-high-cpu", "restore-database-access")
NOBODYS = "sg-0000000000000dead"
HIGH = "dev-backend-cpu-high"
"""Terraform's alarm (FACTS.md, section 1)."""


def _deploy(stage: Stage) -> Line:
    ec2, autoscaling = stage.lab.client("ec2"), stage.lab.client("autoscaling")
    (template,) = ec2.describe_launch_templates()["LaunchTemplates"]
    id_ = template["LaunchTemplateId"]
    (old,) = ec2.describe_launch_template_versions(LaunchTemplateId=id_, Versions=["1"])["LaunchTemplateVersions"]
    made = ec2.create_launch_template_version(
        LaunchTemplateId=id_, LaunchTemplateData={**old["LaunchTemplateData"], "SecurityGroupIds": [NOBODYS]}
    )
    number = str(made["LaunchTemplateVersion"]["VersionNumber"])
    autoscaling.start_instance_refresh(
        AutoScalingGroupName=environment.GROUP,
        DesiredConfiguration={"LaunchTemplate": {"LaunchTemplateId": id_, "Version": number}},
        Preferences={"MinHealthyPercentage": 50, "InstanceWarmup": 60},
    )
    text = (
        f"A deploy brings version {number} of the launch template, with a security group that nobody made ({NOBODYS})."
    )
    return Line("lab", text, "bad")


def _taken_back(stage: Stage) -> Iterator[str]:
    autoscaling = stage.lab.client("autoscaling")
    refreshes = autoscaling.describe_instance_refreshes(AutoScalingGroupName=environment.GROUP)["InstanceRefreshes"]
    if [each["Status"] for each in refreshes] != ["RollbackSuccessful"]:
        yield f"The instance refreshes are {[each['Status'] for each in refreshes]}."
    for outcome in stage.timeline.outcomes:
        if [(done.action, done.result) for done in outcome.acts] != [("roll-back-refresh", "done")]:
            yield f"What was done is {outcome.acts}."
        if not outcome.drift:
            yield "The outcome does not tell that Terraform still has the broken version."
        if NOBODYS in outcome.because:
            yield "A name that somebody chose stands in the sentence of the outcome."


LAUNCH_FAILURE = Scenario(
    name="launch-failure",
    summary="A deploy cannot be launched: its security group does not exist. Auto Scaling's own event starts the diagnosis, which "
    "names the cause; grace agrees, and the refresh is rolled back to the version that works.",
    harm=_deploy,
    then=(Cue(asked, approve),),
    expected=("healed",),
    complaints=_taken_back,
    runbooks=RUNBOOKS,
    heals=True,
)


def _surge(stage: Stage) -> Line:
    stage.lab.client("cloudwatch").put_metric_alarm(
        AlarmName=HIGH,
        Namespace="AWS/EC2",
        MetricName="CPUUtilization",
        Dimensions=[{"Name": "AutoScalingGroupName", "Value": environment.GROUP}],
        Statistic="Average",
        Period=300,
        EvaluationPeriods=2,
        Threshold=70,
        ComparisonOperator="GreaterThanThreshold",
    )
    stage.lab.world("age", {"seconds": environment.AGE})  # what changed lately is not judged so soon
    stage.lab.world("traffic", {"percent": 170, "usual": 80})
    text = (
        f"Twice the usual requests: both instances are at 85 % of their CPU. {HIGH} goes on, and no policy follows it."
    )
    return Line("lab", text, "bad")


def _one_more(stage: Stage) -> Iterator[str]:
    autoscaling = stage.lab.client("autoscaling")
    (group,) = autoscaling.describe_auto_scaling_groups(AutoScalingGroupNames=[environment.GROUP])["AutoScalingGroups"]
    sizes = (group["MinSize"], group["DesiredCapacity"], group["MaxSize"])
    if sizes != (2, 3, 6):
        yield f"The sizes of the group are {sizes}."
    if sorted(stage.timeline.healths.values()) != ["healthy"] * 3:
        yield f"Not all three are healthy: {stage.timeline.healths}."
    for outcome in stage.timeline.outcomes:
        if [(done.action, done.result) for done in outcome.acts] != [("scale-out", "done")]:
            yield f"What was done is {outcome.acts}."
        if "desired_capacity = 3" not in " ".join(outcome.drift):
            yield f"The outcome does not tell the line for Terraform: {outcome.drift}"


HIGH_CPU = Scenario(
    name="high-cpu",
    summary="Twice the usual requests, and no policy that makes the group larger: one instance is added, because that helps and "
    "the database and the cache have room; CPU falls.",
    harm=_surge,
    expected=("healed",),
    ended=lambda stage: len(stage.timeline.healths) > environment.DESIRED,
    complaints=_one_more,
    runbooks=RUNBOOKS,
)
