"""The facts as a judge needs them: what fails now, what died, and whether an earlier version is known to work."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from msgspec import Struct, structs

from recover_failed_launches.causes import PASSING, Cause
from recover_failed_launches.deaths import Boot
from recover_failed_launches.diagnose import container, failed_since
from recover_failed_launches.facts import Blame, Checked, Died, Facts, Judged, Tried
from recover_failed_launches.proof import deaths, proves_after, serving_longer, short_lived
from recover_failed_launches.settings import Settings
from recover_failed_launches.there_now import there_now
from remediation.aws.autoscaling import ENDED
from remediation.aws.launches import Group, Kind, Refresh
from remediation.core.verdict import Attempt

NEW = timedelta(seconds=60)
"""What is seen for the first time is looked at once more after this."""


class Broken(Struct, frozen=True, kw_only=True):
    """A version of the launch template that fails, and the earlier one that works."""

    template: str
    bad: Checked
    good: Checked
    serving: tuple[str, ...]
    """The members that prove it."""
    blame: Blame


@dataclass(frozen=True)
class Case:
    """Facts, settings, what was tried, and the time. Only of a group that exists."""

    facts: Facts
    settings: Settings
    tried: tuple[Attempt[Judged], ...]
    now: datetime

    @property
    def asg(self) -> str:
        """The group's name."""
        return self.facts.asg

    @property
    def group(self) -> Group:
        """The group."""
        assert self.facts.group is not None, "decide has looked"
        return self.facts.group

    @cached_property
    def serving(self) -> tuple[str, ...]:
        """The members that are in service and healthy."""
        return tuple(each.id for each in self.group.members if each.serves)

    @property
    def short(self) -> bool:
        """Whether less serves than is desired."""
        return self.group.serving < self.group.desired

    @property
    def refresh(self) -> Refresh | None:
        """The newest instance refresh."""
        return self.facts.refresh

    @property
    def refreshing(self) -> bool:
        """Whether an instance refresh is on."""
        return self.refresh is not None and self.refresh.active

    @property
    def refresh_failed(self) -> bool:
        """Whether the newest refresh failed, and lately."""
        return self.refresh is not None and failed_since(self.refresh, self.now - self.settings.recent)

    @property
    def abandoned(self) -> bool:
        """Whether that refresh was to bring another version: then the group launches its own again, by itself."""
        refresh, given_up, wanted = self.refresh, self.facts.given_up, self.facts.wanted
        if refresh is None or not self.refresh_failed or refresh.source is None:
            return False
        if given_up is not None and wanted is not None:  # the group may say $Latest, and the refresh its number
            return given_up.version.source != wanted.version.source
        return refresh.source != self.group.source

    @property
    def of_given_up(self) -> "Case":
        """The same case, about the version whose deploy failed instead of the one that is launched now."""
        if self.facts.given_up is None:
            return self
        return replace(self, facts=structs.replace(self.facts, wanted=self.facts.given_up))

    @cached_property
    def refresh_failures(self) -> tuple[Tried, ...]:
        """The launches that failed while the refresh was on that failed, newest first; what passes by itself comes last."""
        refresh = self.refresh
        if refresh is None or not self.refresh_failed or refresh.started_at is None:
            return ()
        ended = refresh.ended_at or self.now
        found = [
            each
            for each in self.facts.tried
            if each.kind == "launch" and each.failed and refresh.started_at <= each.at <= ended
        ]
        return tuple(sorted(found, key=lambda each: each.cause in PASSING))

    def standing(self, kind: Kind) -> tuple[Tried, ...]:
        """Return what failed lately and has not succeeded since, newest first."""
        found: list[Tried] = []
        for each in self.facts.tried:
            if each.kind != kind:
                continue
            if each.status == "Successful":
                break
            gone = self.abandoned and each in self.refresh_failures
            if each.failed and self.now - each.at <= self.settings.recent and not gone:
                found.append(each)
        return tuple(found)

    @cached_property
    def failures(self) -> tuple[Tried, ...]:
        """The launches that failed."""
        return self.standing("launch")

    @cached_property
    def failure(self) -> Tried | None:
        """The launch whose cause is named: the newest that lacks what is still missing, else one that passes by itself."""
        passing = [each for each in self.failures if each.cause in PASSING]
        lasting = (each for each in self.failures if each not in passing and not there_now(self.facts, each))
        return next(iter((*lasting, *passing, *self.failures)), None)

    @property
    def failing_since(self) -> datetime:
        """When the first launch failed for that cause; for what passes by itself, for any such."""
        cause = self.failure.cause if self.failure else None
        alike = PASSING if cause in PASSING else {cause}
        return min((each.at for each in self.failures if each.cause in alike), default=self.now)

    @cached_property
    def last_failed(self) -> Tried | None:
        """The newest launch that failed and was not made up for, however long ago: Auto Scaling tries ever more seldom."""
        ended = (each for each in self.facts.tried if each.kind == "launch" and each.status in ENDED)
        last = next(ended, None)
        return last if last is not None and last.failed else None

    @cached_property
    def leaving(self) -> tuple[Tried, ...]:
        """The terminations that are under way; one that takes longer than any drains no connections any more."""
        return tuple(
            each
            for each in self.facts.tried
            if each.kind == "terminate" and each.status not in ENDED and self.now - each.at <= self.settings.patience
        )

    @property
    def just_short(self) -> bool:
        """Whether it was seen only now that fewer serve than are desired, or something was begun just now."""
        if self.facts.since is None:
            return False
        begun = (each.at for each in self.facts.tried[:1])
        return self.now - max((self.facts.since.short, *begun)) < NEW

    @cached_property
    def dark_since(self) -> datetime | None:
        """Since when nothing serves, as far as is known: the last moment at which it may have been otherwise."""
        if self.serving or not self.short:
            return None
        died = {each.id for each in self.short_lived}
        gone = (each for each in self.facts.tried if each.kind == "terminate" and not each.failed)
        moments = (
            self.facts.since.dark if self.facts.since else None,
            self.refresh.started_at if self.refresh else None,
            self.tried[-1].at if self.tried else None,
            next((each.at for each in gone if each.instance not in died), None),
        )
        return max((each for each in moments if each is not None), default=None)

    @cached_property
    def short_lived(self) -> tuple[Died, ...]:
        """The instances that came up lately and never served for long, the last to end first."""
        return short_lived(self.facts.died, self.settings, self.now)

    @cached_property
    def deaths(self) -> tuple[Died, ...]:
        """Those of them that died: what EC2 took back, as it does with Spot instances, was not ill."""
        return deaths(self.facts.died, self.settings, self.now)

    @cached_property
    def dying(self) -> bool:
        """Whether instances go on dying: enough of them since we acted, and the last one not long ago.

        Such a group looks complete for most of each round, because its load balancer gives new instances a grace period.
        """
        acted = self.tried[-1].at if self.tried else None
        since = [each for each in self.deaths if acted is None or each.ended_at > acted]
        return len(since) >= self.settings.deaths and self.now - since[0].ended_at <= self.settings.dies_within

    @cached_property
    def under_way(self) -> tuple[Tried, ...]:
        """The launches that have not ended."""
        return tuple(each for each in self.facts.tried if each.kind == "launch" and each.status not in ENDED)

    @cached_property
    def late(self) -> tuple[Tried, ...]:
        """Those of them that take too long."""
        return tuple(each for each in self.under_way if self.now - each.at > self.settings.starting)

    @cached_property
    def boots(self) -> tuple[Boot, ...]:
        """What instances said of what is wrong with their start."""
        return tuple(boot for boot in self.facts.boots if boot.trouble is not None)

    # ------------------------------------------------------------------------------------- a version that is broken

    @cached_property
    def broken(self) -> Broken | None:
        """The version that fails while an earlier one serves, where all of that is proven.

        Not of a group that mixes types: a refresh with a plain launch template would take the mix away. The version existed
        when it failed, no member proves that it works, and what is blamed is different in the earlier one. That one
        serves, and what it names still exists. Both are of the launch template that the group uses: a refresh may
        bring another one, whose numbers begin anew.
        """
        bad, source = self.facts.wanted, self.group.source
        if bad is None or source is None or source.template != bad.version.template:
            return None
        if self.group.mixed or self.abandoned:
            return None
        for good in sorted(self.facts.earlier, key=lambda each: -each.version.number):
            serving, older = self.serving_with(good), good.version.number < bad.version.number
            sound = older and good.image is True and good.groups_missing == () and good.tag is not False
            same = good.version.template == bad.version.template
            blame = self._blamed(bad, good) if serving and same and sound and good.role != "" else None
            if blame is not None and not self._proven(bad, blame):
                return Broken(template=source.template, bad=bad, good=good, serving=serving, blame=blame)
        return None

    def serving_with(self, checked: Checked) -> tuple[str, ...]:
        """Return the members that serve with a version."""
        source = checked.version.source
        return tuple(each.id for each in self.group.members if each.serves and each.source == source)

    def _proven(self, bad: Checked, blame: Blame) -> bool:
        """Tell whether an instance of a version that is blamed proves that it works."""
        return self._serves_for(bad, proves_after(blame, bad.version.source, self.deaths, self.settings))

    def _serves_for(self, checked: Checked, longer: timedelta) -> bool:
        """Tell whether an instance that serves with a version is older than that."""
        before = self.now - longer
        return bool(serving_longer(self.group, checked.version.source, self.facts.launched, before))

    def _blamed(self, bad: Checked, good: Checked) -> Blame | None:
        """Tell what a version is blamed for: failures that are younger than it, and about what it does differently.

        What passes is no version's fault; then its instances may be dying all the same, which is not for what is over. That the
        earlier one can be launched is proven by any that serves, and that its instances do not die only by one that is old enough.
        """
        made, failure = bad.version.created_at, self.failure
        if failure is not None and failure.cause is not None and failure.cause not in PASSING:
            if failure.at < made or not self._differs(failure.cause, bad, good):
                return None
            return "gone" if failure.cause in {Cause.IMAGE, Cause.SECURITY_GROUP} else "fails"
        mine = all(each.source == bad.version.source and each.launched_at >= made for each in self.deaths)
        return "dies" if self.dying and mine and self._serves_for(good, self.settings.dies_within) else None

    def _differs(self, cause: Cause, bad: Checked, good: Checked) -> bool:
        old, new = good.version, bad.version
        image, type_ = old.image != new.image, old.type != new.type
        devices = old.devices != new.devices
        match cause:
            case Cause.IMAGE:
                return image and bad.image is False
            case Cause.UNSUPPORTED:
                return image or type_
            case Cause.ZONE:
                return type_
            case Cause.SECURITY_GROUP:
                return old.groups != new.groups and bool(bad.groups_missing)
            case Cause.KEY_PAIR:
                return old.key != new.key
            case Cause.PROFILE:
                return old.profile != new.profile
            case Cause.DEVICES:
                return devices or image or type_
            case Cause.SNAPSHOT | Cause.ENCRYPTION:
                return devices or image
            case Cause.PLACEMENT:
                return old.placement != new.placement or type_
            case _:
                return False

    @property
    def tag_missing(self) -> str:
        """The image that the launched version wants and ECR does not have; empty where it has it, or was not asked."""
        wanted = self.facts.wanted
        if wanted is None or wanted.tag is not False:
            return ""
        image = container(self.settings, wanted.version)
        return f"{image.repository}:{image.tag}" if image else ""
