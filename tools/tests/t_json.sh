# SPDX-License-Identifier: GPL-2.0-or-later
# JSON reports against the published schema.
# shellcheck shell=bash disable=SC2154

test_json_is_as_the_schema_says() {
	need_validator
	hold 2 20
	expect 0 vmscope show "$held" --source=proc -J; valid show
	expect 0 vmscope maps "$held" --source=proc -J; valid maps
	expect 0 vmscope maps "$held" --source=proc -J -o start,rss; valid maps
	expect 0 vmscope pages "$held" --source=proc -J; valid pages
	expect 0 vmscope pages "$held" --source=proc -J --key all --holes; valid pages
	expect 0 vmscope walk "$held" "$address" 1000 ffffffffffffffff --source=proc -J; valid walk
}

test_json_of_the_module_is_as_the_schema_says() {
	need_validator
	hold 2 20
	expect 0 faked show "$held" -J; valid show
	expect 0 faked maps "$held" -J; valid maps
	expect 0 faked pages "$held" -J; valid pages
	expect 0 faked walk "$held" "$address" 1000 ffffffffffffffff -J; valid walk
	expect 0 env FAKE=physical=1 LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" walk "$held" "$address" -J; valid walk
	expect 0 faked verify "$held" -J; valid verify
	expect 0 faked doctor -J; valid doctor
	expect 0 faked age "$held" -J; valid age
	expect 0 faked age,numa "$held" -J; valid ask
	expect 0 faked tables "$held" -J; valid tables
	expect 0 faked age,tables "$held" -J; valid ask
	expect 0 env FAKE=onemm LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" tables --all -J; valid tables
	expect 0 faked tables --all -J; valid tables
	expect 0 faked age "$held" --count 2 --interval 1ms -J; valid age
	expect 0 faked age "$held" --count 1 --interval 1ms --clear -J; valid age
	expect 0 faked pages --stuck "$held" -J; valid ask
	expect 0 env FAKE=attributes=$((1 << 37)) LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" stuck,age "$held" -J; valid ask
	expect 0 faked numa "$held" -J; valid numa
	expect 0 env FAKE=physical=1 LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" share "$held" -J; valid share
	expect 0 env FAKE=physical=1 LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" share "$held" "0x$address" -J; valid share
	expect 0 env FAKE=physical=1 LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" share "$held" self -J; valid share
	expect 0 faked swap "$held" -J; valid swap
	expect 0 faked swap,age "$held" -J --runs; valid ask
	expect 0 faked numa "$held" -J; valid numa
	expect 0 faked thp "$held" -J; valid thp
	expect 0 faked age,thp "$held" -J; valid ask
	expect 0 faked record "$held" -w "$WORK/s" --pages --verify
	expect 0 vmscope show --from "$WORK/s" -J; valid show
	expect 0 vmscope pages --from "$WORK/s" -J; valid pages
	expect 0 vmscope verify --from "$WORK/s" -J; valid verify
	expect 6 env FAKE=skip=1 LD_PRELOAD="$WORK/fake.so" "$VMSCOPE" show "$held" -J; valid show
}

test_json_without_rights_is_as_the_schema_says() {
	need_validator
	[ "$(id -u)" -eq 0 ] || skip "needs a process of another user"
	hold 1
	cp "$VMSCOPE" "$WORK/vmscope" && chmod 755 "$WORK/vmscope"
	expect 6 as_nobody "$WORK/vmscope" show "$held" --source=proc -J
	valid show
	same "$(json "r['totals']['pss'], r['figures']['rss']['source']")" "(None, 'status')"
	expect 0 as_nobody "$WORK/vmscope" pages self --source=proc -J
	valid pages
}

test_json_schema_is_one() {
	need_validator
	cp "$top/Documentation/schema/vmscope.report-1.json" "$WORK/out"
	json "__import__('jsonschema').Draft202012Validator.check_schema(r)"
}

# The validator itself must be able to say no.
test_json_schema_refuses_what_is_wrong() {
	need_validator
	expect 0 vmscope show self --source=proc -J; valid show
	cp "$WORK/out" "$WORK/good"
	for change in 's/"rss": [0-9]+/"rss": "many"/' 's/"schema": "[^"]*"/"schema": "x"/' \
		      's/"wall_ns"/"wall"/' 's/"pss": [0-9]+/"pss": null/' 's/"uss": [0-9]+/"uss": -1/'; do
		sed -E "$change" "$WORK/good" > "$WORK/out"
		! cmp -s "$WORK/good" "$WORK/out" || die "$change changes nothing"
		! judge valid show || die "$change is not noticed"
	done
}

test_json_names_that_are_no_utf8() {
	local name=$'caf\351-\377'

	cp "$WORK/holder" "$WORK/$name"
	"$WORK/$name" 1 > /dev/null & held=$!
	trap 'kill -9 $held' EXIT
	sleep 0.3
	expect 0 vmscope maps "$held" --source=proc -J
	same "$(json "any('caf\ufffd-\ufffd' in (m['name'] or '') for m in r['maps'])")" True
}
