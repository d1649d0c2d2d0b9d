# SPDX-License-Identifier: GPL-2.0-or-later
# Recorded files: the same when read back, and nothing is believed of others.
# shellcheck shell=bash disable=SC2154

test_record_reads_back_the_same() {
	hold_alone 3 40
	expect 0 faked record "$held" -w "$WORK/s" --pages --walk "$address" --verify
	faked maps "$held" -o all --raw > "$WORK/live"
	expect 0 vmscope maps --from "$WORK/s" -o all --raw
	cmp "$WORK/live" "$WORK/out"
	faked pages "$held" --raw > "$WORK/live"
	expect 0 vmscope pages --from "$WORK/s" --raw
	cmp "$WORK/live" "$WORK/out"
	expect 0 vmscope show --from "$WORK/s"
	has "$(echo $out)" "source module, recorded 20"
	expect 0 vmscope walk --from "$WORK/s" "$address"
	has "$out" "PGD  entry"
	refused 2 "record it with --walk" vmscope walk --from "$WORK/s" 1000
	expect 0 vmscope walk --from "$WORK/s"
	has "$out" "$(printf '0x%s in ' "${address#0x}")"
	faked record "$held" -w "$WORK/none"
	refused 2 "holds no walk: record it with --walk" vmscope walk --from "$WORK/none"
	expect 0 vmscope pages --from "$WORK/s" "$address+4K" --key state --raw --noheadings -o size
	same "$out" 4096
}

test_record_procfs_reads_back_the_same() {
	hold_alone 3 40
	expect 0 vmscope record "$held" --source=proc -w "$WORK/s" --pages
	vmscope maps "$held" --source=proc -o all --raw > "$WORK/live"
	expect 0 vmscope maps --from "$WORK/s" -o all --raw
	cmp "$WORK/live" "$WORK/out"
	vmscope pages "$held" --source=proc --raw --key state,frame > "$WORK/live"
	expect 0 vmscope pages --from "$WORK/s" --raw --key state,frame
	cmp "$WORK/live" "$WORK/out"
}

test_record_of_something_else_has_no_faults() {
	expect 0 vmscope record self --source=proc -w "$WORK/s"
	refused 2 "$WORK/s: it holds no page faults: record it again with 'vmscope faults --record" \
		vmscope faults --from "$WORK/s"
	echo foreign >"$WORK/s"
	refused 2 "$WORK/s: not a vmscope snapshot: make one with 'vmscope faults --record" \
		vmscope faults --from "$WORK/s"
}

test_record_of_faults_is_not_believed() {
	local file
	${CC:-gcc} -D_GNU_SOURCE -Wall -Wextra -o "$WORK/fault_maker" "$here/fault_maker.c" \
		"$top"/tools/lib/{fault_file,stacks_file,file_read,record,error}.c
	expect 0 "$WORK/fault_maker" "$WORK/s"
	expect 0 vmscope faults --from "$WORK/s"
	has "$out" 'hook\x1b[31m\xff'
	has "$out" 'control group of\x1b[31m  '
	has "$out" ' ma\x1b[31mde'
	has "$out" 'out:er (made)'
	expect 0 vmscope faults --from "$WORK/s" --stacks=folded
	same "$out" 'made;out:er;made+0x123;inner\x1b[31m 1'
	expect 0 vmscope faults --from "$WORK/s" -J
	has "$out" 'hook'
	PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1 python3 - "$WORK/s" "$WORK" <<-'PY'
	import struct, sys
	from snapshot import checksum
	data = open(sys.argv[1], "rb").read()
	def write(name, body):
	    open(f"{sys.argv[2]}/{name}", "wb").write(
	        body + data[-24:-8] + struct.pack("<Q", checksum(body)))
	chunks, at = {}, 24
	while at < len(data) - 24:
	    kind, _, size = struct.unpack_from("<IIQ", data, at)
	    chunks[kind] = at
	    at += 16 + (size + 7 & ~7)
	damaged = bytearray(data)
	damaged[chunks[10] + 40] ^= 1
	open(f"{sys.argv[2]}/checksum", "wb").write(damaged)
	other = bytearray(data[:-24])
	other[chunks[10] + 16] += 1
	write("format", other)
	for kind in 11, 15:
	    rest = bytearray(data[:-24])
	    rest[chunks[kind] + 8] -= 1
	    write(f"rest.{kind}", rest)
	end = chunks[17] + 16 + 8
	write("rest.group", data[:chunks[17]] + data[end:-24])
	# a number of a frame, of a stack's frames, of a text; a word, the text's end
	for kind, at in (34, 0), (33, 4), (33, 8), (35, 4), (35, 8), (35, 0), (36, 23):
	    rest = bytearray(data[:-24])
	    rest[chunks[kind] + 16 + at] = 99
	    write(f"rest.{kind}.{at}", rest)
	PY
	refused 2 "wrong checksum" vmscope faults --from "$WORK/checksum"
	refused 2 "its page faults are of another format" vmscope faults --from "$WORK/format"
	for file in "$WORK"/rest.*; do
		refused 2 "the snapshot contradicts itself" vmscope faults --from "$file"
	done
}

test_record_is_for_its_owner() {
	expect 0 vmscope record self --source=proc -w "$WORK/s"
	same "$(stat -c %a "$WORK/s")" 600
	[ ! -e "$WORK/s.part" ] || die "the unfinished file is still there"
}

test_record_fails_without_a_trace() {
	refused 2 "cannot write" vmscope record self -w "$WORK/no/such"
	refused 3 "no process" vmscope record 4194303 -w "$WORK/gone"
	[ ! -e "$WORK/gone" ] && [ ! -e "$WORK/gone.part" ] || die "something is left"
	echo precious > "$WORK/old"
	refused 3 "no process" vmscope record 4194303 -w "$WORK/old"
	same "$(cat "$WORK/old")" precious
}

test_record_truncated_files() {
	local size cut

	hold 1
	expect 0 faked record "$held" -w "$WORK/s" --pages
	size=$(stat -c %s "$WORK/s")
	for cut in 1 4 8 12 23 24 25 40 100 1000 $((size / 2)) $((size - 24)) $((size - 8)) $((size - 1)); do
		head -c "$cut" "$WORK/s" > "$WORK/cut"
		refused 2 "$WORK/cut: " vmscope show --from "$WORK/cut"
		has "$err" "vmscope record"
	done
	{ cat "$WORK/s"; echo more; } > "$WORK/long"
	refused 2 "behind the snapshot" vmscope show --from "$WORK/long"
}

test_record_damaged_files() {
	hold 1
	expect 0 faked record "$held" -w "$WORK/s" --pages
	python3 - "$WORK/s" "$WORK" <<-'PY'
	import random, sys
	data = open(sys.argv[1], "rb").read()
	random.seed(1)
	for n in range(60):
	    at, bit = random.randrange(len(data)), 1 << random.randrange(8)
	    broken = bytearray(data)
	    broken[at] ^= bit
	    open(f"{sys.argv[2]}/broken.{n}", "wb").write(broken)
	PY
	for file in "$WORK"/broken.*; do
		refused 2 "$file" vmscope pages --from "$file"
	done
}

# The checksum is no protection against intent: a wrong content with a right
# checksum must be refused, or at least do no harm.
test_record_hostile_files() {
	hold 1
	expect 0 faked record "$held" -w "$WORK/s" --pages --verify --walk "$address"
	PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1 python3 - "$WORK/s" "$WORK" <<-'PY'
	import random, struct, sys
	from snapshot import checksum
	data = open(sys.argv[1], "rb").read()
	body = data[:-24]
	assert struct.pack("<Q", checksum(body)) == data[-8:]
	random.seed(2)
	for n in range(150):
	    broken = bytearray(body)
	    for _ in range(random.choice((1, 1, 3, 20))):
	        at = random.randrange(24, len(broken))
	        broken[at] = random.choice((0, 1, 0x7f, 0x80, 0xff, random.randrange(256)))
	    open(f"{sys.argv[2]}/hostile.{n}", "wb").write(
	        bytes(broken) + data[-24:-8] + struct.pack("<Q", checksum(broken)))
	PY
	for file in "$WORK"/hostile.*; do
		for verb in show "maps -o all" "maps -J" "pages --key state" verify "walk"; do
			local got=0 more=
			[ "$verb" != walk ] || more=$address
			# shellcheck disable=SC2086
			timeout 20 "$VMSCOPE" $verb --from "$file" $more > "$WORK/out" 2> "$WORK/err" || got=$?
			case $got in
			0 | 1 | 2 | 6) ;;
			*) cp "$file" /tmp/vmscope-hostile; die "$verb: $got, see /tmp/vmscope-hostile" ;;
			esac
		done
	done
}

test_record_foreign_files() {
	refused 2 "not a vmscope snapshot" vmscope show --from /bin/sh
	refused 2 "not a regular file" vmscope show --from /dev/null
	refused 2 "not a regular file" vmscope show --from "$WORK"
	refused 2 "No such file" vmscope show --from "$WORK/nothing"
	: > "$WORK/empty"
	refused 2 "empty" vmscope show --from "$WORK/empty"
	expect 0 vmscope record self --source=proc -w "$WORK/s"
	python3 - "$WORK/s" "$WORK" <<-'PY'
	import sys
	data = bytearray(open(sys.argv[1], "rb").read())
	other = bytearray(data)
	other[8:12] = other[8:12][::-1]
	open(sys.argv[2] + "/endian", "wb").write(other)
	data[12] = 9
	open(sys.argv[2] + "/future", "wb").write(data)
	PY
	refused 2 "other byte order" vmscope show --from "$WORK/endian"
	refused 2 "snapshot format 9" vmscope show --from "$WORK/future"
	refused 2 "holds no pages" vmscope pages --from "$WORK/s"
}
