#!/bin/sh
# Checks words.sh, and says what is wrong with it.
set -eu
cd "$(dirname "$0")"
text=$(mktemp)
trap 'rm -f "$text"' EXIT
echo 'The cat and the dog, and the bird.' >"$text"
check() {
    [ "$2" = "$3" ] || {
        echo "$1: expected '$2', got '$3'"
        exit 1
    }
}
check 'all words' "$(printf '3 the\n2 and\n1 bird\n1 cat\n1 dog')" "$(sh words.sh "$text")"
echo 'all checks pass'
