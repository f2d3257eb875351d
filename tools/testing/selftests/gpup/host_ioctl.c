// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every ioctl of the host's render node and every field of it, with values at and beyond its
 * bounds. What is refused changes nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "host.h"
#include "partition.h"
#include "template.h"

#define SIZE		(256 * KIB)

FIXTURE(node) {
	struct host host;
	int fd;
	uint64_t vram_used;
	uint64_t system_used;
};

FIXTURE_SETUP(node)
{
	host_create(&self->host, SIZE);
	self->fd = self->host.fd;
	self->vram_used = partition_get("host", "vram_used");
	self->system_used = partition_get("host", "system_used");
}

FIXTURE_TEARDOWN(node)
{
	EXPECT_EQ(self->vram_used, partition_get("host", "vram_used"));
	EXPECT_EQ(self->system_used, partition_get("host", "system_used"));
	/* Everything works as before. */
	EXPECT_TRUE(host_works(&self->host));
	host_destroy(&self->host);
}

#define FIELD(_type, _field)	FIELD_OF(struct drm_gpup_##_type, _field)

static int send_ioctl(const struct template *t)
{
	struct template copy = *t;

	return host_ioctl(t->fd, t->request, copy.body);
}

static void template_init(struct template *t, int fd, unsigned long request, const void *args)
{
	*t = (struct template){ .send = send_ioctl, .fd = fd, .request = request };
	template_set(t, args, _IOC_SIZE(request));
}

/* Nothing is at the address that is passed. */
static int bad_pointer(const struct template *t)
{
	int errors = 0;

	errors += host_ioctl(t->fd, t->request, NULL) != -EFAULT;
	errors += host_ioctl(t->fd, t->request, (void *)8) != -EFAULT;
	errors += host_ioctl(t->fd, t->request, (void *)-(uintptr_t)PAGE) != -EFAULT;
	return errors;
}

/* An address of which nothing can be read or written. */
static uint64_t nowhere(void)
{
	static void *page;

	if (!page)
		page = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return (uintptr_t)page;
}

TEST_F(node, dev_query)
{
	struct drm_gpup_adapter_info adapter, guarded[2];
	struct drm_gpup_partition_info partition;
	struct drm_gpup_memory_info memory;
	struct drm_gpup_dev_query args = {
		.type = DRM_GPUP_QUERY_ADAPTER,
		.size = sizeof(adapter),
		.pointer = (uintptr_t)&adapter,
	};
	struct template t;

	template_init(&t, self->fd, DRM_IOCTL_GPUP_DEV_QUERY, &args);
	EXPECT_EQ(0, bad_pointer(&t));
	EXPECT_EQ(0, VALUES(&t, FIELD(dev_query, type), -EINVAL, DRM_GPUP_QUERY_PARTITION + 1,
			    100, 1u << 31, UINT32_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(dev_query, pointer), -EFAULT, 1, nowhere(), UINT64_MAX,
			    1ull << 63));

	ASSERT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_DEV_QUERY, &args));
	EXPECT_EQ(sizeof(adapter), args.size);
	EXPECT_EQ(0, adapter.is_virtual);
	EXPECT_EQ(adapter_number("vram_total"), adapter.vram_size);
	EXPECT_STREQ(GPUP_SOFT_ISA_NAME, adapter.isa);

	/* Only the size is asked for; a buffer that is too small, and one that is too large. */
	args.pointer = 0;
	args.size = 0;
	ASSERT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_DEV_QUERY, &args));
	EXPECT_EQ(sizeof(adapter), args.size);
	memset(guarded, 0x5a, sizeof(guarded));
	args.pointer = (uintptr_t)guarded;
	args.size = 8;
	ASSERT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_DEV_QUERY, &args));
	EXPECT_EQ(sizeof(adapter), args.size);
	EXPECT_EQ(0, memcmp(guarded, &adapter, 8));
	EXPECT_EQ(0x5a, ((uint8_t *)guarded)[8]);
	args.size = UINT32_MAX;
	ASSERT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_DEV_QUERY, &args));
	EXPECT_EQ(sizeof(adapter), args.size);
	EXPECT_EQ(0, memcmp(guarded, &adapter, sizeof(adapter)));
	EXPECT_EQ(0x5a, ((uint8_t *)guarded)[sizeof(adapter)]);

	args = (struct drm_gpup_dev_query){
		.type = DRM_GPUP_QUERY_PARTITION,
		.size = sizeof(partition),
		.pointer = (uintptr_t)&partition,
	};
	ASSERT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_DEV_QUERY, &args));
	EXPECT_STREQ("host", partition.name);
	EXPECT_EQ(0, partition.id);
	args = (struct drm_gpup_dev_query){
		.type = DRM_GPUP_QUERY_MEMORY,
		.size = sizeof(memory),
		.pointer = (uintptr_t)&memory,
	};
	ASSERT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_DEV_QUERY, &args));
	EXPECT_EQ(self->vram_used, memory.vram_used);
	EXPECT_EQ(self->system_used, memory.system_used);

	/* A program that knows the first version only gets no more than that. */
	memset(&memory, 0x5a, sizeof(memory));
	args.size = offsetof(struct drm_gpup_memory_info, vram_budget);
	ASSERT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_DEV_QUERY, &args));
	EXPECT_EQ(sizeof(memory), args.size);
	EXPECT_EQ(self->vram_used, memory.vram_used);
	EXPECT_EQ(0x5a5a5a5a5a5a5a5a, memory.vram_budget);
	EXPECT_EQ(0x5a5a5a5a5a5a5a5a, memory.trims);
}

TEST_F(node, bo_create)
{
	struct drm_gpup_bo_create args = { .size = PAGE, .flags = DRM_GPUP_BO_VRAM };
	uint64_t vram = adapter_number("vram_total");
	struct template t;

	template_init(&t, self->fd, DRM_IOCTL_GPUP_BO_CREATE, &args);
	EXPECT_EQ(0, bad_pointer(&t));
	EXPECT_EQ(0, VALUES(&t, FIELD(bo_create, size), -EINVAL, 0, 1ull << 63, UINT64_MAX,
			    INT64_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(bo_create, size), -ENOMEM, vram, vram + PAGE, vram * 2,
			    1ull << 40, 1ull << 62));
	EXPECT_EQ(0, VALUES(&t, FIELD(bo_create, flags), -EINVAL, 0, DRM_GPUP_BO_NO_MMAP,
			    DRM_GPUP_BO_VRAM | DRM_GPUP_BO_SYSTEM, DRM_GPUP_BO_VRAM | 1 << 3,
			    DRM_GPUP_BO_VRAM | 1u << 31, UINT32_MAX));
	args.flags = DRM_GPUP_BO_SYSTEM;
	template_init(&t, self->fd, DRM_IOCTL_GPUP_BO_CREATE, &args);
	EXPECT_EQ(0, VALUES(&t, FIELD(bo_create, size), -EINVAL, 0, 1ull << 63, UINT64_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(bo_create, size), -ENOMEM, 1ull << 44, 1ull << 62));

	/* Sizes are rounded up, and new objects are zero. */
	args = (struct drm_gpup_bo_create){ .size = PAGE + 1, .flags = DRM_GPUP_BO_VRAM };
	ASSERT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_BO_CREATE, &args));
	EXPECT_EQ(2 * PAGE, args.size);
	EXPECT_NE(0, args.handle);
	EXPECT_EQ(self->vram_used + 2 * PAGE, partition_get("host", "vram_used"));
	EXPECT_EQ(0, host_gem_close(self->fd, args.handle));
	EXPECT_EQ(-EINVAL, host_gem_close(self->fd, args.handle));
}

TEST_F(node, bo_mmap_offset)
{
	struct drm_gpup_bo_mmap_offset args = { .handle = self->host.vram_bo };
	struct template t;
	uint32_t hidden;

	template_init(&t, self->fd, DRM_IOCTL_GPUP_BO_MMAP_OFFSET, &args);
	EXPECT_EQ(0, bad_pointer(&t));
	EXPECT_EQ(0, VALUES(&t, FIELD(bo_mmap_offset, handle), -ENOENT, 0, 1000, UINT32_MAX));
	EXPECT_EQ(0, unknown_bits(&t, FIELD(bo_mmap_offset, pad), 0));
	ASSERT_EQ(0, host_bo_create(self->fd, DRM_GPUP_BO_VRAM | DRM_GPUP_BO_NO_MMAP, PAGE,
				    &hidden));
	EXPECT_EQ(-EINVAL, send_with(&t, FIELD(bo_mmap_offset, handle), hidden));
	EXPECT_EQ(0, host_gem_close(self->fd, hidden));
	EXPECT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_BO_MMAP_OFFSET, &args));
	EXPECT_NE(0, args.offset);
	EXPECT_EQ(0, args.offset % PAGE);
}

TEST_F(node, bo_advise)
{
	struct drm_gpup_bo_advise args = { .handle = self->host.vram_bo };
	struct template t;

	template_init(&t, self->fd, DRM_IOCTL_GPUP_BO_ADVISE, &args);
	EXPECT_EQ(0, bad_pointer(&t));
	EXPECT_EQ(0, VALUES(&t, FIELD(bo_advise, handle), -ENOENT, 0, 1000, UINT32_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(bo_advise, advice), -EINVAL, 2, 1u << 31, UINT32_MAX));
	EXPECT_EQ(0, unknown_bits(&t, FIELD(bo_advise, pad), 0));
	args.advice = DRM_GPUP_BO_DONT_NEED;
	EXPECT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_BO_ADVISE, &args));
	args.advice = DRM_GPUP_BO_WILL_NEED;
	EXPECT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_BO_ADVISE, &args));
	EXPECT_EQ(1, args.retained);
}

TEST_F(node, vm_create)
{
	struct drm_gpup_vm_create args = {};
	struct template t;

	template_init(&t, self->fd, DRM_IOCTL_GPUP_VM_CREATE, &args);
	EXPECT_EQ(0, bad_pointer(&t));
	EXPECT_EQ(0, unknown_bits(&t, FIELD(vm_create, flags), 0));
	ASSERT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_VM_CREATE, &args));
	EXPECT_NE(0, args.vm);
	EXPECT_EQ(0, host_vm_destroy(self->fd, args.vm));
}

/* Handles of address spaces and queues: none, other ones, stale ones. */
static int wrong_handles(const struct template *t, struct field field, uint32_t good,
			 uint32_t other_kind)
{
	return VALUES(t, field, -ENOENT, 0, 1, UINT32_MAX, good ^ 0x10000, good ^ 0x70000,
		      good ^ 0x80, good & 0xffff, other_kind);
}

TEST_F(node, vm_destroy)
{
	struct drm_gpup_vm_destroy args = {};
	struct template t;
	uint32_t stale;

	ASSERT_EQ(0, host_vm_create(self->fd, &args.vm));
	template_init(&t, self->fd, DRM_IOCTL_GPUP_VM_DESTROY, &args);
	EXPECT_EQ(0, bad_pointer(&t));
	EXPECT_EQ(0, unknown_bits(&t, FIELD(vm_destroy, pad), 0));
	EXPECT_EQ(0, VALUES(&t, FIELD(vm_destroy, vm), -ENOENT, 0, 1, UINT32_MAX,
			    args.vm ^ 0x10000, args.vm & 0xffff, self->host.compute));
	/* One that a queue uses. */
	EXPECT_EQ(-EBUSY, send_with(&t, FIELD(vm_destroy, vm), self->host.vm));
	EXPECT_EQ(0, host_vm_destroy(self->fd, args.vm));
	EXPECT_EQ(-ENOENT, host_vm_destroy(self->fd, args.vm));

	/* The index is used again, the handle is not. */
	stale = args.vm;
	ASSERT_EQ(0, host_vm_create(self->fd, &args.vm));
	EXPECT_EQ(stale & 0xffff, args.vm & 0xffff);
	EXPECT_NE(stale, args.vm);
	EXPECT_EQ(-ENOENT, host_vm_destroy(self->fd, stale));
	EXPECT_EQ(0, host_vm_destroy(self->fd, args.vm));
}

TEST_F(node, vm_get_state)
{
	struct drm_gpup_vm_get_state args = { .vm = self->host.vm };
	struct template t;

	template_init(&t, self->fd, DRM_IOCTL_GPUP_VM_GET_STATE, &args);
	EXPECT_EQ(0, bad_pointer(&t));
	EXPECT_EQ(0, unknown_bits(&t, FIELD(vm_get_state, pad), 0));
	EXPECT_EQ(0, wrong_handles(&t, FIELD(vm_get_state, vm), self->host.vm,
				   self->host.compute));
	EXPECT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_VM_GET_STATE, &args));
	EXPECT_EQ(DRM_GPUP_VM_USABLE, args.state);
	EXPECT_EQ(0, args.error);
}

/* A VM_BIND with the operation @op. */
static int bind_op(struct host *host, const struct drm_gpup_bind_op *op)
{
	struct drm_gpup_vm_bind args = { .vm = host->vm, .ops = DRM_GPUP_OBJ_ARRAY(1, op) };

	return host_ioctl(host->fd, DRM_IOCTL_GPUP_VM_BIND, &args);
}

/* Returns how many values of one field of an operation were not refused. */
static int wrong_op(struct host *host, const struct drm_gpup_bind_op *op, struct field field,
		    int error, const uint64_t *values, unsigned int count)
{
	unsigned int i;
	int ret, errors = 0;

	for (i = 0; i < count; i++) {
		struct drm_gpup_bind_op changed = *op;

		memcpy((uint8_t *)&changed + field.offset, &values[i], field.size);
		ret = bind_op(host, &changed);
		if (ret == error)
			continue;
		printf("# bind, field at %u: value %#llx gives %d, not %d\n", field.offset,
		       (unsigned long long)values[i], ret, error);
		errors++;
	}
	return errors;
}

#define OP_VALUES(_op, _field, _error, ...) \
	wrong_op(&self->host, _op, FIELD(bind_op, _field), _error, \
		 (const uint64_t[]){ __VA_ARGS__ }, \
		 sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

TEST_F(node, vm_bind_ops)
{
	const uint64_t page = PAGE;
	struct drm_gpup_adapter_info info;
	struct drm_gpup_dev_query query = {
		.size = sizeof(info),
		.pointer = (uintptr_t)&info,
	};
	struct drm_gpup_bind_op op = {
		.op = DRM_GPUP_BIND_MAP,
		.handle = self->host.vram_bo,
		.va = 0x40000000,
		.size = SIZE,
	};

	ASSERT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_DEV_QUERY, &query));
	EXPECT_EQ(0, OP_VALUES(&op, op, -EINVAL, DRM_GPUP_BIND_UNMAP, 2, 1u << 31, UINT32_MAX));
	EXPECT_EQ(0, OP_VALUES(&op, flags, -EINVAL, 2, 4, 1u << 31, UINT32_MAX));
	EXPECT_EQ(0, OP_VALUES(&op, handle, -ENOENT, 0, 1000, UINT32_MAX));
	EXPECT_EQ(0, OP_VALUES(&op, pad, -EINVAL, 1, 1u << 31, UINT32_MAX));
	EXPECT_EQ(0, OP_VALUES(&op, bo_offset, -EINVAL, 1, page - 1, page, SIZE, 1ull << 63,
			       -page, -SIZE, UINT64_MAX));
	EXPECT_EQ(0, OP_VALUES(&op, va, -EINVAL, 0, info.va_start - page, op.va + 1, op.va + 8,
			       info.va_end, info.va_end - page, 1ull << 63, -page, -SIZE,
			       UINT64_MAX));
	EXPECT_EQ(0, OP_VALUES(&op, size, -EINVAL, 0, 1, page - 1, page + 1, SIZE + page,
			       1ull << 63, -page, UINT64_MAX));
	EXPECT_EQ(0, bind_op(&self->host, &op));
	op.va = info.va_end - SIZE;
	EXPECT_EQ(0, bind_op(&self->host, &op));

	op = (struct drm_gpup_bind_op){
		.op = DRM_GPUP_BIND_UNMAP,
		.va = 0x40000000,
		.size = SIZE,
	};
	EXPECT_EQ(0, OP_VALUES(&op, handle, -EINVAL, 1, self->host.vram_bo, UINT32_MAX));
	EXPECT_EQ(0, OP_VALUES(&op, flags, -EINVAL, 1, 2, UINT32_MAX));
	EXPECT_EQ(0, OP_VALUES(&op, bo_offset, -EINVAL, 1, page, UINT64_MAX));
	EXPECT_EQ(0, OP_VALUES(&op, pad, -EINVAL, 1));
	EXPECT_EQ(0, bind_op(&self->host, &op));
	/* Holes are no error. */
	EXPECT_EQ(0, bind_op(&self->host, &op));
}

/* An array's own fields; @field is that of the array in the template. */
static int wrong_array(const struct template *t, uint32_t offset, uint32_t max, uint32_t size)
{
	const struct field stride = { offset, 4 }, count = { offset + 4, 4 };
	const struct field array = { offset + 8, 8 };

	return VALUES(t, stride, -EINVAL, 0, 1, size - 1, PAGE + 1, UINT32_MAX) +
	       VALUES(t, count, -EINVAL, max + 1, 1u << 31, UINT32_MAX) +
	       VALUES(t, array, -EFAULT, 0, 8, nowhere(), 1ull << 63, UINT64_MAX - 7);
}

TEST_F(node, vm_bind)
{
	struct {
		struct drm_gpup_bind_op op;
		uint64_t more[2];
	} longer = {
		.op = { .op = DRM_GPUP_BIND_MAP, .handle = self->host.vram_bo,
			.va = 0x40000000, .size = SIZE },
	};
	struct drm_gpup_sync sync = {
		.flags = DRM_GPUP_SYNC_SIGNAL,
		.handle = self->host.syncobj,
	};
	struct drm_gpup_vm_bind args = {
		.vm = self->host.vm,
		.flags = DRM_GPUP_VM_BIND_ASYNC,
		.ops = DRM_GPUP_OBJ_ARRAY(1, &longer.op),
		.syncs = DRM_GPUP_OBJ_ARRAY(1, &sync),
	};
	struct template t;

	template_init(&t, self->fd, DRM_IOCTL_GPUP_VM_BIND, &args);
	EXPECT_EQ(0, bad_pointer(&t));
	EXPECT_EQ(0, wrong_handles(&t, FIELD(vm_bind, vm), self->host.vm, self->host.compute));
	EXPECT_EQ(0, unknown_bits(&t, FIELD(vm_bind, flags), DRM_GPUP_VM_BIND_ASYNC));
	/* Syncs are for asynchronous ones. */
	EXPECT_EQ(-EINVAL, send_with(&t, FIELD(vm_bind, flags), 0));
	EXPECT_EQ(0, wrong_array(&t, offsetof(struct drm_gpup_vm_bind, ops),
				 DRM_GPUP_MAX_BIND_OPS, sizeof(longer.op)));
	EXPECT_EQ(0, wrong_array(&t, offsetof(struct drm_gpup_vm_bind, syncs),
				 DRM_GPUP_MAX_SYNCS, sizeof(sync)));
	EXPECT_EQ(-EINVAL, send_with(&t, FIELD(vm_bind, ops.count), 0));
	EXPECT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_VM_BIND, &args));
	EXPECT_EQ(0, host_syncobj_wait(self->fd, self->host.syncobj, 0));

	/* Longer elements are taken, as long as the rest is zero. */
	args.ops.stride = sizeof(longer);
	args.syncs.count = 0;
	EXPECT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_VM_BIND, &args));
	longer.more[1] = 1ull << 63;
	EXPECT_EQ(-E2BIG, host_ioctl(self->fd, DRM_IOCTL_GPUP_VM_BIND, &args));
}

/* If one operation is wrong, none is carried out. */
TEST_F(node, vm_bind_all_or_nothing)
{
	struct drm_gpup_bind_op ops[] = {
		{ .op = DRM_GPUP_BIND_UNMAP, .va = HOST_VRAM_VA, .size = SIZE },
		{ .op = DRM_GPUP_BIND_MAP, .handle = 1000, .va = HOST_VRAM_VA, .size = SIZE },
	};
	struct drm_gpup_vm_bind args = {
		.vm = self->host.vm,
		.ops = DRM_GPUP_OBJ_ARRAY(2, ops),
	};

	EXPECT_EQ(-ENOENT, host_ioctl(self->fd, DRM_IOCTL_GPUP_VM_BIND, &args));
	ops[1].handle = self->host.vram_bo;
	ops[1].bo_offset = PAGE;
	EXPECT_EQ(-EINVAL, host_ioctl(self->fd, DRM_IOCTL_GPUP_VM_BIND, &args));
	/* The teardown uses what is mapped there. */
}

TEST_F(node, queue_create)
{
	struct drm_gpup_queue_create args = {
		.vm = self->host.vm,
		.engine_class = DRM_GPUP_ENGINE_COPY,
		.priority = DRM_GPUP_QUEUE_PRIORITY_NORMAL,
	};
	struct template t;
	uint32_t priority;

	template_init(&t, self->fd, DRM_IOCTL_GPUP_QUEUE_CREATE, &args);
	EXPECT_EQ(0, bad_pointer(&t));
	EXPECT_EQ(0, wrong_handles(&t, FIELD(queue_create, vm), self->host.vm,
				   self->host.compute));
	EXPECT_EQ(0, VALUES(&t, FIELD(queue_create, engine_class), -EINVAL,
			    DRM_GPUP_ENGINE_CLASSES, 1u << 31, UINT32_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(queue_create, priority), -EINVAL, 3, 1u << 31,
			    UINT32_MAX));
	for (priority = 0; priority <= DRM_GPUP_QUEUE_PRIORITY_HIGH; priority++) {
		args.priority = priority;
		ASSERT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_QUEUE_CREATE, &args));
		EXPECT_NE(0, args.queue);
		EXPECT_EQ(0, host_queue_destroy(self->fd, args.queue));
	}
}

TEST_F(node, queue_destroy)
{
	struct drm_gpup_queue_destroy args = {};
	struct template t;
	uint32_t again;

	ASSERT_EQ(0, host_queue_create(self->fd, self->host.vm, DRM_GPUP_ENGINE_COPY,
				       &args.queue));
	template_init(&t, self->fd, DRM_IOCTL_GPUP_QUEUE_DESTROY, &args);
	EXPECT_EQ(0, bad_pointer(&t));
	EXPECT_EQ(0, unknown_bits(&t, FIELD(queue_destroy, pad), 0));
	EXPECT_EQ(0, wrong_handles(&t, FIELD(queue_destroy, queue), args.queue, self->host.vm));
	EXPECT_EQ(0, host_queue_destroy(self->fd, args.queue));
	EXPECT_EQ(-ENOENT, host_queue_destroy(self->fd, args.queue));
	ASSERT_EQ(0, host_queue_create(self->fd, self->host.vm, DRM_GPUP_ENGINE_COPY, &again));
	EXPECT_EQ(args.queue & 0xffff, again & 0xffff);
	EXPECT_EQ(-ENOENT, host_queue_destroy(self->fd, args.queue));
	EXPECT_EQ(0, host_queue_destroy(self->fd, again));
}

TEST_F(node, queue_get_state)
{
	struct drm_gpup_queue_get_state args = { .queue = self->host.copy };
	struct template t;

	template_init(&t, self->fd, DRM_IOCTL_GPUP_QUEUE_GET_STATE, &args);
	EXPECT_EQ(0, bad_pointer(&t));
	EXPECT_EQ(0, unknown_bits(&t, FIELD(queue_get_state, pad), 0));
	EXPECT_EQ(0, wrong_handles(&t, FIELD(queue_get_state, queue), self->host.copy,
				   self->host.vm));
	EXPECT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_QUEUE_GET_STATE, &args));
	EXPECT_EQ(DRM_GPUP_QUEUE_RUNNING, args.state);
	EXPECT_EQ(0, args.error);
	EXPECT_EQ(0, args.submitted);
	EXPECT_EQ(0, args.completed);
}

static uint64_t submitted(struct host *host, uint32_t queue)
{
	struct drm_gpup_queue_get_state args = { .queue = queue };

	return host_ioctl(host->fd, DRM_IOCTL_GPUP_QUEUE_GET_STATE, &args) ? UINT64_MAX :
	       args.submitted;
}

TEST_F(node, queue_submit)
{
	struct drm_gpup_job job = { .stream_addr = HOST_STREAM_VA };
	struct drm_gpup_queue_submit args = {
		.queue = self->host.copy,
		.jobs = DRM_GPUP_OBJ_ARRAY(1, &job),
	};
	struct template t;

	template_init(&t, self->fd, DRM_IOCTL_GPUP_QUEUE_SUBMIT, &args);
	EXPECT_EQ(0, bad_pointer(&t));
	EXPECT_EQ(0, unknown_bits(&t, FIELD(queue_submit, pad), 0));
	EXPECT_EQ(0, wrong_handles(&t, FIELD(queue_submit, queue), self->host.copy,
				   self->host.vm));
	EXPECT_EQ(0, wrong_array(&t, offsetof(struct drm_gpup_queue_submit, jobs),
				 DRM_GPUP_MAX_JOBS, sizeof(job)));
	EXPECT_EQ(-EINVAL, send_with(&t, FIELD(queue_submit, jobs.count), 0));
	EXPECT_EQ(0, submitted(&self->host, self->host.copy));
	EXPECT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_QUEUE_SUBMIT, &args));
	EXPECT_EQ(1, args.value);
}

/* Two jobs, of which the second is @job; the first is right. */
static int submit_two(struct host *host, const struct drm_gpup_job *job)
{
	struct drm_gpup_job jobs[] = { {}, *job };
	struct drm_gpup_queue_submit args = {
		.queue = host->copy,
		.jobs = DRM_GPUP_OBJ_ARRAY(2, jobs),
	};

	return host_ioctl(host->fd, DRM_IOCTL_GPUP_QUEUE_SUBMIT, &args);
}

#define JOB(...) submit_two(&self->host, &(const struct drm_gpup_job){ __VA_ARGS__ })

TEST_F(node, jobs)
{
	struct drm_gpup_sync sync = {
		.flags = DRM_GPUP_SYNC_SIGNAL,
		.handle = self->host.syncobj,
	};
	struct drm_gpup_obj_array one = DRM_GPUP_OBJ_ARRAY(1, &sync);
	struct drm_gpup_obj_array array;

	EXPECT_EQ(-EINVAL, JOB(.pad = 1));
	EXPECT_EQ(-EINVAL, JOB(.pad = 1u << 31));
	EXPECT_EQ(-EINVAL, JOB(.stream_addr = 1));
	EXPECT_EQ(-EINVAL, JOB(.stream_addr = HOST_STREAM_VA + 4, .stream_size = 8));
	EXPECT_EQ(-EINVAL, JOB(.stream_addr = UINT64_MAX));
	EXPECT_EQ(-EINVAL, JOB(.stream_size = 1));
	EXPECT_EQ(-EINVAL, JOB(.stream_size = 4));
	EXPECT_EQ(-EINVAL, JOB(.stream_size = DRM_GPUP_MAX_STREAM_SIZE + 8));
	EXPECT_EQ(-EINVAL, JOB(.stream_size = UINT32_MAX));

	array = one;
	array.count = DRM_GPUP_MAX_SYNCS + 1;
	EXPECT_EQ(-EINVAL, JOB(.syncs = array));
	array.count = UINT32_MAX;
	EXPECT_EQ(-EINVAL, JOB(.syncs = array));
	array = one;
	array.stride = sizeof(sync) - 1;
	EXPECT_EQ(-EINVAL, JOB(.syncs = array));
	array.stride = 0;
	EXPECT_EQ(-EINVAL, JOB(.syncs = array));
	array = one;
	array.array = nowhere();
	EXPECT_EQ(-EFAULT, JOB(.syncs = array));

	/* Syncs themselves. */
	sync.handle = 0;
	EXPECT_EQ(-ENOENT, JOB(.syncs = one));
	sync.handle = 1000;
	EXPECT_EQ(-ENOENT, JOB(.syncs = one));
	sync.flags = DRM_GPUP_SYNC_WAIT;
	EXPECT_EQ(-ENOENT, JOB(.syncs = one));
	sync.handle = self->host.syncobj;
	sync.flags = 1 << 2;
	EXPECT_EQ(-EINVAL, JOB(.syncs = one));
	sync.flags = DRM_GPUP_SYNC_SIGNAL | 1u << 31;
	EXPECT_EQ(-EINVAL, JOB(.syncs = one));
	sync.flags = DRM_GPUP_SYNC_SIGNAL;
	sync.point = 1;
	EXPECT_EQ(-EINVAL, JOB(.syncs = one));
	sync.flags = DRM_GPUP_SYNC_SIGNAL | DRM_GPUP_SYNC_TIMELINE;
	sync.point = 0;
	EXPECT_EQ(-EINVAL, JOB(.syncs = one));
	/* Nothing has been submitted that would signal it. */
	sync.flags = DRM_GPUP_SYNC_WAIT;
	EXPECT_EQ(-EINVAL, JOB(.syncs = one));
	sync.flags = DRM_GPUP_SYNC_WAIT | DRM_GPUP_SYNC_TIMELINE;
	sync.point = 1;
	EXPECT_EQ(-EINVAL, JOB(.syncs = one));

	/* Not even the first job of any of these was queued. */
	EXPECT_EQ(0, submitted(&self->host, self->host.copy));
	sync.flags = DRM_GPUP_SYNC_SIGNAL | DRM_GPUP_SYNC_TIMELINE;
	sync.point = 5;
	EXPECT_EQ(0, JOB(.syncs = one));
	EXPECT_EQ(2, submitted(&self->host, self->host.copy));
	EXPECT_EQ(0, host_syncobj_wait(self->fd, self->host.syncobj, 5));
}

/* Queues of one client wait for each other by syncobjs, at several points. */
TEST_F(node, timeline_chain)
{
	struct drm_gpup_sync syncs[] = {
		{ .flags = DRM_GPUP_SYNC_TIMELINE, .handle = self->host.syncobj },
		{ .flags = DRM_GPUP_SYNC_TIMELINE | DRM_GPUP_SYNC_SIGNAL,
		  .handle = self->host.syncobj },
	};
	unsigned int i;

	for (i = 1; i <= 100; i++) {
		struct drm_gpup_job job = { .syncs = DRM_GPUP_OBJ_ARRAY(2, syncs) };
		struct drm_gpup_queue_submit args = {
			.queue = i % 2 ? self->host.copy : self->host.compute,
			.jobs = DRM_GPUP_OBJ_ARRAY(1, &job),
		};

		syncs[0].point = i - 1;
		syncs[1].point = i;
		if (i == 1)
			job.syncs = (struct drm_gpup_obj_array)DRM_GPUP_OBJ_ARRAY(1, &syncs[1]);
		ASSERT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_QUEUE_SUBMIT, &args));
	}
	EXPECT_EQ(0, host_syncobj_wait(self->fd, self->host.syncobj, 100));
}

/* A queue that fails says so, and takes no more; its neighbours go on. */
TEST_F(node, banned_queue)
{
	struct drm_gpup_queue_get_state state = {};
	struct drm_gpup_job job = {};
	struct drm_gpup_queue_submit args = { .jobs = DRM_GPUP_OBJ_ARRAY(1, &job) };
	uint32_t queue;

	ASSERT_EQ(0, host_queue_create(self->fd, self->host.vm, DRM_GPUP_ENGINE_COPY, &queue));
	host_stream(&self->host);
	stream_fill(&self->host.stream, 0x7000000000, PAGE, 0);
	EXPECT_EQ(-EILSEQ, host_run(&self->host, queue));
	state.queue = queue;
	ASSERT_EQ(0, host_ioctl(self->fd, DRM_IOCTL_GPUP_QUEUE_GET_STATE, &state));
	EXPECT_EQ(DRM_GPUP_QUEUE_BANNED, state.state);
	EXPECT_EQ(EFAULT, state.error);
	EXPECT_EQ(0x7000000000, state.fault_addr);
	EXPECT_EQ(state.submitted, state.completed);
	args.queue = queue;
	EXPECT_EQ(-ECANCELED, host_ioctl(self->fd, DRM_IOCTL_GPUP_QUEUE_SUBMIT, &args));
	EXPECT_EQ(0, host_queue_destroy(self->fd, queue));
}

/* Numbers that are none of ours, and sizes that are not those of the structures. */
TEST_F(node, unknown_ioctls)
{
	uint64_t args[8] = {};
	unsigned int nr;

	for (nr = DRM_COMMAND_BASE + DRM_GPUP_QUEUE_GET_STATE + 1; nr < DRM_COMMAND_END; nr++)
		EXPECT_EQ(-EINVAL, host_ioctl(self->fd, _IOC(_IOC_READ | _IOC_WRITE, 'd', nr, 16),
					      args));
	/* A shorter structure is as if the rest were zero; a longer one is cut off. */
	EXPECT_EQ(-EINVAL, host_ioctl(self->fd, _IOC(_IOC_READ | _IOC_WRITE, 'd',
						     DRM_COMMAND_BASE + DRM_GPUP_BO_CREATE, 8),
				      &(struct drm_gpup_bo_create){ .size = PAGE }));
}

TEST_HARNESS_MAIN
