"""The sweep's entry point: every five minutes, what nobody else would come back to (docs/sweep.md)."""

from remediation.adapters.sweeping import sweep_handler

handler = sweep_handler()
