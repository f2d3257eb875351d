#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
#
# In a VM: starts KERNEL with INITRD in the place of the one that runs, at once and whatever
# is running. Does not return.
import ctypes
import os
import sys

SYS_REBOOT = 169
SYS_KEXEC_FILE_LOAD = 320
MAGIC1, MAGIC2, CMD_KEXEC = 0xFEE1DEAD, 672274793, 0x45584543

kernel, initrd = (os.open(path, os.O_RDONLY) for path in sys.argv[1:3])
with open("/proc/cmdline", "rb") as f:
    cmdline = f.read().strip() + b"\0"
syscall = ctypes.CDLL(None, use_errno=True).syscall
for what, *args in (
    ("kexec_file_load", SYS_KEXEC_FILE_LOAD, kernel, initrd, len(cmdline), cmdline, 0),
    ("reboot", SYS_REBOOT, MAGIC1, MAGIC2, CMD_KEXEC, None),
):
    if syscall(*(ctypes.c_ulong(a) if isinstance(a, int) else a for a in args)):
        sys.exit(f"{what}: {os.strerror(ctypes.get_errno())}")
