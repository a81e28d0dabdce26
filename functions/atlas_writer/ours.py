"""What of the project is this environment's: one cluster, and those whose names begin as new ones do. The rest is another's.

The rule of the domain (HAZARDS X9): the project may hold the clusters of several environments, and the key does not tell them
apart. So data leaves only the environment's own cluster, and only new ones of its own are made and filled.
"""

from atlas_writer.refused import RefusedError
from remediation.atlas.asking import Allow, Asked, Create, Refill, Save


def ours(asked: Asked, cluster: str, prefix: str) -> None:
    """Raise RefusedError where a request is about what is not this environment's. Whose an address is, letting_in.py says."""
    match asked:
        case Allow():
            pass
        case Save():
            _source(asked.cluster, cluster)
        case Create():
            _source(asked.like, cluster)
            _target(asked.cluster, cluster, prefix)
        case Refill():
            _source(asked.cluster, cluster)
            _target(asked.target, cluster, prefix)


def _source(name: str, cluster: str) -> None:
    if name != cluster:
        raise RefusedError(f"{name} is not the cluster of this environment, which is {cluster}.")


def _target(name: str, cluster: str, prefix: str) -> None:
    if name == cluster:
        raise RefusedError(f"{cluster} is never restored in place: what it holds now would be gone.")
    if not name.startswith(prefix):
        raise RefusedError(f"What is made here is called {prefix}..., not {name}.")
