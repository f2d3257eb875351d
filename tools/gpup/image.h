/* SPDX-License-Identifier: MIT */
/* gpup: pictures of 8 bits a sample, from and to PNM (P5, P6) and PNG. */
#ifndef GPUP_IMAGE_H
#define GPUP_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define IMAGE_MAX_SIDE	32768

struct image {
	uint32_t width, height;
	uint32_t channels;	/* 1: grey, 2: grey and alpha, 3: RGB, 4: RGB and alpha */
	uint32_t maximum;	/* of a sample; 255 but for some PNMs */
	uint8_t *data;		/* rows without gaps, from the top; for free() */
};

/* Return NULL, or a message that says what is wrong. */
const char *image_decode(const void *data, size_t size, struct image *image);
/* The result is for free(). */
const char *image_encode(const struct image *image, bool png, void **data, size_t *size);

bool image_is_png(const void *data, size_t size);
size_t image_size(const struct image *image);

#endif
