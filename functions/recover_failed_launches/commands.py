"""Exact commands for a person, in the region of the case.

They are made of names that were asked for or that AWS answered in fields of their own, quoted for the shell; never of the text
of an activity or of a log (hazard A4).
"""

import shlex

from recover_failed_launches.case import Broken, Case


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
        return self._group("describe-instance-refreshes", "--max-items", "5")

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
        """Have the group publish what our alarm watches."""
        return self._group("enable-metrics-collection", "--granularity", "1Minute")

    def template(self) -> str:
        """See the version that is launched, without its user data, which holds secrets."""
        group, wanted = self._case.group, self._case.facts.wanted
        if group.source is None:
            return self._aws("autoscaling", "describe-auto-scaling-groups", "--auto-scaling-group-names", group.name)
        number = str(wanted.version.number) if wanted else group.source.version
        return self._aws(
            "ec2",
            "describe-launch-template-versions",
            "--launch-template-id",
            group.source.template,
            "--versions",
            number,
            "--query",
            "LaunchTemplateVersions[].LaunchTemplateData.[ImageId,InstanceType,SecurityGroupIds,IamInstanceProfile,KeyName]",
        )

    def named(self, service: str, verb: str, option: str, *names: str) -> str:
        """Look at something by its name."""
        return self._aws(service, verb, option, *(name for name in names if name))

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

    def quota(self) -> str:
        """Ask AWS for more vCPUs; twice what is allowed now."""
        wanted = str((self._case.facts.quota or 32) * 2)
        return self._aws(
            "service-quotas",
            "request-service-quota-increase",
            "--service-code",
            "ec2",
            "--quota-code",
            "L-1216C47A",
            "--desired-value",
            wanted,
        )

    def simulate(self) -> str:
        """Ask IAM what the role may do."""
        role = f"arn:aws:iam::{self._case.facts.place.account}:role/{self._case.settings.role}"
        return self._aws(
            "iam",
            "simulate-principal-policy",
            "--policy-source-arn",
            role,
            "--action-names",
            "ecr:GetAuthorizationToken",
            "ecr:BatchGetImage",
            "ecr:GetDownloadUrlForLayer",
            "ecr:BatchCheckLayerAvailability",
        )

    def shell(self) -> str:
        """Get onto an instance that does not serve."""
        instance = next((boot.instance for boot in self._case.facts.boots), "INSTANCE")
        return self._aws("ssm", "start-session", "--target", instance)
