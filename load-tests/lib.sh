# Shared by the scripts beside this file; to be sourced, not run.
#
# Everything that a script starts is listed in `started` and ended by its process id when the script ends, however it
# ends.

load_tests=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
project=$(dirname -- "$load_tests")
script=$(basename -- "$0")

bench_jar=$project/examples/target/heddle-examples.jar
peer_jar=$load_tests/target/heddle-load-tests.jar
build_hint="build it first, in $project: mvn -DskipTests package"

jvm_flags=(-Xmx1g -XX:+UseParallelGC)
native_flags=(--enable-native-access=ALL-UNNAMED)
start_seconds=30
stop_seconds=15

started=()
work=

# taskset and its arguments, where the server and the clients are to have processors of their own
server_pin=()
client_pin=()

die() {
    echo "$script: $*" >&2
    exit 1
}

usage_error() {
    echo "$script: $*" >&2
    echo "Try $script --help." >&2
    exit 2
}

# check_number NAME VALUE MIN MAX
check_number() {
    if ! [[ $2 =~ ^[0-9]{1,9}$ ]] || ((10#$2 < $3 || 10#$2 > $4)); then
        usage_error "$1: got '$2', need a whole number from $3 to $4"
    fi
}

# need COMMAND HINT
need() {
    command -v "$1" > /dev/null || die "$1 is not installed: $2"
}

# Sets `java`: the JDK of JAVA_HOME or the java on the path, 25 or newer.
find_java() {
    java=java
    if [[ -n ${JAVA_HOME:-} ]]; then
        java=$JAVA_HOME/bin/java
    fi
    local where="set JAVA_HOME to a JDK 25 or newer"
    command -v "$java" > /dev/null || die "no java at '$java': $where"
    local version
    version=$("$java" -XshowSettings:properties -version 2>&1 |
        awk '$1 == "java.specification.version" { print $3 }')
    if ! [[ $version =~ ^[0-9]+$ ]] || ((version < 25)); then
        die "java: got version '${version:-unknown}' at '$(command -v "$java")', need 25 or newer: $where"
    fi
}

# Makes the directory `work` and sees to it that everything ends with the script.
begin() {
    work=$(mktemp -d "${TMPDIR:-/tmp}/heddle-load.XXXXXX")
    trap finish EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

finish() {
    local status=$?
    trap - EXIT INT TERM
    local pid
    for pid in "${started[@]}"; do
        stop "$pid"
    done
    rm -rf -- "$work"
    exit "$status"
}

# Ends a process of ours: TERM, then KILL when it does not end in time.
stop() {
    local pid=$1 i
    kill -TERM "$pid" 2> /dev/null || true
    for ((i = 0; i < stop_seconds * 10; i++)); do
        kill -0 "$pid" 2> /dev/null || break
        sleep 0.1
    done
    if kill -KILL "$pid" 2> /dev/null; then
        echo "$script: process $pid did not end within $stop_seconds s and was killed" >&2
    fi
    wait "$pid" 2> /dev/null || true
    forget "$pid"
}

# Kills a process of ours at once. For a server that is still full of requests, which it would finish first.
discard() {
    kill -KILL "$1" 2> /dev/null || true
    wait "$1" 2> /dev/null || true
    forget "$1"
}

# Takes a process that has ended off the list.
forget() {
    local pid=$1 rest=() other
    for other in "${started[@]}"; do
        [[ $other == "$pid" ]] || rest+=("$other")
    done
    started=("${rest[@]}")
}

alive() {
    kill -0 "$1" 2> /dev/null
}

# start_bench PORT ARGUMENT...: the bench example; sets `server` to its process id.
start_bench() {
    [[ -f $bench_jar ]] || die "$bench_jar does not exist: $build_hint"
    local port=$1
    shift
    # shellcheck disable=SC2086 # several options
    start_server "$port" "$java" "${jvm_flags[@]}" "${native_flags[@]}" ${JVM_OPTIONS:-} \
        -jar "$bench_jar" bench --host 127.0.0.1 --port "$port" "$@"
}

# start_peer MODE PORT ARGUMENT...: the Netty peer; sets `server` to its process id.
start_peer() {
    [[ -f $peer_jar ]] || die "$peer_jar does not exist: $build_hint"
    local mode=$1 port=$2
    shift 2
    # shellcheck disable=SC2086 # several options
    start_server "$port" "$java" "${jvm_flags[@]}" "${native_flags[@]}" ${JVM_OPTIONS:-} \
        -cp "$(load_tests_classpath)" dev.heddle.load.peers.NettyPeer --mode "$mode" --port "$port" "$@"
}

# start_go PORT ARGUMENT...: the Go peer, which build_go_peer has made; sets `server` to its process id.
start_go() {
    local port=$1
    shift
    start_server "$port" "$work/go-peer" --port "$port" "$@"
}

# Compiles the Go peer, if it is not there yet.
build_go_peer() {
    [[ -x $work/go-peer ]] || go build -o "$work/go-peer" "$load_tests/src/main/go/peer.go" ||
        die "the Go peer does not compile"
}

load_tests_classpath() {
    echo "$peer_jar:$load_tests/target/lib/*"
}

# start_server PORT COMMAND...: starts it and waits until it answers on /plaintext.
start_server() {
    local port=$1 log=$work/server-$1.log i
    shift
    if curl -s -o "$work/answer" --max-time 2 "http://127.0.0.1:$port/"; then
        die "port $port is in use already: choose another one with --port"
    fi
    "${server_pin[@]}" "$@" > "$log" 2>&1 &
    server=$!
    started+=("$server")
    for ((i = 0; i < start_seconds * 10; i++)); do
        alive "$server" || die "the server ended at once: $* $(echo; tail -n 20 "$log")"
        if curl -s -f -o "$work/answer" --max-time 2 "http://127.0.0.1:$port/plaintext"; then
            return
        fi
        sleep 0.1
    done
    die "the server did not answer within $start_seconds s: $* $(echo; tail -n 20 "$log")"
}

# User and system time of a process, microseconds. The command name in stat may hold spaces, hence the cut at ')'.
cpu_micros() {
    local stat tick
    stat=$(< "/proc/$1/stat")
    tick=$(getconf CLK_TCK)
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    echo $(((${12} + ${13}) * (1000000 / tick)))
}

rss_mib() {
    awk '$1 == "VmRSS:" { printf "%d", $2 / 1024 }' "/proc/$1/status"
}

# load SECONDS THREADS CONNECTIONS DEPTH URL: runs wrk; sets requests, rate, p50, p99 (microseconds) and errors.
load() {
    local out=$work/wrk-$BASHPID
    "${client_pin[@]}" wrk -t "$2" -c "$3" -d "${1}s" --timeout 5s -s "$load_tests/wrk.lua" "$5" -- "$4" > "$out" 2>&1 ||
        die "wrk failed: $(cat "$out")"
    read_figures "$out"
}

# Reads what wrk.lua printed.
read_figures() {
    local line
    line=$(grep '^figures ' "$1") || die "wrk printed no figures: $(cat "$1")"
    # shellcheck disable=SC2034 # for the caller
    read -r _ requests rate p50 p99 errors <<< "$line"
}

# check_answer URL TYPE BODY: one request, before anything is measured.
check_answer() {
    local url=$1 type=$2 body=$3 status headers=$work/headers got
    got=$(curl -s --max-time 5 -D "$headers" "$url") || die "$url: no answer"
    status=$(awk 'NR == 1 { print $2 }' "$headers")
    [[ $status == 200 ]] || die "$url: got status $status, need 200"
    [[ $got == "$body" ]] || die "$url: got body '$got', need '$body'"
    local name
    for name in date server content-length; do
        grep -qi "^$name:" "$headers" || die "$url: the answer has no $name header"
    done
    grep -qi "^content-type: *$type" "$headers" || die "$url: got $(grep -i '^content-type' "$headers"), need $type"
}

check_plaintext() {
    check_answer "$1/plaintext" text/plain 'Hello, World!'
}

check_json() {
    check_answer "$1/json" application/json '{"message":"Hello, World!"}'
}

# milliseconds MICROS, with two decimals; a dash for 0, which wrk gives when it could not tell
milliseconds() {
    awk -v us="$1" 'BEGIN { if (us > 0) printf "%.2f", us / 1000; else printf "-" }'
}

# Stores /metrics of a server in a file.
metrics_to() {
    curl -s -f --max-time 5 -o "$2" "$1/metrics" || die "$1/metrics: no answer"
}

# metric FILE NAME [LABEL]: sum over all series of that name, or over those that have the label, such as state="spare".
metric() {
    awk -v name="$2" -v label="${3:-}" '
        /^#/ { next }
        {
            key = $1
            sub(/\{.*/, "", key)
            if (key == name && (label == "" || index($1, label) > 0)) {
                sum += $2
                found = 1
            }
        }
        END { if (found) printf "%.0f", sum; else printf "none" }' "$1"
}
