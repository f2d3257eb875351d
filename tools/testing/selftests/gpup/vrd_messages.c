// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every message of a guest and every field of it, with values at and beyond its bounds.
 *
 * A message that is refused changes nothing: the partition uses what it used before, and all
 * objects work as before.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "work.h"

/* More than enough for a message with some operations and waits. */
#define BODY_MAX	512

#define BO_SIZE		(64 * KIB)

FIXTURE(messages) {
	char uuid[UUID_SIZE];
	struct vrd vrd;
	/* Objects of all kinds, of one client and of another. */
	struct work work;
	struct work other;
	/* Objects that are only there to be named. */
	uint32_t vram;
	uint32_t hidden;
	uint32_t guest;
	uint32_t stale;
	struct drm_gpup_memory_info memory;
};

FIXTURE_VARIANT(messages) {
	struct vrd_config config;
};

FIXTURE_VARIANT_ADD(messages, mmap) {};

FIXTURE_VARIANT_ADD(messages, no_mmap) {
	.config = { .no_mmap = true },
};

static void must(int ret, const char *what)
{
	if (ret)
		fatal("%s: %s", what, strerror(-ret));
}

FIXTURE_SETUP(messages)
{
	struct vrd *vrd = &self->vrd;

	mdev_create(mdev_smallest(), self->uuid);
	vrd_open(vrd, self->uuid, &variant->config);
	vrd_start(vrd);
	work_create(&self->work, vrd, BO_SIZE);
	work_create(&self->other, vrd, 0);
	must(vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, BO_SIZE, &self->vram), "BO_CREATE");
	must(vrd_bo_create(vrd, DRM_GPUP_BO_VRAM | DRM_GPUP_BO_NO_MMAP, BO_SIZE, &self->hidden),
	     "BO_CREATE");
	must(vrd_bo_create_guest(vrd, vrd_alloc(vrd, BO_SIZE), BO_SIZE, &self->guest),
	     "an object in guest memory");
	must(vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, PAGE, &self->stale), "BO_CREATE");
	must(vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, self->stale), "BO_DESTROY");
	must(vrd_query(vrd, DRM_GPUP_QUERY_MEMORY, &self->memory, sizeof(self->memory)), "QUERY");
}

FIXTURE_TEARDOWN(messages)
{
	struct drm_gpup_memory_info memory;

	/* Whatever the test did, nothing has changed that it did not change on purpose. */
	EXPECT_EQ(0, vrd_query(&self->vrd, DRM_GPUP_QUERY_MEMORY, &memory, sizeof(memory)));
	EXPECT_EQ(0, memcmp(&memory, &self->memory, sizeof(memory)));
	EXPECT_EQ(2, partition_get(self->uuid, "clients"));
	EXPECT_EQ(0, work_round(&self->work, 4711));
	EXPECT_EQ(0, work_round(&self->other, 4712));
	vrd_close(&self->vrd);
	EXPECT_EQ(0, mdev_remove(self->uuid));
}

/* A message in which one field is changed at a time. */
struct template {
	struct vrd *vrd;
	uint16_t opcode;
	uint32_t client;
	uint32_t size;
	uint8_t body[BODY_MAX] __attribute__((aligned(8)));
};

static void template_init(struct template *t, struct vrd *vrd, uint16_t opcode, uint32_t client,
			  const void *body, uint32_t size)
{
	t->vrd = vrd;
	t->opcode = opcode;
	t->client = client;
	t->size = size;
	memcpy(t->body, body, size);
}

/* One field of a body. */
struct field {
	uint32_t offset;
	uint32_t size;
};

#define FIELD_OF(_type, _field) \
	((struct field){ offsetof(_type, _field), sizeof(((_type *)NULL)->_field) })
#define FIELD(_type, _field)	FIELD_OF(struct gpup_vrd_##_type, _field)

/* Send it with one field changed. */
static int send_with(const struct template *t, struct field field, uint64_t value)
{
	struct template changed = *t;

	memcpy(changed.body + field.offset, &value, field.size);
	return vrd_call(t->vrd, t->opcode, t->client, changed.body, changed.size);
}

static int send_as(const struct template *t, uint32_t client)
{
	return vrd_call(t->vrd, t->opcode, client, t->body, t->size);
}

static int send_unchanged(const struct template *t)
{
	return send_as(t, t->client);
}

/*
 * What is wrong with any message: flags that nobody knows, and a size that is not that of its
 * body.
 */
static int wrong_envelopes(const struct template *t)
{
	struct vrd_message message = {
		.opcode = t->opcode,
		.client = t->client,
		.body = t->body,
		.body_size = t->size,
	};
	int bit, errors = 0;

	for (bit = 1; bit < 16; bit++) {
		message.flags = 1 << bit;
		if (vrd_ask(t->vrd, &message, NULL, 0) != -EINVAL) {
			printf("# opcode %u: flag bit %d was taken\n", t->opcode, bit);
			errors++;
		}
	}
	message.flags = 0;
	for (message.body_size = 0; message.body_size <= t->size + 64; message.body_size += 8) {
		if (message.body_size == t->size)
			continue;
		if (vrd_ask(t->vrd, &message, NULL, 0) != -EINVAL) {
			printf("# opcode %u: a body of %u bytes was taken\n", t->opcode,
			       message.body_size);
			errors++;
		}
	}
	return errors;
}

/* Returns how many of the values were not refused with @error. */
static int wrong_values(const struct template *t, struct field field, int error,
			const uint64_t *values, unsigned int count)
{
	unsigned int i;
	int ret, errors = 0;

	for (i = 0; i < count; i++) {
		ret = send_with(t, field, values[i]);
		if (ret == error)
			continue;
		printf("# opcode %u, field at %u: value %#llx gives %d, not %d\n", t->opcode,
		       field.offset, (unsigned long long)values[i], ret, error);
		errors++;
	}
	return errors;
}

#define VALUES(_t, _field, _error, ...) \
	wrong_values(_t, _field, _error, (const uint64_t[]){ __VA_ARGS__ }, \
		     sizeof((const uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t))

/* All bits of a field that must be zero, one by one, but for those in @known. */
static int unknown_bits(const struct template *t, struct field field, uint64_t known)
{
	unsigned int bit;
	int errors = 0;

	for (bit = 0; bit < field.size * 8; bit++)
		if (!(known & 1ull << bit))
			errors += VALUES(t, field, -EINVAL, 1ull << bit);
	return errors;
}

static int wrong_bits(const struct template *t, struct field field)
{
	return unknown_bits(t, field, 0);
}

/* What a field with a handle takes. */
enum kind {
	A_CLIENT,
	A_BO,
	/* An object in guest memory that lacks pages. */
	A_GUEST_BO,
	/* An object in the aperture: @vram. */
	A_WINDOW,
	/* An address space or a queue of the client; either, of any client. */
	A_VM,
	A_QUEUE,
	A_TIMELINE,
};

/* Handles of other kinds, of other clients, and of nothing; @good is one that is right. */
static int wrong_handles(FIXTURE_DATA(messages) *self, const struct template *t,
			 struct field field, uint32_t good, enum kind kind)
{
	const bool bo = kind == A_BO;
	const bool timeline = kind == A_TIMELINE;
	const struct {
		uint32_t handle;
		bool right;
	} others[] = {
		{ self->work.client, kind == A_CLIENT },
		{ self->vram, bo || kind == A_WINDOW },
		{ self->hidden, bo },
		{ self->guest, bo || kind == A_GUEST_BO },
		{ self->work.vm.handle, kind == A_VM || timeline },
		{ self->work.compute.handle, kind == A_QUEUE || timeline },
		{ self->other.vm.handle, timeline },
		{ self->other.compute.handle, timeline },
	};
	unsigned int i;
	int errors;

	errors = VALUES(t, field, -ENOENT, 0, 1, UINT32_MAX, good ^ 0x10000, good & 0xffff,
			good ^ 1, good & 0xffff0000, self->stale, GPUP_VRD_HANDLE(0xffff, 1));
	for (i = 0; i < ARRAY_SIZE(others); i++)
		if (!others[i].right)
			errors += VALUES(t, field, -ENOENT, others[i].handle);
	return errors;
}

/* Names for a new object that cannot be taken. */
static int wrong_names(FIXTURE_DATA(messages) *self, const struct template *t,
		       struct field field)
{
	uint32_t limit = vrd_read(&self->vrd, GPUP_VRD_REG_MAX_OBJECTS);

	return VALUES(t, field, -EINVAL, 0, 1, 0xffff, UINT32_MAX, limit,
		      GPUP_VRD_HANDLE(limit, 1), GPUP_VRD_HANDLE(0xffff, 0xffff)) +
	       VALUES(t, field, -EEXIST, self->work.client, self->vram, self->guest,
		      self->work.vm.handle, self->work.compute.handle, self->vram ^ 0x10000,
		      self->guest ^ 0x10000);
}

/* Clients on whose behalf nothing can be done. */
static int wrong_clients(FIXTURE_DATA(messages) *self, const struct template *t)
{
	const uint32_t clients[] = {
		0, 1, UINT32_MAX, t->client ^ 0x10000, t->client & 0xffff, self->vram,
		self->work.vm.handle, self->work.compute.handle, self->stale,
	};
	unsigned int i;
	int errors = 0;

	for (i = 0; i < ARRAY_SIZE(clients); i++) {
		if (send_as(t, clients[i]) == -ENOENT)
			continue;
		printf("# opcode %u: client %#x was taken\n", t->opcode, clients[i]);
		errors++;
	}
	return errors;
}

TEST_F(messages, unknown_opcodes)
{
	const uint16_t opcodes[] = { 0, GPUP_VRD_OP_QUEUE_SUBMIT + 1, 0x7fff, 0x8000, 0xffff };
	uint8_t body[64] = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(opcodes); i++) {
		EXPECT_EQ(-EOPNOTSUPP, vrd_call(&self->vrd, opcodes[i], 0, body, sizeof(body)));
		EXPECT_EQ(-EOPNOTSUPP, vrd_call(&self->vrd, opcodes[i], self->work.client, NULL, 0));
		/* Posted ones are ignored. */
		EXPECT_EQ(0, vrd_post(&self->vrd, opcodes[i], 0, body, sizeof(body)));
	}
	EXPECT_EQ(0, vrd_sync(&self->vrd));
}

/* Sizes by which nobody could tell where the next message begins stop the device. */
TEST_F(messages, header_sizes)
{
	const uint32_t sizes[] = {
		0, 1, 8, 12, 15, 17, 20, 28, GPUP_VRD_MSG_MAX + 8, GPUP_VRD_MSG_MAX * 2,
		0x80000000, UINT32_MAX, UINT32_MAX - 7,
		/* Larger than what was put on the ring. */
		64,
	};
	struct vrd *vrd = &self->vrd;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct gpup_vrd_msg header = {
			.opcode = GPUP_VRD_OP_QUERY,
			.flags = GPUP_VRD_MSG_REPLY,
			.size = sizes[i],
		};

		vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, 0);
		ASSERT_EQ(0, vrd_put(vrd, &header, sizeof(header)));
		vrd_publish(vrd);
		EXPECT_EQ(GPUP_VRD_ERROR_MESSAGE, vrd_wait_failure(vrd)) {
			TH_LOG("size %u", sizes[i]);
		}
		EXPECT_NE(0, vrd_interrupts(vrd, GPUP_VRD_VECTOR_EVENT, VRD_PATIENCE_MS));
		vrd_reset(vrd);
		vrd_start(vrd);
	}

	/* Half a header. */
	ASSERT_EQ(0, vrd_put(vrd, sizes, 8));
	vrd_publish(vrd);
	EXPECT_EQ(GPUP_VRD_ERROR_MESSAGE, vrd_wait_failure(vrd));
	vrd_reset(vrd);

	/* For the teardown. */
	vrd_start(vrd);
	work_create(&self->work, vrd, BO_SIZE);
	work_create(&self->other, vrd, 0);
	must(vrd_query(vrd, DRM_GPUP_QUERY_MEMORY, &self->memory, sizeof(self->memory)), "QUERY");
}

/* The largest message that there can be. */
TEST_F(messages, largest_message)
{
	uint8_t body[GPUP_VRD_MSG_MAX - sizeof(struct gpup_vrd_msg)] = {};

	EXPECT_EQ(-EINVAL, vrd_call(&self->vrd, GPUP_VRD_OP_QUERY, 0, body, sizeof(body)));
	EXPECT_EQ(-EOPNOTSUPP, vrd_call(&self->vrd, 0, 0, body, sizeof(body)));
}

TEST_F(messages, query)
{
	struct gpup_vrd_query body = { .type = DRM_GPUP_QUERY_MEMORY };
	struct vrd *vrd = &self->vrd;
	struct drm_gpup_partition_info partition;
	struct drm_gpup_adapter_info adapter;
	struct drm_gpup_engine_info engines[DRM_GPUP_ENGINE_CLASSES];
	struct template t;
	unsigned int i;

	template_init(&t, vrd, GPUP_VRD_OP_QUERY, 0, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_bits(&t, FIELD(query, reserved)));
	EXPECT_EQ(0, VALUES(&t, FIELD(query, type), -EINVAL, DRM_GPUP_QUERY_PARTITION + 1, 100,
			    0x80000000, UINT32_MAX));

	ASSERT_EQ(0, vrd_query(vrd, DRM_GPUP_QUERY_ADAPTER, &adapter, sizeof(adapter)));
	EXPECT_EQ(sizeof(adapter), vrd->reply_size);
	EXPECT_EQ(1, adapter.is_virtual);
	EXPECT_EQ(partition_get(self->uuid, "vram_max"), adapter.vram_size);
	EXPECT_EQ(PAGE, adapter.page_size);
	EXPECT_LT(adapter.va_start, adapter.va_end);
	EXPECT_STREQ(GPUP_SOFT_ISA_NAME, adapter.isa);
	ASSERT_EQ(0, vrd_query(vrd, DRM_GPUP_QUERY_PARTITION, &partition, sizeof(partition)));
	EXPECT_EQ(sizeof(partition), vrd->reply_size);
	EXPECT_STREQ(self->uuid, partition.name);
	EXPECT_NE(0, partition.id);
	EXPECT_EQ(partition_get(self->uuid, "sched_weight"), partition.sched_weight);
	EXPECT_EQ(partition_get(self->uuid, "job_timeout_ms"), partition.job_timeout_ms);
	ASSERT_EQ(0, vrd_query(vrd, DRM_GPUP_QUERY_ENGINES, engines, sizeof(engines)));
	EXPECT_EQ(sizeof(engines), vrd->reply_size);
	for (i = 0; i < ARRAY_SIZE(engines); i++)
		EXPECT_NE(0, engines[i].count);
	EXPECT_EQ(0, send_unchanged(&t));
}

TEST_F(messages, client_create)
{
	struct vrd *vrd = &self->vrd;
	struct gpup_vrd_client_create body = { .handle = vrd_new_handle(vrd), .name = "new" };
	struct template t;

	template_init(&t, vrd, GPUP_VRD_OP_CLIENT_CREATE, 0, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_names(self, &t, FIELD(client_create, handle)));
	EXPECT_EQ(-EINVAL, send_as(&t, self->work.client));
	EXPECT_EQ(-EINVAL, send_as(&t, self->stale));
	EXPECT_EQ(2, partition_get(self->uuid, "clients"));

	EXPECT_EQ(0, send_unchanged(&t));
	EXPECT_EQ(-EEXIST, send_unchanged(&t));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_CLIENT_DESTROY, 0, body.handle));
	/* Names and numbers are for logs only: any will do. */
	memset(body.name, 0xff, sizeof(body.name));
	body.pid = UINT32_MAX;
	EXPECT_EQ(0, vrd_call(vrd, GPUP_VRD_OP_CLIENT_CREATE, 0, &body, sizeof(body)));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_CLIENT_DESTROY, 0, body.handle));
}

TEST_F(messages, client_destroy)
{
	struct gpup_vrd_destroy body;
	struct vrd *vrd = &self->vrd;
	struct vrd_timeline vm, queue;
	struct template t;
	uint32_t client;

	ASSERT_EQ(0, vrd_client_create(vrd, &client));
	ASSERT_EQ(0, vrd_vm_create(vrd, client, &vm));
	ASSERT_EQ(0, vrd_queue_create(vrd, client, vm.handle, DRM_GPUP_ENGINE_COPY, &queue));
	body = (struct gpup_vrd_destroy){ .handle = client };
	template_init(&t, vrd, GPUP_VRD_OP_CLIENT_DESTROY, 0, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_bits(&t, FIELD(destroy, reserved)));
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(destroy, handle), client, A_CLIENT));
	EXPECT_EQ(0, send_unchanged(&t));
	EXPECT_EQ(-ENOENT, send_unchanged(&t));
	/* Its address spaces and queues go with it. */
	EXPECT_EQ(-ENOENT, vrd_destroy(vrd, GPUP_VRD_OP_VM_DESTROY, client, vm.handle));
	EXPECT_EQ(-ENOENT, vrd_destroy(vrd, GPUP_VRD_OP_QUEUE_DESTROY, client, queue.handle));
}

TEST_F(messages, bo_create)
{
	struct vrd *vrd = &self->vrd;
	struct gpup_vrd_bo_create body = {
		.handle = vrd_new_handle(vrd),
		.flags = DRM_GPUP_BO_VRAM,
		.size = BO_SIZE,
	};
	struct template t;

	template_init(&t, vrd, GPUP_VRD_OP_BO_CREATE, 0, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_names(self, &t, FIELD(bo_create, handle)));
	EXPECT_EQ(0, VALUES(&t, FIELD(bo_create, flags), -EINVAL, 0, DRM_GPUP_BO_NO_MMAP,
			    DRM_GPUP_BO_VRAM | DRM_GPUP_BO_SYSTEM, DRM_GPUP_BO_VRAM | 1 << 3,
			    DRM_GPUP_BO_VRAM | 1u << 31, UINT32_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(bo_create, size), -EINVAL, 0, 1, PAGE - 1, PAGE + 1,
			    BO_SIZE + 8, 1ull << 63, INT64_MAX, UINT64_MAX,
			    UINT64_MAX - PAGE + 1));
	EXPECT_EQ(0, VALUES(&t, FIELD(bo_create, size), -ENOMEM, self->memory.vram_max + PAGE,
			    1ull << 32, 1ull << 40, 1ull << 62,
			    self->memory.vram_max - self->memory.vram_used + PAGE));

	body.flags = DRM_GPUP_BO_SYSTEM;
	template_init(&t, vrd, GPUP_VRD_OP_BO_CREATE, 0, &body, sizeof(body));
	EXPECT_EQ(0, wrong_names(self, &t, FIELD(bo_create, handle)));
	EXPECT_EQ(0, VALUES(&t, FIELD(bo_create, size), -EINVAL, 0, 1, PAGE - 1, PAGE + 1,
			    BO_SIZE + 8, 1ull << 63, INT64_MAX, UINT64_MAX,
			    UINT64_MAX - PAGE + 1));
	EXPECT_EQ(-ENOMEM, send_with(&t, FIELD(bo_create, size), self->memory.system_max + PAGE));
	EXPECT_EQ(-ENOMEM, send_with(&t, FIELD(bo_create, size), 1ull << 62));

	/* All that was refused has left the name free. */
	body.flags = DRM_GPUP_BO_VRAM;
	EXPECT_EQ(0, vrd_call(vrd, GPUP_VRD_OP_BO_CREATE, 0, &body, sizeof(body)));
	EXPECT_EQ(-EEXIST, vrd_call(vrd, GPUP_VRD_OP_BO_CREATE, 0, &body, sizeof(body)));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, body.handle));
}

struct pages_body {
	struct gpup_vrd_bo_pages head;
	struct gpup_vrd_run runs[2];
};

TEST_F(messages, bo_pages)
{
	struct vrd *vrd = &self->vrd;
	uint64_t address = vrd_address(vrd, vrd_alloc(vrd, 4 * PAGE));
	struct pages_body body = {
		.head = { .count = 2 },
		.runs = { { .address = address, .pages = 2 },
			  { .address = address + 2 * PAGE, .pages = 2 } },
	};
	struct template t;
	uint32_t bo;

	ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_SYSTEM, 4 * PAGE, &bo));
	body.head.handle = bo;
	template_init(&t, vrd, GPUP_VRD_OP_BO_PAGES, 0, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	/* Only objects in guest memory have such pages. */
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(bo_pages, handle), bo, A_GUEST_BO));
	/* One that has all its pages takes no more. */
	EXPECT_EQ(-EINVAL, send_with(&t, FIELD(bo_pages, handle), self->guest));
	EXPECT_EQ(0, VALUES(&t, FIELD(bo_pages, count), -EINVAL, 0, 1, 3, 100, 1u << 28,
			    UINT32_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD_OF(struct pages_body, runs[1].address), -EINVAL, 1, 8,
			    address + 1, address + PAGE / 2, UINT64_MAX, -(uint64_t)PAGE));
	EXPECT_EQ(0, VALUES(&t, FIELD_OF(struct pages_body, runs[1].pages), -EINVAL, 0, 3, 100,
			    1u << 20, 1u << 31, UINT32_MAX));
	EXPECT_EQ(0, wrong_bits(&t, FIELD_OF(struct pages_body, runs[0].reserved)));
	EXPECT_EQ(0, wrong_bits(&t, FIELD_OF(struct pages_body, runs[1].reserved)));
	/* Without its pages it cannot be used. */
	EXPECT_EQ(-ENOENT, vrd_map(vrd, self->work.client, &self->work.vm, bo, 1 * MIB,
				   4 * PAGE));
	EXPECT_EQ(self->memory.system_used, partition_get(self->uuid, "system_used"));

	/* The template is right: all that was refused has changed nothing. */
	EXPECT_EQ(0, send_unchanged(&t));
	EXPECT_EQ(self->memory.system_used + 4 * PAGE,
		  partition_get(self->uuid, "system_used"));
	EXPECT_EQ(-EINVAL, send_unchanged(&t));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
	EXPECT_TRUE(vrd_wait_released(vrd, bo));
	EXPECT_EQ(-ENOENT, send_unchanged(&t));
}

/* Pages that are not the VM's: the object is lost, but nothing else. */
TEST_F(messages, bo_pages_elsewhere)
{
	struct vrd *vrd = &self->vrd;
	const uint64_t addresses[] = {
		0, VRD_MEMORY_BASE - PAGE, VRD_MEMORY_BASE + vrd->config.memory,
		VRD_MEMORY_BASE + vrd->config.memory - PAGE, 1ull << 40, 1ull << 62,
		-(uint64_t)(8 * PAGE),
	};
	unsigned int i;
	uint32_t bo;

	for (i = 0; i < ARRAY_SIZE(addresses); i++) {
		ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_SYSTEM, 2 * PAGE, &bo));
		EXPECT_GT(0, vrd_bo_pages(vrd, bo, addresses[i], 2)) {
			TH_LOG("address %#llx", (unsigned long long)addresses[i]);
		}
		EXPECT_EQ(-ENOENT, vrd_map(vrd, self->work.client, &self->work.vm, bo, 1 * MIB,
					   PAGE));
		EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
		EXPECT_TRUE(vrd_wait_released(vrd, bo));
	}
}

TEST_F(messages, bo_destroy)
{
	struct gpup_vrd_destroy body;
	struct vrd *vrd = &self->vrd;
	struct template t;
	uint32_t bo;

	ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_VRAM, PAGE, &bo));
	body = (struct gpup_vrd_destroy){ .handle = bo };
	template_init(&t, vrd, GPUP_VRD_OP_BO_DESTROY, 0, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_bits(&t, FIELD(destroy, reserved)));
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(destroy, handle), bo, A_BO));
	EXPECT_EQ(0, send_unchanged(&t));
	EXPECT_EQ(-ENOENT, send_unchanged(&t));

	/* One that never got its pages is announced like all others. */
	ASSERT_EQ(0, vrd_bo_create(vrd, DRM_GPUP_BO_SYSTEM, PAGE, &bo));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
	EXPECT_TRUE(vrd_wait_released(vrd, bo));
	EXPECT_EQ(-ENOENT, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, bo));
}

TEST_F(messages, bo_advise)
{
	struct gpup_vrd_bo_advise body = {
		.handle = self->vram,
		.advice = DRM_GPUP_BO_WILL_NEED,
	};
	struct vrd_message message = {
		.opcode = GPUP_VRD_OP_BO_ADVISE,
		.body = &body,
		.body_size = sizeof(body),
	};
	struct gpup_vrd_bo_advise_reply reply;
	struct template t;

	template_init(&t, &self->vrd, GPUP_VRD_OP_BO_ADVISE, 0, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(bo_advise, handle), self->vram, A_BO));
	EXPECT_EQ(0, VALUES(&t, FIELD(bo_advise, advice), -EINVAL, 2, 3, 0x80000000, UINT32_MAX));

	memset(&reply, 0xff, sizeof(reply));
	ASSERT_EQ(0, vrd_ask(&self->vrd, &message, &reply, sizeof(reply)));
	EXPECT_EQ(sizeof(reply), self->vrd.reply_size);
	EXPECT_EQ(1, reply.retained);
	EXPECT_EQ(0, reply.reserved);
	EXPECT_EQ(0, send_with(&t, FIELD(bo_advise, advice), DRM_GPUP_BO_DONT_NEED));
	EXPECT_EQ(0, send_with(&t, FIELD(bo_advise, handle), self->guest));
	EXPECT_EQ(0, send_unchanged(&t));
}

TEST_F(messages, aperture_map)
{
	uint64_t end = vrd_aperture_size(&self->vrd);
	struct gpup_vrd_aperture_map body = { .handle = self->vram };
	struct vrd *vrd = &self->vrd;
	struct template t;

	template_init(&t, vrd, GPUP_VRD_OP_APERTURE_MAP, 0, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_bits(&t, FIELD(aperture_map, reserved)));
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(aperture_map, handle), self->vram, A_BO));
	EXPECT_EQ(-EINVAL, send_with(&t, FIELD(aperture_map, handle), self->guest));
	EXPECT_EQ(-EINVAL, send_with(&t, FIELD(aperture_map, handle), self->hidden));
	EXPECT_EQ(0, VALUES(&t, FIELD(aperture_map, offset), -EINVAL, 1, 8, PAGE - 1, PAGE + 1,
			    end, end - PAGE, end - BO_SIZE + PAGE, 1ull << 40, 1ull << 63,
			    UINT64_MAX, -(uint64_t)PAGE, -(uint64_t)BO_SIZE));

	/* At the very end. */
	EXPECT_EQ(0, send_with(&t, FIELD(aperture_map, offset), end - BO_SIZE));
	EXPECT_EQ(-EEXIST, send_unchanged(&t));
	EXPECT_EQ(-EBUSY, vrd_aperture_map(vrd, self->work.vram_bo, end - BO_SIZE));
	EXPECT_EQ(-EBUSY, vrd_aperture_map(vrd, self->work.vram_bo, end - 2 * BO_SIZE + PAGE));
	EXPECT_EQ(0, vrd_aperture_map(vrd, self->work.vram_bo, end - 2 * BO_SIZE));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_APERTURE_UNMAP, 0, self->work.vram_bo));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_APERTURE_UNMAP, 0, self->vram));
	EXPECT_EQ(0, send_unchanged(&t));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_APERTURE_UNMAP, 0, self->vram));
}

TEST_F(messages, aperture_unmap)
{
	struct gpup_vrd_destroy body = { .handle = self->vram };
	struct vrd *vrd = &self->vrd;
	struct template t;

	template_init(&t, vrd, GPUP_VRD_OP_APERTURE_UNMAP, 0, &body, sizeof(body));
	EXPECT_EQ(-ENOENT, send_unchanged(&t));
	ASSERT_EQ(0, vrd_aperture_map(vrd, self->vram, 0));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_bits(&t, FIELD(destroy, reserved)));
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(destroy, handle), self->vram, A_WINDOW));
	EXPECT_EQ(0, send_unchanged(&t));
	EXPECT_EQ(-ENOENT, send_unchanged(&t));
}

TEST_F(messages, vm_create)
{
	struct vrd *vrd = &self->vrd;
	struct gpup_vrd_vm_create body = {
		.handle = vrd_new_handle(vrd),
		.slot = vrd_new_slot(vrd),
	};
	struct template t;

	template_init(&t, vrd, GPUP_VRD_OP_VM_CREATE, self->work.client, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_clients(self, &t));
	EXPECT_EQ(0, wrong_names(self, &t, FIELD(vm_create, handle)));
	EXPECT_EQ(0, VALUES(&t, FIELD(vm_create, slot), -EINVAL, vrd->config.slots,
			    GPUP_VRD_SLOTS_MAX, 0x80000000, UINT32_MAX));
	EXPECT_EQ(-EBUSY, send_with(&t, FIELD(vm_create, slot), self->work.vm.slot));
	EXPECT_EQ(-EBUSY, send_with(&t, FIELD(vm_create, slot), self->other.compute.slot));
	/* The last slot, and the name, are still free. */
	EXPECT_EQ(0, send_with(&t, FIELD(vm_create, slot), vrd->config.slots - 1));
	EXPECT_EQ(-EEXIST, send_unchanged(&t));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_VM_DESTROY, self->work.client, body.handle));
	EXPECT_EQ(0, send_unchanged(&t));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_VM_DESTROY, self->work.client, body.handle));
}

TEST_F(messages, vm_destroy)
{
	struct gpup_vrd_destroy body;
	struct vrd *vrd = &self->vrd;
	struct vrd_timeline vm;
	struct template t;

	ASSERT_EQ(0, vrd_vm_create(vrd, self->work.client, &vm));
	body = (struct gpup_vrd_destroy){ .handle = vm.handle };
	template_init(&t, vrd, GPUP_VRD_OP_VM_DESTROY, self->work.client, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_bits(&t, FIELD(destroy, reserved)));
	EXPECT_EQ(0, wrong_clients(self, &t));
	EXPECT_EQ(-ENOENT, send_as(&t, self->other.client));
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(destroy, handle), vm.handle, A_VM));
	EXPECT_EQ(-EBUSY, send_with(&t, FIELD(destroy, handle), self->work.vm.handle));
	EXPECT_EQ(0, send_unchanged(&t));
	EXPECT_EQ(-ENOENT, send_unchanged(&t));
}

struct bind_body {
	struct gpup_vrd_vm_bind head;
	struct gpup_vrd_bind_op ops[2];
	struct gpup_vrd_wait waits[1];
};

#define OP(_field)	FIELD_OF(struct bind_body, ops[1]._field)
#define BIND_WAIT(_field)	FIELD_OF(struct bind_body, waits[0]._field)
#define JOB_WAIT(_field)	FIELD_OF(struct submit_body, waits[0]._field)

TEST_F(messages, vm_bind)
{
	struct vrd *vrd = &self->vrd;
	struct vrd_timeline *vm = &self->work.vm;
	struct drm_gpup_adapter_info info;
	struct bind_body body = {
		.head = { .vm = vm->handle, .ops = 2, .waits = 1, .value = vm->value + 1 },
		.ops = { { .op = DRM_GPUP_BIND_UNMAP, .va = 4 * MIB, .size = BO_SIZE },
			 { .op = DRM_GPUP_BIND_MAP, .handle = self->vram, .va = 1 * MIB,
			   .size = BO_SIZE } },
		.waits = { { .handle = self->other.vm.handle, .value = self->other.vm.value } },
	};
	struct template t;

	ASSERT_EQ(0, vrd_query(vrd, DRM_GPUP_QUERY_ADAPTER, &info, sizeof(info)));
	template_init(&t, vrd, GPUP_VRD_OP_VM_BIND, self->work.client, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_clients(self, &t));
	EXPECT_EQ(-ENOENT, send_as(&t, self->other.client));
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(vm_bind, vm), vm->handle, A_VM));
	EXPECT_EQ(0, wrong_bits(&t, FIELD(vm_bind, reserved)));

	/* Counts that are not those of the arrays. */
	EXPECT_EQ(0, VALUES(&t, FIELD(vm_bind, ops), -EINVAL, 0, 1, 3, DRM_GPUP_MAX_BIND_OPS + 1,
			    1u << 28, UINT32_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(vm_bind, waits), -EINVAL, 0, 2, DRM_GPUP_MAX_SYNCS + 1,
			    1u << 28, UINT32_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(vm_bind, value), -EINVAL, 0, vm->value, vm->value + 2,
			    1ull << 63, UINT64_MAX));

	/* Each field of an operation; the one before it is right. */
	EXPECT_EQ(0, VALUES(&t, OP(op), -EINVAL, DRM_GPUP_BIND_UNMAP, 2, 0x80000000, UINT32_MAX));
	EXPECT_EQ(0, unknown_bits(&t, OP(flags), DRM_GPUP_BIND_READONLY));
	EXPECT_EQ(0, wrong_handles(self, &t, OP(handle), self->vram, A_BO));
	EXPECT_EQ(0, wrong_bits(&t, OP(reserved)));
	EXPECT_EQ(0, VALUES(&t, OP(bo_offset), -EINVAL, 1, PAGE - 1, PAGE, BO_SIZE, 1ull << 63,
			    UINT64_MAX, -(uint64_t)PAGE, -(uint64_t)BO_SIZE));
	EXPECT_EQ(0, VALUES(&t, OP(va), -EINVAL, 0, info.va_start - PAGE, 1 * MIB + 1,
			    1 * MIB + 8, info.va_end, info.va_end - PAGE,
			    info.va_end - BO_SIZE + PAGE, 1ull << 63, -(uint64_t)BO_SIZE,
			    -(uint64_t)PAGE, UINT64_MAX));
	EXPECT_EQ(0, VALUES(&t, OP(size), -EINVAL, 0, 1, PAGE - 1, PAGE + 1, BO_SIZE + PAGE,
			    1ull << 63, -(uint64_t)PAGE, UINT64_MAX));

	/* Each field of a wait. */
	EXPECT_EQ(0, wrong_handles(self, &t, BIND_WAIT(handle), self->other.vm.handle,
				   A_TIMELINE));
	EXPECT_EQ(0, wrong_bits(&t, BIND_WAIT(reserved)));
	EXPECT_EQ(-EINVAL, send_with(&t, BIND_WAIT(value), self->other.vm.value + 1));
	EXPECT_EQ(-EINVAL, send_with(&t, BIND_WAIT(value), UINT64_MAX));

	/* After all that the address space is as it was, and takes the template as it is. */
	EXPECT_EQ(vm->value, vrd->slots[vm->slot].completed);
	EXPECT_EQ(0, vrd->slots[vm->slot].failed_at);
	EXPECT_EQ(0, send_unchanged(&t));
	vm->value++;
	EXPECT_EQ(0, vrd_wait_slot(vrd, vm->slot, vm->value, VRD_PATIENCE_MS));
	body.ops[0].va = 1 * MIB;
	body.ops[1].va = info.va_end - BO_SIZE;
	body.head.value++;
	template_init(&t, vrd, GPUP_VRD_OP_VM_BIND, self->work.client, &body, sizeof(body));
	EXPECT_EQ(0, send_unchanged(&t));
	vm->value++;
	EXPECT_EQ(0, vrd_wait_slot(vrd, vm->slot, vm->value, VRD_PATIENCE_MS));
}

/* The fields that an unmap does not have. */
TEST_F(messages, vm_bind_unmap)
{
	struct vrd *vrd = &self->vrd;
	struct vrd_timeline *vm = &self->work.vm;
	struct bind_body body = {
		.head = { .vm = vm->handle, .ops = 2, .waits = 1, .value = vm->value + 1 },
		.ops = { { .op = DRM_GPUP_BIND_UNMAP, .va = 4 * MIB, .size = BO_SIZE },
			 { .op = DRM_GPUP_BIND_UNMAP, .va = 1 * MIB, .size = BO_SIZE } },
		.waits = { { .handle = self->other.vm.handle, .value = self->other.vm.value } },
	};
	struct template t;

	template_init(&t, vrd, GPUP_VRD_OP_VM_BIND, self->work.client, &body, sizeof(body));
	EXPECT_EQ(-EINVAL, send_with(&t, OP(handle), self->vram));
	EXPECT_EQ(-EINVAL, send_with(&t, OP(handle), 1));
	EXPECT_EQ(-EINVAL, send_with(&t, OP(bo_offset), PAGE));
	EXPECT_EQ(-EINVAL, send_with(&t, OP(flags), DRM_GPUP_BIND_READONLY));
	EXPECT_EQ(-EINVAL, send_with(&t, OP(size), 0));
	EXPECT_EQ(0, send_unchanged(&t));
	vm->value++;
	EXPECT_EQ(0, vrd_wait_slot(vrd, vm->slot, vm->value, VRD_PATIENCE_MS));
}

TEST_F(messages, vm_bind_counts)
{
	struct gpup_vrd_bind_op ops[DRM_GPUP_MAX_BIND_OPS];
	struct gpup_vrd_wait waits[DRM_GPUP_MAX_SYNCS + 1];
	struct vrd_timeline *vm = &self->work.vm;
	struct vrd *vrd = &self->vrd;
	struct {
		struct gpup_vrd_vm_bind head;
		struct gpup_vrd_bind_op ops[DRM_GPUP_MAX_BIND_OPS + 1];
	} body = {
		.head = { .vm = vm->handle, .ops = DRM_GPUP_MAX_BIND_OPS + 1,
			  .value = vm->value + 1 },
	};
	unsigned int i;

	for (i = 0; i <= DRM_GPUP_MAX_BIND_OPS; i++)
		body.ops[i] = (struct gpup_vrd_bind_op){
			.op = DRM_GPUP_BIND_UNMAP,
			.va = 1 * MIB + i * PAGE,
			.size = PAGE,
		};
	memcpy(ops, body.ops, sizeof(ops));
	for (i = 0; i <= DRM_GPUP_MAX_SYNCS; i++)
		waits[i] = (struct gpup_vrd_wait){ .handle = self->other.vm.handle, .value = 1 };

	EXPECT_EQ(-EINVAL, vrd_call(vrd, GPUP_VRD_OP_VM_BIND, self->work.client, &body,
				    sizeof(body)));
	EXPECT_EQ(-EINVAL, vrd_call(vrd, GPUP_VRD_OP_VM_BIND, self->work.client, &body.head,
				    sizeof(body.head)));
	EXPECT_EQ(-EINVAL, vrd_bind(vrd, self->work.client, vm, ops, 1, waits,
				    DRM_GPUP_MAX_SYNCS + 1));
	EXPECT_EQ(-EINVAL, vrd_bind(vrd, self->work.client, vm, ops, 0, NULL, 0));
	EXPECT_EQ(0, vrd_bind(vrd, self->work.client, vm, ops, DRM_GPUP_MAX_BIND_OPS, waits,
			      DRM_GPUP_MAX_SYNCS));
	EXPECT_EQ(0, vrd_wait_slot(vrd, vm->slot, vm->value, VRD_PATIENCE_MS));
	EXPECT_EQ(-EINVAL, vrd_submit(vrd, self->work.client, &self->work.copy, 0, 0, waits,
				      DRM_GPUP_MAX_SYNCS + 1));
	EXPECT_EQ(0, vrd_submit(vrd, self->work.client, &self->work.copy, 0, 0, waits,
				DRM_GPUP_MAX_SYNCS));
}

TEST_F(messages, queue_create)
{
	struct vrd *vrd = &self->vrd;
	struct gpup_vrd_queue_create body = {
		.handle = vrd_new_handle(vrd),
		.vm = self->work.vm.handle,
		.engine_class = DRM_GPUP_ENGINE_COPY,
		.priority = DRM_GPUP_QUEUE_PRIORITY_NORMAL,
		.slot = vrd_new_slot(vrd),
	};
	struct template t;
	unsigned int i;

	template_init(&t, vrd, GPUP_VRD_OP_QUEUE_CREATE, self->work.client, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_bits(&t, FIELD(queue_create, reserved)));
	EXPECT_EQ(0, wrong_clients(self, &t));
	EXPECT_EQ(-ENOENT, send_as(&t, self->other.client));
	EXPECT_EQ(0, wrong_names(self, &t, FIELD(queue_create, handle)));
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(queue_create, vm), self->work.vm.handle,
			    A_VM));
	EXPECT_EQ(0, VALUES(&t, FIELD(queue_create, engine_class), -EINVAL,
			    DRM_GPUP_ENGINE_CLASSES, 64, 0x80000000, UINT32_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(queue_create, priority), -EINVAL, 3, 0x80000000,
			    UINT32_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(queue_create, slot), -EINVAL, vrd->config.slots,
			    GPUP_VRD_SLOTS_MAX, UINT32_MAX));
	EXPECT_EQ(-EBUSY, send_with(&t, FIELD(queue_create, slot), self->work.vm.slot));

	for (i = DRM_GPUP_QUEUE_PRIORITY_LOW; i <= DRM_GPUP_QUEUE_PRIORITY_HIGH; i++) {
		EXPECT_EQ(0, send_with(&t, FIELD(queue_create, priority), i));
		EXPECT_EQ(-EEXIST, send_with(&t, FIELD(queue_create, slot),
					     vrd->config.slots - 1));
		EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_QUEUE_DESTROY, self->work.client,
					 body.handle));
	}
}

TEST_F(messages, queue_destroy)
{
	struct gpup_vrd_destroy body;
	struct vrd *vrd = &self->vrd;
	struct vrd_timeline queue;
	struct template t;

	ASSERT_EQ(0, vrd_queue_create(vrd, self->work.client, self->work.vm.handle,
				      DRM_GPUP_ENGINE_COPY, &queue));
	body = (struct gpup_vrd_destroy){ .handle = queue.handle };
	template_init(&t, vrd, GPUP_VRD_OP_QUEUE_DESTROY, self->work.client, &body,
		      sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_bits(&t, FIELD(destroy, reserved)));
	EXPECT_EQ(0, wrong_clients(self, &t));
	EXPECT_EQ(-ENOENT, send_as(&t, self->other.client));
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(destroy, handle), queue.handle, A_QUEUE));
	EXPECT_EQ(0, send_unchanged(&t));
	EXPECT_EQ(-ENOENT, send_unchanged(&t));
}

struct submit_body {
	struct gpup_vrd_queue_submit head;
	struct gpup_vrd_wait waits[1];
};

TEST_F(messages, queue_submit)
{
	struct vrd *vrd = &self->vrd;
	struct vrd_timeline *queue = &self->work.copy;
	struct submit_body body = {
		.head = { .queue = queue->handle, .waits = 1, .value = queue->value + 1,
			  .stream_addr = WORK_SHARED_VA, .stream_size = 0 },
		.waits = { { .handle = self->other.vm.handle, .value = self->other.vm.value } },
	};
	struct template t;

	template_init(&t, vrd, GPUP_VRD_OP_QUEUE_SUBMIT, self->work.client, &body, sizeof(body));
	EXPECT_EQ(0, wrong_envelopes(&t));
	EXPECT_EQ(0, wrong_bits(&t, FIELD(queue_submit, reserved)));
	EXPECT_EQ(0, wrong_clients(self, &t));
	EXPECT_EQ(-ENOENT, send_as(&t, self->other.client));
	EXPECT_EQ(0, wrong_handles(self, &t, FIELD(queue_submit, queue), queue->handle, A_QUEUE));
	EXPECT_EQ(0, VALUES(&t, FIELD(queue_submit, waits), -EINVAL, 0, 2, DRM_GPUP_MAX_SYNCS + 1,
			    1u << 28, UINT32_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(queue_submit, value), -EINVAL, 0, queue->value,
			    queue->value + 2, 1ull << 63, UINT64_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(queue_submit, stream_addr), -EINVAL, 1, 4,
			    WORK_SHARED_VA + 4, UINT64_MAX));
	EXPECT_EQ(0, VALUES(&t, FIELD(queue_submit, stream_size), -EINVAL, 1, 4, 12,
			    DRM_GPUP_MAX_STREAM_SIZE + 8, 0x80000000, UINT32_MAX));
	EXPECT_EQ(0, wrong_handles(self, &t, JOB_WAIT(handle), self->other.vm.handle,
				   A_TIMELINE));
	EXPECT_EQ(0, wrong_bits(&t, JOB_WAIT(reserved)));
	EXPECT_EQ(0, VALUES(&t, JOB_WAIT(value), -EINVAL, self->other.vm.value + 1, UINT64_MAX));
	/* It cannot wait for itself. */
	EXPECT_EQ(-EINVAL, send_with(&t, JOB_WAIT(handle), queue->handle));
	EXPECT_EQ(queue->value, vrd->slots[queue->slot].completed);
	EXPECT_EQ(0, vrd->slots[queue->slot].failed_at);
	EXPECT_EQ(0, send_unchanged(&t));
	queue->value++;
	EXPECT_EQ(0, vrd_wait_slot(vrd, queue->slot, queue->value, VRD_PATIENCE_MS));
}

/* Nobody waits for the answer of a posted message: the object remembers. */
TEST_F(messages, posted_failures)
{
	struct vrd *vrd = &self->vrd;
	struct vrd_timeline vm, queue;
	struct gpup_vrd_queue_submit submit;
	struct bind_body bind;
	volatile struct gpup_vrd_slot *slot;

	ASSERT_EQ(0, vrd_vm_create(vrd, self->work.client, &vm));
	ASSERT_EQ(0, vrd_queue_create(vrd, self->work.client, vm.handle, DRM_GPUP_ENGINE_COPY,
				      &queue));
	submit = (struct gpup_vrd_queue_submit){ .queue = queue.handle, .value = 1,
						 .stream_size = 4 };
	ASSERT_EQ(0, vrd_post(vrd, GPUP_VRD_OP_QUEUE_SUBMIT, self->work.client, &submit,
			      sizeof(submit)));
	ASSERT_EQ(0, vrd_sync(vrd));
	slot = &vrd->slots[queue.slot];
	EXPECT_EQ(1, slot->failed_at);
	EXPECT_EQ(EINVAL, slot->error);
	EXPECT_EQ(0, slot->fault_addr);
	EXPECT_EQ(-ECANCELED, vrd_submit(vrd, self->work.client, &queue, 0, 0, NULL, 0));

	bind = (struct bind_body){
		.head = { .vm = vm.handle, .ops = 1, .value = 1 },
		.ops = { { .op = DRM_GPUP_BIND_MAP, .handle = self->stale, .va = 1 * MIB,
			   .size = PAGE } },
	};
	ASSERT_EQ(0, vrd_post(vrd, GPUP_VRD_OP_VM_BIND, self->work.client, &bind,
			      offsetof(struct bind_body, ops[1])));
	ASSERT_EQ(0, vrd_sync(vrd));
	slot = &vrd->slots[vm.slot];
	EXPECT_EQ(1, slot->failed_at);
	EXPECT_EQ(ENOENT, slot->error);
	EXPECT_EQ(-EIO, vrd_map(vrd, self->work.client, &vm, self->vram, 1 * MIB, PAGE));

	/* A creation that fails leaves a handle of nothing. */
	ASSERT_EQ(0, vrd_post(vrd, GPUP_VRD_OP_BO_CREATE, 0,
			      &(struct gpup_vrd_bo_create){ .handle = 0x10001 + 0x3000 },
			      sizeof(struct gpup_vrd_bo_create)));
	EXPECT_EQ(-ENOENT, vrd_destroy(vrd, GPUP_VRD_OP_BO_DESTROY, 0, 0x10001 + 0x3000));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_QUEUE_DESTROY, self->work.client,
				 queue.handle));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_VM_DESTROY, self->work.client, vm.handle));
}

/* Many messages under one doorbell, and creation that is pipelined. */
TEST_F(messages, pipelined)
{
	struct vrd *vrd = &self->vrd;
	struct gpup_vrd_client_create client = { .handle = vrd_new_handle(vrd) };
	struct gpup_vrd_vm_create vm = {
		.handle = vrd_new_handle(vrd), .slot = vrd_new_slot(vrd),
	};
	struct gpup_vrd_queue_create queue = {
		.handle = vrd_new_handle(vrd), .vm = vm.handle,
		.engine_class = DRM_GPUP_ENGINE_COPY, .slot = vrd_new_slot(vrd),
	};
	struct gpup_vrd_queue_submit submit = { .queue = queue.handle };
	unsigned int i;

	ASSERT_EQ(0, vrd_post(vrd, GPUP_VRD_OP_CLIENT_CREATE, 0, &client, sizeof(client)));
	ASSERT_EQ(0, vrd_post(vrd, GPUP_VRD_OP_VM_CREATE, client.handle, &vm, sizeof(vm)));
	ASSERT_EQ(0, vrd_post(vrd, GPUP_VRD_OP_QUEUE_CREATE, client.handle, &queue,
			      sizeof(queue)));
	for (i = 1; i <= 1000; i++) {
		submit.value = i;
		ASSERT_EQ(0, vrd_post(vrd, GPUP_VRD_OP_QUEUE_SUBMIT, client.handle, &submit,
				      sizeof(submit)));
	}
	EXPECT_EQ(0, vrd_wait_slot(vrd, queue.slot, 1000, VRD_PATIENCE_MS));
	EXPECT_EQ(0, vrd_destroy(vrd, GPUP_VRD_OP_CLIENT_DESTROY, 0, client.handle));
}

TEST_HARNESS_MAIN
