#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What OpenStack Nova's libvirt driver looks up and does with mediated devices.

    inventory TYPE      its count of a type for each GPU; prints JSON
    create TYPE         one more, as Nova does with libvirt from 7.3 on: defined, started, and
                        made to start by itself; prints its UUID
    create-sysfs TYPE   the same as Nova does it with older libvirt
    information UUID    what it takes from libvirt about one; prints JSON

Follows Nova's nova/virt/libvirt/driver.py, config.py and nova/privsep/libvirt.py.
"""
import json
import sys
import uuid
import xml.etree.ElementTree as ET

import libvirt

connection = libvirt.open("qemu:///system")


def describe(name):
    return ET.fromstring(connection.nodeDeviceLookupByName(name).XMLDesc(0))


def address_of(name):
    """The PCI address in a node device's name, such as pci_0000_84_00_0."""
    return "{}:{}:{}.{}".format(*name[4:].split("_"))


def capable_devices(wanted):
    """Name, address and free instances of each GPU that has the type."""
    for name in connection.listDevices("mdev_types", 0):
        pci = describe(name).find("capability[@type='pci']")
        for entry in pci.findall("capability[@type='mdev_types']/type"):
            if entry.get("id") == wanted:
                if entry.findtext("deviceAPI") != "vfio-pci" or not entry.findtext("name"):
                    sys.exit(f"{name}: {wanted} has no name, or is not for vfio-pci")
                yield name, address_of(name), int(entry.findtext("availableInstances"))


def mediated_devices(wanted=None):
    for name in connection.listDevices("mdev", 0):
        device = describe(name)
        capability = device.find("capability[@type='mdev']")
        if wanted in (None, capability.find("type").get("id")):
            yield {
                "dev_id": device.findtext("name"),
                "uuid": capability.findtext("uuid"),
                "parent": device.findtext("parent"),
                "type": capability.find("type").get("id"),
                "iommu_group": int(capability.find("iommuGroup").get("number")),
            }


def inventory(wanted):
    for name, address, free in capable_devices(wanted):
        used = sum(device["parent"] == name for device in mediated_devices(wanted))
        print(json.dumps({"parent": address, "total": free + used, "used": used}))


def first_free(wanted):
    for name, address, free in capable_devices(wanted):
        if free > 0:
            return name, address
    sys.exit(f"no GPU has a {wanted} left")


def create(wanted):
    device = ET.Element("device")
    ET.SubElement(device, "parent").text = first_free(wanted)[0]
    capability = ET.SubElement(device, "capability", type="mdev")
    ET.SubElement(capability, "type", id=wanted)
    ET.SubElement(capability, "uuid").text = str(uuid.uuid4())
    defined = connection.nodeDeviceDefineXML(ET.tostring(device, encoding="unicode"), 0)
    defined.create(0)
    defined.setAutostart(True)
    print(capability.findtext("uuid"))


def create_sysfs(wanted):
    new = str(uuid.uuid4())
    path = f"/sys/class/mdev_bus/{first_free(wanted)[1]}/mdev_supported_types/{wanted}/create"
    with open(path, "w", encoding="ascii") as f:
        f.write(new)
    print(new)


def information(wanted):
    for device in mediated_devices():
        if device["uuid"] == wanted:
            print(json.dumps(device))
            return
    sys.exit(f"libvirt does not know a mediated device {wanted}")


{
    "inventory": inventory, "create": create, "create-sysfs": create_sysfs,
    "information": information,
}[sys.argv[1]](sys.argv[2])
