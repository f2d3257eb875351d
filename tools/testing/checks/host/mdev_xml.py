#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Prints the XML of a mediated device for libvirt: PARENT TYPE [ATTRIBUTE VALUE]..."""
import sys
import xml.etree.ElementTree as ET

parent, mdev_type, *attributes = sys.argv[1:]
device = ET.Element("device")
ET.SubElement(device, "parent").text = parent
capability = ET.SubElement(device, "capability", type="mdev")
ET.SubElement(capability, "type", id=mdev_type)
for name, value in zip(attributes[::2], attributes[1::2]):
    ET.SubElement(capability, "attr", name=name, value=value)
ET.indent(device)
print(ET.tostring(device, encoding="unicode"))
