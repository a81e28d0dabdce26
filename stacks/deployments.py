"""What a runbook's function is told about where it runs: written into its environment, and read by the command line."""

from remediation.core.deployment import Contact, Deployment
from remediation.core.spec import AnyRunbook, Team
from stacks.config import Config
from stacks.names import Names


def deployment(runbook: AnyRunbook, config: Config) -> Deployment:
    """Return a runbook as deployed in an environment."""
    names, own = Names(config.place), config.runbooks[runbook.name]
    return Deployment(
        place=config.place,
        mode=own.mode,
        ledger=names.table,
        outcomes=names.topic("outcomes"),
        contacts=contacts(config),
        drills_act=config.drills_act,
        limits=config.limits,
        maintenance=config.maintenance,
        watched=config.watched,
        ask_first=own.ask_first,
    )


def contacts(config: Config) -> dict[Team, Contact]:
    """Return whom to page, by team."""
    names = Names(config.place)
    return {
        team: Contact(topic=names.topic(team), response=contact.response)
        for team, contact in config.contacts.by_team().items()
    }
