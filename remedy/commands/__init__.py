"""The commands of `remedy`: each reads its arguments, asks one module for an answer, and has it displayed.

What needs AWS is imported only where it is used: `explain` and `--help` work without credentials, network and boto3.
"""
