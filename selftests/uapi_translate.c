// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What VMSCOPE_TRANSLATE accepts, refuses and answers; knows nothing of kinds
 * of memory, whose translations the leaf tests check.
 */
#include "kselftest_harness.h"
#include "leaf.h"

#define NR	16

FIXTURE(translate) {
	struct target t;
	struct region *r;
	struct vmscope_translation *answer;
	struct vmscope_translate arg;
};

static int build(void *arg, unsigned int step)
{
	struct region *r = arg;
	char *p = map_anon(2 * NR * PAGE_SIZE, PAGE_SIZE);

	(void)step;
	touch(p, NR * PAGE_SIZE);
	*r = region_of(p, 2 * NR * PAGE_SIZE);
	return 0;
}

FIXTURE_SETUP(translate)
{
	int i;

	self->r = shared_alloc(sizeof(*self->r));
	ASSERT_EQ(0, target_start(&self->t, build, self->r));
	self->answer = mmap(NULL, 4 * MIB, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->answer);
	for (i = 0; i < NR; i++)
		self->answer[i].address = self->r->start + i * PAGE_SIZE + i;
	self->arg = (struct vmscope_translate) {
		.size = sizeof(self->arg), .count = NR,
		.stride = sizeof(struct vmscope_translation),
		.translations = (uintptr_t)self->answer,
	};
}

FIXTURE_TEARDOWN(translate)
{
	target_stop(&self->t);
}

static int call(FIXTURE_DATA(translate) *self)
{
	return vmscope_ioctl(self->t.fd, VMSCOPE_TRANSLATE, &self->arg);
}

TEST_F(translate, answers_all)
{
	int i;

	ASSERT_EQ(0, call(self));
	EXPECT_EQ(NR, self->arg.done);
	for (i = 0; i < NR; i++) {
		const struct vmscope_translation *a = &self->answer[i];
		uint64_t word = pagemap_word(self->t.pid, a->address);

		EXPECT_EQ(self->r->start + i * PAGE_SIZE + i, a->address);
		EXPECT_EQ(VMSCOPE_STOP_LEAF, a->stop);
		EXPECT_EQ(VMSCOPE_LEVEL_PTE, a->stop_level);
		EXPECT_EQ(word & PM_FRAME, a->frame);
		EXPECT_EQ(a->frame << 12 | i, a->physical);
		EXPECT_EQ(self->r->start, a->vma_start);
		EXPECT_EQ(self->r->end, a->vma_end);
		EXPECT_EQ(1, a->mapcount);
		EXPECT_NE(0, a->refcount);
		EXPECT_EQ(0, a->marks);
	}
}

/* Raw entries are read from tables that the entries above them name. */
TEST_F(translate, raw_entries_lead_from_table_to_table)
{
	const struct vmscope_translation *a = self->answer;
	int level, above = VMSCOPE_LEVEL_PGD;

	ASSERT_EQ(0, call(self));
	for (level = VMSCOPE_LEVEL_PGD - 1; level >= 0; level--) {
		if (!a->step[level].read)
			continue;	/* folded */
		EXPECT_EQ(a->step[above].raw >> 12 & 0xffffffffffull,
			  a->step[level].table);
		above = level;
	}
	EXPECT_EQ(a->frame, a->step[0].raw >> 12 & 0xffffffffffull);
	EXPECT_EQ(1, a->step[0].raw & 1);
}

TEST_F(translate, unmapped_address_is_an_answer)
{
	self->answer[0].address = self->r->end - 1;
	self->answer[1].address = self->r->start - 1;
	self->arg.count = 2;
	ASSERT_EQ(0, call(self));
	EXPECT_EQ(2, self->arg.done);
	EXPECT_EQ(VMSCOPE_STOP_NONE, self->answer[0].stop);
	EXPECT_EQ(VMSCOPE_STATE_NONE, ATTR_STATE(self->answer[0].attributes));
	EXPECT_EQ(self->r->start, self->answer[0].vma_start);
	EXPECT_EQ(VMSCOPE_STOP_NO_VMA, self->answer[1].stop);
	EXPECT_EQ(0, self->answer[1].vma_start);
	EXPECT_EQ(0, self->answer[1].vma_end);
}

TEST_F(translate, address_outside_user_space_is_an_answer)
{
	static const uint64_t outside[] = {
		1ull << 63, ~0ull, 0xffffffff80000000ull,
		0xffffffffff600000ull, 1ull << 56, 1ull << 62,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(outside); i++)
		self->answer[i].address = outside[i];
	self->arg.count = ARRAY_SIZE(outside);
	ASSERT_EQ(0, call(self));
	for (i = 0; i < ARRAY_SIZE(outside); i++) {
		const struct vmscope_translation *a = &self->answer[i];

		EXPECT_EQ(VMSCOPE_STOP_RANGE, a->stop);
		EXPECT_EQ(0, a->frame | a->physical | a->attributes | a->step[4].raw |
			  a->step[4].table | a->step[0].raw);
		EXPECT_EQ(0, a->step[4].read);
	}
}

TEST_F(translate, old_answers_are_not_left_in_place)
{
	struct vmscope_translation *a = self->answer;

	memset(a, 0xff, sizeof(*a));
	a->address = self->r->start - 1;
	self->arg.count = 1;
	ASSERT_EQ(0, call(self));
	EXPECT_EQ(0, a->physical | a->frame | a->mapcount | a->refcount);
	EXPECT_EQ(0, a->__reserved[0] | a->__reserved[1] | a->__reserved[2]);
	EXPECT_EQ(0, a->step[0].__reserved);
}

TEST_F(translate, count_zero_is_einval)
{
	self->arg.count = 0;
	EXPECT_EQ(-EINVAL, call(self));
}

TEST_F(translate, count_above_the_limit_is_einval)
{
	self->arg.count = VMSCOPE_TRANSLATE_MAX + 1;
	EXPECT_EQ(-EINVAL, call(self));
	self->arg.count = ~0u;
	EXPECT_EQ(-EINVAL, call(self));
}

TEST_F(translate, most_addresses_in_one_call)
{
	uint32_t i;

	for (i = 0; i < VMSCOPE_TRANSLATE_MAX; i++)
		self->answer[i].address = self->r->start + i % NR * PAGE_SIZE;
	self->arg.count = VMSCOPE_TRANSLATE_MAX;
	ASSERT_EQ(0, call(self));
	ASSERT_EQ(VMSCOPE_TRANSLATE_MAX, self->arg.done);
	for (i = NR; i < VMSCOPE_TRANSLATE_MAX; i++)
		ASSERT_EQ(self->answer[i % NR].frame, self->answer[i].frame);
}

TEST_F(translate, smaller_stride_is_einval)
{
	uint32_t stride;

	for (stride = 0; stride < sizeof(struct vmscope_translation); stride++) {
		self->arg.stride = stride;
		EXPECT_EQ(-EINVAL, call(self)) TH_LOG("stride %u", stride);
	}
}

TEST_F(translate, larger_stride_leaves_the_rest_alone)
{
	const uint32_t stride = sizeof(struct vmscope_translation) + 24;
	char *bytes = (char *)self->answer;
	uint32_t i, n;

	memset(bytes, 0, NR * stride);
	for (i = 0; i < NR; i++)
		*(__u64 *)(bytes + i * stride) = self->r->start + i * PAGE_SIZE;
	self->arg.stride = stride;
	ASSERT_EQ(0, call(self));
	for (i = 0; i < NR; i++) {
		const struct vmscope_translation *a = (void *)(bytes + i * stride);

		EXPECT_EQ(VMSCOPE_STOP_LEAF, a->stop);
		for (n = sizeof(*a); n < stride; n++)
			ASSERT_EQ(0, bytes[i * stride + n]);
	}
}

TEST_F(translate, larger_stride_with_garbage_is_e2big)
{
	self->arg.count = 1;
	self->arg.stride = sizeof(struct vmscope_translation) + 8;
	((char *)self->answer)[self->arg.stride - 1] = 1;
	EXPECT_EQ(-E2BIG, call(self));
}

TEST_F(translate, reserved_must_be_zero)
{
	self->arg.__reserved = 1;
	EXPECT_EQ(-EINVAL, call(self));
}

TEST_F(translate, bad_array_is_efault)
{
	self->arg.translations = 0;
	EXPECT_EQ(-EFAULT, call(self));
	self->arg.translations = 8;
	EXPECT_EQ(-EFAULT, call(self));
	self->arg.translations = ~0ull - 7;
	EXPECT_EQ(-EFAULT, call(self));
	self->arg.translations = 1ull << 63;
	EXPECT_EQ(-EFAULT, call(self));
}

/* What was answered before the bad one counts. */
TEST_F(translate, array_that_ends_unmapped)
{
	char *edge = (char *)self->answer + MIB;
	const size_t size = sizeof(struct vmscope_translation);
	int error;

	munmap(edge, MIB);
	memcpy(edge - 3 * size, self->answer, 3 * size);
	self->arg.translations = (uintptr_t)edge - 3 * size;
	self->arg.count = 5;
	error = call(self);
	EXPECT_EQ(-EFAULT, error);
}

TEST_F(translate, array_that_cannot_be_written_is_efault)
{
	ASSERT_EQ(0, mprotect(self->answer, 4 * MIB, PROT_READ));
	EXPECT_EQ(-EFAULT, call(self));
}

VMSCOPE_TEST_MAIN
