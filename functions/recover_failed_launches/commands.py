"""Exact commands for a person, in the region of the case.

They are made of names that were asked for or that AWS answered in fields of their own, quoted for the shell; never of the text
of an activity or of a log (hazard A4).
"""

import shlex

from recover_failed_launches.case import Broken, Case
from remediation.aws import quotas
from remediation.aws.pulling import LOG_IN, PULL

_LAUNCHED = (
    "ImageId",
    "InstanceType",
    "SecurityGroupIds",
    "IamInstanceProfile",
    "KeyName",
    "BlockDeviceMappings",
    "Placement",
    "CpuOptions",
)
"""What of a launch template a launch may fail of; its user data, which holds secrets, is left out."""


class Commands:
    """Commands for one case."""

    def __init__(self, case: Case) -> None:
        self._case = case

    def _aws(self, *words: str) -> str:
        return shlex.join(("aws", *words, "--region", self._case.facts.place.region))

    def _group(self, verb: str, *words: str) -> str:
        return self._aws("autoscaling", verb, "--auto-scaling-group-name", self._case.asg, *words)

    def activities(self) -> str:
        """See what the group tried, and why it failed."""
        return self._group("describe-scaling-activities", "--max-items", "10")

    def refreshes(self) -> str:
        """See what was deployed."""
        return self._group("describe-instance-refreshes", "--max-records", "5")

    def resume(self, process: str) -> str:
        """Let the group do again what was suspended."""
        return self._group("resume-processes", "--scaling-processes", process)

    def cancel_refresh(self) -> str:
        """Stop an instance refresh that cannot be rolled back."""
        return self._group("cancel-instance-refresh")

    def start_refresh(self, broken: Broken) -> str:
        """Launch the last good version again."""
        template = f'{{"LaunchTemplateId":"{broken.template}","Version":"{broken.good.version.number}"}}'
        return self._group(
            "start-instance-refresh",
            "--desired-configuration",
            f'{{"LaunchTemplate":{template}}}',
            "--preferences",
            '{"MinHealthyPercentage":100,"MaxHealthyPercentage":150,"SkipMatching":true}',
        )

    def metrics(self) -> str:
        """Have the group publish what our alarms watch."""
        return self._group("enable-metrics-collection", "--granularity", "1Minute")

    def template(self) -> str:
        """See the version that is launched, without its user data, which holds secrets."""
        source, wanted = self._case.group.source, self._case.facts.wanted
        if wanted is not None:
            template, number = wanted.version.template, str(wanted.version.number)
        elif source is not None:
            template, number = source.template, source.version
        else:
            return self.group()
        fields = ",".join(f"{each}:{each}" for each in _LAUNCHED)
        return self._aws(
            "ec2",
            "describe-launch-template-versions",
            "--launch-template-id",
            template,
            "--versions",
            number,
            "--query",
            f"LaunchTemplateVersions[].LaunchTemplateData.{{{fields},NetworkInterfaces:NetworkInterfaces[].Groups}}",
        )

    def group(self) -> str:
        """See the group itself: its subnets, zones, members, and what it launches from."""
        return self._aws(
            "autoscaling", "describe-auto-scaling-groups", "--auto-scaling-group-names", self._case.group.name
        )

    def image(self) -> str:
        """See the machine image; where its id is not known, what names it."""
        wanted = self._case.facts.wanted
        image = wanted.version.image if wanted else ""
        return (
            self.named("ec2", "describe-images", "--image-ids", image) if image.startswith("ami-") else self.template()
        )

    def profile(self) -> str:
        """See the instance profile; where its name is not known, what names it."""
        wanted = self._case.facts.wanted
        name = wanted.version.profile if wanted else ""
        return self.named("iam", "get-instance-profile", "--instance-profile-name", name) if name else self.template()

    def offerings(self) -> str:
        """See which zones offer the instance type; where that is not known, what names it."""
        wanted = self._case.facts.wanted
        if not wanted or not wanted.version.type:
            return self.template()
        type_ = f"Name=instance-type,Values={wanted.version.type}"
        return self.named(
            "ec2", "describe-instance-type-offerings", "--location-type", "availability-zone", "--filters", type_
        )

    def of_subnets(self, verb: str, filter_: str) -> str:
        """See what there is in the group's subnets; where it names none, the group."""
        subnets = self._case.group.subnets
        return (
            self.named("ec2", verb, "--filters", f"Name={filter_},Values={','.join(subnets)}")
            if subnets
            else self.group()
        )

    def ways_out(self) -> tuple[str, str]:
        """See where the routes of the group's subnets lead, and whether NAT gateways are there."""
        tables = self.of_subnets("describe-route-tables", "association.subnet-id")
        return tables, self.named("ec2", "describe-nat-gateways", "--max-items", "10")

    def endpoints(self) -> str:
        """See which VPC endpoints there are of those that pulling from ECR takes where no NAT gateway leads out."""
        region = self._case.facts.place.region
        names = ",".join(f"com.amazonaws.{region}.{each}" for each in ("ecr.api", "ecr.dkr", "s3"))
        return self.named("ec2", "describe-vpc-endpoints", "--filters", f"Name=service-name,Values={names}")

    def named(self, service: str, verb: str, *words: str) -> str:
        """Look at something by its name, which has to be known: AWS lists everything, or refuses, where it is empty."""
        assert all(words), f"{service} {verb} is asked for nothing"
        return self._aws(service, verb, *words)

    def images(self) -> str:
        """See which tags there are."""
        return self._aws(
            "ecr",
            "describe-images",
            "--repository-name",
            self._case.settings.repository,
            "--query",
            "sort_by(imageDetails,&imagePushedAt)[-5:].[imagePushedAt,imageTags]",
        )

    def repository_policy(self) -> str:
        """See who may pull by the repository's own policy."""
        return self._aws("ecr", "get-repository-policy", "--repository-name", self._case.settings.repository)

    def quota(self, *, spot: bool = False) -> str:
        """Ask AWS for twice the vCPUs that are allowed now; where that is not known, see it, and where which quota is not, all."""
        wanted, service = self._case.facts.wanted, ("--service-code", "ec2")
        code = quotas.vcpus(wanted.version.type, spot=spot) if wanted else None
        if code is None:
            return self.quotas("ec2")
        allowed = self._case.facts.quota if code == quotas.STANDARD else None
        if not allowed:
            return self._aws("service-quotas", "get-service-quota", *service, "--quota-code", code)
        more = ("--quota-code", code, "--desired-value", str(allowed * 2))
        return self._aws("service-quotas", "request-service-quota-increase", *service, *more)

    def quotas(self, service: str) -> str:
        """See all quotas of a service."""
        shown = ("--query", "Quotas[].[QuotaCode,QuotaName,Value]", "--output", "text")
        return self._aws("service-quotas", "list-service-quotas", "--service-code", service, *shown)

    def simulate(self) -> tuple[str, str]:
        """Ask IAM what the role may do: log in, which takes no resource, and pull from the one repository."""
        case, place = self._case, self._case.facts.place
        known = case.facts.wanted.role if case.facts.wanted else None
        role = known or f"arn:aws:iam::{place.account}:role/{case.settings.role}"
        repository = f"arn:aws:ecr:{place.region}:{place.account}:repository/{case.settings.repository}"
        ask = ("iam", "simulate-principal-policy", "--policy-source-arn", role)
        return (
            self._aws(*ask, "--action-names", LOG_IN),
            self._aws(*ask, "--action-names", *PULL, "--resource-arns", repository),
        )

    def shell(self) -> str:
        """Get onto an instance that does not serve; where none is known, see which there are."""
        ids = (*(boot.instance for boot in self._case.facts.boots), *self._idle())
        return self._aws("ssm", "start-session", "--target", ids[0]) if ids else self.group()

    def _idle(self) -> tuple[str, ...]:
        return tuple(member.id for member in self._case.group.members if member.id not in self._case.serving)
