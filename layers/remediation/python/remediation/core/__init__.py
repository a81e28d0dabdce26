"""What a remediation is, without AWS: declarations, triggers, gates, the engine and the outcome.

Nothing in here imports boto3 or Powertools, reads a clock or looks at the environment; tests keep it so.
"""
