# A change on a branch: each row says how much of everything it is.
set -eu
echo "changing table.awk"
cat >table.awk <<'SCRIPT'
# A table of products and regions, with sums and shares.
{
    name[NR] = $1
    for (i = 2; i <= NF; i++) { cell[NR, i] = $i; column[i] += $i; row[NR] += $i; all += $i }
    fields = NF
}
END {
    for (n = 1; n <= NR; n++) {
        printf "%-10s", name[n]
        for (i = 2; i <= fields; i++) printf "%12.2f", cell[n, i]
        printf "%12.2f%6.1f%%\n", row[n], 100 * row[n] / all
    }
    printf "%-10s", "total"
    for (i = 2; i <= fields; i++) printf "%12.2f", column[i]
    printf "%12.2f%6.1f%%\n", all, 100
}
SCRIPT
cat >checks/shares.sh <<'SCRIPT'
# The shares of the sample are right.
sh report.sh checks/sample.tsv | grep -q '^plums .* 25\.0%$'
SCRIPT
sleep 1.4   # Slow enough to be watched.
sh check.sh
git add .
git commit --quiet --message "Share of each product"
git log -1 --format='%h %s'
