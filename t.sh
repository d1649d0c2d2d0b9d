. tools/tests/lib.sh
WORK=$(mktemp -d)
expect 0 printf 'a\0b\n\nc\n\n'; echo "[$out]"
expect 1 sh -c 'echo vmscope: bad >&2; exit 1'; echo "[$out][$err]"
refused 1 bad sh -c 'echo vmscope: bad >&2; exit 1'
expect 0 printf '\n\n'; echo "[$out]"
waits_to_read() {
	local where=
	read -r where 2>/dev/null <"/proc/$1/wchan" || [ -n "$where" ] || return 1
	[[ $where == *pipe_read ]]
}
(waits_to_read 99999999) ; echo $?
