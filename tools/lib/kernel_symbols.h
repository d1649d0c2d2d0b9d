/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of the kernel's own functions. It must not know who asks.
 */
#ifndef VMSCOPE_KERNEL_SYMBOLS_H
#define VMSCOPE_KERNEL_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

struct vs_kernel_symbols {
	struct vs_kernel_symbol {
		uint64_t address;
		size_t name;		/* in text */
	} *symbol;			/* by address */
	size_t nr;
	char *text;
};

/*
 * Those of @path, /proc/kallsyms, but for modules and what was made at run time. -ENOMEM, or
 * why it cannot be read; -EPERM: it has no addresses for who asks.
 */
int vs_kernel_symbols_read(const char *path, struct vs_kernel_symbols *symbols);
void vs_kernel_symbols_free(struct vs_kernel_symbols *symbols);

/* Of the function with @address in it; NULL: of none. */
const char *vs_kernel_symbol(const struct vs_kernel_symbols *symbols, uint64_t address);

#endif
