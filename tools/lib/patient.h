/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads files of procfs that make the reader wait for a lock of the process:
 * of one that is stuck with its memory map locked, for ever. Gives up instead.
 * It must not know what is in the files.
 */
#ifndef VMSCOPE_PATIENT_H
#define VMSCOPE_PATIENT_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct vs_patient;

/* How long to wait for a lock when the caller does not say: for 0 below. */
#define VS_PATIENCE_NS	5000000000ull

/*
 * @patience_ns: how long a read may sleep and not get any further; time that
 * the kernel works is not counted. NULL with errno set.
 */
struct vs_patient *vs_patient_open(const char *path, uint64_t patience_ns);

/* Like pread(); -1 and ETIMEDOUT when the patience is over, then and ever after. */
ssize_t vs_patient_read(struct vs_patient *patient, void *buffer, size_t size, off_t at);

void vs_patient_close(struct vs_patient *patient);

/* The same as a stream, closed with fclose(). */
FILE *vs_patient_stream(const char *path, uint64_t patience_ns);

#endif
