"""What ministack 1.5.33 lacks of the AWS that the product meets, each lack in a module of its own.

| module | ministack does | AWS does, and so does the lab |
|---|---|---|
| alarms | evaluate an alarm over all dimensions at once, tell nobody but SNS | dimensions, M of N, missing data; an event |
| builds | end every build of CodeBuild as it begins | a build lasts (until it is stopped: nothing carries it out) |
| durable | start durable functions only by hand, answer at the first wait | by any trigger; answer when the run has ended |
| starting | know no execution names, take every synchronous Invoke, list one version | one execution per name; refuse; list |
| clock | time out every callback at once | (long waits pass faster, and the function's clock with them) |
| schedules | (nothing to mend) | (minutes pass as fast as an alarm's) |
| cloudformation | drop DurableConfig, boundaries and others, refuse SSM documents | keep them, create them |
| happenings | refuse events of AWS's own sources (as AWS does) | take in those of the services that moto serves |
| wire | send an answer's head and body apart, which clients in Go lose now and then | send a short answer in one piece |
| runtime | run functions on its own interpreter with its own packages | give them their layers and nothing else |

Liberties are taken with time only, so that nobody has to wait: the minutes of alarms and schedules pass `LAB_TIME_FACTOR` times
faster, durable waits and callbacks of a minute or more `LAB_WAIT_FACTOR` times. IAM is kept and told, and not enforced.

The modules change functions of ministack in place, so they hold for exactly that version; `__main__` insists on it. They run
in ministack's own virtual environment and import nothing else of this project.
"""
