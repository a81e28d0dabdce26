"""What is deployed: one stack per environment. Stacks compose, constructs build."""
