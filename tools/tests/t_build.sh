# SPDX-License-Identifier: GPL-2.0-or-later
# Building and installing.
# shellcheck shell=bash disable=SC2154,SC2016

test_build_names_the_missing_package() {
	expect 2 env -u CC -u LLVM -u MAKEFLAGS make -C "$here/.." O="$WORK/none" PKG_CONFIG=/bin/false all
	has "$err" "apt-get install libsmartcols-dev"
	expect 2 env -u CC -u LLVM -u MAKEFLAGS make -C "$here/.." O="$WORK/none" PKG_CONFIG=/no/such all
	has "$err" "apt-get install pkg-config"
	expect 2 env -u LLVM -u MAKEFLAGS make -C "$here/.." O="$WORK/none" CROSS_COMPILE=no-such-linux-gnu- all
	has "$err" "apt-get install gcc-no-such-linux-gnu"
}

# top_make ARGUMENT...: the checkout's own make, as typed by a person.
top_make() {
	env -u CC -u LLVM -u CROSS_COMPILE -u ARCH -u MAKEFLAGS make -C "$here/../.." O="$WORK/top" "$@"
}

test_build_of_the_module_names_the_missing_package() {
	local kdir=$WORK/headers
	expect 2 top_make module KDIR="$WORK/none"
	has "$err" "no kernel headers in $WORK/none: apt-get install linux-headers-$(uname -r)"
	mkdir "$kdir" && touch "$kdir/Kconfig"
	expect 2 top_make module KDIR="$kdir"
	has "$err" "make -C $kdir modules_prepare"
	mkdir -p "$kdir/include/generated"
	echo '#define UTS_RELEASE "6.99"' > "$kdir/include/generated/utsrelease.h"
	echo 'CC = $(CROSS_COMPILE)gcc-99' > "$kdir/.kernelvariables"
	expect 2 top_make module KDIR="$kdir"
	has "$err" "apt-get install gcc-99"
	expect 2 top_make module KDIR="$kdir" ARCH=arm64 CROSS_COMPILE=aarch64-linux-gnu-
	has "$err" "apt-get install gcc-99-aarch64-linux-gnu"
	expect 2 top_make install KDIR="$kdir" DESTDIR="$WORK/root"
	has "$err" "no module for 6.99 to install: run make first"
}

# Such a kbuild warns, builds without sparse, and succeeds: nobody would know.
test_build_refuses_where_kbuild_leaves_sparse_out() {
	local kdir=$WORK/unchecked path=$WORK/bin:$PATH
	mkdir -p "$kdir/include/generated" "$kdir/scripts" "$WORK/bin"
	echo '#define UTS_RELEASE "6.99"' > "$kdir/include/generated/utsrelease.h"
	cat > "$kdir/Makefile" <<-'MAKE'
	ifneq ($(shell scripts/checker-valid.sh sparse),1)
	  $(if $(C),$(warning C=$(C) specified, but sparse is not available or not up to date))
	endif
	kernelrelease modules:
	MAKE
	printf '#!/bin/sh\n' | tee "$WORK/bin/gcc" "$WORK/bin/ld" > "$WORK/bin/sparse"
	chmod +x "$WORK"/bin/*
	PATH=$path expect 2 top_make sparse KDIR="$kdir"
	has "$err" "vmscope: the headers in $kdir lack scripts/checker-valid.sh"
	has "$err" "name headers of 6.12 with KDIR="
	PATH=$path expect 2 top_make module C=2 KDIR="$kdir"
	has "$err" "lack scripts/checker-valid.sh"
	printf '#!/bin/sh\necho 0\n' > "$kdir/scripts/checker-valid.sh"
	chmod +x "$kdir/scripts/checker-valid.sh"
	PATH=$path expect 2 top_make sparse KDIR="$kdir"
	has "$err" "sparse is too old for the kernel in $kdir: install a newer one"
	PATH=$path expect 0 top_make module KDIR="$kdir"
	printf '#!/bin/sh\necho 1\n' > "$kdir/scripts/checker-valid.sh"
	PATH=$path expect 0 top_make sparse KDIR="$kdir"
}

# Which architecture the headers are for is theirs to know, and kbuild's to say what is wrong.
test_build_hands_kbuild_what_it_is_told() {
	local kdir=$WORK/told-headers mdir=$WORK/top/module/6.99 file path=$WORK/bin:$PATH
	mkdir -p "$kdir/include/generated" "$WORK/bin"
	echo '#define UTS_RELEASE "6.99"' > "$kdir/include/generated/utsrelease.h"
	cat > "$kdir/Makefile" <<-'MAKE'
	modules: ; @echo "told ARCH=$(ARCH) CROSS_COMPILE=$(CROSS_COMPILE) LLVM=$(LLVM)" \
		"C=$(C) V=$(V) W=$(W) M=$(M) O=$(O)"
	MAKE
	printf '#!/bin/sh\n' > "$WORK/bin/tool"
	chmod +x "$WORK/bin/tool"
	for file in gcc ld i686-linux-gnu-gcc i686-linux-gnu-ld clang-99 ld.lld-99; do
		ln -sf tool "$WORK/bin/$file"
	done
	PATH=$path expect 0 top_make module KDIR="$kdir"
	has "$out" "told ARCH= CROSS_COMPILE= LLVM= C= V=0 W=1 M=$mdir O="
	PATH=$path expect 0 top_make module KDIR="$kdir" ARCH=i386
	has "$out" "told ARCH=i386 CROSS_COMPILE= LLVM= "
	PATH=$path expect 0 top_make module KDIR="$kdir" ARCH=i386 CROSS_COMPILE=i686-linux-gnu- \
		V=1 W=2
	has "$out" "told ARCH=i386 CROSS_COMPILE=i686-linux-gnu- LLVM= C= V=1 W=2 M=$mdir"
	PATH=$path expect 0 top_make module KDIR="$kdir" ARCH=arm64 LLVM=-99
	has "$out" "told ARCH=arm64 CROSS_COMPILE= LLVM=-99 "
	# Of the environment, as kernel people have it.
	PATH=$path expect 0 env -u MAKEFLAGS -u LLVM -u CC -u C -u V -u W ARCH=i386 \
		CROSS_COMPILE=i686-linux-gnu- make -C "$top" O="$WORK/top" module KDIR="$kdir"
	has "$out" "told ARCH=i386 CROSS_COMPILE=i686-linux-gnu- "
}

test_build_folder_is_never_one_of_somebody() {
	expect 2 top_make tools O="$here/../.."
	has "$err" "is the checkout itself"
	mkdir -p "$WORK/top/tools" && touch "$WORK/top/mine"
	expect 0 top_make clean
	[ -e "$WORK/top/mine" ] && [ ! -e "$WORK/top/tools" ] || die "make clean removed too much, or too little"
}

test_build_help_comes_from_the_makefile() {
	expect 0 top_make -s help
	local target
	for target in all module tools selftests demo check bench docs style sparse clean install; do
		has "$out" "make $target "
	done
}

test_build_writes_nothing_beside_the_sources() {
	same "$(find "$here/.." \( -name '*.o' -o -name '*.d' -o -name '*.a' \) | wc -l)" 0
}

test_build_installs() {
	command -v rst2man > /dev/null || skip "no rst2man: apt-get install python3-docutils"
	expect 0 env -u CC -u LLVM -u MAKEFLAGS make -C "$here/.." O="$O" DESTDIR="$WORK/root" PREFIX=/usr install
	local file
	for file in bin/vmscope lib/libvmscope.a include/vmscope/source.h include/vmscope.h share/man/man1/vmscope.1 \
		    share/man/man4/vmscope.4 \
		    share/vmscope/vmscope.report-1.json share/bash-completion/completions/vmscope; do
		[ -s "$WORK/root/usr/$file" ] || die "$file is not installed"
	done
	expect 0 "$WORK/root/usr/bin/vmscope" --version
}

# installs DESTDIR: a module of a kernel there is none of, and all the rest as it was built.
installs() {
	local kdir=$WORK/installed
	mkdir -p "$kdir/include/generated" "$WORK/bin"
	echo '#define UTS_RELEASE "6.99"' > "$kdir/include/generated/utsrelease.h"
	echo module > "$kdir/vmscope.ko"
	printf '#!/bin/sh\ntouch "%s/depmod-ran"\n' "$WORK" > "$WORK/bin/depmod"
	chmod +x "$WORK/bin/depmod"
	PATH=$WORK/bin:$PATH expect 0 top_make install O="${O%/tools}" KDIR="$kdir" mdir="$kdir" DESTDIR="$1"
}

# For packages: under DESTDIR, where it is said from, and nowhere else.
test_build_installs_under_destdir_alone() {
	local file all
	[ "${O##*/}" = tools ] || skip "O=$O is not where the checkout's own Makefile builds"
	command -v rst2man > /dev/null || skip "no rst2man: apt-get install python3-docutils"
	touch "$WORK/before"
	installs "$WORK/package"
	for file in lib/modules/6.99/updates/vmscope.ko usr/local/bin/vmscope \
		    usr/local/share/man/man1/vmscope.1 usr/local/share/man/man4/vmscope.4; do
		[ -s "$WORK/package/$file" ] || die "$file is not installed"
	done
	same "$(find "$WORK/package" ! -type d ! -path '*/usr/local/*')" \
		"$WORK/package/lib/modules/6.99/updates/vmscope.ko"
	# What is for the running machine waits until the package is installed there.
	[ ! -e "$WORK/depmod-ran" ] || die "depmod ran"
	all=$(cd "$WORK/package" && find . -type f | sort)
	installs "$(realpath --relative-to="$top" "$WORK/relative")"
	same "$(cd "$WORK/relative" && find . -type f | sort)" "$all"
	same "$(find "$top" /usr/local /lib/modules -name '*vmscope*' -newer "$WORK/before" \
		! -path "$top/.git/*" ! -path "${O%/tools}/*" 2> /dev/null)" ""
}

# Who links with the library needs nothing else of this tree.
test_build_library_is_enough() {
	cat > "$WORK/user.c" <<-'C'
	#include <stdio.h>
	#include "source.h"
	int main(void)
	{
		struct vs_request request = { .want = VS_WANT_PROCESS | VS_WANT_VMAS };
		struct vs_matches matches;
		struct vs_target target;
		struct vs_source source;
		struct vs_model model;
		struct vs_error error;

		vs_model_init(&model);
		if (vs_target_find("self", &target, &matches, &error) ||
		    vs_source_open(&source, &vs_source_proc, &target, NULL, &error) ||
		    vs_source_collect(&source, &request, &model, &error))
			return 1;
		printf("%zu\n", model.nr_vmas);
		vs_source_close(&source);
		vs_target_release(&target);
		vs_model_free(&model);
		return 0;
	}
	C
	# shellcheck disable=SC2086
	${CC:-gcc} -Wall -Wextra -Werror -I"$here/../lib" -o "$WORK/user" "$WORK/user.c" "$O/libvmscope.a" -pthread
	expect 0 "$WORK/user"
	[ "$out" -gt 10 ] || die "$out mappings"
}

test_build_tells_its_commands() {
	local object=$WORK/told/lib/model.o

	expect 0 env -u CC -u LLVM -u CROSS_COMPILE -u ARCH -u MAKEFLAGS -u V make -C "$here/.." O="$WORK/told" "$object"
	has_not "$out" " -c -o "
	rm "$object"
	expect 0 env -u CC -u LLVM -u CROSS_COMPILE -u ARCH -u MAKEFLAGS make -C "$here/.." O="$WORK/told" V=1 "$object"
	has "$out" "gcc "
	has "$out" " -c -o $object "
}

# The library stands for the command, which takes three times as long.
test_build_with_clang() {
	command -v clang > /dev/null || skip "no clang: apt-get install clang"
	expect 0 env -u CC -u CROSS_COMPILE -u ARCH -u MAKEFLAGS make -j2 -C "$here/.." O="$WORK/clang" \
		LLVM=1 BPF=0 CFLAGS=-O0 "$WORK/clang/libvmscope.a"
	has_not "$err" "warning:"
	grep -q "clang version" "$WORK/clang/libvmscope.a" || die "another compiler built it"
}

# It says so when it is built, and when it is asked of slots; the rest is told all the same.
test_build_without_bpf() {
	expect 0 env -u CC -u LLVM -u MAKEFLAGS make -j2 -C "$here/.." O="$WORK/nobpf" BPF=0 CFLAGS=-O0 all
	has "$err" "built without BPF"
	has "$err" "you said BPF=0"
	[ ! -e "$WORK/nobpf/bpf" ] || die "a BPF program was built"
	hold 1
	printf '%x 10 4 20\n' $((0x$address)) > "$WORK/pages"
	expect 0 env -u VMSCOPE_NO_BPF FAKE=physical=1 FAKE_PAGES="$WORK/pages" LD_PRELOAD="$WORK/fake.so" \
		"$WORK/nobpf/vmscope" swap "$held" -J
	same "$(json "r['swap']['total']['swapped']")" $((16 << 12))
	same "$(json "r['swap']['missing']['references']")" \
		"this vmscope was built without BPF (clang, bpftool and libbpf)"
}

# Their registers have other names there.
test_build_bpf_programs_of_another_architecture() {
	local arch other=arm64 program
	[ "$(uname -m)" != aarch64 ] || other=x86_64
	command -v clang >/dev/null || skip "no clang: apt-get install clang"
	PATH=$PATH:/usr/sbin command -v bpftool >/dev/null || skip "no bpftool: apt-get install bpftool"
	for arch in "$other" ""; do
		expect 0 env -u CC -u LLVM -u MAKEFLAGS make -j2 -C "$here/.." O="$WORK/bpf$arch" ARCH=$arch bpf
		same "$err" ""
	done
	for program in "$top"/bpf/*.bpf.c; do
		program=$(basename "$program" .c)
		[ -s "$WORK/bpf$other/bpf/$program.o" ] || die "no $program.o for $other"
	done
	! cmp -s "$WORK/bpf$other/bpf/faults.bpf.o" "$WORK/bpf/bpf/faults.bpf.o" ||
		die "faults.bpf.o is the same for $other"
}

test_build_of_the_documents() {
	command -v rst2html > /dev/null || skip "no rst2html: apt-get install python3-docutils"
	expect 0 "$here/../../Documentation/build" "$WORK/docs"
	same "$err" ""
	local page
	for page in index design security kernels uapi uapi-reference performance share ksm vmscope.1 vmscope.4; do
		[ -s "$WORK/docs/$page.html" ] || die "no $page.html"
	done
}
