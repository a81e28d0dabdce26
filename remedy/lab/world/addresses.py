"""Public addresses that could be: moto's Elastic IPs are in 127.0.0.0/8, which is this machine and no NAT gateway.

Those of the lab are in 198.51.100.0/24, which is for documentation (RFC 5737) and belongs to nobody.
"""

from itertools import count

from moto.ec2.models import elastic_ip_addresses


def install() -> None:
    """Let every new address be one of these."""
    numbers = count(1)
    elastic_ip_addresses.random_ip = lambda: f"198.51.100.{next(numbers)}"  # type: ignore[attr-defined]
