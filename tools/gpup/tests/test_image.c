// SPDX-License-Identifier: MIT
/* Tests of reading and writing pictures. */
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "tap.h"

static void test_round_trip(void)
{
	struct image image = { .width = 7, .height = 5, .maximum = 255 }, back;
	uint8_t data[7 * 5 * 4];
	const char *error;
	void *encoded;
	size_t size, i;
	int png;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 37);
	image.data = data;
	for (png = 0; png < 2; png++)
		for (image.channels = 1; image.channels <= 4; image.channels++) {
			error = image_encode(&image, png, &encoded, &size);
			if (!png && image.channels % 2 == 0) {
				tap_ok(error != NULL, "a PNM cannot have %u channels",
				       image.channels);
				continue;
			}
			if (!tap_ok(!error, "%s of %u channels is written", png ? "PNG" : "PNM",
				    image.channels))
				continue;
			tap_ok(image_is_png(encoded, size) == png, "its kind is seen");
			error = image_decode(encoded, size, &back);
			tap_ok(!error && back.width == 7 && back.height == 5 &&
			       back.channels == image.channels && back.maximum == 255 &&
			       !memcmp(back.data, data, image_size(&image)), "and read back");
			free(back.data);

			/* Cut anywhere, it must be refused, or at least not crash. */
			for (i = 0; i < size; i++)
				if (!image_decode(encoded, i, &back))
					free(back.data);
			free(encoded);
		}
}

static void test_headers(void)
{
	static const struct {
		const char *text;
		bool good;
	} cases[] = {
		{ "P5 1 1 255 x", true },
		{ "P5\n# comment\n1 # another\n1\n15\nx", true },
		{ "P6 1 1 255 xyz", true },
		{ "P6 1 1 255 xy", false },
		{ "P5 1 1 65535 xx", false },
		{ "P5 0 1 255 x", false },
		{ "P5 1 1 255", false },
		{ "P5 32769 1 255 x", false },
		{ "P5 99999999999 99999999999 255 x", false },
		{ "P5 -1 1 255 x", false },
		{ "P2 1 1 255 x", false },
		{ "P5", false },
		{ "", false },
		{ "GIF89a", false },
	};
	struct image image;
	const char *error;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		error = image_decode(cases[i].text, strlen(cases[i].text), &image);
		tap_ok(!error == cases[i].good, "header %zu is %s", i,
		       cases[i].good ? "taken" : "refused");
		if (!error)
			free(image.data);
	}
}

int main(void)
{
	test_round_trip();
	test_headers();
	return tap_end();
}
