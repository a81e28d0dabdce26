"""MongoDB as dev has it: a cluster at Atlas, which lets in our NAT gateway, and the secrets with which it is come to.

The secrets have the names by which config/dev.toml calls them; to Secrets Manager an ARN without its last six characters is as good.
"""

import json

from remedy.lab import environment
from remedy.lab.lab import Lab
from remedy.lab.world.machine import SECRET
from remedy.lab.world.member import AT, SET, USER
from tests.functions.fakes.atlas import CLIENT, CLIENT_SECRET, PRIVATE, PUBLIC

CLUSTER = "dev-starttech-cluster"
STRING, READER, WRITER = "dev/starttech-mongodb-AbCdEf", "dev/atlas-reader-AbCdEf", "dev/atlas-writer-AbCdEf"
SECRETS = {
    STRING: f"mongodb://{USER}:{SECRET}@{AT}/starttech?tls=true&authSource=admin&replicaSet={SET}",
    READER: json.dumps({"public_key": PUBLIC, "private_key": PRIVATE}),
    WRITER: json.dumps({"client_id": CLIENT, "client_secret": CLIENT_SECRET}),
}
"""The application logs in with the first, the runbooks read Atlas with the second, and only the writer has the third."""
NEVER_TOLD = (SECRET, PRIVATE, CLIENT_SECRET)
"""What may stand in no message."""


def host(lab: Lab) -> None:
    """Have Atlas host it: our NAT gateway is on its list, and a member takes the place of what was MongoDB before."""
    address = environment.nat_gateway(lab)
    lab.start_atlas()
    lab.atlas("cluster", {"name": CLUSTER, "tier": "M10"})
    lab.atlas("allow", {"cidr": f"{address}/32", "comment": "Terraform: the NAT gateway of dev"})
    for name, text in SECRETS.items():
        lab.client("secretsmanager").create_secret(Name=name, SecretString=text)
    for verb in ("stop", "start"):
        lab.world(f"dependencies/mongodb/{verb}", {})
