// SPDX-License-Identifier: MIT
/*
 * The fake GPU's libdrm and kernel. The device is a file, all memory is in it, and what is
 * submitted is done at once. A job that hangs stays where it is until somebody waits for long.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <xf86drm.h>

#include "fake.h"
#include "gpup_drm.h"

#define PAGE		4096u
#define FILE_SIZE	(UINT64_C(8) << 30)
#define VRAM_MAX	(UINT64_C(64) << 20)
#define VA_START	0x100000u
#define VA_END		(UINT64_C(1) << 47)
#define OBJECTS		65536

struct bo {
	uint64_t offset, size;		/* in the file */
	uint32_t flags;
	int users;			/* open handles and mappings */
	uint64_t files;			/* bit for each file that has a handle */
	ino_t dmabuf;
};

struct mapping {
	struct mapping *next;
	uint64_t va, size, bo_offset;
	uint32_t bo, flags;
};

struct fake_vm {
	struct mapping *mappings;
};

struct queue {
	struct fake_vm *vm;
	uint32_t engine_class;
	bool hung, banned;
	int error;
	uint64_t submitted, completed, fault;
};

struct signal {
	uint32_t queue, syncobj;
	uint64_t point;
};

uint64_t fake_fault;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t *memory;
static uint64_t memory_used, vram_used, jobs;
static struct bo bos[OBJECTS];
static struct fake_vm *vms[OBJECTS];
static struct queue *queues[OBJECTS];
static uint64_t syncobjs[OBJECTS];
static struct signal pending[1024];
static uint32_t bo_count, vm_count, queue_count, syncobj_count, pending_count;

/* ---- Memory ---- */

static void bo_put(struct bo *bo)
{
	if (!--bo->users && bo->flags & DRM_GPUP_BO_VRAM)
		vram_used -= bo->size;
}

static int bo_create(int fd, struct drm_gpup_bo_create *args)
{
	uint32_t kind = args->flags & (DRM_GPUP_BO_VRAM | DRM_GPUP_BO_SYSTEM);
	uint64_t size = (args->size + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	struct bo *bo;

	if (!args->size || args->flags > 7 || !kind || (kind & (kind - 1)))
		return -EINVAL;
	if (size < args->size)
		return -EINVAL;
	if (size > VRAM_MAX || (kind == DRM_GPUP_BO_VRAM && size > VRAM_MAX - vram_used) ||
	    size > FILE_SIZE - memory_used || bo_count == OBJECTS - 1)
		return -ENOMEM;

	bo = &bos[++bo_count];
	*bo = (struct bo) { .offset = memory_used, .size = size, .flags = args->flags, .users = 1,
			    .files = UINT64_C(1) << fd };
	memory_used += size;
	if (kind == DRM_GPUP_BO_VRAM)
		vram_used += size;
	args->size = size;
	args->handle = bo_count;
	return 0;
}

static struct bo *bo_find(int fd, uint32_t handle)
{
	return handle && handle <= bo_count && bos[handle].files >> fd & 1 ? &bos[handle] : NULL;
}

static struct mapping *add_mapping(struct fake_vm *vm, const struct mapping *like)
{
	struct mapping *mapping = malloc(sizeof(*mapping));

	*mapping = *like;
	mapping->next = vm->mappings;
	vm->mappings = mapping;
	bos[mapping->bo].users++;
	return mapping;
}

static void unmap(struct fake_vm *vm, uint64_t va, uint64_t size)
{
	struct mapping **link = &vm->mappings;

	while (*link) {
		struct mapping old = **link, rest = old;

		if (old.va >= va + size || old.va + old.size <= va) {
			link = &(*link)->next;
			continue;
		}
		free(*link);
		*link = old.next;
		if (old.va < va) {
			rest.size = va - old.va;
			add_mapping(vm, &rest);
		}
		if (old.va + old.size > va + size) {
			rest.va = va + size;
			rest.size = old.va + old.size - rest.va;
			rest.bo_offset = old.bo_offset + rest.va - old.va;
			add_mapping(vm, &rest);
		}
		bo_put(&bos[old.bo]);
		link = &vm->mappings;
	}
}

void *fake_translate(struct fake_vm *vm, uint64_t va, bool write, uint64_t *room)
{
	struct mapping *mapping;

	for (mapping = vm->mappings; mapping; mapping = mapping->next) {
		if (va < mapping->va || va - mapping->va >= mapping->size)
			continue;
		if (write && mapping->flags & DRM_GPUP_BIND_READONLY)
			break;
		*room = mapping->va + mapping->size - va;
		return memory + bos[mapping->bo].offset + mapping->bo_offset + (va - mapping->va);
	}
	fake_fault = va;
	return NULL;
}

static int copy(struct fake_vm *vm, uint64_t dst, uint64_t src, uint64_t size)
{
	uint64_t to_room, from_room;

	while (size) {
		void *from = fake_translate(vm, src, false, &from_room);
		void *to = from ? fake_translate(vm, dst, true, &to_room) : NULL;
		uint64_t step = size;

		if (!to)
			return -EFAULT;
		step = step < to_room ? step : to_room;
		step = step < from_room ? step : from_room;
		memmove(to, from, step);
		dst += step;
		src += step;
		size -= step;
	}
	return 0;
}

static int store(struct fake_vm *vm, uint64_t dst, const void *data, uint64_t size)
{
	uint64_t room;
	void *to;

	for (uint64_t i = 0; i < size; i++) {
		to = fake_translate(vm, dst + i, true, &room);
		if (!to)
			return -EFAULT;
		*(uint8_t *)to = ((const uint8_t *)data)[i];
	}
	return 0;
}

/* ---- Jobs ---- */

static int execute(struct queue *queue, const uint64_t *at, uint64_t words)
{
	static const uint16_t sizes[] = {
		[GPUP_SOFT_CMD_COPY] = sizeof(struct gpup_soft_cmd_copy) / 8,
		[GPUP_SOFT_CMD_COPY_2D] = sizeof(struct gpup_soft_cmd_copy_2d) / 8,
		[GPUP_SOFT_CMD_FILL] = sizeof(struct gpup_soft_cmd_fill) / 8,
		[GPUP_SOFT_CMD_TIMESTAMP] = sizeof(struct gpup_soft_cmd_timestamp) / 8,
		[GPUP_SOFT_CMD_TIMELINE_WRITE] = sizeof(struct gpup_soft_cmd_timeline_write) / 8,
		[GPUP_SOFT_CMD_DISPATCH] = sizeof(struct gpup_soft_cmd_dispatch) / 8,
	};
	struct fake_vm *vm = queue->vm;

	while (words) {
		const struct gpup_soft_cmd_header *header = (const void *)at;
		const struct gpup_soft_cmd_copy_2d *copy_2d = (const void *)at;
		const struct gpup_soft_cmd_fill *fill = (const void *)at;
		uint32_t flags = header->opcode == GPUP_SOFT_CMD_FILL ? GPUP_SOFT_FILL_BYTE : 0;
		struct timespec now;
		uint64_t ns, i;
		int ret = 0;

		if (!header->opcode || header->opcode > GPUP_SOFT_CMD_DISPATCH || !header->size ||
		    header->size > words || header->flags & ~flags)
			return -EINVAL;
		if (header->opcode >= GPUP_SOFT_CMD_COPY && header->size != sizes[header->opcode])
			return -EINVAL;

		switch (header->opcode) {
		case GPUP_SOFT_CMD_END:
			return 0;
		case GPUP_SOFT_CMD_COPY:
			ret = copy(vm, at[1], at[2], at[3]);
			break;
		case GPUP_SOFT_CMD_COPY_2D:
			for (i = 0; i < copy_2d->height && !ret; i++)
				ret = copy(vm, copy_2d->dst + i * copy_2d->dst_pitch,
					   copy_2d->src + i * copy_2d->src_pitch, copy_2d->width);
			break;
		case GPUP_SOFT_CMD_FILL:
			for (i = 0; i < fill->size && !ret; i++)
				ret = store(vm, fill->dst + i, (const uint8_t *)&fill->value +
					    (header->flags ? 0 : i % 4), 1);
			break;
		case GPUP_SOFT_CMD_TIMESTAMP:
			clock_gettime(CLOCK_MONOTONIC, &now);
			ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
			ret = store(vm, at[1], &ns, 8);
			break;
		case GPUP_SOFT_CMD_TIMELINE_WRITE:
			ret = store(vm, at[1], &at[2], 8);
			break;
		case GPUP_SOFT_CMD_DISPATCH:
			ret = queue->engine_class == DRM_GPUP_ENGINE_COMPUTE ?
				fake_dispatch(vm, (const void *)at) : -EINVAL;
			break;
		}
		if (ret)
			return ret;
		words -= header->size;
		at += header->size;
	}
	return 0;
}

static void ban(struct queue *queue, int error)
{
	queue->banned = true;
	queue->hung = false;
	queue->error = -error;
	queue->fault = error == -EFAULT ? fake_fault : 0;
	queue->completed = queue->submitted;
}

/* Time has passed: jobs that hang are found out. */
static void time_out(void)
{
	for (uint32_t i = 1; i <= queue_count; i++)
		if (queues[i] && queues[i]->hung)
			ban(queues[i], -ETIME);
	for (uint32_t i = 0; i < pending_count; i++)
		if (syncobjs[pending[i].syncobj] < pending[i].point)
			syncobjs[pending[i].syncobj] = pending[i].point;
	pending_count = 0;
}

/* Waits must have been reached: all that was submitted is done, or hangs. */
static bool syncs_reached(const struct drm_gpup_obj_array *array)
{
	const struct drm_gpup_sync *sync = (const void *)(uintptr_t)array->array;

	for (uint32_t i = 0; i < array->count; i++)
		if (!(sync[i].flags & DRM_GPUP_SYNC_SIGNAL) &&
		    syncobjs[sync[i].handle] < sync[i].point)
			return false;
	return true;
}

static void signal_syncs(const struct drm_gpup_obj_array *array, uint32_t hung_queue)
{
	const struct drm_gpup_sync *sync = (const void *)(uintptr_t)array->array;

	for (uint32_t i = 0; i < array->count; i++) {
		if (!(sync[i].flags & DRM_GPUP_SYNC_SIGNAL))
			continue;
		if (hung_queue)
			pending[pending_count++] = (struct signal) { hung_queue, sync[i].handle,
								     sync[i].point };
		else if (syncobjs[sync[i].handle] < sync[i].point)
			syncobjs[sync[i].handle] = sync[i].point;
	}
}

static int submit(struct drm_gpup_queue_submit *args)
{
	const struct drm_gpup_job *job = (const void *)(uintptr_t)args->jobs.array;
	struct queue *queue = queues[args->queue];
	uint64_t *stream;
	int ret = 0;

	if (!syncs_reached(&job->syncs))
		return -EINVAL;
	if (queue->banned)
		return -ECANCELED;
	queue->submitted++;
	jobs++;
	if (!queue->hung) {
		stream = malloc(job->stream_size + 8);
		for (uint32_t i = 0; i < job->stream_size && !ret; i++) {
			uint64_t room;
			const uint8_t *byte = fake_translate(queue->vm, job->stream_addr + i, false,
							     &room);

			ret = byte ? 0 : -EFAULT;
			if (byte)
				((uint8_t *)stream)[i] = *byte;
		}
		if (!ret)
			ret = execute(queue, stream, job->stream_size / 8);
		free(stream);
		queue->hung = ret == -ETIME;
	}
	signal_syncs(&job->syncs, queue->hung ? args->queue : 0);
	if (!queue->hung)
		queue->completed = queue->submitted;
	if (ret && !queue->hung)
		ban(queue, ret);
	args->value = queue->submitted;
	return 0;
}

static int vm_bind(int fd, const struct drm_gpup_vm_bind *args)
{
	const struct drm_gpup_bind_op *op = (const void *)(uintptr_t)args->ops.array;
	uint32_t i;

	if (!syncs_reached(&args->syncs))
		return -EINVAL;
	for (i = 0; i < args->ops.count; i++) {
		struct bo *bo = bo_find(fd, op[i].handle);

		if ((op[i].va | op[i].size | op[i].bo_offset) % PAGE || !op[i].size ||
		    op[i].va < VA_START || op[i].va >= VA_END || op[i].size > VA_END - op[i].va ||
		    op[i].flags > 1)
			return -EINVAL;
		if (op[i].op == DRM_GPUP_BIND_MAP && (!bo || op[i].bo_offset > bo->size ||
						      op[i].size > bo->size - op[i].bo_offset))
			return bo ? -EINVAL : -ENOENT;
	}
	for (i = 0; i < args->ops.count; i++) {
		unmap(vms[args->vm], op[i].va, op[i].size);
		if (op[i].op == DRM_GPUP_BIND_MAP)
			add_mapping(vms[args->vm], &(struct mapping) {
				.va = op[i].va, .size = op[i].size, .bo = op[i].handle,
				.bo_offset = op[i].bo_offset, .flags = op[i].flags });
	}
	signal_syncs(&args->syncs, 0);
	return 0;
}

/* ---- The ioctls ---- */

static int query(struct drm_gpup_dev_query *args)
{
	struct drm_gpup_adapter_info adapter = {
		.name = "Fake GPU", .isa = GPUP_SOFT_ISA_NAME, .vram_size = VRAM_MAX,
		.va_start = VA_START, .va_end = VA_END, .page_size = PAGE,
		.timestamp_frequency = 1000000000, .is_virtual = !!getenv("FAKE_VIRTUAL"),
	};
	struct drm_gpup_engine_info engines[] = {
		{ .engine_class = 0, .count = 1, .gpu_time = jobs * 1000, .jobs = jobs },
		{ .engine_class = 1, .count = 1 },
	};
	struct drm_gpup_memory_info memory_info = {
		.vram_max = VRAM_MAX, .vram_used = vram_used, .system_max = VRAM_MAX,
		.vram_budget = VRAM_MAX / 2, .trims = 3,
	};
	struct drm_gpup_partition_info partition = {
		.name = "host", .sched_weight = 100, .job_timeout_ms = 5000, .max_objects = OBJECTS,
	};
	const void *answers[] = { &adapter, engines, &memory_info, &partition };
	uint32_t sizes[] = {
		sizeof(adapter), sizeof(engines), sizeof(memory_info), sizeof(partition)
	};

	memcpy((void *)(uintptr_t)args->pointer, answers[args->type],
	       args->size < sizes[args->type] ? args->size : sizes[args->type]);
	args->size = sizes[args->type];
	return 0;
}

static int bo_ioctl(int fd, unsigned long request, void *arg)
{
	struct drm_gpup_bo_mmap_offset *offset = arg;
	struct drm_gpup_bo_advise *advise = arg;
	struct drm_gem_close *close_args = arg;
	struct bo *bo;

	switch (request) {
	case DRM_IOCTL_GPUP_BO_CREATE:
		return bo_create(fd, arg);
	case DRM_IOCTL_GPUP_BO_MMAP_OFFSET:
		bo = bo_find(fd, offset->handle);
		if (!bo)
			return -ENOENT;
		offset->offset = bo->offset;
		return bo->flags & DRM_GPUP_BO_NO_MMAP ? -EINVAL : 0;
	case DRM_IOCTL_GPUP_BO_ADVISE:
		advise->retained = 1;
		return advise->advice > 1 ? -EINVAL : 0;
	default:
		bo = bo_find(fd, close_args->handle);
		if (!bo)
			return -EINVAL;
		bo->files &= ~(UINT64_C(1) << fd);
		bo_put(bo);
		return 0;
	}
}

static int queue_ioctl(unsigned long request, void *arg)
{
	struct drm_gpup_queue_create *create = arg;
	struct drm_gpup_queue_destroy *destroy = arg;
	struct drm_gpup_queue_get_state *state = arg;
	struct queue *queue;

	switch (request) {
	case DRM_IOCTL_GPUP_QUEUE_CREATE:
		queue = calloc(1, sizeof(*queue));
		queue->vm = vms[create->vm];
		queue->engine_class = create->engine_class;
		queues[++queue_count] = queue;
		create->queue = queue_count;
		return 0;
	case DRM_IOCTL_GPUP_QUEUE_DESTROY:
		free(queues[destroy->queue]);
		queues[destroy->queue] = NULL;
		return 0;
	case DRM_IOCTL_GPUP_QUEUE_SUBMIT:
		return submit(arg);
	default:
		queue = queues[state->queue];
		state->state = queue->banned;
		state->error = (uint32_t)queue->error;
		state->completed = queue->completed;
		state->submitted = queue->submitted;
		state->fault_addr = queue->fault;
		return 0;
	}
}

static int vm_ioctl(int fd, unsigned long request, void *arg)
{
	struct drm_gpup_vm_create *create = arg;
	struct drm_gpup_vm_destroy *destroy = arg;
	struct drm_gpup_vm_get_state *state = arg;

	switch (request) {
	case DRM_IOCTL_GPUP_VM_CREATE:
		vms[++vm_count] = calloc(1, sizeof(struct fake_vm));
		create->vm = vm_count;
		return 0;
	case DRM_IOCTL_GPUP_VM_DESTROY:
		unmap(vms[destroy->vm], 0, VA_END);
		free(vms[destroy->vm]);
		vms[destroy->vm] = NULL;
		return 0;
	case DRM_IOCTL_GPUP_VM_BIND:
		return vm_bind(fd, arg);
	default:
		state->state = state->error = 0;
		return 0;
	}
}

int drmIoctl(int fd, unsigned long request, void *arg)
{
	int ret;

	pthread_mutex_lock(&lock);
	switch (request) {
	case DRM_IOCTL_GPUP_DEV_QUERY:
		ret = query(arg);
		break;
	case DRM_IOCTL_GPUP_BO_CREATE:
	case DRM_IOCTL_GPUP_BO_MMAP_OFFSET:
	case DRM_IOCTL_GPUP_BO_ADVISE:
	case DRM_IOCTL_GEM_CLOSE:
		ret = bo_ioctl(fd, request, arg);
		break;
	case DRM_IOCTL_GPUP_VM_CREATE:
	case DRM_IOCTL_GPUP_VM_DESTROY:
	case DRM_IOCTL_GPUP_VM_BIND:
	case DRM_IOCTL_GPUP_VM_GET_STATE:
		ret = vm_ioctl(fd, request, arg);
		break;
	default:
		ret = queue_ioctl(request, arg);
		break;
	}
	pthread_mutex_unlock(&lock);
	errno = -ret;
	return ret ? -1 : 0;
}

/* The device is whatever file was opened; the first call makes it a GPU. */
drmVersionPtr drmGetVersion(int fd)
{
	drmVersionPtr version;
	struct stat stat;

	if (fstat(fd, &stat) || !S_ISREG(stat.st_mode))
		return NULL;
	if (!memory) {
		if (ftruncate(fd, 0) || ftruncate(fd, (off_t)FILE_SIZE))
			return NULL;
		memory = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_NORESERVE, fd, 0);
		if (memory == MAP_FAILED)
			abort();
	}
	version = calloc(1, sizeof(*version));
	version->name = strdup("gpup");
	return version;
}

void drmFreeVersion(drmVersionPtr version)
{
	if (version)
		free(version->name);
	free(version);
}

int drmSyncobjCreate(int fd, uint32_t flags, uint32_t *handle)
{
	(void)fd;
	(void)flags;
	pthread_mutex_lock(&lock);
	*handle = ++syncobj_count;
	pthread_mutex_unlock(&lock);
	return 0;
}

int drmSyncobjDestroy(int fd, uint32_t handle)
{
	(void)fd;
	(void)handle;
	return 0;
}

int drmSyncobjTimelineWait(int fd, uint32_t *handles, uint64_t *points, unsigned int count,
			   int64_t timeout, unsigned int flags, uint32_t *first)
{
	struct timespec now;
	bool reached;

	(void)fd;
	(void)count;
	(void)flags;
	(void)first;
	pthread_mutex_lock(&lock);
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (timeout / 1000000000 > now.tv_sec + 1)
		time_out();
	reached = syncobjs[*handles] >= *points;
	pthread_mutex_unlock(&lock);
	return reached ? 0 : -ETIME;
}

int drmSyncobjQuery(int fd, uint32_t *handles, uint64_t *points, uint32_t count)
{
	(void)fd;
	(void)count;
	*points = syncobjs[*handles];
	return 0;
}

int drmSyncobjTimelineSignal(int fd, const uint32_t *handles, uint64_t *points, uint32_t count)
{
	(void)fd;
	(void)count;
	syncobjs[*handles] = *points;
	return 0;
}

int drmPrimeHandleToFD(int fd, uint32_t handle, uint32_t flags, int *prime_fd)
{
	struct stat stat;

	(void)fd;
	(void)flags;
	*prime_fd = memfd_create("dma-buf", MFD_CLOEXEC);
	if (*prime_fd < 0 || ftruncate(*prime_fd, (off_t)bos[handle].size) ||
	    fstat(*prime_fd, &stat))
		return -1;
	bos[handle].dmabuf = stat.st_ino;
	return 0;
}

int drmPrimeFDToHandle(int fd, int prime_fd, uint32_t *handle)
{
	struct stat stat;

	if (fstat(prime_fd, &stat))
		return -1;
	for (*handle = 1; *handle <= bo_count; ++*handle) {
		struct bo *bo = &bos[*handle];

		if (bo->dmabuf != stat.st_ino)
			continue;
		bo->users += !(bo->files >> fd & 1);
		bo->files |= UINT64_C(1) << fd;
		return 0;
	}
	errno = EINVAL;
	return -1;
}
