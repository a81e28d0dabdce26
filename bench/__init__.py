"""The bench: what a remediation costs, measured on the real Lambda runtime client against a local AWS (docs/performance.md).

Only ratios inside one run mean anything. Variants run round-robin, so that a machine that slows down slows all of them;
compared is the least CPU of each, because noise only ever adds.
"""
