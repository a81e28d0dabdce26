"""The ledger: one table that admits acts and remembers every event received (adapters/ledger.py says what is in it)."""

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_kms as kms
from constructs import Construct

from remediation.core.record import LISTED, RUNS_INDEX
from stacks.names import Names


class Ledger(Construct):
    """On demand, restorable to any second, encrypted; outside dev it outlives the stack."""

    def __init__(self, scope: Construct, id_: str, *, names: Names, key: kms.IKey, removal: RemovalPolicy) -> None:
        super().__init__(scope, id_)
        self.table = dynamodb.Table(
            self,
            "Table",
            table_name=names.table,
            partition_key=_key("pk", dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            time_to_live_attribute="expires_at",
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=key,
            deletion_protection=removal == RemovalPolicy.RETAIN,
            removal_policy=removal,
        )
        self.table.add_global_secondary_index(
            index_name=RUNS_INDEX,
            partition_key=_key("environment", dynamodb.AttributeType.STRING),
            sort_key=_key("started_at", dynamodb.AttributeType.NUMBER),
            projection_type=dynamodb.ProjectionType.INCLUDE,
            non_key_attributes=list(LISTED),
        )


def _key(name: str, type_: dynamodb.AttributeType) -> dynamodb.Attribute:
    return dynamodb.Attribute(name=name, type=type_)
