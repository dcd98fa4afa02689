#!/bin/sh
# Counts the words of a text, most frequent first: words.sh FILE
set -eu
tr -cs '[:alpha:]' '\n' <"$1" | tr '[:upper:]' '[:lower:]' | sed '/^$/d' | sort | uniq -c | sort -k1,1nr -k2 |
    awk '{ print $1, $2 }'
