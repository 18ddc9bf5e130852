# SPDX-License-Identifier: BSD-2-Clause
# For test scripts: `. "$srcdir/tests/report.sh"`, then one line per check and `finish` at the end.
# The lines "ok - ", "not ok - " and "skip - " are what .ci/run counts.

passed=0
failed=0
skipped=0

ok() {
    passed=$((passed + 1))
    echo "ok - $*"
}

not_ok() {
    failed=$((failed + 1))
    echo "not ok - $*"
}

skip() {
    skipped=$((skipped + 1))
    echo "skip - $*"
}

# check NAME COMMAND...: ok when the command succeeds; what it printed is shown when it does not.
check() {
    check_name=$1
    shift
    if check_output=$("$@" 2>&1); then
        ok "$check_name"
    else
        not_ok "$check_name"
        printf '%s\n' "$check_output" | sed 's/^/    /'
    fi
}

# Exit status for automake: failed, all skipped, or passed.
finish() {
    [ "$failed" -eq 0 ] || exit 1
    [ "$passed" -gt 0 ] || exit 77
    exit 0
}
