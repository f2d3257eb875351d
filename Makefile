# SPDX-License-Identifier: GPL-2.0-only
# gpup: GPU partitioning for Linux. See "make help".

KDIR	?= /lib/modules/$(shell uname -r)/build
prefix	?= /usr/local
CHECKS	:= tools/testing/checks

# Out of tree, all of gpup is built as modules.
CONFIGS	:= CONFIG_DRM_GPUP=m CONFIG_DRM_GPUP_SOFT=m CONFIG_DRM_GPUP_MDEV=m \
	   CONFIG_DRM_GPUP_GUEST=m CONFIG_DRM_GPUP_KUNIT_TEST=n
MODULES	:= drivers/gpup/gpup drivers/gpup/mdev/gpup_mdev drivers/gpup/soft/gpup_soft guest/drm/gpup_guest

.PHONY: all modules tools selftests demo bench deb check check-soak install uninstall \
	modules_install modules_uninstall install-tools uninstall-tools install-selftests clean help

all: modules tools

modules:
	@test -d "$(KDIR)" || { \
		echo "There are no kernel headers at $(KDIR)." >&2; \
		echo "Install them (Debian: apt-get install linux-headers-$$(uname -r)) or say KDIR=..." >&2; \
		exit 1; }
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(CONFIGS) modules

tools:
	$(MAKE) -C guest/umd
	$(MAKE) -C tools/gpup

selftests: tools
	$(MAKE) -C tools/testing/selftests/gpup

demo:
	tools/testing/demo/run

bench:
	tools/testing/bench/run

deb:
	tools/testing/testbed/testbed deb

check:
	$(CHECKS)/run-all

check-soak:
	$(CHECKS)/run-all --soak

install: modules_install install-tools

modules_install:
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(CONFIGS) modules_install

install-tools:
	$(MAKE) -C guest/umd install prefix=$(prefix) DESTDIR=$(DESTDIR)
	$(MAKE) -C tools/gpup install prefix=$(prefix) DESTDIR=$(DESTDIR)

uninstall: modules_uninstall uninstall-tools

# By name: the directory is shared with modules of others.
modules_uninstall:
	release=$$($(MAKE) -s -C $(KDIR) kernelrelease) && \
	modules=$(INSTALL_MOD_PATH)/lib/modules/$$release && \
	for module in $(MODULES); do rm -f $$modules/updates/$$module.ko*; done && \
	rmdir -p --ignore-fail-on-non-empty $(dir $(MODULES:%=$$modules/updates/%)) 2>/dev/null; \
	test ! -d $$modules || depmod $(if $(INSTALL_MOD_PATH),-b $(INSTALL_MOD_PATH)) $$release

uninstall-tools:
	$(MAKE) -C tools/gpup uninstall prefix=$(prefix) DESTDIR=$(DESTDIR)
	$(MAKE) -C guest/umd uninstall prefix=$(prefix) DESTDIR=$(DESTDIR)

install-selftests:
	$(MAKE) -C tools/testing/selftests/gpup install prefix=$(prefix) DESTDIR=$(DESTDIR)

clean:
	-test ! -d "$(KDIR)" || $(MAKE) -C $(KDIR) M=$(CURDIR) $(CONFIGS) clean
	$(MAKE) -C guest/umd clean
	$(MAKE) -C tools/gpup clean
	$(MAKE) -C tools/testing/selftests/gpup clean

help:
	@echo "make             build the modules for the running kernel (or KDIR=...) and the tools"
	@echo "make install     install both (DESTDIR=, INSTALL_MOD_PATH=, prefix=$(prefix))"
	@echo "make uninstall   remove what make install has put there, given the same variables"
	@echo "make deb         Debian packages, into build/deb/"
	@echo "make demo        one GPU, two virtual machines and the host: the whole way, shown"
	@echo "make bench       the same benchmark on a host and in its virtual machines"
	@echo "make check       all tests; what they need is fetched and cached in build/"
	@echo "make check-soak  the same, with the long ones"
	@echo "make clean       remove what the build made (rm -r build removes the caches too)"
