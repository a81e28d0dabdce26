"""The follow-up's entry point: pages until somebody answers or the alarm is over (docs/escalation.md)."""

from remediation.adapters.escalating import escalation_handler

handler = escalation_handler()
