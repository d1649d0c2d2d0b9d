// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/vmscope and the target descriptors that it hands out.
 *
 * Both file_operations name their module as owner, so that the module cannot
 * be unloaded while a descriptor of either kind is open.
 */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "chardev.h"
#include "ioctl.h"
#include "target.h"

static int target_release(struct inode *inode, struct file *file)
{
	target_close(file->private_data);
	return 0;
}

static long target_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return ioctl_on_target(file->private_data, cmd, (void __user *)arg);
}

static const struct file_operations target_fops = {
	.owner = THIS_MODULE,
	.release = target_release,
	.unlocked_ioctl = target_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct file *target_file(struct target *target)
{
	struct file *file = anon_inode_getfile("[vmscope]", &target_fops,
					       target, O_RDWR);

	if (IS_ERR(file))
		target_close(target);
	return file;
}

static long device_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return ioctl_on_device(cmd, (void __user *)arg, target_file);
}

static const struct file_operations device_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "vmscope",
	.fops = &device_fops,
	.mode = 0600,
};

int chardev_init(void)
{
	return misc_register(&device);
}

void chardev_exit(void)
{
	misc_deregister(&device);
}
