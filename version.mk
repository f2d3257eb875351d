# SPDX-License-Identifier: MIT
# The version of gpup, for all that has one. debian/rules wants debian/changelog to agree.
VERSION	:= 0.1.0
