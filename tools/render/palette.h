/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one palette of vmscope, for terminal and any other picture: a letter, a
 * colour of the 256-colour terminal with its text colour, and the same colour
 * as RGB. After Okabe and Ito, so that people who cannot tell red from green
 * can tell them apart; the letters say it without any colour. It must not know
 * what the parts mean.
 */
#ifndef VMSCOPE_PALETTE_H
#define VMSCOPE_PALETTE_H

#include "../analyze/parts.h"

struct vs_paint {
	char letter;
	unsigned char background;
	unsigned char text;
	unsigned int rgb;
};

static const struct vs_paint vs_palette[VS_PART_NR] = {
	[VS_PART_ANON] = { 'A', 25, 231, 0x0072b2 },
	[VS_PART_COW] = { 'C', 74, 16, 0x56b4e9 },
	[VS_PART_KSM] = { 'K', 227, 16, 0xf0e442 },
	[VS_PART_FILE_PRIVATE] = { 'F', 36, 16, 0x009e73 },
	[VS_PART_FILE_SHARED] = { 'M', 151, 16, 0xa8ddb5 },
	[VS_PART_SHMEM] = { 'S', 214, 16, 0xe69f00 },
	[VS_PART_HUGETLB] = { 'H', 175, 16, 0xcc79a7 },
	[VS_PART_DEVICE] = { 'D', 246, 16, 0x999999 },
	[VS_PART_SWAP] = { 'W', 166, 231, 0xd55e00 },
};

#endif
