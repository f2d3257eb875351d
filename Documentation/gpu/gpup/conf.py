# SPDX-License-Identifier: GPL-2.0-only
# Of sphinx, to build the book outside a kernel tree. LINUX is a kernel source, or of one
# Documentation/sphinx and scripts/kernel-doc: they read the comments in the code.
import os
import sys

top = os.path.abspath(os.path.join(os.path.dirname(__file__), '../../..'))
linux = os.environ['LINUX']
sys.path.insert(0, os.path.join(linux, 'Documentation/sphinx'))
os.environ['srctree'] = top
os.environ.setdefault('KERNELVERSION', '6.12')

extensions = ['kerneldoc']
project = 'gpup'
master_doc = 'index'
primary_domain = 'c'
highlight_language = 'none'
html_show_sphinx = False
kerneldoc_bin = os.path.join(linux, 'scripts/kernel-doc')
kerneldoc_srctree = top
