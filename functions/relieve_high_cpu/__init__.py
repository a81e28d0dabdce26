"""The room of the runbook `relieve-high-cpu`."""
