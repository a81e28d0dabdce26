"""The function's entry point."""

from explain_slow_deploy.runbook import RUNBOOK
from remediation.adapters.handler import lambda_handler

handler = lambda_handler(RUNBOOK)
