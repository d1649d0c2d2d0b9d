# SPDX-License-Identifier: GPL-2.0-or-later
# What verify puts differences down to.
# shellcheck shell=bash disable=SC2154

test_verify_knows_the_reasons() {
	${CC:-gcc} -g -D_GNU_SOURCE -Wall -Wextra -fsanitize=address,undefined \
		-o "$WORK/compare_math" "$here/compare_math.c" \
		"$top"/tools/analyze/{compare,figures,select}.c "$top"/tools/lib/{error,model}.c
	expect 0 "$WORK/compare_math"
}
