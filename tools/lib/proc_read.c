// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Readers of procfs text. They must not know what the values are for.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "patient.h"
#include "proc_read.h"

/* There may be many processes of a name. */
#define COMMAND_PATIENCE_NS	500000000ull

int vs_read_line(const char *path, char *line, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = read(fd, line, size - 1);
	if (got < 0)
		got = -errno;
	close(fd);
	if (got < 0)
		return got;
	line[got] = 0;
	line[strcspn(line, "\n")] = 0;
	return 0;
}

void vs_proc_command(pid_t pid, char *command, size_t size)
{
	struct vs_patient *patient;
	char path[64];
	ssize_t got = -1;
	bool cut;

	/* The kernel reads it from the memory of the process. */
	snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	patient = vs_patient_open(path, COMMAND_PATIENCE_NS);
	if (patient) {
		got = vs_patient_read(patient, command, size - 1, 0);
		vs_patient_close(patient);
	}
	if (got < 0 && errno == ETIMEDOUT) {
		snprintf(command, size, "(no command line: its memory map is locked)");
		return;
	}
	if (got <= 0) {
		snprintf(command, size, "(no command line: a kernel thread or zombie)");
		return;
	}
	cut = (size_t)got == size - 1 && command[got - 1];
	/* Programs that rewrite their title leave blanks behind it. */
	while (got > 0 && (!command[got - 1] || command[got - 1] == ' '))
		got--;
	command[got] = 0;
	for (ssize_t i = 0; i < got; i++)
		if (!command[i])
			command[i] = ' ';
	if (cut)
		memcpy(command + ((size_t)got < size - 4 ? (size_t)got : size - 4), "...", 4);
}

long vs_proc_status_number(pid_t pid, const char *key)
{
	char path[64], line[256];
	size_t length = strlen(key);
	long number = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, key, length) && line[length] == ':') {
			number = strtol(line + length + 1, NULL, 10);
			break;
		}
	}
	fclose(file);
	return number;
}

static const struct {
	const char *key;
	size_t at;
} status_field[] = {
	{ "VmSize", offsetof(struct vs_process, total_vm) },
	{ "VmPeak", offsetof(struct vs_process, hiwater_vm) },
	{ "VmHWM", offsetof(struct vs_process, hiwater_rss) },
	{ "VmLck", offsetof(struct vs_process, locked_vm) },
	{ "VmPin", offsetof(struct vs_process, pinned_vm) },
	{ "RssAnon", offsetof(struct vs_process, rss_anon) },
	{ "RssFile", offsetof(struct vs_process, rss_file) },
	{ "RssShmem", offsetof(struct vs_process, rss_shmem) },
	{ "VmData", offsetof(struct vs_process, data_vm) },
	{ "VmStk", offsetof(struct vs_process, stack_vm) },
	{ "VmPTE", offsetof(struct vs_process, tables) },
	{ "VmSwap", offsetof(struct vs_process, swap) },
	{ "HugetlbPages", offsetof(struct vs_process, hugetlb) },
};

static void status_line(struct vs_proc_status *status, char *line)
{
	char *value = strchr(line, ':');

	if (!value)
		return;
	*value++ = 0;
	value += strspn(value, " \t");
	if (!strcmp(line, "Name")) {
		value[strcspn(value, "\n")] = 0;
		snprintf(status->process.comm, sizeof(status->process.comm), "%s", value);
		return;
	}
	if (!strcmp(line, "State")) {
		status->state = *value;
		return;
	}
	for (size_t i = 0; i < sizeof(status_field) / sizeof(status_field[0]); i++) {
		if (strcmp(line, status_field[i].key))
			continue;
		status->has_memory = true;
		*(uint64_t *)((char *)&status->process + status_field[i].at) =
			strtoull(value, NULL, 10) * 1024;
		return;
	}
}

int vs_proc_status(pid_t pid, struct vs_proc_status *status)
{
	char path[64], line[1024];
	FILE *file;
	int err;

	memset(status, 0, sizeof(*status));
	memset(&status->process.mm, 0xff,
	       sizeof(status->process) - offsetof(struct vs_process, mm));
	status->process.pid = pid;
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file))
		status_line(status, line);
	err = ferror(file) ? -EIO : 0;
	fclose(file);
	return err;
}

/* In the order in which the kernel prints them, so that a search is short. */
static const struct {
	const char *key;
	enum vs_smaps field;
} smaps_field[] = {
	{ "Rss", VS_SMAPS_RSS },
	{ "Pss", VS_SMAPS_PSS },
	{ "Pss_Dirty", VS_SMAPS_PSS_DIRTY },
	{ "Shared_Clean", VS_SMAPS_SHARED_CLEAN },
	{ "Shared_Dirty", VS_SMAPS_SHARED_DIRTY },
	{ "Private_Clean", VS_SMAPS_PRIVATE_CLEAN },
	{ "Private_Dirty", VS_SMAPS_PRIVATE_DIRTY },
	{ "Referenced", VS_SMAPS_REFERENCED },
	{ "Anonymous", VS_SMAPS_ANONYMOUS },
	{ "KSM", VS_SMAPS_KSM },
	{ "LazyFree", VS_SMAPS_LAZYFREE },
	{ "AnonHugePages", VS_SMAPS_ANON_HUGE },
	{ "ShmemPmdMapped", VS_SMAPS_SHMEM_PMD },
	{ "FilePmdMapped", VS_SMAPS_FILE_PMD },
	{ "Shared_Hugetlb", VS_SMAPS_SHARED_HUGETLB },
	{ "Private_Hugetlb", VS_SMAPS_PRIVATE_HUGETLB },
	{ "Swap", VS_SMAPS_SWAP },
	{ "SwapPss", VS_SMAPS_SWAP_PSS },
	{ "Locked", VS_SMAPS_LOCKED },
};

#define NR_SMAPS_FIELDS	(sizeof(smaps_field) / sizeof(smaps_field[0]))

const char *vs_smaps_field(enum vs_smaps field)
{
	for (size_t i = 0; i < NR_SMAPS_FIELDS; i++)
		if (smaps_field[i].field == field)
			return smaps_field[i].key;
	return "";
}

static const struct {
	char name[3];
	uint64_t flag;
} vm_flag[] = {
	{ "rd", VS_VM_READ }, { "wr", VS_VM_WRITE }, { "ex", VS_VM_EXEC },
	{ "sh", VS_VM_SHARED }, { "mr", VS_VM_MAYREAD }, { "mw", VS_VM_MAYWRITE },
	{ "me", VS_VM_MAYEXEC }, { "ms", VS_VM_MAYSHARE }, { "gd", VS_VM_GROWSDOWN },
	{ "pf", VS_VM_PFNMAP }, { "lo", VS_VM_LOCKED }, { "io", VS_VM_IO },
	{ "sr", VS_VM_SEQ_READ }, { "rr", VS_VM_RAND_READ }, { "dc", VS_VM_DONTCOPY },
	{ "de", VS_VM_DONTEXPAND }, { "lf", VS_VM_LOCKONFAULT }, { "ac", VS_VM_ACCOUNT },
	{ "nr", VS_VM_NORESERVE }, { "ht", VS_VM_HUGETLB }, { "sf", VS_VM_SYNC },
	{ "wf", VS_VM_WIPEONFORK }, { "dd", VS_VM_DONTDUMP }, { "sd", VS_VM_SOFTDIRTY },
	{ "mm", VS_VM_MIXEDMAP }, { "hg", VS_VM_HUGEPAGE }, { "nh", VS_VM_NOHUGEPAGE },
	{ "mg", VS_VM_MERGEABLE }, { "um", VS_VM_UFFD_MISSING }, { "uw", VS_VM_UFFD_WP },
	{ "ui", VS_VM_UFFD_MINOR }, { "ur", VS_VM_UFFD_RWP },
	{ "ss", VS_VM_SHADOW_STACK }, { "dp", VS_VM_DROPPABLE },
	{ "sl", VS_VM_SEALED }, { "gu", VS_VM_GUARD },
};

static uint64_t parse_vm_flags(const char *text)
{
	uint64_t flags = 0;

	while (*text) {
		text += strspn(text, " \n");
		for (size_t i = 0; i < sizeof(vm_flag) / sizeof(vm_flag[0]); i++)
			if (text[0] == vm_flag[i].name[0] && text[1] == vm_flag[i].name[1])
				flags |= vm_flag[i].flag;
		text += strcspn(text, " \n");
	}
	return flags;
}

/* The state of reading: the mapping being read and its fields so far. */
struct smaps_reader {
	struct vs_model *model;
	uint64_t start, end;
	bool inside;			/* the current mapping is wanted */
	bool past;			/* the range is over */
	size_t field;			/* where to look for the next key */
	uint64_t fields;		/* seen in the current mapping */
	uint64_t value[VS_SMAPS_NR];
};

static int finish_mapping(struct smaps_reader *reader)
{
	struct vs_model *model = reader->model;
	uint64_t value[VS_SMAPS_NR];
	struct vs_tally tally = { .value = value };
	struct vs_vma *vma;
	int n = 0;

	if (!reader->inside)
		return 0;
	reader->inside = false;
	if (!reader->fields)
		return 0;
	model->smaps_fields |= reader->fields;
	vma = &model->vma[model->nr_vmas - 1];
	for (int i = 0; i < VS_SMAPS_NR; i++) {
		if (!(reader->fields & (1ull << i)) || !reader->value[i])
			continue;
		tally.smaps |= 1ull << i;
		value[n++] = reader->value[i];
	}
	vma->covered = vma->end - vma->start;
	return vs_model_add_tally(model, vma, &tally);
}

static void strip_anon_name(const char **name, size_t *length)
{
	const char *colon = memchr(*name, ':', *length);

	*length -= colon + 2 - *name;
	*name = colon + 1;
}

static int set_name(struct vs_model *model, struct vs_vma *vma, const char *name, size_t length)
{
	if (!length) {
		vma->name_kind = VS_NAME_NONE;
		if (!vma->inode)
			vma->flags |= VS_VM_ANON;
		return 0;
	}
	if (!strcmp(name, "[heap]") || !strcmp(name, "[stack]")) {
		vma->name_kind = name[1] == 'h' ? VS_NAME_HEAP : VS_NAME_STACK;
		vma->flags |= VS_VM_ANON;
		return 0;
	}
	if (name[length - 1] == ']' &&
	    (!strncmp(name, "[anon:", 6) || !strncmp(name, "[anon_shmem:", 12))) {
		vma->name_kind = VS_NAME_ANON;
		if (!vma->inode)
			vma->flags |= VS_VM_ANON;
		strip_anon_name(&name, &length);
	} else if (name[0] == '[') {
		vma->name_kind = VS_NAME_SPECIAL;
	} else {
		vma->name_kind = VS_NAME_FILE;
	}
	return vs_model_set_name(model, vma, name, length);
}

static int mapping_line(struct smaps_reader *reader, char *line)
{
	uint64_t start, end, offset, inode;
	unsigned int major, minor;
	struct vs_vma *vma;
	char perm[5];
	int at = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64 " %n", &start, &end, perm, &offset,
		   &major, &minor, &inode, &at) < 7)
		return -EPROTO;
	if (start >= reader->end) {
		reader->past = true;
		return 0;
	}
	if (end <= reader->start)
		return 0;
	vma = vs_model_add_vma(reader->model);
	if (!vma)
		return -ENOMEM;
	vma->start = start;
	vma->end = end;
	vma->offset = offset;
	vma->inode = inode;
	vma->dev_major = major;
	vma->dev_minor = minor;
	vma->policy = 0xff;
	vma->page_shift = reader->model->kernel.page_shift;
	vma->flags = (perm[0] == 'r' ? VS_VM_READ : 0) | (perm[1] == 'w' ? VS_VM_WRITE : 0) |
		(perm[2] == 'x' ? VS_VM_EXEC : 0) | (perm[3] == 's' ? VS_VM_MAYSHARE : 0);
	reader->inside = true;
	reader->field = 0;
	reader->fields = 0;
	return set_name(reader->model, vma, line + at, strlen(line + at));
}

static void field_line(struct smaps_reader *reader, char *line, char *colon)
{
	struct vs_vma *vma = &reader->model->vma[reader->model->nr_vmas - 1];
	uint64_t value;

	*colon++ = 0;
	if (!strcmp(line, "VmFlags")) {
		vma->flags = (vma->flags & VS_VM_ANON) | parse_vm_flags(colon);
		return;
	}
	value = strtoull(colon, NULL, 10) * 1024;
	if (!strcmp(line, "KernelPageSize")) {
		vma->page_shift = value ? __builtin_ctzll(value) : 0;
		return;
	}
	if (!strcmp(line, "ProtectionKey")) {
		vma->pkey = value / 1024;
		return;
	}
	for (size_t n = 0; n < NR_SMAPS_FIELDS; n++) {
		size_t i = (reader->field + n) % NR_SMAPS_FIELDS;

		if (strcmp(line, smaps_field[i].key))
			continue;
		reader->field = i + 1;
		reader->fields |= 1ull << smaps_field[i].field;
		reader->value[smaps_field[i].field] = value;
		return;
	}
}

static int smaps_line(struct smaps_reader *reader, char *line)
{
	/* Keys start with a capital letter, mappings with a hex digit in lower case. */
	if (line[0] >= 'A' && line[0] <= 'Z') {
		char *colon = strchr(line, ':');

		if (colon && reader->inside)
			field_line(reader, line, colon);
		return 0;
	}
	if (finish_mapping(reader))
		return -ENOMEM;
	return mapping_line(reader, line);
}

int vs_proc_read_smaps(FILE *file, struct vs_model *model, uint64_t start, uint64_t end)
{
	struct smaps_reader reader = { .model = model, .start = start, .end = end };
	char *line = NULL;
	size_t size = 0;
	ssize_t length;
	int err = 0;

	while (!err && !reader.past && (length = getline(&line, &size, file)) > 0) {
		if (line[length - 1] == '\n')
			line[length - 1] = 0;
		err = smaps_line(&reader, line);
	}
	if (!err && ferror(file))
		err = errno == ETIMEDOUT ? -ETIMEDOUT : -EIO;
	if (!err)
		err = finish_mapping(&reader);
	free(line);
	return err;
}
