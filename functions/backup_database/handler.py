"""The function's entry point."""

from backup_database.runbook import RUNBOOK
from remediation.adapters.handler import lambda_handler

handler = lambda_handler(RUNBOOK)
