# Steps with a heading, a time and a verdict, and what they have in common. Sourced by .ci/run.

STARTED=$SECONDS
REPORT=()
FAILED=0
PASSED_TESTS=0 FAILED_TESTS=0 SKIPPED_TESTS=0

step() { # step TITLE COMMAND…: run it, note verdict and time, go on
    local title=$1 from=$SECONDS verdict=ok
    shift
    printf '\n=== %s ===\n' "$title"
    "$@" < /dev/null || verdict=FAILED
    [ "$verdict" = ok ] || FAILED=1
    REPORT+=("$(printf '%-7s %4d s  %s' "$verdict" $((SECONDS - from)) "$title")")
    printf -- '--- %s: %s, %d s\n' "$title" "$verdict" $((SECONDS - from))
    [ "$verdict" = ok ]
}

must() { # a step without which the others make no sense
    step "$@" || {
        summary
        exit 1
    }
}

summary() { # the verdicts, and the tests of all runs added up; exits non-zero where a step failed
    printf '\n=== Summary (%d s) ===\n' $((SECONDS - STARTED))
    printf '%s\n' "${REPORT[@]}"
    printf '\n%d passed, %d failed, %d skipped\n' "$PASSED_TESTS" "$FAILED_TESTS" "$SKIPPED_TESTS"
    [ "$FAILED" = 0 ] || exit 1
}

run_tests() { # pytest with these arguments; its closing line is counted
    local status log
    log=$(mktemp)
    $PY -m pytest -ra "$@" 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    count_tests "$log"
    return "$status"
}

make_test() {
    local status log
    log=$(mktemp)
    make test 2>&1 | tee "$log"
    status=${PIPESTATUS[0]}
    count_tests "$log"
    return "$status"
}

count_tests() { # add the figures of pytest's closing line in FILE
    local line
    line=$(grep -E '(passed|failed|error|skipped|no tests ran).* in [0-9.]+s' "$1" | tail -n 1)
    PASSED_TESTS=$((PASSED_TESTS + $(figure passed "$line")))
    FAILED_TESTS=$((FAILED_TESTS + $(figure failed "$line") + $(figure 'errors?' "$line")))
    SKIPPED_TESTS=$((SKIPPED_TESTS + $(figure skipped "$line")))
}

figure() {
    local found
    found=$(grep -oE "[0-9]+ $1" <<< "$2" | grep -oE '^[0-9]+' | head -n 1)
    echo "${found:-0}"
}

strays() { # ids of the processes that this run started and that are still there
    local file pid
    # Files of kernel threads and of what ends meanwhile cannot be read: that is no matter.
    # A shell's own environ is what it was started with: neither this one nor its subshells bear the mark.
    for file in /proc/[0-9]*/environ; do
        pid=${file#/proc/}
        tr '\0' '\n' 2> /dev/null < "$file" | grep -qx "HELPDESK_CI=$HELPDESK_CI" && echo "${pid%/environ}"
    done 2> /dev/null
}

stop_strays() {
    local pid
    for pid in $(strays); do
        printf 'still running: %s %s\n' "$pid" "$(tr '\0' ' ' 2> /dev/null < "/proc/$pid/cmdline")"
        kill -KILL "$pid" 2> /dev/null
    done
}

no_strays() {
    local found
    found=$(stop_strays)
    [ -z "$found" ] || {
        echo "$found"
        return 1
    }
}
