# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The programs that build modules for a kernel: the host's own where the kernel comes from
# the host's Debian release, else that release's, unpacked into the cache; and how programs
# of another release are run at all. No guests here.

# What a build calls besides what the headers themselves depend on.
TOOLCHAIN_PACKAGES="make gcc gcc-14 libc6-dev binutils pahole bash dash coreutils sed grep mawk
findutils diffutils perl-base bc xz-utils gzip tar cpio hostname util-linux mount dpkg sparse flex bison
libelf-dev"

toolchain_closure() {
	# shellcheck disable=SC2086 # a list
	apt_closure "$1" "$1-backports" linux-headers-amd64 $TOOLCHAIN_PACKAGES |
		grep -v '^linux-\(headers\|kbuild\|base\|image\)'
}

# toolchain_make_item DEBIAN CLOSURE FOLDER
toolchain_make_item() {
	local debian=$1 usr=$3/tree/usr
	say "downloading the compiler of $debian ($(wc -l <"$2") packages)"
	apt_unpack "$debian" "$3/tree" <"$2"
	rm -rf "$usr"/share/{doc,man,locale,info,perl/5*/pod}
	# What maintainer scripts would have done.
	ln -sf mawk "$usr/bin/awk"
	[ -e "$usr/bin/gcc-14" ] || die "$debian has no gcc-14"
	cat "$VM/lib/toolchain.sh" "$2" | hash_of >"$3/version"
}

# Sets REPLY to the folder of the compiler of DEBIAN.
toolchain_item() {
	apt_resolved "toolchain-$1" "$1" -- toolchain_closure "$1"
	[ -n "$REPLY" ] || die "no compiler of $1 to be had from the host's mirror"
	cache_item "toolchain-$1" "$(hash_of "$REPLY" "$VM/lib/toolchain.sh")" \
		toolchain_make_item "$1" "$REPLY" || die "the compiler of $1 could not be unpacked"
}

# toolchain_run_in FOLDER PROGRAM [ARG...]: with another release's /usr, which is in FOLDER, in
# place of the host's, in a mount namespace of its own: every other path stays what it is, so
# nothing has to be told apart inside.
toolchain_run_in() {
	local usr=$1/tree/usr
	local -a namespace=(--mount)
	shift
	[ "$(id -u)" = 0 ] || namespace+=(--user --map-root-user)
	# shellcheck disable=SC2016 # expanded inside
	unshare "${namespace[@]}" sh -euc '
		usr=$1
		for path in "$2" "$3"; do
			case $path in
			/usr/*)
				mkdir -p "$usr${path#/usr}"
				mount --bind "$path" "$usr${path#/usr}" ;;
			esac
		done
		shift 3
		mount --rbind "$usr" /usr
		cd /
		exec env -u MAKEFLAGS -u MAKELEVEL PATH=/usr/sbin:/usr/bin "$@"
	' sh "$usr" "$SRC" "$VMSCOPE_CACHE" "$@"
}

# toolchain_make KERNEL ARG...: make with what kernel folder KERNEL is built with.
toolchain_make() {
	local debian host
	debian=$(cat "$1/debian")
	shift
	host=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
	if [ "$debian" = "$host" ] || [ "$debian" = bookworm ]; then
		env -u MAKEFLAGS -u MAKELEVEL make "$@"
	else
		toolchain_item "$debian"
		toolchain_run_in "$REPLY" make "$@"
	fi
}
