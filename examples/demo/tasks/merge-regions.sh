# Puts the regions side by side, in the currency that was asked for. What the parents handed over stands in the text that
# every worker is given.
set -eu
handed_over() { sed -n "s/^_metadata_: .*\"$1\":\"\{0,1\}\([A-Z0-9.]*\).*/\1/p" "$ANDON_PROMPT_FILE" | head -n 1; }
currency=$(handed_over currency)
rate=$(handed_over "$currency")
echo "a pound is $rate $currency"
sleep 1   # Slow enough to be watched.

tab=$(printf '\t')
join -t "$tab" north.tsv south.tsv | join -t "$tab" - west.tsv |
    awk -F '\t' -v OFS='\t' -v rate="$rate" '{
        printf "%s", $1
        for (i = 2; i <= NF; i++) printf "\t%.2f", $i * rate
        printf "\n"
    }' >sales.tsv
echo "$currency" >currency
printf '{"summary": "%s products in %s", "artifacts": ["sales.tsv"]}\n' \
    "$(wc -l <sales.tsv | tr -d ' ')" "$currency" >"$ANDON_RESULT"
