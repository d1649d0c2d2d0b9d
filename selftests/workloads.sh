#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the questions were made for, of real programs: PostgreSQL, Redis while it saves, a
# fork server, a control group that swaps to zswap and a disk, virtual machines of equal
# content, a sparse matrix of huge pages. Knows the programs and what smaps and the kernel's
# own counters say of them, and nothing of how the command comes to its figures.
set -u

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=selftests/lib/command.sh
. "$here/lib/command.sh"
# shellcheck source=selftests/lib/swap.sh
. "$here/lib/swap.sh"

MIB=$((1 << 20))
groups=/sys/fs/cgroup
group=workload

# grouped PROGRAM...: what a test looks at is in a control group of its own.
grouped() {
	mountpoint -q $groups || mount -t cgroup2 none $groups || die "no control groups"
	echo +memory >$groups/cgroup.subtree_control
	mkdir -p $groups/$group
	echo $BASHPID >$groups/$group/cgroup.procs
	exec "$@"
}

members() {
	cat $groups/$group/cgroup.procs
}

clean_up() {
	set +e
	for _ in {1..100}; do
		[ -d $groups/$group ] || break
		members | xargs -r kill -9 2>/dev/null
		rmdir $groups/$group 2>/dev/null && break
		pause 0.1
	done
	[ -z "${clients:-}" ] || kill -9 "$clients"
	file_off
	echo N >/sys/module/zswap/parameters/enabled 2>/dev/null
	rm -rf "$WORK/postgres"
}

# kib FIELD PID...: the sum of a field of /proc/PID/status or smaps_rollup, in KiB.
kib() {
	local field=$1 pid files=()
	shift
	for pid; do
		files+=("/proc/$pid/status" "/proc/$pid/smaps_rollup")
	done
	awk -v f="$field:" '$1 == f { sum += $2 } END { print sum + 0 }' "${files[@]}"
}

# --------------------------------------------------------------- PostgreSQL

# Each maps all buffers, page by page, of which a kernel with KASAN serves a few thousand in
# a second.
connections=50
[ "${KERNEL_NAME:-}" != debug ] || connections=12
buffers=16

# Of the cluster that came with the package: making one takes longer than all else.
postgres_runs() {
	local cluster
	programs=$(dirname "$(find /usr/lib/postgresql -name postgres -path '*/bin/*')")
	cluster=$(echo /var/lib/postgresql/*/main)
	[ -d "$cluster" ] || die "PostgreSQL came without a cluster: $cluster"
	mkdir -p "$WORK/postgres"
	chmod 711 "$WORK"
	echo "local all all trust" >"$WORK/postgres/hba"
	: >"$WORK/postgres/settings"
	chown postgres "$WORK/postgres"
	cd "$WORK/postgres" || return
	grouped setpriv --reuid postgres --regid postgres --clear-groups "$programs/postgres" -D "$cluster" -k "$WORK/postgres" -c listen_addresses= \
		-c config_file="$WORK/postgres/settings" -c hba_file="$WORK/postgres/hba" \
		-c shared_buffers=${buffers}MB -c max_connections=$((connections + 10)) -c fsync=off \
		-c autovacuum=off -c huge_pages=off -c jit=off >"$WORK/postgres/log" 2>&1 &
	postmaster=$!
	pace=0.3 wait_until "PostgreSQL answers" psql_says "select 1"
	psql_says "create table t as select repeat(md5(n::text), 30) as s from generate_series(1, $((buffers * 600))) n" ||
		die "$(cat "$WORK/said")"
}

psql_says() {
	setpriv --reuid postgres --regid postgres --clear-groups \
		psql -h "$WORK/postgres" -d postgres -qAt -c "$1" >"$WORK/said" 2>&1
}

backends() {
	pgrep -P "$postmaster" -f 'postgres: postgres postgres'
}

all_have_read() {
	[ "$(pgrep -c -P "$postmaster" -f 'postgres: postgres postgres .*idle in transaction')" -eq $connections ]
}

# Every backend has read every buffer, and waits. Both statements are sent as one: who is
# between them has read.
connect_all() {
	printf '%s\n' 'begin \; select count(*) from t;' '\sleep 1000 s' >"$WORK/postgres/orders"
	setpriv --reuid postgres --regid postgres --clear-groups "$programs/pgbench" -n \
		-h "$WORK/postgres" -c $connections -t 1 -f "$WORK/postgres/orders" postgres \
		>"$WORK/postgres/clients" 2>&1 &
	clients=$!
	pace=1 wait_until "$connections connections" all_have_read
}

test_postgresql_page_tables_and_sharing() {
	postgres_runs
	connect_all
	local pids charged
	pids=$(backends | paste -sd ' ')
	# the bill: to the byte what the kernel charges, and every backend has its own
	expect 0 vmscope tables --cgroup $group -J
	# shellcheck disable=SC2086 # a list
	charged=$(($(kib VmPTE $pids) * 1024))
	tells "sum(p['kernel_bytes'] for p in r['processes'] if p['pid'] in (${pids// /,}))" $charged
	# the same buffers cost once what they would cost in each
	expect 0 vmscope share --cgroup $group -J
	# shellcheck disable=SC2046 # lines
	tells "len(r['matrix']) >= $connections and
		r['group']['common'] >= $buffers * $MIB // 2 and
		r['group']['counted_once'] * 5 < r['group']['resident'] and
		abs(r['group']['pss'] - $(kib Pss $(members)) * 1024) < $MIB" True
}

# -------------------------------------------------------------------- Redis

redis() {
	redis-cli -s "$WORK/redis.sock" "$@"
}

# commands COUNT LETTER: that many SETs of a hundred bytes each.
commands() {
	awk -v n="$1" -v letter="$2" 'BEGIN {
		value = sprintf("%100s", "")
		gsub(" ", letter, value)
		for (i = 0; i < n; i++)
			printf "SET key:%06d %s\r\n", i, value
	}'
}

test_redis_that_saves_is_a_family() {
	grouped redis-server --port 0 --unixsocket "$WORK/redis.sock" --save '' --dir "$WORK" \
		--rdb-key-save-delay 10000000 >/dev/null &
	local server=$! child private
	pace=0.3 wait_until "redis-server answers" redis ping
	commands 20000 a | redis --pipe >/dev/null
	redis bgsave >/dev/null
	pace=0.3 wait_until "redis-server forks" pgrep -P $server
	child=$(pgrep -P $server)
	commands 5000 b | redis --pipe >/dev/null
	kill -STOP "$server" "$child"
	expect 0 vmscope share $server --family -J
	tells "[(q['parent'], q['child']) for q in r['pairs']]" "[($server, $child)]"
	# what both have still, and what the parent's writes have copied: to the page
	private=$(awk '$1 ~ /-/ { name = NF < 6 ? "" : $6 } $1 == "Anonymous:" { a += $2 }
		END { print a * 1024 }' "/proc/$server/smaps")
	tells "[v['anon'] for v in r['members'] if v['pid'] == $server]" "[$private]"
	tells "r['pairs'][0]['shared'] > 0 and r['pairs'][0]['parent_copied'] > 100 << 10 and
		r['pairs'][0]['unclear'] == 0" True
	tells "r['family']['write_storm'] >= r['pairs'][0]['shared']" True
	kill -KILL "$server" "$child"
}

# -------------------------------------------------------------- fork server

objects=30000
[ "${KERNEL_NAME:-}" != debug ] || objects=10000

# A server that has loaded its modules and data forks workers, who share them until they
# write: Python counts references in every object that it looks at.
test_python_fork_server_shares() {
	cat >"$WORK/server.py" <<-'PY'
	import json, os, sys
	data = [{"n": n, "text": "x" * (n % 50)} for n in range(int(sys.argv[1]))]
	ready, told = os.pipe()
	for worker in range(8):
	    if not os.fork():
	        if worker % 2:
	            sum(len(entry["text"]) for entry in data)
	        os.write(told, b".")
	        sys.stdin.read()
	        os._exit(0)
	for worker in range(8):
	    os.read(ready, 1)
	print(os.getpid(), flush=True)
	sys.stdin.read()
	PY
	hold_program grouped python3 "$WORK/server.py" $objects
	local pids
	pids="$held $(pgrep -P "$held" | paste -sd ' ')"
	# shellcheck disable=SC2086 # a list
	kill -STOP $pids
	# shellcheck disable=SC2086
	expect 0 vmscope share $pids -J
	judge run "$here/lib/join.py" || die "not as pagemap has it: $answer"
	expect 0 vmscope share "$held" --family -J
	tells "len(r['pairs'])" 8
	# who looked at the data has copied it, who did not shares it
	local readers idlers
	readers=$(json "min(sorted((q['child_copied'] + q['both_wrote'] for q in r['pairs']))[4:])")
	idlers=$(json "max(sorted((q['child_copied'] + q['both_wrote'] for q in r['pairs']))[:4])")
	[ "$readers" -gt $((idlers * 2)) ] || die "readers copied $readers, the others $idlers"
}

# --------------------------------------------------------------------- swap

# A group with less memory than it wants, zswap before a disk.
test_group_that_swaps_to_zswap_and_a_disk() {
	[ -e /sys/module/zswap ] || skip "this kernel has no zswap"
	file_on 20
	echo Y >/sys/module/zswap/parameters/enabled
	hold_program grouped python3 -c '
import mmap, os, sys
memory = mmap.mmap(-1, 12 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
memory.madvise(15)      # no huge pages
for at in range(0, 12 << 20, 4096):
    memory[at:at + 4096] = bytes([at >> 12 & 255]) * 4096 if at % 8192 else os.urandom(4096)
print("ready", flush=True)
sys.stdin.read()'
	# it says so when it could not reclaim all of it
	echo 8M 2>/dev/null >$groups/$group/memory.reclaim || :
	kill -STOP "$held"
	expect 0 vmscope swap "$held" -J
	tells "r['swap']['total']['swapped'] >> 10, r['swap']['total']['pss'] >> 10" \
		"($(kib Swap "$held"), $(kib SwapPss "$held"))"
	tells "r['swap']['total']['swapped'] >= 4 << 20" True
	tells "[a['name'] for a in r['swap']['areas']]" "['$WORK/fs/swap']"
	tells "0 < r['swap']['total']['zswap'] <= r['swap']['total']['swapped']" True
}

# ---------------------------------------------------------------------- KSM

ksm=/sys/kernel/mm/ksm

# Two processes with memory as virtual machines have it: most of it equal in both.
test_virtual_machines_of_equal_content_merge() {
	cat >"$WORK/machine.py" <<-'PY'
	import mmap, os, sys
	size = 8 << 20
	memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
	memory.madvise(15)      # no huge pages
	memory.madvise(12)      # mergeable
	for at in range(0, size, 4096):
	    own = at >= size * 3 // 4
	    memory[at:at + 4096] = os.urandom(4096) if own else (b"%07d\n" % (at >> 12)) * 512
	print("ready", flush=True)
	sys.stdin.read()
	PY
	local first second
	hold_program grouped python3 "$WORK/machine.py"
	first=$held
	rm "$WORK/held"
	hold_program grouped python3 "$WORK/machine.py"
	second=$held
	echo 4096 >$ksm/pages_to_scan
	echo 0 >$ksm/sleep_millisecs
	echo 1 >$ksm/run
	merged() {
		[ "$(cat "/proc/$1/ksm_merging_pages")" -ge 1536 ]
	}
	wait_until "KSM merges the first" merged "$first"
	wait_until "KSM merges the second" merged "$second"
	echo 0 >$ksm/run
	expect 0 vmscope ksm "$first" "$second" -J
	# 6 MiB of each are the same frames: half of it is saved
	tells "r['groups']['frames'], r['groups']['mappings'], r['groups']['saved']" \
		"(1536, 3072, $((6 * MIB)))"
	tells "[v['merged'] for v in r['merged']]" "[$((6 * MIB)), $((6 * MIB))]"
	echo 2 >$ksm/run
	echo 100 >$ksm/pages_to_scan
	echo 20 >$ksm/sleep_millisecs
}

# --------------------------------------------------------------- huge pages

thp=/sys/kernel/mm/transparent_hugepage

# One page in sixteen of a matrix is not zero: under THP always all of it takes memory.
test_sparse_matrix_under_thp_always() {
	[ -e $thp/enabled ] || skip "this kernel has no transparent huge pages"
	local before
	before=$(sed 's/.*\[\(.*\)\].*/\1/' $thp/enabled)
	echo always >$thp/enabled
	hold_program grouped python3 -c '
import sys
import numpy
matrix = numpy.zeros((2048, 2048))      # 32 MiB
matrix[::4, 0] = 1
print(matrix.ctypes.data, flush=True)
sys.stdin.read()'
	# shellcheck disable=SC2064 # what it is now
	trap "echo $before >$thp/enabled; clean_up" EXIT
	local at huge
	at=$(cat "$WORK/held")
	expect 0 vmscope thp "$held" --fill --unpaced -J
	huge=$(kib AnonHugePages "$held")
	tells "r['thp']['total']['pmd']" $((huge * 1024))
	# one page of sixteen holds something, but for what else is in its first and last
	tells "[(m['pmd'] >= 16 << 20, m['waste'] * 16 >= (m['pmd'] - (4 << 20)) * 15)
		for m in r['thp']['mappings'] if int(m['start'], 16) <= $at < int(m['end'], 16)]" \
		"[(True, True)]"
}

# ------------------------------------------------------------------------

begin_tests
others_off
trap 'areas_back; rm -rf "$WORK"' EXIT
run_tests workload "$@"
