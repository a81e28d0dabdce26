"""A function's role: its permissions, inline, within the environment's boundary, and nothing else."""

from collections.abc import Iterable, Mapping

from aws_cdk import aws_iam as iam
from constructs import Construct

from stacks.boundary import boundary_of
from stacks.permissions import Statement, plain


class FunctionRole(Construct):
    """Trusted by Lambda; no managed policy but the boundary, and nothing that another construct adds behind our back."""

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
            inline_policies={name: policy_of(statements) for name, statements in policies.items() if statements},
            permissions_boundary=boundary_of(self),
        )
        self.role = own.without_policy_updates()


def policy_of(statements: Iterable[Statement]) -> iam.PolicyDocument:
    """Return a policy that allows what the statements say."""
    return iam.PolicyDocument(
        statements=[
            iam.PolicyStatement(
                actions=list(statement.actions),
                resources=list(statement.resources),
                conditions=plain(statement.condition),
            )
            for statement in statements
        ]
    )
