"""A local AWS in which a real `cdk deploy` runs and real causes have real effects.

Two emulators share the work, because neither is faithful everywhere: ministack (`emulator/`) is the control plane that the
product deploys into, moto (`world/`) is the StartTech environment that it looks after. An instance is a local process, its
health is really checked, and a command of the product really runs on it. Nothing is ever healed by setting a flag.

The product never knows about the lab: whatever a function needs to find the two servers comes from their environment.
"""
