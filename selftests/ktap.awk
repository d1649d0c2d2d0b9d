# SPDX-License-Identifier: GPL-2.0-or-later
# Turns the KTAP of selftests/run-guest into one line for each test: verdict, job, program,
# test, reason. A program that failed without a failing test counts as one failure.

function emit(verdict, test, reason)
{
	print verdict, job, program, test, reason
	if (verdict == "fail")
		failed = 1
}

# "ok 3 name # SKIP reason" without its number: sets NAME and REASON.
function take(line)
{
	NAME = line
	REASON = ""
	if (match(line, / # /)) {
		NAME = substr(line, 1, RSTART - 1)
		REASON = substr(line, RSTART + 3)
	}
	gsub(/ /, "_", NAME)
}

BEGIN { program = "-" }

/^# selftests: vmscope: / {
	program = $4
	failed = 0
}

/^ +(TAP version|KTAP version)/ { next }

/^ *1\.\.0 # SKIP/ {
	sub(/.*# SKIP */, "")
	emit("skip", "-", $0)
}

/^ +ok [0-9]+ / {
	sub(/^ +ok [0-9]+ /, "")
	take($0)
	if (sub(/^SKIP */, "", REASON))
		emit("skip", NAME, REASON)
	else
		emit("pass", NAME, "")
}

/^ +not ok [0-9]+ / {
	sub(/^ +not ok [0-9]+ /, "")
	take($0)
	emit("fail", NAME, REASON)
}

/^not ok / {
	if (!failed)
		emit("fail", "-", $0)
}
