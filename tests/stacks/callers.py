"""Both environments as configured but with operators, and who may call what in them."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from clear_stale_lock.runbook import RUNBOOK as LOCKS
from clear_stale_lock.settings import Settings as LockSettings
from remediation.core.dependencies import RedisDependency
from stacks.catalog import CATALOG
from stacks.config import Config, load
from stacks.names import Names
from stacks.permissions import ATLAS_WRITER, ESCALATION, PROBE, SWEEP
from stacks.safeguards import Operators
from tests.stacks.template import Template, synthesise
from tests.support.iam import Answer, Call, Caller, Context

Attempt: TypeAlias = Callable[["Environment"], Answer]
ALICE = "AROAOPERATOR:alice"
BOB = "AROAOPERATOR:bob"
"""User ids of two people in sessions of the operators' role."""
CUSTOMER_KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"
"""A key of the account's own, with which the table, the bucket and the secret of Terraform are encrypted."""


def elsewhere(call: Call, region: str = "eu-west-1") -> Call:
    """Return the same call in another Region."""
    return Call(
        call.action, call.resource.replace("us-east-1", region), {**call.context, "aws:RequestedRegion": region}
    )


@cache
def environment(name: str) -> "Environment":
    """Return an environment, synthesised once."""
    return next(found for found in _environments() if found.names.place.environment == name)


@cache
def _environments() -> tuple["Environment", ...]:
    configs = [_operated(load(name, CATALOG)) for name in ("dev", "prod")]
    synthesis = synthesise(*configs, catalog=CATALOG)
    assert not synthesis.violations
    return tuple(map(Environment, synthesis.templates))


def _operated(config: Config) -> Config:
    users = tuple(f"arn:aws:iam::{config.account}:user/{name}" for name in ("alice", "bob"))
    locks = config.runbooks[LOCKS.name]
    said = _all_said(locks.settings, config.account)
    key = f"arn:aws:kms:{config.region}:{config.account}:key/{CUSTOMER_KEY}"
    runbooks = dict(config.runbooks) | {LOCKS.name: replace(locks, settings=said, keys=(key,))}
    dependencies = replace(config.dependencies, redis=_logged_in(config), keys=(key,))
    return replace(
        config, operators=Operators(principals=users, mfa=True), runbooks=runbooks, dependencies=dependencies
    )


def _logged_in(config: Config) -> RedisDependency:
    """Return the environment's Redis, with a token."""
    assert config.dependencies.redis is not None
    token = f"arn:aws:secretsmanager:{config.region}:{config.account}:secret:{config.environment}/redis-AbCdEf"
    return replace(config.dependencies.redis, token=token)


def _all_said(settings: Struct, account: str) -> Struct:
    """Return the settings of the locks with every sign of life, and both kinds of lock."""
    assert isinstance(settings, LockSettings)
    return replace(
        settings,
        states=tuple(replace(state, lockfile=True) for state in settings.states),
        github="acme/infra",
        github_token=f"arn:aws:secretsmanager:us-east-1:{account}:secret:github-runs-AbCdEf",
        codebuild=("terraform-apply",),
        ci_role="github-actions-terraform",
    )


class Environment:
    """One synthesised environment: its callers, and calls as they are made in it."""

    def __init__(self, template: Template) -> None:
        self.template, self.names = template, Names(template.config.place)
        self.key = self.names.arn("kms", "key/environment")

    @property
    def name(self) -> str:
        """Return its name."""
        return self.names.place.environment

    @property
    def other(self) -> str:
        """Return the name of the other one."""
        return "prod" if self.name == "dev" else "dev"

    @property
    def runbook(self) -> Caller:
        """Return the function of restart-unhealthy-targets."""
        return self._function(f"{CATALOG[0].name} in ")

    @property
    def locks(self) -> Caller:
        """Return the function of clear-stale-lock."""
        return self._function(f"{LOCKS.name} in ")

    @property
    def sweep(self) -> Caller:
        """Return the sweep."""
        return self._function(f"{SWEEP} in ")

    @property
    def escalation(self) -> Caller:
        """Return the function that follows incidents up."""
        return self._function(f"{ESCALATION} in ")

    @property
    def probe(self) -> Caller:
        """Return the probe in the VPC, which logs in to Redis with a token."""
        return self._function(f"{PROBE} in ")

    @property
    def writer(self) -> Caller:
        """Return the function that writes to Atlas; only where something acts is there one."""
        return self._function(f"{ATLAS_WRITER} in ")

    @property
    def functions(self) -> tuple[Caller, ...]:
        """Return all of them."""
        runbooks = (self._function(f"{runbook.name} in ") for runbook in CATALOG)
        return (*runbooks, self.probe, self.sweep, self.escalation)

    @property
    def operator(self) -> Caller:
        """Return the operators' role."""
        role = self.role(self.names.place.name("operator"))
        return Caller(name="operator", own=self._own(role))

    @property
    def trust(self) -> list[Any]:
        """Return who may become an operator."""
        found: list[Any] = self.role(self.names.place.name("operator"))["AssumeRolePolicyDocument"]["Statement"]
        return found

    @property
    def boundary(self) -> tuple[Mapping[str, Any], ...]:
        """Return the boundary of every function."""
        return tuple(self._resolved(self.template.one("IAM::ManagedPolicy")["PolicyDocument"]["Statement"]))

    def role(self, name: str) -> dict[str, Any]:
        """Return a role by its physical name."""
        return self.template.one("IAM::Role", RoleName=name)

    def item(self, action: str, *keys: str, by: str = ALICE) -> Call:
        """Return a call on items of the ledger; `by` is the user id of the caller."""
        context: Context = {"dynamodb:LeadingKeys": keys, "aws:userid": by}
        return self.on(f"dynamodb:{action}", "dynamodb", f"table/{self.names.table}", context)

    def scanned(self, action: str, part: str = "") -> Call:
        """Return a call on the ledger as a whole, or on a part of it, which knows no keys."""
        return self.on(f"dynamodb:{action}", "dynamodb", f"table/{self.names.table}{part}")

    @property
    def lock_id(self) -> str:
        """Return the id of Terraform's lock."""
        return f"{self.name}-starttech-terraform-state-{self.names.place.account}/starttech/terraform.tfstate"

    def lock(self, action: str, key: str) -> Call:
        """Return a call on an item of the table of Terraform's locks."""
        table = f"table/{self.name}-starttech-terraform-locks"
        return self.on(f"dynamodb:{action}", "dynamodb", table, {"dynamodb:LeadingKeys": (key,)})

    @property
    def bucket(self) -> str:
        """Return the bucket of Terraform's state."""
        return self.lock_id.partition("/")[0]

    def stored(self, action: str, key: str = "", if_match: str = "", *, bucket: str = "") -> Call:
        """Return a call on an object of the bucket of Terraform's state, or on the bucket."""
        context: Context = {"s3:if-match": if_match} if if_match else {}
        path = f"{bucket or self.bucket}/{key}".removesuffix("/")
        return Call(f"s3:{action}", f"arn:aws:s3:::{path}", self.here(context))

    def function(self, action: str) -> Call:
        """Return a call on the runbook's function."""
        return self.on(f"lambda:{action}", "lambda", f"function:{self.name}-{CATALOG[0].name}")

    def alarm(self, action: str) -> Call:
        """Return a call on an alarm."""
        return self.on(f"cloudwatch:{action}", "cloudwatch", f"alarm:{self.name}-remediation-unhealthy-targets")

    def sent(self, source: str | None, bus: str = "event-bus/default") -> Call:
        """Return that an event is sent in the name of a source."""
        return self.on("events:PutEvents", "events", bus, {} if source is None else {"events:source": source})

    def logged(self, action: str, name: str) -> Call:
        """Return a call on a function's log."""
        return self.on(f"logs:{action}", "logs", f"log-group:/aws/lambda/{self.name}-{name}:log-stream:2026")

    def execution(self, action: str, function: str) -> Call:
        """Return a call on a durable execution of a function."""
        called = f"function:{self.name}-{function}:7/durable-execution/run-1/0a1b"
        return self.on(f"lambda:{action}", "lambda", called)

    def invoke(self, function: str, qualifier: str = ":live") -> Call:
        """Return an invocation of a function."""
        called = f"function:{self.name}-{function}{qualifier}"
        return self.on("lambda:InvokeFunction", "lambda", called)

    def interface(self, action: str, place: str, *, by_code: bool = False) -> Call:
        """Return a call on an interface or where it is made: by Lambda, or by the code of the function itself."""
        code = {"lambda:SourceFunctionArn": self.names.arn("lambda", f"function:{self.name}-{PROBE}")}
        return self.on(f"ec2:{action}", "ec2", place, code if by_code else {})

    def secret(self, name: str) -> Call:
        """Return that a secret is read."""
        return self.on("secretsmanager:GetSecretValue", "secretsmanager", f"secret:{name}")

    def key_use(self, action: str, service: str, key: str = "environment") -> Call:
        """Return a use of a key through a service."""
        through = f"{service}.{self.names.place.region}.amazonaws.com"
        return self.on(f"kms:{action}", "kms", f"key/{key}", {"kms:ViaService": through})

    def command(self, document: str, environment: str | None) -> tuple[Call, Call]:
        """Return a command: the document (its ARN, or what ours is called), and an instance with this tag."""
        arn = document
        if not arn.startswith("arn:"):
            arn = self.names.arn("ssm", f"document/{self.names.place.name(document)}")
        own = {"aws:ResourceTag/Environment": self.names.place.environment}
        tags = {} if environment is None else {"ssm:resourceTag/Environment": environment}
        if environment is not None:
            tags["aws:ResourceTag/Environment"] = environment
        return (
            Call("ssm:SendCommand", arn, self.here(own if document in arn and not document.startswith("arn:") else {})),
            self.on("ssm:SendCommand", "ec2", "instance/i-0123456789abcdef0", tags),
        )

    def group(self, action: str, name: str, environment: str | None) -> Call:
        """Return a call on an Auto Scaling group with this tag."""
        tags = {} if environment is None else {"aws:ResourceTag/Environment": environment}
        return self.on(
            f"autoscaling:{action}", "autoscaling", f"autoScalingGroup:0f1e:autoScalingGroupName/{name}", tags
        )

    def on(self, action: str, service: str, resource: str, context: Context | None = None) -> Call:
        """Return a call on something in this account and Region."""
        return Call(action, self.names.arn(service, resource), self.here(context))

    def here(self, context: Context | None = None) -> Context:
        """Return what AWS knows of every call made here."""
        return {"aws:RequestedRegion": self.names.place.region} | dict(context or {})

    def _function(self, described: str) -> Caller:
        (role,) = [role for role in self.template.all("IAM::Role") if role["Description"].startswith(described)]
        assert role["PermissionsBoundary"] == "IAM::ManagedPolicy"
        return Caller(name=described, own=self._own(role), boundary=self.boundary)

    def _own(self, role: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
        policies: list[Any] = self._resolved(role["Policies"])
        return tuple(statement for policy in policies for statement in policy["PolicyDocument"]["Statement"])

    def _resolved(self, value: Any) -> Any:
        """Put the key's ARN where the template refers to the key."""
        match value:
            case "KMS::Key.Arn":
                return self.key
            case dict():
                return {key: self._resolved(inner) for key, inner in value.items()}
            case list():
                return [self._resolved(inner) for inner in value]
            case _:
                return value
