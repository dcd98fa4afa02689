# A change on a branch: the table starts with the best product.
set -eu
echo "changing report.sh"
sed -i.old 's/^cat "\$1"/sh "$here\/best-first.sh" "$1"/' report.sh
rm report.sh.old
cat >best-first.sh <<'SCRIPT'
# The rows of a table, largest sum first.
awk -F '\t' '{ sum = 0; for (i = 2; i <= NF; i++) sum += $i; printf "%.2f\t%s\n", sum, $0 }' "$1" | sort -rn | cut -f 2-
SCRIPT
cat >checks/best-first.sh <<'SCRIPT'
# The best product of the sample comes first.
sh report.sh checks/sample.tsv | sed -n 2p | grep -q '^pears'
SCRIPT
sleep 1   # Slow enough to be watched.
sh check.sh
git add .
git commit --quiet --message "Best product first"
git log -1 --format='%h %s'
