"""The function's entry point: every minute all dependencies, and one of them when somebody asks (docs/redis.md)."""

from probe_dependencies.probe import Probe
from remediation.adapters.probing import probe_handler

handler = probe_handler(Probe)
