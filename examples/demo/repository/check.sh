# Runs every check.
for check in checks/*.sh; do
    if sh -eu "$check"; then
        echo "ok $check"
    else
        echo "failed $check" >&2
        exit 1
    fi
done
