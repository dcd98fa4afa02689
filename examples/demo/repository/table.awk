# A table of products and regions, with sums.
{
    printf "%-10s", $1
    for (i = 2; i <= NF; i++) { printf "%12.2f", $i; column[i] += $i }
    printf "\n"
    fields = NF
}
END {
    printf "%-10s", "total"
    for (i = 2; i <= fields; i++) printf "%12.2f", column[i]
    printf "\n"
}
