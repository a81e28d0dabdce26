"""What an instance needs to pull its image: the tag in ECR, and a role that may."""

from typing import TYPE_CHECKING

from remediation.aws.templates import Container
from remediation.core.errors import AwsError

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import EvaluationResultTypeDef

    from remediation.adapters.clients import Clients

LOOK = "ecr:DescribeImages"
SIMULATE = "iam:SimulatePrincipalPolicy"
LOG_IN = "ecr:GetAuthorizationToken"
"""Takes no resource."""
PULL = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")


def tag_exists(aws: "Clients", image: Container) -> bool:
    """Tell whether a repository has a tag; not where there is no such repository. Raises AwsError for a registry not our own."""
    place = aws.place
    if (image.account or place.account, image.region or place.region) != (place.account, place.region):
        where = f"{image.account} in {image.region}"
        raise AwsError(
            f"{LOOK} is not asked of the registry {where}, which is not ours.", operation=LOOK, code="NotOurs"
        )
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
    """Return what a role may not do, by its own policies, of what it takes to pull. Raises AwsError where IAM cannot say.

    It cannot where a policy asks for something that only a real call has, such as the endpoint that it comes through: what IAM
    then answers is a denial that may be none. The repository's policy is not looked at: IAM simulates none for roles.
    """
    place = aws.place
    arn = f"arn:aws:ecr:{place.region}:{place.account}:repository/{repository}"
    log_in = aws.iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=[LOG_IN])
    pull = aws.iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=list(PULL), ResourceArns=[arn])
    answers = (*log_in.get("EvaluationResults", ()), *pull.get("EvaluationResults", ()))
    refused = [each for each in answers if each["EvalDecision"] != "allowed"]
    sure = {each["EvalActionName"] for each in refused if not _missing(each)}
    if refused and not sure:
        what = "IAM denies it only because a policy asks for what a simulation does not have"
        raise AwsError(f"{SIMULATE} for {role}: {what}.", operation=SIMULATE, code="MissingContextValues")
    return tuple(sorted(sure))


def _missing(result: "EvaluationResultTypeDef") -> bool:
    """Tell whether a decision lacks something that only a real call has."""
    of_resources = result.get("ResourceSpecificResults", ())
    return bool(result.get("MissingContextValues")) or any(each.get("MissingContextValues") for each in of_resources)
