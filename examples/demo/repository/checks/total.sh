# The sums of the sample are right.
sh report.sh checks/sample.tsv | grep -q '^total  *40\.00  *40\.00'
