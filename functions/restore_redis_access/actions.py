"""Put the one rule back, and make sure that it is the only difference; or reboot the one node."""

from typing import TYPE_CHECKING

from remediation.aws.rules import Rule, ingress_rules
from remediation.core.errors import AwsError, LeftAloneError
from restore_redis_access.diagnose import subject
from restore_redis_access.facts import Way
from restore_redis_access.rule import exact, in_words, opens, permission
from restore_redis_access.settings import Settings

if TYPE_CHECKING:
    from remediation.adapters.clients import Clients

_THERE = "InvalidPermission.Duplicate"
TAKEN_BACK = "TakenBack"


def restore_rule(aws: "Clients", settings: Settings, target: Way) -> str:
    """Authorise exactly the rule, and read back: if anything else changed meanwhile, ours is taken away again.

    The second call is the one exception to one call per action: what cannot be verified is not left standing. Raises AwsError,
    and LeftAloneError where the rule is there already.
    """
    before = _rules(aws, target.id)
    if any(opens(rule, settings) for rule in before):
        raise LeftAloneError(f"{in_words(settings)} is there already.")
    aws.sightings.keep(subject(settings), aws.now().isoformat())  # before the call: once a day counts tries as well
    ec2 = aws.acting.ec2
    try:
        made = ec2.authorize_security_group_ingress(GroupId=target.id, IpPermissions=[permission(settings)])
    except AwsError as error:
        if error.code != _THERE:
            raise
        return f"{in_words(settings)} was there by then."
    own = tuple(rule["SecurityGroupRuleId"] for rule in made.get("SecurityGroupRules", ()))
    after = ingress_rules(aws, target.id) or ()  # of a group that is gone by now nothing can be verified either
    if (wrong := _difference(before, after, own, settings)) == "":
        return f"{in_words(settings)} is back, and nothing else changed ({', '.join(own)})."
    for id_ in own:
        ec2.revoke_security_group_ingress(GroupId=target.id, SecurityGroupRuleIds=[id_])
    raise AwsError(
        f"{wrong} Our own rule ({', '.join(own) or 'none'}) was taken back; {target.id} is otherwise as it was found.",
        operation="EC2:AuthorizeSecurityGroupIngress",
        code=TAKEN_BACK,
    )


def _difference(before: tuple[Rule, ...], after: tuple[Rule, ...], own: tuple[str, ...], settings: Settings) -> str:
    """Say what is not as it has to be after the call; nothing where exactly our rule is new."""
    new = [rule for rule in after if rule not in before]
    gone = [rule for rule in before if rule not in after]
    if gone:
        return f"Another rule of {settings.group} changed at the same moment ({gone[0].id})."
    if [rule.id for rule in new] != list(own) or len(new) != 1:
        return f"{len(new)} rules of {settings.group} are new instead of one."
    if not exact(new[0], settings):
        return f"The rule that EC2 made is not {in_words(settings)}."
    return ""


def _rules(aws: "Clients", group: str) -> tuple[Rule, ...]:
    rules = ingress_rules(aws, group)
    if rules is None:
        raise LeftAloneError(f"{group} does not exist.")
    return rules


def reboot_node(aws: "Clients", settings: Settings, target: Way) -> str:
    """Reboot the only node of a cache: it loses what it holds.

    Raises AwsError.
    """
    aws.acting.elasticache.reboot_cache_cluster(CacheClusterId=target.id, CacheNodeIdsToReboot=[target.node])
    return f"{target.id} is being rebooted."
