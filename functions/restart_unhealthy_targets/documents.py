"""The two SSM documents: one looks, the other restarts, so that looking needs no right to act.

Parameters reach a script as environment variables (`SSM_<Name>`, interpolationType ENV_VAR), never as text of the
script. A script holds no double braces, which Systems Manager would take for a parameter. Used of the instance
(Amazon Linux 2), nothing else:

    docker inspect --format F NAME      F prints State.Status, State.StartedAt and RestartCount, with spaces between
    docker logs --tail 20 NAME
    docker restart -t 10 NAME
    curl -s -m SECONDS -o FILE -w '%{http_code}' URL
    dig +short +time=1 +tries=1 SRV NAME        where it is installed
    /etc/starttech/config.env           or the file named by STARTTECH_CONFIG

and bash, base64, grep, head, mktemp, rm, sed, tail, timeout, tr.
"""

from datetime import timedelta

from remediation.core.spec import Document

SUPERSEDED = "superseded"
"""How the answer of `restart-container` begins where it left the container alone."""
_PATH = r"^/[A-Za-z0-9/_.~?=&%-]{0,255}$"
_CONTAINER = r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$"

_STATE = """\
: "${SSM_Container:?is missing. SSM Agent 3.3.2746.0 or later is needed, older ones hand over no parameters}"
o='{' c='}'
state="$o${o}.State.Status$c$c $o${o}.State.StartedAt$c$c $o${o}.RestartCount$c$c"
status=unknown started=none restarts=0
if found=$(timeout 4 docker inspect --format "$state" "$SSM_Container" 2>"$work/docker"); then
  read -r status started restarts <<<"$found"
elif grep -qi 'no such' "$work/docker"; then
  status=missing
fi
[[ $status == running ]] || started=none
"""
"""Sets `status`, `started` (none while it is not running) and `restarts` of the container."""

_HEAD = """\
#!/bin/bash
set -u
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
"""

INSPECT = Document(
    name="inspect-container",
    summary="Look at a container, its health endpoint and its last log lines. Changes nothing and prints no secret.",
    script=_HEAD
    + _STATE
    + r"""
[[ $status =~ ^[a-z]+$ ]] || status=unknown
[[ $started =~ ^[0-9TZ:.-]+$ ]] || started=none
[[ $restarts =~ ^[0-9]+$ ]] || restarts=0

# The application's own checks take up to 2 s + 2 s.
: >"$work/body"
http=$(curl -s -m 6 -o "$work/body" -w '%{http_code}' "http://localhost:${SSM_Port:?}${SSM_Path:?}")
curl=$?
[[ $http =~ ^[0-9]+$ ]] || http=0

# A connection that is closed without an answer: is that the application, or only this path of it?
ping=0
if [[ $curl == 52 || $curl == 56 ]]; then
  curl -s -m 3 -o "$work/ping" -w '%{http_code}' "http://localhost:$SSM_Port${SSM_Ping:?}" >/dev/null
  ping=$?
fi

# Whatever is printed stays in the command's history, so secrets are taken out here, and before a cut can halve one.
word='([Ss]ecret|SECRET|[Pp]assw(or)?d|PASSW(OR)?D|[Tt]oken|TOKEN)'
mask="s#://[^[:space:]]*@#://***@#g; s/eyJ[A-Za-z0-9_.-]+/***/g; s/($word[A-Za-z_]*[\" ]*[:=][\" ]*)[^[:space:],\"]+/\1***/g"
text() { sed -E "$mask" | "$@" | base64 | tr -d '\n'; }
body=$(text head -c 2000 <"$work/body")
logs=$(timeout 4 docker logs --tail 20 "$SSM_Container" 2>&1 | text tail -c 6000)

config=${STARTTECH_CONFIG:-/etc/starttech/config.env}
value() { sed -n "s/^$1=//p" "$config" 2>/dev/null | tail -n 1 | tr -d "\"'\r"; }

# Whether a TCP connection to the first host:port that answers can be opened: yes, no or unknown.
reach() {
  local answer=unknown at
  for at in "$@"; do
    [[ $at =~ ^([A-Za-z0-9.-]+):([0-9]{1,5})$ ]] || continue
    answer=no
    timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1"' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}" 2>/dev/null && { echo yes; return; }
  done
  echo "$answer"
}

hosts() { # of a URI or an address, without its credentials; $2 is the port where none is named
  local authority=${1#*://} at list=()
  authority=${authority##*@}
  IFS=, read -ra list <<<"${authority%%[/?]*}"
  for at in ${list[@]+"${list[@]:0:3}"}; do # an empty list is an error to the bash 4.2 of Amazon Linux 2
    [[ $at == *:* ]] || at=$at:$2
    [[ $at =~ ^[A-Za-z0-9.-]+:[0-9]{1,5}$ ]] && echo "$at"
  done
}

mongodb='' mongodb_at='' redis='' redis_at='' newline=$'\n'
if [[ $curl != 0 ]]; then
  uri=$(value MONGO_URI)
  mongodb=unknown mongodb_at=$(hosts "$uri" 27017) servers=$mongodb_at
  if [[ $uri == mongodb+srv://* ]]; then
    servers=''
    if found=$(dig +short +time=1 +tries=1 SRV "_mongodb._tcp.${mongodb_at%%:*}" 2>/dev/null); then
      mongodb=no # unless the name exists, and one of its servers answers
      servers=$(sed -nE 's/^[0-9]+ [0-9]+ ([0-9]+) ([A-Za-z0-9.-]+)\.$/\2:\1/p' <<<"$found" | head -n 3)
    fi
  fi
  [[ -z $servers ]] || mongodb=$(reach $servers) mongodb_at=$servers
  redis_at=$(hosts "$(value REDIS_ADDR)" 6379)
  redis=$(reach $redis_at)
  [[ $(value ENABLE_CACHE) != false ]] || redis=disabled
fi

printf '{"container":"%s","started_at":"%s","restarts":%d,"http":%d,"curl":%d,"ping":%d,"body":"%s","logs":"%s",' \
  "$status" "$started" "$restarts" "$((10#$http))" "$curl" "$ping" "$body" "$logs"
printf '"mongodb":"%s","mongodb_at":"%s","redis":"%s","redis_at":"%s"}\n' \
  "$mongodb" "${mongodb_at//$newline/ }" "$redis" "${redis_at//$newline/ }"
""",
    parameters={
        "Container": _CONTAINER,
        "Port": r"^[0-9]{1,5}$",
        "Path": _PATH,
        "Ping": _PATH,
    },
    timeout=timedelta(seconds=30),
)

RESTART = Document(
    name="restart-container",
    summary="Restart a container if it still is the one that was judged. Otherwise it is superseded, and left alone.",
    script=_HEAD
    + _STATE
    + r"""
if [[ $started != "${SSM_StartedAt:?}" ]]; then
  echo "superseded: the container is $status, started $started; judged was the one started $SSM_StartedAt"
  exit 0
fi
case $status in
  missing) echo "there is no container $SSM_Container" >&2 && exit 1 ;;
  unknown) echo "Docker does not answer" >&2 && exit 1 ;;
esac
docker restart -t 10 "$SSM_Container" >/dev/null && echo "restarted"
""",
    parameters={
        "Container": _CONTAINER,
        "StartedAt": r"^(none|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?Z)$",
    },
    mutates=True,
)

DOCUMENTS = (INSPECT, RESTART)
