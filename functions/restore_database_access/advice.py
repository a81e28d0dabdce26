"""For each way in which a layer may fail: what it means in plain words, and what a person does next."""

from collections.abc import Mapping

from remediation.core.probed import Fault, Layer

MEANS: Mapping[Fault, str] = {
    "not-configured": "The probe does not know where MongoDB is.",
    "secret-unreadable": "The probe cannot read its connection string, so nothing is known of MongoDB itself.",
    "string-not-understood": "The connection string is none: its driver would not take it either.",
    "records-unknown": "The name has no SRV records: the cluster was deleted or renamed, or the string names another.",
    "name-unknown": "A member's name is not known: the cluster was deleted or replaced.",
    "name-unanswered": "The resolver of the VPC does not answer.",
    "address-foreign": "A member's name leads to where no database of ours is: somebody changed DNS, or the name is wrong.",
    "refused": "The host is there and nothing listens: mongod is down, or the port is wrong.",
    "no-answer": "No answer comes back.",
    "no-route": "From the probe's subnets no way leads to the address.",
    "no-time": "The probe had no time left to try it, so nothing is known of MongoDB itself.",
    "own-trouble": "The probe's own machine cannot connect, so nothing is known of MongoDB itself.",
    "cut-off": "The server hangs up.",
    "tls-wanted": "The server speaks TLS only, and the connection string switches it off.",
    "tls-not-spoken": "TLS is configured, and the server does not speak it.",
    "certificate-untrusted": "The server's certificate is not trusted.",
    "certificate-expired": "The server's certificate has expired.",
    "certificate-other-name": "The server's certificate is for another name: the host is not the one that it should be.",
    "no-primary": "Members answer, and none of them takes writes.",
    "other-set": "A member is of another replica set than the connection string says.",
    "credentials-refused": "The server refuses the login, for the user or its password was changed in one place and not in the other.",
    "not-permitted": "The user may not do this: its roles were changed.",
    "too-many-clients": "The server has as many clients as it takes: something leaks connections.",
    "not-understood": "What answers is no MongoDB, or not one that is well.",
}
"""What it means."""

_STRING = "Compare the connection string that the probe reads with the one that the application reads, and with Terraform's output."
_OUTPUT = "terraform output"
_USERS = (
    "atlas dbusers list --projectId {project}",
    "Compare the user of the connection string with those; who owns it rotates it, in both places at once.",
)
_STATUS = (
    "Look at https://status.mongodb.com, and in Atlas at the cluster's metrics: connections, CPU and disk.",
    "atlas clusters describe {cluster} --projectId {project}",
)
_CLUSTERS = "atlas clusters list --projectId {project}"
_LIST = "atlas accessLists list --projectId {project}"
_VPC = "aws ec2 describe-subnets --subnet-ids {subnet} --query 'Subnets[0].VpcId' --output text"
_RESOLVES = f'aws ec2 describe-vpc-attribute --attribute enableDnsSupport --vpc-id "$({_VPC})"'
_PROBE = "aws logs tail /aws/lambda/{environment}-probe-dependencies --since 10m"
NEXT: Mapping[Fault, tuple[str, ...]] = {
    "not-configured": ("Add [dependencies.mongodb] to the environment's file and deploy.",),
    "secret-unreadable": (_PROBE,),
    "string-not-understood": (_STRING, _OUTPUT),
    "records-unknown": (_STRING, _OUTPUT, _CLUSTERS),
    "name-unknown": (_STRING, _OUTPUT, _CLUSTERS),
    "name-unanswered": (_RESOLVES,),
    "address-foreign": ("Do not connect: find out who changed the record.", _STRING, _OUTPUT),
    "refused": (_STRING, _OUTPUT, *_STATUS),
    "no-answer": ("It takes connections and then says nothing: it is overloaded, or on its way down.", *_STATUS),
    "no-route": (
        "Look at the routes of the application's subnets, and at whether they have IPv6 if the address is one.",
    ),
    "no-time": (_RESOLVES, _PROBE),
    "own-trouble": (_PROBE,),
    "cut-off": _STATUS,
    "tls-wanted": (_STRING, _OUTPUT),
    "tls-not-spoken": (_STRING, _OUTPUT),
    "certificate-untrusted": (
        "Do not switch verification off: compare the host with Terraform's output.",
        _OUTPUT,
        *_STATUS,
    ),
    "certificate-expired": ("Do not switch verification off: open a case with MongoDB, which renews it.",),
    "certificate-other-name": (
        "Do not connect: compare the host with Terraform's output, and find out who changed DNS.",
        _OUTPUT,
    ),
    "no-primary": _STATUS,
    "other-set": (_STRING, _OUTPUT),
    "credentials-refused": _USERS,
    "not-permitted": _USERS,
    "too-many-clients": (
        "Find who opens connections and does not close them; restarting the application frees them.",
        "Look at the cluster's tier, which is its limit of connections.",
        "atlas clusters describe {cluster} --projectId {project}",
    ),
    "not-understood": (_STRING, _OUTPUT),
}
"""What is done next, whatever the layer. A step is a sentence or a command that works as it is; names in braces are filled in."""
BY_THE_LIST: tuple[tuple[Layer, Fault], ...] = (
    ("tcp", "cut-off"),
    ("tls", "no-answer"),
    ("tls", "cut-off"),
    ("hello", "cut-off"),
)
"""What Atlas may do to who is not on its access list, beside saying nothing in TCP: it refuses an address in TCP, or only in TLS."""
AT: Mapping[tuple[Layer, Fault], tuple[str, ...]] = {
    ("tcp", "no-answer"): (
        "Look at the egress rules of the application's security group, the network ACLs and the routes: TCP 27017 has to leave.",
        _LIST,
        *_STATUS,
    ),
    **dict.fromkeys(BY_THE_LIST, (_LIST, *_STATUS)),
}
"""What is done next instead, where the layer says more than the fault."""
LOST = _STATUS
"""What is done where the primary that the others name refuses or hangs up: the way to it is open."""
LOST_IN_TCP = (
    "Look at what lets TCP out to {lost}: the egress rules of the application's security group, the network ACLs, the routes.",
    "Where members are listed by their addresses, there or in a firewall, that one may be missing.",
    *_STATUS,
)
"""What is done where TCP gets no answer from the primary that the others name."""
UNHEARD = (
    _STRING,
    _OUTPUT,
    "Find who takes connections and does not give them back; restarting the application frees them.",
)
"""What is done where the probe is answered and the application is not."""
ELSEWHERE = (
    _STRING,
    _OUTPUT,
    "Or else correct `cluster` and `project` of restore-database-access in the environment's file.",
)
"""What is done where the connection string leads to another cluster than the environment's."""
