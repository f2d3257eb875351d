// SPDX-License-Identifier: MIT
/* gpup: pictures. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "image.h"

struct reader {
	const uint8_t *at, *end;
};

bool image_is_png(const void *data, size_t size)
{
	return size >= 8 && !memcmp(data, "\x89PNG\r\n\x1a\n", 8);
}

size_t image_size(const struct image *image)
{
	return (size_t)image->width * image->height * image->channels;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A number of a PNM's header, behind blanks and comments; 0 if there is none. */
static uint32_t pnm_number(struct reader *reader)
{
	uint32_t value = 0;

	while (reader->at < reader->end && (is_space(*reader->at) || *reader->at == '#')) {
		if (*reader->at == '#')
			while (reader->at < reader->end && *reader->at != '\n')
				reader->at++;
		else
			reader->at++;
	}
	while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9') {
		value = value * 10 + *reader->at++ - '0';
		if (value > 1000000)
			return 0;
	}
	return value;
}

static const char *decode_pnm(struct reader *reader, struct image *image)
{
	image->channels = reader->at[1] == '6' ? 3 : 1;
	reader->at += 2;
	image->width = pnm_number(reader);
	image->height = pnm_number(reader);
	image->maximum = pnm_number(reader);
	if (!image->width || !image->height || !image->maximum ||
	    reader->at == reader->end || !is_space(*reader->at))
		return "the header of the PNM is damaged";
	reader->at++;

	if (image->width > IMAGE_MAX_SIDE || image->height > IMAGE_MAX_SIDE)
		return "the picture is too large; 32768 x 32768 is the limit";
	if (image->maximum > 255)
		return "samples of more than 8 bits are not supported; convert the picture, for "
		       "example with 'pnmdepth 255'";
	if ((size_t)(reader->end - reader->at) < image_size(image))
		return "the PNM ends too early";

	image->data = malloc(image_size(image));
	if (!image->data)
		return "out of memory";
	memcpy(image->data, reader->at, image_size(image));
	return NULL;
}

static const char *decode_png(const void *data, size_t size, struct image *image)
{
	static const png_uint_32 formats[] = {
		PNG_FORMAT_GRAY, PNG_FORMAT_GA, PNG_FORMAT_RGB, PNG_FORMAT_RGBA
	};
	png_image png = { .version = PNG_IMAGE_VERSION };
	bool color, alpha;

	if (!png_image_begin_read_from_memory(&png, data, size))
		return "the PNG is damaged";
	if (png.width > IMAGE_MAX_SIDE || png.height > IMAGE_MAX_SIDE) {
		png_image_free(&png);
		return "the picture is too large; 32768 x 32768 is the limit";
	}

	color = png.format & PNG_FORMAT_FLAG_COLOR;
	alpha = png.format & PNG_FORMAT_FLAG_ALPHA;
	image->width = png.width;
	image->height = png.height;
	image->channels = (color ? 3 : 1) + alpha;
	image->maximum = 255;
	png.format = formats[image->channels - 1];

	image->data = malloc(image_size(image));
	if (!image->data) {
		png_image_free(&png);
		return "out of memory";
	}
	if (!png_image_finish_read(&png, NULL, image->data, 0, NULL)) {
		free(image->data);
		image->data = NULL;
		return "the PNG is damaged";
	}
	return NULL;
}

const char *image_decode(const void *data, size_t size, struct image *image)
{
	struct reader reader = { .at = data, .end = (const uint8_t *)data + size };

	memset(image, 0, sizeof(*image));
	if (image_is_png(data, size))
		return decode_png(data, size, image);
	if (size > 2 && reader.at[0] == 'P' && (reader.at[1] == '5' || reader.at[1] == '6'))
		return decode_pnm(&reader, image);
	return "this is neither a PNG nor a binary PNM (P5 or P6)";
}

static const char *encode_pnm(const struct image *image, void **data, size_t *size)
{
	char header[64];
	int length;

	if (image->channels != 1 && image->channels != 3)
		return "a PNM has no alpha channel; write a PNG (name it *.png)";
	length = snprintf(header, sizeof(header), "P%d\n%u %u\n%u\n",
			  image->channels == 3 ? 6 : 5, image->width, image->height,
			  image->maximum);
	*size = (size_t)length + image_size(image);
	*data = malloc(*size);
	if (!*data)
		return "out of memory";
	memcpy(*data, header, (size_t)length);
	memcpy((char *)*data + length, image->data, image_size(image));
	return NULL;
}

static const char *encode_png(const struct image *image, void **data, size_t *size)
{
	static const png_uint_32 formats[] = {
		PNG_FORMAT_GRAY, PNG_FORMAT_GA, PNG_FORMAT_RGB, PNG_FORMAT_RGBA
	};
	png_image png = {
		.version = PNG_IMAGE_VERSION,
		.width = image->width,
		.height = image->height,
		.format = formats[image->channels - 1],
	};
	png_alloc_size_t length = 0;

	if (image->maximum != 255)
		return "a PNG has samples up to 255, this PNM has not; write a PNM";
	/* Room first, then the picture. */
	if (!png_image_write_get_memory_size(png, length, 0, image->data, 0, NULL))
		return "the PNG cannot be made";
	*data = malloc(length);
	if (!*data)
		return "out of memory";
	if (!png_image_write_to_memory(&png, *data, &length, 0, image->data, 0, NULL)) {
		free(*data);
		return "the PNG cannot be made";
	}
	*size = length;
	return NULL;
}

const char *image_encode(const struct image *image, bool png, void **data, size_t *size)
{
	return png ? encode_png(image, data, size) : encode_pnm(image, data, size);
}
