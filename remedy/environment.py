"""One environment as the command line knows it: its config, its runbooks and the names of what is deployed."""

from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property

from msgspec import Struct

from remediation.core.deployment import Deployment
from remediation.core.spec import AnyRunbook, Place
from remedy.telling import MistakeError
from stacks.catalog import CATALOG
from stacks.config import Config, ConfigError, load
from stacks.deployments import deployment
from stacks.names import Names


class Environment:
    """One environment, from config/<env>.toml and the catalogue. Needs neither AWS nor the CDK."""

    def __init__(self, config: Config, catalog: tuple[AnyRunbook, ...]) -> None:
        self.config = config
        self._known = {runbook.name: runbook for runbook in catalog}

    @property
    def place(self) -> Place:
        """Return where this is."""
        return self.config.place

    @property
    def names(self) -> Names:
        """Return the names of what is deployed here."""
        return Names(self.config.place)

    @cached_property
    def runbooks(self) -> Mapping[str, AnyRunbook]:
        """Return the runbooks that are deployed here, by name and in the catalogue's order."""
        return {name: runbook for name, runbook in self._known.items() if name in self.config.runbooks}

    def runbook(self, name: str) -> AnyRunbook:
        """Return a runbook that is deployed here. Raises MistakeError."""
        if name in self.runbooks:
            return self.runbooks[name]
        where = f"config/{self.place.environment}.toml"
        if name in self._known:
            raise MistakeError(f"{name} is not deployed in {self.place.environment}: it is not listed in {where}.")
        close = get_close_matches(name, self._known, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]}?" if close else f"there are: {', '.join(sorted(self._known))}."
        raise MistakeError(f"There is no runbook {name!r}; {hint}")

    def settings(self, runbook: AnyRunbook) -> Struct:
        """Return the settings of a runbook here."""
        return self.config.runbooks[runbook.name].settings

    def deployment(self, runbook: AnyRunbook) -> Deployment:
        """Return a runbook as it is deployed here."""
        return deployment(runbook, self.config)


def environment(name: str) -> Environment:
    """Return the environment of that name. Raises MistakeError."""
    try:
        return Environment(load(name, CATALOG), CATALOG)
    except ConfigError as error:
        raise MistakeError(str(error)) from error
