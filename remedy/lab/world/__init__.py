"""The environment that the product looks after, with cause and effect: moto's state, and processes that live by it.

moto answers EC2, Auto Scaling, ELBv2, ElastiCache and SSM. Around it, a loop (world.py) makes real what moto only notes down:

- an instance that moto runs is a machine (machine.py) with one container, and its container is a local process (backend.py)
- Redis and MongoDB are processes too (dependency.py); a backend without them answers 503
- a target's health is what really checking it says (targets.py), and the metrics are counted from that (metrics.py)
- a command really runs, in bash, on the machine it was sent to (commands.py, docker.py, bin/)
- an unhealthy instance of an Auto Scaling group is really replaced (groups.py)

Where moto accepts what AWS refuses, strict.py refuses.
"""
