# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# A private apt root per Debian release inside the cache, fed by the host's own
# Debian mirror; the host's package state is never touched. Knows no kernels.

DEBIAN_KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# The host's settings for reaching its mirror (proxy, certificates, retries)
# without its hooks, some of which change the host.
apt_host_settings() {
	apt-config dump | grep '^Acquire::' |
		grep -v -E '^Acquire::(IndexTargets|Languages|PDiffs|Changelogs|cdrom)'
}

# apt_mirrors LABEL: the addresses of the Debian archive (LABEL Debian) or of
# its security archive (Debian-Security) among the host's own sources, best first.
apt_mirrors() {
	local label=$1 pattern='/debian/?$'
	[ "$label" = Debian ] || pattern=security
	# The downloaded release files know whose archive it is.
	# shellcheck disable=SC2016 # apt expands these
	apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
		sed -n "s,^Debian|$label|,,p" | sort -u
	# A host that has not run apt-get update yet: tried by name; the
	# signature of what comes back decides.
	# shellcheck disable=SC2016
	apt-get indextargets --no-release-info --format '$(REPO_URI)|$(COMPONENT)' \
		'Created-By: Packages' | sed -n 's,|main$,,p' | sort -u | grep -E "$pattern" || true
}

# apt_sources RELEASE ARCHIVE [SECURITY]: the sources of one private root. That of
# RELEASE-source, a root of its own, has the release's source packages: only who builds one
# waits for their lists. (Of backports none: what is built is patched, and for one version.)
apt_sources() {
	local release=${1%-source} signed=
	[ ! -r $DEBIAN_KEYRING ] || signed="[signed-by=$DEBIAN_KEYRING] "
	if [ "$release" != "$1" ]; then
		echo "deb-src $signed$2 $release main"
		[ -z "${3:-}" ] || echo "deb-src $signed$3 $release-security main"
		return
	fi
	echo "deb $signed$2 $release main"
	echo "deb $signed$2 $release-backports main"
	[ -z "${3:-}" ] || echo "deb $signed$3 $release-security main"
}

# apt_in RELEASE PROGRAM [ARG...]: an apt program that sees the private root only.
apt_in() {
	local release=$1
	shift
	APT_CONFIG=$VMSCOPE_CACHE/apt/$release/apt.conf "$@"
}

apt_write_config() {
	local root=$1
	mkdir -p "$root/etc/parts" "$root/state/lists/partial" "$root/cache/archives/partial"
	: >"$root/state/status"
	apt_host_settings >"$root/host.conf" || true
	cat >"$root/apt.conf.new" <<-CONFIG
		Dir "$root";
		Dir::State "$root/state";
		Dir::State::status "$root/state/status";
		Dir::Cache "$root/cache";
		Dir::Etc "$root/etc";
		Dir::Etc::parts "$root/etc/parts";
		Dir::Etc::main "";
		Dir::Etc::sourcelist "$root/etc/sources.list";
		Dir::Etc::sourceparts "/dev/null";
		Dir::Etc::preferences "/dev/null";
		Dir::Etc::preferencesparts "/dev/null";
		Dir::Etc::trustedparts "/etc/apt/trusted.gpg.d";
		Dir::Log "$root";
		APT::Architecture "amd64";
		APT::Architectures { "amd64"; };
		APT::Sandbox::User "";
		APT::Get::List-Cleanup "true";
		Acquire::Languages "none";
		Acquire::Retries "3";
		$(cat "$root/host.conf")
	CONFIG
	mv "$root/apt.conf.new" "$root/apt.conf"
}

# apt's own answers that mean "later": the mirror is being updated under us.
apt_update_tried() {
	local root=$1 release=$2 try
	for try in 1 2 3 4; do
		if apt_in "$release" apt-get -qq --error-on=any update >"$root/update.log" 2>&1; then
			return 0
		fi
		grep -q -i -E 'sync in progress|hash sum mismatch|unexpected size|50[0-9] ' \
			"$root/update.log" || return 1
		[ "$try" = 4 ] || {
			say "the Debian mirror is being updated; trying again in 20 s ($try of 3)"
			sleep 20
		}
	done
	return 1
}

apt_refresh_locked() {
	local release=$1 root=$VMSCOPE_CACHE/apt/$1 archive security
	apt_write_config "$root"
	say "refreshing the private package lists of $release"
	security=$(apt_mirrors Debian-Security | head -n 1)
	for archive in $(apt_mirrors Debian | awk '!seen[$0]++'); do
		apt_sources "$release" "$archive" "$security" >"$root/etc/sources.list"
		if apt_update_tried "$root" "$release"; then
			touch "$root/fresh"
			return 0
		fi
	done
	complain "apt could not read the package lists of $release:"
	if [ -e "$root/update.log" ]; then
		grep '^[EW]:' "$root/update.log" >&2 || true
	else
		complain "no Debian archive among the host's apt sources"
	fi
	return 1
}

# apt_refresh RELEASE [now]: lists no older than a day, or newer than this moment.
apt_refresh() {
	local release=$1 root=$VMSCOPE_CACHE/apt/$1 lock status=0
	mkdir -p "$root" "$VMSCOPE_CACHE/locks"
	exec {lock}>"$VMSCOPE_CACHE/locks/apt-$release"
	flock "$lock"
	if [ "${2:-}" = now ] || ! is_fresh "$root/fresh"; then
		"$VM/lib/strictly" apt_refresh_locked "$release" || status=1
	fi
	exec {lock}>&-
	return $status
}

# apt_closure RELEASE TARGET PACKAGE...: "name version" of each package that
# installing PACKAGE... on an empty machine would bring; TARGET is the suite to
# prefer, or the release itself for apt's own choice (which knows security).
apt_closure() {
	local release=$1 target=$2
	local -a prefer=()
	shift 2
	[ "$target" = "$release" ] || prefer=(-t "$target")
	apt_in "$release" apt-get -s -q --no-install-recommends "${prefer[@]}" install "$@" |
		sed -n 's/^Inst \([^ ]*\) (\([^ ]*\) .*/\1 \2/p' | LC_ALL=C sort
}

# apt_fetch RELEASE FOLDER: downloads and verifies the "name version" lines of
# standard input into FOLDER.
apt_fetch() {
	local release=$1 folder=$2 name version
	local -a wanted=()
	while read -r name version; do
		wanted+=("$name=$version")
	done
	say "  $(apt_in "$release" apt-get -qq --print-uris download "${wanted[@]}" |
		awk '{ bytes += $3 } END { printf "%d packages, %d MB", NR, bytes / 1000000 }')"
	mkdir -p "$folder"
	(cd "$folder" && apt_in "$release" apt-get -qq download "${wanted[@]}" >&2)
}

# apt_resolved NAME RELEASE [now] -- COMMAND...: sets REPLY to a file of "name version"
# lines, at most a day old, that COMMAND... prints. When the mirror cannot be reached
# an older answer must do; REPLY is empty when there is none.
apt_resolved() {
	local name=$1 release=$2 now='' file=$VMSCOPE_CACHE/resolved/$1
	shift 2
	if [ "$1" = now ]; then
		now=now
		shift
	fi
	shift
	mkdir -p "$VMSCOPE_CACHE/resolved"
	if [ -n "$now" ] || ! is_fresh "$file"; then
		if apt_refresh "$release" "$now" && "$@" >"$file.$$" 2>/dev/null && [ -s "$file.$$" ]; then
			mv "$file.$$" "$file"
		elif [ -s "$file" ]; then
			rm -f "$file.$$"
			say "the mirror did not answer for $name; using what it said last"
		else
			rm -f "$file.$$"
			file=
		fi
	fi
	REPLY=$file
}

# apt_unpack RELEASE FOLDER: fetches the "name version" lines of standard input and
# unpacks them into FOLDER. Never onto a real root: some archives replace its /lib.
apt_unpack() {
	local debs=$2.debs deb
	apt_fetch "$1" "$debs" || return
	mkdir -p "$2"
	for deb in "$debs"/*.deb; do
		dpkg-deb -x "$deb" "$2"
	done
	rm -r "$debs"
}

# apt_source_newest RELEASE NAME: "NAME version" of a source package.
apt_source_newest() {
	apt_in "$1-source" apt-cache showsrc --only-source "$2" |
		sed -n "s/^Version: /$2 /p" | sort -V | tail -n 1
}

# apt_source_fetch RELEASE FOLDER: downloads and verifies the files of the source package
# whose "name version" line is the standard input.
apt_source_fetch() {
	local name version
	read -r name version
	mkdir -p "$2"
	(cd "$2" && apt_in "$1-source" apt-get -qq --download-only source "$name=$version" >&2)
}
