"""The shared runtime of every runbook: a pure core, and adapters to AWS around it."""
