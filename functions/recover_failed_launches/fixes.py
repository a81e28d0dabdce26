"""What each cause is, in words, who has to mend it, and the command to begin with."""

import msgspec
from msgspec import Struct

from recover_failed_launches.case import Case
from recover_failed_launches.causes import Cause
from recover_failed_launches.commands import Commands
from recover_failed_launches.deaths import Trouble
from remediation.aws.network import Subnet
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
    match cause:
        case Cause.CAPACITY:
            others = f"{case.asg} may use {_listed(case.group.zones)}{_offering(case)}"
            more = "Add a zone or a second instance type to the group in Terraform, and apply."
            return Fix(why=f"EC2 has no {type_ or 'such'} capacity there now; {others}", steps=(to.offerings(), more))
        case Cause.UNFULFILLABLE:
            others = f"{case.asg} may use {_listed(case.group.zones)}{_offering(case)}"
            more = "Add zones or instance types to the group in Terraform, or let it launch On-Demand, and apply."
            why = (
                f"EC2 has no capacity for the request as it is made, and does not say that it is short of any; {others}"
            )
            return Fix(why=why, steps=(to.offerings(), to.template(), more))
        case Cause.RESERVATION:
            reservations = to.named("ec2", "describe-capacity-reservations", "--max-items", "20")
            return Fix(why="the capacity reservation is used up or not active yet", steps=(reservations,))
        case Cause.SPOT_PRICE:
            return Fix(why="the Spot price is above the highest price that the group offers", steps=(mend,))
        case Cause.QUOTA:
            allowed = f" ({case.facts.quota} vCPUs)" if case.facts.quota else ""
            return Fix(why=f"the account's quota of running instances{allowed} is used up", steps=(to.quota(),))
        case Cause.SPOT_QUOTA:
            return Fix(why="the account's quota of Spot instances is used up", steps=(to.quota(spot=True),))
        case Cause.FLEET_QUOTA:
            new = "If nothing else runs there, the account is new: ask AWS Support to raise its limits."
            return Fix(why="the account's quota of fleet requests is used up", steps=(to.quotas("ec2"), new))
        case Cause.INTERFACES:
            look = to.named(
                "service-quotas", "get-service-quota", "--service-code", "vpc", "--quota-code", "L-DF5E4CA3"
            )
            return Fix(why="the account's quota of network interfaces is used up", steps=(look,))
        case Cause.VOLUMES:
            return Fix(why="the account's quota of EBS volumes is used up", steps=(to.quotas("ebs"),))
        case Cause.IMAGE:
            what = f"the image {image or 'that it names'} of {which}"
            return Fix(why=f"{what} does not exist, or is not shared with this account", steps=(to.image(), mend))
        case Cause.IMAGE_PENDING:
            return Fix(why=f"the image of {which} is still being made", steps=(to.image(),))
        case Cause.UNSUPPORTED:
            return Fix(
                why=f"the image, the type and the options of {which} do not go together", steps=(to.template(), mend)
            )
        case Cause.ZONE:
            why = f"the zone does not offer {type_ or 'the instance type'}, or nobody does{_offering(case)}"
            return Fix(why=why, steps=(to.offerings(), mend))
        case Cause.SECURITY_GROUP:
            missing = _listed((wanted.groups_missing if wanted else None) or ())
            what = f"the security group {missing}" if missing else "a security group"
            return Fix(why=f"{what} of {which} does not exist", steps=(to.template(), mend))
        case Cause.NETWORKS:
            why = f"a security group of {which} is of another VPC than the group's subnets"
            subnets = to.of_subnets("describe-subnets", "subnet-id")
            return Fix(why=why, steps=(to.template(), subnets, mend))
        case Cause.KEY_PAIR:
            return Fix(why=f"the key pair of {which} does not exist", steps=(to.template(), mend))
        case Cause.PROFILE:
            why = f"the instance profile of {which} does not exist, or may not be passed on"
            return Fix(why=why, steps=(to.profile(), mend))
        case Cause.DEVICES:
            return Fix(why=f"the block devices of {which} do not fit its image or type", steps=(to.template(), mend))
        case Cause.SNAPSHOT:
            return Fix(why=f"a snapshot that {which} makes a volume of does not exist", steps=(to.template(), mend))
        case Cause.ENCRYPTION:
            why = (
                "EC2 ended it at once, most likely because Auto Scaling may not use the KMS key of an encrypted volume"
            )
            role = "Let AWSServiceRoleForAutoScaling use the KMS key of the image's volumes, in the key's policy."
            key = "The key has to be enabled, and of this Region. If volumes are encrypted by default, it is this one:"
            default = to.named("ec2", "get-ebs-default-kms-key-id")
            return Fix(why=f"{why}, or the key is disabled", steps=(to.image(), role, key, default))
        case Cause.PLACEMENT:
            return Fix(
                why=f"the placement group of {which} does not take this type or this zone", steps=(to.template(), mend)
            )
        case Cause.TEMPLATE:
            return Fix(
                why="the launch template or its version does not exist, or is not complete", steps=(to.template(), mend)
            )
        case Cause.SUBNET_FULL:
            return Fix(
                why=f"the subnet has no free addresses ({_free(case)})",
                steps=(
                    to.of_subnets("describe-network-interfaces", "subnet-id"),
                    "Release interfaces that nobody uses, or add a subnet to the group in Terraform, and apply.",
                ),
            )
        case Cause.SUBNET:
            subnets = to.of_subnets("describe-subnets", "subnet-id")
            return Fix(why="a subnet of the group does not exist", steps=(subnets, mend))
        case Cause.TARGET_GROUP:
            look = to.named(
                "autoscaling", "describe-load-balancer-target-groups", "--auto-scaling-group-name", case.asg
            )
            return Fix(
                why="a target group or load balancer of the group does not exist, or is of another VPC",
                steps=(look, mend),
            )
        case Cause.PERMISSION:
            denied = to.named(
                "cloudtrail",
                "lookup-events",
                "--lookup-attributes",
                "AttributeKey=EventName,AttributeValue=RunInstances",
            )
            role = to.named("iam", "get-role", "--role-name", "AWSServiceRoleForAutoScaling")
            return Fix(why="Auto Scaling lacks a permission that it takes", steps=(denied, role))
        case Cause.ACCOUNT:
            why = "the account may not launch it: it is blocked, not verified yet, on the free plan, or has not accepted terms"
            look = "Sign in to the account's billing and AWS Marketplace pages: something has to be accepted or paid there."
            return Fix(why=why, steps=(look, to.activities()))
        case Cause.HOOK:
            hooks = to.named("autoscaling", "describe-lifecycle-hooks", "--auto-scaling-group-name", case.asg)
            return Fix(why="a lifecycle hook gave it up, or nobody completed it in time", steps=(hooks,))
        case Cause.SHUT_DOWN:
            start = of_instances(case)
            return msgspec.structs.replace(
                start, why=f"the instance was shut down before it was in service: {start.why}"
            )
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


def of_instances(case: Case) -> Fix:
    """Return what is wrong with the start: first what AWS says for sure, then what instances say, then what is suspect."""
    booted = case.boots[0].trouble if case.boots else None
    if case.tag_missing:
        return of_start(case, Trouble.NO_TAG)
    if case.facts.denied:
        return of_start(case, Trouble.NO_RIGHT)
    if booted is not None:
        return of_start(case, booted)
    to, log = Commands(case), "sudo tail -100 /var/log/cloud-init-output.log"
    if cut_off := tuple(each for each in case.facts.subnets or () if each.way in {"broken", "none"}):
        why = f"neither AWS nor the instances say why; it may be that some cannot reach ECR, as {_ways(cut_off)}"
        why = f"{why}, unless VPC endpoints lead to it"
        return Fix(why=why, steps=(*to.ways_out(), to.endpoints(), to.shell(), log))
    why = "neither AWS nor the instances say why; the image, the role and the routes were not found wrong"
    return Fix(why=why, steps=(to.activities(), to.shell(), log))


def of_start(case: Case, trouble: Trouble) -> Fix:
    """Return the fix of instances that are launched and do not come up."""
    to, wanted = Commands(case), case.facts.wanted
    image = case.tag_missing or f"the image of {case.settings.container}"
    log = "sudo tail -100 /var/log/cloud-init-output.log"
    match trouble:
        case Trouble.NO_TAG if wanted is not None and wanted.tag:
            why = f"{image} was not there when they pulled it, by their log; ECR has it now"
            return Fix(why=why, steps=(to.images(), to.shell(), log), team="application")
        case Trouble.NO_TAG:
            push = f"Push {image}, or deploy a tag that exists (the list above)."
            return Fix(why=f"ECR does not have {image}", steps=(to.images(), push), team="application")
        case Trouble.NO_RIGHT:
            return _refused(case)
        case Trouble.NO_WAY:
            ways = _ways(case.facts.subnets or ()) or "how they are routed is not known"
            return Fix(why=f"they cannot reach ECR, by their log: {ways}", steps=(*to.ways_out(), to.endpoints()))
        case Trouble.RATE:
            later = "It lets pulls through again later. Pull from ECR, or through its cache, and not from Docker Hub."
            return Fix(why="the registry lets no more pulls through for now", steps=(to.shell(), log, later))
        case Trouble.CERTIFICATE:
            clock = "timedatectl; curl -sv https://public.ecr.aws 2>&1 | grep -i issuer"
            why = "they do not trust the registry's certificate: a proxy stands between, or their clock is wrong"
            return Fix(why=why, steps=(to.shell(), clock))
        case Trouble.NO_SPACE:
            return Fix(why="their disk is full", steps=(to.shell(), "df -h; sudo docker system df"))
        case Trouble.ARCHITECTURE:
            type_ = wanted.version.type if wanted else ""
            build = f"Build the image for the processor of {type_ or 'the instance type'}."
            return Fix(why="the container's image is made for another processor", steps=(build,), team="application")
        case Trouble.NO_DOCKER:
            return Fix(why="Docker does not run there", steps=(to.shell(), "sudo systemctl status docker"))
        case Trouble.USER_DATA:
            return Fix(why="user data ended without having started the container", steps=(to.shell(), log))
        case Trouble.APPLICATION:
            logs = f"sudo docker logs --tail 100 {case.settings.container}"
            return Fix(
                why="the container is there and does not keep running", steps=(to.shell(), logs), team="application"
            )


def _refused(case: Case) -> Fix:
    """Return the fix of a pull that is refused. What IAM says of the role for sure goes before what a log says."""
    to, denied = Commands(case), case.facts.denied
    environment, role = case.facts.place.environment, case.settings.role
    if denied == ():
        why = f"ECR refuses the pull, by their log, though {role} may pull by its own policies"
        look = "Look at the repository's policy, at that of the VPC endpoint, and whether user data logs in to the registry."
        return Fix(
            why=why, steps=(to.repository_policy(), look, to.shell(), "sudo tail -100 /var/log/cloud-init-output.log")
        )
    give = f"Give {role} the right to pull from ECR in Terraform ({environment}-ec2-ecr-policy), and apply."
    if denied is None:
        why = f"ECR refuses the pull, by their log; whether {role} may is not known"
        return Fix(why=why, steps=(*to.simulate(), to.repository_policy(), give))
    return Fix(
        why=f"{role} may not pull from ECR ({_listed(denied)})", steps=(*to.simulate(), to.repository_policy(), give)
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


def _ways(subnets: tuple[Subnet, ...]) -> str:
    """Return where the default route of each leads."""
    words = {
        "nat": "leads to a NAT gateway",
        "internet": "leads to an internet gateway",
        "other": "leads elsewhere",
        "broken": "leads to a gateway that is gone",
        "none": "has no default route",
    }
    return "; ".join(f"{each.id} {words[each.way]}" for each in subnets)
