"""The room of the runbook `restart-unhealthy-targets`."""
