"""The function's entry point."""

from remediation.adapters.handler import lambda_handler
from restore_database_access.runbook import RUNBOOK

handler = lambda_handler(RUNBOOK)
