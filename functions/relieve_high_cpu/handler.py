"""The function's entry point."""

from relieve_high_cpu.runbook import RUNBOOK
from remediation.adapters.handler import lambda_handler

handler = lambda_handler(RUNBOOK)
