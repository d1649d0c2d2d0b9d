// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's beginning and end, and nothing else.
 */
#include <linux/module.h>

#include "chardev.h"
#include "debugfs.h"
#include "encode.h"
#include "entry.h"
#include "tally_fast.h"
#include "target.h"
#include "test.h"

#ifdef VMSCOPE_TEST
unsigned int test_delay_us;
unsigned int test_unsafe;
module_param_named(delay_us, test_delay_us, uint, 0600);
MODULE_PARM_DESC(delay_us, "wait this long between reading a PMD and its PTEs");
module_param_named(unsafe, test_unsafe, uint, 0600);
MODULE_PARM_DESC(unsafe, "0 safe, 1 interrupts off only, 2 RCU only");
#endif

static int __init vmscope_init(void)
{
	int err;

	if (!arch_supported()) {
		pr_err("entries of this machine's page tables are not its own (Xen PV): use the command without the module\n");
		return -EOPNOTSUPP;
	}
	target_init();
	tally_fast_init();
	encode_init();
	err = chardev_init();
	if (!err)
		vms_debugfs_init();
	return err;
}

static void __exit vmscope_exit(void)
{
	vms_debugfs_exit();
	chardev_exit();
}

module_init(vmscope_init);
module_exit(vmscope_exit);

MODULE_DESCRIPTION("vmscope: where a process's memory really is");
MODULE_LICENSE("GPL");
