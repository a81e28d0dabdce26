"""The SSM document that reads how an instance started. It changes nothing, and prints no secret.

Parameters reach the script as environment variables, never as text of it. Used of the instance (Amazon Linux 2), nothing else:
`cloud-init status`, /var/log/cloud-init-output.log, `docker inspect` and `docker logs` of one container, and bash, base64,
sed, tail, timeout, tr. User data itself is not read: it holds secrets (FACTS.md).
"""

from datetime import timedelta

from remediation.core.spec import Document

READ_START = Document(
    name="read-start",
    summary="Read how cloud-init ended, and the last lines of its log and the container's. Changes nothing, prints no secret.",
    script=r"""#!/bin/bash
set -u
: "${SSM_Container:?is missing. SSM Agent 3.3.2746.0 or later is needed, older ones hand over no parameters}"

# Whatever is printed stays in the command's history, so secrets are taken out here, and before a cut can halve one.
word='([Ss]ecret|SECRET|[Pp]assw(or)?d|PASSW(OR)?D|[Tt]oken|TOKEN|_KEY|_URI)'
mask="s#://[^[:space:]]*@#://***@#g; s/eyJ[A-Za-z0-9_.-]+/***/g; s/($word[A-Za-z_]*[\" ]*[:=][\" ]*)[^[:space:],\"]+/\1***/g"
text() { sed -E "$mask" | tail -n 12 | tail -c 1500 | base64 | tr -d '\n'; }

cloud=$(timeout 4 cloud-init status 2>/dev/null | sed -nE 's/^status: *([a-z ]+)$/\1/p' | tail -n 1)
[[ $cloud =~ ^[a-z\ ]+$ ]] || cloud=unknown
o='{' c='}'
state=$(timeout 4 docker inspect --format "$o${o}.State.Status$c$c" "$SSM_Container" 2>/dev/null)
[[ $state =~ ^[a-z]+$ ]] || state=missing
log=$(tail -c 20000 "${STARTTECH_CLOUD_INIT_LOG:-/var/log/cloud-init-output.log}" 2>/dev/null | text)
container=$(timeout 4 docker logs --tail 20 "$SSM_Container" 2>&1 | text)
printf '{"cloud_init":"%s","container":"%s","log":"%s","container_log":"%s"}\n' "$cloud" "$state" "$log" "$container"
""",
    parameters={"Container": r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$"},
    timeout=timedelta(seconds=30),
)

DOCUMENTS = (READ_START,)
