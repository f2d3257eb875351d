// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of the decoder of a Virtual Render Device.
 */
#include <kunit/test.h>

#include <linux/errno.h>
#include <linux/string.h>

#include "vrd_decode.h"

/* A message whose body a test fills in; larger than the largest, to lie about sizes. */
struct message {
	struct gpup_vrd_header header;
	u8 body[GPUP_VRD_MSG_MAX] __aligned(8);
	union gpup_vrd_args args;
};

static struct message *new_message(struct kunit *test, u16 opcode, u32 body_size)
{
	struct message *m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, m);
	m->header.opcode = opcode;
	m->header.size = sizeof(struct gpup_vrd_msg) + body_size;
	return m;
}

static int decode(struct message *m)
{
	return gpup_vrd_decode(&m->header, m->body, &m->args);
}

static void header_size_is_bounded(struct kunit *test)
{
	static const struct {
		u32 size;
		int ret;
	} cases[] = {
		{ 0, -EPROTO }, { 8, -EPROTO }, { 15, -EPROTO }, { 16, 0 }, { 17, -EPROTO },
		{ 20, -EPROTO }, { 24, 0 }, { GPUP_VRD_MSG_MAX - 8, 0 }, { GPUP_VRD_MSG_MAX, 0 },
		{ GPUP_VRD_MSG_MAX + 8, -EPROTO }, { U32_MAX, -EPROTO }, { U32_MAX - 7, -EPROTO },
	};
	struct gpup_vrd_header header;
	struct gpup_vrd_msg msg = {
		.opcode = cpu_to_le16(3),
		.flags = cpu_to_le16(1),
		.client = cpu_to_le32(0x10002),
		.sequence = cpu_to_le32(77),
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		msg.size = cpu_to_le32(cases[i].size);
		KUNIT_EXPECT_EQ_MSG(test, gpup_vrd_decode_header(&msg, &header), cases[i].ret,
				    "size %u", cases[i].size);
	}
	KUNIT_EXPECT_EQ(test, header.opcode, 3);
	KUNIT_EXPECT_EQ(test, header.flags, 1);
	KUNIT_EXPECT_EQ(test, header.client, 0x10002);
	KUNIT_EXPECT_EQ(test, header.sequence, 77);
}

static void unknown_opcodes_are_refused(struct kunit *test)
{
	static const u16 unknown[] = { 0, GPUP_VRD_OP_QUEUE_SUBMIT + 1, 255, U16_MAX };
	int i;

	for (i = 0; i < ARRAY_SIZE(unknown); i++)
		KUNIT_EXPECT_EQ_MSG(test, decode(new_message(test, unknown[i], 8)), -EOPNOTSUPP,
				    "opcode %u", unknown[i]);
}

static void sizes_must_fit_the_opcode(struct kunit *test)
{
	static const struct {
		u16 opcode;
		u32 size;
	} fixed[] = {
		{ GPUP_VRD_OP_QUERY, sizeof(struct gpup_vrd_query) },
		{ GPUP_VRD_OP_CLIENT_CREATE, sizeof(struct gpup_vrd_client_create) },
		{ GPUP_VRD_OP_CLIENT_DESTROY, sizeof(struct gpup_vrd_destroy) },
		{ GPUP_VRD_OP_BO_CREATE, sizeof(struct gpup_vrd_bo_create) },
		{ GPUP_VRD_OP_BO_DESTROY, sizeof(struct gpup_vrd_destroy) },
		{ GPUP_VRD_OP_BO_ADVISE, sizeof(struct gpup_vrd_bo_advise) },
		{ GPUP_VRD_OP_APERTURE_MAP, sizeof(struct gpup_vrd_aperture_map) },
		{ GPUP_VRD_OP_APERTURE_UNMAP, sizeof(struct gpup_vrd_destroy) },
		{ GPUP_VRD_OP_VM_CREATE, sizeof(struct gpup_vrd_vm_create) },
		{ GPUP_VRD_OP_VM_DESTROY, sizeof(struct gpup_vrd_destroy) },
		{ GPUP_VRD_OP_QUEUE_CREATE, sizeof(struct gpup_vrd_queue_create) },
		{ GPUP_VRD_OP_QUEUE_DESTROY, sizeof(struct gpup_vrd_destroy) },
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(fixed); i++) {
		u16 op = fixed[i].opcode;
		u32 size = fixed[i].size;

		KUNIT_EXPECT_EQ_MSG(test, decode(new_message(test, op, size)), 0, "op %u", op);
		KUNIT_EXPECT_EQ_MSG(test, decode(new_message(test, op, size - 8)), -EINVAL,
				    "op %u", op);
		KUNIT_EXPECT_EQ_MSG(test, decode(new_message(test, op, size + 8)), -EINVAL,
				    "op %u", op);
		KUNIT_EXPECT_EQ_MSG(test, decode(new_message(test, op, 0)), -EINVAL, "op %u", op);
	}
}

static void unknown_flags_are_refused(struct kunit *test)
{
	struct message *m = new_message(test, GPUP_VRD_OP_QUERY, sizeof(struct gpup_vrd_query));

	m->header.flags = GPUP_VRD_MSG_REPLY;
	KUNIT_EXPECT_EQ(test, decode(m), 0);
	m->header.flags = GPUP_VRD_MSG_REPLY | GPUP_VRD_MSG_QUIET;
	KUNIT_EXPECT_EQ(test, decode(m), 0);
	m->header.flags = GPUP_VRD_MSG_QUIET;
	KUNIT_EXPECT_EQ(test, decode(m), -EINVAL);
	m->header.flags = GPUP_VRD_MSG_REPLY | 4;
	KUNIT_EXPECT_EQ(test, decode(m), -EINVAL);
	m->header.flags = 0x8000;
	KUNIT_EXPECT_EQ(test, decode(m), -EINVAL);
}

static void reserved_fields_must_be_zero(struct kunit *test)
{
	struct message *m;

	m = new_message(test, GPUP_VRD_OP_QUERY, sizeof(struct gpup_vrd_query));
	((struct gpup_vrd_query *)m->body)->reserved = cpu_to_le32(1);
	KUNIT_EXPECT_EQ(test, decode(m), -EINVAL);

	m = new_message(test, GPUP_VRD_OP_VM_DESTROY, sizeof(struct gpup_vrd_destroy));
	((struct gpup_vrd_destroy *)m->body)->reserved = cpu_to_le32(1);
	KUNIT_EXPECT_EQ(test, decode(m), -EINVAL);

	m = new_message(test, GPUP_VRD_OP_QUEUE_CREATE, sizeof(struct gpup_vrd_queue_create));
	((struct gpup_vrd_queue_create *)m->body)->reserved = cpu_to_le32(1);
	KUNIT_EXPECT_EQ(test, decode(m), -EINVAL);

	m = new_message(test, GPUP_VRD_OP_APERTURE_MAP, sizeof(struct gpup_vrd_aperture_map));
	((struct gpup_vrd_aperture_map *)m->body)->reserved = cpu_to_le32(1);
	KUNIT_EXPECT_EQ(test, decode(m), -EINVAL);
}

static void client_name_ends(struct kunit *test)
{
	struct message *m = new_message(test, GPUP_VRD_OP_CLIENT_CREATE,
					sizeof(struct gpup_vrd_client_create));
	struct gpup_vrd_client_create *create = (void *)m->body;

	memset(create->name, 'x', sizeof(create->name));
	create->handle = cpu_to_le32(0x10001);
	KUNIT_ASSERT_EQ(test, decode(m), 0);
	KUNIT_EXPECT_EQ(test, m->args.client_create.handle, 0x10001);
	KUNIT_EXPECT_EQ(test, strlen(m->args.client_create.name), 16);
}

static int decode_runs(struct kunit *test, u32 claimed, u32 there, u64 address, u32 pages)
{
	struct gpup_vrd_bo_pages *body;
	struct message *m;
	u32 i;

	m = new_message(test, GPUP_VRD_OP_BO_PAGES,
			sizeof(*body) + there * sizeof(body->runs[0]));
	body = (void *)m->body;
	body->count = cpu_to_le32(claimed);
	for (i = 0; i < there; i++) {
		body->runs[i].address = cpu_to_le64(address);
		body->runs[i].pages = cpu_to_le32(pages);
	}
	return decode(m);
}

static void runs_of_pages_are_checked(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, decode_runs(test, 1, 1, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, decode_runs(test, 1000, 1000, 0x1000, 5), 0);
	KUNIT_EXPECT_EQ(test, decode_runs(test, 0, 0, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, decode_runs(test, 2, 1, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, decode_runs(test, 1, 2, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, decode_runs(test, U32_MAX, 1, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, decode_runs(test, 0x10000001, 1, 0, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, decode_runs(test, 1, 1, 0, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, decode_runs(test, 1, 1, 0x800, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, decode_runs(test, 1, 1, U64_MAX - 4095, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, decode_runs(test, 1, 1, U64_MAX - 8191, 1), 0);
	KUNIT_EXPECT_EQ(test, decode_runs(test, 1, 1, U64_MAX - 8191, U32_MAX), -EINVAL);
}

static struct message *new_bind(struct kunit *test, u32 ops, u32 waits, u32 body_size)
{
	struct message *m = new_message(test, GPUP_VRD_OP_VM_BIND, body_size);
	struct gpup_vrd_vm_bind *bind = (void *)m->body;

	bind->vm = cpu_to_le32(0x10005);
	bind->ops = cpu_to_le32(ops);
	bind->waits = cpu_to_le32(waits);
	bind->value = cpu_to_le64(1);
	return m;
}

static u32 bind_size(u32 ops, u32 waits)
{
	return sizeof(struct gpup_vrd_vm_bind) + ops * sizeof(struct gpup_vrd_bind_op) +
	       waits * sizeof(struct gpup_vrd_wait);
}

static void binds_are_checked(struct kunit *test)
{
	struct message *m = new_bind(test, 2, 3, bind_size(2, 3));
	struct gpup_vrd_vm_bind *bind = (void *)m->body;
	struct gpup_vrd_wait *waits;

	KUNIT_ASSERT_EQ(test, decode(m), 0);
	KUNIT_EXPECT_EQ(test, m->args.vm_bind.vm, 0x10005);
	KUNIT_EXPECT_PTR_EQ(test, (const void *)m->args.vm_bind.ops, (const void *)(bind + 1));
	KUNIT_EXPECT_PTR_EQ(test, (const void *)(m->args.vm_bind.waits + 3),
			    (const void *)(m->body + bind_size(2, 3)));

	waits = (void *)m->args.vm_bind.waits;
	waits[2].reserved = cpu_to_le32(1);
	KUNIT_EXPECT_EQ(test, decode(m), -EINVAL);

	/* Not a count that fits, a count that wraps around, counts that trade places. */
	KUNIT_EXPECT_EQ(test, decode(new_bind(test, 3, 3, bind_size(2, 3))), -EINVAL);
	KUNIT_EXPECT_EQ(test, decode(new_bind(test, U32_MAX, 0, bind_size(1, 0))), -EINVAL);
	KUNIT_EXPECT_EQ(test, decode(new_bind(test, 0, 0x10000000, bind_size(0, 0))), -EINVAL);
	KUNIT_EXPECT_EQ(test, decode(new_bind(test, 0x66666667, 0, bind_size(1, 0))), -EINVAL);
	KUNIT_EXPECT_EQ(test, decode(new_bind(test, 3, 2, bind_size(2, 3))), -EINVAL);

	KUNIT_EXPECT_EQ(test, decode(new_bind(test, 0, 0, bind_size(0, 0))), -EINVAL);
	KUNIT_EXPECT_EQ(test, decode(new_bind(test, 256, 64, bind_size(256, 64))), 0);
	KUNIT_EXPECT_EQ(test, decode(new_bind(test, 257, 0, bind_size(257, 0))), -EINVAL);
	KUNIT_EXPECT_EQ(test, decode(new_bind(test, 1, 65, bind_size(1, 65))), -EINVAL);
}

static void failed_bind_names_its_vm(struct kunit *test)
{
	struct message *m = new_bind(test, 257, 0, bind_size(257, 0));

	/* The size fits, so that it is known what to mark. */
	KUNIT_EXPECT_EQ(test, decode(m), -EINVAL);
	KUNIT_EXPECT_EQ(test, m->args.vm_bind.vm, 0x10005);

	/* It does not, so that nothing is. */
	m = new_bind(test, 3, 0, bind_size(2, 0));
	KUNIT_EXPECT_EQ(test, decode(m), -EINVAL);
	KUNIT_EXPECT_EQ(test, m->args.vm_bind.vm, 0);
}

static struct message *new_submit(struct kunit *test, u32 waits, u32 there)
{
	struct message *m = new_message(test, GPUP_VRD_OP_QUEUE_SUBMIT,
					sizeof(struct gpup_vrd_queue_submit) +
					there * sizeof(struct gpup_vrd_wait));
	struct gpup_vrd_queue_submit *submit = (void *)m->body;

	submit->queue = cpu_to_le32(0x10007);
	submit->waits = cpu_to_le32(waits);
	submit->value = cpu_to_le64(9);
	submit->stream_addr = cpu_to_le64(0x123456789abcdef8);
	submit->stream_size = cpu_to_le32(64);
	return m;
}

static void submissions_are_checked(struct kunit *test)
{
	struct message *m = new_submit(test, 2, 2);
	struct gpup_vrd_queue_submit *submit = (void *)m->body;

	KUNIT_ASSERT_EQ(test, decode(m), 0);
	KUNIT_EXPECT_EQ(test, m->args.queue_submit.queue, 0x10007);
	KUNIT_EXPECT_EQ(test, m->args.queue_submit.value, 9);
	KUNIT_EXPECT_EQ(test, m->args.queue_submit.stream_addr, 0x123456789abcdef8);
	KUNIT_EXPECT_EQ(test, m->args.queue_submit.stream_size, 64);
	KUNIT_EXPECT_EQ(test, m->args.queue_submit.wait_count, 2);

	submit->value = 0;
	KUNIT_EXPECT_EQ(test, decode(m), -EINVAL);
	submit->value = cpu_to_le64(1);
	submit->reserved = cpu_to_le32(1);
	KUNIT_EXPECT_EQ(test, decode(m), -EINVAL);

	KUNIT_EXPECT_EQ(test, decode(new_submit(test, 3, 2)), -EINVAL);
	KUNIT_EXPECT_EQ(test, decode(new_submit(test, 64, 64)), 0);
	KUNIT_EXPECT_EQ(test, decode(new_submit(test, 65, 65)), -EINVAL);
	KUNIT_EXPECT_EQ(test, decode(new_submit(test, U32_MAX, 2)), -EINVAL);
}

static struct kunit_case decode_cases[] = {
	KUNIT_CASE(header_size_is_bounded),
	KUNIT_CASE(unknown_opcodes_are_refused),
	KUNIT_CASE(sizes_must_fit_the_opcode),
	KUNIT_CASE(unknown_flags_are_refused),
	KUNIT_CASE(reserved_fields_must_be_zero),
	KUNIT_CASE(client_name_ends),
	KUNIT_CASE(runs_of_pages_are_checked),
	KUNIT_CASE(binds_are_checked),
	KUNIT_CASE(failed_bind_names_its_vm),
	KUNIT_CASE(submissions_are_checked),
	{}
};

static struct kunit_suite decode_suite = {
	.name = "gpup_vrd_decode",
	.test_cases = decode_cases,
};

kunit_test_suite(decode_suite);
