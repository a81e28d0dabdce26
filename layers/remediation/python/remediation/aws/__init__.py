"""Typed readers of AWS, shared by the runbooks: every response becomes frozen values at this edge.

A reader takes the clients and returns structs; it decides nothing. Nothing in here imports boto3 when it is imported, so
the CDK app can read a runbook's declaration without it. A list of ids is never empty: many Describe calls take an empty
list for "all of them".
"""
