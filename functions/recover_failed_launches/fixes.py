"""What each cause is, in words, who has to mend it, and the command to begin with."""

from msgspec import Struct

from recover_failed_launches.case import Case
from recover_failed_launches.causes import Cause
from recover_failed_launches.commands import Commands
from recover_failed_launches.deaths import Trouble
from remediation.core.spec import Team


class Fix(Struct, frozen=True, kw_only=True):
    """A cause in words that end a sentence, and what to do about it."""

    why: str
    steps: tuple[str, ...]
    team: Team = "infrastructure"


def of_launch(case: Case, cause: Cause) -> Fix:  # noqa: PLR0912, PLR0915 - one case for each cause
    """Return the fix of a launch that failed."""
    to, wanted = Commands(case), case.facts.wanted
    version = wanted.version if wanted else None
    which = f"version {version.number} of the launch template" if version else "the launch template"
    mend = f"Mend {which} in Terraform (the launch template of {case.asg}), and apply."
    image, type_ = (version.image, version.type) if version else ("", "")
    describe_image = to.named("ec2", "describe-images", "--image-ids", image)
    offerings = to.named(
        "ec2", "describe-instance-type-offerings", "--location-type", "availability-zone", "--filters",
        f"Name=instance-type,Values={type_}",
    )  # fmt: skip
    match cause:
        case Cause.CAPACITY:
            others = f"{case.asg} may use {_listed(case.group.zones)}{_offering(case)}"
            more = "Add a zone or a second instance type to the group in Terraform, and apply."
            return Fix(why=f"EC2 has no {type_ or 'such'} capacity there now; {others}", steps=(offerings, more))
        case Cause.RESERVATION:
            reservations = to.named("ec2", "describe-capacity-reservations", "--max-items", "20")
            return Fix(why="the capacity reservation is used up or not active yet", steps=(reservations,))
        case Cause.SPOT_PRICE:
            return Fix(why="the Spot price is above the highest price that the group offers", steps=(mend,))
        case Cause.QUOTA:
            allowed = f" ({case.facts.quota} vCPUs)" if case.facts.quota else ""
            return Fix(why=f"the account's quota of running instances{allowed} is used up", steps=(to.quota(),))
        case Cause.VOLUMES:
            quotas = to.named("service-quotas", "list-service-quotas", "--service-code", "ebs")
            return Fix(why="the account's quota of EBS volumes is used up", steps=(quotas,))
        case Cause.IMAGE:
            what = f"the image {image or 'that it names'} of {which}"
            return Fix(why=f"{what} does not exist, or is not shared with this account", steps=(describe_image, mend))
        case Cause.IMAGE_PENDING:
            return Fix(why=f"the image of {which} is still being made", steps=(describe_image,))
        case Cause.UNSUPPORTED:
            return Fix(
                why=f"the image, the type and the options of {which} do not go together", steps=(to.template(), mend)
            )
        case Cause.ZONE:
            why = f"the zone does not offer {type_ or 'the instance type'}{_offering(case)}"
            return Fix(why=why, steps=(offerings, mend))
        case Cause.SECURITY_GROUP:
            missing = _listed((wanted.groups_missing if wanted else None) or ())
            what = f"the security group {missing}" if missing else "a security group"
            return Fix(why=f"{what} of {which} does not exist", steps=(to.template(), mend))
        case Cause.KEY_PAIR:
            return Fix(why=f"the key pair of {which} does not exist", steps=(to.template(), mend))
        case Cause.PROFILE:
            profile = version.profile if version else ""
            look = to.named("iam", "get-instance-profile", "--instance-profile-name", profile or "NAME")
            return Fix(
                why=f"the instance profile of {which} does not exist, or may not be passed on", steps=(look, mend)
            )
        case Cause.DEVICES:
            return Fix(why=f"the block devices of {which} do not fit its image or type", steps=(to.template(), mend))
        case Cause.SNAPSHOT:
            return Fix(why=f"a snapshot that {which} makes a volume of does not exist", steps=(to.template(), mend))
        case Cause.ENCRYPTION:
            role = "Let AWSServiceRoleForAutoScaling use the KMS key of the image's volumes, in the key's policy."
            return Fix(
                why="EC2 ended it at once with Client.InternalError, most likely because Auto Scaling may not use the KMS key"
                " of an encrypted volume",
                steps=(describe_image, role),
            )
        case Cause.PLACEMENT:
            return Fix(
                why=f"the placement group of {which} does not take this type or this zone", steps=(to.template(), mend)
            )
        case Cause.TEMPLATE:
            return Fix(why="the launch template or its version does not exist", steps=(to.template(), mend))
        case Cause.SUBNET_FULL:
            return Fix(
                why=f"the subnet has no free addresses ({_free(case)})",
                steps=(
                    to.named(
                        "ec2",
                        "describe-network-interfaces",
                        "--filters",
                        f"Name=subnet-id,Values={','.join(case.group.subnets)}",
                    ),
                    "Release interfaces that nobody uses, or add a subnet to the group in Terraform, and apply.",
                ),
            )
        case Cause.SUBNET:
            subnets = to.named("ec2", "describe-subnets", "--subnet-ids", *case.group.subnets)
            return Fix(why="a subnet of the group does not exist", steps=(subnets, mend))
        case Cause.TARGET_GROUP:
            look = to.named(
                "autoscaling", "describe-load-balancer-target-groups", "--auto-scaling-group-name", case.asg
            )
            return Fix(why="a target group or load balancer of the group does not exist", steps=(look, mend))
        case Cause.PERMISSION:
            denied = to.named(
                "cloudtrail",
                "lookup-events",
                "--lookup-attributes",
                "AttributeKey=EventName,AttributeValue=RunInstances",
            )
            return Fix(why="Auto Scaling lacks a permission that it takes", steps=(denied,))
        case Cause.ACCOUNT:
            look = "Sign in to the account's billing and AWS Marketplace pages: something has to be accepted or paid there."
            return Fix(why="the account may not launch it: it is blocked, or has not accepted terms", steps=(look,))
        case Cause.HOOK:
            hooks = to.named("autoscaling", "describe-lifecycle-hooks", "--auto-scaling-group-name", case.asg)
            return Fix(why="a lifecycle hook gave it up, or nobody completed it in time", steps=(hooks,))
        case Cause.GROUP_GONE:
            return Fix(why="the group is being deleted", steps=(to.activities(),))
        case Cause.THROTTLED:
            return Fix(why="AWS is asked too often for launches", steps=(to.activities(),))
        case Cause.INTERNAL:
            return Fix(why="EC2 had an error of its own", steps=(to.activities(),))
        case Cause.CANCELLED:
            return Fix(why="it was cancelled, and AWS does not say why", steps=(to.activities(),))
        case Cause.UNKNOWN:
            return Fix(
                why="AWS gives a reason that this runbook does not know; the evidence quotes it",
                steps=(to.activities(),),
            )


def of_start(case: Case, trouble: Trouble) -> Fix:
    """Return the fix of instances that are launched and do not come up."""
    to, wanted = Commands(case), case.facts.wanted
    image = case.tag_missing or f"the image of {case.settings.container}"
    match trouble:
        case Trouble.NO_TAG:
            push = f"Push {image}, or deploy a tag that exists (the list above)."
            return Fix(why=f"ECR does not have {image}", steps=(to.images(), push), team="application")
        case Trouble.NO_RIGHT:
            lacks = f" ({_listed(case.facts.denied)})" if case.facts.denied else ""
            give = f"Give {case.settings.role} the right to pull from ECR in Terraform (dev-ec2-ecr-policy), and apply."
            give = give.replace("dev-", f"{case.facts.place.environment}-")
            return Fix(why=f"{case.settings.role} may not pull from ECR{lacks}", steps=(to.simulate(), give))
        case Trouble.NO_WAY:
            tables = to.named(
                "ec2",
                "describe-route-tables",
                "--filters",
                f"Name=association.subnet-id,Values={','.join(case.group.subnets)}",
            )
            nat = to.named("ec2", "describe-nat-gateways", "--max-items", "10")
            return Fix(why=f"they cannot reach ECR: {_ways(case)}", steps=(tables, nat))
        case Trouble.NO_SPACE:
            return Fix(why="their disk is full", steps=(to.shell(), "df -h; sudo docker system df"))
        case Trouble.ARCHITECTURE:
            type_ = wanted.version.type if wanted else ""
            build = f"Build the image for the processor of {type_ or 'the instance type'}."
            return Fix(why="the container's image is made for another processor", steps=(build,), team="application")
        case Trouble.NO_DOCKER:
            return Fix(why="Docker does not run there", steps=(to.shell(), "sudo systemctl status docker"))
        case Trouble.USER_DATA:
            log = "sudo tail -100 /var/log/cloud-init-output.log"
            return Fix(why="user data ended without having started the container", steps=(to.shell(), log))
        case Trouble.APPLICATION:
            log = f"sudo docker logs --tail 100 {case.settings.container}"
            return Fix(
                why="the container is there and does not keep running", steps=(to.shell(), log), team="application"
            )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def _offering(case: Case) -> str:
    """Return which zones of the Region offer the type, where that is known."""
    wanted = case.facts.wanted
    return f" ({wanted.version.type} is offered in {_listed(wanted.zones)})" if wanted and wanted.zones else ""


def _free(case: Case) -> str:
    found = case.facts.subnets
    return "; ".join(f"{each.id} in {each.zone}: {each.free} free" for each in found) if found else "which is not known"


def _ways(case: Case) -> str:
    """Return where each subnet's default route leads."""
    words = {
        "nat": "leads to a NAT gateway",
        "internet": "leads to an internet gateway",
        "other": "leads elsewhere",
        "broken": "leads to a gateway that is gone",
        "none": "has no default route",
    }
    found = case.facts.subnets
    return "; ".join(f"{each.id} {words[each.way]}" for each in found) if found else "how they are routed is not known"
