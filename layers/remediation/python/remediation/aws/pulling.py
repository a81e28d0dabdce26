"""What an instance needs to pull its image: the tag in ECR, and a role that may."""

from typing import TYPE_CHECKING

from remediation.aws.templates import Container
from remediation.core.errors import AwsError

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

LOG_IN = "ecr:GetAuthorizationToken"
"""Takes no resource."""
PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def tag_exists(aws: "Clients", image: Container) -> bool:
    """Tell whether a repository has a tag; not where there is no such repository."""
    try:
        aws.ecr.describe_images(repositoryName=image.repository, imageIds=[{"imageTag": image.tag}])
    except AwsError as error:
        if error.code not in {"ImageNotFoundException", "RepositoryNotFoundException"}:
            raise
        return False
    return True


def role_of(aws: "Clients", profile: str) -> str:
    """Return the ARN of the role in an instance profile; empty where it holds none, or does not exist."""
    try:
        found = aws.iam.get_instance_profile(InstanceProfileName=profile)["InstanceProfile"]["Roles"]
    except AwsError as error:
        if error.code != "NoSuchEntity":
            raise
        return ""
    return next((role["Arn"] for role in found), "")


def denied(aws: "Clients", role: str, repository: str) -> tuple[str, ...]:
    """Return what a role may not do of what it takes to pull from a repository."""
    place = aws.place
    arn = f"arn:aws:ecr:{place.region}:{place.account}:repository/{repository}"
    log_in = aws.iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=[LOG_IN])
    pull = aws.iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=list(PULL), ResourceArns=[arn])
    answers = (*log_in.get("EvaluationResults", ()), *pull.get("EvaluationResults", ()))
    return tuple(sorted({each["EvalActionName"] for each in answers if each["EvalDecision"] != "allowed"}))
