# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Where things are, for the stages.
TOP=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../../.." && pwd)
OUT=$TOP/build/check
TESTBED=$TOP/tools/testing/testbed/testbed
export TOP OUT TESTBED
mkdir -p "$OUT"
