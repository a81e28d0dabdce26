"""What a launch lacked and is there by now: the text of a failure stays, and the next try will succeed."""

from recover_failed_launches.causes import Cause
from recover_failed_launches.facts import Facts, Tried


def there_now(facts: Facts, failure: Tried) -> str:
    """Return, in words that end a sentence, what was missing and is there; empty where it is missing, or nobody knows."""
    match failure.cause:
        case Cause.SUBNET_FULL:
            return _addresses(facts, failure)
        case Cause.SECURITY_GROUP:
            return _groups(facts)
        case Cause.IMAGE:
            return _image(facts)
        case _:
            return ""


def _addresses(facts: Facts, failure: Tried) -> str:
    found = [each for each in facts.subnets or () if failure.zone in {"", each.zone}]
    group = facts.group
    wanted = group.desired - group.serving if group and not group.weighted else 0
    if not found or min(each.free for each in found) < max(wanted, 1):
        return ""
    free = "; ".join(f"{each.id} in {each.zone}: {each.free} free" for each in found)
    return f"the subnet had no free addresses then, and has some now ({free})"


def _groups(facts: Facts) -> str:
    wanted = facts.wanted
    if wanted is None or not wanted.version.groups or wanted.groups_missing != ():
        return ""
    return f"a security group was missing then, and all that version {wanted.version.number} names are there now"


def _image(facts: Facts) -> str:
    wanted = facts.wanted
    if wanted is None or wanted.image is not True:
        return ""
    version = wanted.version
    return f"the image was missing then, and that of version {version.number} ({version.image}) is there now"
