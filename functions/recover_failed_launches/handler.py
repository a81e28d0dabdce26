"""The function's entry point."""

from recover_failed_launches.runbook import RUNBOOK
from remediation.adapters.handler import lambda_handler

handler = lambda_handler(RUNBOOK)
