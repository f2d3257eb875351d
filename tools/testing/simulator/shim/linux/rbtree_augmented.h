/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel's header has and its copy for programs lacks. */
#ifndef _SHIM_RBTREE_AUGMENTED_H
#define _SHIM_RBTREE_AUGMENTED_H

#include_next <linux/rbtree_augmented.h>

static inline void rb_add_augmented_cached(struct rb_node *node, struct rb_root_cached *tree,
					   bool (*less)(struct rb_node *, const struct rb_node *),
					   const struct rb_augment_callbacks *augment)
{
	struct rb_node **at = &tree->rb_root.rb_node, *parent = NULL;
	bool leftmost = true;

	while (*at) {
		parent = *at;
		if (less(node, parent)) {
			at = &parent->rb_left;
		} else {
			at = &parent->rb_right;
			leftmost = false;
		}
	}
	rb_link_node(node, parent, at);
	augment->propagate(parent, NULL);
	rb_insert_augmented_cached(node, tree, leftmost, augment);
}

#endif
