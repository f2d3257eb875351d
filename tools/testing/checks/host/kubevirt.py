#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What KubeVirt's virt-handler looks up and does with mediated devices, in its order.

    create SELECTOR    as its manager of types, for mediatedDeviceTypes
    discover SELECTOR  as its device plugin, for an mdevNameSelector; prints JSON
    remove SELECTOR    as its manager, when the type is no longer wanted

Follows KubeVirt's pkg/virt-handler/device-manager/mediated_device{,s_types}.go. A selector is a
type's name with _ for each blank, or the name of its folder.
"""
import glob
import json
import os
import re
import sys
import uuid

DEVICES = "/sys/bus/mdev/devices"
PARENTS = "/sys/class/mdev_bus"
PCI = "/sys/bus/pci/devices"
PCI_ADDRESS = re.compile(r"^([\da-fA-F]{4}):([\da-fA-F]{2}):([\da-fA-F]{2})\.([0-7])$")


def read(*path):
    with open(os.path.join(*path), encoding="ascii") as f:
        return f.read()


def write(text, *path):
    with open(os.path.join(*path), "w", encoding="ascii") as f:
        f.write(text)


def matches(type_path, selector):
    name = read(type_path, "name").replace(" ", "_").strip()
    return selector in (name, os.path.basename(os.path.realpath(type_path)))


def create(selector):
    """All instances that there are, on each parent that has no mediated device yet."""
    for path in sorted(glob.glob(f"{PARENTS}/**/mdev_supported_types/*")):
        parent = path.split(os.sep)[-3]
        used = any(parent_of(device) == parent for device in os.listdir(DEVICES))
        if used or not matches(path, selector):
            continue
        for _ in range(int(read(path, "available_instances"))):
            write(str(uuid.uuid4()), path, "create")


def parent_of(device):
    """By way of the type: its folder is two above."""
    path = os.path.realpath(os.path.join(DEVICES, device, "mdev_type"))
    return os.path.basename(os.path.dirname(os.path.dirname(path)))


def discover(selector):
    for device in sorted(os.listdir(DEVICES)):
        if not os.path.islink(os.path.join(DEVICES, device)):
            continue
        if not matches(os.path.join(DEVICES, device, "mdev_type"), selector):
            continue
        parent = parent_of(device)
        if not PCI_ADDRESS.match(parent):
            sys.exit(f"{device}: its parent {parent} is not on the PCI bus")
        group = os.path.basename(os.readlink(os.path.join(DEVICES, device, "iommu_group")))
        # Its health is that of this file, and the launcher is given it.
        if not os.path.exists(f"/dev/vfio/{group}"):
            sys.exit(f"{device}: there is no /dev/vfio/{group}")
        print(json.dumps({
            "uuid": device,
            "parent": parent,
            "numa_node": int(read(PCI, parent, "numa_node")),
            "iommu_group": int(group),
        }))


def remove(selector):
    for device in os.listdir(DEVICES):
        if matches(os.path.join(DEVICES, device, "mdev_type"), selector):
            write("1", DEVICES, device, "remove")


{"create": create, "discover": discover, "remove": remove}[sys.argv[1]](sys.argv[2])
