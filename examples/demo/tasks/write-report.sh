# Writes the report with the released program, and asks for a review of it.
set -eu
echo "taking the program from the branch release"
rm -rf program
mkdir program
git -C "$repository" archive release | tar -x -C program
sleep 1   # Slow enough to be watched.
{
    printf '%-10s%12s%12s%12s%12s%7s\n' "$(cat currency)" north south west sum share
    sh program/report.sh sales.tsv | tail -n +2
} >report.txt
andon request-review --summary "report.txt is written from sales.tsv"
