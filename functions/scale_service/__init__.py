"""The room of the runbook `scale-service`."""
