// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A thread reads, and its caller waits as long as it likes: such a read can be
 * ended by nothing less than a fatal signal. It must not know any file's content.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "patient.h"

#define BLOCK		65536
#define SECOND_NS	1000000000
#define LOOK_NS		(SECOND_NS / 10)	/* between two looks at the thread */

enum step { IDLE, OPEN, READ, END };

/* What the thread works on; whoever is the last to need it frees it. */
struct reader {
	pthread_mutex_t lock;		/* of all below but where a step says otherwise */
	pthread_cond_t changed;
	enum step step;			/* IDLE when it is done */
	bool abandoned;			/* the thread is the last */
	int fd;				/* while a step runs, this and the rest are its own */
	off_t at;
	size_t size;
	ssize_t got;			/* or -errno */
	char block[BLOCK];
	char path[];
};

struct vs_patient {
	struct reader *reader;		/* NULL once it was given up */
	pthread_t thread;
	uint64_t patience_ns;
};

static void release(struct reader *reader)
{
	if (reader->fd >= 0)
		close(reader->fd);
	pthread_cond_destroy(&reader->changed);
	pthread_mutex_destroy(&reader->lock);
	free(reader);
}

/* Without the lock: this is what may take for ever. */
static ssize_t take_step(struct reader *reader, enum step step)
{
	ssize_t got;

	if (step == READ) {
		got = pread(reader->fd, reader->block, reader->size, reader->at);
		return got < 0 ? -errno : got;
	}
	reader->fd = open(reader->path, O_RDONLY | O_CLOEXEC);
	return reader->fd < 0 ? -errno : 0;
}

static void *read_steps(void *data)
{
	struct reader *reader = data;
	bool abandoned;

	pthread_mutex_lock(&reader->lock);
	while (reader->step != END && !reader->abandoned) {
		enum step step = reader->step;
		ssize_t got;

		if (step == IDLE) {
			pthread_cond_wait(&reader->changed, &reader->lock);
			continue;
		}
		pthread_mutex_unlock(&reader->lock);
		got = take_step(reader, step);
		pthread_mutex_lock(&reader->lock);
		reader->got = got;
		reader->step = IDLE;
		pthread_cond_broadcast(&reader->changed);
	}
	abandoned = reader->abandoned;
	pthread_mutex_unlock(&reader->lock);
	if (abandoned)
		release(reader);
	return NULL;
}

/* Time that the thread spent on a processor: none while it waits for a lock. */
static uint64_t work_ns(pthread_t thread)
{
	struct timespec time;
	clockid_t clock;

	if (pthread_getcpuclockid(thread, &clock) || clock_gettime(clock, &time))
		return 0;
	return time.tv_sec * SECOND_NS + time.tv_nsec;
}

static void wait_shortly(struct reader *reader)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += LOOK_NS;
	until.tv_sec += until.tv_nsec / SECOND_NS;
	until.tv_nsec %= SECOND_NS;
	pthread_cond_timedwait(&reader->changed, &reader->lock, &until);
}

/* Have the thread take a step; what came of it. */
static ssize_t have_done(struct vs_patient *patient, enum step step)
{
	struct reader *reader = patient->reader;
	uint64_t idle_ns = 0, worked = work_ns(patient->thread);
	ssize_t got = -ETIMEDOUT;

	pthread_mutex_lock(&reader->lock);
	reader->step = step;
	pthread_cond_broadcast(&reader->changed);
	while (reader->step != IDLE && idle_ns < patient->patience_ns) {
		uint64_t work;

		wait_shortly(reader);
		work = work_ns(patient->thread);
		idle_ns = work == worked ? idle_ns + LOOK_NS : 0;
		worked = work;
	}
	if (reader->step == IDLE) {
		got = reader->got;
	} else {
		reader->abandoned = true;
		patient->reader = NULL;
		pthread_detach(patient->thread);
	}
	pthread_mutex_unlock(&reader->lock);
	return got;
}

static struct reader *new_reader(const char *path)
{
	struct reader *reader = malloc(sizeof(*reader) + strlen(path) + 1);
	pthread_condattr_t attributes;

	if (!reader)
		return NULL;
	reader->step = IDLE;
	reader->abandoned = false;
	reader->fd = -1;
	strcpy(reader->path, path);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&reader->lock, NULL);
	pthread_cond_init(&reader->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	return reader;
}

static int start(struct vs_patient *patient, const char *path)
{
	int err;

	patient->reader = new_reader(path);
	if (!patient->reader)
		return -ENOMEM;
	err = pthread_create(&patient->thread, NULL, read_steps, patient->reader);
	if (err) {
		release(patient->reader);
		return -err;
	}
	return 0;
}

struct vs_patient *vs_patient_open(const char *path, uint64_t patience_ns)
{
	struct vs_patient *patient = malloc(sizeof(*patient));
	int err;

	if (!patient)
		return NULL;
	patient->patience_ns = patience_ns ? patience_ns : VS_PATIENCE_NS;
	err = start(patient, path);
	if (err) {
		free(patient);
		errno = -err;
		return NULL;
	}
	err = have_done(patient, OPEN);
	if (err) {
		vs_patient_close(patient);
		errno = -err;
		return NULL;
	}
	return patient;
}

ssize_t vs_patient_read(struct vs_patient *patient, void *buffer, size_t size, off_t at)
{
	ssize_t got = -ETIMEDOUT;

	if (patient->reader) {
		patient->reader->at = at;
		patient->reader->size = size < BLOCK ? size : BLOCK;
		got = have_done(patient, READ);
	}
	if (got < 0) {
		errno = -got;
		return -1;
	}
	memcpy(buffer, patient->reader->block, got);
	return got;
}

void vs_patient_close(struct vs_patient *patient)
{
	struct reader *reader = patient->reader;

	if (reader) {
		pthread_mutex_lock(&reader->lock);
		reader->step = END;
		pthread_cond_broadcast(&reader->changed);
		pthread_mutex_unlock(&reader->lock);
		pthread_join(patient->thread, NULL);
		release(reader);
	}
	free(patient);
}

/* ------------------------------------------------------------- as a stream */

struct cookie {
	struct vs_patient *patient;
	off_t at;
};

static ssize_t cookie_read(void *data, char *buffer, size_t size)
{
	struct cookie *cookie = data;
	ssize_t got = vs_patient_read(cookie->patient, buffer, size, cookie->at);

	if (got > 0)
		cookie->at += got;
	return got;
}

static int cookie_close(void *data)
{
	struct cookie *cookie = data;

	vs_patient_close(cookie->patient);
	free(cookie);
	return 0;
}

FILE *vs_patient_stream(const char *path, uint64_t patience_ns)
{
	static const cookie_io_functions_t functions = {
		.read = cookie_read,
		.close = cookie_close,
	};
	struct cookie *cookie = calloc(1, sizeof(*cookie));
	FILE *file = NULL;

	if (!cookie)
		return NULL;
	cookie->patient = vs_patient_open(path, patience_ns);
	if (cookie->patient)
		file = fopencookie(cookie, "r", functions);
	if (file) {
		setvbuf(file, NULL, _IOFBF, BLOCK);
		return file;
	}
	if (cookie->patient)
		vs_patient_close(cookie->patient);
	free(cookie);
	return NULL;
}
