# SPDX-License-Identifier: GPL-2.0-or-later
# Completion for vmscope: verbs, options, columns and processes come from the
# command and from procfs, so that nothing is listed twice.
# shellcheck shell=bash

_vmscope_options() {
	vmscope help "$1" 2>/dev/null | sed -n 's/^  [ -].[ ,] \(--[a-z-]*\).*/\1/p'
}

_vmscope_targets() {
	ps -eo pid=,comm= 2>/dev/null | awk '{ print $1; print $2 }' | sort -u
	echo self
}

_vmscope() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
	local verbs="show maps pages walk age tables swap share ksm numa thp host faults events oom verify record doctor help"
	local verb=show list

	case " $verbs " in
	*" ${COMP_WORDS[1]} "*) [ "$COMP_CWORD" -le 1 ] || verb=${COMP_WORDS[1]} ;;
	esac
	case $before in
	--from | --record | --write | -w)
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return ;;
	--source) list="auto module proc" ;;
	--cgroup) list=$(cd /sys/fs/cgroup 2>/dev/null && find . -mindepth 1 -type d -printf '%P\n') ;;
	--color) list="auto always never" ;;
	-o | --output | --sort)
		list=$(vmscope "$verb" -o help 2>/dev/null | awk '{ print tolower($1) }') ;;
	--cause) list=$(vmscope faults --cause help 2>/dev/null | awk '{ print $1 }') ;;
	--key) list=$(vmscope pages --key help 2>/dev/null | awk '{ print $1 }') ;;
	help) list=$verbs ;;
	*)
		case $word in
		-*) list=$(_vmscope_options "$verb") ;;
		*) list=$(_vmscope_targets)
			[ "$COMP_CWORD" -gt 1 ] || list="$verbs $list" ;;
		esac ;;
	esac
	mapfile -t COMPREPLY < <(compgen -W "$list" -- "$word")
}

complete -F _vmscope vmscope
