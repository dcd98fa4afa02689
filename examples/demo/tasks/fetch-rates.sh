# Fetches what a pound is worth. The source is not ready at first: the task fails, and Andon tries it again.
set -eu
echo "asking for the rates"
sleep 0.8
# A retry works in the folder of the attempt before it.
if [ ! -e asked-before ]; then
    touch asked-before
    echo "the rates are not out yet" >&2
    exit 1
fi
eur=$(awk -F , '$1 == "EUR" { print $2 }' "$rates")
usd=$(awk -F , '$1 == "USD" { print $2 }' "$rates")
printf '{"summary": "1 GBP = %s EUR = %s USD", "metadata": {"EUR": %s, "USD": %s}}\n' \
    "$eur" "$usd" "$eur" "$usd" >"$ANDON_RESULT"
