// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who in the kernel asked for an event, with functions that are made up. It knows nothing of
 * how events are counted.
 *
 * Prints what is wrong; the exit status says whether anything was.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/event_callers.h"

static int failures;

#define CHECK(what) do {							\
	if (!(what)) {								\
		printf("%s:%d: not %s\n", __func__, __LINE__, #what);		\
		failures++;							\
	}									\
} while (0)

/* What the file at @path would be with that text. */
static int read_text(const char *text, struct vs_kernel_symbols *symbols)
{
	char path[32];
	int fd = memfd_create("kallsyms", 0), err;

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return -1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = vs_kernel_symbols_read(path, symbols);
	close(fd);
	return err;
}

static bool is_called(const struct vs_kernel_symbols *symbols, uint64_t address, const char *name)
{
	const char *found = vs_kernel_symbol(symbols, address);

	return found && name ? !strcmp(found, name) : found == name;
}

static void names_of_functions(void)
{
	struct vs_kernel_symbols symbols;

	CHECK(!read_text("ffffffff81000300 t third\n"
			 "ffffffff81000100 T first\n"
			 "ffffffff81000180 D is_data\n"
			 "ffffffff81000200 t second.isra.0\n"
			 "ffffffff81000400 T _etext\n"
			 "ffffffffc0000000 t of_a_module\t[vmscope]\n"
			 "\n"
			 "ffffffffc0001000 t bpf_prog_1234\t[bpf]\n", &symbols));
	CHECK(symbols.nr == 4);
	CHECK(is_called(&symbols, 0xffffffff810000ff, NULL));
	CHECK(is_called(&symbols, 0xffffffff81000100, "first"));
	CHECK(is_called(&symbols, 0xffffffff810001ff, "first"));
	CHECK(is_called(&symbols, 0xffffffff81000200, "second.isra.0"));
	CHECK(is_called(&symbols, 0xffffffff810003ff, "third"));
	CHECK(is_called(&symbols, 0xffffffff81000400, NULL));
	CHECK(is_called(&symbols, 0xffffffffc0000000, NULL));
	vs_kernel_symbols_free(&symbols);
}

static void many_names_grow(void)
{
	static char text[10000 * 48];
	struct vs_kernel_symbols symbols;
	char name[48];
	size_t used = 0;

	for (unsigned int i = 0; i < 10000; i++)
		used += sprintf(text + used, "ffffffff%08x t function_%u\n", 0x81000000 + 16 * i, i);
	CHECK(!read_text(text, &symbols));
	CHECK(symbols.nr == 10000);
	for (unsigned int i = 0; i < 9999; i++) {
		snprintf(name, sizeof(name), "function_%u", i);
		if (!is_called(&symbols, 0xffffffff81000000 + 16 * i + 7, name))
			failures++, printf("%s is not found\n", name);
	}
	vs_kernel_symbols_free(&symbols);
}

static void hidden_addresses_are_told(void)
{
	struct vs_kernel_symbols symbols;

	CHECK(read_text("0000000000000000 T first\n0000000000000000 T second\n", &symbols) == -EPERM);
	CHECK(read_text("", &symbols) == -EPERM);
	CHECK(vs_kernel_symbols_read("/proc/self/nowhere", &symbols) == -ENOENT);
	CHECK(is_called(&symbols, 0xffffffff81000100, NULL));
}

static void who_asked(void)
{
	const struct vs_event_count twice = { .times = 2, .failed = 1 };
	struct vs_kernel_symbols symbols;
	struct vs_event_reason reason[4];
	size_t nr = 0;

	CHECK(!read_text("ffffffff81000100 T __split_huge_pmd\n"
			 "ffffffff81000200 T do_mprotect.isra.0\n"
			 "ffffffff81000300 T madvise_free\n"
			 "ffffffff81000400 T _etext\n", &symbols));
	/* who only passes it on is not named, nor what the compiler added */
	nr = vs_event_caller_add(reason, nr, VS_EVENT_THP_SPLIT_PMD, &symbols,
				 &(struct event_path){ .at = { 0xffffffff81000110, 0xffffffff81000210,
							       0xffffffff81000310 } }, &twice);
	CHECK(nr == 1 && !strcmp(reason[0].name, "do_mprotect") && reason[0].is_function);
	/* the same by another way is the same */
	nr = vs_event_caller_add(reason, nr, VS_EVENT_THP_SPLIT_PMD, &symbols,
				 &(struct event_path){ .at = { 0xffffffff81000220 } }, &twice);
	CHECK(nr == 1 && reason[0].count.times == 4 && reason[0].count.failed == 2);
	/* another event is not */
	nr = vs_event_caller_add(reason, nr, VS_EVENT_THP_SPLIT, &symbols,
				 &(struct event_path){ .at = { 0xffffffff81000220 } }, &twice);
	CHECK(nr == 2 && reason[1].event == VS_EVENT_THP_SPLIT);
	/* code of a module, or nobody but those who pass it on */
	nr = vs_event_caller_add(reason, nr, VS_EVENT_THP_SPLIT, &symbols,
				 &(struct event_path){ .at = { 0xffffffffc0000000 } }, &twice);
	nr = vs_event_caller_add(reason, nr, VS_EVENT_THP_SPLIT, &symbols,
				 &(struct event_path){ .at = { 0xffffffff81000110 } }, &twice);
	CHECK(nr == 3 && !strcmp(reason[2].name, "unknown") && reason[2].count.times == 4);
	vs_kernel_symbols_free(&symbols);
}

int main(void)
{
	names_of_functions();
	many_names_grow();
	hidden_addresses_are_told();
	who_asked();
	return failures != 0;
}
