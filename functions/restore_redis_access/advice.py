"""For each way in which a layer may fail: what it means in plain words, and what a person does next."""

from collections.abc import Mapping

from remediation.core.probed import Fault

CONNECTIONS = 65_000
"""What ElastiCache takes at most (`maxclients`, which nobody can raise)."""

MEANS: Mapping[Fault, str] = {
    "not-configured": "The probe does not know where Redis is.",
    "secret-unreadable": "The probe cannot read its own token, so nothing is known of Redis itself.",
    "name-unknown": "The endpoint's name is not known: the cache was replaced or deleted, or DNS of the VPC is off.",
    "name-unanswered": "The resolver of the VPC does not answer.",
    "address-foreign": "The endpoint's name leads out of the VPC: somebody changed DNS, or the name is wrong.",
    "refused": "The node is there and nothing listens: the engine is down.",
    "no-answer": "No answer comes back.",
    "no-route": "From the probe's subnets no way leads to the address.",
    "no-time": "The probe had no time left to try it, so nothing is known of Redis itself.",
    "own-trouble": "The probe's own machine cannot connect, so nothing is known of Redis itself.",
    "cut-off": "The server hangs up.",
    "tls-wanted": "The server speaks TLS only, and the application's configuration does not.",
    "tls-not-spoken": "TLS is configured, and the server does not speak it.",
    "certificate-untrusted": "The server's certificate is not trusted.",
    "certificate-expired": "The server's certificate has expired.",
    "certificate-other-name": "The server's certificate is for another name: the endpoint is not the one it should be.",
    "token-missing": "The server wants a token, and none is configured.",
    "token-wrong": "The server refuses the token (WRONGPASS): it was rotated in one place and not in the other.",
    "token-not-wanted": "A token is configured, and the server has none: it was switched off there, or this is another server.",
    "not-permitted": "The user may not say this (NOPERM): its rights were changed.",
    "loading": "The server is loading its data.",
    "moved": "The server sends clients to another shard (MOVED): it is in cluster mode, and the client is not.",
    "out-of-memory": "The server is full and evicts nothing (OOM): it takes no more writes.",
    "too-many-clients": f"The server has as many clients as it takes ({CONNECTIONS:,}): something leaks connections.",
    "busy": "A script keeps the server busy.",
    "replica-cut-off": "The endpoint is a replica that lost its primary.",
    "not-understood": "What answers is no Redis, or not one that is well.",
}
"""What it means."""

_COMPARE = (
    "Compare the secret that the probe reads with the one that the application reads; do not change either by hand."
)
_VPC = "aws ec2 describe-security-groups --group-ids {group} --query 'SecurityGroups[0].VpcId' --output text"
_TERRAFORM = "Look at the last `terraform apply`: transit encryption and the token are settings of the cache."
_RESOLVES = f'aws ec2 describe-vpc-attribute --attribute enableDnsSupport --vpc-id "$({_VPC})"'
_PROBE = "aws logs tail /aws/lambda/{environment}-probe-dependencies --since 10m"
NEXT: Mapping[Fault, tuple[str, ...]] = {
    "not-configured": ("Add [dependencies.redis] to the environment's file and deploy.",),
    "secret-unreadable": (_PROBE,),
    "name-unknown": ("aws elasticache describe-cache-clusters --cache-cluster-id {cache} --show-cache-node-info",),
    "name-unanswered": (_RESOLVES,),
    "address-foreign": ("Do not connect: find out who changed the record.",),
    "refused": (
        "aws elasticache describe-events --source-type cache-cluster --source-identifier {cache} --duration 60",
    ),
    "no-answer": (
        "Look at the network ACLs and the routes of the subnets, between the application and the cache.",
        "aws elasticache describe-events --source-type cache-cluster --source-identifier {cache} --duration 60",
    ),
    "no-route": (
        "Look at the routes of the application's subnets, and at whether they have IPv6 if the address is one.",
    ),
    "no-time": (_RESOLVES, _PROBE),
    "own-trouble": (_PROBE,),
    "cut-off": ("aws logs tail /aws/elasticache/{environment}/redis/engine-log --since 30m",),
    "tls-wanted": (_TERRAFORM,),
    "tls-not-spoken": (_TERRAFORM,),
    "certificate-untrusted": ("Do not switch verification off: compare the endpoint with Terraform's output.",),
    "certificate-expired": ("Open a case with AWS: it renews the certificates of ElastiCache.",),
    "certificate-other-name": ("Compare the endpoint with Terraform's output.",),
    "token-missing": (_COMPARE,),
    "token-wrong": (_COMPARE,),
    "token-not-wanted": (_COMPARE, _TERRAFORM),
    "not-permitted": ("aws elasticache describe-users",),
    "moved": ("Use the configuration endpoint, and a client that knows cluster mode.",),
    "out-of-memory": (
        "A larger node, or a maxmemory-policy that evicts (terraform: aws_elasticache_parameter_group).",
        "See what emptying it would come to; this is a plan, and carried out it loses every key.",
        "remedy invoke flush-redis --target {cache}",
    ),
    "too-many-clients": ("Find who opens connections and does not close them; restarting the application frees them.",),
    "busy": ("aws logs tail /aws/elasticache/{environment}/redis/slow-log --since 30m",),
    "replica-cut-off": ("aws elasticache describe-replication-groups --replication-group-id {cache}",),
    "not-understood": ("Compare the endpoint with Terraform's output.",),
}
"""What is done next. A step is a sentence or a command, and a command works as it is; names in braces are filled in."""
