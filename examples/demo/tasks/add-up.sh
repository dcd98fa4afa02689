# Adds up the sales of one region, month by month: product, amount.
set -eu
rm -f "$region.months"
for month in 01 02 03; do
    echo "adding up month $month"
    awk -F , -v OFS='\t' -v month="$month" '
        NR > 1 && substr($1, 6, 2) == month { sum[$2] += $3 * $4 }
        END { for (product in sum) print product, sum[product] }
    ' "$figures" >>"$region.months"
    sleep 1   # Slow enough to be watched.
done
awk -F '\t' '{ sum[$1] += $2 } END { for (product in sum) printf "%s\t%.2f\n", product, sum[product] }' \
    "$region.months" | sort >"$region.tsv"
rm "$region.months"
units=$(awk -F , 'NR > 1 { sum += $3 } END { print sum }' "$figures")
total=$(awk -F '\t' '{ sum += $2 } END { printf "%.2f", sum }' "$region.tsv")

# What children and people read, and a file to keep.
printf '{"summary": "%s units, %s GBP", "metadata": {"units": %s}, "artifacts": ["%s.tsv"]}\n' \
    "$units" "$total" "$units" "$region" >"$ANDON_RESULT"
