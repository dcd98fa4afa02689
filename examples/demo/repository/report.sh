# Prints sales as a table: `sh report.sh FILE`. Each line of the file is a product and its amounts, separated by tabs.
here=$(dirname "$0")
echo "product"
cat "$1" | awk -F '\t' -f "$here/table.awk"
