# SPDX-License-Identifier: GPL-2.0-only
# One entry for everything; each room has its own build rules and this file only
# calls them. Nothing is ever written beside the sources: all goes to $(O).

MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all
SHELL := /bin/bash

O ?= build
KDIR ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local
override O := $(abspath $(O))
# Each room is entered to install what it has.
ifneq ($(DESTDIR),)
override DESTDIR := $(abspath $(DESTDIR))
endif
srctree := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))

ifeq ($(V),1)
Q :=
else
Q := @
endif
export V Q
# What was said on the command line is passed on by name, below: the kernel's
# own make would take our O for its own.
MAKEOVERRIDES :=
said = $(foreach v,$(1),$(if $(filter command,$(origin $(v))),$(v)='$(subst ','\'',$($(v)))'))
cross = $(foreach v,LLVM ARCH CROSS_COMPILE,$(if $($(v)),$(v)=$($(v)))) $(call said,CC)
flags = $(call said,CFLAGS LDFLAGS WERROR PKG_CONFIG)

ifneq ($(words $(subst :, ,$(CURDIR))),1)
$(error the path of the checkout, $(CURDIR), has a blank or a colon: make cannot build there)
endif
ifneq ($(filter $(srctree),$(O)),)
$(error O=$(O) is the checkout itself: name a folder to build in)
endif

# The kernel that KDIR belongs to; empty when there are no headers.
krelease = $(strip $(shell sed -n 's/.*UTS_RELEASE "\(.*\)"/\1/p' \
	$(KDIR)/include/generated/utsrelease.h 2>/dev/null))
mdir = $(O)/module$(if $(filter 1,$(VMSCOPE_TEST)),-test)/$(krelease)

##@ Build
.PHONY: all module tools selftests
all: module tools ## module and tools

module: ## kernel module for KDIR (default: the running kernel's headers)
	@$(srctree)/module/compat/needs $(KDIR) C=$(C) $(cross)
	$(Q)$(srctree)/module/compat/shadow $(srctree) $(mdir)
	$(Q)$(MAKE) -C $(KDIR) M=$(mdir) $(if $(filter 1,$(VMSCOPE_TEST)),VMSCOPE_TEST=y) \
		$(if $(filter n,$(VMSCOPE_DEBUGFS)),VMSCOPE_DEBUGFS=n) \
		$(cross) $(if $(C),C=$(C)) W=$(or $(W),1) V=$(or $(V),0) modules

tools: ## the vmscope command and its library
	$(Q)$(MAKE) -C $(srctree)/tools O=$(O)/tools $(cross) $(flags)

selftests: ## test programs
	$(Q)$(MAKE) -C $(srctree)/selftests O=$(O)/selftests $(cross) $(flags)

##@ Try
.PHONY: demo check bench
demo: ## look at a real Redis server inside a guest
	$(Q)$(srctree)/selftests/demo

check: ## every test on every kernel, in guests
	$(Q)$(srctree)/selftests/check

bench: ## instructions and real time against the goals, in guests: half an hour
	$(Q)$(srctree)/selftests/bench/run --all

##@ Care
.PHONY: docs tour style sparse clean clean-cache help
docs: ## the documents as HTML, in build/docs
	$(Q)$(srctree)/Documentation/build $(O)/docs

tour: tools selftests ## Documentation/tour.rst with what its commands print now, in a guest
	$(Q)$(srctree)/selftests/vm/run --kernel 6.12 --cpu max,la57=off --timeout 300 -- \
		selftests/tour.py --print >$(O)/selftests/tour.rst
	$(Q)cp $(O)/selftests/tour.rst $(srctree)/Documentation/tour.rst

style: ## checkpatch over everything written in C
	$(Q)$(srctree)/selftests/style

sparse: C := 2
sparse: module ## the module through sparse

clean: ## remove what was built
	$(Q)rm -rf $(addprefix $(O)/,module module-test tools selftests docs check vm bench)
	$(Q)[ ! -d $(O) ] || rmdir --ignore-fail-on-non-empty $(O)

clean-cache: ## remove downloaded kernels and guest roots
	$(Q)$(srctree)/selftests/vm/clean-cache

##@ Install
.PHONY: install
install: ## module for KDIR, command, library and man pages (DESTDIR, PREFIX)
	@[ -e $(mdir)/vmscope.ko ] || { echo "vmscope: no module for $(or $(krelease),$(KDIR)) to install: run make first, with the same KDIR= and O=" >&2; exit 2; }
	$(Q)$(MAKE) -C $(srctree)/tools O=$(O)/tools $(cross) $(flags) PREFIX=$(PREFIX) DESTDIR=$(DESTDIR) install
	$(Q)install -D -m 644 $(mdir)/vmscope.ko \
		$(DESTDIR)/lib/modules/$(krelease)/updates/vmscope.ko
	$(Q)[ -n "$(DESTDIR)" ] || depmod $(krelease)

help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z][a-z-]*:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(srctree)/Makefile
	@printf '\nVariables: O=DIR  KDIR=HEADERS  V=1  W=1  C=2  LLVM=1  ARCH=  CROSS_COMPILE=  CC=\n           CFLAGS=  PREFIX=  DESTDIR=  VMSCOPE_DEBUGFS=n\n'
