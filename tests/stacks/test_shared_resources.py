"""The ledger, the topics and the key."""

from remediation.core.record import LISTED
from remediation.core.spec import TEAMS
from tests.stacks.template import Template

KEPT = {"AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::Logs::LogGroup"}


def test_the_ledger_is_the_table_that_the_adapter_expects(template: Template) -> None:
    table = template.one("DynamoDB::Table")
    assert table["TableName"] == f"{template.config.environment}-remediation-ledger"
    assert table["KeySchema"] == [{"AttributeName": "pk", "KeyType": "HASH"}]
    assert table["AttributeDefinitions"] == [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "environment", "AttributeType": "S"},
        {"AttributeName": "started_at", "AttributeType": "N"},
    ]
    assert table["GlobalSecondaryIndexes"] == [
        {
            "IndexName": "runs",
            "KeySchema": [
                {"AttributeName": "environment", "KeyType": "HASH"},
                {"AttributeName": "started_at", "KeyType": "RANGE"},
            ],
            "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": list(LISTED)},
        }
    ]
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}


def test_the_ledger_is_on_demand_restorable_and_encrypted_with_our_key(template: Template) -> None:
    table = template.one("DynamoDB::Table")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": "KMS::Key.Arn"}


def test_data_goes_with_the_stack_in_dev_only(dev: Template, prod: Template) -> None:
    for template, protected, policy in ((dev, False, "Delete"), (prod, True, "Retain")):
        assert template.one("DynamoDB::Table")["DeletionProtectionEnabled"] is protected
        assert {resource.deletion for resource in template.resources if resource.type in KEPT} == {policy}


def test_there_is_a_topic_for_outcomes_and_one_per_contact_encrypted_with_our_key(template: Template) -> None:
    topics = template.all("SNS::Topic")
    environment = template.config.environment
    assert {topic["TopicName"] for topic in topics} == {
        f"{environment}-remediation-{purpose}" for purpose in ("outcomes", *TEAMS)
    }
    assert {topic["KmsMasterKeyId"] for topic in topics} == {"KMS::Key.Arn"}
    assert len(template.all("SNS::TopicPolicy")) == len(topics)


def test_the_addresses_of_a_contact_are_subscribed_to_its_topic(dev: Template, loud: Template) -> None:
    assert not dev.all("SNS::Subscription")
    by_mail = [one for one in loud.all("SNS::Subscription") if one["Protocol"] == "email"]
    assert {(one["TopicArn"], one["Endpoint"]) for one in by_mail} == {
        ("SNS::Topic dev-remediation-infrastructure", address) for address in ("ops@example.com", "second@example.com")
    }


def test_alarms_of_this_account_may_page_a_contact(template: Template) -> None:
    environment = template.config.environment
    may = {
        policy["Topics"][0]
        for policy in template.all("SNS::TopicPolicy")
        if any(
            one["Principal"] == {"Service": "cloudwatch.amazonaws.com"} for one in policy["PolicyDocument"]["Statement"]
        )
    }
    assert may == {f"SNS::Topic {environment}-remediation-{team}" for team in TEAMS}


def test_the_key_rotates_and_services_may_use_it_for_this_account_only(template: Template) -> None:
    key, place = template.one("KMS::Key"), template.config.place
    assert key["EnableKeyRotation"] is True
    owner, *services = key["KeyPolicy"]["Statement"]
    assert owner["Principal"] == {"AWS": f"arn:aws:iam::{place.account}:root"}
    logs = f"arn:aws:logs:{place.region}:{place.account}:log-group:/aws/lambda/{place.environment}-*"
    assert [(one["Principal"]["Service"], one["Condition"]) for one in services] == [
        ("cloudwatch.amazonaws.com", {"StringEquals": {"aws:SourceAccount": place.account}}),
        (f"logs.{place.region}.amazonaws.com", {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}}),
    ]


def test_everything_that_takes_tags_is_tagged(template: Template) -> None:
    wanted = dict(template.config.tags)
    for kind in ("Lambda::Function", "DynamoDB::Table", "SQS::Queue", "IAM::Role", "KMS::Key", "SNS::Topic"):
        for properties in template.all(kind):
            assert {tag["Key"]: tag["Value"] for tag in properties["Tags"]} == wanted
