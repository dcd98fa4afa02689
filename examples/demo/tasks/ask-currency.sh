# Which currency the readers want nobody wrote down. The first run asks and ends; the run after the answer finds it
# among the comments, in the text that every worker is given.
set -eu
currency=$(sed -n 's/^currency: \([A-Z][A-Z][A-Z]\)$/\1/p' "$ANDON_PROMPT_FILE" | tail -n 1)
if [ -z "$currency" ]; then
    sleep 0.8
    andon block --kind needs_input 'EUR or USD? Say "currency: EUR"'
    exit 0
fi
printf '{"summary": "the report is in %s", "metadata": {"currency": "%s"}}\n' "$currency" "$currency" >"$ANDON_RESULT"
