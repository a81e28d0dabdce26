"""What ministack 1.5.33 lacks of the AWS that the product meets, each lack in a module of its own.

| module | ministack does | AWS does, and so does the lab |
|---|---|---|
| alarms | evaluate an alarm over all dimensions at once, tell nobody but SNS | dimensions, M of N, missing data; an event |
| durable | start durable functions only by hand, answer at the first wait | by any trigger; answer when the run has ended |
| cloudformation | drop DurableConfig and others, refuse SSM documents | keep them, create them |
| runtime | run functions on its own interpreter with its own packages | give them their layers and nothing else |

The modules change functions of ministack in place, so they hold for exactly that version; `__main__` insists on it. They run
in ministack's own virtual environment and import nothing else of this project.
"""
