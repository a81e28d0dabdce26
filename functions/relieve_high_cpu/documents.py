"""The SSM document that says what keeps an instance busy: it looks, prints at most 4 KB, and changes nothing.

A command line may hold a secret, so only the names of processes are printed, never their arguments. Used of the instance
(Amazon Linux 2): `top`, `docker stats --no-stream`, `uptime`, and bash, cut, head, mktemp, rm, sed, timeout.
"""

from datetime import timedelta

from remediation.core.spec import Document

SHOW_LOAD = Document(
    name="show-load",
    summary="Show the busiest processes and containers by name. Changes nothing and prints no arguments.",
    script=r"""#!/bin/bash
set -u
o='{' c='}'
field() { printf '%s' "$o$o.$1$c$c"; }
echo "load: $(uptime 2>/dev/null | sed 's/.*load average: //')"
# The first round of top counts since boot, so the second one is taken.
COLUMNS=120 timeout 8 top -b -n 2 -d 1 2>/dev/null | sed -n '/PID/,$p' | sed '1d' | sed -n '/PID/,$p' | sed '1d' |
  head -n "${SSM_Lines:?is missing. SSM Agent 3.3.2746.0 or later is needed, older ones hand over no parameters}" |
  while read -r pid user _ _ _ _ _ _ cpu memory _ name _; do
    echo "process: ${name:0:40} ($pid, $user) $cpu% of a CPU, $memory% of memory"
  done
timeout 8 docker stats --no-stream --format "container: $(field Name) $(field CPUPerc) of CPU, $(field MemPerc) of memory" \
  2>/dev/null | head -n "$SSM_Lines" | cut -c 1-200
exit 0
""",
    parameters={"Lines": r"^[1-9][0-9]?$"},
    timeout=timedelta(seconds=30),
)

DOCUMENTS = (SHOW_LOAD,)
