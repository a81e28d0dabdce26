"""Physical names and ARNs of what is deployed, known before it is: in one place, without the CDK.

Plain strings let a function's environment be JSON and its permissions be read in a review. The engine, the command line and
the stack agree on them because they all come from here.
"""

from msgspec import Struct

from remediation.core.spec import AnyRunbook, Place, Team

ALIAS = "live"
"""The alias that rules and people invoke: a run in progress stays on the version that it started on."""
METRICS = "Remediation"
"""The namespace of the functions' own metrics: one count per outcome's status, by environment and runbook."""


class Names(Struct, frozen=True):
    """The names in one environment."""

    place: Place

    def function(self, runbook: AnyRunbook) -> str:
        """Return the name of a runbook's function: `dev-restart-unhealthy-targets`."""
        return f"{self.place.environment}-{runbook.name}"

    def log_group(self, runbook: AnyRunbook) -> str:
        """Return the name of a function's log group."""
        return f"/aws/lambda/{self.function(runbook)}"

    def rule(self, runbook: AnyRunbook, kind: str, number: int) -> str:
        """Return the name of the rule of a runbook's nth trigger."""
        return self.place.name(f"{runbook.name}-{kind}{number}")

    def queue(self, runbook: AnyRunbook) -> str:
        """Return the name of a runbook's dead-letter queue."""
        return self.place.name(f"{runbook.name}-dlq")

    @property
    def table(self) -> str:
        """Return the name of the ledger."""
        return self.place.name("ledger")

    def topic(self, purpose: Team | str) -> str:
        """Return the ARN of a topic: `outcomes`, or a team's."""
        return self.arn("sns", self.place.name(purpose))

    def arn(self, service: str, resource: str) -> str:
        """Return the ARN of something in this account and region."""
        return f"arn:aws:{service}:{self.place.region}:{self.place.account}:{resource}"
