// SPDX-License-Identifier: GPL-2.0-only
/*
 * More VRAM than there is: partitions that share it, what they cost the host, and who pays.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "work.h"

#define PARTITIONS	3
#define OBJECT		(4 * MIB)
#define MAX_OBJECTS	64
#define OBJECTS_VA	0x100000000ull
#define ROUNDS		6

/* One who has several objects, and knows what is in them. */
struct tenant {
	char uuid[UUID_SIZE];
	struct vrd vrd;
	struct work work;
	unsigned int count;
	uint32_t bo[MAX_OBJECTS];
	uint32_t seed[MAX_OBJECTS];
};

static uint64_t object_va(unsigned int i)
{
	return OBJECTS_VA + i * OBJECT;
}

static int add_object(struct tenant *t)
{
	struct work *work = &t->work;
	unsigned int i = t->count;
	int ret;

	ret = vrd_bo_create(&t->vrd, DRM_GPUP_BO_VRAM, OBJECT, &t->bo[i]);
	if (ret)
		return ret;
	t->count++;
	ret = vrd_map(&t->vrd, work->client, &work->vm, t->bo[i], object_va(i), OBJECT);
	return ret ? ret : vrd_wait_slot(&t->vrd, work->vm.slot, work->vm.value, VRD_PATIENCE_MS);
}

static int fill_object(struct tenant *t, unsigned int i, uint32_t seed)
{
	t->seed[i] = seed;
	stream_fill(work_stream(&t->work), object_va(i), OBJECT, seed);
	return work_run(&t->work, &t->work.copy);
}

/* A window of an object, by way of guest memory. */
static int check_object(struct tenant *t, unsigned int i, uint64_t offset)
{
	uint8_t *result = t->work.shared + WORK_RESULT;
	int ret;

	memset(result, ~t->seed[i], 64 * KIB);
	stream_copy(work_stream(&t->work), WORK_SHARED_VA + WORK_RESULT, object_va(i) + offset,
		    64 * KIB);
	ret = work_run(&t->work, &t->work.copy);
	if (ret)
		return ret;
	return find_other(result, 64 * KIB / 4, t->seed[i]) < 0 ? 0 : -EILSEQ;
}

static int drop_objects(struct tenant *t)
{
	int ret = work_destroy(&t->work);

	while (!ret && t->count)
		ret = vrd_destroy(&t->vrd, GPUP_VRD_OP_BO_DESTROY, 0, t->bo[--t->count]);
	return ret;
}

/* @config may be NULL. */
static void open_tenant_as(struct tenant *t, uint64_t max, uint64_t min,
			   const struct vrd_config *config)
{
	const struct vrd_config usual = {};

	memset(t, 0, sizeof(*t));
	mdev_create(max, t->uuid);
	if (partition_set_number(t->uuid, "vram_min", min))
		fatal("vram_min of %s", t->uuid);
	vrd_open(&t->vrd, t->uuid, config ? config : &usual);
	vrd_start(&t->vrd);
	work_create(&t->work, &t->vrd, 0);
}

static void open_tenant(struct tenant *t, uint64_t max, uint64_t min)
{
	open_tenant_as(t, max, min, NULL);
}

static int close_tenant(struct tenant *t)
{
	vrd_close(&t->vrd);
	return mdev_remove(t->uuid);
}

/* Each has less than its limit and more than its guarantee; together more than there is. */
TEST(more_than_there_is)
{
	uint64_t total = adapter_number("vram_total"), max = total / 2, resident;
	struct tenant *tenants = calloc(PARTITIONS, sizeof(*tenants));
	struct random random = { .state = env_number("GPUP_SEED", 42) };
	unsigned int count = (max - 2 * MIB) / OBJECT;
	unsigned int p, i, round;

	ASSERT_NE(NULL, tenants);
	if (count > MAX_OBJECTS)
		count = MAX_OBJECTS;
	for (p = 0; p < PARTITIONS; p++)
		open_tenant(&tenants[p], max, max / 4);
	for (p = 0; p < PARTITIONS; p++) {
		for (i = 0; i < count; i++)
			ASSERT_EQ(0, add_object(&tenants[p]));
		for (i = 0; i < count; i++)
			ASSERT_EQ(0, fill_object(&tenants[p], i, 1000 * p + i));
	}
	for (round = 0; round < ROUNDS; round++) {
		for (p = 0; p < PARTITIONS; p++) {
			i = random_below(&random, count);
			ASSERT_EQ(0, check_object(&tenants[p], i,
						  random_below(&random, OBJECT / (64 * KIB)) *
						  64 * KIB));
			ASSERT_EQ(0, fill_object(&tenants[p], i, random_next(&random)));
			/* It runs, so all it has is there. */
			EXPECT_EQ(0, partition_get(tenants[p].uuid, "vram_evicted"));
			EXPECT_EQ(count * OBJECT, partition_get(tenants[p].uuid, "vram_used"));
		}
		for (p = 0, resident = 0; p < PARTITIONS; p++)
			resident += partition_get(tenants[p].uuid, "vram_used") -
				    partition_get(tenants[p].uuid, "vram_evicted");
		EXPECT_LE(resident, total);
	}
	for (p = 0; p < PARTITIONS; p++) {
		const char *uuid = tenants[p].uuid;
		uint64_t moved = partition_get(uuid, "bytes_moved");

		for (i = 0; i < count; i++)
			ASSERT_EQ(0, check_object(&tenants[p], i, OBJECT - 64 * KIB));
		EXPECT_LT(0, partition_get(uuid, "evictions"));
		EXPECT_LT(0, partition_get(uuid, "trims"));
		EXPECT_EQ(0, moved % OBJECT);
		EXPECT_LE(partition_get(uuid, "evictions") * OBJECT, moved);
		EXPECT_EQ(count * OBJECT, partition_get(uuid, "vram_peak"));
		EXPECT_LE(max / 4, partition_get(uuid, "vram_budget"));
		EXPECT_GE(max, partition_get(uuid, "vram_budget"));
		EXPECT_EQ(partition_get(uuid, "evictions"), mdev_get(uuid, "evictions"));
	}
	for (p = 0; p < PARTITIONS; p++) {
		EXPECT_EQ(0, drop_objects(&tenants[p]));
		EXPECT_TRUE(partition_wait(tenants[p].uuid, "vram_used", 0, VRD_PATIENCE_MS));
		EXPECT_EQ(0, partition_get(tenants[p].uuid, "vram_evicted"));
		EXPECT_EQ(0, close_tenant(&tenants[p]));
	}
	free(tenants);
}

static int advise(struct vrd *vrd, uint32_t bo, uint32_t advice, bool *retained)
{
	const struct gpup_vrd_bo_advise body = { .handle = bo, .advice = advice };
	const struct vrd_message message = {
		.opcode = GPUP_VRD_OP_BO_ADVISE,
		.flags = GPUP_VRD_MSG_REPLY,
		.body = &body,
		.body_size = sizeof(body),
	};
	struct gpup_vrd_bo_advise_reply reply = {};
	int ret = vrd_ask(vrd, &message, &reply, sizeof(reply));

	*retained = reply.retained;
	return ret;
}

/* Everything that the tenant has goes, by the operator's word. */
static int evict_all(struct tenant *t, uint64_t max)
{
	uint64_t used = partition_get(t->uuid, "vram_used");
	int ret;

	ret = partition_set_number(t->uuid, "vram_min", 0);
	if (!ret)
		ret = partition_set_number(t->uuid, "vram_max", PAGE);
	if (!ret && !partition_wait(t->uuid, "vram_evicted", used, VRD_PATIENCE_MS))
		ret = -ETIMEDOUT;
	return ret ? ret : partition_set_number(t->uuid, "vram_max", max);
}

TEST(what_is_not_needed_is_dropped)
{
	uint64_t max = mdev_smallest(), moved;
	struct tenant t;
	bool retained;

	open_tenant(&t, max, 0);
	ASSERT_EQ(0, add_object(&t));
	ASSERT_EQ(0, add_object(&t));
	ASSERT_EQ(0, fill_object(&t, 0, 0x11111111));
	ASSERT_EQ(0, fill_object(&t, 1, 0x22222222));
	ASSERT_EQ(0, advise(&t.vrd, t.bo[1], DRM_GPUP_BO_DONT_NEED, &retained));
	EXPECT_TRUE(retained);
	ASSERT_EQ(0, evict_all(&t, max));
	EXPECT_EQ(OBJECT, partition_get(t.uuid, "bytes_moved"));
	EXPECT_EQ(2, partition_get(t.uuid, "evictions"));
	/* The other one is as good as ever, and comes back alone. */
	EXPECT_EQ(0, check_object(&t, 0, 0));
	EXPECT_EQ(OBJECT, partition_get(t.uuid, "vram_evicted"));
	moved = partition_get(t.uuid, "bytes_moved");
	EXPECT_EQ(2 * OBJECT, moved);

	ASSERT_EQ(0, advise(&t.vrd, t.bo[1], DRM_GPUP_BO_WILL_NEED, &retained));
	EXPECT_FALSE(retained);
	t.seed[1] = 0;
	EXPECT_EQ(0, check_object(&t, 1, OBJECT - 64 * KIB));
	EXPECT_EQ(moved, partition_get(t.uuid, "bytes_moved"));
	ASSERT_EQ(0, advise(&t.vrd, t.bo[1], DRM_GPUP_BO_WILL_NEED, &retained));
	EXPECT_TRUE(retained);

	/* One that is evicted already gives its copy in the host's memory back at once. */
	ASSERT_EQ(0, fill_object(&t, 1, 0x33333333));
	ASSERT_EQ(0, evict_all(&t, max));
	moved = partition_get(t.uuid, "bytes_moved");
	ASSERT_EQ(0, advise(&t.vrd, t.bo[1], DRM_GPUP_BO_DONT_NEED, &retained));
	EXPECT_FALSE(retained);
	ASSERT_EQ(0, advise(&t.vrd, t.bo[1], DRM_GPUP_BO_WILL_NEED, &retained));
	EXPECT_FALSE(retained);
	t.seed[1] = 0;
	EXPECT_EQ(0, check_object(&t, 1, 0));
	EXPECT_EQ(0, check_object(&t, 0, 0));
	EXPECT_EQ(0, drop_objects(&t));
	EXPECT_EQ(0, close_tenant(&t));
}

/* A page of an object that moves under the CPU: what was written is there, wherever that is. */
TEST(mapped_objects_move)
{
	uint64_t max = mdev_smallest(), i;
	const unsigned int words = OBJECT / 8;
	struct tenant t;
	uint64_t *buf = malloc(OBJECT);
	unsigned int round;

	ASSERT_NE(NULL, buf);
	open_tenant(&t, max, 0);
	ASSERT_EQ(0, add_object(&t));
	ASSERT_EQ(0, vrd_aperture_map(&t.vrd, t.bo[0], 0));
	for (round = 0; round < 4; round++) {
		for (i = 0; i < words; i++)
			buf[i] = i * 0x9e3779b97f4a7c15ull + round;
		vrd_aperture_write(&t.vrd, 0, buf, OBJECT);
		ASSERT_EQ(0, evict_all(&t, max));
		memset(buf, 0, OBJECT);
		/* In the host's memory, */
		vrd_aperture_read(&t.vrd, 0, buf, OBJECT);
		for (i = 0; i < words && buf[i] == i * 0x9e3779b97f4a7c15ull + round; i++)
			;
		EXPECT_EQ(words, i);
		/* where it can be changed, too; and the GPU sees that. */
		memset(buf, 0x5a, 64 * KIB);
		vrd_aperture_write(&t.vrd, 0, buf, 64 * KIB);
		t.seed[0] = 0x5a5a5a5a;
		EXPECT_EQ(0, check_object(&t, 0, 0));
		EXPECT_EQ(0, partition_get(t.uuid, "vram_evicted"));
	}
	EXPECT_EQ(0, drop_objects(&t));
	EXPECT_EQ(0, close_tenant(&t));
	free(buf);
}

/* A cgroup for this process. */
struct group {
	char root[64];
	char path[96];
	bool mounted;
};

static int write_file(const char *folder, const char *name, const char *text)
{
	char path[160];
	int fd, ret = 0;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

static int enter_group(struct group *g)
{
	char pid[16];

	memset(g, 0, sizeof(*g));
	snprintf(g->root, sizeof(g->root), "/sys/fs/cgroup");
	if (access("/sys/fs/cgroup/cgroup.procs", F_OK)) {
		snprintf(g->root, sizeof(g->root), "/tmp/gpup-cgroup-XXXXXX");
		if (!mkdtemp(g->root) || mount("none", g->root, "cgroup2", 0, NULL))
			return -errno;
		g->mounted = true;
	}
	snprintf(g->path, sizeof(g->path), "%s/gpup-test", g->root);
	if (write_file(g->root, "cgroup.subtree_control", "+memory"))
		return -EOPNOTSUPP;
	if (mkdir(g->path, 0755) && errno != EEXIST)
		return -errno;
	snprintf(pid, sizeof(pid), "%d", getpid());
	return write_file(g->path, "cgroup.procs", pid);
}

static void leave_group(struct group *g)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	write_file(g->root, "cgroup.procs", pid);
	rmdir(g->path);
	if (g->mounted) {
		umount(g->root);
		rmdir(g->root);
	}
}

static uint64_t group_number(const struct group *g, const char *file)
{
	char path[160];
	unsigned long long value = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", g->path, file);
	f = fopen(path, "re");
	if (!f || fscanf(f, "%llu", &value) != 1)
		fatal("%s", path);
	fclose(f);
	return value;
}

/*
 * The same once it is from @low to @high, or after a while what it is then: pages are given back a
 * moment after who had them is done, and by way of caches.
 */
static uint64_t group_settled(const struct group *g, const char *file, uint64_t low, uint64_t high)
{
	uint64_t end = deadline(VRD_PATIENCE_MS), value;

	do {
		value = group_number(g, file);
		if (value >= low && value <= high)
			break;
		sleep_ms(10);
	} while (!is_over(end));
	return value;
}

/* What is evicted is charged to whoever has opened the device, and is uncharged again. */
TEST(the_owner_pays)
{
	uint64_t max = mdev_smallest(), size, before, evicted, after;
	struct group g;
	struct tenant t;
	unsigned int i;
	int ret;

	ret = enter_group(&g);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "no memory controller for cgroups");
	ASSERT_EQ(0, ret);
	open_tenant(&t, max, 0);
	while (!add_object(&t))
		;
	size = t.count * OBJECT;
	EXPECT_LE(max - OBJECT, size);
	for (i = 0; i < t.count; i++)
		ASSERT_EQ(0, fill_object(&t, i, i + 1));
	before = group_number(&g, "memory.current");
	ASSERT_EQ(0, evict_all(&t, max));
	evicted = group_settled(&g, "memory.current", before + size - MIB, before + size + MIB);
	EXPECT_LE(before + size, evicted + MIB);
	EXPECT_GE(before + size + MIB, evicted);
	for (i = 0; i < t.count; i++)
		ASSERT_EQ(0, check_object(&t, i, 0));
	after = group_settled(&g, "memory.current", 0, before + MIB);
	EXPECT_GE(before + MIB, after);
	printf("# before %llu, evicted %llu, back %llu KiB\n", (unsigned long long)before >> 10,
	       (unsigned long long)evicted >> 10, (unsigned long long)after >> 10);
	for (i = 0; i < t.count; i++)
		ASSERT_EQ(0, check_object(&t, i, OBJECT - 64 * KIB));
	EXPECT_EQ(0, drop_objects(&t));
	EXPECT_EQ(0, close_tenant(&t));
	leave_group(&g);
}

/* A swap device of compressed memory; NULL if the kernel has none to offer. */
static const char *add_swap(void)
{
	static const char set_up[] =
		"modprobe zram num_devices=0 && n=$(cat /sys/class/zram-control/hot_add) &&"
		"echo 256M >/sys/block/zram$n/disksize && mkswap /dev/zram$n >/dev/null &&"
		"swapon /dev/zram$n && echo /dev/zram$n";
	static char device[32];
	FILE *f = popen(set_up, "re");
	bool found = f && fgets(device, sizeof(device), f);

	if (f)
		pclose(f);
	device[strcspn(device, "\n")] = '\0';
	return found ? device : NULL;
}

/* Udev looks at a device that was closed: as long as it does, the device is busy. */
static void remove_swap(const char *device)
{
	char command[256];

	snprintf(command, sizeof(command),
		 "swapoff %s && for i in $(seq 50); do"
		 " echo %s 2>/dev/null >/sys/class/zram-control/hot_remove && break; sleep 0.1; done;"
		 " modprobe -r zram",
		 device, device + strlen("/dev/zram"));
	if (system(command))
		fatal("%s", command);
}

/* One whose evicted objects have nothing that could be swapped. */
static int open_idle_tenant(struct tenant *t, uint64_t max)
{
	unsigned int i;
	bool retained;
	uint32_t bo;
	int ret = 0;

	open_tenant(t, max, 0);
	for (i = 0; !ret && i < 40; i++) {
		ret = vrd_bo_create(&t->vrd, DRM_GPUP_BO_VRAM, 2 * PAGE, &bo);
		if (!ret)
			ret = advise(&t->vrd, bo, DRM_GPUP_BO_DONT_NEED, &retained);
	}
	return ret ? ret : evict_all(t, max);
}

/*
 * A host under pressure writes evicted objects to swap, and the VM does not notice; nor is another
 * one in the way of that.
 */
TEST(evicted_objects_are_swapped)
{
	uint64_t max = mdev_smallest(), size, evicted, swapped;
	struct tenant t, idle;
	char amount[24];
	const char *swap;
	struct group g;
	unsigned int i;
	int ret;

	ret = enter_group(&g);
	if (ret == -EOPNOTSUPP)
		SKIP(return, "no memory controller for cgroups");
	ASSERT_EQ(0, ret);
	swap = add_swap();
	if (!swap) {
		leave_group(&g);
		SKIP(return, "no swap: no zram");
	}
	ASSERT_EQ(0, open_idle_tenant(&idle, max));
	open_tenant(&t, max, 0);
	while (!add_object(&t))
		;
	size = t.count * OBJECT;
	for (i = 0; i < t.count; i++)
		ASSERT_EQ(0, fill_object(&t, i, i + 1));
	ASSERT_EQ(0, evict_all(&t, max));
	evicted = group_number(&g, "memory.current");
	/* The shrinkers first, and then what they have put in the way of swap. */
	ASSERT_EQ(0, write_file("/proc/sys/vm", "drop_caches", "2"));
	snprintf(amount, sizeof(amount), "%llu", (unsigned long long)size);
	write_file(g.path, "memory.reclaim", amount);
	swapped = group_number(&g, "memory.swap.current");
	printf("# %llu KiB evicted, %llu KiB of them in swap, %llu KiB in memory before, %llu now\n",
	       (unsigned long long)size >> 10, (unsigned long long)swapped >> 10,
	       (unsigned long long)evicted >> 10,
	       (unsigned long long)group_number(&g, "memory.current") >> 10);
	EXPECT_LE(size / 2, swapped);
	EXPECT_LE(group_number(&g, "memory.current") + size / 2, evicted);
	/* The VM sees all of it again, by the CPU and by the GPU. */
	ASSERT_EQ(0, vrd_aperture_map(&t.vrd, t.bo[0], 0));
	vrd_aperture_read(&t.vrd, OBJECT - 8, amount, 8);
	EXPECT_EQ(0, memcmp(amount, (uint32_t [2]){ 1, 1 }, 8));
	for (i = 0; i < t.count; i++) {
		ASSERT_EQ(0, check_object(&t, i, 0));
		ASSERT_EQ(0, check_object(&t, i, OBJECT - 64 * KIB));
	}
	/* No copy is left there. */
	EXPECT_GE(MIB, group_settled(&g, "memory.swap.current", 0, MIB));
	EXPECT_EQ(0, drop_objects(&t));
	EXPECT_EQ(0, close_tenant(&t));
	EXPECT_EQ(0, close_tenant(&idle));
	leave_group(&g);
	remove_swap(swap);
}

/* A line of /proc/meminfo, in bytes. */
static uint64_t memory_info(const char *what)
{
	unsigned long long kib = 0;
	size_t length = strlen(what);
	char line[128];
	FILE *f = fopen("/proc/meminfo", "re");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, what, length) && line[length] == ':')
			kib = strtoull(line + length + 1, NULL, 10);
	if (!f || !kib)
		fatal("/proc/meminfo");
	fclose(f);
	return (uint64_t)kib << 10;
}

static uint64_t available(void)
{
	return memory_info("MemAvailable");
}

/* An object of @pages pages of the guest's, each by itself: none is next to the one before it. */
static int pin_scattered(struct tenant *t, uint64_t pages)
{
	struct gpup_vrd_run runs[512];
	struct gpup_vrd_bo_pages body;
	const struct vrd_message message = {
		.opcode = GPUP_VRD_OP_BO_PAGES,
		.body = &body,
		.body_size = sizeof(body),
		.more = runs,
		.more_size = sizeof(runs),
	};
	uint8_t *memory = vrd_alloc(&t->vrd, pages * PAGE);
	uint64_t address = vrd_address(&t->vrd, memory), done;
	uint32_t i;
	int ret;

	ret = vrd_bo_create(&t->vrd, DRM_GPUP_BO_SYSTEM, pages * PAGE, &body.handle);
	for (done = 0; !ret && done < pages; done += ARRAY_SIZE(runs)) {
		body.count = ARRAY_SIZE(runs);
		for (i = 0; i < ARRAY_SIZE(runs); i++)
			runs[i] = (struct gpup_vrd_run){
				.address = address + (done + i) * 7 % pages * PAGE,
				.pages = 1,
			};
		ret = vrd_ask(&t->vrd, &message, NULL, 0);
	}
	return ret;
}

/*
 * What the book promises ("What a partition can cost the host"), for a guest that takes all it
 * can get: what is noted of pinned memory, evicted objects, tables and mappings, and the objects
 * themselves.
 */
TEST(cost_is_bounded)
{
	uint64_t max = mdev_smallest(), bound, before, pinned, worst, va, system_max, pages;
	struct vrd_config config = {};
	unsigned int binds = 0;
	uint32_t page, bo;
	struct tenant t;
	int ret = 0;

	/* Its own memory is there before anything is measured. */
	mdev_create(max, t.uuid);
	system_max = partition_get(t.uuid, "system_max");
	ASSERT_EQ(0, mdev_remove(t.uuid));
	config.memory = system_max + 16 * MIB;
	open_tenant_as(&t, max, 0, &config);
	memset(t.vrd.memory + t.vrd.memory_used, 1, config.memory - t.vrd.memory_used);
	pages = (system_max - partition_get(t.uuid, "system_used")) / PAGE / 512 * 512;

	before = available();
	bound = max + max / 512 + system_max * 5 / 256 + (max + system_max) / 8 + 128 * MIB;
	pinned = memory_info("SUnreclaim");
	ASSERT_EQ(0, pin_scattered(&t, pages));
	pinned = memory_info("SUnreclaim") - pinned;
	printf("# %llu pages pinned: %llu KiB\n", (unsigned long long)pages,
	       (unsigned long long)pinned >> 10);
	EXPECT_GE(system_max * 5 / 256 + MIB, pinned);
	ASSERT_EQ(0, vrd_bo_create(&t.vrd, DRM_GPUP_BO_VRAM, PAGE, &page));
	while (!vrd_bo_create(&t.vrd, DRM_GPUP_BO_VRAM, 4 * PAGE, &bo))
		;
	ASSERT_EQ(0, evict_all(&t, max));
	/* A page here, a page there: each takes page tables of its own. */
	for (va = OBJECTS_VA; !ret; va += 1ull << 30, binds++)
		ret = vrd_map(&t.vrd, t.work.client, &t.work.vm, page, va, PAGE);
	EXPECT_EQ(-ENOMEM, ret);
	worst = available();
	printf("# %u binds, %llu MiB of at most %llu MiB\n", binds,
	       (unsigned long long)(before - worst) >> 20, (unsigned long long)bound >> 20);
	EXPECT_GE(bound, before - worst);
	/* It did take something. */
	EXPECT_LE(max, before - worst);
	EXPECT_EQ(0, close_tenant(&t));
	EXPECT_LE(before + config.memory, available() + 32 * MIB);
}

TEST_HARNESS_MAIN
