# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Which lines of a kernel log are a complaint of the kernel's, and which only look like one.
# Knows the log's text and nothing else.

# The start of a message: optional time, optional caller (CONFIG_PRINTK_CALLER).
COMPLAINT_START='^(\[ *[0-9]+\.[0-9]+\](\[ *[TC][0-9]+\])? )?'

# Anchored at the start of the message: user space can be named in the middle of one
# ("traps: foo general protection fault"), and "Spectre V2 : WARNING: ..." is advice.
COMPLAINT_WORDS='(Kernel panic - not syncing|(watchdog: |\[ )?BUG: |kernel BUG at |\[? ?WARNING: |'
COMPLAINT_WORDS+='(rcu: )?INFO: .*(detected .*stall|self-detected stall|detected stalls)|'
COMPLAINT_WORDS+='INFO: (task .* blocked for more than|trying to register non-static key|'
COMPLAINT_WORDS+='inconsistent lock state|possible |suspicious )|'
COMPLAINT_WORDS+='Oops: |Oops |general protection fault, |general protection fault: [0-9]|'
COMPLAINT_WORDS+='(double fault|invalid opcode|divide error|stack segment|int3|PANIC): |'
COMPLAINT_WORDS+='UBSAN: |KFENCE: |list_(add|del) corruption|DEBUG_LOCKS_WARN_ON|'
COMPLAINT_WORDS+='refcount_t: |Bad page state|page dumped because|kmemleak: [1-9][0-9]* new suspected)'

# What stock kernels say in a healthy guest, each with its reason.
benign_complaints() {
	cat <<-'END'
		# The emulated AMD processor of a 32-bit guest is not on a list of multi-processor ones.
		WARNING: This combination of AMD processors is not suitable for SMP
		# 6.1, with one processor and nodes made up: its work queues then run on any.
		WARNING: workqueue cpumask: online intersect > possible intersect
	END
}

# kernel_complaints LOG: its complaining lines with their numbers, "N:line".
kernel_complaints() {
	tr -d '\r' <"$1" | grep -a -n -E "$COMPLAINT_START$COMPLAINT_WORDS" |
		grep -a -v -F -f <(benign_complaints | grep -v '^#') || true
}

# kernel_complaint_slice LOG FIRST: the report that begins at line FIRST.
kernel_complaint_slice() {
	tr -d '\r' <"$1" | sed -n "$2,$(($2 + 59))p"
}
