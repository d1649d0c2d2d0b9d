# SPDX-License-Identifier: GPL-2.0-or-later
# What scripts ask of a JSON report in $WORK/out. Knows of the reports no more than judge.py.
# shellcheck shell=bash disable=SC2154 # $top and $WORK are the script's

# Before the first question, in the shell whose end is the judge's. Who runs many scripts has
# judges come from one that is ready, behind the fifo $VMSCOPE_JUDGES.
start_judge() {
	mkfifo "$WORK/asked" "$WORK/judged"
	exec 5<>"$WORK/asked" 6<>"$WORK/judged"
	if [ -p "${VMSCOPE_JUDGES:-}" ]; then
		# open until the end: what nobody holds loses what was written
		exec {judges}<>"$VMSCOPE_JUDGES"
		echo "$WORK" >&"$judges"
		return
	fi
	python3 "$top/tools/tests/judge.py" \
		"$top/Documentation/schema/vmscope.report-1.json" "$WORK" \
		<"$WORK/asked" 5>&- >"$WORK/judged" 6>&- &
}

# judge QUESTION...: the answer of judge.py in $answer; false when it is bad.
judge() {
	local right
	printf -v right '%s\t' "${@//[$'\n\t']/ }"
	echo "${right%$'\t'}" >&5
	read -r -d '' -t 300 right <&6 && IFS= read -r -d '' answer <&6 || die "nobody judges $*"
	[ "$right" = ok ]
}

# json EXPRESSION: of the report r in $WORK/out, and the facts f in $WORK/facts.
json() {
	judge value "$1" || die "$1: $answer"
	echo "$answer"
}

# tells EXPRESSION TEXT: it is that. No process is started, as for $(json EXPRESSION).
tells() {
	judge value "$1" || die "$1: $answer"
	[ "$answer" = "$2" ] || die "$1: '$answer' is not '$2'"
}

# mentions EXPRESSION TEXT: that is in it.
mentions() {
	judge value "$1" || die "$1: $answer"
	[[ $answer == *"$2"* ]] || die "$1: '$2' is not in '$answer'"
}

# valid VERB: the report in $WORK/out is as the published schema says.
valid() {
	judge valid "$1" || die "$1: not as the schema says: $answer"
}
