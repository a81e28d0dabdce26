"""A function's role: its permissions, inline, and nothing else."""

from collections.abc import Mapping

from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.permissions import Statement


class FunctionRole(Construct):
    """Trusted by Lambda; no managed policy, and nothing that another construct adds behind our back."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        description: str,
        policies: Mapping[str, tuple[Statement, ...]],
    ) -> None:
        super().__init__(scope, id_)
        own = iam.Role(
            self,
            "Role",
            description=description,
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
            inline_policies={name: _policy(statements) for name, statements in policies.items() if statements},
        )
        self.role = own.without_policy_updates()


def _policy(statements: tuple[Statement, ...]) -> iam.PolicyDocument:
    return iam.PolicyDocument(
        statements=[
            iam.PolicyStatement(
                actions=list(statement.actions),
                resources=list(statement.resources),
                conditions={operator: dict(block) for operator, block in statement.condition.items()},
            )
            for statement in statements
        ]
    )
